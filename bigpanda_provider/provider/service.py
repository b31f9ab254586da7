"""What the provider process has once: its settings, delivery and guard, shared by both providers."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from .. import state
from ..bigpanda import certificate
from ..bigpanda.events import Context, StartEvent, read
from ..delivery.attempt import Attempt
from ..delivery.delivery import Delivery
from ..delivery.holder import running_s
from ..delivery.outbox import Outbox
from ..errors import DeliveryError, SettingError
from ..settings import Mode, Settings
from .guard import Guard
from .last import Last
from .telling import counted_down, tell, urn, warn

if TYPE_CHECKING:
    from ..delivery.git import Checkout

_shared: Service | None = None
_lock = threading.Lock()


class Service:
    """Settings, delivery and guard of this process.

    Args:
        config: the stack's config, keys with their namespace.
        arguments: what an explicit provider is given, by config key; None where this is no explicit provider.
        kind: the type of its Deployments.

    Attributes:
        wrong_setting: what is wrong with the settings; None where nothing is.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        arguments: Mapping[str, Any] | None = None,
        kind: str = state.DEPLOYMENT_TYPE,
    ) -> None:
        self.wrong_setting: str | None = None
        try:
            folder = certificate.project_folder(pathlib.Path.cwd())
            settings = Settings.resolve(config, os.environ, folder=folder, arguments=arguments)
            certificate.check(settings)
        except SettingError as error:
            self.wrong_setting = str(error)
            settings = Settings.resolve({"bigpanda:delivery": Mode.OFF.value}, {})
        self._settings = settings
        self._timeout_s = settings.timeout_seconds.value
        # The first Deployment's `configure` makes this. A reason that was noted while the process loaded its modules
        # belongs to this update too.
        self.delivery = Delivery(settings, Outbox.of(os.environ, warn), warn, running_s=running_s())
        self._kind = kind
        self.guard = Guard(self.delivery, self.tell)
        self.guard.watch()
        self._ended: dict[str, Attempt] = {}
        self._events: dict[tuple[str, str, frozenset[str]], str] = {}

    @classmethod
    def shared(cls, config: Mapping[str, Any]) -> Service:
        """The one of this process, made from the config of its first use; a process has one stack's config."""
        global _shared
        with _lock:
            if _shared is None:
                _shared = cls(config)
                # All that is loaded by now stays until the process ends. Without this, Python's garbage collection
                # would look through it then, which takes 0.1 s, and the engine waits for the process.
                gc.freeze()
            return _shared

    @property
    def off(self) -> bool:
        """Whether nothing is to be sent."""
        return self.delivery.mode is Mode.OFF

    def counted_down(self, stack: str, name: str) -> AbstractContextManager[None]:
        """While the block sends an event of this Deployment, show how much longer BigPanda is waited for."""
        return counted_down(self._timeout_s, urn(stack, name, self._kind))

    def tell(self, sentence: str, stack: str, name: str) -> threading.Event:
        """Show a line at a Deployment; the event that is returned is set once it is shown."""
        return tell(sentence, urn(stack, name, self._kind))

    def warn_without_token(self) -> None:
        """Warn where there is something to send and no token."""
        self.delivery.sender.warn_without_token()

    def same_event(self, name: str, event: dict[str, Any]) -> str | None:
        """The name of another Deployment of this run with the same component, version and hosts; None if there is none.

        The Deployments API joins an end with its start by these three, so two that share them cannot be told apart.
        """
        if self.delivery.sender.says_all(self.delivery.sender.api):
            return None
        start = read(StartEvent, event)
        key = (start.component, start.version, frozenset(start.hosts))
        other = self._events.setdefault(key, name)
        return None if other == name else other

    @cached_property
    def _look(self) -> Callable[[pathlib.Path], Checkout | None]:
        """Asks git about a folder, once: this process lives for one update."""
        from ..delivery.git import checkout

        return cache(checkout)

    def context(self, props: Mapping[str, Any], before: str | None) -> Context:
        """What a start carries beside its properties.

        Args:
            props: the Deployment's checked inputs.
            before: the version that was deployed before; None where that is not known, or not to be told.
        """
        from ..delivery.found import Occasion, context  # an update without a start needs none of it

        previous_version = None if before == state.VERSION.of(props) else before
        stack, touched = str(state.STACK.of(props) or ""), state.TOUCHED.of(props) or ""
        occasion = Occasion(stack, pathlib.Path.cwd(), previous_version, touched)
        return context(self._settings, os.environ, occasion, self._look)

    def end_outputs(self, attempt: Attempt, secrets: Collection[str] = ()) -> dict[str, Any]:
        """What a Completion stores of an attempt's end.

        Args:
            attempt: the attempt, which has its end.
            secrets: which of its properties are secret: these are encrypted in state, a sentence is not.
        """
        event, end = attempt.end_event, attempt.end
        assert event is not None
        assert end is not None
        told = self.delivery.undelivered(attempt, secrets)
        return {**event.stored(), **state.DELIVERY.to(end.delivery.value), **state.UNDELIVERED.to(told)}

    def note_end(self, attempt: Attempt) -> None:
        """Remember that state carries the end of an attempt, while its Deployment is still to be deleted."""
        assert attempt.end is not None
        self._ended[attempt.id] = attempt
        self.delivery.note_end(attempt.id, attempt.end)

    def end_deleted(self, stack: str, name: str, last: Last, *, secret: bool) -> None:
        """End what is open of a Deployment that is deleted, and send what waits of it."""
        known = self._ended.get(last.attempt.id, replace(last.attempt, start=None))
        with contextlib.suppress(DeliveryError):  # it waits in the outbox; a delete does not fail for it
            self.delivery.resend(stack, name, last.attempt, last.left(known), secret=secret, deleted=True)
