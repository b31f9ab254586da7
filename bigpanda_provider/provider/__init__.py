"""The dynamic providers behind Deployment and Completion, as Pulumi calls them.

State names these classes by their import path, and refresh and destroy of any later version use what state names: so
neither this module's nor the classes' names may ever change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

if TYPE_CHECKING:
    from .lifecycle import Completions, Deployments


class _Provider(ResourceProvider):
    """Hands each call to the lifecycle, which `configure` finds."""

    serialize_as_secret_always = False
    _lifecycle: Deployments | Completions

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what is no event, property by property."""
        return self._lifecycle.check(olds, news)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """An update is shown exactly when it will send something."""
        return self._lifecycle.diff(olds, news)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Send the first event."""
        return self._lifecycle.create(props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What was recorded is history: a refresh finds it as it is in state."""
        return ReadResult(id_, props)

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Send another event, or only what still waits."""
        return self._lifecycle.update(olds, news)

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """History stays; a deployment that is still open has failed."""
        self._lifecycle.delete(props)


class DeploymentProvider(_Provider):
    """Sends the start of a deployment."""

    def configure(self, req: ConfigureRequest) -> None:
        """Find the settings, once for the process; `check` tells what is wrong with them, so a destroy goes on."""
        # Not at the top: the program's process has this module too, and needs none of what the lifecycle loads.
        from .lifecycle import Deployments

        self._lifecycle = Deployments.of(req.config)


class CompletionProvider(_Provider):
    """Sends the end of a deployment."""

    def configure(self, req: ConfigureRequest) -> None:
        """Find the settings, as that of a Deployment."""
        from .lifecycle import Completions

        self._lifecycle = Completions.of(req.config)
