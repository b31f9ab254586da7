"""Updates of covered resources that take no time themselves: what the package adds, at its worst."""

from __future__ import annotations

import itertools
import pathlib
import tempfile
from collections.abc import Iterator

from tests import servers
from tests.engine import Run, Stack

from .measure import Figure, longer, ratio, spreads, timed

PROGRAM = """
import atexit, pathlib, resource
import pulumi
from tests.things import Thing

config = pulumi.Config("test")


def peak():
    pathlib.Path("peak").write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


atexit.register(peak)


def declare():
    for number in range(config.require_int("count")):
        Thing(f"thing-{number}", config.get("value"))

"""
WITHOUT = f"{PROGRAM}\ndeclare()\n"
WITH = f"""import bigpanda_provider as bigpanda
{PROGRAM}
with bigpanda.Deployment("shop", component="shop", version="1", hosts=["web-1"]):
    declare()
"""
NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""Leaves out what the engine writes between steps: in a file, its cost is the square of the resources."""
ROUNDS, ROUNDS_BY_SIZE = 5, 2


def done(run: Run) -> Run:
    """The run, which has to have succeeded."""
    if not run.ok:
        raise RuntimeError(run.output)
    return run


class Update:
    """One stack of one program, and the times of its updates."""

    def __init__(self, folder: pathlib.Path, address: str, program: str, **environment: str) -> None:
        self.stack = Stack(folder, address)
        (folder / "__main__.py").write_text(program)
        self.stack.environment.update(environment)
        self._values = itertools.count()

    def preview(self) -> float:
        """A preview that creates all, of an empty stack."""
        return timed(lambda: done(self.stack.preview()))

    def create(self) -> float:
        """An update of an empty stack."""
        return timed(lambda: done(self.stack.up(skip_preview=True)))

    def same(self) -> float:
        """An update with nothing to change."""
        return timed(lambda: done(self.stack.up("--expect-no-changes", skip_preview=True)))

    def changed(self) -> float:
        """An update that changes every resource."""
        self.stack.config(value=next(self._values))
        return timed(lambda: done(self.stack.up(skip_preview=True)))

    def empty(self) -> float:
        """Remove all again."""
        return timed(lambda: done(self.stack.destroy(skip_preview=True)))

    def peak_kb(self) -> int:
        """The most memory that the last run of the program had, in KiB."""
        return int((self.stack.folder / "peak").read_text())


def both(folder: str, address: str, count: int, **environment: str) -> list[Update]:
    """The stacks without and with the package."""
    made = [
        Update(pathlib.Path(folder) / name, address, program, **environment)
        for name, program in (("without", WITHOUT), ("with", WITH))
    ]
    for update in made:
        update.stack.config(count=count)
    return made


def of_100() -> Iterator[Figure]:
    """Preview, create, no change, all changed, of 100 resources."""
    with tempfile.TemporaryDirectory() as folder, servers.sandbox() as bigpanda:
        made = both(folder, bigpanda.address, 100)
        taken: dict[str, list[list[float]]] = {}
        for _ in range(ROUNDS):
            for step in ("preview", "create", "same", "changed", "empty"):
                taken.setdefault(step, []).append([getattr(update, step)() for update in made])
    shown = {"preview": "preview", "create": "up, create", "same": "up, no change", "changed": "up, all changed"}
    for step, name in shown.items():
        without, with_it = spreads(taken[step])
        yield ratio(f"`{name}` of 100 covered resources", 1.10, without, with_it)


def by_size() -> Iterator[Figure]:
    """What the package adds for each resource, at 10, 100 and 1,000."""
    seconds, kilobytes = {}, {}
    for count in (10, 100, 1000):
        with tempfile.TemporaryDirectory() as folder, servers.sandbox() as bigpanda:
            made = both(folder, bigpanda.address, count, **NO_CHECKPOINTS)
            taken = []
            for _ in range(ROUNDS_BY_SIZE if count == 1000 else ROUNDS):
                taken.append([update.create() for update in made])
                peaks = [update.peak_kb() for update in made]
                if count < 1000 or len(taken) < ROUNDS_BY_SIZE:
                    for update in made:
                        update.empty()
            without, with_it = spreads(taken)
            seconds[count] = longer(with_it, without).median / count
            kilobytes[count] = (peaks[1] - peaks[0]) / count
    told = ", ".join(f"{1000 * each:.1f} ms at {count}" for count, each in seconds.items())
    times = seconds[1000] / seconds[100]
    yield Figure(
        "what `up` takes longer for each created resource", "at 1,000 at most 1.2 times that at 100", told, times <= 1.2
    )
    told = ", ".join(f"{each:.1f} KiB at {count}" for count, each in kilobytes.items())
    yield Figure(
        "what the program's process takes more for each resource",
        "at 1,000 at most 1.2 times that at 100",
        told,
        kilobytes[1000] <= 1.2 * kilobytes[100],
    )
