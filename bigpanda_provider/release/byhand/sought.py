"""The start that `bigpanda-release end` is to end, as far as it is told."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from ...bigpanda import hidden
from ...bigpanda.changes import identifier
from ...bigpanda.events import StartEvent, same_hosts
from ...bigpanda.text import one_line
from ...dataclass import dataclass
from ...delivery.attempt import Attempt
from ...errors import WrongUseError
from ...state import DeliveryStatus
from ..release import start_event


@dataclass(frozen=True)
class Sought:
    """The start that is sought, as far as it is told.

    Attributes:
        component: its component; any, if None.
        version: its version; any, if None.
        hosts: its hosts, in any order; any, if None.
        attempt: its attempt's id, or the beginning of it; any, if None.
    """

    component: str | None = None
    version: str | None = None
    hosts: tuple[str, ...] | None = None
    attempt: str | None = None

    @classmethod
    def told(
        cls,
        attempt: str | None,
        component: str | None,
        version: str | None,
        hosts: Sequence[str] | None,
        secrets: Collection[str] = (),
    ) -> Sought:
        """What the options of `end` say, as an event would hold it: without secrets.

        Raises:
            WrongUseError: nothing is given, or no event can hold what is.
        """
        given = {"component": component, "version": version, "hosts": hosts or None}
        if attempt is None and not any(value is not None for value in given.values()):
            raise WrongUseError("pass --component, --version, --host or --attempt to say which start is to be ended")
        event = start_event(
            **{name: ("any" if name != "hosts" else ("any",)) if v is None else v for name, v in given.items()}
        )
        event = hidden.in_start(event, secrets)
        known = {name: getattr(event, name) for name, value in given.items() if value is not None}
        if attempt is not None:
            attempt = hidden.in_text(one_line(attempt), secrets).removeprefix(identifier(""))
            if not attempt:
                raise WrongUseError(
                    "--attempt is empty; write the attempt's id, or its beginning, as `status` shows it"
                )
        return cls(**known, attempt=attempt)

    @property
    def missing(self) -> list[str]:
        """The options that would tell more of the start."""
        values = {"--component": self.component, "--version": self.version, "--host": self.hosts}
        return [option for option, value in values.items() if value is None]

    def is_of(self, attempt: str, start: StartEvent) -> bool:
        """Whether it may be this attempt."""
        return self.names(attempt) and self.fits(start)

    def names(self, attempt: str) -> bool:
        """Whether an attempt's id is the one that is told, or begins with it."""
        return attempt.startswith(self.attempt or "")

    def fits(self, start: StartEvent) -> bool:
        """Whether what is told does not contradict a start."""
        return (
            self.component in (None, start.component)
            and self.version in (None, start.version)
            and (self.hosts is None or same_hosts(self.hosts, start.hosts))
        )

    def as_attempt(self) -> Attempt:
        """The start, all of which has to be told, as an attempt of its own.

        Raises:
            WrongUseError: something is missing.
        """
        if self.component is None or self.version is None or self.hosts is None:
            needed = options(self.missing)
            if self.attempt is not None:
                raise WrongUseError(
                    f"no open start on this machine is {self}, and BigPanda can be asked for it only by the Changes "
                    f"API; pass --api changes, or {needed}"
                )
            raise WrongUseError(f"no open start matches {self}; to send its end anyway, --force needs {needed}")
        start = StartEvent(component=self.component, version=self.version, hosts=self.hosts)
        return Attempt(uuid.uuid4().hex, start, DeliveryStatus.DELIVERED)

    def __str__(self) -> str:
        version = (
            None if self.version is None else f"version {self.version}" if self.component is None else self.version
        )
        told = " ".join(part for part in (self.component, version) if part is not None)
        if self.hosts is not None:
            told = f"{told or 'a deployment'} on {', '.join(self.hosts)}"
        if self.attempt is None:
            return told
        return f"{told} (attempt {self.attempt})" if told else f"attempt {self.attempt}"


def options(names: Sequence[str]) -> str:
    """Options in a sentence: "--component, --version and --host"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
