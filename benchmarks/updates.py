"""Updates of covered resources that take no time themselves: what the package adds, at its worst."""

from __future__ import annotations

import itertools
import pathlib
import statistics
import tempfile
from collections.abc import Iterator

from tests import servers
from tests.engine import Run, Stack

from .measure import Figure, Spread, longer, ratio, spreads, timed

PROGRAM = """
import atexit, pathlib, resource
import pulumi
from tests.things import Thing

config = pulumi.Config("test")


def peak():
    pathlib.Path("peak").write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


atexit.register(peak)


def manifest():
    names = {f"NAME_{number}": "a value of some length" for number in range(20)}
    return [{"image": "shop:2.4.1", "ports": [80, 443], "env": names} for _ in range(24)]


def declare():
    more = {"manifest": manifest()} if config.get_bool("manifest") else {}
    for number in range(config.require_int("count")):
        Thing(f"thing-{number}", config.get("value"), **more)

"""
WITHOUT = f"{PROGRAM}\ndeclare()\n"
WITH = f"""import bigpanda_provider as bigpanda
{PROGRAM}
with bigpanda.Deployment("shop", component="shop", version="1", hosts=["web-1"]):
    declare()
"""
NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""Leaves out what the engine writes between steps: in a file, its cost is the square of the resources."""
ROUNDS, ROUNDS_OF_ONE, ROUNDS_BY_SIZE = 5, 15, 2
BARS = {"preview": 1.08, "create": 1.10, "same": 1.03, "changed": 1.10}
FIXED_S = 0.12
EACH_MS = 1.5
SHOWN = {"preview": "preview", "create": "up, create", "same": "up, no change", "changed": "up, all changed"}


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


def _steps(count: int, rounds: int) -> dict[str, tuple[Spread, ...]]:
    """The times without and with the package, of each kind of update."""
    taken: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder, servers.sandbox() as bigpanda:
        made = both(folder, bigpanda.address, count)
        for _ in range(rounds):
            for step in (*SHOWN, "empty"):
                taken.setdefault(step, []).append([getattr(update, step)() for update in made])
    return {step: spreads(taken[step]) for step in SHOWN}


def of_100() -> Iterator[Figure]:
    """Preview, create, no change, all changed, of 100 resources."""
    for step, (without, with_it) in _steps(100, ROUNDS).items():
        yield ratio(f"`{SHOWN[step]}` of 100 covered resources", BARS[step], without, with_it)


def of_1() -> Iterator[Figure]:
    """What one Deployment costs that covers one resource."""
    added = {step: longer(with_it, without) for step, (without, with_it) in _steps(1, ROUNDS_OF_ONE).items()}
    mean = statistics.mean(one.median for one in added.values())
    told = ", ".join(f"`{SHOWN[step]}` {one}" for step, one in added.items())
    yield Figure(
        "what one Deployment with one covered resource adds to the resource alone, the mean of four updates",
        f"at most {FIXED_S} s",
        f"{mean:.3g} s: {told}",
        mean <= FIXED_S,
    )


def by_change() -> Iterator[Figure]:
    """What the package adds for each resource that changes, with small inputs and with a manifest of 20 kB."""
    for name, has_manifest in (("small inputs", False), ("a Kubernetes manifest of 20 kB", True)):
        added = {}
        for count in (100, 1000):
            with tempfile.TemporaryDirectory() as folder, servers.sandbox() as bigpanda:
                made = both(folder, bigpanda.address, count, **NO_CHECKPOINTS)
                for update in made:
                    update.stack.config(manifest=has_manifest)
                    update.create()
                rounds = 1 if has_manifest and count == 1000 else ROUNDS_BY_SIZE
                added[count] = longer(*spreads([[update.changed() for update in made[::-1]] for _ in range(rounds)]))
        each_ms = 1000 * (added[1000].median - added[100].median) / 900
        told = ", ".join(f"{one} at {count}" for count, one in added.items())
        yield Figure(
            f"what `up` takes longer for each covered resource that changes, 100 to 1,000, with {name}",
            f"at most {EACH_MS} ms",
            f"{each_ms:.2g} ms: {told}",
            each_ms <= EACH_MS,
        )


def by_size() -> Iterator[Figure]:
    """What the package adds for each resource, at 10, 100 and 1,000."""
    seconds, kilobytes, memory = {}, {}, 0.0
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
            memory = peaks[1] / peaks[0]
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
    yield Figure(
        "memory of the program's process at 1,000 covered resources, against without",
        "at most 1.05 times",
        f"{memory:.3g} times",
        memory <= 1.05,
    )
