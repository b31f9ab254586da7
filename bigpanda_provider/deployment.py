"""What a user declares: a Deployment, and its Completion."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Any, overload

import pulumi
import pulumi.dynamic
from pulumi.resource import create_urn
from pulumi.runtime import is_dry_run

from .errors import DeclarationError, UndeliveredError
from .program import reason, scope
from .program.arguments import (
    DeploymentArgs,
    FoundVersion,
    Hosts,
    Timestamp,
    arguments,
    carried,
    refuse_reading,
    secret_names,
)
from .program.declared import is_registered
from .program.notes import Notes
from .program.outstanding import first_error, outstanding
from .program.run import Program
from .provider import CompletionProvider, DeploymentProvider

_SECRET_OUTPUTS = ["backlog", "givenTimestamp"]
"""These hold parts of the event under names of their own, so they are encrypted in state as the parts may be."""
_DEPLOYMENT_TYPE = "pulumi-python:dynamic/bigpanda:Deployment"


class Deployment(pulumi.dynamic.Resource, module="bigpanda", name="Deployment"):
    """A deployment that BigPanda records: `pulumi up` sends its start when it is created or when something changes.

    Its end is sent by a Completion, which is declared

    - at the end of a `with` block: everything declared inside waits for the start, and the end waits for all of it;
    - by `complete(after=[...])`;
    - else at the end of the program, after everything that it declares.

    A start is sent on create and when component, version, hosts (as a set) or triggers change, or when a covered
    resource is added, removed or declared with other inputs. `pulumi preview` shows a create or an update exactly then,
    and sends nothing.

    Args:
        resource_name: the resource's name in the stack.
        *args: a `DeploymentArgs`, unless its attributes are given one by one; then the resource's options.
        **kwargs: the attributes of `DeploymentArgs` by name, and `opts`, the resource's options. Of these `import_`,
            `id` and `urn` are refused, since there is nothing to read.

    Raises:
        DeclarationError: the declaration cannot work: its name is taken, an option is refused, or a value is of a kind
            that Pulumi cannot carry. What else is wrong with a value is shown by the engine, in preview already.

    The properties and what they mean are those of BigPanda's `POST /data/events/deployments/start`.
    """

    component: pulumi.Output[str]
    """The component, as it was sent."""
    version: pulumi.Output[str]
    """The version, as it was sent."""
    hosts: pulumi.Output[list[str]]
    """The hosts, as they were sent."""
    timestamp: pulumi.Output[int]
    """When the start was recorded, in Unix seconds (UTC)."""
    description: pulumi.Output[str | None]
    """The description, as it was sent."""
    owner: pulumi.Output[str | None]
    """The owner, as it was sent."""
    source: pulumi.Output[str | None]
    """The source, as it was sent."""
    attempt: pulumi.Output[str]
    """The id that joins this start with its end."""
    delivery: pulumi.Output[str]
    """What became of the start: `delivered`, `queued`, `rejected` or `off`."""

    @overload
    def __init__(
        self, resource_name: str, args: DeploymentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        component: pulumi.Input[str],
        version: pulumi.Input[str],
        hosts: Hosts | None = None,
        description: pulumi.Input[str] | None = None,
        owner: pulumi.Input[str] | None = None,
        source: pulumi.Input[str] | None = "pulumi",
        timestamp: Timestamp | None = None,
        triggers: pulumi.Input[Sequence[Any]] | None = None,
        watch: bool = True,
    ) -> None: ...

    def __init__(self, resource_name: str, *args: Any, **kwargs: Any) -> None:
        where = f'Deployment "{resource_name}"'
        declared, opts = arguments(where, args, kwargs)
        refuse_reading(where, opts)
        watch = declared.pop("watch")
        self._program = Program.current()
        if self._program is not None:
            self._program.records()
            self._program.claim_name(where, type(self), resource_name, opts.parent if opts else None)
        self._token: contextvars.Token[scope.Scope | None] | None = None
        self._entered = False
        self._completion: Completion | None = None
        props = {name: carried(value, f"{where}: {name}") for name, value in declared.items()}
        self._place = {} if self._program is None else _place(self._program, resource_name, opts)
        outputs = dict.fromkeys(("attempt", "delivery", "timestamp"))
        self._secrets: pulumi.Output[list[str] | None] = pulumi.Output.from_input(secret_names(props))
        told: dict[str, Any] = {}
        self._scope: scope.Scope | None = None
        if self._program is not None:
            self._scope = scope.Scope(self, watch=watch, find_hosts=props["hosts"] is None)
            told = {"secrets": self._secrets, "previous": self._previous(opts), **self._scope.inputs()}
            if isinstance(declared["version"], FoundVersion):
                told["versionFound"] = True
            self._program.open(self._scope)
        super().__init__(
            DeploymentProvider(),
            resource_name,
            {**outputs, **self._place, **told, **props},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=_SECRET_OUTPUTS)),
        )
        self._notes: Notes | None = None
        if self._program is not None and self._scope is not None:
            if not is_dry_run():
                self._notes = Notes(self, self._place, self._program.checkpoint)
                self._program.on_failure(self._notes.failed)
            self._late = self._program.ended
            self._program.opened(self._scope)
            self._program.at_end(self._program_ended)

    def __enter__(self) -> Deployment:
        if self._entered or self._completion is not None:
            raise DeclarationError(f"{self._where()} is entered or completed already; enter each Deployment once")
        self._entered = True
        self._before = outstanding()
        if self._scope is not None:
            self._token = scope.enter(self._scope)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._token is not None:
            scope.leave(self._token)
        self._end((), error, made=outstanding() - self._before)

    def complete(self, after: Sequence[pulumi.Resource] = (), opts: pulumi.ResourceOptions | None = None) -> Completion:
        """Declare the end by hand.

        Args:
            after: the resources that the end waits for, and that the Deployment covers. Each that is to wait for the
                start has to depend on this Deployment.
            opts: the Completion's options; its parent is this Deployment unless they name another.

        Raises:
            DeclarationError: this Deployment is completed already, or by the end of its `with` block.
        """
        if self._entered or self._completion is not None:
            raise DeclarationError(
                f"{self._where()} is completed already; call complete() once, and not for one that is used in a `with`"
            )
        if self._program is not None and self._scope is not None:
            for resource in after:
                self._program.cover(self._scope, resource)
        return self._end(after, None, opts)

    def _program_ended(self, error: BaseException | None) -> None:
        """One that is still without its end gets it: at once where the program failed, else when all is settled.

        One that was declared after the program's end, in an `apply`, is completed at once.
        """
        assert self._program is not None
        assert self._scope is not None
        if self._completion is not None or self._entered:
            return
        self._program.close(self._scope)
        if self._late:
            self._end((), None)
        elif error is None or _is_no_failure(error):
            self._program.when_settled(lambda raised: self._end(self._everything(), raised))
        else:
            self._end(self._everything(), error)

    def _everything(self) -> list[pulumi.Resource]:
        """What the program declared, for one that ends with it."""
        assert self._program is not None
        return [r for r in self._program.resources if r is not self and is_registered(r)]

    def _end(
        self,
        after: Sequence[pulumi.Resource],
        error: BaseException | None,
        opts: pulumi.ResourceOptions | None = None,
        made: Collection[asyncio.Future[Any]] = (),
    ) -> Completion:
        """Declare the end: a success, unless the program raised while this was open.

        Args:
            after: what it waits for beside what is covered.
            error: what the program raised.
            opts: the Completion's options.
            made: the Outputs that were made in the scope and are not resolved yet: a callback of theirs may raise.
        """
        covered = [] if self._program is None or self._scope is None else self._program.end(self._scope)
        status, why = self._how_it_went(error, made)
        self._completion = Completion(
            self._name, self, after=[*covered, *after], opts=opts, status=status, error_message=why
        )
        if self._notes is not None:
            self._notes.completed_by(self._completion)
        return self._completion

    def _how_it_went(self, error: BaseException | None, made: Collection[asyncio.Future[Any]]) -> tuple[Any, Any]:
        """The Completion's status and reason; where callbacks may still raise, they are known when these have run."""
        if error is not None and not _is_no_failure(error):
            return "failure", self._told(error)
        if not made:
            return "success", None

        async def raised() -> str | None:
            error = await first_error(made)
            if error is None:
                return None
            why = self._told(error)
            if self._notes is not None:
                self._notes.failed(why)
            return why

        async def status() -> str:
            return "success" if await why is None else "failure"

        why = asyncio.ensure_future(raised())
        return status(), why

    def _told(self, error: BaseException) -> str:
        """The program's error as a reason, without what is known to be secret by now."""
        return reason.of_program(error, self._program.secrets if self._program else ())

    async def _previous(self, opts: pulumi.ResourceOptions | None) -> dict[str, Any] | None:
        """How the last attempt ended, as the last checkpoint has it, under this name or an alias."""
        assert self._program is not None
        own = create_urn(self._name, _DEPLOYMENT_TYPE, opts.parent if opts else None)
        urns = [await pulumi.Output.from_input(urn).future() for urn in (own, *self._aliases)]
        return (await self._program.checkpoint()).previous([urn for urn in urns if urn])

    def _where(self) -> str:
        return f'Deployment "{self._name}"'


class Completion(pulumi.dynamic.Resource, module="bigpanda", name="Completion"):
    """The end of a Deployment: `pulumi up` sends it once everything that it waits for is done.

    Args:
        resource_name: the resource's name in the stack; usually the Deployment's.
        deployment: the Deployment that ends.
        after: the resources that the end waits for.
        opts: the resource's options; the parent is the Deployment unless they name another.
        status: how it went: `success` or `failure`.
        error_message: why it failed; at most 500 characters are sent.

    The properties and what they mean are those of BigPanda's `POST /data/events/deployments/end`; component, version
    and hosts are taken from the Deployment's start, so that they are identical.
    """

    component: pulumi.Output[str]
    """The component, identical to the start's."""
    version: pulumi.Output[str]
    """The version, identical to the start's."""
    hosts: pulumi.Output[list[str]]
    """The hosts, identical to the start's, in its order."""
    status: pulumi.Output[str]
    """How it went: `success` or `failure`."""
    error_message: pulumi.Output[str | None] = pulumi.property("errorMessage")
    """Why it failed, at most 500 characters."""
    attempt: pulumi.Output[str]
    """The id that joins this end with its start."""
    delivery: pulumi.Output[str]
    """What became of the end: `delivered`, `queued`, `rejected` or `off`."""

    def __init__(
        self,
        resource_name: str,
        deployment: Deployment,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
        *,
        status: pulumi.Input[str] = "success",
        error_message: pulumi.Input[str] | None = None,
    ) -> None:
        where = f'Completion "{resource_name}"'
        refuse_reading(where, opts)
        program = Program.current()
        if program is not None:
            program.claim_name(where, type(self), resource_name, deployment)
        own = pulumi.ResourceOptions(parent=deployment, depends_on=[deployment, *after])
        super().__init__(
            CompletionProvider(),
            resource_name,
            {
                "component": deployment.component,
                "version": deployment.version,
                "hosts": deployment.hosts,
                "attempt": deployment.attempt,
                "startDelivery": deployment.delivery,
                **deployment._place,
                "secrets": deployment._secrets,
                "status": carried(status, f"{where}: status"),
                "errorMessage": carried(error_message, f"{where}: error_message"),
                "delivery": None,
                "undelivered": None,
            },
            pulumi.ResourceOptions.merge(own, opts),
        )
        if not is_dry_run():
            # Where delivery is required, an end that waits fails the update; the end itself is in state by then.
            pulumi.Output.from_input(self.__dict__["undelivered"]).apply(_fail_if)


def _is_no_failure(error: BaseException) -> bool:
    """Whether the program ended itself, as `sys.exit(0)` does."""
    return isinstance(error, SystemExit) and error.code in (None, 0)


def _fail_if(undelivered: str | None) -> None:
    if undelivered:
        raise UndeliveredError(undelivered)


def _place(program: Program, resource_name: str, opts: pulumi.ResourceOptions | None) -> dict[str, pulumi.Input[str]]:
    """The inputs by which the provider process finds what earlier runs left: the stack and the name in it.

    Names alone are not unique; with the types and names of its parents one is.
    """
    if opts is None or opts.parent is None:
        return {"stack": program.stack, "name": resource_name}
    return {"stack": program.stack, "name": pulumi.Output.from_input(_name_under(opts.parent, resource_name))}


async def _name_under(parent: pulumi.Resource, resource_name: str) -> Any:
    """The name with the parent's type and name before it.

    The parent's URN is waited for instead of taken as an Output: that would make the Deployment depend on all of the
    parent's children, which it may cover.
    """
    urn = await parent.urn.future()
    return f"{(urn or '').split('::', 2)[-1]}::{resource_name}"
