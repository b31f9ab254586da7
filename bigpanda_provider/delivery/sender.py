"""Gets one event through to BigPanda, and gives a BigPanda that did not take one its quiet.

A BigPanda that is down never fails an update (unless delivery is `required`) nor holds it up for long: after an event
that did not get through within its time limit, nothing is tried for three times as long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import DeliveryError, RejectedError, UnavailableError
from ..settings import TOKENLESS, Mode, Settings, Token
from .warn import Warn

if TYPE_CHECKING:
    from ..bigpanda.client import BigPandaClient
    from ..bigpanda.events import EndEvent, StartEvent

QUIET_FACTOR = 3


class Sender:
    """Sends events with the given settings; what goes wrong is returned, and told as a warning.

    Args:
        settings: where to and how.
        warn: tells the user of what went wrong.
        client: speaks to BigPanda; made with the first event, unless given.
        clock: what deadlines are told by.

    Attributes:
        trouble: why the last event that did not get through did not.
    """

    def __init__(
        self,
        settings: Settings,
        warn: Warn,
        *,
        client: BigPandaClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mode = settings.delivery.value
        self._address = settings.base_url.value
        self._timeout_s = settings.timeout_seconds.value
        self._token = settings.token.value
        self._certificate = settings.client_certificate.value
        self._warn = warn
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet_until = 0.0
        self.trouble: str | None = None

    @property
    def waits(self) -> bool:
        """Whether nothing would be sent now: BigPanda has its quiet, or there is no token."""
        with self._lock:
            return self._token is None or self._clock() < self._quiet_until

    @property
    def tries(self) -> bool:
        """Whether an event would go on the wire now: where delivery is required, BigPanda gets no quiet."""
        return self._token is not None and (self._mode is Mode.REQUIRED or not self.waits)

    def warn_without_token(self) -> None:
        """Warn where there is something to send and no token."""
        if self._token is None and self._mode is not Mode.OFF:
            self._warn(TOKENLESS)

    def start(self, event: StartEvent, deadline: float | None = None, *, secret: bool = False) -> DeliveryError | None:
        """Send the start of a deployment.

        Args:
            event: the event.
            deadline: until when at the latest, as `time.monotonic()` tells it.
            secret: whether properties of the event are secret: then no warning and no error may repeat them.

        Returns:
            What went wrong; None where it got through.
        """
        return self._send(
            lambda client, limit_s: client.start(event, limit_s, secret=secret),
            _named("start", event, secret=secret),
            deadline,
        )

    def end(self, event: EndEvent, deadline: float | None = None, *, secret: bool = False) -> DeliveryError | None:
        """Send the end of a deployment; as `start`."""
        return self._send(
            lambda client, limit_s: client.end(event, limit_s, secret=secret),
            _named("end", event, secret=secret),
            deadline,
        )

    def close(self) -> None:
        """Close what is open to BigPanda; nothing is sent any more."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _send(
        self, send: Callable[[BigPandaClient, float], None], what: str, deadline: float | None
    ) -> DeliveryError | None:
        if self._token is None or self._mode is Mode.OFF:
            self.warn_without_token()
            return UnavailableError(TOKENLESS)
        limit_s = self._timeout_s if deadline is None else min(self._timeout_s, deadline - self._clock())
        if limit_s <= 0 or (self.waits and self._mode is not Mode.REQUIRED):
            return UnavailableError("BigPanda did not accept the last event, so sending is paused")
        try:
            send(self._opened(self._token), limit_s)
        except RejectedError as error:
            self._warn(f"BigPanda rejected {what} ({error.answer}); it will not be retried")
            return error
        except DeliveryError as error:
            with self._lock:
                self.trouble = str(error)
                self._quiet_until = self._clock() + QUIET_FACTOR * self._timeout_s
            if self._mode is not Mode.REQUIRED:
                self._warn(
                    f"{str(error).rstrip('.')}; events are queued and will be sent by the next `pulumi up` or by "
                    "`bigpanda-release flush`",
                    about="outage",
                )
            return error
        return None

    def _opened(self, token: Token) -> BigPandaClient:
        """The client. What it loads takes a while, and a preview or an update with nothing to send never needs it."""
        with self._lock:
            if self._client is None:
                from ..bigpanda.client import BigPandaClient

                self._client = BigPandaClient(self._address, token, self._timeout_s, self._certificate)
            return self._client


def _named(kind: str, event: StartEvent | EndEvent, *, secret: bool) -> str:
    """An event in a sentence: "the start of shop 2.6.1"."""
    if secret:
        return f"the {kind} of a deployment that has secret properties"
    return f"the {kind} of {event.named()}"
