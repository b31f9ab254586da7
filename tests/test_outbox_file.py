"""The outbox in a file: earlier versions of it, and that an update goes on without it where it cannot be used."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bigpanda_provider.delivery.attempt import End
from bigpanda_provider.delivery.origin import Origin
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Note, Recorder
from bigpanda_provider.delivery.stored.breaker import QUIET_S
from bigpanda_provider.delivery.stored.location import location
from bigpanda_provider.state import DeliveryStatus, Status

from .engine import Stack
from .outboxes import GONE, OPEN, PLACE, START, WAITING, Clock, read_back
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing")
    """


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """A file in a folder that is not there yet."""
    return tmp_path / "folder" / "outbox.db"


@pytest.fixture
def outbox(path: pathlib.Path) -> Iterator[Outbox]:
    """The outbox as this process uses it."""
    with Outbox(path, clock=Clock()) as outbox:
        yield outbox


OLD_SCHEMA = """
CREATE TABLE attempt (id TEXT PRIMARY KEY, stack TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL,
    owner TEXT NOT NULL, recorded REAL NOT NULL, start TEXT, start_state TEXT NOT NULL, status TEXT, reason TEXT,
    end_state TEXT, stored INTEGER NOT NULL, folder TEXT) WITHOUT ROWID;
CREATE INDEX attempt_of_stack ON attempt (stack, address, recorded);
CREATE TABLE note (attempt TEXT PRIMARY KEY, reason TEXT, written REAL NOT NULL) WITHOUT ROWID;
"""


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_outbox_of_an_earlier_version_goes_on(outbox: Outbox, path: pathlib.Path, version: int) -> None:
    """What waits in it is still there, with who recorded it, and can be taken over from a process that is gone."""
    event = json.dumps(START.stored())
    rows = [
        ("by hand", "", "web", PLACE.address, "1 2", 1.0, event, "delivered", None, None, None, 0, None),
        ("open", PLACE.stack, "web", PLACE.address, "1 2", 2.0, event, "queued", None, None, None, 0, None),
        ("ended", PLACE.stack, "web", PLACE.address, "1 2", 3.0, event, "delivered", "failure", "x", "queued", 1, None),
        ("released", PLACE.stack, "r", PLACE.address, "1 2", 4.0, None, "delivered", None, None, None, 0, "/folder"),
    ]
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(OLD_SCHEMA)
        db.executemany(f"INSERT INTO attempt VALUES ({', '.join('?' * 13)})", rows)
        for column in ["folder", "stored"][: 3 - version]:
            db.execute(f"ALTER TABLE attempt DROP COLUMN {column}")
        db.execute(f"PRAGMA user_version = {version}")
    records = {record.id: record for record in outbox.unsettled_of_all()}
    assert outbox.trouble is None
    assert list(records) == ["by hand", "open", "ended", "released"]
    runner = Recorder.RUNNER if version == 3 else Recorder.DEPLOYMENT
    told = [record.recorder for record in records.values()]
    assert told == [Recorder.PERSON, Recorder.DEPLOYMENT, Recorder.DEPLOYMENT, runner]
    assert [record.in_doubt for record in records.values()] == [False, True, False, False]
    assert records["ended"].attempt.end == End.failure("x")
    assert records["ended"].in_state == (version > 1)
    assert [record.id for record in outbox.take(records.values())] == list(records)


LATER_SCHEMA = """
CREATE TABLE attempt (id TEXT PRIMARY KEY, stack TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL,
    recorder TEXT NOT NULL, holder TEXT NOT NULL, lease REAL NOT NULL, recorded REAL NOT NULL, start TEXT,
    start_delivery TEXT NOT NULL, status TEXT, reason TEXT, end_delivery TEXT, ended INTEGER, in_state INTEGER NOT NULL,
    in_doubt INTEGER NOT NULL, folder TEXT, why TEXT) WITHOUT ROWID;
CREATE INDEX unsettled ON attempt (stack, address, name, recorded)
    WHERE end_delivery IS NULL OR end_delivery = 'queued';
CREATE TABLE note (attempt TEXT PRIMARY KEY, reason TEXT, written REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE addition (attempt TEXT NOT NULL, hosts TEXT NOT NULL, holder TEXT NOT NULL, until REAL NOT NULL);
CREATE INDEX addition_of_attempt ON addition (attempt);
"""


@pytest.mark.parametrize("version", [5, 6])
def test_an_outbox_of_a_later_version_goes_on(outbox: Outbox, path: pathlib.Path, version: int) -> None:
    """Its attempts, notes and additions are there; what was not recorded then is unknown."""
    row = (
        "one",
        *(PLACE.stack, PLACE.name, PLACE.address),
        "deployment",
        str(GONE),
        1.0,
        2.0,
        json.dumps(START.stored()),
    )
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.executescript(LATER_SCHEMA)
        values = "?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', NULL, NULL, NULL, NULL, 0, 0, NULL, 'why'"
        db.execute(f"INSERT INTO attempt VALUES ({values})", row)
        db.execute("INSERT INTO note VALUES ('one', 'full', 3.0)")
        db.executemany("INSERT INTO addition VALUES ('one', ?, ?, 0)", [('["b"]', str(GONE)), ('["a"]', str(GONE))])
        if version == 5:
            db.execute("ALTER TABLE attempt DROP COLUMN why")
        db.execute(f"PRAGMA user_version = {version}")
    (record,) = outbox.unsettled_of_all()
    assert (record.attempt, record.why, record.origin) == (WAITING, "why" if version == 6 else None, Origin())
    assert outbox.noted("one") == Note("full", 3.0)
    assert outbox.take([record])
    assert outbox.take_in_additions("one", None).attempt.start == replace(START, hosts=("a", "b"))
    outbox.start_became("one", DeliveryStatus.QUEUED, "BigPanda answered 503")
    assert read_back(outbox).why == "BigPanda answered 503"
    assert outbox.trouble is None


def test_a_failed_write_is_tried_again(path: pathlib.Path) -> None:
    """One warning; what this process knows counts meanwhile, and is written when that is possible."""
    warnings: list[str] = []

    def warn(sentence: str, *, about: str | None = None) -> None:
        warnings.append(sentence)

    clock = Clock()
    path.parent.mkdir()
    with Outbox(path, warn, clock=clock) as outbox:
        outbox.begin(PLACE, OPEN)
        with locked(path):
            assert outbox.end("one", End.success())
            assert not outbox.end("one", End.failure("late"))
        assert read_back(outbox).attempt.is_open
        outbox.end_became("one", DeliveryStatus.DELIVERED)  # not tried: it was locked just now
        assert read_back(outbox).attempt.is_open
        clock.time += QUIET_S
        outbox.note("two", "any other use")
        outbox.begin(PLACE, replace(OPEN, id="three"))
        assert read_back(outbox).attempt.end == End(Status.SUCCESS, delivery=DeliveryStatus.DELIVERED, at=1000)
        assert outbox.trouble is None
    assert len(warnings) == 1


def test_what_could_not_be_written_is_written_at_the_end(path: pathlib.Path) -> None:
    """However soon that is."""
    path.parent.mkdir()
    with Outbox(path, clock=Clock()) as outbox:
        outbox.begin(PLACE, OPEN)
        with locked(path):
            outbox.end("one", End.success())
    assert read_back(outbox).attempt == OPEN.ended(End.success().timed(1000))


def test_a_file_that_is_removed_is_made_anew(outbox: Outbox, path: pathlib.Path) -> None:
    """With what this process knows."""
    outbox.begin(PLACE, OPEN)
    for file in path.parent.iterdir():
        file.unlink()
    outbox.end("one", End.success())
    assert read_back(outbox).attempt == OPEN.ended(End.success().timed(1000))


def test_the_file_is_for_its_user_alone(outbox: Outbox, path: pathlib.Path) -> None:
    """Hosts and versions are nobody else's business."""
    outbox.begin(PLACE, OPEN)
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_damaged_row_is_an_outbox_that_cannot_be_used(outbox: Outbox, path: pathlib.Path) -> None:
    """What is no event is told as one sentence, like a file that is no database; nothing is raised."""
    outbox.begin(PLACE, OPEN)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("""UPDATE bigpanda_attempt SET start = '{"hosts": 3}'""")
    assert outbox.unsettled_of_all() == []
    assert outbox.trouble is not None
    assert "cannot be used" in str(outbox.trouble)


def test_there_is_no_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """Then the outbox cannot be used, and nothing is made in a folder called "~"."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with Outbox(location({})) as outbox:
        outbox.begin(PLACE, OPEN)
        assert outbox.trouble is not None
        assert "there is no home folder" in str(outbox.trouble)
    assert not any(tmp_path.iterdir())


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
    if not path.exists():
        with Outbox(path) as outbox:
            outbox.begin(PLACE, OPEN)
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
    if not path.exists():
        with Outbox(path) as outbox:
            outbox.begin(PLACE, OPEN)
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
            assert "set BIGPANDA_OUTBOX to another file" in run.output
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
