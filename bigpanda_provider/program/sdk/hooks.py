"""The hooks of a resource, at less cost."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import pulumi
from pulumi.runtime import _callbacks as sdk_callbacks
from pulumi.runtime.proto import callback_pb2, resource_pb2


class LateHooks(list[Any]):
    """Hooks of which the last is left out if that turns out to be right by the time the resource is registered.

    The SDK goes through the list after it has waited for what the resource depends on. Closed (it copies the list, or
    goes through it earlier): the hook is there, which is right as well, but costs a call.

    Args:
        others: the hooks before it; may be None.
        last: the hook.
        is_needless: whether it can be left out, asked when the list is gone through.
    """

    def __init__(self, others: Iterable[Any] | None, last: Any, is_needless: Callable[[], bool]) -> None:
        super().__init__([*(others or ()), last])
        self._is_needless = is_needless

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(super().__iter__(), len(self) - self._is_needless())


class _Answer:
    """Answers the engine's calls of a hook.

    Args:
        action: called with the resource's URN and name; what it raises fails the change, as in a hook.
    """

    def __init__(self, action: Callable[[str, str], Awaitable[None]]) -> None:
        self._action = action

    async def __call__(self, asked: bytes) -> resource_pb2.ResourceHookResponse:
        request = resource_pb2.ResourceHookRequest.FromString(asked)
        try:
            await self._action(request.urn, request.name)
        except Exception as error:  # noqa: BLE001 - the engine tells it, as that of a hook
            return resource_pb2.ResourceHookResponse(error=str(error))
        return resource_pb2.ResourceHookResponse()


async def skip_arguments(hook: pulumi.ResourceHook, action: Callable[[str, str], Awaitable[None]]) -> bool:
    """Have the engine call an action in place of a hook, without the resource's properties; whether that is possible.

    For each call the SDK takes apart the properties of the resource, old and new, inputs and outputs: 15 ms for a
    Kubernetes manifest of 12 kB. What answers the engine is among the `_callbacks` of a servicer, and has the hook
    among its variables. It is replaced as soon as it is there, before a resource with the hook is registered. Closed:
    the hook is called as any other.

    Args:
        hook: the hook, which has just been made.
        action: as in `_Answer`.
    """
    with contextlib.suppress(Exception):
        await getattr(hook, "_registered")  # noqa: B009
        for servicer in sdk_callbacks._CallbackServicer._servicers:
            for token, callback in list(servicer._callbacks.items()):
                if inspect.isfunction(callback) and inspect.getclosurevars(callback).nonlocals.get("hook") is hook:
                    servicer._callbacks[token] = _Answer(action)
                    return True
    return False


def skip_log_of_hooks() -> bool:
    """Have no line written to the engine's log for each call that `skip_arguments` answers; whether that is possible.

    The event loop waits for the engine while the SDK writes such a line: 1.8 ms for each resource that changes.
    `_CallbackServicer.Invoke` writes it, and is wrapped for the servicers that are made from now on. Closed, or where
    the program has made its servicer before, by a hook or a transform of its own: the lines are written.
    """
    servicer = getattr(sdk_callbacks, "_CallbackServicer", None)
    original = getattr(servicer, "Invoke", None)
    if original is None:
        return False
    if not hasattr(original, "held_by_bigpanda"):

        @functools.wraps(original)
        async def invoke(self: Any, request: Any, context: Any) -> Any:
            answer = self._callbacks.get(request.token)
            if not isinstance(answer, _Answer):
                return await original(self, request, context)
            response = await answer(request.request)
            return callback_pb2.CallbackInvokeResponse(response=response.SerializeToString())

        invoke.held_by_bigpanda = True  # type: ignore[attr-defined]
        servicer.Invoke = invoke  # type: ignore[union-attr]
    return True
