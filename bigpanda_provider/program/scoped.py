"""A Deployment that covers resources: those of its `with` block, those it is completed after, or the program's rest."""

from __future__ import annotations

import contextvars
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi

from ..state import HOSTS
from . import scope
from .arguments import Given
from .covering import Covering
from .ending import Complete, Ending

if TYPE_CHECKING:
    from ..deployment import Completion, Deployment


class Scoped(Ending):
    """A Deployment with its scope.

    Args:
        covering: the resources of its program, and what covers each.
        deployment: the Deployment, which is being constructed.
        given: what it is declared with.
        complete: declares its Completion.

    Attributes:
        scope: the resources that it covers.
    """

    def __init__(self, covering: Covering, deployment: Deployment, given: Given, complete: Complete) -> None:
        super().__init__(given, complete)
        self._covering = covering
        self.scope = scope.Scope(deployment, watch=given.watch, find_hosts=given.props[HOSTS.name] is None)
        covering.begin_scope(self.scope)
        self._token: contextvars.Token[scope.Scope | None] | None = None

    def cover_rest(self) -> None:
        """Cover what no other scope covers, from here on; with no resource at all, the stack is the host."""
        self.scope.otherwise = pulumi.get_stack()
        self._covering.rest = self.scope

    def enter(self) -> None:
        """What is declared from here on is covered."""
        super().enter()
        self._token = scope.enter(self.scope)

    def leave(self, error: BaseException | None) -> None:
        """Nothing more is covered; the end waits for what is."""
        if self._token is not None:
            scope.leave(self._token)
        super().leave(error)

    def complete(self, after: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions | None) -> Completion:
        """Declare the end by hand; what it waits for is covered."""
        if self._is_open:
            for resource in after:
                self._covering.cover(self.scope, resource)
        return super().complete(after, opts)
