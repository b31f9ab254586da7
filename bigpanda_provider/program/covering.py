"""Which scope covers which resource: every constructor of the program comes by here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi.runtime import get_root_resource, register_stack_transformation

from ..state import OWN_TYPES
from .declared import Declared, ancestors
from .origins import Origins, Owners
from .scope import Scope, entered
from .sdk.resources import alive, inherit, is_registered

if TYPE_CHECKING:
    from .hooks import NoHooks

NOT_COVERED = ("pulumi:providers:", "pulumi:pulumi:Stack", "pulumi:pulumi:StackReference")
"""The beginnings of the types that are not covered: providers, and what is only looked at."""


class Covering:
    """The resources of a run, and what covers each.

    Args:
        hooks: the hooks of the resources.

    Attributes:
        resources: every resource declared since this package was imported, in order.
        rest: the scope of what no other scope covers; None where there is none.
    """

    def __init__(self, hooks: NoHooks) -> None:
        self.resources: list[pulumi.Resource] = []
        self.rest: Scope | None = None
        self._hooks = hooks
        self._of_deployments: dict[int, Scope] = {}
        self._declarations: dict[int, Declared] = {}
        self._scopes: dict[int, Scope] = {}
        self._covered: dict[str, tuple[Scope, Declared]] = {}
        self._owners = Owners()
        self._unlearned: list[Declared] = []

    def begin(self, root: pulumi.Resource) -> None:
        """See every resource of the stack `root` from here on."""
        register_stack_transformation(self._transform)
        for early in alive():
            if early is not root:  # it has a copy of the stack's transformations, which its children inherit
                inherit(early, self._transform)

    def begin_scope(self, scope: Scope) -> None:
        """Know a Deployment's scope from its declaration on: `complete` may name what depends on it."""
        self._of_deployments[id(scope.deployment)] = scope

    def cover(self, scope: Scope, resource: pulumi.Resource) -> None:
        """Take a resource that was named by hand into a scope; it counts for that one alone."""
        declared = self._declaration(resource)
        if id(resource) in self._scopes:
            self._scopes[id(resource)].hand_over(declared)
        self._scopes[id(resource)] = scope
        scope.add(resource, declared)
        self._covered[declared.key] = (scope, declared)

    def find(self, key: str) -> tuple[Scope, Declared] | None:
        """The covered resource of this key, and its scope."""
        return self._covered.get(key)

    def may_be_tried_again(self, key: str) -> bool:
        """Whether a resource has an error hook of the user's, which may have the engine try it again."""
        return any(one.key == key and one.has_error_hook for one in self._declarations.values())

    def declared_before(self) -> list[str]:
        """The names of the resources that have been declared so far and are not covered."""
        free = [one for one in self._declarations.values() if id(one.resource) not in self._scopes]
        known = [(one.name, one.type) for one in free]
        early = [one for one in alive() if id(one) not in self._declarations and one is not get_root_resource()]
        known += [(one.pulumi_resource_name, one.pulumi_resource_type) for one in early]
        return sorted(name for name, kind in known if not kind.startswith((*NOT_COVERED, OWN_TYPES)))

    def origins(self) -> Origins:
        """Which resources Outputs come from."""
        self._owners.learn(one for one in self._unlearned if is_registered(one.resource))
        self._unlearned = [one for one in self._unlearned if not is_registered(one.resource)]
        return Origins(self._owners, self._declarations)

    def _transform(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        """Runs in every resource's constructor: notes the resource, and makes it wait for the start that covers it."""
        if _is_only_read(args):
            return None
        ours = args.type_.startswith(OWN_TYPES)
        parent = args.opts.parent
        above = None if parent is None or parent is get_root_resource() else self._declaration(parent)
        declared = Declared.of(args, above)
        self._declarations[id(args.resource)] = declared
        self._unlearned.append(declared)
        self.resources.append(args.resource)
        scope = entered() or self._scopes.get(id(parent)) or self.rest
        if scope is not None and (args.resource is scope.deployment or (ours and parent is scope.deployment)):
            scope = None
        own = pulumi.ResourceOptions(depends_on=[])
        if declared.is_custom and not ours:
            own.hooks = self._hooks.on_error
        if scope is not None:
            own.depends_on = [scope.deployment if scope.registered is None else scope.registered]
            self._take_in(scope, declared, ours=ours)
        else:
            scope = self._by_hand(args.opts)
            if scope is None and own.hooks is None:
                return None
        merged = pulumi.ResourceOptions.merge(args.opts, own)
        if scope is not None and scope.watch and declared.is_custom and not ours:
            merged.hooks = self._hooks.with_look(merged.hooks, scope, declared)
        return pulumi.ResourceTransformationResult(args.props, merged)

    def _by_hand(self, opts: pulumi.ResourceOptions) -> Scope | None:
        """The scope of a Deployment that a resource depends on by its options: `complete` may cover it later."""
        given = opts.depends_on
        listed = given if isinstance(given, (list, tuple)) else [given]
        return next((self._of_deployments[id(one)] for one in listed if id(one) in self._of_deployments), None)

    def _take_in(self, scope: Scope, declared: Declared, *, ours: bool) -> None:
        self._scopes[id(declared.resource)] = scope
        self._covered[declared.key] = (scope, declared)
        if not scope.ended:
            scope.add(declared.resource, None if ours else declared)
        elif declared.is_custom:
            pulumi.log.warn(
                f'"{declared.name}" is declared after the end of Deployment "{scope.deployment.pulumi_resource_name}", '
                "in an apply: it waits for the start, but the end does not wait for it; declare it outside the apply, "
                "or use bigpanda.record_program()"
            )

    def _declaration(self, resource: pulumi.Resource) -> Declared:
        """The resource as it was declared; where nobody looked then, what can be told of it now."""
        if id(resource) not in self._declarations:
            above: Declared | None = None
            for one in ancestors(resource):
                if id(one) not in self._declarations:
                    self._declarations[id(one)] = Declared.unseen(one, above)
                    self._unlearned.append(self._declarations[id(one)])
                above = self._declarations[id(one)]
        return self._declarations[id(resource)]


def _is_only_read(args: pulumi.ResourceTransformationArgs) -> bool:
    """Providers, and what is looked up instead of made."""
    return args.type_.startswith(NOT_COVERED) or args.opts.id is not None or args.opts.urn is not None
