"""Stands in for a run where none can be seen: outside of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from .arguments import Given
from .ending import Complete, Ending

if TYPE_CHECKING:
    from ..deployment import Deployment


class WithoutRun:
    """No run: nothing is covered, looked up or noted, and nothing waits. It has what a `Run` has for Deployments.

    Attributes:
        can_send: whether anything may be sent.
        secrets: texts that must not leave the process.
    """

    can_send = False
    secrets: frozenset[str] = frozenset()

    def prepare(self) -> None:
        """The program declares a Deployment."""

    def claim_name(self, where: str, kind: type, name: str, parent: pulumi.Resource | None) -> None:
        """Note that a resource of this name is there."""

    def declared_before(self) -> list[str]:
        """The names of the resources that have been declared so far."""
        return []

    def record(self, deployment: Deployment, given: Given, complete: Complete) -> Ending:
        """Take on a Deployment that is being declared."""
        return Ending(given, complete)
