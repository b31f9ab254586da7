"""The arguments of a Deployment: what the user may give, and what Pulumi can carry of it.

Protobuf has no datetime and no lone surrogates, and the SDK's own answer to a value that it does not know is a
traceback. So what cannot be carried is turned into what can, or refused with a sentence; what an Output holds, once it
is known.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pulumi

from ..bigpanda.text import sendable
from ..dataclass import dataclass
from ..errors import DeclarationError

Hosts = pulumi.Input[Sequence[pulumi.Input[str]]]
Tags = pulumi.Input[Mapping[str, pulumi.Input[str]]]
Timestamp = pulumi.Input[int | datetime]


class FoundVersion(str):
    """A version that the user did not give: that it alone changed is no reason for a new start."""

    __slots__ = ()


@dataclasses.dataclass(frozen=True, kw_only=True)  # users may inherit from it
class DeploymentArgs:
    """The arguments of a Deployment, as one object.

    Attributes:
        component: the component that is deployed, such as "billing".
        version: the version that is deployed, such as "1.2.3".
        hosts: the names of the hosts that it is deployed to, such as ["prod-api-1", "prod-api-2"]: at least one, each
            once. If omitted, the affected hosts among the covered resources.
        description: free text.
        owner: who is responsible, such as "john@acme.com".
        source: the system that sends the event.
        timestamp: when the deployment starts, in whole Unix seconds (UTC) or as a datetime with a time zone. If
            omitted, the time at which the start is recorded. An explicit timestamp applies only to the first start
            that has it.
        tags: what else to tell the operators, such as {"team": "payments"}: at most 50 tags, with names of 1 to 100
            characters and text of up to 1,000. The Deployments API has them in the description. A change of the tags
            alone sends nothing.
        triggers: values of any type. When one changes, a new start is sent.
        watch: whether to compare the inputs of the covered resources. If false, changes to them send nothing, and
            the Deployment is registered at once.
    """

    component: pulumi.Input[str]
    version: pulumi.Input[str]
    hosts: Hosts | None = None
    description: pulumi.Input[str] | None = None
    owner: pulumi.Input[str] | None = None
    source: pulumi.Input[str] | None = "pulumi"
    timestamp: Timestamp | None = None
    tags: Tags | None = None
    triggers: pulumi.Input[Sequence[Any]] | None = None
    watch: bool = True


@dataclass(frozen=True)
class Given:
    """What a Deployment is declared with, checked.

    Attributes:
        where: the Deployment, for an error's sentence: 'Deployment "shop"'.
        name: its name.
        parent: its parent; None for the stack.
        props: its properties, as Pulumi can carry them.
        watch: whether to look at what the covered resources are declared with.
        found_version: whether the version was found instead of given.
    """

    where: str
    name: str
    parent: pulumi.Resource | None
    props: Mapping[str, Any]
    watch: bool
    found_version: bool


def arguments(
    where: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], pulumi.ResourceOptions | None]:
    """The declared properties and the options, from either form of a Deployment's constructor.

    Args:
        where: the resource, for an error's sentence: 'Deployment "shop"'.
        args: the arguments after the name: DeploymentArgs, options, or none.
        kwargs: the keyword arguments.

    Raises:
        DeclarationError: they fit neither form.
    """
    given, unnamed = dict(kwargs), list(args)
    bundle = given.pop("args", None)
    if bundle is None and unnamed and not isinstance(unnamed[0], pulumi.ResourceOptions):
        bundle = unnamed.pop(0)
    opts = given.pop("opts", None) or (unnamed.pop(0) if unnamed else None)
    fields = dataclasses.fields(DeploymentArgs)
    known = {field.name: None if field.default is dataclasses.MISSING else field.default for field in fields}
    if unnamed or not (opts is None or isinstance(opts, pulumi.ResourceOptions)):
        raise DeclarationError(
            f"{where}: wrong arguments; pass a name, then DeploymentArgs or keyword arguments, then opts"
        )
    if unknown := sorted(set(given) - set(known)):
        raise DeclarationError(f"{where}: unknown argument {unknown[0]}; the arguments are {', '.join(known)}")
    if bundle is None:
        return {**known, **given}, opts
    if not isinstance(bundle, DeploymentArgs):
        raise DeclarationError(
            f"{where}: args has the type {type(bundle).__name__}; pass DeploymentArgs or keyword arguments"
        )
    if given:
        raise DeclarationError(
            f"{where}: {min(given)} is given in addition to args; use either DeploymentArgs or keyword arguments"
        )
    return {name: getattr(bundle, name) for name in known}, opts


def refuse_reading(where: str, opts: pulumi.ResourceOptions | None) -> None:
    """Refuse the options that make Pulumi read a resource instead of making it.

    Raises:
        DeclarationError: one is there.
    """
    for option in ("import_", "id", "urn"):
        if opts is not None and getattr(opts, option) is not None:
            raise DeclarationError(
                f"{where}: the option {option} cannot be used, since nothing can be read from BigPanda"
            )


def carried(value: Any, where: str, of_text: Callable[[str], str] = sendable) -> Any:
    """The value as Pulumi can carry it.

    Args:
        value: what the user gave: plain, an Output, or a list or map of such.
        where: what it was given for, for an error's sentence: 'Deployment "shop": hosts'.
        of_text: what becomes of a text.

    Raises:
        DeclarationError: it is of a kind that cannot be carried.
    """
    if isinstance(value, str):
        return of_text(value)
    if isinstance(value, pulumi.Output):
        return value.apply(lambda known: carried(known, where, of_text))
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            reason = "is a datetime without a time zone; add a time zone: datetime.now(timezone.utc)"
            raise DeclarationError(f"{where} {reason}")
        return math.floor(value.timestamp())  # the API takes whole seconds
    if isinstance(value, (list, tuple)):
        return [carried(item, where, of_text) for item in value]
    if isinstance(value, Mapping):
        return {str(key): carried(item, where, of_text) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise DeclarationError(f"{where} is {value}; write a finite number")
    if value is None or isinstance(value, (bool, int, float, pulumi.Resource)) or hasattr(value, "__await__"):
        return value
    raise DeclarationError(
        f"{where} has the type {type(value).__name__}, which Pulumi cannot carry; use text, numbers, lists and maps "
        "of them"
    )


async def secret_names(props: Mapping[str, Any]) -> Any:
    """The list of which properties are secret; None where none is, which leaves no property behind."""
    named = [name for name, value in props.items() if value is not None and await _is_secret(value)]
    return named or None


async def _is_secret(value: Any) -> bool:
    return await pulumi.Output.from_input(value).is_secret()
