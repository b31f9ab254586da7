"""What waits of events by hand: `flush` sends a start while it is open, and each deployment's events in their order."""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
from collections.abc import Callable

import pytest

from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.state import DeliveryStatus
from tests.engine import TOKEN
from tests.faults import FaultyBigPanda, answer
from tests.servers import Sandbox

from .test_queue import call

Hand = Callable[..., str]
QUEUED = {"BIGPANDA_API_TOKEN": ""}
"""Without a token every event waits."""


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """An empty outbox's file."""
    return tmp_path / "outbox.db"


@pytest.fixture
def hand(path: pathlib.Path, bigpanda: Sandbox) -> Hand:
    """Calls the command, which has to succeed; what it prints."""

    def run(*arguments: str, code: int = 0, **environment: str) -> str:
        done = call(
            path, *arguments, **{"BIGPANDA_BASE_URL": bigpanda.address, "BIGPANDA_API_TOKEN": TOKEN, **environment}
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def of(version: str, *hosts: str, component: str = "shop") -> tuple[str, ...]:
    """The options of an event."""
    named = [option for host in hosts or ("web-1",) for option in ("--host", host)]
    return ("--component", component, "--version", version, *named)


def test_flush_sends_a_start_that_stays_open(hand: Hand, bigpanda: Sandbox) -> None:
    """As the sentence says; its end is sent by hand, and what is open already has nothing to send."""
    told = hand("start", *of("1"), **QUEUED)
    assert "so no event can be sent; send it with `bigpanda-release flush`\n" in told
    assert hand("flush") == "sent the start of shop 1\n1 event sent\n"
    assert hand("flush") == "nothing to send\n"
    assert json.loads(hand("status", "--json"))[0]["state"] == "in progress"
    assert "end sent: shop 1 on web-1" in hand("end", "--component", "shop")
    assert bigpanda.story() == ["start 1", "success 1"]


def test_an_open_start_keeps_no_other_deployment_back(hand: Hand, bigpanda: Sandbox) -> None:
    """Not of the same component, and not one that cannot be sent, since there is no app key."""
    hand("start", *of("1"), BIGPANDA_API="changes")
    for version in ("1", "2"):
        hand("start", *of(version), **QUEUED)
        hand("end", *of(version)[:4], "--host", "web-1", "--attempt", newest(hand), **QUEUED)
    told = hand("flush", code=1)
    assert "sent the start and the end of shop 1\nsent the start and the end of shop 2\n" in told
    assert "1 event stays queued (the start of shop 1): there is no app key" in told
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


def test_an_end_that_is_forced_is_recorded_as_by_hand(hand: Hand) -> None:
    """Nobody's program has a Deployment of it."""
    hand("end", *of("1"), "--force")
    (one,) = json.loads(hand("history", "--json"))
    assert (one["component"], one["state"], one["deployment"], one["stack"]) == ("shop", "success", None, None)
    assert "by hand" in hand("history")


def test_no_token_stands_in_the_outbox(path: pathlib.Path, hand: Hand, bigpanda: Sandbox) -> None:
    """Whichever property holds it, nor in what is printed; the end finds its start all the same."""
    told = ("--component", f"a-{TOKEN}", "--version", TOKEN, "--host", f"{TOKEN}.example")
    printed = hand("start", *told) + hand("end", *told) + hand("end", *told, "--force")
    printed += hand("end", "--component", TOKEN, "--attempt", TOKEN, code=2)
    files = b"".join(file.read_bytes() for file in path.parent.glob("outbox.db*"))
    assert TOKEN not in printed + json.dumps(bigpanda.posts())
    assert TOKEN.encode() not in files


def test_flush_sends_nothing_where_delivery_is_off(hand: Hand, tmp_path: pathlib.Path) -> None:
    """One sentence says so; an option is named as it is written, and a file that is empty by its option."""
    hand("start", *of("1"), **QUEUED)
    told = "so nothing is sent; pass --delivery bestEffort to send what is queued\n"
    assert hand("flush", "--delivery", "off", code=1) == f"bigpanda-release: delivery is off (--delivery), {told}"
    environment = hand("flush", code=1, BIGPANDA_DELIVERY="off")
    assert environment == f"bigpanda-release: delivery is off (BIGPANDA_DELIVERY), {told}"
    (empty := tmp_path / "token").touch()
    assert hand("flush", "--token-file", str(empty), code=2) == (
        f"bigpanda-release: --token-file: {empty} is empty; write the token into it, or omit the option\n"
    )


def test_an_end_waits_for_a_flush_that_sends_its_start(hand: Hand, path: pathlib.Path, bigpanda: Sandbox) -> None:
    """So the start is sent once, and before the end."""
    hand("start", *of("1"), **QUEUED)
    with Outbox(path) as flushing, concurrent.futures.ThreadPoolExecutor() as threads:
        (taken,) = flushing.take(flushing.unsettled_of_all())
        ended = threads.submit(hand, "end", "--component", "shop")
        with pytest.raises(concurrent.futures.TimeoutError):
            ended.result(3.0)
        assert bigpanda.posts() == []
        flushing.start_became(taken.id, DeliveryStatus.DELIVERED)
        assert "end sent: shop 1 on web-1" in ended.result(30.0)
    assert bigpanda.story() == ["success 1"]


def newest(hand: Hand) -> str:
    """The attempt that was recorded last."""
    return str(json.loads(hand("history", "--json"))[0]["attempt"])


@pytest.mark.parametrize("again", ["flush", "start"])
def test_two_alike_are_sent_in_their_order(hand: Hand, bigpanda: Sandbox, again: str) -> None:
    """BigPanda tells them apart by their order alone, so a new start sends the one before it first."""
    hand("start", *of("1", "a", "b"), "--description", "first", **QUEUED)
    second = ("start", *of("1", "b", "a"), "--description", "second")
    hand(*second, **QUEUED if again == "flush" else {})
    hand("flush")
    assert [post["body"]["description"] for post in bigpanda.posts()] == ["first", "second"]
    assert len(json.loads(hand("status", "--json"))) == 2


def test_a_start_that_bigpanda_rejects_is_not_left_open(path: pathlib.Path, faulty: FaultyBigPanda) -> None:
    """Whether `start` or `flush` sends it: there is nothing to end."""
    environment = {"BIGPANDA_BASE_URL": faulty.address, "BIGPANDA_API_TOKEN": TOKEN}
    faulty.script = [answer(400, b"no such field")]
    call(path, "start", *of("1"), **{**environment, **QUEUED})
    flushed = call(path, "flush", **environment)
    assert (flushed.returncode, flushed.stdout) == (1, "0 events sent, 1 rejected\n")
    assert call(path, "status").stdout == "nothing is in progress, and nothing is queued\n"
    with Outbox(path) as outbox:
        assert [one.attempt.is_settled for one in outbox.latest()] == [True]
