"""BigPanda's limit of so many posts a minute is kept to, and what is beyond it waits its turn."""

from __future__ import annotations

import pathlib
from unittest import mock

import pytest

from bigpanda_provider.bigpanda.changes import Changes
from bigpanda_provider.bigpanda.events import Context, StartEvent
from bigpanda_provider.delivery import pace
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.pace import MINUTE_S, Pace
from bigpanda_provider.delivery.record import Recorder
from bigpanda_provider.delivery.warn import silent
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import Api

from .processes import Clock
from .servers import sandbox


def test_no_minute_has_more_than_the_limit() -> None:
    """Whichever minute is looked at: what is too many waits for the oldest to be a minute old."""
    clock, posted = Clock(), []

    def sleep(seconds: float) -> None:
        clock.time += seconds

    kept = Pace(40, clock, sleep)
    for _ in range(100):
        assert kept.wait(1e9)
        posted.append(clock.time)
    assert all(later - earlier >= MINUTE_S - 1e-3 for earlier, later in zip(posted, posted[40:], strict=False))
    assert posted[-1] - posted[0] < 2 * MINUTE_S + 1


def test_an_event_of_an_update_does_not_wait_for_the_next_minute() -> None:
    """It is queued at once, instead of when its time is up."""
    clock = Clock()
    kept = Pace(1, clock, mock.Mock(side_effect=AssertionError))
    assert kept.wait(10)
    assert not kept.wait(10)
    assert 59 < kept.room_in_s() <= 60


def test_bigpanda_says_that_others_have_used_the_minute_up() -> None:
    """A minute later there is room again; an API without a limit always has it."""
    clock = Clock()
    kept = Pace(400, clock)
    kept.fill()
    assert not kept.wait(10)
    clock.time += MINUTE_S
    assert kept.wait(10)
    assert Pace(None, clock).room_in_s() == 0


@pytest.mark.parametrize("told_by_bigpanda", [False, True])
def test_a_flush_takes_the_minutes_that_it_needs(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, told_by_bigpanda: bool
) -> None:
    """Of 25 changes 10 a minute are sent, here of 2 seconds each, and nothing is lost.

    Where others send by the same account, BigPanda's own answer 429 is what tells.
    """
    monkeypatch.setattr(pace, "MINUTE_S", 2.0)
    monkeypatch.setattr("bigpanda_provider.sandbox.rate.MINUTE_S", 2.0)
    monkeypatch.setattr(Changes, "per_minute", 400 if told_by_bigpanda else 10)
    said: list[tuple[int, float]] = []
    with sandbox(changes_per_minute=10) as running, Outbox(tmp_path / "outbox.db") as outbox:
        settings = Settings.resolve(
            {},
            {
                **{"BIGPANDA_BASE_URL": running.address, "BIGPANDA_API": "changes", "BIGPANDA_TIMEOUT_SECONDS": "1"},
                **{"BIGPANDA_API_TOKEN": "t", "BIGPANDA_APP_KEY": "k"},
            },
        )
        delivery = Delivery(settings, outbox, silent)
        start = StartEvent(component="web", version="1", hosts=("a",), timestamp=1, context=Context(api=Api.CHANGES))
        for number in range(25):
            place = delivery._place("acme/shop/prod", str(number))
            outbox.begin(place, Attempt(str(number), start).ended(End.success()), recorder=Recorder.RUNNER)
        delivery.backlog.flush(outbox.unsettled(), lambda left, room_in_s: said.append((left, room_in_s)))
        assert outbox.unsettled() == []
        assert {post["body"]["identifier"] for post in running.posts()} == {f"pulumi-{n}" for n in range(25)}
        received = [post["received"] for post in running.posts()]
    assert all(later - earlier > 1.5 for earlier, later in zip(received, received[10:], strict=False))
    assert [left for left, _ in said][-1] < 25
    assert said
