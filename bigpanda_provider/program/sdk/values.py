"""The values of inputs, and which of them are secret."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import Any

import pulumi
from pulumi import _types
from pulumi import output as sdk_output


def input_values(value: Any) -> Mapping[str, Any] | None:
    """What is in an object of an input type (an args class of a provider's SDK), untranslated; None for anything else.

    `pulumi._types` knows them. Closed: None, so the type alone counts in a digest, and its Outputs are not seen.
    """
    is_input_type = getattr(_types, "is_input_type", None)
    translate = getattr(_types, "input_type_to_untranslated_dict", None)
    if is_input_type is None or translate is None or not is_input_type(type(value)):
        return None
    values: Mapping[str, Any] = translate(value)
    return values


def when_secret(action: Callable[[Any], None]) -> bool:
    """Run the action with each value that becomes secret from now on; whether that is possible.

    The SDK makes an `_OutputData` for each Output whose value is known; its `__post_init__` is wrapped. `Output.secret`
    is wrapped too: a program may raise before any Output has its value. Closed: the caller looks at the secret outputs
    of resources.
    """
    data = getattr(sdk_output, "_OutputData", None)
    original = getattr(data, "__post_init__", None)
    if original is None:
        return False
    if hasattr(original, "watched_by_bigpanda"):
        return True
    derived = frozenset([*inner_code(pulumi.Output.all.__code__), *inner_code(pulumi.Output.apply.__code__)])
    secret = pulumi.Output.secret

    def __post_init__(self: Any) -> None:  # noqa: N807
        original(self)
        # A list or map that is put together is secret as soon as one part is; each part has been here before.
        if self.is_secret and (isinstance(self.value, str) or sys._getframe(2).f_code not in derived):
            action(self.value)

    @functools.wraps(secret)
    def noting(val: Any) -> Any:
        action(val)
        return secret(val)

    __post_init__.watched_by_bigpanda = True  # type: ignore[attr-defined]
    data.__post_init__ = __post_init__  # type: ignore[union-attr]
    pulumi.Output.secret = staticmethod(noting)  # type: ignore[method-assign]
    return True


def inner_code(code: CodeType) -> Iterator[CodeType]:
    """The code of the functions in a function."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from inner_code(constant)
