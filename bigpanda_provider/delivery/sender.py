"""Gets one event through to BigPanda, and gives a BigPanda that did not take one its quiet.

A BigPanda that is down never fails an update (unless delivery is `required`) nor holds it up for long: after an event
that did not get through within its time limit, nothing is tried for three times as long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING

from ..dataclass import dataclass
from ..errors import DeliveryError, RejectedError, UnavailableError
from ..settings import Mode, Settings
from ..state import Api
from .pace import Pace
from .warn import OUTAGE, Warn

if TYPE_CHECKING:
    from ..bigpanda.client import BigPandaClient
    from ..bigpanda.events import EndEvent, StartEvent
    from ..bigpanda.wire import Post, Wire

QUIET_FACTOR = 3


@dataclass
class _Route:
    """One of BigPanda's APIs, as this process has found it.

    Attributes:
        wire: what is posted there.
        missing: why nothing can be sent there; None where nothing is missing.
        pace: how much may be sent in a minute.
        quiet_until: until when nothing is tried.
        trouble: why nothing is.
        client: speaks to it; made with the first event.
    """

    wire: Wire
    missing: str | None
    pace: Pace
    quiet_until: float = 0.0
    trouble: str = ""
    client: BigPandaClient | None = field(default=None, repr=False)


class Sender:
    """Sends events with the given settings; what goes wrong is returned, and told as a warning.

    An attempt is sent by the API that it began with, whatever is set now.

    Args:
        settings: where to and how.
        warn: tells the user of what went wrong.
        client: speaks to BigPanda; made with the first event, unless given.
        clock: what deadlines are told by.

    Attributes:
        is_patient: whether too many posts within a minute are no trouble: who sends them waits for the next one.
        trouble: why the last event that did not get through did not.
        api: the API by which new attempts are sent.
    """

    def __init__(
        self,
        settings: Settings,
        warn: Warn,
        *,
        client: BigPandaClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.api = settings.api.value
        self._settings = settings
        self._mode = settings.delivery.value
        self._timeout_s = settings.timeout_seconds.value
        self._warn = warn
        self._given = client
        self._clock = clock
        self._lock = threading.Lock()
        self._routes: dict[Api, _Route] = {}
        self.trouble: str | None = None
        self.is_patient = False

    def waits(self, api: Api) -> bool:
        """Whether nothing would be sent by that API now: BigPanda has its quiet, or there is no token."""
        route = self._route(api)
        with self._lock:
            return route.missing is not None or self._clock() < route.quiet_until

    def tries(self, api: Api) -> bool:
        """Whether an event would go on the wire now: where delivery is required, BigPanda gets no quiet."""
        return self._route(api).missing is None and (self._mode is Mode.REQUIRED or not self.waits(api))

    def wire(self, api: Api) -> Wire:
        """What is posted by that API."""
        return self._route(api).wire

    def says_all(self, api: Api) -> bool:
        """Whether each post of that API says all of a deployment: the last is enough."""
        return self.wire(api).says_all

    def room_in_s(self, api: Api) -> float:
        """How long it takes, in seconds, until BigPanda accepts another post of that API."""
        return self._route(api).pace.room_in_s()

    def warn_without_token(self) -> None:
        """Warn where there is something to send, and the token or the app key is missing."""
        missing = self._settings.missing(self.api)
        if missing is not None and self._mode is not Mode.OFF:
            self._warn(missing)

    def start(
        self, attempt: str, start: StartEvent, deadline: float | None = None, *, secret: bool = False
    ) -> DeliveryError | None:
        """Send the start of a deployment.

        Args:
            attempt: the attempt's id.
            start: its start.
            deadline: until when at the latest, as `time.monotonic()` tells it.
            secret: whether properties of the event are secret: then no warning and no error may repeat them.

        Returns:
            What went wrong; None where it got through.
        """
        what = _named("start", start, secret=secret)
        return self._send(start.api, lambda wire: wire.start(attempt, start), what, deadline, secret=secret)

    def end(
        self, attempt: str, start: StartEvent, end: EndEvent, deadline: float | None = None, *, secret: bool = False
    ) -> DeliveryError | None:
        """Send the end of a deployment; as `start`."""
        what = _named("end", start, secret=secret)
        return self._send(start.api, lambda wire: wire.end(attempt, start, end), what, deadline, secret=secret)

    def close(self) -> None:
        """Close what is open to BigPanda; nothing is sent any more."""
        with self._lock:
            for client in (self._given, *(route.client for route in self._routes.values())):
                if client is not None:
                    client.close()

    def _send(
        self, api: Api, post: Callable[[Wire], Post], what: str, deadline: float | None, *, secret: bool
    ) -> DeliveryError | None:
        route = self._route(api)
        if route.missing is not None or self._mode is Mode.OFF:
            if route.missing is not None and self._mode is not Mode.OFF:
                self._warn(route.missing)
                with self._lock:
                    self.trouble = route.missing
            return UnavailableError(route.missing or "delivery is off, so nothing is sent")
        limit_s = self._timeout_s if deadline is None else min(self._timeout_s, deadline - self._clock())
        if self.waits(api) and self._mode is not Mode.REQUIRED:
            return UnavailableError(route.trouble)
        if limit_s <= 0:
            return UnavailableError("the update ended before there was time to send the event")
        if not route.pace.wait(limit_s):
            too_many = UnavailableError(f"BigPanda accepts {route.wire.per_minute} events a minute", too_many=True)
            self._tell(too_many)
            return too_many
        try:
            self._client(route, api).send(post(route.wire), limit_s, secret=secret)
        except RejectedError as error:
            self._warn(f"BigPanda rejected {what} ({error.answer}); it will not be retried")
            return error
        except DeliveryError as error:
            self._leave_alone(route, error)
            self._tell(error)
            return error
        return None

    def _leave_alone(self, route: _Route, error: DeliveryError) -> None:
        """Give BigPanda its quiet."""
        with self._lock:
            if isinstance(error, UnavailableError) and error.too_many and route.pace.is_limited:
                route.pace.fill()
            else:
                route.quiet_until = self._clock() + QUIET_FACTOR * self._timeout_s
                route.trouble = str(error)

    def _tell(self, error: DeliveryError) -> None:
        """Tell the user why events are queued."""
        with self._lock:
            self.trouble = str(error)
        waits_for_it = self.is_patient and isinstance(error, UnavailableError) and error.too_many
        if self._mode is not Mode.REQUIRED and not waits_for_it:
            self._warn(
                f"{str(error).rstrip('.')}; events are queued and will be sent by the next `pulumi up` or by "
                "`bigpanda-release flush`",
                about=OUTAGE,
            )

    def _route(self, api: Api) -> _Route:
        with self._lock:
            if api not in self._routes:
                from ..bigpanda.changes import Changes
                from ..bigpanda.deployments import Deployments

                changes = api is Api.CHANGES
                wire: Wire = Changes(self._settings.failed_status.value) if changes else Deployments()
                self._routes[api] = _Route(wire, self._settings.missing(api), Pace(wire.per_minute))
            return self._routes[api]

    def _client(self, route: _Route, api: Api) -> BigPandaClient:
        """The client. What it loads takes a while, and a preview or an update with nothing to send never needs it."""
        with self._lock:
            if route.client is None:
                from ..bigpanda.advice import Advice
                from ..bigpanda.client import BigPandaClient

                token = self._settings.token.value
                assert token is not None
                route.client = self._given or BigPandaClient(
                    self._settings.base_url.value,
                    token,
                    self._timeout_s,
                    self._settings.client_certificate.value,
                    self._settings.app_key.value if api is Api.CHANGES else None,
                    Advice(self._settings, api),
                )
            return route.client


def _named(kind: str, event: StartEvent, *, secret: bool) -> str:
    """An event in a sentence: "the start of shop 2.6.1"."""
    if secret:
        return f"the {kind} of a deployment that has secret properties"
    return f"the {kind} of {event.named()}"
