"""What the provider process has once: its settings, delivery and guard, shared by both providers."""

from __future__ import annotations

import contextlib
import os
import pathlib
import threading
import time
from collections.abc import Collection
from typing import Any

from pulumi.dynamic import Config

from ..bigpanda import certificate
from ..bigpanda.events import StartEvent, read
from ..delivery.attempt import Attempt, Previous, Recorded, State
from ..delivery.delivery import Delivery
from ..delivery.outbox import Outbox, default_path
from ..errors import DeliveryError, SettingError
from ..settings import KEYS, NAMESPACE, Mode, Settings
from . import sdk
from .guard import Guard

_shared: Service | None = None
_lock = threading.Lock()


class Service:
    """Settings, delivery and guard of this process.

    Attributes:
        wrong_setting: what is wrong with the settings; None where nothing is.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.wrong_setting: str | None = None
        try:
            folder = certificate.project_folder(pathlib.Path.cwd())
            settings = Settings.resolve(config, os.environ, folder=folder)
            certificate.check(settings)
        except SettingError as error:
            self.wrong_setting = str(error)
            settings = Settings.resolve({"bigpanda:delivery": Mode.OFF.value}, {})
        self.delivery = Delivery(settings, Outbox(default_path(os.environ), keep_open=True))
        self.guard = Guard(self.delivery)
        sdk.on_engine_gone(self.guard.engine_gone)
        self._ended: dict[str, Attempt] = {}
        self._events: dict[tuple[str, str, frozenset[str]], str] = {}

    @classmethod
    def shared(cls, config: Config) -> Service:
        """The one of this process, made from the config of its first use; a process has one stack's config."""
        global _shared
        with _lock:
            if _shared is None:
                sdk.count_cancels(time.time)
                sdk.show_errors_as_sentences()
                names = [f"{NAMESPACE}:{key}" for key in KEYS]
                _shared = cls({name: value for name in names if (value := config.get(name)) is not None})
            return _shared

    @property
    def off(self) -> bool:
        """Whether nothing is to be sent."""
        return self.delivery.mode is Mode.OFF

    def warn_without_token(self) -> None:
        """Warn where there is something to send and no token."""
        self.delivery.sender.warn_without_token()

    def same_event(self, _stack: str, name: str, event: dict[str, Any]) -> str | None:
        """The name of another Deployment of this run with the same component, version and hosts; None if there is none.

        BigPanda joins an end with its start by these three, so two that share them cannot be told apart.
        """
        start = read(StartEvent, event)
        key = (start.component, start.version, frozenset(start.hosts))
        other = self._events.setdefault(key, name)
        return None if other == name else other

    def left_open(self, stack: str, name: str) -> bool:
        """Whether an earlier run of this machine left an attempt of the Deployment open or waiting."""
        return self.delivery.left_open(stack, name)

    def previous(self, inputs: dict[str, Any]) -> Previous | None:
        """The input `previous`; where state holds no end of the attempt, as this machine's outbox knows it.

        The Completion does not hold the end where it was no target of the update, and where the guard sent it.
        """
        previous = Previous.from_inputs(inputs)
        if previous is None or previous.status is not None:
            return previous
        return self.delivery.ledger.how_it_ended(previous.attempt) or previous

    def end_outputs(self, attempt: Attempt, secrets: Collection[str] = ()) -> dict[str, Any]:
        """What a Completion stores of an attempt's end.

        Args:
            attempt: the attempt.
            secrets: which of its properties are secret: these are encrypted in state, a sentence is not.
        """
        assert attempt.end is not None
        assert attempt.end_state is not None
        outputs = {**attempt.end.payload(), "delivery": attempt.end_state.value}
        if self.delivery.mode is Mode.REQUIRED and attempt.end_state is State.QUEUED:
            outputs["undelivered"] = (
                f"the end of {attempt.start.named(secrets)} did not get through, and delivery is required; the next "
                f"update sends it: {self.delivery.sender.trouble}"
            )
        return outputs

    def note_end(self, attempt: Attempt) -> None:
        """Remember that state carries the end of an attempt, while its Deployment is still to be deleted."""
        self._ended[attempt.id] = attempt
        self.delivery.note_end(attempt)

    def end_deleted(self, stack: str, name: str, last: Recorded, *, secret: bool) -> None:
        """End what is open of a Deployment that is deleted, and send what waits of it."""
        known = self._ended.get(last.attempt.id)
        previous = Previous(last.attempt.id)
        if known is not None:
            previous = Previous(known.id, known.status, known.end_state, known.reason)
        with contextlib.suppress(DeliveryError):  # it waits in the outbox; a delete does not fail for it
            self.delivery.resend(stack, name, last.attempt, last.left_behind(previous), secret=secret, deleted=True)
