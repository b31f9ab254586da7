"""An outbox that machines share: who recorded what, whose it is, and who ends what a lost machine left open."""

from __future__ import annotations

import getpass
import json
import pathlib
import platform
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.origin import Origin
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Record, Recorder
from bigpanda_provider.delivery.stored.location import Location, Url
from bigpanda_provider.release.recorded import leftover
from bigpanda_provider.release.runner import mark
from bigpanda_provider.state import DeliveryStatus
from tests.engine import Stack
from tests.outboxes import ELSEWHERE, fill
from tests.postgres import Database
from tests.servers import Sandbox

from .command import Release
from .test_listing import QUEUED, record
from .test_queue import PAY, SHOP, call

MINE = Origin(platform.node(), getpass.getuser())
JOB = Origin("runner-7", "ci", "GitLab CI: acme/shop, deploy, job 17", "https://gitlab.example/acme/shop/-/jobs/17")
ANN = Origin("laptop", "ann")


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """An outbox to which three have recorded."""
    path = tmp_path / "outbox.db"
    sent = replace(record("9c0d", PAY, 2, QUEUED, End.success()), origin=JOB)
    open_one = replace(record("77ab", SHOP, 3, by=Recorder.PERSON), origin=ANN)
    fill(path, sent, open_one, replace(record("a1b2", SHOP, 4, QUEUED, End.success()), origin=MINE))
    return path


def test_the_deployments_of_all_are_shown_with_who_recorded_each(path: pathlib.Path) -> None:
    """The CI job, else the user and the machine; for scripts each by itself."""
    for command in ("status", "history"):
        shown = call(path, command).stdout.splitlines()
        assert shown[0].endswith("recorded on")
        assert [line.rpartition("  ")[2] for line in shown[1:]] == [
            JOB.job,
            "ann@laptop",
            f"{MINE.person}@{MINE.machine}",
        ]
    told = json.loads(call(path, "history", "--json").stdout)[0]
    assert {key: told[key] for key in ("machine", "user", "job", "jobUrl")} == {
        **{"machine": "runner-7", "user": "ci"},
        **{"job": JOB.job, "jobUrl": JOB.page},
    }
    assert str(JOB) in call(path, "queue").stdout


@pytest.mark.parametrize("command", ["status", "history", "queue"])
def test_mine_alone(path: pathlib.Path, command: str) -> None:
    """What this user of this machine recorded; then there is no need to say where."""
    run = call(path, command, "--mine")
    assert len(run.stdout.splitlines()) == 2
    assert "recorded on" not in run.stdout


def test_a_flush_sends_what_all_have_left_or_mine_alone(path: pathlib.Path, bigpanda: Sandbox) -> None:
    """Of what others recorded it says who that was."""
    with Outbox(path) as outbox:
        place = replace(outbox.unsettled_of_all()[0].place, address=bigpanda.address)
        outbox.take(outbox.unsettled_of_all(), place)
    settings = {"BIGPANDA_BASE_URL": bigpanda.address, "BIGPANDA_API_TOKEN": "t"}
    mine = call(path, "flush", "--mine", **settings).stdout
    assert mine == "sent the start and the end of shop 2.4.2\n2 events sent\n"
    rest = call(path, "flush", **settings).stdout
    assert rest == f"sent the start and the end of pay 7 (recorded by {JOB.job})\n2 events sent\n"


LOST = Record(
    Attempt("4f1c" * 8, record("x", SHOP, 0).attempt.start, DeliveryStatus.DELIVERED),
    replace(record("x", SHOP, 0).place, stack="organization/test/dev"),
    Recorder.RUNNER,
    ELSEWHERE,
    lease=0.0,
    recorded=time.time() - 60,
    origin=JOB,
)


@pytest.mark.parametrize(
    ("update", "end"),
    [
        ({"result": "succeeded", "endTime": "2026-11-27T10:00:00Z"}, End.success().timed(1795773600)),
        ({"result": "failed"}, End.failure(leftover.KILLED_AND_FAILED).timed(LOST.last_seen)),
        ({"result": "in-progress"}, None),
        ({}, End.failure(leftover.KILLED).timed(LOST.last_seen)),
    ],
)
def test_the_history_of_the_stack_says_how_a_lost_release_went(update: dict[str, str], end: End | None) -> None:
    """While its engine is still at it, nobody ends it; what is not in the history never got so far."""
    other = {"message": "another update", "result": "failed"}
    updates = [other, {"message": f"deploy {mark(LOST.id)}", **update}] if update else [other]
    now = LOST.recorded + 60
    assert leftover._how_it_went(LOST, leftover._Stack(updates), now, of_all=False) == end
    locked = leftover._Stack(updates, is_locked=True)
    while_locked = end if update else None  # the engine may go on without its runner
    assert leftover._how_it_went(LOST, locked, now, of_all=True) == while_locked
    assert leftover._how_it_went(LOST, locked, now + leftover.LOCKED_S, of_all=True) == end


def test_a_machine_that_cannot_read_the_history_leaves_a_release_to_others(tmp_path: pathlib.Path) -> None:
    """Somebody else may know how it went; `flush` ends it all the same, since nobody may be left who knows."""
    path = tmp_path / "outbox.db"
    fill(path, LOST)
    (told,) = json.loads(call(path, "status", "--json", PULUMI_BACKEND_URL=tmp_path.as_uri()).stdout)
    assert told["state"] == "left open"
    call(path, "flush", PULUMI_BACKEND_URL=tmp_path.as_uri())
    (told,) = json.loads(call(path, "history", "--json").stdout)
    assert (told["state"], told["errorMessage"]) == ("failure", leftover.KILLED_AND_UNKNOWN)


def test_a_release_whose_engine_may_go_on_is_left_alone(stack: Callable[[str], Stack], bigpanda: Sandbox) -> None:
    """The stack is locked: its update may still succeed without the runner. Once the lock is gone, history tells."""
    shop = Release(stack("pass"))
    assert shop.stack.up().ok
    fill(shop.stack.outbox, replace(LOST, place=replace(LOST.place, address=bigpanda.address)))
    backend = pathlib.Path(shop.stack.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))
    lock = backend / ".pulumi" / "locks" / "organization" / "test" / "dev" / "another.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("{}")
    assert shop("status").ok
    told = f"not sent: the events of shop 2.4.2 (recorded by {JOB}), since it is in progress\n"
    assert shop("flush").output == told
    assert bigpanda.events() == []
    lock.unlink()
    assert "sent the end of shop 2.4.2" in shop("flush").output


# -- a database --------------------------------------------------------------------------------------------------------


def test_a_release_that_a_lost_machine_left_open_is_ended_by_the_next(
    stack: Callable[[str], Stack], bigpanda: Sandbox, database: Database
) -> None:
    """By any command of anyone that can read the stack's history, once."""
    shop = Release(stack("pass"))
    shop.stack.environment["BIGPANDA_OUTBOX"] = database.url
    place = replace(LOST.place, address=bigpanda.address)
    assert shop("start", "--component", "shop", "--version", "2.4.2", "--host", "web-1", "--host", "web-2").ok
    fill(Url(database.url), replace(LOST, place=place))
    assert shop("status").ok
    assert [(change["state"], change["reason"]) for change in bigpanda.changes()] == [("failure", leftover.KILLED)]
    assert shop("history").ok
    assert len(bigpanda.events()) == 2


def test_a_files_outbox_moves_into_a_database(path: pathlib.Path, database: Database) -> None:
    """What was in the file is shown and sent from there; the password is told nowhere."""
    with Outbox(path) as outbox:
        held = outbox.unsettled_of_all()[0]
    there: Location = Url(database.url)
    run = call(path, "outbox", "copy", str(path), database.url)
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"copied to {there}: 0 in the history, 3 open or queued\n"
    assert call(path, "outbox").stdout == f"{path}: 0 waiting or in progress\n"
    moved = call(path, "outbox", BIGPANDA_OUTBOX=database.url)
    assert moved.stdout == f"{there}: 3 waiting or in progress\n"
    fill(path, replace(held, holder=ELSEWHERE, lease=time.time() + 3600))
    again = call(path, "outbox", "copy", str(path), database.url)
    assert again.returncode == 1
    assert "is still in progress and not copied; run this again when that has ended" in again.stdout
    doctor = call(path, "doctor", BIGPANDA_OUTBOX=database.url)
    assert f"{there}, 3 waiting or in progress" in doctor.stdout
    told = "".join(one.stdout + one.stderr for one in (run, moved, again, doctor))
    assert database.password not in told
    assert database.password.partition("@")[0] not in told


def test_an_outbox_that_can_only_be_read(path: pathlib.Path, database: Database) -> None:
    """What can be shown is shown; what has to be written is one sentence, and nothing is said to have been done."""
    assert call(path, "outbox", "copy", str(path), database.url).returncode == 0
    database.server.make_read_only(database)
    told = {"BIGPANDA_OUTBOX": database.url, "BIGPANDA_API_TOKEN": "t"}
    assert call(path, "queue", **told).returncode == 0
    for command in (("flush",), ("end", "--component", "shop"), ("queue", "drop", "9c0d", "--yes")):
        run = call(path, *command, **told)
        assert (run.returncode, run.stdout) == (1, "")
        assert "cannot execute UPDATE in a read-only transaction" in run.stderr
        assert len(run.stderr.splitlines()) == 1


def test_an_outbox_is_not_copied_onto_itself(path: pathlib.Path, database: Database) -> None:
    """Under whatever names: a link, another name of a host. Nothing is lost by the attempt."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    assert call(path, "outbox", "copy", str(path), str(link)).returncode == 2
    assert call(path, "outbox").stdout == f"{path}: 3 waiting or in progress\n"
    assert call(path, "outbox", "copy", str(path), database.url).returncode == 0
    other_name = database.url_at(f"localhost:{database.server.port}")
    run = call(path, "outbox", "copy", database.url, other_name)
    assert run.stderr == "bigpanda-release: FROM and TO are the same outbox under two names; nothing was copied\n"
    assert "3 waiting or in progress" in call(path, "outbox", BIGPANDA_OUTBOX=database.url).stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("gone.db", "x.db"), "there is no outbox at gone.db"),
        (("a.db", "a.db"), "FROM and TO are the same outbox; write TO as a file or as postgresql://USER@HOST/DATABASE"),
        (("", "a.db"), "FROM is empty; write a file or postgresql://USER@HOST/DATABASE"),
        (("a.db",), "missing argument 'TO'; see `bigpanda-release outbox copy --help`"),
    ],
)
def test_a_copy_that_cannot_be_is_one_sentence(
    tmp_path: pathlib.Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """What is wrong, and what to write instead."""
    run = call(tmp_path / "outbox.db", "outbox", "copy", *arguments)
    assert run.returncode in (1, 2)
    assert run.stderr == f"bigpanda-release: {sentence}\n"


def test_a_wrong_command_line_is_repeated_without_the_password(tmp_path: pathlib.Path) -> None:
    """It stands on the screen and in CI logs."""
    run = call(tmp_path / "outbox.db", "outbox", "copy", "a.db", "b.db", "postgresql://ann:s3cret@db/x")
    assert run.returncode == 2
    assert "(postgresql://ann:***@db/x)" in run.stderr


def test_a_database_that_is_gone_is_one_sentence(tmp_path: pathlib.Path) -> None:
    """Of commands that can do nothing without the record."""
    run = call(tmp_path / "outbox.db", "status", BIGPANDA_OUTBOX="postgresql://ann:s3cret@127.0.0.1:1/x")
    assert run.returncode == 1
    assert run.stderr.startswith("bigpanda-release: the outbox postgresql://ann@127.0.0.1:1/x cannot be used (")
    assert "s3cret" not in run.stderr
