"""A program under Pulumi's mocks: nothing is looked up or sent, and a unit test sees which hosts are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from ..state import HOSTS
from .arguments import Given
from .covering import Covering
from .ending import Complete, Ending
from .hooks import NoHooks
from .scoped import Scoped
from .without import WithoutRun

if TYPE_CHECKING:
    from ..deployment import Deployment


class MockedRun(WithoutRun):
    """The run of a program under mocks, where the program's end cannot be seen.

    Args:
        root: the stack.
    """

    def __init__(self, root: pulumi.Resource) -> None:
        self._covering = Covering(NoHooks())
        self._covering.begin(root)

    def record(self, deployment: Deployment, given: Given, complete: Complete) -> Ending:
        """Take on a Deployment that is being declared."""
        return Mocked(self._covering, deployment, given, complete)


class Mocked(Scoped):
    """A Deployment under mocks. Each time a program runs there, it is as in a new stack: every host is reported."""

    def inputs(self) -> dict[str, Any]:
        """The hosts that it finds, where none are given."""
        return {HOSTS.name: self._hosts()} if self.scope.finds_hosts else {}

    async def _hosts(self) -> list[str] | None:
        # The event loop comes to this once the statements of the program have run, so the scope is complete.
        return self.scope.all_hosts() or None
