"""What is reported of what the engine says: its events are made here, as engine 3.274 sends them."""

from __future__ import annotations

import io

from pulumi.automation.events import EngineEvent
from rich.console import Console

from bigpanda_provider.release.engine.progress import Progress
from bigpanda_provider.release.shown.display import Display, Running
from bigpanda_provider.release.shown.lines import Lines

PLACE = "urn:pulumi:dev::shop::"
STACK = f"{PLACE}pulumi:pulumi:Stack::shop-dev"
WEB = f"{PLACE}docker:index/container:Container::web-1"


def told(*errors: tuple[str, str]) -> tuple[str, str | None, dict[str, str]]:
    """What is shown of errors, given as URN and message; the reason of the failure; the whole texts."""
    console = Console(file=io.StringIO(), width=200)
    progress = Progress(Lines(Display(console, console)), Running("", ""), {"hunter2"})
    for number, (urn, message) in enumerate(errors):
        diagnostic = {"urn": urn, "message": message, "severity": "error", "color": "raw"}
        event = {"sequence": number, "timestamp": 1, "diagnosticEvent": diagnostic}
        progress(EngineEvent.from_json(event))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), progress.reason, {key: one.text for key, one in progress.told.items()}


def test_a_traceback_is_shown_without_pulumis_frames() -> None:
    """The whole one is known, too: with --diff the engine prints it in the plan, where it is left out."""
    heading = "Traceback (most recent call last):"
    sdk = '  File "/venv/lib/python3.11/site-packages/pulumi/dynamic/__main__.py", line 84, in wrapper\n    return fn()'
    own = '  File "/shop/__main__.py", line 6, in create\n    raise RuntimeError("disk full")'
    text = f"{heading}\n{sdk}\n{own}\nRuntimeError: disk full"
    shown, reason, known = told((WEB, text))
    assert shown == f"error: web-1: {heading}\n{own}\nRuntimeError: disk full\n"
    assert reason == "web-1: RuntimeError: disk full"
    assert list(known.values()) == [text]


def test_that_a_run_failed_is_said_once() -> None:
    """By its result; what the engine says of it at the end is the reason only where nothing else is known."""
    closing = [("", "update failed"), (STACK, "Resource monitor has terminated, shutting down")]
    assert told(*closing, (STACK, "no such region")) == (
        "error: no such region\n",
        "no such region",
        {"no such region": "no such region"},
    )
    for message in ("update failed", "update canceled", "preview failed", "preview canceled"):
        assert told(("", message)) == ("", message, {})
    assert told((WEB, "update failed"))[:2] == ("error: web-1: update failed\n", "web-1: update failed")
    assert told(("", "the update failed"))[0] == "error: the update failed\n"
