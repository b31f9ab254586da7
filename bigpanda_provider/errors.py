"""The errors of this package.

    BigPandaError                  the base class, never raised itself
    ├── DeclarationError           a resource is declared in a way that cannot work
    ├── InvalidEventError          an event has a property that BigPanda does not accept
    ├── SettingError               a setting has a value that cannot be used
    ├── DeliveryError              an event was not delivered
    │   ├── UnavailableError       no connection, no answer in time, 429, 5xx: a later attempt may succeed
    │   ├── RefusedError           401, 403, 404 and the like: fix the token or the address
    │   ├── RejectedError          400, 413, 422: BigPanda will never accept this event
    │   └── UndeliveredError       delivery is required, and an event was not delivered
    ├── OutboxError                the record of events cannot be used
    └── ReleaseError               `bigpanda-release` cannot carry out the command
        └── WrongUseError          it was used wrongly: fix its command line or release.yaml

Every message is one sentence that says what is wrong, where, and what to write or do instead. None holds a token.
"""

from __future__ import annotations

from pulumi import RunError

from .dataclass import dataclass


class BigPandaError(Exception):
    """The base class of all errors of this package."""


class DeclarationError(BigPandaError, RunError):
    """A resource is declared in a way that cannot work; Pulumi shows the message without a traceback."""


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
    """An event has properties that BigPanda does not accept.

    Attributes:
        problems: one for each invalid property, with its name (`property`) and what is wrong (`reason`).
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{problem.property}: {problem.reason}" for problem in problems))
        self.problems = problems


class SettingError(BigPandaError):
    """A setting has a value that cannot be used."""


class DeliveryError(BigPandaError):
    """An event was not delivered; the subclass says whether a retry can help.

    Attributes:
        perhaps_arrived: whether BigPanda may have received the event, for example if its answer was lost.
    """

    perhaps_arrived = False


class UnavailableError(DeliveryError):
    """BigPanda could not be reached, did not answer in time, or asked for a later retry.

    Attributes:
        too_many: whether more was sent in a minute than BigPanda accepts.
    """

    def __init__(self, message: str, *, too_many: bool = False) -> None:
        super().__init__(message)
        self.too_many = too_many


class RefusedError(DeliveryError):
    """BigPanda refused the token or does not know the address; you can fix both, so the event can be queued."""


class RejectedError(DeliveryError):
    """BigPanda rejected the event and will never accept it.

    Attributes:
        answer: the status of BigPanda's answer, and its text if that may be shown, such as "400: hosts missing".
    """

    def __init__(self, message: str, answer: str = "") -> None:
        super().__init__(message)
        self.answer = answer


class UndeliveredError(DeliveryError, RunError):
    """Delivery is required, and a start or an end was not delivered; Pulumi shows the message without a traceback."""


class OutboxError(BigPandaError):
    """The outbox, the record of events, cannot be used.

    Attributes:
        what: which one, and why.
        advice: what to do.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"{what}; {advice}")
        self.what, self.advice = what, advice


class ReleaseError(BigPandaError):
    """`bigpanda-release` cannot carry out the command."""


class WrongUseError(ReleaseError):
    """`bigpanda-release` was used wrongly; fix its command line or release.yaml."""
