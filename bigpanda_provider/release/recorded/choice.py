"""Which of the recorded deployments are shown."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable

from ...dataclass import dataclass
from ...errors import WrongUseError
from .records import Entry, State, is_mine

NEWEST = 20
"""How many deployments a terminal shows, unless others are asked for."""
COUNTED = 1000
"""How many more are counted of those that are not shown."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Choice:
    """What is asked for; None is anything.

    Attributes:
        stack: a stack, by its name, with its project, or by its full name.
        component: a component.
        host: a host.
        state: a state.
        after: only what was recorded then, or later.
        mine: only what this user of this machine recorded.
    """

    stack: str | None = None
    component: str | None = None
    host: str | None = None
    state: State | None = None
    after: dt.datetime | None = None
    mine: bool = False

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return self != Choice()

    def of(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those that fit, the newest first."""
        return sorted(filter(self.fits, entries), key=lambda one: one.recorded, reverse=True)

    def newest(self, entries: Iterable[Entry], most: int | None) -> list[Entry]:
        """Of entries that are in their order, the newest first, those that fit.

        Args:
            entries: the entries; they are looked at as far as they are needed.
            most: how many are shown, so that not many more are looked for.
        """
        return list(itertools.islice(filter(self.fits, entries), None if most is None else most + COUNTED))

    def fits(self, entry: Entry) -> bool:
        """Whether it is asked for."""
        return (
            (self.stack is None or f"/{entry.stack or ''}".endswith(f"/{self.stack}"))
            and self.component in (None, entry.component)
            and (self.host is None or self.host in (entry.hosts or ()))
            and self.state in (None, entry.state)
            and (self.after is None or entry.recorded >= self.after.timestamp())
            and (not self.mine or is_mine(entry.origin))
        )


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """A point in time: so long ago (`90m`, `12h`, `7d`), or a date with or without a time.

    Raises:
        WrongUseError: it is neither.
    """
    ago = re.fullmatch(r"(\d+)([smhdw])", text.strip())
    try:
        if ago:
            return now - dt.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        found = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        raise WrongUseError(f'--since "{text}" is not a time; write it as 90m, 12h, 7d, or 2026-11-25T10:00') from None
    return found if found.tzinfo else found.astimezone()
