"""What a user declares: a Deployment, and its Completion."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, overload

import pulumi
import pulumi.dynamic
from pulumi.runtime import is_dry_run

from . import state
from .bigpanda.hidden import in_text
from .bigpanda.text import sendable
from .errors import UndeliveredError
from .program import run
from .program.arguments import (
    DeploymentArgs,
    FoundVersion,
    Given,
    Hosts,
    Tags,
    Timestamp,
    arguments,
    carried,
    refuse_reading,
)
from .program.sdk.resources import output
from .provider import CompletionProvider, DeploymentProvider

_SECRET_OUTPUTS = [state.BACKLOG.name, state.GIVEN_TIMESTAMP.name]
"""These hold parts of the event under names of their own, so they are encrypted in state as the parts may be."""
_DEPLOYMENT_OUTPUTS = (state.ATTEMPT, state.DELIVERY, state.TIMESTAMP)
_REPEATED = (state.TIMESTAMP, state.DESCRIPTION, state.OWNER, state.SOURCE, state.TAGS)
"""What an end may repeat of its start beside component, version and hosts."""
_COMPLETION_OUTPUTS = (state.ATTEMPT, state.DELIVERY, state.UNDELIVERED)


class Deployment(pulumi.dynamic.Resource, module="bigpanda", name="Deployment"):
    """A deployment that BigPanda records: `pulumi up` sends its start when it is created or when something changes.

    Its properties are those of BigPanda's `POST /data/events/deployments/start`, and tags. With the Changes API, they
    become fields and tags of a change. Pass them as keyword arguments or as one `DeploymentArgs`, which describes each
    of them.

    A start is sent when the Deployment is created; when its component, version, hosts (as a set) or triggers change;
    when a covered resource is added, removed or declared with other inputs; and after an attempt that did not succeed.
    `pulumi preview` shows the create or update that will send it, and sends nothing.

    A Completion sends the end. It is declared

    - at the end of a `with` block: resources declared inside wait for the start, and the end waits for all of them;
    - by `complete(after=[...])`;
    - otherwise at the end of the program, after everything that the program declares.

    Args:
        resource_name: the resource's name in the stack.
        opts: the resource's options. `import_`, `id` and `urn` are refused, because BigPanda has nothing to read.
        args: all arguments as one object, in place of the keyword arguments.

    Raises:
        DeclarationError: the name is taken, an option is refused, or a value has a type that Pulumi cannot carry. The
            engine reports other invalid values, already in the preview.
    """

    component: pulumi.Output[str]
    """The component, as sent."""
    version: pulumi.Output[str]
    """The version, as sent."""
    hosts: pulumi.Output[list[str]]
    """The hosts, as sent."""
    timestamp: pulumi.Output[int]
    """When the start was recorded, in Unix seconds (UTC)."""
    description: pulumi.Output[str | None]
    """The description, as sent."""
    owner: pulumi.Output[str | None]
    """The owner, as sent."""
    source: pulumi.Output[str | None]
    """The source, as sent."""
    tags: pulumi.Output[dict[str, str] | None]
    """Your tags, as sent; what the provider finds out is sent beside them."""
    attempt: pulumi.Output[str]
    """The ID of the attempt, which the Completion has too."""
    delivery: pulumi.Output[str]
    """What happened to the start: `delivered`, `queued`, `rejected` or `off`."""

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
        tags: Tags | None = None,
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

        def hide(text: str) -> str:
            return in_text(sendable(text), program.secrets)

        props = {
            name: carried(value, f"{where}: {name}", hide if _is_masked(name, value) else sendable)
            for name, value in declared.items()
        }
        found = isinstance(declared[state.VERSION.name], FoundVersion)
        given = Given(where, resource_name, parent, props, watch, found)
        self._recording = program.record(self, given, self._completed)
        super().__init__(
            DeploymentProvider(),
            resource_name,
            {**{output.name: None for output in _DEPLOYMENT_OUTPUTS}, **props, **self._recording.inputs()},
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
            after: the resources that the Deployment covers and its end waits for. A resource waits for the start only
                if it depends on this Deployment.
            opts: the Completion's options. Its parent is this Deployment, unless they set another.

        Raises:
            DeclarationError: this Deployment already has a Completion, or is used in a `with` block, which declares it.
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
    """The end of a Deployment: `pulumi up` sends it when everything that it waits for is done.

    Usually the Deployment declares it: at the end of its `with` block, by `complete()`, or at the end of the program.

    Its properties are those of BigPanda's `POST /data/events/deployments/end`. Component, version and hosts are taken
    from the Deployment's start, so that they are identical in both events. With the Changes API, the end is another
    post of the Deployment's change.

    Args:
        resource_name: the resource's name in the stack, usually the Deployment's.
        deployment: the Deployment that ends.
        after: the resources that the end waits for.
        opts: the resource's options. The parent is the Deployment, unless they set another.
        status: the outcome: `success` or `failure`.
        error_message: why the deployment failed. At most 500 characters are sent.
    """

    component: pulumi.Output[str]
    """The component, identical to that of the start."""
    version: pulumi.Output[str]
    """The version, identical to that of the start."""
    hosts: pulumi.Output[list[str]]
    """The hosts, identical to those of the start, in the same order."""
    status: pulumi.Output[str]
    """The outcome: `success` or `failure`."""
    error_message: pulumi.Output[str | None] = pulumi.property("errorMessage")
    """Why the deployment failed, at most 500 characters."""
    attempt: pulumi.Output[str]
    """The ID of the attempt, which the Deployment has too."""
    delivery: pulumi.Output[str]
    """What happened to the end: `delivered`, `queued`, `rejected` or `off`."""

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
                    state.START.name: _repeated(deployment),
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
            output(self, state.UNDELIVERED.name).apply(_fail_if)


def _is_masked(name: str, value: Any) -> bool:
    """Whether secret text within a property is masked, as in a reason: in tags, and in a description of plain text.

    Other properties that are secret are sent as they are, and encrypted in state.
    """
    return name == state.TAGS.name or (name == state.DESCRIPTION.name and isinstance(value, str))


def _repeated(deployment: Deployment) -> dict[str, pulumi.Input[Any]]:
    """What of the start its end repeats, where the API takes the whole deployment each time."""
    machine = output(deployment, state.MACHINE.name)
    context = machine.apply(lambda known: state.CONTEXT.of(known or {}))
    return {state.CONTEXT.name: context, **{one.name: getattr(deployment, one.name) for one in _REPEATED}}


def _fail_if(undelivered: str | None) -> None:
    if undelivered:
        raise UndeliveredError(undelivered)
