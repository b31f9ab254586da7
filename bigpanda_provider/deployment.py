"""What a user declares: a Deployment, and its Completion."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, overload

import pulumi
import pulumi.dynamic
from pulumi.runtime import is_dry_run

from . import state
from .errors import UndeliveredError
from .program import run, sdk
from .program.arguments import DeploymentArgs, FoundVersion, Given, Hosts, Timestamp, arguments, carried, refuse_reading
from .provider import CompletionProvider, DeploymentProvider

_SECRET_OUTPUTS = [state.BACKLOG.name, state.GIVEN_TIMESTAMP.name]
"""These hold parts of the event under names of their own, so they are encrypted in state as the parts may be."""
_DEPLOYMENT_OUTPUTS = (state.ATTEMPT, state.DELIVERY, state.TIMESTAMP)
_COMPLETION_OUTPUTS = (state.ATTEMPT, state.DELIVERY, state.UNDELIVERED)


class Deployment(pulumi.dynamic.Resource, module="bigpanda", name="Deployment"):
    """A deployment that BigPanda records: `pulumi up` sends its start when it is created or when something changes.

    Its end is sent by a Completion, which is declared

    - at the end of a `with` block: everything declared inside waits for the start, and the end waits for all of it;
    - by `complete(after=[...])`;
    - else at the end of the program, after everything that it declares.

    A start is sent on create and when component, version, hosts (as a set) or triggers change, or when a covered
    resource is added, removed or declared with other inputs. `pulumi preview` shows a create or an update exactly then,
    and sends nothing.

    Pass the arguments by name or as one `DeploymentArgs`, which describes each of them.

    Args:
        resource_name: the resource's name in the stack.
        opts: the resource's options. `import_`, `id` and `urn` are refused, because BigPanda has nothing to read.
        args: all arguments as one object, in place of the keyword arguments.

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

    @overload
    def __init__(
        self, resource_name: str, args: DeploymentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None: ...

    def __init__(self, resource_name: str, *args: Any, **kwargs: Any) -> None:
        where = f'Deployment "{resource_name}"'
        declared, opts = arguments(where, args, kwargs)
        refuse_reading(where, opts)
        watch = declared.pop("watch")
        program = run.current()
        program.prepare()
        parent = opts.parent if opts else None
        program.claim_name(where, type(self), resource_name, parent)
        props = {name: carried(value, f"{where}: {name}") for name, value in declared.items()}
        found = isinstance(declared[state.VERSION.name], FoundVersion)
        given = Given(where, resource_name, parent, props, watch, found)
        self._recording = program.record(self, given, self._completed)
        super().__init__(
            DeploymentProvider(),
            resource_name,
            {**{output.name: None for output in _DEPLOYMENT_OUTPUTS}, **self._recording.inputs(), **props},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=_SECRET_OUTPUTS)),
        )
        self._recording.registered()

    def __enter__(self) -> Deployment:
        self._recording.enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._recording.leave(error)

    def complete(self, after: Sequence[pulumi.Resource] = (), opts: pulumi.ResourceOptions | None = None) -> Completion:
        """Declare the end by hand.

        Args:
            after: the resources that the end waits for, and that the Deployment covers. Each that is to wait for the
                start has to depend on this Deployment.
            opts: the Completion's options; its parent is this Deployment unless they name another.

        Raises:
            DeclarationError: this Deployment is completed already, or by the end of its `with` block.
        """
        return self._recording.complete(after, opts)

    def _completed(
        self,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None,
        status: pulumi.Input[str],
        error_message: pulumi.Input[str] | None,
    ) -> Completion:
        return Completion(
            self.pulumi_resource_name, self, after=after, opts=opts, status=status, error_message=error_message
        )


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
        run.current().claim_name(where, type(self), resource_name, deployment)
        own = pulumi.ResourceOptions(parent=deployment, depends_on=[deployment, *after])
        super().__init__(
            CompletionProvider(),
            resource_name,
            {
                **{output.name: None for output in _COMPLETION_OUTPUTS},
                state.MACHINE.name: {
                    **deployment._recording.passed_on,
                    state.ATTEMPT.name: deployment.attempt,
                    state.START_DELIVERY.name: deployment.delivery,
                },
                state.COMPONENT.name: deployment.component,
                state.VERSION.name: deployment.version,
                state.HOSTS.name: deployment.hosts,
                state.STATUS.name: carried(status, f"{where}: status"),
                state.ERROR_MESSAGE.name: carried(error_message, f"{where}: error_message"),
            },
            pulumi.ResourceOptions.merge(own, opts),
        )
        if not is_dry_run():
            # Where delivery is required, an end that waits fails the update; the end itself is in state by then.
            sdk.output(self, state.UNDELIVERED.name).apply(_fail_if)


def _fail_if(undelivered: str | None) -> None:
    if undelivered:
        raise UndeliveredError(undelivered)
