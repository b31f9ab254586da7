"""Text from outside with escape sequences and control characters: none reaches a terminal, BigPanda or a file."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Callable

import pytest

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place
from bigpanda_provider.program.checkpoint import Checkpoint
from bigpanda_provider.provider.last import Last, previous_of
from bigpanda_provider.state import COMPLETION_TYPE, OWN_TYPES
from tests import faults
from tests.engine import Stack
from tests.faults import FaultyBigPanda
from tests.servers import Sandbox

from .command import UP, Release

MakeRelease = Callable[[str], Release]
MakeStack = Callable[[str], Stack]

ODD = "\x1b[31mno\x1b[0m \x1b]8;;https://evil.example\x07access\x1b]8;;\x1b\\\x07\x9b2K\u202e to it"
PLAIN = "no access to it"
WEB = """
    with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
        Thing("thing", fail=ERROR)
    """.replace("ERROR", ascii(ODD))


def is_plain(text: str) -> bool:
    """Whether it has no control characters, and nothing that turns the direction of text."""
    return re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text) is None


@pytest.mark.parametrize("delivery", ["bestEffort", "required"])
def test_in_bigpandas_answer(faulty_stack: MakeStack, faulty: FaultyBigPanda, delivery: str) -> None:
    """`up`, `flush` and state show what it says, and nothing of what a terminal would obey."""
    made = faulty_stack(WEB.replace(ascii(ODD), "None"))
    made.environment["BIGPANDA_DELIVERY"] = delivery
    faulty.script = [None]
    faulty.fault = faults.answer(403, ODD.encode())
    run = made.up()
    assert run.ok is (delivery == "bestEffort")
    assert f"answered 403: {PLAIN}" in run.output
    assert is_plain(run.output)
    assert is_plain(made.exported())
    flushed = Release(made)("flush")
    assert f"answered 403: {PLAIN}" in flushed.output
    assert is_plain(flushed.output)


def test_in_an_error_of_a_resource(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The reason is what can be read of it, in BigPanda, the outbox and the history."""
    shop = release(WEB)
    assert not shop.stack.up().ok
    assert bigpanda.changes()[0]["reason"] == f"thing: RuntimeError: {PLAIN}"
    shown, told = shop("history"), json.loads(shop.printed("history", "--json"))
    assert is_plain(shown.output)
    assert [record["errorMessage"] for record in told] == [f"thing: RuntimeError: {PLAIN}"]


def test_in_what_the_engine_tells_the_runner(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Its lines and the reason are plain, also where a resource's name is not."""
    shop = release('    Thing("fi\\x1b[31mrst", fail=ERROR)'.replace("ERROR", ascii(ODD)))
    run = shop(*UP)
    assert not run.ok
    assert PLAIN in run.output
    assert is_plain(run.output)
    (change,) = bigpanda.changes()
    assert change["hosts"] == ["first"]
    assert change["reason"] == f"first: RuntimeError: {PLAIN}"


def test_in_what_is_given_by_hand(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Start and end agree, and the reason is plain."""
    shop = release(WEB)
    names = ("--component", "shop\n", "--version", "1\x1b[m", "--host", "a\tb")
    assert shop("start", *names, "--description", f"one\ntwo{ODD}").ok
    assert shop("end", *names, "--status", "failure", "--reason", ODD).ok
    (change,) = bigpanda.changes()
    assert (change["component"], change["version"], change["hosts"]) == ("shop", "1", ["a b"])
    assert change["reason"] == PLAIN
    assert bigpanda.events()[0]["body"]["description"] == f"one\ntwo{PLAIN}"
    assert is_plain(shop("history").output)


def test_in_an_outbox_of_an_older_version(release: MakeRelease) -> None:
    """`status` and `history` show it plain, and so it is sent."""
    shop = release(WEB)
    start = StartEvent(component="w", version="1", hosts=("a",), timestamp=1)
    for name, value in (("component", f"w{ODD}"), ("version", "1\n"), ("hosts", ("a\x07",))):
        object.__setattr__(start, name, value)
    place = Place("organization/test/dev", ODD, shop.stack.environment["BIGPANDA_BASE_URL"])
    with Outbox(shop.stack.outbox, holder=Holder(1, "gone")) as outbox:
        outbox.begin(place, Attempt("1", start).ended(End.failure("to be replaced")))
    with contextlib.closing(sqlite3.connect(shop.stack.outbox)) as db, db:
        db.execute("UPDATE bigpanda_attempt SET reason = ?", (ODD,))
    for command in ("status", "history", "flush"):
        run = shop(command)
        assert run.ok, run.output
        assert is_plain(run.output)


def test_in_state_of_an_older_version() -> None:
    """The end that is sent again for it is plain, and so is what preview shows of it."""
    end = {"attempt": "1", "status": "failure", "delivery": "queued", "errorMessage": ODD}
    checkpoint = Checkpoint.of(
        {
            "urn": {"type": f"{OWN_TYPES}Deployment", "outputs": {"attempt": "1"}},
            "end": {"type": COMPLETION_TYPE, "outputs": end},
        }
    )
    inputs = checkpoint.previous(["urn"])
    assert inputs is not None
    assert inputs["errorMessage"] == PLAIN
    previous = previous_of({"previous": {**inputs, "errorMessage": ODD}}, "1")
    assert previous is not None
    assert previous.end == End.failure(PLAIN)
    event = {"component": "web", "version": "1", "hosts": ["a"]}
    waits = {"id": "1", "start": event, "startState": "queued", "status": "failure", "errorMessage": ODD}
    (attempt,) = Last.of({**event, "attempt": "2", "backlog": [waits]}).backlog
    assert attempt.end == End.failure(PLAIN)
