"""Which deployments and changes a list holds, and where in it one is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATES = {
    "in_progress": "in progress",
    "success": "success",
    "failure": "failure",
    "canceled": "canceled",
    "planned": "planned",
}
"""The states of a deployment or change, with the words that are shown for them."""
TOLD = {
    "in_progress": "in progress",
    "failure": "failed",
    "success": "done",
    "canceled": "canceled",
    "planned": "planned",
}
"""The states with the words that follow a number, those first that somebody has to look at."""
ENDED = {"success": "succeeded", "failure": "failed", "canceled": "was canceled"}
"""What one of these did that is over, by its state."""
RANGES = {"1h": 3_600, "6h": 6 * 3_600, "24h": 86_400, "7d": 7 * 86_400, "all": None}
"""The time ranges of a list, in seconds."""
LARGEST = 2**63 - 1
"""The largest number that SQLite has."""
SORTS = {
    "component": "by_name",
    "version": "by_version",
    "state": "state",
    "started": "started",
    "duration": "by_duration",
    "owner": "by_owner",
}
"""What a list can be sorted by, with the column of the database."""


@dataclass(frozen=True)
class Filter:
    """Which deployments and changes are looked for; what is empty counts for any.

    Attributes:
        component: a part of the component's name; of the summary, where a change has no component.
        host: a part of one of the hosts' names.
        state: a state.
        since: in Unix seconds; what was over before is left out. What is in progress is not over.
        owner: a part of the owner's name.
        until: in Unix seconds; what started later is left out.

    Names are found in any case. After `=` it is the whole name that has to be given.
    """

    component: str = ""
    host: str = ""
    state: str = ""
    since: int | None = None
    owner: str = ""
    until: int | None = None

    @property
    def looks_into_names(self) -> bool:
        """Whether names are looked into: then no index helps."""
        return bool(self.component or self.host or self.owner)

    def condition(self, order: Order | None = None) -> tuple[str, list[str | int]]:
        """As SQL, and its parameters.

        Args:
            order: the order in which the rows are read, by its index; by that of the filter, if None.
        """
        # What the list's own brackets, commas, quotes and escapes hold is no part of a name.
        in_a_name = _ANY_NAME if _STRUCTURE.search(self.host) else f"({_PLAIN} OR {_ANY_NAME})"
        # To read every row in turn is quicker than by an index: "+" keeps SQLite from taking one.
        every = self.looks_into_names
        until = "+until" if every or order else "until"
        started = "+started" if every or (order and order.sort != "started") else "started"
        state = "+state" if every or (order and order.sort not in ("started", "state")) else "state"
        found: dict[str, str | int | None] = {
            f"{until} >= ?": self.since,
            f"{started} <= ?": self.until,
            f"{state} = ?": self.state or None,
            "ifnull(component, summary) LIKE ? ESCAPE '!'": _named(self.component) if self.component else None,
            "owner LIKE ? ESCAPE '!'": _named(self.owner) if self.owner else None,
            "hosts LIKE ? ESCAPE '!'": _as_listed(self.host) if self.host else None,
            in_a_name: _named(self.host) if self.host else None,  # SQLite looks at the cheaper condition above first
        }
        used = {sql: value for sql, value in found.items() if value is not None}
        return " AND ".join(used) or "TRUE", list(used.values())


@dataclass(frozen=True)
class Order:
    """The order of a list. The one that is not descending is exactly the other way round.

    Attributes:
        sort: one of `SORTS`; among equals the start counts, then what came in first.
        descending: whether the latest, the longest, or the end of the alphabet is first.
    """

    sort: str = "started"
    descending: bool = True

    def columns(self, plus: str = "") -> list[str]:
        """The columns that count, the first one first.

        Args:
            plus: stands before each of them; "+" keeps SQLite from taking an index.
        """
        return [plus + column for column in dict.fromkeys((SORTS[self.sort], "started", "id"))]

    def sql(self, plus: str = "") -> str:
        """What stands after `ORDER BY`."""
        return ", ".join(f"{column} {'DESC' if self.descending else 'ASC'}" for column in self.columns(plus))

    def beyond(self, place: Cursor, plus: str = "") -> tuple[str, list[int]]:
        """The condition for what comes after a place, as SQL, and its parameters.

        In a list by start time, a place is a time. In another one, it is where its deployment is now.
        """
        left, sign = ", ".join(self.columns(plus)), "<" if self.descending else ">"
        if self.sort == "started":
            return f"({left}) {sign} (?, ?)", [place.started, place.id]
        of = ", ".join(self.columns())
        return f"({left}) {sign} (SELECT {of} FROM deployment WHERE id = ?)", [place.id]  # noqa: S608 - ours


WHOLE_NAME = "="
"""Stands before a whole name that is looked for."""
EVERY = Filter()
NEWEST_FIRST = Order()


@dataclass(frozen=True)
class Cursor:
    """A place in the list: what comes after it stays the same, however many entries are added before it.

    Attributes:
        started: when the last one before this place started, in Unix seconds.
        id: its number.
    """

    started: int
    id: int

    @classmethod
    def of(cls, change: Mapping[str, Any]) -> Cursor:
        """The place after a deployment."""
        return cls(change["started"], change["id"])

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what `str` gives.

        Raises:
            ValueError: it is something else.
        """
        found = re.fullmatch(r"(-?[0-9]{1,19})_([0-9]{1,19})", text)
        if found is None or any(abs(int(number)) > LARGEST for number in found.groups()):
            raise ValueError("not a cursor; pass on what `next` of the answer before says")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.started}_{self.id}"


_STRUCTURE = re.compile(r'[\[\]",\\ ]')
_PLAIN = r"instr(hosts, '\') = 0"
_ANY_NAME = "EXISTS (SELECT 1 FROM json_each(hosts) WHERE value LIKE ? ESCAPE '!')"


def like(part: str) -> str:
    """The pattern of a text that has this part somewhere, for `LIKE ? ESCAPE '!'`."""
    return f"%{_escaped(part)}%"


def _named(wanted: str) -> str:
    """The pattern of the names that a filter looks for."""
    return _escaped(wanted[1:]) if wanted.startswith(WHOLE_NAME) else like(wanted)


def _as_listed(host: str) -> str:
    """The pattern of the lists of hosts that may have a host that a filter looks for."""
    quoted = json.dumps(host.removeprefix(WHOLE_NAME), ensure_ascii=False)
    return like(quoted if host.startswith(WHOLE_NAME) else quoted[1:-1])


def _escaped(text: str) -> str:
    return re.sub("([!%_])", r"!\1", text)
