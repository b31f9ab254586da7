"""What people are shown of several releases when all are over, at the widths of their terminals."""

from __future__ import annotations

import io
import pathlib

import pytest
from rich.console import Console

from bigpanda_provider.release.release import Outcome, Release, Result
from bigpanda_provider.release.shown.display import Display
from bigpanda_provider.release.shown.lines import Lines, duration

RELEASES = [
    Release(pathlib.Path(), label="network", version="7"),
    Release(pathlib.Path(), label="shop", version="2.4.1"),
    Release(pathlib.Path(), label="search", version="11"),
]
RESULTS = {
    "network": Result(Outcome.SUCCEEDED, done={"created": 2, "updated": 1}, seconds=62.4),
    "shop": Result(Outcome.FAILED, "web-2: RuntimeError: no space left on device /dev/sda1", seconds=3.2),
    "search": Result(Outcome.SKIPPED, "runs after shop (failed)"),
}

TABLE_120 = """\
release  version  result     time
network  7        succeeded  1 min 2 s  2 created, 1 updated
shop     2.4.1    failed     3 s        web-2: RuntimeError: no space left on device /dev/sda1
search   11       skipped               runs after shop (failed)
3 releases in 1 min 6 s: 1 succeeded, 1 failed, 1 skipped
"""
TABLE_60 = """\
release  version  result     time
network  7        succeeded  1 min 2 s  2 created, 1 updated
shop     2.4.1    failed     3 s        web-2: RuntimeError…
search   11       skipped               runs after shop (fa…
3 releases in 1 min 6 s: 1 succeeded, 1 failed, 1 skipped
"""


def shown(results: dict[str, Result], width: int) -> str:
    """The summary, on a console of this width."""
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=True, color_system=None)
    Lines(Display(console, console)).summary([one for one in RELEASES if one.label in results], results, 65.6)
    return "".join(line.rstrip() + "\n" for line in text.getvalue().splitlines())


@pytest.mark.parametrize(("width", "table"), [(60, TABLE_60), (120, TABLE_120)])
def test_a_table_says_what_was_skipped_and_why(width: int, table: str) -> None:
    """One line a release, in their order; what does not fit is cut."""
    assert shown(RESULTS, width) == table


def test_one_release_has_no_table() -> None:
    """Its result is in the line above."""
    assert shown({"network": RESULTS["network"]}, 120) == ""


def test_the_summary_of_several_releases_counts_the_rejected() -> None:
    """Beside how their updates went."""
    results = {
        "network": Result(Outcome.SUCCEEDED, rejected="BigPanda rejected the start of network 7", seconds=1),
        "shop": Result(Outcome.SUCCEEDED, seconds=1),
    }
    assert shown(results, 120).endswith("2 releases in 1 min 6 s: 2 succeeded, 1 rejected by BigPanda\n")


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (3780, "1 h 3 min")]
)
def test_a_duration(seconds: float, told: str) -> None:
    """In the two largest units that say something."""
    assert duration(seconds) == told
