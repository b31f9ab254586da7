"""What Pulumi calls secret in the program's process: each text of it, for masking.

A secret may be put together with other text (`Output.concat("postgres://u:", password, "@h")`), and an error may show
it alone. Only the whole reaches a resource, so each part is noted when it becomes secret, which costs nothing where
nothing is secret. What is in a secret value is looked at when something fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import json
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

import pulumi

from ..dataclass import dataclass
from .sdk.resources import outputs
from .sdk.values import when_secret

_PASSWORD = re.compile(r"://[^\s/?#@:]*:([^\s/?#@]+)@")
"""The password in an address; masked alone too, since errors name it so."""


@dataclass
class _Noted:
    """What is secret in one program.

    Attributes:
        values: secret values that nobody has looked into yet.
        texts: the texts that are known.
    """

    values: list[Any] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)


_programs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Noted] = weakref.WeakKeyDictionary()
"""By the program's event loop: two programs may run in two threads of one process."""


@functools.cache
def watch() -> bool:
    """Note each value that becomes secret from now on; whether that is possible."""
    return when_secret(lambda value: _note(value))


def seen(resources: Iterable[pulumi.Resource] = ()) -> frozenset[str]:
    """The texts of every secret that this program has seen.

    Args:
        resources: the program's resources; where nothing could be noted, their secret outputs are all that is known.
    """
    noted = _programs.setdefault(asyncio.get_event_loop(), _Noted())
    values, noted.values = noted.values, []
    if not watch():
        values += [value for resource in resources for value in _outputs(resource)]
    for value in values:
        noted.texts.update(texts_in(value))
    return frozenset(noted.texts)


def texts_in(value: Any) -> Iterator[str]:
    """The texts and numbers in a secret value, and those in JSON, and passwords in addresses, that a text of it is.

    What an Output in it holds is noted for itself.
    """
    left: list[Any] = [value]
    known: dict[int, Any] = {}
    while left:
        one = left.pop()
        if isinstance(one, bytes):
            one = one.decode("utf-8", "replace")
        if isinstance(one, str):
            yield one
            yield from _PASSWORD.findall(one)
            left += _parsed(one)
        elif isinstance(one, (int, float)):
            yield from _digits(one)
        elif one is not None and id(one) not in known and not isinstance(one, (pulumi.Output, pulumi.Resource)):
            known[id(one)] = one
            with contextlib.suppress(Exception):  # an object of the user's that cannot be looked into
                left += _items(one)


def _digits(number: float) -> set[str]:
    """The number as it may be written; a boolean in a secret says nothing alone."""
    if isinstance(number, bool):
        return set()
    with contextlib.suppress(ValueError, OverflowError):  # it is infinite, or has more digits than Python writes
        return {str(number), str(int(number)) if number == int(number) else str(number)}
    return set()


def _items(value: Any) -> Iterable[Any]:
    """What is in a list, a map, or an object that holds properties, as results of functions and assets do."""
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    return vars(value).values() if hasattr(value, "__dict__") and not callable(value) else ()


def _parsed(text: str) -> list[Any]:
    if not text.lstrip().startswith(("{", "[", '"')):
        return []
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        return []


def _note(value: Any) -> None:
    with contextlib.suppress(RuntimeError):  # no program runs in this thread
        _programs.setdefault(asyncio.get_event_loop(), _Noted()).values.append(value)


def _outputs(resource: pulumi.Resource) -> Iterator[Any]:
    """The values of a resource's secret outputs, as far as they are known now."""
    for output in outputs(resource):
        if _now(output.is_secret()):
            yield _now(output.future())


def _now(coroutine: Any) -> Any:
    """What a coroutine returns, if it does so without waiting; else None. It is never waited for."""
    try:
        coroutine.send(None)
    except StopIteration as returned:
        return returned.value
    except Exception:  # noqa: BLE001 - its resource failed
        return None
    finally:
        if inspect.getcoroutinestate(coroutine) != inspect.CORO_CLOSED:
            coroutine.close()
    return None
