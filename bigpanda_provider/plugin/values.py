"""Property values: as Pulumi's protocol has them, and as plain maps and lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue, PropertyValueType
from pulumi.provider.experimental.provider import PropertyDiffKind

Values = dict[str, PropertyValue]


def plain(value: PropertyValue) -> Any:
    """The value without its wrapping: numbers are floats, and what is unknown is the engine's marker."""
    inner = value.value
    if isinstance(inner, Mapping):
        return {name: plain(one) for name, one in inner.items()}
    if isinstance(inner, (list, tuple)):
        return [plain(one) for one in inner]
    return inner


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """The properties without their wrapping, those that are null left out."""
    return {name: plain(value) for name, value in values.items() if value.value is not None}


def wrapped(value: Any, *, secret: bool = False) -> PropertyValue:
    """A plain value as the protocol has it."""
    if isinstance(value, Mapping):
        inner: Any = {name: wrapped(one) for name, one in value.items() if one is not None}
    elif isinstance(value, (list, tuple)):
        inner = [wrapped(one) for one in value]
    elif isinstance(value, int) and not isinstance(value, bool):
        inner = float(value)  # the protocol has no whole numbers
    else:
        inner = value
    return PropertyValue(inner, is_secret=secret)


def wrapped_map(values: Mapping[str, Any], secrets: Collection[str] = ()) -> Values:
    """Plain properties as the protocol has them, those named secret."""
    return {name: wrapped(one, secret=name in secrets) for name, one in values.items() if one is not None}


def secret_names(values: Mapping[str, PropertyValue]) -> list[str]:
    """The names of the properties that are secret, or hold something that is."""
    return [name for name, value in values.items() if value.contains_secret()]


def changes(names: Iterable[str], olds: Values, news: Values) -> dict[str, PropertyDiffKind]:
    """What becomes of each of the properties that are named."""
    return {name: _kind(_has(name, olds), _has(name, news)) for name in names}


def _has(name: str, values: Values) -> bool:
    return name in values and values[name].type is not PropertyValueType.NULL


def _kind(before: bool, after: bool) -> PropertyDiffKind:
    if before == after:
        return PropertyDiffKind.UPDATE
    return PropertyDiffKind.ADD if after else PropertyDiffKind.DELETE
