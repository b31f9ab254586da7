"""What the program declared: each resource with its key, its inputs, and what of it matters to a Deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

import pulumi
from pulumi.runtime import get_root_resource

from .. import hosts
from ..dataclass import dataclass
from .digest import digest, taken
from .sdk.outputs import wrapped
from .sdk.resources import alive, children


@dataclass(eq=False)
class Declared:
    """A resource as its constructor was called.

    Attributes:
        resource: the resource.
        path: the type of its URN: its parents' types and its own, joined by "$".
        name: its name.
        props: its inputs; None where they were not seen.
        opts: its options.
        parent: its parent; None for one of the stack.
        wrapped: the inputs that its SDK made secret as a whole and that hold its host's name, as they were given.
    """

    resource: pulumi.Resource
    path: str
    name: str
    props: Mapping[str, Any] | None
    opts: pulumi.ResourceOptions
    parent: Declared | None = None
    wrapped: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, args: pulumi.ResourceTransformationArgs, parent: Declared | None) -> Declared:
        """From what a transformation is given."""
        named = {name: wrapped((args.props or {}).get(name)) for name in hosts.wrapped_inputs(args.type_)}
        return cls(args.resource, _path(parent, args.type_), args.name, args.props, args.opts, parent, named)

    @classmethod
    def unseen(cls, resource: pulumi.Resource, parent: Declared | None) -> Declared:
        """One that was declared before anybody looked: its inputs are not known."""
        path = _path(parent, resource.pulumi_resource_type)
        return cls(resource, path, resource.pulumi_resource_name, None, pulumi.ResourceOptions(), parent)

    @property
    def key(self) -> str:
        """Its URN without stack and project: names alone are not unique."""
        return f"{self.path}::{self.name}"

    @property
    def has_error_hook(self) -> bool:
        """Whether the user gave it a hook for its failures."""
        return self.opts.hooks is not None and bool(self.opts.hooks.on_error)

    @property
    def type(self) -> str:
        """Its own type."""
        return self.path.rpartition("$")[2]

    @cached_property
    def digest(self) -> str:
        """The digest of its inputs."""
        return digest(self.props or {}, self.opts.ignore_changes or ())

    @cached_property
    def hosts(self) -> list[str] | None:
        """The hosts that it is, as far as its inputs tell; None where it is not known as one."""
        return hosts.given(self.type, self.name, {**(self.props or {}), **self.wrapped})

    def hosts_in_state(self, called: str | None) -> list[str]:
        """The hosts that it is, where its inputs do not tell.

        Args:
            called: what the last checkpoint says that it is called; None where it does not say.
        """
        return hosts.otherwise(self.type, self.name, called)

    @property
    def is_custom(self) -> bool:
        """Whether a provider makes it; a component only groups others."""
        return isinstance(self.resource, pulumi.CustomResource)

    @cached_property
    def takes(self) -> list[pulumi.Output[Any] | pulumi.Resource]:
        """The Outputs and resources in its inputs."""
        return list(taken(self.props or {}))

    def aliases(self) -> Iterator[str]:
        """The keys that it had before, as far as its `aliases` and its parent's tell."""
        for path, name in self._former():
            yield f"{path}::{name}"

    def _former(self) -> Iterator[tuple[str, str]]:
        for alias in self.opts.aliases or ():
            if isinstance(alias, str):
                path, _, name = alias.split("::", 2)[-1].partition("::")
                yield path, name
            elif isinstance(alias, pulumi.Alias):
                kind, name = _plain(alias.type_, self.type), _plain(alias.name, self.name)
                yield f"{self._former_parents(alias.parent)}{kind}", name
        if self.parent is not None:
            for path, name in self.parent._former():  # children follow a parent that was renamed, as in the SDK
                own = self.name
                if own.startswith(self.parent.name):
                    own = name + own[len(self.parent.name) :]
                yield f"{path}${self.type}", own

    def _former_parents(self, given: Any) -> str:
        """The part of a path that stands for parents, as an alias gives them."""
        if given is ...:
            return self.path[: -len(self.type)]
        if isinstance(given, str):
            return given.split("::", 2)[-1].partition("::")[0] + "$"
        if isinstance(given, pulumi.Resource) and given is not get_root_resource():
            return "".join(f"{resource.pulumi_resource_type}$" for resource in ancestors(given))
        return ""


def _plain(value: Any, otherwise: str) -> str:
    """A part of an alias that is given as text; an alias leaves out what stays."""
    return value if isinstance(value, str) else otherwise


def _path(parent: Declared | None, kind: str) -> str:
    return kind if parent is None else f"{parent.path}${kind}"


def ancestors(resource: pulumi.Resource) -> list[pulumi.Resource]:
    """The resource and its parents, the outermost first, the stack left out.

    A resource does not know its parent, but a parent its children.
    """
    everyone, found = alive(), [resource]
    while above := next((one for one in everyone if found[0] in children(one)), None):
        if above is get_root_resource():
            break
        found.insert(0, above)
    return found
