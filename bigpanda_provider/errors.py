"""The errors of this package.

    BigPandaError                  the base; never raised itself
    ├── DeclarationError           a resource is declared in a way that cannot work
    ├── InvalidEventError          an event has a property that BigPanda cannot take
    ├── SettingError               a setting has a value that cannot be used
    ├── DeliveryError              an event did not get through
    │   ├── UnavailableError       no connection, no answer in time, 429, 5xx: later may be better
    │   ├── RefusedError           401, 403, 404 and the like: the token or the address has to be fixed
    │   ├── RejectedError          400, 413, 422: BigPanda will never take this event
    │   └── UndeliveredError       delivery is required, and an event did not get through
    ├── OutboxError                the local record of events cannot be used
    └── ReleaseError               `bigpanda-release` cannot do what it was told
        └── WrongUseError          because it was told wrongly: the command line or release.yaml has to be fixed

Every message is one sentence that says what is wrong, where, and what to write or do instead. None holds a token.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi import RunError


class BigPandaError(Exception):
    """Any error of this package."""


class DeclarationError(BigPandaError, RunError):
    """A resource is declared in a way that cannot work. As a `RunError`, Pulumi shows the sentence alone."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one property.

    Attributes:
        property: the property's name, as the engine shows it.
        reason: one sentence: what is wrong, and what to write instead. It never repeats the value, which may be secret.
    """

    property: str
    reason: str


class InvalidEventError(BigPandaError):
    """An event has properties that BigPanda cannot take.

    Attributes:
        problems: one entry per property that is wrong.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.property}: {problem.reason}" for problem in problems))
        self.problems = problems


class SettingError(BigPandaError):
    """A setting has a value that cannot be used."""


class DeliveryError(BigPandaError):
    """An event did not get through; which kind says whether trying again can help.

    Attributes:
        perhaps_arrived: whether it was sent and nobody knows what became of it, as after a lost answer.
    """

    perhaps_arrived = False


class UnavailableError(DeliveryError):
    """BigPanda could not be reached, did not answer in time, or asked to come back later."""


class RefusedError(DeliveryError):
    """BigPanda refused the token or does not know the address: both can be fixed, so the event can wait."""


class RejectedError(DeliveryError):
    """BigPanda will never take this event.

    Attributes:
        answer: its answer's status, and its own text where that may be shown: "400: hosts missing".
    """

    def __init__(self, message: str, answer: str = "") -> None:
        super().__init__(message)
        self.answer = answer


class UndeliveredError(DeliveryError, RunError):
    """Delivery is required, and a start or an end did not get through. Pulumi shows the sentence alone."""


class OutboxError(BigPandaError):
    """The local record of events cannot be used."""


class ReleaseError(BigPandaError):
    """`bigpanda-release` cannot do what it was told."""


class WrongUseError(ReleaseError):
    """`bigpanda-release` was told wrongly: its command line or release.yaml has to be fixed."""
