"""What an Output comes from.

All that an Output knows comes as one future, and is known once the engine has answered, which is too late here. Until
then the future is the task of a coroutine of the SDK's, and what that awaits is among its variables.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pulumi

from .values import inner_code, input_values


def state_of(output: pulumi.Output[Any]) -> asyncio.Future[Any] | None:
    """The future of all that an Output knows: `_data`.

    Closed: None; what takes the Output is affected by no other resource's change.
    """
    state = getattr(output, "__dict__", {}).get("_data")
    return state if asyncio.isfuture(state) else None


def own_states(resource: pulumi.Resource) -> list[asyncio.Future[Any]]:
    """The futures of those Outputs that the engine's answer for this resource gives their values.

    They are `urn` and `id`, and the Outputs among its attributes that were made by the constructor of `Output`; all
    others are derived. Closed: those of all its Outputs; a derived one belongs to the resource that holds it.
    """
    made = frozenset(inner_code(pulumi.Output.__init__.__code__))
    found = []
    for name, value in list(getattr(resource, "__dict__", {}).items()):
        state = state_of(value) if isinstance(value, pulumi.Output) else None
        if state is None:
            continue
        if not made or name in ("urn", "id") or getattr(_coroutine(state), "cr_code", None) in made:
            found.append(state)
    return found


def behind(state: asyncio.Future[Any]) -> tuple[Iterable[pulumi.Resource], list[asyncio.Future[Any]]]:
    """One step back from an Output's future: the resources that it is known to come from, and futures that it awaits.

    It is known once it is resolved. Before, the coroutine's own variables of the functions around it are looked at
    (`Output.apply` has `self` there, `Output.all` its parts), and where one is a callback of the SDK's, its variables
    too (`Output.from_input` has the values of a map there). A callback of the program's is not looked into. Closed:
    neither; what takes the Output is affected by no other resource's change.
    """
    if state.done():
        with contextlib.suppress(AttributeError):
            if not state.cancelled() and state.exception() is None:
                return frozenset(state.result().resources), []
        return (), []
    coroutine = _coroutine(state)
    frame = getattr(coroutine, "cr_frame", None)
    if not inspect.iscoroutine(coroutine) or frame is None or not _of_sdk(frame.f_globals):
        return (), []
    variables = inspect.getcoroutinelocals(coroutine)
    return (), [one for name in coroutine.cr_code.co_freevars for one in _states(variables.get(name))]


def wrapped(output: Any) -> Mapping[str, Any]:
    """The texts in a map or an args class of which a provider's SDK has made a secret Output; none for anything else.

    The connection of a remote command is such an input, and its host is no secret. Only what the program gave as it is
    counts: not the parts that are Outputs themselves. It is asked in the constructor of the resource, before anything
    has run: the variables of `Output.secret`, `Output.from_input` and `Output.all` have it. Closed: none, so such a
    command is no known host.
    """
    with contextlib.suppress(Exception):
        inner = _variables(state_of(output))["o"]
        applied = _variables(state_of(inner))
        parts = _variables(state_of(applied["self"]))["all_outputs"]
        if isinstance(parts, list):  # of a map: its keys are taken first
            values = inspect.getclosurevars(applied["func"]).nonlocals["values"]
            return {_constant(key): one for key, one in zip(parts, values, strict=True) if isinstance(one, str)}
        return {name: part for name, one in parts.items() if isinstance(part := _constant(one), str)}
    return {}


def _variables(state: asyncio.Future[Any] | None) -> Mapping[str, Any]:
    return {} if state is None else inspect.getcoroutinelocals(_coroutine(state))


def _constant(output: pulumi.Output[Any]) -> Any:
    """The value of an Output that was made from a plain one; None for any other."""
    state = state_of(output)
    return state.result().value if state is not None and state.done() and _coroutine(state) is None else None


def _coroutine(state: asyncio.Future[Any]) -> Any:
    """What the task runs; None where the future is no task."""
    return state.get_coro() if isinstance(state, asyncio.Task) else None


def _states(value: Any) -> Iterator[asyncio.Future[Any]]:
    """The futures that stand anywhere in a variable of the SDK's."""
    if isinstance(value, pulumi.Output):
        state = state_of(value)
        if state is not None:
            yield state
    elif asyncio.isfuture(value):
        yield value
    elif isinstance(value, Mapping):
        for inner in (*value.keys(), *value.values()):
            yield from _states(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _states(inner)
    elif inspect.isfunction(value):
        if _of_sdk(value.__globals__):
            for cell in value.__closure__ or ():
                with contextlib.suppress(ValueError):  # an empty cell
                    yield from _states(cell.cell_contents)
    elif (values := input_values(value)) is not None:
        yield from _states(values)


def _of_sdk(names: Mapping[str, Any]) -> bool:
    """Whether these are the global names of a module of the SDK."""
    return str(names.get("__name__")).startswith("pulumi.")
