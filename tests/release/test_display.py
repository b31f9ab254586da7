"""What is shown while releases run, from several threads at once."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from rich.console import Console

from bigpanda_provider.release.shown.display import Display

LIMIT_S = 5.0


class RefreshedMeanwhile(Console):
    """A terminal whose display another thread draws anew in the midst of every line, as may happen at any time."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, once the display is drawn."""
        drawn = threading.Event()

        def draw() -> None:
            for live in self._live_stack:
                live.refresh()
            drawn.set()

        if threading.current_thread() is threading.main_thread() and self._live_stack:
            threading.Thread(target=draw, daemon=True).start()
            assert drawn.wait(LIMIT_S), "the one waits for the other"
        super().print(*objects, **options)


def test_a_line_while_the_display_is_drawn() -> None:
    """Neither waits for the other: a release would stand still for ever."""
    console = RefreshedMeanwhile(file=io.StringIO(), force_terminal=True, width=100)
    display = Display(console, console)
    with display.live(), display.running("", "up of organization/test/dev"):
        display.line("one\ntwo", label="shop")
        display.warn("something is not as it should be")
    for line in ("[shop] one", "[shop] two", "warning: something is not as it should be"):
        assert line in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_line_is_folded_at_words_with_its_label() -> None:
    """What goes on is indented, and belongs to the release that it is of; a pipe gets the line as it is."""
    for terminal, lines in (
        (True, ["[shop] ~ docker:index:Container", "[shop]     web-1 updated (1.2 s)"]),
        (False, ["[shop] ~ docker:index:Container web-1 updated (1.2 s)"]),
    ):
        text = io.StringIO()
        console = Console(file=text, width=32, force_terminal=terminal, color_system=None)
        Display(console, console).line("~ docker:index:Container web-1 updated (1.2 s)", label="shop")
        assert text.getvalue().splitlines() == lines


def test_a_question_is_asked_until_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """With yes or no, or nothing, which is no."""
    for typed, answer in (("y\n", True), ("maybe\nYES\n", True), ("\n", False), ("n\n", False)):
        text = io.StringIO()
        console = Console(file=text, width=100)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        assert Display(console, console, quiet=True).ask("up now?") is answer
        assert ("answer y or n" in text.getvalue()) is ("maybe" in typed)
