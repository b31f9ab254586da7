"""The dynamic providers behind Deployment and Completion, as Pulumi calls them.

State names these classes by their import path, and refresh and destroy of any later version use what state names: so
neither this module's nor the classes' names may ever change.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    Config,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

if TYPE_CHECKING:
    from .lifecycle import Completions, Deployments
    from .service import Service


class _Provider(ResourceProvider):
    """Hands each call to the lifecycle, which `configure` finds."""

    serialize_as_secret_always = False
    _lifecycle: Deployments | Completions

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what is no event, property by property."""
        checked = self._lifecycle.check(olds, news)
        return CheckResult(checked.inputs, [CheckFailure(one.property, one.reason) for one in checked.failures])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """An update is shown exactly when it will send something."""
        return DiffResult(changes=bool(self._lifecycle.diff(olds, news)))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Send the first event."""
        return CreateResult(str(uuid.uuid4()), self._lifecycle.create(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What was recorded is history: a refresh finds it as it is in state."""
        return ReadResult(id_, props)

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Send another event, or only what still waits."""
        return UpdateResult(self._lifecycle.update(olds, news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """History stays; a deployment that is still open has failed."""
        self._lifecycle.delete(props)


class DeploymentProvider(_Provider):
    """Sends the start of a deployment."""

    def configure(self, req: ConfigureRequest) -> None:
        """Find the settings, once for the process; `check` tells what is wrong with them, so a destroy goes on."""
        # Not at the top: the program's process has this module too, and needs none of what the lifecycle loads.
        from .lifecycle import Deployments

        self._lifecycle = Deployments(_service(req.config))


class CompletionProvider(_Provider):
    """Sends the end of a deployment."""

    def configure(self, req: ConfigureRequest) -> None:
        """Find the settings, as that of a Deployment."""
        from .lifecycle import Completions

        self._lifecycle = Completions(_service(req.config))


def _service(config: Config) -> Service:
    """The one of this process, with the config of the stack."""
    from ..settings import KEYS, NAMESPACE
    from . import sdk
    from .service import Service

    sdk.count_cancels(time.time)
    sdk.show_errors_as_sentences()
    names = [f"{NAMESPACE}:{key}" for key in KEYS]
    return Service.shared({name: value for name in names if (value := config.get(name)) is not None})
