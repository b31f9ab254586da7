"""Times, in pairs within one run, so that what else the machine does counts for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Measured values of one thing; `str` gives the median, the lowest and the highest."""

    values: tuple[float, ...]
    unit: str = "s"

    @property
    def median(self) -> float:
        """Their median."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        return f"{self.median:.3g} {self.unit} ({min(self.values):.3g} to {max(self.values):.3g})"


@dataclass(frozen=True)
class Figure:
    """One row of the results.

    Attributes:
        what: what is measured.
        bar: what it should be.
        measured: what it is, in words.
        reached: whether that is so.
    """

    what: str
    bar: str
    measured: str
    reached: bool


def timed(action: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def pairs(rounds: int, *actions: Callable[[], float]) -> tuple[Spread, ...]:
    """Each action once in every round, in turn; an action returns its own time, in seconds."""
    return spreads([[action() for action in actions] for _ in range(rounds)])


def spreads(rounds: Sequence[Sequence[float]]) -> tuple[Spread, ...]:
    """Of rounds with a value of each thing, the values of each."""
    return tuple(Spread(values) for values in zip(*rounds, strict=True))


def longer(measured: Spread, against: Spread) -> Spread:
    """How much longer each took than the other of its pair."""
    taken = zip(measured.values, against.values, strict=True)
    return Spread(tuple(one - other for one, other in taken), measured.unit)


def times(measured: Spread, against: Spread) -> Spread:
    """How many times as long each took as the other of its pair."""
    taken = zip(measured.values, against.values, strict=True)
    return Spread(tuple(one / other for one, other in taken), "times")


def ratio(what: str, bar: float, against: Spread, measured: Spread) -> Figure:
    """A row for `measured`, which may take at most `bar` times as long as `against`."""
    found = times(measured, against)
    return Figure(what, f"at most {bar:.2f} times", f"{found}: {measured} against {against}", found.median <= bar)
