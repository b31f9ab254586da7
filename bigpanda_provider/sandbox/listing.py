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
LARGEST = 2**63 - 1
"""The largest number that SQLite has."""


@dataclass(frozen=True)
class Filter:
    """Which deployments and changes are looked for; what is empty counts for any.

    Attributes:
        component: a part of the component's name, in any case; of the summary, where a change has no component.
        host: a part of one of the hosts' names, in any case.
        state: a state.
    """

    component: str = ""
    host: str = ""
    state: str = ""

    def chosen(self) -> dict[str, str]:
        """What is not empty, by name."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def looks_into_names(self) -> bool:
        """Whether names are looked into: then no index helps."""
        return bool(self.component or self.host)

    def condition(self) -> tuple[str, list[str]]:
        """As SQL, and its parameters."""
        # What the list's own brackets, commas, quotes and escapes hold is no part of a name.
        in_a_name = _ANY_PART if _STRUCTURE.search(self.host) else f"({_PLAIN} OR {_ANY_PART})"
        # To read every row in turn is quicker than by an index: "+" keeps SQLite from taking one.
        state = "+state" if self.looks_into_names else "state"
        found = {
            "ifnull(component, summary) LIKE ? ESCAPE '!'": self.component and like(self.component),
            "hosts LIKE ? ESCAPE '!'": self.host and like(json.dumps(self.host, ensure_ascii=False)[1:-1]),
            in_a_name: self.host and like(self.host),  # SQLite looks at the cheaper condition above first
            f"{state} = ?": self.state,
        }
        used = {sql: value for sql, value in found.items() if value}
        return " AND ".join(used) or "TRUE", list(used.values())


EVERY = Filter()


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
_ANY_PART = "EXISTS (SELECT 1 FROM json_each(hosts) WHERE value LIKE ? ESCAPE '!')"


def like(part: str) -> str:
    """The pattern of a text that has this part somewhere, for `LIKE ? ESCAPE '!'`."""
    return "%" + re.sub("([!%_])", r"!\1", part) + "%"
