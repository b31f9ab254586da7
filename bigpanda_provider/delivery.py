"""Brings events to BigPanda from the provider process: a BigPanda that does not answer never fails the update."""

from __future__ import annotations

import enum

from .client import BigPandaClient
from .errors import DeliveryError
from .events import EndEvent, StartEvent
from .log import warn
from .settings import TOKENLESS, Settings


class Delivered(str, enum.Enum):
    """What became of an event."""

    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery:
    """Sends events with the given settings, one after the other."""

    def __init__(self, settings: Settings) -> None:
        token = settings.token.value
        self._client = token and BigPandaClient(settings.base_url.value, token, settings.timeout_seconds.value)

    def start(self, event: StartEvent) -> Delivered:
        """Send a start; what goes wrong is a warning."""
        return self._send(event)

    def end(self, event: EndEvent) -> Delivered:
        """Send an end; what goes wrong is a warning."""
        return self._send(event)

    def warn_without_token(self) -> None:
        """Warn where there is no token to send with."""
        if not self._client:
            warn(TOKENLESS)

    def _send(self, event: StartEvent | EndEvent) -> Delivered:
        self.warn_without_token()
        if not self._client:
            return Delivered.FAILED
        try:
            if isinstance(event, StartEvent):
                self._client.start(event)
            else:
                self._client.end(event)
        except DeliveryError as error:
            warn(str(error))
            return Delivered.FAILED
        return Delivered.DELIVERED
