"""The resources of a program, and what they give."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pulumi


def is_registered(resource: pulumi.Resource) -> bool:
    """Whether the resource's constructor got as far as handing it to the engine: `urn` raises before.

    Closed (`urn` is there always): one whose constructor raised counts as registered.
    """
    try:
        return resource.urn is not None
    except (KeyError, AttributeError):
        return False


def alive() -> list[pulumi.Resource]:
    """Every resource of this program; for what was declared before anybody looked.

    Python's garbage collector lists them. Another program that runs in this process has another event loop, and the
    futures in an Output tell which. Closed: none is known.
    """
    every = [one for one in gc.get_objects() if issubclass(type(one), pulumi.Resource) and is_registered(one)]
    loop = asyncio.get_event_loop()
    return [one for one in every if any(future.get_loop() is loop for future in _futures(one.urn))]


def _futures(output: pulumi.Output[Any]) -> Iterator[asyncio.Future[Any]]:
    return (value for value in getattr(output, "__dict__", {}).values() if asyncio.isfuture(value))


def children(resource: pulumi.Resource) -> Iterable[pulumi.Resource]:
    """The children of a resource, which does not know its parent: `_childResources`.

    Closed: none; a resource that was declared before anybody looked counts as one of the stack.
    """
    return getattr(resource, "_childResources", ())


def inherit(resource: pulumi.Resource, transformation: pulumi.ResourceTransformation) -> bool:
    """Have children of a resource that is declared already go through the transformation; whether that is possible.

    Each has a copy of its parent's list, `_transformations`. Closed: such children are not seen.
    """
    inherited = getattr(resource, "_transformations", None)
    if not isinstance(inherited, list):
        return False
    inherited.append(transformation)
    return True


def aliases(resource: pulumi.Resource) -> Sequence[pulumi.Input[str]]:
    """The URNs that a resource had before, as its options and its parents' tell: `_aliases`.

    Closed: none; a Deployment that was renamed is a new one, as far as its last attempt goes.
    """
    return tuple(getattr(resource, "_aliases", ()))


def outputs(resource: pulumi.Resource) -> list[pulumi.Output[Any]]:
    """The Outputs that are properties of the resource: they stand in its `__dict__`.

    Closed: none; of a secret output nothing is masked.
    """
    return [value for value in list(getattr(resource, "__dict__", {}).values()) if isinstance(value, pulumi.Output)]


def output(resource: pulumi.Resource, name: str) -> pulumi.Output[Any]:
    """The output of this name in state, where the resource's class declares none: it stands in its `__dict__`.

    Closed: an Output of None.
    """
    return pulumi.Output.from_input(getattr(resource, "__dict__", {}).get(name))


async def has_values(resource: pulumi.Resource) -> bool:
    """Whether the engine has given a resource any output beside its URN and id: of one that failed all are unknown.

    They stand in its `__dict__`. Closed: it has none.
    """
    identity = (resource.urn, getattr(resource, "id", None))
    own = [one for one in outputs(resource) if not any(one is other for other in identity)]
    return any([await one.is_known() for one in own])
