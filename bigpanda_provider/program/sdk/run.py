"""A run of a program: when it begins and ends, and what it still waits for."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pulumi
from pulumi.runtime import get_root_resource, mocks, settings
from pulumi.runtime import stack as sdk_stack

from ...dataclass import dataclass


def under_mocks() -> bool:
    """Whether `pulumi.runtime.set_mocks` stands in for the engine: the end of a program is not seen then.

    The SDK keeps what speaks to the engine in `SETTINGS.monitor`. Closed: there are no mocks.
    """
    mock, store = getattr(mocks, "MockMonitor", None), getattr(settings, "SETTINGS", None)
    return mock is not None and isinstance(getattr(store, "monitor", None), mock)


def when_run_begins(action: Callable[[], object]) -> bool:
    """Run the action whenever a program begins in this process, before its first statement; whether that is possible.

    The stack is the program's first resource: the constructor of `Stack` is wrapped. Closed: what is declared before
    the first Deployment is found by `alive`, and only its children are seen.
    """
    stack = getattr(sdk_stack, "Stack", None)
    if stack is None:
        return False
    original = stack.__init__

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        with contextlib.suppress(Exception):  # a program that has no Deployment is not to know of it
            action()

    stack.__init__ = wrapped
    return True


def has_ended(root: pulumi.Resource) -> bool:
    """Whether the program's last statement has run: a callback of an Output may declare a Deployment afterwards.

    The stack notes in `_outputs_registered` that its outputs are registered. Closed: it has not ended; the scope of
    such a Deployment is closed once nothing is in flight, and the provider's guard ends it.
    """
    return getattr(root, "_outputs_registered", False) is True


def when_program_ends(root: pulumi.Resource, action: Callable[[BaseException | None], None]) -> bool:
    """Run the action once the program's last statement has run, with the error that it ended with.

    Whether that is possible: the SDK calls `register_outputs` of the stack then, also after an exception and
    `sys.exit`; it is wrapped on the instance. Closed: scopes that are not left are closed once nothing is in flight,
    and the provider's guard ends what is still open.
    """
    original = getattr(root, "register_outputs", None)
    if original is None:
        return False

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        action(sys.exc_info()[1])
        return original(*args, **kwargs)

    root.register_outputs = wrapped  # type: ignore[attr-defined]
    return True


@dataclass(frozen=True)
class Steps:
    """What a run does once everything that its program has begun is done.

    Attributes:
        next: takes the next step, given the error of a callback that raised; says whether there was one to take.
        finish: the last one.
        abandon: instead of it, where the program is broken off, as by Ctrl-C.
    """

    next: Callable[[BaseException | None], bool]
    finish: Callable[[], Awaitable[None]]
    abandon: Callable[[], None]


_steps: weakref.WeakKeyDictionary[pulumi.Resource, Steps] = weakref.WeakKeyDictionary()
"""By the stack of the run: two programs may run in two threads of one process."""


def when_settled(root: pulumi.Resource, steps: Steps) -> bool:
    """Take the next step once everything that the program has begun is done, then wait again, as long as there is one.

    Whether that is possible: `wait_for_rpcs` of the SDK is wrapped. Closed: the caller does at the program's end what
    it would do then, and what it leaves open is ended by the provider's guard.
    """
    original = getattr(sdk_stack, "wait_for_rpcs", None)
    if original is None:
        return False
    _steps[root] = steps
    if not hasattr(original, "held_by_bigpanda"):
        held = _held(original)
        held.held_by_bigpanda = True  # type: ignore[attr-defined]
        sdk_stack.wait_for_rpcs = held
    return True


def _held(original: Callable[..., Any]) -> Callable[..., Any]:
    """The SDK's wait, with the steps of the run between."""

    async def wait_for_rpcs(*args: Any, **kwargs: Any) -> None:
        # Registrations are on the SDK's list once the loop has gone round. Before, it finds none, and waits for
        # every single output of theirs instead: with hooks, at a cost that is the square of their number.
        await asyncio.sleep(0)
        root = get_root_resource()
        steps = _steps.get(root) if root is not None else None
        if steps is None:
            await original(*args, **kwargs)
            return
        try:
            raised = await _taken(steps, lambda: original(*args, **kwargs))
        except BaseException:
            steps.abandon()
            raise
        if raised is not None:
            raise raised

    return wait_for_rpcs


async def _taken(steps: Steps, wait: Callable[[], Awaitable[None]]) -> Exception | None:
    """Wait, and take each step once all is done; the first error is the user's own."""
    raised: Exception | None = None
    more = True
    while more:
        try:
            await wait()
        except Exception as error:  # noqa: BLE001 - returned: every step has its turn
            raised = raised or error
        try:
            more = steps.next(raised)
        except Exception as error:  # noqa: BLE001 - the same
            raised = raised or error
    try:
        await steps.finish()
    except Exception as error:  # noqa: BLE001 - the same
        raised = raised or error
    return raised


def outstanding() -> frozenset[asyncio.Future[Any]]:
    """The Outputs whose value, or whose callback, is still to come: the SDK waits for them before the program's end.

    It keeps them in `SETTINGS.outputs`. Closed: none is known, and a callback that raises makes no scope a failure.
    """
    return frozenset(getattr(getattr(settings, "SETTINGS", None), "outputs", ()))


class Calls:
    """The calls that are in flight to the engine: the SDK makes each in the event loop's executor.

    `run_in_executor` is wrapped on the instance of the loop. Closed (a loop that is written in C takes no attribute):
    none is in flight, so a scope that a slow call is made in may be closed early, with a warning.

    Attributes:
        count: how many are in flight.
        made: how many there have been.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.count = 0
        self.made = 0
        original = loop.run_in_executor

        def run_in_executor(*args: Any) -> Any:
            future = original(*args)
            self.count += 1
            self.made += 1
            future.add_done_callback(self._done)
            return future

        with contextlib.suppress(AttributeError):
            loop.run_in_executor = run_in_executor  # type: ignore[method-assign, assignment]

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Calls:
        """Those of this event loop."""
        if loop not in _calls:
            _calls[loop] = cls(loop)
        return _calls[loop]

    def _done(self, _future: Any) -> None:
        self.count -= 1


_calls: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Calls] = weakref.WeakKeyDictionary()
