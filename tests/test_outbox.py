"""The outbox: what it remembers, and that an update goes on without it where it cannot be used."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from bigpanda_provider.bigpanda.events import StartEvent, read
from bigpanda_provider.delivery.attempt import DROPPED, Attempt, End
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.file import default_path
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import QUIET_S, Outbox
from bigpanda_provider.delivery.queue import WHY_LIMIT, why_not_sent
from bigpanda_provider.delivery.record import LEASE_S, Place, Record, Recorder
from bigpanda_provider.errors import DeliveryError, RefusedError, RejectedError, UnavailableError
from bigpanda_provider.provider.telling import warn
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import DeliveryStatus, Status

from .engine import Stack, wait_until
from .faults import FaultyBigPanda, answer
from .servers import Recorder as Recording
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

US = Holder.current()
OTHER = replace(US, started="another process of this machine")
GONE = Holder(0, "a process that is gone")
ELSEWHERE = Holder(1, "1", "another machine")

PLACE = Place("acme/shop/prod", "web", "http://127.0.0.1:1")
START = read(StartEvent, {"component": "web", "version": "1", "hosts": ["a"], "timestamp": 1700000000})
WAITING = Attempt("one", START)
OPEN = WAITING.start_became(DeliveryStatus.DELIVERED)

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing")
    """


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    time: float = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


@pytest.fixture
def clock() -> Clock:
    """What leases are told by."""
    return Clock()


@pytest.fixture
def opened(tmp_path: pathlib.Path, clock: Clock) -> Iterator[Callable[..., Outbox]]:
    """Opens the outbox, in a folder that is not there yet, as a process that is given."""
    with contextlib.ExitStack() as stack:

        def opened(holder: Holder = US) -> Outbox:
            return stack.enter_context(Outbox(tmp_path / "folder" / "outbox.db", holder=holder, now=clock))

        yield opened


@pytest.fixture
def outbox(opened: Callable[..., Outbox]) -> Outbox:
    """The outbox as this process uses it."""
    return opened()


def read_back(outbox: Outbox, attempt: str = "one") -> Record:
    """The record as the file has it, for everybody else."""
    with Outbox(outbox.path, holder=OTHER) as reader:
        found = reader.find(attempt)
    assert found is not None
    return found


def test_an_attempt_is_unsettled_until_its_end_has_arrived(outbox: Outbox) -> None:
    """Open, waiting, delivered: the file has each as soon as it is so."""
    outbox.begin(PLACE, WAITING)
    outbox.start_became("one", DeliveryStatus.DELIVERED)
    assert read_back(outbox).attempt == OPEN
    assert outbox.end("one", End.failure("why"))
    assert read_back(outbox).attempt == OPEN.ended(End.failure("why").timed(1000))
    assert [record.id for record in outbox.unsettled(PLACE)] == ["one"]
    outbox.end_became("one", DeliveryStatus.DELIVERED)
    assert read_back(outbox).attempt.is_settled
    assert outbox.unsettled() == []


def test_what_waits_is_found_by_its_stack_and_address_alone_oldest_first(
    opened: Callable[..., Outbox], clock: Clock
) -> None:
    """Another stack, and the same one with another address, see nothing of it."""
    for number, place in enumerate([PLACE, replace(PLACE, name="api"), replace(PLACE, stack="x"), PLACE]):
        clock.time += 1
        opened().begin(place, replace(OPEN, id=f"{9 - number}"))
    reader = opened(OTHER)
    assert [record.id for record in reader.others(PLACE.stack, PLACE.address)] == ["9", "8", "6"]
    assert [record.id for record in reader.others(PLACE.stack, PLACE.address, "web")] == ["9", "6"]
    assert reader.others(PLACE.stack, "http://127.0.0.1:2") == []


def test_a_secret_event_is_not_written(outbox: Outbox) -> None:
    """Only that the attempt is there, and what became of it; the event is taken from state."""
    secret = replace(OPEN, start=START.model_copy(update={"component": "s3cret-component"}))
    outbox.begin(PLACE, secret, is_secret=True)
    assert read_back(outbox).attempt == replace(secret, start=None)
    for file in outbox.path.parent.iterdir():
        assert b"s3cret" not in file.read_bytes()


def test_the_first_note_counts_and_goes_with_the_attempt(outbox: Outbox) -> None:
    """The reason of the first failure is the reason; once the attempt is settled nobody needs it."""
    outbox.begin(PLACE, OPEN)
    outbox.note("one", "first")
    outbox.note("one", "second")
    noted = outbox.noted("one")
    assert noted is not None
    assert noted.end == End.failure("first").timed(noted.written)
    outbox.end("one", noted.end)
    outbox.end_became("one", DeliveryStatus.DELIVERED)
    assert outbox.noted("one") is None


def test_history_is_bounded_and_what_waits_is_never_dropped(
    outbox: Outbox, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of settled attempts the newest are kept, once it is looked for others."""
    monkeypatch.setattr("bigpanda_provider.delivery.file.KEPT", 3)
    monkeypatch.setattr("bigpanda_provider.delivery.file.FORGET_EVERY", 5)
    outbox.begin(PLACE, replace(OPEN, id="open"))
    outbox.begin(PLACE, replace(OPEN, id="waits").ended(End.success()))
    for number in range(6):
        clock.time += 1
        outbox.begin(PLACE, replace(OPEN, id=str(number)).ended(End.success()).end_became(DeliveryStatus.DELIVERED))
    kept = {record.id for record in outbox.latest()}
    assert kept == {"open", "waits", *"345"}


OLD_SCHEMA = """
CREATE TABLE attempt (id TEXT PRIMARY KEY, stack TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL,
    owner TEXT NOT NULL, recorded REAL NOT NULL, start TEXT, start_state TEXT NOT NULL, status TEXT, reason TEXT,
    end_state TEXT, stored INTEGER NOT NULL, folder TEXT) WITHOUT ROWID;
CREATE INDEX attempt_of_stack ON attempt (stack, address, recorded);
CREATE TABLE note (attempt TEXT PRIMARY KEY, reason TEXT, written REAL NOT NULL) WITHOUT ROWID;
"""


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_outbox_of_an_earlier_version_goes_on(outbox: Outbox, version: int) -> None:
    """What waits in it is still there, with who recorded it, and can be taken over from a process that is gone."""
    event = json.dumps(START.stored())
    rows = [
        ("by hand", "", "web", PLACE.address, "1 2", 1.0, event, "delivered", None, None, None, 0, None),
        ("open", PLACE.stack, "web", PLACE.address, "1 2", 2.0, event, "queued", None, None, None, 0, None),
        ("ended", PLACE.stack, "web", PLACE.address, "1 2", 3.0, event, "delivered", "failure", "x", "queued", 1, None),
        ("released", PLACE.stack, "r", PLACE.address, "1 2", 4.0, None, "delivered", None, None, None, 0, "/folder"),
    ]
    outbox.path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(outbox.path)) as db, db:
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


def test_an_outbox_of_the_version_before_goes_on(outbox: Outbox) -> None:
    """What waits in it is there; why it waits is not known, and is recorded when it is tried again."""
    outbox.begin(PLACE, WAITING)
    outbox.close()
    with contextlib.closing(sqlite3.connect(outbox.path)) as db, db:
        db.execute("ALTER TABLE attempt DROP COLUMN why")
        db.execute("PRAGMA user_version = 5")
    with Outbox(outbox.path, now=outbox.now) as later:
        (record,) = later.unsettled_of_all()
        assert (record.attempt, record.why) == (WAITING, None)
        later.take([record])
        later.start_became("one", DeliveryStatus.QUEUED, "BigPanda answered 503")
    assert read_back(outbox).why == "BigPanda answered 503"


def test_why_an_event_waits_is_recorded_until_it_is_delivered(outbox: Outbox, faulty: FaultyBigPanda) -> None:
    """Also of what is not tried since an earlier event of the same Deployment did not get through."""
    given = {"BIGPANDA_BASE_URL": faulty.address, "BIGPANDA_API_TOKEN": "t"}
    delivery = Delivery(Settings.resolve({}, given, {"timeoutSeconds": 0.2}), outbox, warn)
    faulty.go_away()
    for number in ("one", "two"):
        delivery.start(PLACE.stack, "web", replace(WAITING, id=number))
    why = f"{faulty.address} could not be reached: Connection refused"
    assert [read_back(outbox, number).why for number in ("one", "two")] == [why, why]
    faulty.come_back()
    outbox.end("one", End.success())
    later = Delivery(Settings.resolve({}, given), outbox, warn)
    faulty.script = [None, None, answer(400, b"hosts missing")]
    later.flush(outbox.unsettled())
    assert [read_back(outbox, number).why for number in ("one", "two")] == [None, "400: hosts missing"]


def test_why_an_event_waits_holds_no_token(outbox: Outbox, recorder: Recording) -> None:
    """Though BigPanda repeats it; and how to set one is told where somebody can do so."""
    recorder.status, recorder.body = 401, b"token t0ken-of-nobody\nis unknown"
    address = {"BIGPANDA_BASE_URL": recorder.address}
    given = {**address, "BIGPANDA_API_TOKEN": "t0ken-of-nobody"}
    Delivery(Settings.resolve({}, given), outbox, warn).start(PLACE.stack, "web", WAITING)
    why = read_back(outbox).why
    assert why is not None
    assert why.startswith(f"{recorder.address} answered 401: token *** is unknown. Check the token")
    Delivery(Settings.resolve({}, address), outbox, warn).start(PLACE.stack, "api", replace(WAITING, id="two"))
    assert read_back(outbox, "two").why == "there is no BigPanda token, so no event can be sent"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RefusedError("https://a answered 401: no. Check the token."), "https://a answered 401: no. Check the token"),
        (RejectedError("https://a answered 400: hosts missing", "400: hosts missing"), "400: hosts missing"),
        (UnavailableError(f"a\n b. {'c' * 400}"), "a b"),
        (UnavailableError("d" * 400), "d" * (WHY_LIMIT - 1) + "…"),
    ],
)
def test_why_an_event_waits_is_one_line(error: DeliveryError, why: str) -> None:
    """At most 300 characters; whole sentences, where that is possible."""
    assert why_not_sent(error) == why


def test_what_is_dropped_is_settled_and_never_sent(outbox: Outbox, opened: Callable[..., Outbox]) -> None:
    """Its start, and its end; what has arrived stays so."""
    opened(GONE).begin(PLACE, replace(WAITING, id="one").ended(End.success()))
    opened(GONE).begin(PLACE, replace(OPEN, id="two").ended(End.failure("full")))
    opened(GONE).begin(PLACE, replace(WAITING, id="three"))
    off = DeliveryStatus.OFF
    for record in outbox.unsettled_of_all():
        assert outbox.drop(record) == read_back(outbox, record.id).attempt
    one, two, three = (read_back(outbox, number).attempt for number in ("one", "two", "three"))
    assert one.end is not None
    assert two.end is not None
    assert (one.start_delivery, one.end.status, one.end.delivery) == (off, Status.SUCCESS, off)
    assert (two.start_delivery, two.end.reason, two.end.delivery) == (DeliveryStatus.DELIVERED, "full", off)
    assert three.end == End(Status.FAILURE, DROPPED, off, 1000)
    assert outbox.unsettled_of_all() == []
    assert [record.id for record in outbox.unended()] == ["two"]  # BigPanda has it in progress


def test_what_is_sent_or_was_sent_meanwhile_is_not_dropped(
    outbox: Outbox, opened: Callable[..., Outbox], clock: Clock
) -> None:
    """Who looks after an attempt may have its event on the wire; what was read before is not so any more."""
    holder = opened(ELSEWHERE)
    holder.begin(PLACE, WAITING)
    assert outbox.drop(read_back(outbox)) is None
    clock.time += LEASE_S + 1
    before = read_back(outbox)
    holder.start_became("one", DeliveryStatus.DELIVERED)
    assert outbox.drop(before) is None
    assert read_back(outbox).attempt == OPEN


def test_an_attempt_has_one_end(outbox: Outbox, opened: Callable[..., Outbox]) -> None:
    """The first one counts, also where another process has taken the attempt meanwhile, and where that one ended it."""
    outbox.begin(PLACE, OPEN)
    other = opened(OTHER)
    found = other.find("one")
    assert found is not None
    assert other.take([found])
    assert other.end("one", End.success())
    assert not other.end("one", End.failure("late"))
    assert not outbox.end("one", End.failure("late"))
    known = outbox.get("one")
    assert known is not None
    assert known.attempt == OPEN.ended(End.success().timed(1000))
    assert not outbox.looks_after("one")


def test_an_attempt_is_taken_over_once(outbox: Outbox, opened: Callable[..., Outbox]) -> None:
    """Of two processes that take it from the same one, one gets it; the former holder changes nothing any more."""
    opened(GONE).begin(PLACE, OPEN)
    found = outbox.unsettled_of_all()
    other = opened(OTHER)
    assert [record.id for record in other.take(found)] == ["one"]
    assert outbox.take(found) == []
    assert read_back(outbox).holder == OTHER


def test_a_lease_that_was_renewed_is_not_taken(outbox: Outbox, opened: Callable[..., Outbox], clock: Clock) -> None:
    """Who looked before the holder came back looks at something that is not so any more."""
    elsewhere = opened(ELSEWHERE)
    elsewhere.begin(PLACE, OPEN)
    clock.time += LEASE_S + 1
    found = outbox.unsettled_of_all()
    assert not found[0].is_held(clock.time)
    elsewhere.renew()
    assert outbox.take(found) == []
    assert outbox.unsettled_of_all()[0].is_held(clock.time)


def test_a_process_that_slept_does_not_send_what_another_has_taken(
    outbox: Outbox, opened: Callable[..., Outbox], clock: Clock
) -> None:
    """Longer than its lease: it looks before it sends. As long as the lease lasts it need not."""
    sleeper = opened(ELSEWHERE)
    sleeper.begin(PLACE, OPEN)
    clock.time += LEASE_S - 1
    assert outbox.unsettled_of_all()[0].is_busy(clock.time)
    assert sleeper.still_holds("one")
    clock.time += 2
    assert not outbox.unsettled_of_all()[0].is_busy(clock.time)
    assert outbox.take(outbox.unsettled_of_all())
    assert not sleeper.still_holds("one")
    assert not sleeper.end("one", End.success())
    sleeper.end_became("one", DeliveryStatus.DELIVERED)
    assert read_back(outbox).attempt == OPEN


def test_leases_are_renewed_regularly(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a thread of their own, which ends with the outbox; closing it lets others take over at once."""
    monkeypatch.setattr("bigpanda_provider.delivery.outbox.RENEW_S", 0.05)
    with Outbox(tmp_path / "outbox.db", holder=ELSEWHERE) as outbox:
        outbox.begin(PLACE, OPEN)
        first = read_back(outbox).lease
        wait_until(lambda: read_back(outbox).lease > first, 10)
    assert not read_back(outbox).is_held(time.time())
    wait_until(lambda: all(thread.name != "bigpanda-leases" for thread in threading.enumerate()), 10)


def test_a_failed_write_is_tried_again(tmp_path: pathlib.Path, clock: Clock) -> None:
    """One warning; what this process knows counts meanwhile, and is written when that is possible."""
    warnings: list[str] = []

    def warn(sentence: str, *, about: str | None = None) -> None:
        warnings.append(sentence)

    path = tmp_path / "outbox.db"
    with Outbox(path, warn, now=clock) as outbox:
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


def test_what_could_not_be_written_is_written_at_the_end(tmp_path: pathlib.Path, clock: Clock) -> None:
    """However soon that is."""
    path = tmp_path / "outbox.db"
    with Outbox(path, now=clock) as outbox:
        outbox.begin(PLACE, OPEN)
        with locked(path):
            outbox.end("one", End.success())
    assert read_back(outbox).attempt == OPEN.ended(End.success().timed(1000))


def test_a_file_that_is_removed_is_made_anew(outbox: Outbox) -> None:
    """With what this process knows."""
    outbox.begin(PLACE, OPEN)
    for file in outbox.path.parent.iterdir():
        file.unlink()
    outbox.end("one", End.success())
    assert read_back(outbox).attempt == OPEN.ended(End.success().timed(1000))


def test_the_file_is_for_its_user_alone(outbox: Outbox) -> None:
    """Hosts and versions are nobody else's business."""
    outbox.begin(PLACE, OPEN)
    assert outbox.path.stat().st_mode & 0o077 == 0
    assert outbox.path.parent.stat().st_mode & 0o077 == 0


def test_threads_share_it(outbox: Outbox) -> None:
    """Eight threads record at once from the first moment on, and nothing is lost."""

    def work(number: int) -> None:
        for count in range(10):
            outbox.begin(PLACE, replace(OPEN, id=f"{number}-{count}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outbox.unsettled(PLACE)) == 80
    with Outbox(outbox.path, holder=OTHER) as reader:
        assert len(reader.others(PLACE.stack, PLACE.address)) == 80


def test_lone_surrogates_are_replaced(outbox: Outbox) -> None:
    """A name or a folder may hold one, a database may not."""
    outbox.begin(replace(PLACE, name="w\udc80"), OPEN, folder="/home/\udc80")
    outbox.note("two", "\ud800")
    assert outbox.trouble is None
    assert read_back(outbox).place.name == "w\ufffd"


def test_a_damaged_row_is_an_outbox_that_cannot_be_used(outbox: Outbox) -> None:
    """What is no event is told as one sentence, like a file that is no database; nothing is raised."""
    outbox.begin(PLACE, OPEN)
    with contextlib.closing(sqlite3.connect(outbox.path)) as db, db:
        db.execute("""UPDATE attempt SET start = '{"hosts": 3}'""")
    assert outbox.unsettled_of_all() == []
    assert outbox.trouble is not None
    assert "cannot be used" in outbox.trouble


def test_there_is_no_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    """Then the outbox cannot be used, and nothing is made in a folder called "~"."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with Outbox(default_path({})) as outbox:
        outbox.begin(PLACE, OPEN)
        assert outbox.trouble is not None
        assert "there is no home folder" in outbox.trouble
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


def test_a_release_that_another_process_has_ended_keeps_that_end(
    outbox: Outbox, opened: Callable[..., Outbox], bigpanda: Sandbox
) -> None:
    """An attempt has one end: the runner sends no second one for it."""
    settings = Settings.resolve({}, {"BIGPANDA_BASE_URL": bigpanda.address, "BIGPANDA_API_TOKEN": "t"})
    delivery = Delivery(settings, outbox, warn)
    delivery.start(PLACE.stack, "bigpanda-release", WAITING, recorder=Recorder.RUNNER, folder="/project")
    other = opened(OTHER)
    other.take(other.unsettled_of_all())
    assert other.end("one", End.success())
    assert delivery.end_now("one", End.failure("late")).end == End.success().timed(1000)
    assert bigpanda.story() == ["start 1"]


def test_a_success_that_another_process_is_still_writing_down(outbox: Outbox, bigpanda: Sandbox) -> None:
    """The engine does not wait long for its provider, so the next run may be there first: it waits for the end."""
    settings = Settings.resolve({}, {"BIGPANDA_BASE_URL": PLACE.address, "BIGPANDA_API_TOKEN": "t"})
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with Outbox(outbox.path, holder=Holder.of(other.pid)) as theirs:
            theirs.begin(PLACE, OPEN)
            theirs.note("one", None)

            def end() -> None:
                theirs.end("one", End.success())
                theirs.end_became("one", DeliveryStatus.DELIVERED)

            later = threading.Timer(0.5, end)
            later.start()
            told = Delivery(settings, outbox, warn).how_it_ended("one")
            later.join()
    finally:
        other.communicate(b"\n")
    assert told is not None
    assert (told.status, told.delivery) == (Status.SUCCESS, DeliveryStatus.DELIVERED)
