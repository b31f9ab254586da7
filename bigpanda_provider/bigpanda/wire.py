"""What BigPanda's APIs have in common: what they are asked for, and what can be said of each. No I/O and no Pulumi.

`deployments.py` and `changes.py` have the one and the other; who sends events knows only what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ..dataclass import dataclass
from .events import EndEvent, StartEvent


@dataclass(frozen=True)
class Post:
    """A request to BigPanda.

    Attributes:
        path: what comes after the base URL.
        body: the JSON object.
    """

    path: str
    body: Mapping[str, Any]


class Wire(Protocol):
    """One of BigPanda's APIs."""

    @property
    def says_all(self) -> bool:
        """Whether each post says all of a deployment: the last is enough, and a repeated one changes nothing."""

    @property
    def per_minute(self) -> int | None:
        """How many posts a minute it takes; None where no limit is documented."""

    def start(self, attempt: str, start: StartEvent) -> Post:
        """The post that begins a deployment.

        Args:
            attempt: the attempt's id.
            start: its start.
        """

    def end(self, attempt: str, start: StartEvent, end: EndEvent) -> Post:
        """The post that ends it; arguments as for `start`."""
