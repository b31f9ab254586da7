"""What Pulumi's calls mean: when a Deployment starts, when its Completion ends it, and what both store."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from .. import state
from ..bigpanda.events import EndEvent, StartEvent, problems, read
from ..bigpanda.hidden import MASK
from ..bigpanda.text import listed
from ..dataclass import dataclass
from ..delivery import outcome
from ..delivery.attempt import Attempt, End
from ..delivery.takeover import Left
from ..errors import DeliveryError, Problem
from ..hosts import described
from ..state import DeliveryStatus, Property, packed, unpacked
from .affected import changed, worked_out
from .because import SHOWN, because
from .last import Last, begin, did_not_succeed, previous_of, starts_again
from .service import Service
from .telling import warn
from .unknown import UNKNOWN, known, marked

NO_HOSTS = "no host is known, and this Deployment covers no resource to name instead; pass hosts=[...]"
NAMES_FOR_HOSTS = (
    'Deployment "{}" covers no resource of a known host type, so the names of the affected resources are sent; pass '
    "hosts=[...], or register the type: bigpanda.host_name(type, input)"
)
SAME_EVENT = (
    'Deployment "{}" of this program has the same component, version and hosts, so BigPanda cannot tell the two apart; '
    "change one of the three"
)
FOR_CHECK_ALONE = (
    *state.START_EVENT,
    *(state.BECAUSE, state.PREVIOUS, state.RESOURCES, state.HOST_NAMES, state.CHANGED, state.TOUCHED),
)
"""Inputs that a Deployment does not store again as outputs: the recorded event replaces the declared one, and what it
says of its scope would only be written again with each step of the update."""


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes:
        inputs: the inputs, with what follows from them.
        failures: what is wrong with them; that of no property in particular is a setting's.
    """

    inputs: dict[str, Any]
    failures: list[Problem]


@dataclass(frozen=True)
class Sends:
    """What an update will send.

    Attributes:
        anew: the event of a new attempt.
        waiting: what earlier updates have left.
    """

    anew: bool
    waiting: bool

    def __bool__(self) -> bool:
        return self.anew or self.waiting


@dataclass(frozen=True)
class _Lifecycle:
    service: Service

    def checked(self, news: dict[str, Any], failures: Iterable[Problem], *also: Property[Any]) -> Checked:
        """What `check` answers; wrong settings are told with it. The arguments are those of `packed`, too."""
        wrong = self.service.wrong_setting
        return Checked(packed(news, *also), [*failures, *([] if wrong is None else [Problem("", wrong)])])

    def tell(self, attempt: Attempt, secrets: Collection[str], stack: str, name: str) -> None:
        """Tell what became of an attempt's last event: its end, or its start where it has none.

        An end that fails the update is told of as its error.
        """
        told = outcome.of(attempt, secrets)
        if told is not None and self.service.delivery.undelivered(attempt, secrets) is None:
            self.service.tell(told, stack, name)


class Deployments(_Lifecycle):
    """The starts of deployments."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> Checked:
        """Refuse what is no event, property by property; what is not known yet is checked when it is."""
        olds, news = unpacked(olds), unpacked(marked(news))
        previous = self._previous(news)
        changes = changed(state.RESOURCES.of(olds), state.RESOURCES.of(news), state.ALIASES.of(news) or {})
        causes = because(olds, news, changes, previous, self.service.delivery.waiting(*_place(news))) if olds else []
        news = worked_out(olds, news, changes, failed=did_not_succeed(previous), unknown=UNKNOWN)
        news.update(state.BECAUSE.to(causes or None))
        touched = [described(key) for key in (changes if olds else sorted(state.RESOURCES.of(news) or ()))]
        news.update(state.TOUCHED.to(listed(touched, SHOWN) or None))
        given, unknown = known(news)
        reasons = {problem.property: problem.reason for problem in problems(StartEvent, given, unknown)}
        if state.HOSTS.name not in news:
            reasons[state.HOSTS.name] = NO_HOSTS
        elif state.HOST_NAMES.of(news) == {} and state.HOSTS.of(news) != state.HOSTS.of(olds):
            warn(NAMES_FOR_HOSTS.format(state.NAME.of(news)))
        failures = [Problem(name, why) for name, why in reasons.items()]
        if not failures and not unknown and (other := self.service.same_event(_place(news)[1], given)):
            failures = [Problem(state.HOSTS.name, SAME_EVENT.format(other))]
        if not olds:
            self.service.warn_without_token()
        return self.checked(news, failures)

    def diff(self, olds: dict[str, Any], news: dict[str, Any]) -> Sends:
        """An update is shown exactly when it will send something."""
        olds, news = unpacked(olds), unpacked(marked(news))
        last = Last.of(olds)
        previous = self._previous(news, last.attempt.id)
        left = last.left(previous, _hosts_of_previous(news))
        waits = self._is_resumed(last, previous) or self.service.delivery.has_left(*_place(news), left)
        sends = Sends(self._starts(last, previous, news), waits and not self.service.off)
        if sends:
            self.service.warn_without_token()
        return sends

    def create(self, props: dict[str, Any]) -> dict[str, Any]:
        """Send the first start."""
        props = unpacked(props)
        return self._start(props, None, Left(), None, secret=_is_secret(props))

    def update(self, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Send another start, or only what still waits."""
        olds, news = unpacked(olds), unpacked(news)
        last = Last.of(olds)
        previous = self._previous(news, last.attempt.id)
        left = last.left(previous, _hosts_of_previous(news))
        secret = _is_secret(news) or _is_secret(olds)  # what waits may have been secret when it was recorded
        if self._starts(last, previous, news):
            before = None if secret else last.version_before(failed=did_not_succeed(previous))
            return self._start(news, last, left, before, secret=secret)
        if self._is_resumed(last, previous):
            return self._send(news, last, replace(left, waiting=last.backlog), secret=secret)
        with self.service.counted_down(*_place(news)):
            attempt, backlog = self.service.delivery.resend(*_place(news), last.attempt, left, secret=secret)
        still_queued = attempt.waits or bool(backlog)
        self.service.tell(outcome.of_earlier(attempt, still_queued=still_queued), *_place(news))
        return _outputs(news, last.after(left, attempt, backlog))

    def delete(self, props: dict[str, Any]) -> None:
        """End an attempt that is still open, and send what waits."""
        props = unpacked(props)
        self.service.end_deleted(*_place(props), Last.of(props), secret=_is_secret(props))

    def _previous(self, inputs: dict[str, Any], last: str = "") -> Attempt | None:
        """The last attempt; where state holds no end of it, as the outbox knows it.

        The Completion does not hold the end where it was no target of the update, and where the guard sent it.
        """
        previous = previous_of(inputs, last)
        if previous is None or previous.end is not None:
            return previous
        end = self.service.delivery.how_it_ended(previous.id)
        return previous if end is None else previous.ended(end)

    def _is_resumed(self, last: Last, previous: Attempt | None) -> bool:
        """Whether the last attempt's start waits, and state alone knows the attempt, but not how it ended.

        Its start is sent, and its Completion ends it, as that went or goes.
        """
        waits = previous is None and last.attempt.start_delivery is DeliveryStatus.QUEUED
        return waits and self.service.delivery.outbox.find(last.attempt.id) is None

    def _starts(self, last: Last, previous: Attempt | None, news: dict[str, Any]) -> bool:
        failed = previous is not None and previous.id == last.attempt.id and did_not_succeed(previous)
        nothing_was_sent = last.attempt.start_delivery is DeliveryStatus.OFF
        again = failed and not nothing_was_sent and not self.service.off
        return again or bool(state.CHANGED.of(news)) or starts_again(last, news)

    def _start(
        self, props: dict[str, Any], last: Last | None, left: Left, before: str | None, *, secret: bool
    ) -> dict[str, Any]:
        context = self.service.context(props, before)
        begun = begin(props, last, context, attempt=uuid.uuid4().hex, now=int(time.time()))
        return self._send(props, begun, left, secret=secret)

    def _send(self, props: dict[str, Any], begun: Last, left: Left, *, secret: bool) -> dict[str, Any]:
        """Send the start of an attempt that this process then has open."""
        secrets, start = state.SECRETS.of(props) or (), begun.attempt.start
        assert start is not None
        try:
            with self.service.counted_down(*_place(props)):
                attempt, backlog = self.service.delivery.start(*_place(props), begun.attempt, left, secret=secret)
        except DeliveryError as error:
            raise self.service.delivery.refused(f"the start of {start.named(secrets)}", error) from None
        self.tell(attempt, secrets, *_place(props))
        return _outputs(props, begun.after(left, attempt, backlog))


class Completions(_Lifecycle):
    """The ends of deployments."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> Checked:
        """Refuse a wrong status or reason; what it takes from its Deployment is checked there."""
        news = unpacked(marked(news))
        given, unknown = known(news)
        of_deployment = {state.COMPONENT.name, state.VERSION.name, state.HOSTS.name}
        found = problems(EndEvent, given, unknown | of_deployment)
        return self.checked(news, found, state.ATTEMPT)

    def diff(self, olds: dict[str, Any], news: dict[str, Any]) -> Sends:
        """A new attempt has a new end; one that waits is sent again."""
        olds, news = unpacked(olds), unpacked(marked(news))
        waits = state.DELIVERY.of(olds) is DeliveryStatus.QUEUED and not self.service.off
        return Sends(news.get(state.ATTEMPT.name) != olds.get(state.ATTEMPT.name), waits)

    def create(self, props: dict[str, Any]) -> dict[str, Any]:
        """Send the first end."""
        props = unpacked(props)
        return self._end(props)

    def update(self, olds: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Send the end of another attempt, or the same end again."""
        olds, news = unpacked(olds), unpacked(news)
        if state.ATTEMPT.of(news) != state.ATTEMPT.of(olds):
            return self._end(news)
        event = read(EndEvent, olds)
        return self._stored(news, self._ended(news, event))  # its Deployment tells what is sent again

    def delete(self, props: dict[str, Any]) -> None:
        """Remember that the attempt has its end, for its Deployment's own delete."""
        props = unpacked(props)
        delivery = state.DELIVERY.of(props)
        if delivery is not None:
            event = read(EndEvent, props)
            end = End(event.status, event.error_message, delivery, event.ended_at)
            self.service.note_end(_attempt(props).ended(end))

    def _end(self, props: dict[str, Any]) -> dict[str, Any]:
        """Send the end of a new attempt."""
        ended = self._ended(props, read(EndEvent, props))
        self.tell(ended, state.SECRETS.of(props) or (), *_place(props))
        return self._stored(props, ended)

    def _ended(self, props: dict[str, Any], event: EndEvent) -> Attempt:
        """Send the end of `props`' attempt as the event says; a reason that is secret is masked, as a part is."""
        is_secret = event.error_message is not None and state.ERROR_MESSAGE.name in (state.SECRETS.of(props) or ())
        end = End(event.status, MASK if is_secret else event.error_message, at=event.ended_at)
        with self.service.counted_down(*_place(props)):
            return self.service.delivery.end(*_place(props), _attempt(props), end, secret=_is_secret(props))

    def _stored(self, props: dict[str, Any], ended: Attempt) -> dict[str, Any]:
        """What a Completion stores."""
        outputs = self.service.end_outputs(ended, state.SECRETS.of(props) or ())
        return packed({**_without(props, [state.ERROR_MESSAGE, state.ENDED_AT, state.START]), **outputs})


def _attempt(props: dict[str, Any]) -> Attempt:
    """The attempt that a Completion ends: open, and with what its end repeats of its start."""
    delivery = state.START_DELIVERY.of(props)
    assert delivery is not None
    joining = {one.name: props.get(one.name) for one in (state.COMPONENT, state.VERSION, state.HOSTS)}
    start = read(StartEvent, {**(state.START.of(props) or {}), **joining})
    return Attempt(state.ATTEMPT.of(props) or "", start, delivery)


def _outputs(props: dict[str, Any], last: Last) -> dict[str, Any]:
    """What a Deployment stores."""
    return packed({**_without(props, FOR_CHECK_ALONE), **last.outputs()})


def _without(props: dict[str, Any], properties: Iterable[Property[Any]]) -> dict[str, Any]:
    names = {one.name for one in properties}
    return {name: value for name, value in props.items() if name not in names}


def _hosts_of_previous(inputs: dict[str, Any]) -> list[str] | None:
    """The hosts of the last attempt, where its end has more than its start."""
    return state.HOSTS.of(state.PREVIOUS.of(inputs) or {})


def _place(props: dict[str, Any]) -> tuple[str, str]:
    """The stack's full name and the Deployment's name in it."""
    return str(props.get(state.STACK.name, "")), str(props.get(state.NAME.name, ""))


def _is_secret(props: dict[str, Any]) -> bool:
    return bool(state.SECRETS.of(props))
