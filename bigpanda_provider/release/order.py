"""Runs releases in the order of what each comes after, as many at once as may be."""

from __future__ import annotations

import concurrent.futures
import graphlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from .engine.process import Interrupts
from .release import Outcome, Release, Result

POLL_S = 0.2


def in_order(releases: Sequence[Release]) -> list[Release]:
    """The releases, each after those that it comes after."""
    known = {release.label: release for release in releases}
    order = graphlib.TopologicalSorter({label: known[label].after for label in known}).static_order()
    return [known[label] for label in order]


def backwards(releases: Sequence[Release]) -> list[Release]:
    """The releases the other way round: each after those that came after it."""
    return [
        replace(release, after=tuple(other.label for other in releases if release.label in other.after))
        for release in releases
    ]


def run_all(
    releases: Sequence[Release],
    run: Callable[[Release], Result],
    parallel: int,
    interrupts: Interrupts,
    tell: Callable[[Release, Result], None],
) -> dict[str, Result]:
    """Run the releases; what depends on one that did not go well is skipped.

    Args:
        releases: the releases, in any order.
        run: runs one, in a thread of its own.
        parallel: how many run at once, at most.
        interrupts: where somebody asked to stop, nothing more is begun.
        tell: is called with each result, in the main thread.

    Returns:
        The results by label.
    """
    known = {release.label: release for release in releases}
    results: dict[str, Result] = {}
    order = graphlib.TopologicalSorter({release.label: release.after for release in releases})
    order.prepare()
    running: dict[concurrent.futures.Future[Result], str] = {}
    waiting: list[str] = []

    def ended(label: str, result: Result) -> None:
        results[label] = result
        order.done(label)
        tell(known[label], result)

    with concurrent.futures.ThreadPoolExecutor(max_workers=parallel) as pool:
        while order.is_active():
            waiting.extend(order.get_ready())
            for label in list(waiting):
                bad = next((one for one in known[label].after if not results[one].outcome.good), None)
                if bad is not None:
                    ended(label, Result(Outcome.SKIPPED, f"runs after {bad} ({results[bad].outcome.value})"))
                elif interrupts.asked:
                    ended(label, Result(Outcome.CANCELLED, "it was not started"))
                elif len(running) < parallel:
                    running[pool.submit(run, known[label])] = label
                else:
                    continue
                waiting.remove(label)
            done, _ = concurrent.futures.wait(running, POLL_S, concurrent.futures.FIRST_COMPLETED)
            for future in done:
                ended(running.pop(future), future.result())
    return results
