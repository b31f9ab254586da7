"""The dynamic providers behind Deployment and Completion: thin, they validate, deliver and return.

State names these classes by their import path, and refresh and destroy of any later version use what state names: so
neither the module's nor the classes' names may ever change. They run in the provider process; what they need beyond
this file is imported when they are first used there, which keeps it out of the program's process.
"""

from __future__ import annotations

import os
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
from pulumi.runtime.rpc import UNKNOWN

if TYPE_CHECKING:
    from .attempt import Recorded
    from .delivery import Delivery


class _Provider(ResourceProvider):
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Find the settings once; a wrong one is told by `check`, so that it does not stop a destroy."""
        from .delivery import Delivery
        from .errors import SettingError
        from .settings import Settings

        self.delivery: Delivery | None = None
        self.wrong_setting: str | None = None
        try:
            self.delivery = Delivery(Settings.resolve(_config(req), os.environ))
        except SettingError as error:
            self.wrong_setting = str(error)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What was recorded is history: a refresh finds it as it is in state."""
        return ReadResult(id_, props)

    def _will_send(self) -> None:
        """Say in preview already what keeps the events from being sent."""
        if self.delivery is not None:
            self.delivery.warn_without_token()

    def _checked(self, news: dict[str, Any], failures: list[CheckFailure]) -> CheckResult:
        if self.wrong_setting is not None:
            failures = [*failures, CheckFailure("", self.wrong_setting)]
        return CheckResult(news, failures)


class DeploymentProvider(_Provider):
    """Sends the start of a deployment."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what is no event, property by property; what is not known yet is checked when it is."""
        from .events import StartEvent, problems

        if not olds:
            self._will_send()
        known, unknown = _known(news)
        found = problems(StartEvent, known, unknown)
        return self._checked(news, [CheckFailure(problem.property, problem.reason) for problem in found])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """An update is shown exactly when it will send a start."""
        from .attempt import Recorded, starts_again

        starts = starts_again(Recorded.from_outputs(olds), news, unknown=UNKNOWN)
        if starts:
            self._will_send()
        return DiffResult(changes=starts)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Send the first start."""
        return CreateResult(str(uuid.uuid4()), self._start(props, None))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Send another start."""
        from .attempt import Recorded

        return UpdateResult(self._start(news, Recorded.from_outputs(olds)))

    def _start(self, props: dict[str, Any], last: Recorded | None) -> dict[str, Any]:
        from .attempt import begin

        recorded = begin(props, last, attempt=uuid.uuid4().hex, now=int(time.time()))
        delivery = _required(self.delivery).start(recorded.start)
        return {**props, **recorded.outputs(), "delivery": delivery.value}


class CompletionProvider(_Provider):
    """Sends the end of a deployment."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Its inputs are a Deployment's outputs, checked there."""
        return self._checked(news, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """A new attempt has a new end."""
        return DiffResult(changes=news.get("attempt") != olds.get("attempt"))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Send the first end."""
        return CreateResult(str(uuid.uuid4()), self._end(props))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Send the end of another attempt."""
        return UpdateResult(self._end(news))

    def _end(self, props: dict[str, Any]) -> dict[str, Any]:
        from .events import EndEvent, read

        event = read(EndEvent, props)
        delivery = _required(self.delivery).end(event)
        return {**props, **event.payload(), "delivery": delivery.value}


def _config(req: ConfigureRequest) -> dict[str, Any]:
    from .settings import KEYS, NAMESPACE

    names = [f"{NAMESPACE}:{key}" for key in KEYS]
    return {name: value for name in names if (value := req.config.get(name)) is not None}


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


def _required(delivery: Delivery | None) -> Delivery:
    assert delivery is not None, "check refuses wrong settings before anything is created"
    return delivery
