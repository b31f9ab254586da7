"""The tables of `status`, `history`, `queue` and `status --remote`, as they are shown: none breaks a line."""

from __future__ import annotations

import datetime as dt
import fcntl
import io
import os
import pathlib
import pty
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.record import Place, Record, Recorder
from bigpanda_provider.errors import WrongUseError
from bigpanda_provider.release.recorded import remote
from bigpanda_provider.release.recorded.choice import Choice, moment
from bigpanda_provider.release.recorded.records import Entry, Events, State
from bigpanda_provider.release.shown import listing
from bigpanda_provider.release.shown.listing import Listing, Make, ago
from bigpanda_provider.release.shown.table import Cell, Column, cut, lines
from bigpanda_provider.state import DeliveryStatus
from tests.outboxes import fill

from .command import COMMAND

NOW = 1795776949.0  # 2026-11-27 10:55:49 UTC
US = "https://api.bigpanda.io"
DOWN = f"{US} could not be reached: Connection refused"
FULL = "creating aws:ec2/instance:Instance web-2: no space left on device"
QUEUED, DELIVERED, REJECTED = DeliveryStatus.QUEUED, DeliveryStatus.DELIVERED, DeliveryStatus.REJECTED
GONE = Holder(0, "gone")
SUCCESS, FAILURE = replace(End.success(), delivery=DELIVERED), End.failure(FULL)


def record(
    attempt: str,
    event: tuple[str, str, Sequence[str]],
    minutes_ago: float,
    start: DeliveryStatus = DELIVERED,
    end: End | None = None,
    *,
    why: str | None = None,
    by: Recorder = Recorder.DEPLOYMENT,
    is_secret: bool = False,
) -> Record:
    """What the outbox has of a deployment."""
    component, version, hosts = event
    began = StartEvent(component=component, version=version, hosts=tuple(hosts), timestamp=1)
    stack = "" if by is Recorder.PERSON else "organization/shop/prod"
    at = NOW - 60 * minutes_ago
    return Record(
        Attempt(attempt * 8, None if is_secret else began, start, end),
        Place(stack, "web", US),
        by,
        GONE,
        lease=0.0,
        recorded=at,
        is_secret=is_secret,
        why=why,
    )


RECORDS = [
    record("e9f0", ("s", "s", ["s"]), 1, end=End.success(), is_secret=True),
    record("9c0d", ("payments", "2.0-rc.3", ["pay-1"]), 2, QUEUED, End.success(), why=DOWN, by=Recorder.RUNNER),
    record("77ab", ("shop", "2.4.2", ["web-1", "web-2"]), 3, end=FAILURE, why=DOWN),
    record("4f1c", ("shop", "2.4.1", [f"web-{number}" for number in range(1, 6)]), 4, end=SUCCESS),
    record("c5d6", ("billing", "1.0.0", ["api-1"]), 65),
    record("a1b2", ("db", "9", ["db-1", "db-2"]), 122, by=Recorder.PERSON),
    record(
        "b3c4", ("db", "8", ["db-1"]), 4320, REJECTED, replace(FAILURE, delivery=REJECTED), why="400: hosts missing"
    ),
]
ENTRIES = [Entry.of(one, NOW) for one in RECORDS]
REMOTE = [
    replace(ENTRIES[4], looked_after_by=remote.ORPHANED, link="https://ci.example/builds/7"),
    replace(ENTRIES[3], looked_after_by=f"{remote.PROCESS}4711"),
    replace(ENTRIES[5], looked_after_by=remote.PERSON),
    replace(ENTRIES[2], looked_after_by=remote.UNKNOWN, stack="acme/shop/prod"),
]


def shown(
    make: Make, entries: Sequence[Entry], width: int | None, *, utc: bool = False, most: int | None = None
) -> str:
    """What a console of that width shows; a pipe, if None."""
    text = io.StringIO()
    console = Console(
        file=text, width=width or 1000, force_terminal=width is not None, no_color=True, color_system=None
    )
    Listing(console, make, "nothing", is_whole=utc, most=most, now=lambda: NOW).show(entries)
    return text.getvalue()


GOLDEN = pathlib.Path(__file__).with_name("tables.txt")


def golden() -> dict[str, str]:
    """The tables of the file by their names, such as "deployments 60"."""
    parts = GOLDEN.read_text(encoding="utf-8").split("== ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].rstrip("\n") + "\n" for part in parts}


@pytest.mark.parametrize("width", [60, 80, 120, None])
@pytest.mark.parametrize("name", ["deployments", "waiting", "in_bigpanda"])
def test_a_table_is_whole(name: str, width: int | None) -> None:
    """On a terminal of that width: no line is longer, and each deployment has one; a pipe gets all of it."""
    entries = {"waiting": ENTRIES[:3], "in_bigpanda": REMOTE}.get(name, ENTRIES)
    told = shown(getattr(listing, name), entries, width)
    assert told == golden()[f"{name} {width or 'pipe'}"]
    assert width is None or max(map(cell_len, told.splitlines())) <= width
    assert len(told.splitlines()) == len(entries) + 1


def test_whole_times_and_what_is_left_out() -> None:
    """`--utc`, and the newest few; a pipe says nothing that is no record."""
    assert shown(listing.deployments, ENTRIES, 60, utc=True, most=3) == golden()["utc, newest 3"]
    assert "more" not in shown(listing.deployments, ENTRIES, None, most=3)
    assert shown(listing.deployments, [], 60) == "nothing\n"


@pytest.mark.parametrize("width", range(10, 200, 7))
def test_no_width_breaks_a_table(width: int) -> None:
    """Whatever stands in it: wide characters, line breaks, a name that is longer than the terminal."""
    odd = replace(ENTRIES[2], component="名前" * 40, version="1\n2", reason="x" * 500, hosts=("h" * 90,) * 30)
    told = shown(listing.deployments, [odd, *ENTRIES], width).splitlines()
    assert len(told) == len(ENTRIES) + 2
    assert max(map(cell_len, told)) <= width


def test_a_column_in_which_nothing_stands_takes_no_room() -> None:
    """On a terminal; in a pipe each column is where it always is."""
    columns = [Column("a", 0, 3, (Cell("one"),)), Column("b", 1, 3, (Cell(""),)), Column("c", 2, 3, (Cell("two"),))]
    assert [line.plain for line in lines(columns, 20)] == ["a    c", "one  two"]
    assert [line.plain for line in lines(columns, None)] == ["a    b  c", "one     two"]


@pytest.mark.parametrize(
    ("text", "width", "told"), [("shop", 4, "shop"), ("shops", 4, "sho…"), ("名前です", 5, "名前…"), ("a b", 3, "a b")]
)
def test_text_is_cut_by_the_room_that_it_takes(text: str, width: int, told: str) -> None:
    """Some characters take two columns of a terminal."""
    assert cut(text, width) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (172799, "47 h"), (172800, "2 d")],
)
def test_how_long_ago(seconds: float, told: str) -> None:
    """In the largest unit that says enough."""
    assert ago(seconds) == told


# -- state and delivery ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "state", "events"),
    [
        (DELIVERED, None, State.LEFT_OPEN, Events.DELIVERED),
        (QUEUED, None, State.LEFT_OPEN, Events.START_QUEUED),
        (QUEUED, End.success(), State.SUCCESS, Events.BOTH_QUEUED),
        (DELIVERED, FAILURE, State.FAILURE, Events.END_QUEUED),
        (DELIVERED, SUCCESS, State.SUCCESS, Events.DELIVERED),
        (DELIVERED, replace(SUCCESS, delivery=REJECTED), State.SUCCESS, Events.END_REJECTED),
        (REJECTED, None, State.LEFT_OPEN, Events.START_REJECTED),
        (REJECTED, replace(SUCCESS, delivery=REJECTED), State.SUCCESS, Events.START_REJECTED),
        (DELIVERED, replace(SUCCESS, delivery=DeliveryStatus.OFF), State.SUCCESS, Events.END_DROPPED),
        (DeliveryStatus.OFF, replace(SUCCESS, delivery=DeliveryStatus.OFF), State.SUCCESS, Events.BOTH_DROPPED),
    ],
)
def test_state_and_delivery_are_two_things(
    start: DeliveryStatus, end: End | None, state: State, events: Events
) -> None:
    """What happened to the deployment, and what became of its events."""
    entry = Entry.of(record("a", ("shop", "1", ["a"]), 1, start, end), NOW)
    assert (entry.state, entry.events) == (state, events)


def test_why_something_waits_or_was_rejected() -> None:
    """For scripts: what is absent is null, and each deployment has the same keys."""
    objects = [one.as_object() for one in ENTRIES]
    assert [(one["waits"], one["rejected"]) for one in objects] == [
        ("not sent yet", None),
        (DOWN, None),
        (DOWN, None),
        (None, None),
        (None, None),
        (None, None),
        (None, "400: hosts missing"),
    ]
    assert len({tuple(one) for one in objects}) == 1


# -- what is shown -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (Choice(), ["(secret)", "payments", "shop", "shop", "billing", "db", "db"]),
        (Choice(component="shop"), ["shop", "shop"]),
        (Choice(host="db-2"), ["db"]),
        (Choice(state=State.LEFT_OPEN), ["billing"]),
        (Choice(stack="prod", state=State.FAILURE), ["shop", "db"]),
        (Choice(stack="shop/prod", component="db"), ["db"]),
        (Choice(stack="organization/shop/prod", host="pay-1"), ["payments"]),
        (Choice(stack="od"), []),
        (Choice(after=dt.datetime.fromtimestamp(NOW - 200, dt.timezone.utc)), ["(secret)", "payments", "shop"]),
    ],
)
def test_what_is_chosen(choice: Choice, found: list[str]) -> None:
    """The newest first, whatever the order is in which they are found."""
    assert [one.component or "(secret)" for one in choice.of(reversed(ENTRIES))] == found
    assert bool(choice) == (choice != Choice())


def test_a_time_is_so_long_ago_or_a_date() -> None:
    """Anything else is one sentence."""
    now = dt.datetime.fromtimestamp(NOW, dt.timezone.utc)
    assert moment("90m", now) == now - dt.timedelta(minutes=90)
    assert moment("2026-11-27T10:55:49Z", now) == now
    for wrong in ("yesterday", "9y", "99999999999d"):
        with pytest.raises(WrongUseError, match="is not a time; write it as 90m, 12h, 7d, or"):
            moment(wrong, now)


# -- the command itself ------------------------------------------------------------------------------------------------


def on_terminal(outbox: pathlib.Path, columns: int, *arguments: str, stop_after: str | None = None) -> tuple[str, int]:
    """What the command shows on a terminal of that width, without colors, and its exit code.

    Args:
        outbox: the file.
        columns: the width.
        arguments: the command's.
        stop_after: the text after which Ctrl-C is pressed, once it was shown twice.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "FORCE_COLOR")}
    process = subprocess.Popen(
        [COMMAND, *arguments],
        env={**kept, "TERM": "xterm", "NO_COLOR": "1", "BIGPANDA_OUTBOX": str(outbox)},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whatever the tests were started with
    )
    os.close(slave)
    text = ""
    try:
        while True:
            try:
                text += os.read(master, 65536).decode()
            except OSError:  # the other end is closed
                break
            if stop_after is not None and text.count(stop_after) == 2:
                process.send_signal(signal.SIGINT)
                stop_after = None
        return text.replace("\r\n", "\n").replace("\x1b[1m", "").replace("\x1b[0m", ""), process.wait(20)
    finally:
        process.kill()
        process.wait()
        os.close(master)


@pytest.fixture
def outbox(tmp_path: pathlib.Path) -> pathlib.Path:
    """An outbox with the records, as if they had been recorded just now."""
    path = tmp_path / "outbox.db"
    later = time.time() - NOW
    fill(path, *(replace(one, recorded=one.recorded + later - 1) for one in RECORDS))
    return path


@pytest.mark.parametrize("width", [60, 80])
def test_history_on_a_terminal(outbox: pathlib.Path, width: int) -> None:
    """As the table of that width; every line ends where the terminal does, or before."""
    assert on_terminal(outbox, width, "history") == (golden()[f"deployments {width}"], 0)


def test_watching_shows_the_table_anew_until_ctrl_c(outbox: pathlib.Path) -> None:
    """That is no failure: there is no other end."""
    text, code = on_terminal(outbox, 80, "history", "--watch", "--component", "billing", stop_after="billing")
    assert code == 0
    assert "cancelled" not in text
    assert text.count("1.0.0") >= 2
