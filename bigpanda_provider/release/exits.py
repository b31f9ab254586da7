"""What `bigpanda-release` exits with; here alone it is decided.

0    all went well, or there was nothing to do
1    a release failed, or what was asked for cannot be done now
2    wrong use: the command line, release.yaml or a setting has to be fixed; no release has run
3    delivery is required, and an event did not get through
130  cancelled, also by declining the question
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from ..errors import BigPandaError, DeliveryError, InvalidEventError, SettingError, WrongUseError
from .release import Outcome, Result


class Exit(enum.IntEnum):
    """What the command exits with."""

    OK = 0
    FAILED = 1
    WRONG_USE = 2
    UNDELIVERED = 3
    CANCELLED = 130


_OF_OUTCOME = {
    Outcome.SUCCEEDED: Exit.OK,
    Outcome.UNCHANGED: Exit.OK,
    Outcome.FAILED: Exit.FAILED,
    Outcome.SKIPPED: Exit.FAILED,
    Outcome.UNDELIVERED: Exit.UNDELIVERED,
    Outcome.CANCELLED: Exit.CANCELLED,
}
_GRAVEST_FIRST = (Exit.CANCELLED, Exit.FAILED, Exit.UNDELIVERED, Exit.OK)

_OF_ERROR: tuple[tuple[type[BigPandaError], Exit], ...] = (
    (WrongUseError, Exit.WRONG_USE),
    (SettingError, Exit.WRONG_USE),
    (InvalidEventError, Exit.WRONG_USE),
    (DeliveryError, Exit.UNDELIVERED),
    (BigPandaError, Exit.FAILED),
)


def exit_of(results: Iterable[Result]) -> Exit:
    """Of all releases: the gravest counts. Without any the user has declined.

    Wrong use counts where no release has run: others were skipped, at most.
    """
    found = list(results)
    if not found:
        return Exit.CANCELLED
    misused = [result for result in found if result.error is not None and exit_of_error(result.error) is Exit.WRONG_USE]
    if misused and all(result in misused or result.outcome is Outcome.SKIPPED for result in found):
        return Exit.WRONG_USE
    codes = {_OF_OUTCOME[result.outcome] for result in found}
    return next(code for code in _GRAVEST_FIRST if code in codes)


def exit_of_error(error: BigPandaError) -> Exit:
    """Of a command that ended with this error."""
    return next(code for kind, code in _OF_ERROR if isinstance(error, kind))
