"""What a user declares: a Deployment, and its Completion."""

from __future__ import annotations

import contextvars
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from types import TracebackType
from typing import Any, overload

import pulumi
import pulumi.dynamic

from . import scope as scopes
from .carried import carried
from .errors import DeclarationError
from .provider import CompletionProvider, DeploymentProvider

Hosts = pulumi.Input[Sequence[pulumi.Input[str]]]
Timestamp = pulumi.Input[int | dt.datetime]


@dataclass(frozen=True, kw_only=True)
class DeploymentArgs:
    """The arguments of a Deployment, as one object.

    Attributes:
        component: the component that is deployed: "billing".
        version: the version that is deployed: "1.2.3".
        hosts: names of the hosts that it is deployed to, each once, at least one: ["prod-api-1", "prod-api-2"].
        description: free text.
        owner: who is responsible: "john@acme.com".
        source: the system that sends the event; "pulumi" unless given.
        timestamp: when it starts: whole Unix seconds (UTC), or an aware datetime. Unless given, the moment at which
            the start is recorded. An explicit one counts for the first start that has it.
        triggers: values of any kind; when one changes, a new start is sent.
    """

    component: pulumi.Input[str]
    version: pulumi.Input[str]
    hosts: Hosts
    description: pulumi.Input[str] | None = None
    owner: pulumi.Input[str] | None = None
    source: pulumi.Input[str] | None = "pulumi"
    timestamp: Timestamp | None = None
    triggers: pulumi.Input[Sequence[Any]] | None = None


class Deployment(pulumi.dynamic.Resource, module="bigpanda", name="Deployment"):
    """A deployment that BigPanda records: `pulumi up` sends its start when it is created or when something changes.

    Its end is sent by a Completion, which is declared

    - at the end of a `with` block: everything declared inside waits for the start, and the end waits for all of it;
    - by `complete(after=[...])`;
    - else at the end of the program, after everything that it declares.

    A start is sent on create and when component, version, hosts (as a set) or triggers change. `pulumi preview` shows
    a create or an update exactly then, and sends nothing.

    Args:
        resource_name: the resource's name in the stack.
        args: the arguments as one object, or
        component, version, hosts, description, owner, source, timestamp, triggers: the same one by one
            (see `DeploymentArgs`).
        opts: the resource's options; `import_`, `id` and `urn` are refused, since there is nothing to read.

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
    """What became of the start."""

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
        hosts: Hosts,
        description: pulumi.Input[str] | None = None,
        owner: pulumi.Input[str] | None = None,
        source: pulumi.Input[str] | None = "pulumi",
        timestamp: Timestamp | None = None,
        triggers: pulumi.Input[Sequence[Any]] | None = None,
    ) -> None: ...

    def __init__(self, resource_name: str, *args: Any, **kwargs: Any) -> None:
        where = f'Deployment "{resource_name}"'
        declared, opts = _arguments(where, args, kwargs)
        _refuse_reading(where, opts)
        self._program = scopes.Program.current()
        if self._program is not None:
            self._program.claim_name(where, type(self), resource_name, opts.parent if opts else None)
        self._scope: scopes.Scope | None = None
        self._token: contextvars.Token[scopes.Scope | None] | None = None
        self._completion: Completion | None = None
        outputs = dict.fromkeys(("attempt", "delivery", "timestamp"))
        super().__init__(
            DeploymentProvider(),
            resource_name,
            {**outputs, **{name: carried(value, f"{where}: {name}") for name, value in declared.items()}},
            opts,
        )
        if self._program is not None:
            self._program.at_end(self._complete_at_end)

    def __enter__(self) -> Deployment:
        if self._scope is not None or self._completion is not None:
            raise DeclarationError(f"{self._where()} is entered or completed already; enter each Deployment once")
        self._scope, self._token = scopes.enter(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._scope is not None
        assert self._token is not None
        scopes.leave(self._token)
        if error is None:
            self._completion = Completion(self._name, self, after=self._scope.depends_on())

    def complete(self, after: Sequence[pulumi.Resource] = (), opts: pulumi.ResourceOptions | None = None) -> Completion:
        """Declare the end by hand.

        Args:
            after: the resources that the end waits for.
            opts: the Completion's options; its parent is this Deployment unless they name another.

        Raises:
            DeclarationError: this Deployment is completed already, or by the end of its `with` block.
        """
        if self._scope is not None or self._completion is not None:
            raise DeclarationError(
                f"{self._where()} is completed already; call complete() once, and not for one that is used in a `with`"
            )
        self._completion = Completion(self._name, self, after=after, opts=opts)
        return self._completion

    def _complete_at_end(self) -> None:
        if self._completion is None and self._scope is None and self._program is not None:
            everything = [r for r in self._program.resources if r is not self and scopes.is_registered(r)]
            self._completion = Completion(self._name, self, after=everything)

    def _where(self) -> str:
        return f'Deployment "{self._name}"'


class Completion(pulumi.dynamic.Resource, module="bigpanda", name="Completion"):
    """The end of a Deployment: `pulumi up` sends it once everything that it waits for is done.

    Args:
        resource_name: the resource's name in the stack; usually the Deployment's.
        deployment: the Deployment that ends.
        after: the resources that the end waits for.
        opts: the resource's options; the parent is the Deployment unless they name another.

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
    attempt: pulumi.Output[str]
    """The id that joins this end with its start."""
    delivery: pulumi.Output[str]
    """What became of the end."""

    def __init__(
        self,
        resource_name: str,
        deployment: Deployment,
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        where = f'Completion "{resource_name}"'
        _refuse_reading(where, opts)
        program = scopes.Program.current()
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
                "status": "success",
                "delivery": None,
            },
            pulumi.ResourceOptions.merge(own, opts),
        )


def _arguments(
    where: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], pulumi.ResourceOptions | None]:
    """The declared properties and the options, from either form of the constructor."""
    given = dict(kwargs)
    unnamed = list(args)
    bundle = given.pop("args", None) or (
        unnamed.pop(0) if unnamed and not isinstance(unnamed[0], pulumi.ResourceOptions) else None
    )
    opts = given.pop("opts", None) or (unnamed.pop(0) if unnamed else None)
    known = {f.name: None if f.default is MISSING else f.default for f in fields(DeploymentArgs)}
    if unnamed or not (opts is None or isinstance(opts, pulumi.ResourceOptions)):
        raise DeclarationError(f"{where}: give a name, then DeploymentArgs or keyword arguments, then opts")
    if unknown := sorted(set(given) - set(known)):
        raise DeclarationError(f"{where}: there is no argument {unknown[0]}; the arguments are {', '.join(known)}")
    if bundle is None:
        return {**known, **given}, opts
    if not isinstance(bundle, DeploymentArgs):
        raise DeclarationError(f"{where}: args is a {type(bundle).__name__}; give DeploymentArgs or keyword arguments")
    if given:
        raise DeclarationError(f"{where}: {min(given)} is given beside args; use DeploymentArgs or keyword arguments")
    return {name: getattr(bundle, name) for name in known}, opts


def _refuse_reading(where: str, opts: pulumi.ResourceOptions | None) -> None:
    for option in ("import_", "id", "urn"):
        if opts is not None and getattr(opts, option) is not None:
            raise DeclarationError(
                f"{where}: the option {option} cannot be used, since BigPanda has nothing to read it from"
            )
