"""What several releases exit with."""

from __future__ import annotations

import pytest

from bigpanda_provider.errors import ReleaseError, SettingError, WrongUseError
from bigpanda_provider.release.exits import Exit, exit_of
from bigpanda_provider.release.release import Outcome, Result

FAILED = Result(Outcome.FAILED, "no more addresses", seconds=1.0)
UNPLANNED = Result(Outcome.FAILED, "the preview failed", error=ReleaseError("the preview failed"))
MISUSED = Result(Outcome.FAILED, "there is no stack", error=WrongUseError("there is no stack"))
UNSET = Result(Outcome.FAILED, "no such mode", error=SettingError("no such mode"))
SKIPPED = Result(Outcome.SKIPPED, "runs after shop (failed)")
DONE, SAME = Result(Outcome.SUCCEEDED, seconds=1.0), Result(Outcome.UNCHANGED, seconds=1.0)
LOST, CANCELLED = Result(Outcome.UNDELIVERED), Result(Outcome.CANCELLED)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([DONE, SAME], Exit.OK),
        ([DONE, LOST], Exit.UNDELIVERED),
        ([LOST, FAILED, SKIPPED], Exit.FAILED),
        ([FAILED, CANCELLED], Exit.CANCELLED),
        ([UNPLANNED, SKIPPED], Exit.FAILED),
        ([MISUSED], Exit.WRONG_USE),
        ([MISUSED, UNSET, SKIPPED], Exit.WRONG_USE),
        ([MISUSED, DONE], Exit.FAILED),
        ([MISUSED, UNPLANNED], Exit.FAILED),
        ([], Exit.CANCELLED),
    ],
)
def test_the_gravest_counts(results: list[Result], code: Exit) -> None:
    """Wrong use only where nothing ran because of it; without results somebody has declined."""
    assert exit_of(results) is code
