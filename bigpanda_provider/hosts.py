"""Which hosts some resources are, by the names that operators know them by.

A host's name is, the first that is found: what a `host_name` rule says; the input that names it, where that is a plain
value; what the last checkpoint says that the resource is called; its name in the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pulumi import _types

from .errors import DeclarationError
from .host_table import TABLE, Naming

Finder = Callable[[Mapping[str, Any]], "str | Sequence[str] | None"]
F = TypeVar("F", bound=Finder)

SECRET = "[secret]"  # noqa: S105 - what the engine shows in its place
"""Stands for a secret among the outputs in state; no name."""

_finders: dict[str, Finder] = {}
_rules: dict[str, tuple[str, ...]] = {}
_TYPE = re.compile(r"[^:\s]+:[^:\s]+:[^:\s]+")
_VERSION = re.compile(r"/v\d\w*(?=:)")


def host_name(resource_type: str, *inputs: str) -> Callable[[F], F]:
    """Define how a resource type names its host, for Deployments that are given no `hosts`.

    This rule is tried before the built-in ones. If the program does not know the value of an input, because it is an
    Output, the output of the same name from the last update is used.

        bigpanda.host_name("acme:compute:Server", "hostname")

        @bigpanda.host_name("acme:compute:Cluster")
        def nodes(inputs):
            return [node["name"] for node in inputs["nodes"]]

    Args:
        resource_type: the type as Pulumi shows it, such as "aws:ec2/instance:Instance".
        inputs: the inputs that may hold the name; the first one that does is used. Dots select from maps: "tags.Name".
            Omit them to decorate a function instead.

    Returns:
        A decorator for a function that takes the resource's inputs and returns a name, several names, or None.

    Raises:
        DeclarationError: `resource_type` is not a resource type.
    """
    if not _TYPE.fullmatch(resource_type):
        raise DeclarationError(
            f"host_name: {resource_type!r} is not a resource type; write the type as Pulumi shows it: "
            "aws:ec2/instance:Instance"
        )
    if inputs:
        _rules[resource_type] = inputs

    def decorate(finder: F) -> F:
        _finders[resource_type] = finder
        return finder

    return decorate


def names(
    resource_type: str, name: str, props: Mapping[str, Any], outputs: Mapping[str, Any] | None = None
) -> list[str] | None:
    """The hosts that a resource is; None where it is not known as one.

    Args:
        resource_type: its type.
        name: its name in the program.
        props: its inputs.
        outputs: its outputs in state; None where there are none yet.

    Raises:
        DeclarationError: a function that `host_name` decorated failed.
    """
    found = given(resource_type, name, props)
    if found is None:
        return None
    return found or otherwise(resource_type, name, called(resource_type, outputs or {})) or None


def given(resource_type: str, name: str, props: Mapping[str, Any]) -> list[str] | None:
    """The names that a rule or the inputs give; none where they give none, None where its type is not known as a host.

    The arguments and errors are those of `names`.
    """
    finder, naming = _finders.get(resource_type), _naming(resource_type)
    if finder is not None:
        try:
            told = finder(props)
            if isinstance(told, Mapping):
                raise TypeError("a map is neither a name nor a list of names")
            found = [host for host in ([told] if isinstance(told, str) else list(told or ())) if _usable(host)]
        except (Exception, SystemExit) as error:
            raise DeclarationError(
                f"host_name of {resource_type}: the function raised {type(error).__name__} for {name!r}"
            ) from error
        if found:
            return found
    if naming is None:
        return None if finder is None else []
    return _first(props, naming.inputs)


def called(resource_type: str, outputs: Mapping[str, Any]) -> str | None:
    """What its outputs in state say that the resource is called; None where they do not."""
    naming = _naming(resource_type)
    return next(iter(_first(outputs, () if naming is None else naming.in_state)), None)


def otherwise(resource_type: str, name: str, known: str | None) -> list[str]:
    """The names of a host that neither a rule nor an input names; none where it cannot be known which host it is.

    Args:
        resource_type: its type.
        name: its name in the program.
        known: what it is called; None where that is not known.
    """
    if known is not None:
        return [known]
    naming = _naming(resource_type)
    return [name] if naming is None or naming.is_always else []


def naming_outputs(resource_type: str) -> tuple[str, ...]:
    """The paths of the outputs that `called` looks at, as state spells them; none for what is not known as a host."""
    naming = _naming(resource_type)
    return () if naming is None else tuple(".".join(map(_camel, path.split("."))) for path in naming.in_state)


def named(keys: Iterable[str], names: Mapping[str, Iterable[str]]) -> list[str]:
    """The hosts among resources; where none is known as one, the names of all.

    Args:
        keys: the resources' keys: each one's URN without stack and project.
        names: the host names of those that are known as hosts.
    """
    found = list(keys)
    return sorted({host for key in found for host in names.get(key, ())} or {name_of(key) for key in found})


def name_of(key: str) -> str:
    """The name in a resource's key; a name may hold "::" itself, a type may not."""
    return key.partition("::")[2]


def described(key: str) -> str:
    """A resource by type and name, as people say it: `docker:Container web-1`."""
    return f"{_type_of(key)} {name_of(key)}"


def _type_of(key: str) -> str:
    """A resource's type, as short as people say it: `aws:ec2:Instance`, `docker:Container`."""
    package, module, name = [*key.partition("::")[0].rpartition("$")[2].split(":"), "", ""][:3]
    module = module.partition("/")[0]
    return ":".join(part for part in (package, "" if module == "index" else module, name) if part)


def wrapped_inputs(resource_type: str) -> tuple[str, ...]:
    """The inputs of a type that its SDK makes secret as a whole, and that hold its name."""
    naming = _naming(resource_type)
    return () if naming is None or naming.is_always else tuple(path.partition(".")[0] for path in naming.inputs)


def _naming(resource_type: str) -> Naming | None:
    """Where the type has its name, by the rules and the table; None where neither knows it as a host."""
    package, _, rest = resource_type.partition(":")
    known = resource_type
    if package == "azure-native":
        known = _VERSION.sub("", resource_type)
    elif package == "kubernetes" and rest.startswith(("apps/", "batch/", "core/")):
        known = _VERSION.sub("/v1", resource_type)
    naming, rule = TABLE.get(known), _rules.get(resource_type)
    if rule is None:
        return naming
    if naming is None:
        return Naming(rule)
    return Naming((*rule, *naming.inputs), (*rule, *naming.in_state))


def _first(props: Mapping[str, Any], paths: Iterable[str]) -> list[str]:
    """The first that holds a name; a list of none where none does."""
    return next(([value] for path in paths if _usable(value := _at(props, path))), [])


def _at(value: Any, path: str) -> Any:
    """What stands at a path of names; None where nothing does."""
    for part in path.split("."):
        if _types.is_input_type(type(value)):
            value = _types.input_type_to_untranslated_dict(value)
        if not isinstance(value, Mapping):
            return None
        value = value.get(part, value.get(_camel(part)))
    return value


def _camel(name: str) -> str:
    """The name as the engine and the provider's other SDKs have it: `node_group_name` is `nodeGroupName`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _usable(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value != SECRET
