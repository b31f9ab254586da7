"""What waits: `queue` lists it, `queue drop` removes it, `flush` says what it sent, what stays and why."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bigpanda_provider.delivery.attempt import End
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import LEASE_S, Record, Recorder
from bigpanda_provider.errors import ReleaseError, WrongUseError
from bigpanda_provider.release.recorded import drop
from bigpanda_provider.release.recorded.flushed import Flushed, Part
from bigpanda_provider.settings import Setting, Source
from tests.engine import Stack
from tests.faults import FaultyBigPanda
from tests.outboxes import fill
from tests.servers import Sandbox

from .command import COMMAND, Release
from .test_listing import DELIVERED, DOWN, FAILURE, QUEUED, REJECTED, US, record

MakeStack = Callable[[str], Stack]
WEB = "with bigpanda.Deployment('web', component='web', version='7', hosts=['w-1']):\n    Thing('a')"
SHOP, PAY = ("shop", "2.4.2", ["web-1", "web-2"]), ("pay", "7", ["pay-1"])
BOTH = record("9c0d", PAY, 2, QUEUED, End.success(), why=DOWN)
END = record("77ab", SHOP, 3, end=FAILURE, why=DOWN)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """An empty outbox's file."""
    return tmp_path / "outbox.db"


def call(path: pathlib.Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with this outbox, without a terminal."""
    settings = {"BIGPANDA_OUTBOX": str(path), "BIGPANDA_BASE_URL": US, **environment}
    return subprocess.run(
        [COMMAND, *arguments],
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_waits_is_listed_and_dropped(path: pathlib.Path) -> None:
    """By the beginning of its id; it is never sent, and BigPanda shows what was said before."""
    fill(path, BOTH, END, record("a1b2", SHOP, 9, by=Recorder.PERSON))
    listed = json.loads(call(path, "queue", "--json").stdout)
    assert [(one["attempt"][:4], one["delivery"], one["waits"]) for one in listed] == [
        ("9c0d", "both queued", DOWN),
        ("77ab", "end queued", DOWN),
    ]
    asked = call(path, "queue", "drop", "77ab")
    assert (asked.returncode, asked.stderr) == (2, "bigpanda-release: not a terminal; pass --yes to confirm\n")
    dropped = call(path, "queue", "drop", "77ab", "--yes")
    assert dropped.stdout == (
        "the end of shop 2.4.2 will not be sent\n"
        "BigPanda shows shop 2.4.2 in progress until it gets an end: send the queued one with `bigpanda-release "
        "flush`, or drop it and send another with `bigpanda-release end --attempt 77ab77ab`\n"
        "dropped the end of shop 2.4.2\n"
    )
    again = json.loads(call(path, "queue", "drop", "pulumi-9c", "--yes", "--json").stdout)
    assert again["events"] == ["start", "end"]
    assert again["effects"][1] == "BigPanda will have no record of pay 7"
    assert call(path, "queue").stdout == "nothing is queued\n"
    told = {one["component"]: one for one in json.loads(call(path, "status", "--json").stdout)}
    assert {*told} == {"shop"}  # BigPanda has both of its attempts in progress
    history = json.loads(call(path, "history", "--json").stdout)
    assert [one["delivery"] for one in history] == ["both dropped", "end dropped", "delivered"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("drop", "zz"), "no queued event is of attempt zz; `bigpanda-release queue` lists what is queued"),
        (("drop", "a1b2"), "no queued event is of attempt a1b2; `bigpanda-release queue` lists what is queued"),
        (("drop", "7"), "several attempts begin with 7: shop 2.4.2 (77ab77ab), pay 7 (7c0d7c0d); write more of the id"),
        (("drop",), "missing argument 'ID'; see `bigpanda-release queue drop --help`"),
        (("dorp",), "no such command dorp; did you mean drop?"),
        (
            ("--json", "drop", "7"),
            "options come after drop; write them as `bigpanda-release queue drop --json`; see `bigpanda-release queue "
            "--help`",
        ),
    ],
)
def test_what_cannot_be_dropped_is_one_sentence(path: pathlib.Path, arguments: tuple[str, ...], sentence: str) -> None:
    """And exit code 2; nothing waits of what is in progress."""
    fill(path, END, replace(BOTH, attempt=replace(BOTH.attempt, id="7c0d" * 8)), record("a1b2", SHOP, 9))
    run = call(path, "queue", *arguments)
    assert (run.returncode, run.stderr) == (2, f"bigpanda-release: {sentence}\n")


def test_what_a_process_may_be_sending_is_not_dropped(path: pathlib.Path) -> None:
    """And what it has sent meanwhile stays sent."""
    now = time.time()
    fill(path, replace(BOTH, holder=Holder.current(), lease=now + LEASE_S), END)
    with Outbox(path, holder=Holder(1, "another")) as outbox:
        held, free = drop.queued(outbox)[::-1]
        with pytest.raises(ReleaseError, match=rf"the start and the end of pay 7 may be .* process {os.getpid()} is"):
            drop.drop(outbox, held)
        assert outbox.take([free])
        outbox.end_became(free.id, DELIVERED)
        with pytest.raises(ReleaseError, match=r"the end of shop 2\.4\.2 was sent or taken over in the meantime"):
            drop.drop(outbox, free)
    with Outbox(path) as outbox:
        assert [one.attempt.waits for one in outbox.latest()] == [True, False]


def test_what_dropping_means_is_said() -> None:
    """Where the start may have arrived, and where the stack's state holds the events, too."""
    assert drop.effects(replace(BOTH, in_doubt=True, in_state=True))[1:] == [
        "BigPanda may have received the start; then it shows pay 7 in progress, and only `bigpanda-release flush` "
        "would end it",
        "the state of shop/prod holds it too, so an update of shop/prod on another machine sends it",
    ]
    secret = record("e9f0", SHOP, 1, end=End.success(), is_secret=True)
    assert drop.effects(secret)[0] == "the end of a deployment of shop/prod web with secret properties will not be sent"
    with pytest.raises(WrongUseError, match="the attempt's id is empty; `bigpanda-release queue` lists"):
        drop.find([secret], "")


def test_an_end_that_was_dropped_can_be_given_anew(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """As the sentence says that `queue drop` prints."""
    shop = Release(faulty_stack("pass"))
    assert shop("start", "--component", "db", "--version", "9", "--host", "a").ok
    faulty.go_away()
    assert shop("end", "--component", "db", "--status", "failure").ok
    (waiting,) = json.loads(shop.printed("queue", "--json"))
    assert shop("queue", "drop", waiting["attempt"], "--yes").ok
    faulty.come_back()
    assert shop("flush").output == "nothing to send\n"
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress"]
    assert shop("end", "--attempt", waiting["attempt"][:8]).ok
    assert bigpanda.story() == ["start 9", "success 9"]
    assert shop("status").output == "nothing is in progress, and nothing is queued\n"


def test_an_update_does_not_send_what_was_dropped(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Though state takes it for queued: it says so once. Another machine, which does not know, sends it."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop.stack.up().ok
    before = shop.stack.pulumi("stack", "export").output
    (waiting,) = json.loads(shop.printed("queue", "--json"))
    told = shop("queue", "drop", waiting["attempt"], "--yes").output
    assert "the state of test/dev holds it too, so an update of test/dev on another machine sends it" in told
    faulty.come_back()
    assert "The events of an earlier update were dropped from the queue" in shop.stack.up().output
    assert bigpanda.story() == []
    assert shop.stack.preview("--expect-no-changes").ok
    file = shop.stack.folder / "before.json"
    file.write_text(before)
    shop.stack.pulumi("stack", "import", "--file", str(file))
    shop.stack.elsewhere()
    assert shop.stack.up().ok
    assert bigpanda.story() == ["start 7", "success 7"]


# -- flush -------------------------------------------------------------------------------------------------------------


def flushed(*after: tuple[Record, dict[str, Any], str | None]) -> Flushed:
    """What became of records: each with what became of its start and its end."""
    found = Flushed()
    for before, became, why in after:
        attempt = before.attempt.start_became(became["start"]).ended(End.success()).end_became(became["end"])
        found.add(before, attempt, why)
    return found


FROM_ENVIRONMENT = Setting("http://127.0.0.1:8080", Source.ENVIRONMENT, "BIGPANDA_BASE_URL")


def test_flush_says_what_became_of_each_event() -> None:
    """What was sent before is not told; of what BigPanda rejected, warnings have told."""
    found = flushed(
        (BOTH, {"start": DELIVERED, "end": DELIVERED}, None),
        (BOTH, {"start": REJECTED, "end": REJECTED}, "400: hosts missing"),
        (END, {"start": DELIVERED, "end": DELIVERED}, None),
        (BOTH, {"start": DELIVERED, "end": QUEUED}, DOWN),
        (record("a", ("db", "9", ["a"]), 1), {"start": DELIVERED, "end": QUEUED}, DOWN),
    )
    assert [line for line, _ in found.lines(FROM_ENVIRONMENT, US)] == [
        "sent the start and the end of pay 7",
        "sent the end of shop 2.4.2",
        "sent the start of pay 7",
        f"2 events stay queued (the end of pay 7, the end of db 9): {DOWN}",
        "4 events sent, 1 rejected",
    ]
    assert not found.complete
    told = found.as_object()
    assert {key: len(told[key]) for key in told} == {
        **{"sent": 3, "rejected": 1, "waiting": 2},
        **{"kept": 0, "sentElsewhere": 0, "others": 0, "unsure": 0},
    }
    assert told["rejected"][0] == {
        "attempt": "9c0d" * 8,
        "component": "pay",
        "version": "7",
        "hosts": ["pay-1"],
        "stack": "organization/shop/prod",
        "address": US,
        **dict.fromkeys(("machine", "user", "job", "jobUrl")),
        "events": ["start"],
        "why": "400: hosts missing",
    }


@pytest.mark.parametrize(
    ("used", "otherwise", "told"),
    [
        (
            FROM_ENVIRONMENT,
            US,
            "this call sends to http://127.0.0.1:8080 (BIGPANDA_BASE_URL); to send them, unset BIGPANDA_BASE_URL, or "
            f"run `bigpanda-release flush` with BIGPANDA_BASE_URL={US}",
        ),
        (
            Setting("https://eu-api.bigpanda.io", Source.DEFAULT, "bigpanda:baseUrl"),
            "https://eu-api.bigpanda.io",
            "this call sends to https://eu-api.bigpanda.io (bigpanda:baseUrl is not set); to send them, run "
            f"`bigpanda-release flush` with BIGPANDA_BASE_URL={US}",
        ),
        (
            Setting("http://127.0.0.1:8080", Source.CONFIG, "bigpanda:baseUrl"),
            "http://127.0.0.1:8080",
            "this call sends to http://127.0.0.1:8080 (bigpanda:baseUrl in the stack's config); to send them, run "
            f"`bigpanda-release flush` with BIGPANDA_BASE_URL={US} and without --stack",
        ),
    ],
)
def test_flush_says_how_events_for_another_address_are_sent(used: Setting[str], otherwise: str, told: str) -> None:
    """What is set now, where that is from, and what the events were for."""
    found = Flushed(others=[Part(BOTH, ("start", "end"), DOWN)])
    assert [line for line, _ in found.lines(used, otherwise)] == [f"2 events for {US} stay queued: {told}"]


def test_flush_for_scripts(path: pathlib.Path) -> None:
    """One object, and nothing else on standard output."""
    fill(path, BOTH)
    run = call(path, "flush", "--json", BIGPANDA_BASE_URL="http://127.0.0.1:9", BIGPANDA_API_TOKEN="t")
    assert run.returncode == 0
    (other,) = json.loads(run.stdout)["others"]
    assert (other["address"], other["events"]) == (US, ["start", "end"])
