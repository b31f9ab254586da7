"""What BigPanda itself has in progress that this package recorded, here or on another machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ...bigpanda import reading
from ...bigpanda.advice import Advice
from ...bigpanda.changes import IN_PROGRESS, identifier
from ...bigpanda.client import BigPandaClient
from ...bigpanda.events import MILLISECONDS_FROM, StartEvent
from ...bigpanda.masking import masked
from ...dataclass import dataclass
from ...delivery.attempt import Attempt
from ...delivery.origin import Origin
from ...delivery.outbox import Outbox
from ...delivery.record import Record, Recorder
from ...errors import DeliveryError, InvalidEventError, ReleaseError, WrongUseError
from ...settings import Settings
from ...state import Api, DeliveryStatus
from ...tags import Found
from ..byhand.sought import Sought
from ..byhand.unmatched import not_in_bigpanda, several_in_bigpanda
from .records import Entry, Events, State

DAYS = 30
"""How far back is looked for what is in progress."""
DAY_S = 86400
ORPHANED = "orphaned"
UNKNOWN = "unknown here"
UNASKED = (
    "there is no BigPanda token, so BigPanda cannot be asked; set one with `pulumi config set --secret "
    "bigpanda:apiToken`, `export BIGPANDA_API_TOKEN=...` or --token-file"
)
PERSON = "a person: call `bigpanda-release end`"
PROCESS = "this machine's process "
ANOTHER = "another machine that uses this outbox"
END_QUEUED = "this machine: the end is queued"
END_SENT = "this machine: the end was sent"
_OF_END = {
    DeliveryStatus.QUEUED: END_QUEUED,
    DeliveryStatus.DELIVERED: END_SENT,
    DeliveryStatus.REJECTED: Events.END_REJECTED.value,
    DeliveryStatus.OFF: Events.END_DROPPED.value,
}
SECRET = "(secret)"  # noqa: S105 - stands in place of one
STACK_TAGS = (Found.ORGANIZATION, Found.PROJECT, Found.ENVIRONMENT)


@dataclass(frozen=True)
class Remote:
    """A change that BigPanda has in progress.

    Attributes:
        attempt: the attempt that it was made from.
        change: as BigPanda returns it.
        record: what the outbox has of the attempt; None where it does not know it.
        now: when that was, by the outbox's clock.
    """

    attempt: str
    change: Mapping[str, Any]
    record: Record | None = None
    now: float = 0.0

    @property
    def looked_after_by(self) -> str:
        """Who is going to end it, as far as this machine can tell."""
        if self.record is None:
            return UNKNOWN
        end, holder = self.record.attempt.end, self.record.holder
        if end is not None:
            return _OF_END[end.delivery]
        if self.record.recorder is Recorder.PERSON:
            return PERSON
        if not self.record.is_held(self.now):
            return ORPHANED
        return f"{PROCESS}{holder.pid}" if holder.is_visible else ANOTHER


class Reader:
    """Asks BigPanda, once, what it has in progress.

    Args:
        settings: where, and with which token.
        outbox: what this machine knows.

    Raises:
        WrongUseError: the settings are for the Deployments API, which cannot be asked.
        ReleaseError: there is no token.
    """

    def __init__(self, settings: Settings, outbox: Outbox) -> None:
        if settings.api.value is not Api.CHANGES:
            raise WrongUseError(
                "only BigPanda's Changes API can be asked for what is in progress; pass --api changes, or set "
                "bigpanda:api to changes"
            )
        token = settings.token.value
        if token is None:
            raise ReleaseError(UNASKED)
        self._outbox, self._secrets = outbox, settings.secrets
        self.address = settings.base_url.value
        certificate, advice = settings.client_certificate.value, Advice(settings, Api.CHANGES)
        limit_s = settings.timeout_seconds.value
        self._client = BigPandaClient(self.address, token, limit_s, certificate, advice=advice)

    def in_progress(self, days: int = DAYS) -> list[Remote]:
        """What started within so many days and is in progress, the oldest first.

        Raises:
            ReleaseError: BigPanda does not answer, or does not accept the token.
        """
        now = time.time()
        prefix, found = identifier(""), {}
        try:
            # A clock that goes ahead may have made a change that starts after now.
            for change in reading.changes(self._client, now - days * DAY_S, now + DAY_S, IN_PROGRESS):
                name = change.get("identifier")
                if change.get("status") == IN_PROGRESS and isinstance(name, str) and name.startswith(prefix):
                    found[name.removeprefix(prefix)] = change
        except DeliveryError as error:  # nothing was to be delivered
            raise ReleaseError(f"what BigPanda has in progress cannot be read: {error}") from None
        finally:
            self._client.close()
        outbox = self._outbox
        remotes = [Remote(attempt, change, outbox.find(attempt), outbox.now()) for attempt, change in found.items()]
        return sorted(remotes, key=lambda one: (_seconds(one.change.get("start")), one.attempt))

    def find(self, sought: Sought) -> Attempt:
        """The one change in progress that is sought, as an attempt that can be ended.

        Raises:
            WrongUseError: there is none, or there are several.
            ReleaseError: as `in_progress`.
        """
        found = [
            Attempt(one.attempt, start, DeliveryStatus.DELIVERED)
            for one in self.in_progress()
            if (start := _start(one)) is not None and sought.is_of(one.attempt, start)
        ]
        if not found:
            raise WrongUseError(not_in_bigpanda(sought, DAYS))
        if len(found) > 1:
            raise WrongUseError(several_in_bigpanda(sought, found))
        return found[0]

    def entry(self, remote: Remote) -> Entry:
        """A change as it is listed; of its events, what this machine knows of them."""
        change, record = remote.change, remote.record
        known = None if record is None else Entry.of(record, remote.now)
        is_secret = record is not None and record.is_secret
        tags = {name: self._shown(value) for name, value in reading.tags_of(change).items()}
        start = _seconds(change.get("start"))
        return Entry(
            attempt=remote.attempt,
            component=SECRET if is_secret else tags.get("component"),
            version=SECRET if is_secret else tags.get("version"),
            hosts=(SECRET,) if is_secret else tuple(reading.hosts_of(tags.get("hosts", ""))),
            state=State.LEFT_OPEN if remote.looked_after_by == ORPHANED else State.IN_PROGRESS,
            events=Events.DELIVERED if known is None else known.events,
            recorded=start,
            address=self.address,
            why=None if known is None else known.why,
            start_timestamp=start,
            end_delivery=None if known is None else known.end_delivery,
            stack="/".join(tags[one.value] for one in STACK_TAGS if one.value in tags) or None,
            deployment=None if known is None else known.deployment,
            api=Api.CHANGES.value,
            tags=None if is_secret else tags or None,
            link=None if is_secret else self._shown(change.get("ticket_url") or "") or None,
            origin=Origin() if known is None else known.origin,
            looked_after_by=remote.looked_after_by,
        )

    def _shown(self, value: object) -> str:
        """Text of BigPanda's as it may be shown: the token stands in none of it."""
        return masked(str(value), self._secrets)


def _start(remote: Remote) -> StartEvent | None:
    try:
        return reading.start_of(remote.change)
    except InvalidEventError:
        return None


def _seconds(value: object) -> int:
    """A time as BigPanda returns it, in whole Unix seconds; 0 for what is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < MILLISECONDS_FROM:
        return int(value)
    return 0
