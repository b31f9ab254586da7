"""What an alert asks: a time, the hosts it is about, and how long before the time it looks back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from .view import NAME_LIMIT, View

PATH = "/at"
WINDOW_MIN = 30
"""What ended within so many minutes before an alert is told of."""
LONGEST_MIN = 7 * 24 * 60
MOST_HOSTS = 100
_NUMBER = re.compile("[0-9]{1,12}")


@dataclass(frozen=True)
class Alert:
    """The question of an alert.

    Attributes:
        seconds: when it came, in Unix seconds.
        hosts: the whole names of the hosts that it is about; of all, if empty.
        window: how many minutes before it are looked at.
    """

    seconds: int
    hosts: tuple[str, ...] = ()
    window: int = WINDOW_MIN

    @property
    def address(self) -> str:
        """The address of its view."""
        window = [] if self.window == WINDOW_MIN else [("window", self.window)]
        return f"{PATH}?{urlencode([('time', self.seconds), *(('host', host) for host in self.hosts), *window])}"

    def only(self, field: str, name: str) -> str:
        """The address of the same view with one host alone, or of the list of all that has this name.

        Args:
            field: component, host or owner, or state.
            name: the whole name, or the state.
        """
        if field != "host":
            return View(range="all").only(field, name)
        return Alert(self.seconds, (name,), self.window).address if len(name) <= NAME_LIMIT else ""

    @classmethod
    def back(cls, address: str) -> Alert | None:
        """The question of a view that a link back leads to; None, where that is no such view."""
        path, _, query = address.partition("?")
        given = parse_qsl(query)
        numbers = {name: int(value) for name, value in given if _NUMBER.fullmatch(value)}
        if path != PATH or "time" not in numbers:
            return None
        hosts = tuple(value for name, value in given if name == "host")[:MOST_HOSTS]
        return cls(numbers["time"], hosts, min(numbers.get("window", WINDOW_MIN), LONGEST_MIN))
