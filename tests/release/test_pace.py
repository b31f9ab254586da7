"""A flush of more changes than BigPanda accepts in a minute. Minutes are short here, and limits low."""

from __future__ import annotations

import io
import pathlib
import time
import uuid
from collections.abc import Iterator

import pytest
from rich.console import Console

from bigpanda_provider.bigpanda.changes import Changes
from bigpanda_provider.bigpanda.events import Context, StartEvent
from bigpanda_provider.delivery import pace
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place, Recorder
from bigpanda_provider.delivery.stored.location import Location
from bigpanda_provider.release.recorded import leftover
from bigpanda_provider.release.shown.display import Display
from bigpanda_provider.release.shown.paused import Paused
from bigpanda_provider.sandbox import rate
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import Api
from tests.servers import Sandbox, sandbox

MINUTE_S = 1.0
SETTINGS = {"apiToken": "t", "appKey": "k", "api": "changes"}


@pytest.fixture
def outbox(tmp_path: pathlib.Path) -> Iterator[Outbox]:
    """An empty outbox."""
    with Outbox(tmp_path / "outbox.db") as opened:
        yield opened


@pytest.fixture
def minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a minute of client and sandbox a second."""
    monkeypatch.setattr(pace, "MINUTE_S", MINUTE_S)
    monkeypatch.setattr(rate, "MINUTE_S", MINUTE_S)


def waiting(path: Location, address: str, count: int) -> None:
    """Put so many changes into the outbox, by hand, that have ended and were never sent."""
    with Outbox(path) as outbox:
        for number in range(count):
            start = StartEvent(
                component="shop", version=str(number), hosts=("a",), timestamp=1, context=Context(api=Api.CHANGES)
            )
            attempt = Attempt(uuid.uuid4().hex, start)
            outbox.begin(Place("", f"shop {number}", address), attempt, recorder=Recorder.PERSON)
            outbox.end(attempt.id, End.success())


def flush(
    outbox: Outbox, bigpanda: Sandbox, *, every_s: float = 0.0, timeout_s: float = 10.0
) -> tuple[list[str], float]:
    """Send what waits; the lines that are shown, and how long it takes."""
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    display = Display(console, console)
    settings = Settings.resolve({}, {}, {**SETTINGS, "baseUrl": bigpanda.address, "timeoutSeconds": timeout_s})
    delivery, begun = Delivery(settings, outbox, display.warn), time.monotonic()
    flushed = leftover.flush(delivery, None, told=Paused(display, every_s))
    for line, style in flushed.lines(settings.base_url, settings.base_url.value):
        display.line(line, style=style)
    assert flushed.complete
    return shown.getvalue().splitlines(), time.monotonic() - begun


@pytest.mark.usefixtures("minute")
def test_a_flush_keeps_to_the_limit_and_says_so(
    outbox: Outbox, bigpanda: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost, and no minute has more than BigPanda accepts."""
    monkeypatch.setattr(Changes, "per_minute", 3)
    waiting(outbox.location, bigpanda.address, 8)
    shown, took_s = flush(outbox, bigpanda)
    assert shown[0] == "BigPanda accepts 3 changes a minute; 5 are left, sending continues in 1 s"
    assert shown[-2:] == ["sent the start and the end of shop 7", "16 events sent"]
    assert took_s >= 2 * MINUTE_S
    received = [event["received"] for event in bigpanda.posts()]
    assert len(received) == 8
    assert all(later - earlier > 0.8 * MINUTE_S for earlier, later in zip(received, received[3:], strict=False))
    assert {change["status"] for change in bigpanda.changes()} == {"Done"}


@pytest.mark.usefixtures("minute")
def test_a_flush_goes_on_where_bigpanda_says_that_it_is_too_much(outbox: Outbox) -> None:
    """Others send by the same account: what was refused with 429 is sent once there is room."""
    with sandbox(changes_per_minute=3) as bigpanda:
        waiting(outbox.location, bigpanda.address, 5)
        shown, _ = flush(outbox, bigpanda, timeout_s=0.3)
        assert "BigPanda accepts 400 changes a minute; 2 are left, sending continues in 1 s" in shown
        assert shown[-1] == "10 events sent"
        assert sorted(change["version"] for change in bigpanda.changes()) == ["0", "1", "2", "3", "4"]


@pytest.mark.usefixtures("minute")
def test_a_flush_does_not_say_so_again_and_again(
    outbox: Outbox, bigpanda: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posts that are spread over a minute wait a bit each."""
    monkeypatch.setattr(Changes, "per_minute", 2)
    waiting(outbox.location, bigpanda.address, 6)
    shown, _ = flush(outbox, bigpanda, every_s=60)
    assert len([line for line in shown if "sending continues" in line]) == 1
