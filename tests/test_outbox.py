"""The outbox: what it remembers, and that an update goes on without it where it cannot be used."""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bigpanda_provider.bigpanda.events import StartEvent, Status, read
from bigpanda_provider.delivery.attempt import Attempt, Previous, State
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.ledger import Ledger
from bigpanda_provider.delivery.outbox import Outbox, Place
from bigpanda_provider.delivery.owner import Owner
from bigpanda_provider.errors import OutboxError
from bigpanda_provider.provider.log import warn
from bigpanda_provider.settings import Settings

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

PLACE = Place("acme/shop/prod", "web", "http://127.0.0.1:1")
START = read(StartEvent, {"component": "web", "version": "1", "hosts": ["a"], "timestamp": 1700000000})
OPEN = Attempt("one", START, State.DELIVERED)

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing")
    """


@pytest.fixture
def outbox(tmp_path: pathlib.Path) -> Outbox:
    """An empty outbox in a folder that is not there yet."""
    return Outbox(tmp_path / "folder" / "outbox.db")


def test_an_attempt_is_unsettled_until_its_end_has_arrived(outbox: Outbox) -> None:
    """Open, waiting, delivered: each is as it was recorded last."""
    stages = [OPEN, OPEN.ended(Status.FAILURE, "why"), replace(OPEN.ended(Status.SUCCESS), end_state=State.DELIVERED)]
    for stage in stages:
        outbox.record(PLACE, Owner.current(), stage, secret=False)
        row = outbox.find("one")
        assert row is not None
        assert row.attempt() == stage
        assert [row.id for row in outbox.unsettled(PLACE.stack, PLACE.address)] == ([] if stage.settled else ["one"])


def test_what_waits_is_found_by_its_stack_and_address_alone_oldest_first(outbox: Outbox) -> None:
    """Another stack, and the same one with another address, see nothing of it."""
    for number, place in enumerate([PLACE, replace(PLACE, name="api"), replace(PLACE, stack="x"), PLACE]):
        outbox.record(place, Owner.current(), replace(OPEN, id=f"{9 - number}"), secret=False)
    assert [row.id for row in outbox.unsettled(PLACE.stack, PLACE.address)] == ["9", "8", "6"]
    assert outbox.unsettled(PLACE.stack, "http://127.0.0.1:2") == []


def test_a_secret_event_is_not_written(outbox: Outbox) -> None:
    """Only that the attempt is there, and what became of it; the event is taken from state."""
    secret = replace(OPEN, start=START.model_copy(update={"component": "s3cret-component"}))
    outbox.record(PLACE, Owner.current(), secret, secret=True)
    row = outbox.find("one")
    assert row is not None
    assert row.attempt() is None
    assert row.attempt(secret.start) == secret
    for file in outbox.path.parent.iterdir():
        assert b"s3cret" not in file.read_bytes()


def test_the_first_note_counts_and_goes_with_the_attempt(outbox: Outbox) -> None:
    """The reason of the first failure is the reason; once the attempt is settled nobody needs it."""
    outbox.record(PLACE, Owner.current(), OPEN, secret=False)
    outbox.note("one", "first")
    outbox.note("one", "second")
    noted = outbox.noted("one")
    assert noted is not None
    assert noted.reason == "first"
    settled = replace(OPEN.ended(Status.SUCCESS), end_state=State.DELIVERED)
    outbox.record(PLACE, Owner.current(), settled, secret=False)
    assert outbox.noted("one") is None


def test_history_is_bounded_and_what_waits_is_never_dropped(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of settled attempts the newest are kept, once it is looked for others."""
    monkeypatch.setattr("bigpanda_provider.delivery.outbox.KEPT", 3)
    monkeypatch.setattr("bigpanda_provider.delivery.outbox.FORGET_EVERY", 5)
    outbox.record(PLACE, Owner.current(), replace(OPEN, id="open"), secret=False)
    outbox.record(PLACE, Owner.current(), replace(OPEN, id="waits").ended(Status.SUCCESS), secret=False)
    for number in range(6):
        settled = replace(OPEN, id=str(number), status=Status.SUCCESS, end_state=State.DELIVERED)
        outbox.record(PLACE, Owner.current(), settled, secret=False)
    assert [name for name in ["open", "waits", *"012345"] if outbox.find(name)] == ["open", "waits", *"345"]


@pytest.mark.parametrize("version", [1, 2])
def test_an_outbox_of_an_earlier_version_goes_on(outbox: Outbox, version: int) -> None:
    """What waits in it is still there."""
    outbox.record(PLACE, Owner.current(), OPEN)
    with contextlib.closing(sqlite3.connect(outbox.path)) as db, db:
        for column in ["folder", "stored"][: 3 - version]:
            db.execute(f"ALTER TABLE attempt DROP COLUMN {column}")
        db.execute(f"PRAGMA user_version = {version}")
    outbox.record(PLACE, Owner.current(), replace(OPEN, id="two"))
    assert [row.attempt() for row in outbox.unsettled(PLACE.stack, PLACE.address)] == [OPEN, replace(OPEN, id="two")]


def test_an_attempt_has_one_end(outbox: Outbox) -> None:
    """The first one counts, and waits to be sent; a second changes nothing."""
    outbox.record(PLACE, Owner.current(), OPEN)
    assert outbox.end(OPEN.id, Status.SUCCESS, None)
    assert not outbox.end(OPEN.id, Status.FAILURE, "late")
    (row,) = outbox.waiting()
    assert row.attempt() == OPEN.ended(Status.SUCCESS)


def test_an_attempt_is_handed_over_once(outbox: Outbox) -> None:
    """Of two processes that take it from the same one, one gets it."""
    gone, first, second = Owner(1, "gone"), Owner(2, "first"), Owner(3, "second")
    outbox.record(PLACE, gone, OPEN)
    rows = outbox.latest()
    assert outbox.hand_over(rows, first) == rows
    assert outbox.hand_over(rows, second) == []
    assert outbox.latest()[0].owner == first


def test_the_file_is_for_its_user_alone(outbox: Outbox) -> None:
    """Hosts and versions are nobody else's business."""
    outbox.record(PLACE, Owner.current(), OPEN, secret=False)
    assert outbox.path.stat().st_mode & 0o077 == 0
    assert outbox.path.parent.stat().st_mode & 0o077 == 0


def test_threads_share_it(outbox: Outbox) -> None:
    """Eight threads record at once from the first moment on, and nothing is lost."""

    def work(number: int) -> None:
        for count in range(10):
            outbox.record(PLACE, Owner.current(), replace(OPEN, id=f"{number}-{count}"), secret=False)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outbox.unsettled(PLACE.stack, PLACE.address)) == 80


def test_a_damaged_row_is_an_outbox_error(outbox: Outbox) -> None:
    """What is no event is told as one sentence, like a file that is no database."""
    outbox.record(PLACE, Owner.current(), OPEN, secret=False)
    with contextlib.closing(sqlite3.connect(outbox.path)) as db, db:
        db.execute("""UPDATE attempt SET start = '{"hosts": 3}'""")
    with pytest.raises(OutboxError, match="cannot be used"):
        outbox.find("one")
    with pytest.raises(OutboxError, match="cannot be used"):
        outbox.unsettled(PLACE.stack, PLACE.address)


# -- an update whose outbox cannot be used -----------------------------------------------------------------------------


@contextlib.contextmanager
def in_a_file(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Its folder is a file."""
    path.write_text("")
    yield path / "outbox.db"


@contextlib.contextmanager
def a_folder(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """It is a folder."""
    path.mkdir()
    yield path


@contextlib.contextmanager
def no_database(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """It is something else."""
    path.write_bytes(b"something else entirely\n" * 1000)
    yield path


@contextlib.contextmanager
def torn(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Its pages are overwritten from the second on."""
    Outbox(path).record(PLACE, Owner.current(), OPEN, secret=False)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    yield path


@contextlib.contextmanager
def newer(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A later version of the package made it."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE future (thing TEXT)")
        db.execute("PRAGMA user_version = 99")
    yield path


@contextlib.contextmanager
def locked(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Another process holds its lock all the time."""
    Outbox(path).record(PLACE, Owner.current(), OPEN, secret=False)
    code = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('BEGIN EXCLUSIVE');"
        "print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield path
        process.communicate(timeout=10)


@contextlib.contextmanager
def full(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Its disk is full."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("NOT TESTED: an outbox on a full disk, since no file system can be mounted here")
    try:
        yield path / "outbox.db"
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.parametrize("unusable", [in_a_file, a_folder, no_database, torn, newer, locked, full])
def test_an_outbox_that_cannot_be_used_is_one_warning(
    stack: MakeStack,
    bigpanda: Sandbox,
    tmp_path: pathlib.Path,
    unusable: Callable[[pathlib.Path], contextlib.AbstractContextManager[pathlib.Path]],
) -> None:
    """The events are sent all the same, in this update and the next, and the file stays as it is."""
    made = stack(WEB)
    with unusable(tmp_path / "unusable") as path:
        made.environment["BIGPANDA_OUTBOX"] = str(path)
        before = path.read_bytes() if path.is_file() else None
        for version in ("1", "2"):
            run = made.config(version=version).up(skip_preview=True)  # which would say it too, where it asks the outbox
            assert run.ok, run.output
            assert run.output.count(f"warning: the outbox {path} cannot be used") == 2  # as it goes, and in the summary
            assert "name another file in BIGPANDA_OUTBOX" in run.output
        assert before is None or path.read_bytes() == before
        assert made.preview("--expect-no-changes").ok
        assert made.destroy().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


def test_a_failure_without_an_outbox(stack: MakeStack, bigpanda: Sandbox, tmp_path: pathlib.Path) -> None:
    """The guard ends the attempt all the same; the reason, which would come through the outbox, is the general one."""
    made = stack(WEB.replace('"thing"', '"thing", fail="no space left"'))
    (tmp_path / "file").write_text("")
    made.environment["BIGPANDA_OUTBOX"] = str(tmp_path / "file" / "outbox.db")
    assert not made.up().ok
    assert [change["reason"] for change in bigpanda.changes()] == [
        "the update ended before this deployment was complete"
    ]


def test_a_release_that_another_process_has_ended_keeps_that_end(outbox: Outbox, bigpanda: Sandbox) -> None:
    """An attempt has one end: the runner sends no second one for it."""
    settings = Settings.resolve({}, {"BIGPANDA_BASE_URL": bigpanda.address, "BIGPANDA_API_TOKEN": "t"})
    delivery = Delivery(settings, outbox)
    delivery.start(PLACE.stack, "bigpanda-release", replace(OPEN, start_state=State.QUEUED), folder="/project")
    assert outbox.end(OPEN.id, Status.SUCCESS, None)
    ended = delivery.end_now(OPEN.id, Status.FAILURE, "late")
    assert (ended.status, ended.end_state) == (Status.SUCCESS, State.QUEUED)
    assert bigpanda.story() == ["start 1"]


def test_a_success_that_another_process_is_still_writing_down(outbox: Outbox) -> None:
    """The engine does not wait long for its provider, so the next run may be there first: it waits for the end."""
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        owner = Owner.of(other.pid)
        outbox.record(PLACE, owner, OPEN, secret=False)
        outbox.note(OPEN.id, None)
        ended = replace(OPEN.ended(Status.SUCCESS), end_state=State.DELIVERED)
        later = threading.Timer(0.5, lambda: outbox.record(PLACE, owner, ended, secret=False))
        later.start()
        told = Ledger(outbox, PLACE.address, warn).how_it_ended(OPEN.id)
        later.join()
    finally:
        other.communicate(b"\n")
    assert told == Previous(OPEN.id, Status.SUCCESS, State.DELIVERED)
