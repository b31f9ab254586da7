"""The last start of a Deployment as state holds it, and the next one. No I/O and no Pulumi.

Attempts are read from and written to property maps here: those of a Deployment, its `backlog`, and its `previous`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import state
from ..bigpanda.events import Context, StartEvent, read, same_hosts
from ..dataclass import dataclass
from ..delivery.attempt import Attempt, End
from ..delivery.takeover import Left
from ..state import DeliveryStatus, Status
from ..tags import Found
from .unknown import holds_unknown

SETTLED_KEPT = 20
"""The ids of how many settled attempts a Deployment keeps."""


@dataclass(frozen=True)
class Last:
    """The last start of a Deployment.

    Attributes:
        attempt: the attempt, open as far as the Deployment's outputs know.
        triggers: the triggers at that time.
        given_timestamp: the explicit timestamp that has been used last, in Unix seconds; each counts once.
        backlog: earlier attempts that had not arrived when this one began, oldest first.
        settled: the ids of earlier attempts that are known to have arrived, oldest first.
    """

    attempt: Attempt
    triggers: list[Any]
    given_timestamp: int | None
    backlog: tuple[Attempt, ...] = ()
    settled: tuple[str, ...] = ()

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Last:
        """Read it from a Deployment's outputs; what an older version of this package did not write is absent."""
        delivery = state.DELIVERY.of(outputs)
        return cls(
            attempt=Attempt(
                id=state.ATTEMPT.of(outputs) or "",
                start=read(StartEvent, outputs),
                start_delivery=DeliveryStatus.DELIVERED if delivery is None else delivery,
            ),
            triggers=state.TRIGGERS.of(outputs) or [],
            given_timestamp=state.GIVEN_TIMESTAMP.of(outputs),
            backlog=tuple(map(_from_backlog, state.BACKLOG.of(outputs) or ())),
            settled=tuple(map(str, state.SETTLED.of(outputs) or ())),
        )

    def version_before(self, *, failed: bool) -> str | None:
        """The version that was deployed before the next attempt.

        Args:
            failed: whether the last attempt did not succeed: then it is the one before that, where it is known.
        """
        start = self.attempt.start
        if start is None:
            return None
        if not failed:
            return start.version
        return start.all_tags.get(Found.PREVIOUS_VERSION.value)

    def outputs(self) -> dict[str, Any]:
        """The properties to store."""
        assert self.attempt.start is not None
        return {
            **self.attempt.start.stored(),
            **state.BACKLOG.to([_for_backlog(attempt) for attempt in self.backlog] or None),
            **state.BACKLOG_WAITING.to(self._backlog_waiting() or None),
            **state.SETTLED.to(list(self.settled) or None),
            **state.GIVEN_TIMESTAMP.to(self.given_timestamp),
            **state.ATTEMPT.to(self.attempt.id),
            **state.DELIVERY.to(self.attempt.start_delivery.value),
            **state.TRIGGERS.to(self.triggers),
        }

    def _backlog_waiting(self) -> dict[str, int]:
        """How many events of the backlog wait, by API; an attempt that was left open has its end to be sent."""
        counts: Counter[str] = Counter()
        for one in self.backlog:
            counts[one.api.value] += (one.start_delivery is DeliveryStatus.QUEUED) + 1
        return dict(counts)

    def left(self, previous: Attempt | None, hosts: Sequence[str] | None = None) -> Left:
        """What state says of the attempts so far.

        Args:
            previous: the last attempt with its end, as the last checkpoint has it.
            hosts: its hosts, where some were added while it was in progress.
        """
        sent: dict[str, End | None] = dict.fromkeys(self.settled)
        if self.attempt.start_delivery is DeliveryStatus.OFF:
            return Left(self.backlog, sent)
        if previous is None or previous.id != self.attempt.id:
            return Left((), sent)
        if previous.is_settled or self.attempt.start_delivery is DeliveryStatus.REJECTED:
            # An end that arrived says that everything before it did; what goes to another API does not wait for it.
            waiting = tuple(one for one in self.backlog if one.api is not self.attempt.api)
            arrived = [one.id for one in self.backlog if one not in waiting]
            return Left(waiting, {**sent, **dict.fromkeys(arrived), previous.id: previous.end})
        start = self.attempt.start
        if start is not None and hosts is not None:
            start = replace(start, hosts=tuple(hosts))
        return Left((*self.backlog, replace(self.attempt, start=start, end=previous.end)), sent)

    def after(self, left: Left, attempt: Attempt, backlog: tuple[Attempt, ...]) -> Last:
        """With what delivery has made of the attempt and of what was left."""
        waiting = {attempt.id, *(one.id for one in backlog)}
        known = [*left.sent, *(one.id for one in left.waiting)]
        settled = tuple(one for one in known if one not in waiting)
        own = replace(attempt, start=self.attempt.start)  # hosts that were added are no declared ones
        return replace(self, attempt=own, backlog=backlog, settled=settled[-SETTLED_KEPT:])


def previous_of(inputs: Mapping[str, Any], last: str) -> Attempt | None:
    """The last attempt as the last checkpoint has it: its id, and its end if a Completion carries that.

    Args:
        inputs: the Deployment's inputs.
        last: the id of its last attempt. Where the checkpoint says nothing of it, it succeeded and its end has arrived.

    Returns:
        The attempt, without its start; None where the checkpoint could not be asked.
    """
    given = state.PREVIOUS.of(inputs)
    if given is None:
        return Attempt(last, None, end=End(Status.SUCCESS, delivery=DeliveryStatus.DELIVERED))
    attempt = state.ATTEMPT.of(given)
    if attempt is None:
        return None
    status, delivery = state.STATUS.of(given), state.DELIVERY.of(given)
    if status is None:
        return Attempt(attempt, None)
    reason, at = state.ERROR_MESSAGE.of(given), state.ENDED_AT.of(given)
    return Attempt(attempt, None, end=End(status, reason, delivery or DeliveryStatus.DELIVERED, at))


def did_not_succeed(previous: Attempt | None) -> bool:
    """Whether the last attempt failed, or was left open."""
    return previous is not None and (previous.end is None or previous.end.status is not Status.SUCCESS)


def begin(inputs: Mapping[str, Any], last: Last | None, context: Context, *, attempt: str, now: int) -> Last:
    """The start to record for these inputs.

    Args:
        inputs: the Deployment's checked inputs.
        last: its last start, if there was one.
        context: what the start carries beside its properties.
        attempt: the id of the new attempt.
        now: the present, in whole Unix seconds: the timestamp, unless a new explicit one is given.

    Raises:
        InvalidEventError: the inputs make no event.
    """
    declared = read(StartEvent, inputs)
    used = last.given_timestamp if last is not None else None
    timestamp = declared.timestamp if declared.timestamp not in (None, used) else now
    return Last(
        attempt=Attempt(attempt, replace(declared, timestamp=timestamp, context=context)),
        triggers=state.TRIGGERS.of(inputs) or [],
        given_timestamp=declared.timestamp if declared.timestamp is not None else used,
    )


def starts_again(last: Last, inputs: Mapping[str, Any]) -> bool:
    """Whether these inputs make a new start: component, version (unless found), hosts as a set, or triggers changed.

    Args:
        last: the last start.
        inputs: the Deployment's checked inputs; what is not known yet counts as changed.
    """
    counted = (state.COMPONENT, state.VERSION, state.HOSTS, state.TRIGGERS)
    if any(holds_unknown(inputs.get(one.name)) for one in counted):
        return True
    declared = read(StartEvent, {name: value for name, value in inputs.items() if not holds_unknown(value)})
    start = last.attempt.start
    assert start is not None
    return (
        declared.component != start.component
        or (declared.version != start.version and not state.VERSION_FOUND.of(inputs))
        or not same_hosts(declared.hosts, start.hosts)
        or (state.TRIGGERS.of(inputs) or []) != last.triggers
    )


def _for_backlog(attempt: Attempt) -> dict[str, Any]:
    start, end = attempt.start, attempt.end
    return {
        state.BACKLOG_ID.name: attempt.id,
        state.START.name: start and start.stored(),
        state.BACKLOG_START_DELIVERY.name: attempt.start_delivery.value,
        state.STATUS.name: end and end.status.value,
        state.ERROR_MESSAGE.name: end and end.reason,
        **state.ENDED_AT.to(end and end.at),
    }


def _from_backlog(stored: Mapping[str, Any]) -> Attempt:
    """One without an end was left open."""
    status = state.STATUS.of(stored)
    return Attempt(
        str(stored[state.BACKLOG_ID.name]),
        read(StartEvent, state.START.of(stored) or {}),
        state.BACKLOG_START_DELIVERY.of(stored) or DeliveryStatus.QUEUED,
        None if status is None else End(status, state.ERROR_MESSAGE.of(stored), at=state.ENDED_AT.of(stored)),
    )
