"""A Deployment of a run: its scope, its last attempt, the notes on the one that it makes, and its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from ..state import (
    COMPONENT,
    DEPLOYMENT_TYPE,
    DESCRIPTION,
    NAME,
    OWNER,
    PREVIOUS,
    SOURCE,
    STACK,
    TAGS,
    VERSION,
    VERSION_FOUND,
    packed,
)
from .arguments import Given
from .ending import Complete, is_no_failure
from .notes import NoNotes, Notes
from .scope import OwnStart
from .scoped import Scoped
from .sdk.resources import aliases, is_registered

if TYPE_CHECKING:
    from ..deployment import Completion, Deployment
    from .run import Run


class Recording(Scoped):
    """A Deployment of a run, from its declaration to its end.

    Args:
        run: the run.
        deployment: the Deployment, which is being constructed.
        given: what it is declared with.
        complete: declares its Completion.
    """

    def __init__(self, run: Run, deployment: Deployment, given: Given, complete: Complete) -> None:
        super().__init__(run.covering, deployment, given, complete)
        self._run = run
        self._deployment = deployment
        in_stack = _name_in_stack(given.name, given.parent)
        self._place: dict[str, pulumi.Input[str]] = {**STACK.to(run.stack), **NAME.to(in_stack)}
        self.passed_on |= self._place
        self._notes = NoNotes()
        self._is_late = False
        self._knowing: asyncio.Future[None] | None = None

    @property
    def secret_texts(self) -> frozenset[str]:  # noqa: D102 - see the class
        return self._run.secrets

    def inputs(self) -> dict[str, Any]:
        """What the provider needs to know: what is covered, the last attempt, and by which names it is found."""
        return packed(
            {
                **self.passed_on,
                **VERSION_FOUND.to(self._given.found_version or None),
                PREVIOUS.name: self._previous(),
                **self.scope.inputs(self._run.checkpoint),
            }
        )

    def registered(self) -> None:
        """Take part in the run from here on: its failures, its end, and in a preview what is covered."""
        if is_dry_run():
            self.scope.registered = asyncio.ensure_future(self._reporting())
        else:
            self._notes = Notes(self._deployment, self._place, self._run.checkpoint)
        self._is_late = self._run.ended
        self._run.registered(self)

    def failed(self, why: str) -> None:
        """A resource of the program failed, or a callback of this scope."""
        self._notes.failed(why)

    def program_ended(self, error: BaseException | None) -> None:
        """One that is still without its end gets it: at once where the program failed, else when all is settled.

        One that was declared after the program's end, in an `apply`, is completed at once.
        """
        if not self._is_open:
            return
        self._run.scopes.close(self.scope)
        if self._is_late:
            self._end((), None)
        elif error is None or is_no_failure(error):
            if self.scope.watch and self._run.covering.rest is not self.scope:
                self._warn_of_no_scope()
            self._run.end_when_settled(self)
        else:
            self._end(self._everything(), error)

    def _warn_of_no_scope(self) -> None:
        name = self._deployment.pulumi_resource_name
        pulumi.log.warn(
            f'Deployment "{name}" covers no resources: they may change before it starts, and it ends with the program. '
            f"Use it as `with bigpanda.Deployment({name!r}, ...):`, or call complete(after=[...]), or cover the whole "
            "program by bigpanda.record_program(); to cover nothing, pass watch=False",
            self._deployment,
        )

    def program_settled(self, error: BaseException | None) -> None:
        """Everything that the program has begun is done; the error is that of a callback that raised."""
        self._end(self._everything(), error)

    def _everything(self) -> list[pulumi.Resource]:
        """What the program declared, for one that ends with it."""
        every = self._run.covering.resources
        return [one for one in every if one is not self._deployment and is_registered(one)]

    def _end(
        self,
        after: Sequence[pulumi.Resource],
        error: BaseException | None,
        opts: pulumi.ResourceOptions | None = None,
        made: Collection[asyncio.Future[Any]] = (),
    ) -> Completion:
        completion = super()._end([*self._run.scopes.end(self.scope), *after], error, opts, made)
        self._notes.completed_by(completion)
        return completion

    async def _previous(self) -> dict[str, Any] | None:
        """How the last attempt ended, as the last checkpoint has it, under this name or an alias."""
        own = pulumi.create_urn(self._given.name, DEPLOYMENT_TYPE, self._given.parent)
        urns = [await pulumi.Output.from_input(urn).future() for urn in (own, *aliases(self._deployment))]
        return (await self._run.checkpoint()).previous([urn for urn in urns if urn])

    async def _reporting(self) -> pulumi.Resource:
        """The Deployment, once a preview knows whether it reports: what it covers waits for that."""
        with contextlib.suppress(Exception):  # the engine has told the user why it failed
            await self.know_own_start()
        return self._deployment

    async def know_own_start(self) -> None:
        """Let the scope know what the Deployment itself sends in this run, once the Deployment is done."""
        if self._knowing is None:
            self._knowing = asyncio.ensure_future(self._know_own_start())
        await asyncio.shield(self._knowing)

    async def _know_own_start(self) -> None:
        hosts = await self._deployment.hosts.future() if await self._deployment.hosts.is_known() else None
        self.scope.hosts = frozenset(hosts or ())
        if await self._run.reports(self._deployment):
            attempt = None if is_dry_run() else await self._deployment.attempt.future()
            self.scope.own_start = OwnStart(attempt, None if hosts is None else self.scope.hosts)

    async def event(self) -> dict[str, Any]:
        """The properties of the start event as the program declares them now, with what a Completion has of it too."""
        told = (COMPONENT, VERSION, DESCRIPTION, OWNER, SOURCE, TAGS)
        declared = {one.name: self._given.props[one.name] for one in told}
        inputs = {**declared, **self.passed_on}
        return {name: await pulumi.Output.from_input(value).future() for name, value in inputs.items()}


def _name_in_stack(name: str, parent: pulumi.Resource | None) -> pulumi.Input[str]:
    """The name by which the provider finds what earlier runs left: with its parents' types and names it is unique."""
    if parent is None:
        return name
    return pulumi.Output.from_input(_name_under(parent, name))


async def _name_under(parent: pulumi.Resource, name: str) -> Any:
    """The name with the parent's type and name before it.

    The parent's URN is waited for instead of taken as an Output: that would make the Deployment depend on all of the
    parent's children, which it may cover.
    """
    urn = await parent.urn.future()
    return f"{(urn or '').split('::', 2)[-1]}::{name}"
