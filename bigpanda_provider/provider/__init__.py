"""The dynamic providers behind Deployment and Completion: thin, they validate, deliver and return.

State names these classes by their import path, and refresh and destroy of any later version use what state names: so
neither the module's nor the classes' names may ever change. They run in the provider process; what they need beyond
this file is imported when they are first used there, which keeps it out of the program's process.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from .sdk import UNKNOWN, is_unknown

if TYPE_CHECKING:
    from ..delivery.attempt import Attempt, Recorded
    from .service import Service


NO_HOSTS = "give at least one host: hosts=[...]; this Deployment covers no resource whose name could stand for one"
NAMES_FOR_HOSTS = (
    'Deployment "{}" covers no resource that is known as a host, so the names of the affected resources are sent; give '
    "hosts=[...], or say which input is a host's name: bigpanda.host_name(type, input)"
)
SAME_EVENT = (
    'component, version and hosts are those of Deployment "{}" of this program, and BigPanda could not tell the two '
    "apart; make them differ in one"
)


class _Provider(ResourceProvider):
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Find the settings, once; a wrong one is told by `check`, so that it does not stop a destroy."""
        from .service import Service

        self.service: Service = Service.shared(req.config)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What was recorded is history: a refresh finds it as it is in state."""
        return ReadResult(id_, props)

    def _checked(self, news: dict[str, Any], failures: list[CheckFailure]) -> CheckResult:
        wrong = self.service.wrong_setting
        return CheckResult(news, failures if wrong is None else [*failures, CheckFailure("", wrong)])


class DeploymentProvider(_Provider):
    """Sends the start of a deployment."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what is no event, property by property; what is not known yet is checked when it is."""
        from ..bigpanda.events import StartEvent, problems
        from .affected import worked_out
        from .log import warn

        news = _marked(news)
        previous = self.service.previous(news)
        news = worked_out(olds, news, failed=previous is not None and previous.failed, unknown=UNKNOWN)
        known, unknown = _known(news)
        reasons = {problem.property: problem.reason for problem in problems(StartEvent, known, unknown)}
        if "hosts" not in news:
            reasons["hosts"] = NO_HOSTS
        elif news.get("hostNames") == {} and news["hosts"] != olds.get("hosts"):
            warn(NAMES_FOR_HOSTS.format(news.get("name")))
        failures = [CheckFailure(name, why) for name, why in reasons.items()]
        if not failures and not unknown and (other := self.service.same_event(*_place(news), known)):
            failures = [CheckFailure("hosts", SAME_EVENT.format(other))]
        if not olds:
            self.service.warn_without_token()
        return self._checked(news, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """An update is shown exactly when it will send something."""
        from ..delivery.attempt import Recorded

        news = _marked(news)
        last = Recorded.from_outputs(olds)
        changes = self._starts(last, news) or self._waits(last, news)
        if changes:
            self.service.warn_without_token()
        return DiffResult(changes=changes)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Send the first start."""
        return CreateResult(str(uuid.uuid4()), self._start(props, None, secret=_secret(props)))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Send another start, or only what still waits."""
        from ..delivery.attempt import Recorded

        last = Recorded.from_outputs(olds)
        secret = _secret(news) or _secret(olds)  # what waits may have been secret when it was recorded
        if self._starts(last, news):
            return UpdateResult(self._start(news, last, secret=secret))
        left = last.left_behind(self.service.previous(news))
        attempt, backlog = self.service.delivery.resend(*_place(news), last.attempt, left, secret=secret)
        return UpdateResult(_outputs(news, last, attempt, backlog))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """History stays; an attempt that is still open has failed."""
        from ..delivery.attempt import Recorded

        self.service.end_deleted(*_place(props), Recorded.from_outputs(props), secret=_secret(props))

    def _starts(self, last: Recorded, news: dict[str, Any]) -> bool:
        from ..delivery.attempt import State, starts_again

        previous = self.service.previous(news)
        failed = previous is not None and previous.attempt == last.attempt.id and previous.failed
        nothing_was_sent = last.attempt.start_state is State.OFF
        again = failed and not nothing_was_sent and not self.service.off
        return again or bool(news.get("changed")) or starts_again(last, news, unknown=UNKNOWN)

    def _waits(self, last: Recorded, news: dict[str, Any]) -> bool:
        """Whether earlier attempts still wait, as state or this machine's outbox says."""
        if self.service.off:
            return False
        return bool(last.left_behind(self.service.previous(news))) or self.service.left_open(*_place(news))

    def _start(self, props: dict[str, Any], last: Recorded | None, *, secret: bool) -> dict[str, Any]:
        from ..delivery.attempt import begin

        recorded = begin(props, last, attempt=uuid.uuid4().hex, now=int(time.time()))
        left = last.left_behind(self.service.previous(props)) if last is not None else ()
        self.service.guard.watch()
        attempt, backlog = self.service.delivery.start(*_place(props), recorded.attempt, left, secret=secret)
        return _outputs(props, recorded, attempt, backlog)


class CompletionProvider(_Provider):
    """Sends the end of a deployment."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """What it takes from its Deployment is checked there; its own is status and reason."""
        from ..bigpanda.events import EndEvent, problems

        news = _marked(news)
        known, unknown = _known(news)
        found = problems(EndEvent, known, {*unknown, "component", "version", "hosts"})
        return CheckResult(news, [CheckFailure(problem.property, problem.reason) for problem in found])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """A new attempt has a new end; one that waits is sent again."""
        from ..delivery.attempt import State

        waits = olds.get("delivery") == State.QUEUED.value and not self.service.off
        return DiffResult(changes=waits or news.get("attempt") != olds.get("attempt"))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Send the first end."""
        return CreateResult(str(uuid.uuid4()), self._end(props, props))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Send the end of another attempt, or the same end again."""
        same = news.get("attempt") == olds.get("attempt")
        return UpdateResult(self._end(news, olds if same else news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """History stays; that the attempt has its end is kept for the Deployment's own delete."""
        self.service.note_end(_ended(props))

    def _end(self, props: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
        """Send the end of `props`' attempt with the status that `told` has."""
        from ..bigpanda.events import EndEvent, StartEvent, read
        from ..delivery.attempt import Attempt, State

        event = read(EndEvent, told)
        attempt = Attempt(props["attempt"], read(StartEvent, props), State(props["startDelivery"]))
        self.service.guard.watch()
        ended = self.service.delivery.end(
            *_place(props), attempt, event.status, event.error_message, secret=_secret(props)
        )
        return {**_without(props, {"errorMessage"}), **self.service.end_outputs(ended, props.get("secrets") or ())}


def _ended(props: dict[str, Any]) -> Attempt:
    """The attempt whose end a Completion's outputs carry."""
    from dataclasses import replace

    from ..bigpanda.events import EndEvent, StartEvent, read
    from ..delivery.attempt import Attempt, State

    event = read(EndEvent, props)
    attempt = Attempt(props["attempt"], read(StartEvent, props), State(props["startDelivery"]))
    return replace(attempt.ended(event.status, event.error_message), end_state=State(props["delivery"]))


def _outputs(
    props: dict[str, Any], recorded: Recorded, attempt: Attempt, backlog: tuple[Attempt, ...]
) -> dict[str, Any]:
    """What a Deployment stores: its inputs, with the event as it was recorded in the place of the declared one.

    What it says of its scope is an input alone: state is written anew for each step of an update.
    """
    from dataclasses import replace

    from ..delivery.attempt import EVENT_PROPERTIES

    kept = _without(props, EVENT_PROPERTIES | {"previous", "resources", "hostNames", "changed"})
    return {**kept, **replace(recorded, attempt=attempt, backlog=backlog).outputs()}


def _without(props: dict[str, Any], names: set[str] | frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in props.items() if name not in names}


def _place(props: dict[str, Any]) -> tuple[str, str]:
    """The stack's full name and the Deployment's name in it."""
    return str(props.get("stack", "")), str(props.get("name", ""))


def _secret(props: dict[str, Any]) -> bool:
    return bool(props.get("secrets"))


def _marked(value: Any) -> Any:
    """The value with the engine's marker in the place of what is not known yet.

    The SDK hands `check` and `diff` an object instead, which it cannot serialize again.
    """
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, dict):
        return {name: _marked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_marked(inner) for inner in value]
    return value


def _known(props: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The properties without what is unknown in preview, and the names of those that are unknown or partly so."""
    known, unknown = {}, set()
    for name, value in props.items():
        if isinstance(value, list) and UNKNOWN in value:
            unknown.add(name)
            value = [item for item in value if item != UNKNOWN] or UNKNOWN
        if value == UNKNOWN:
            unknown.add(name)
        else:
            known[name] = value
    return known, unknown
