"""The outbox, in a file and in a database: what it remembers, and who may change it."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bigpanda_provider.delivery.attempt import DROPPED, Attempt, End
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.queue import WHY_LIMIT, why_not_sent
from bigpanda_provider.delivery.record import LEASE_S, Recorder
from bigpanda_provider.delivery.stored import history
from bigpanda_provider.delivery.stored.history import Kept
from bigpanda_provider.delivery.stored.location import Location, Url
from bigpanda_provider.errors import DeliveryError, RefusedError, RejectedError, UnavailableError
from bigpanda_provider.provider.telling import warn
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import DeliveryStatus, Status

from .engine import wait_until
from .faults import FaultyBigPanda, answer
from .outboxes import ELSEWHERE, GONE, OPEN, OTHER, PLACE, START, US, WAITING, Clock, read_back
from .postgres import PostgreSQL
from .servers import Recorder as Recording
from .servers import Sandbox


@pytest.fixture
def clock() -> Clock:
    """What leases are told by."""
    return Clock()


@pytest.fixture(params=["file", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Location:
    """A file in a folder that is not there yet, and an empty database."""
    if request.param == "file":
        return tmp_path / "folder" / "outbox.db"
    server: PostgreSQL = request.getfixturevalue("postgres")
    return Url(server.database().url)


@pytest.fixture
def opened(location: Location, clock: Clock) -> Iterator[Callable[..., Outbox]]:
    """Opens the outbox as a process that is given."""
    with contextlib.ExitStack() as stack:

        def opened(holder: Holder = US) -> Outbox:
            return stack.enter_context(Outbox(location, holder=holder, clock=clock))

        yield opened


@pytest.fixture
def outbox(opened: Callable[..., Outbox]) -> Outbox:
    """The outbox as this process uses it."""
    return opened()


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
    secret = replace(OPEN, start=replace(START, component="s3cret-component"))
    outbox.begin(PLACE, secret, is_secret=True)
    assert read_back(outbox).attempt == replace(secret, start=None)
    if isinstance(outbox.location, pathlib.Path):
        assert not any(b"s3cret" in file.read_bytes() for file in outbox.location.parent.iterdir())


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


def settled(attempt: str) -> Attempt:
    """An attempt of which nothing is left to be done."""
    return replace(OPEN, id=attempt).ended(End.success()).end_became(DeliveryStatus.DELIVERED)


def test_history_is_bounded_and_what_waits_is_never_dropped(
    location: Location, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of settled attempts the newest are kept, once it is looked for others."""
    monkeypatch.setattr("bigpanda_provider.delivery.stored.tables.FORGET_EVERY", 5)
    with Outbox(location, clock=clock, kept=Kept(most=3)) as outbox:
        outbox.begin(PLACE, replace(OPEN, id="open"))
        outbox.begin(PLACE, replace(OPEN, id="waits").ended(End.success()))
        for number in range(6):
            clock.time += 1
            outbox.begin(PLACE, settled(str(number)))
        assert {record.id for record in outbox.latest()} == {"open", "waits", *"345"}


def test_what_is_settled_is_forgotten_after_some_days(
    location: Location, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is open or waits never is, however old."""
    monkeypatch.setattr("bigpanda_provider.delivery.stored.tables.FORGET_EVERY", 1)
    with Outbox(location, clock=clock, kept=Kept(days=2)) as outbox:
        outbox.begin(PLACE, replace(OPEN, id="open"))
        outbox.begin(PLACE, settled("old"))
        clock.time += 86_400
        outbox.begin(PLACE, settled("young"))
        clock.time += 86_401
        assert {record.id for record in outbox.latest()} == {"open", "old", "young"}
        outbox.begin(PLACE, settled("new"))
        assert {record.id for record in outbox.latest()} == {"open", "young", "new"}


@pytest.mark.parametrize("told", ["ninety", "0", "-1", "nan", "inf"])
def test_a_wrong_number_of_days_is_one_warning(tmp_path: pathlib.Path, told: str) -> None:
    """History is kept as long as by default."""
    said: list[str] = []
    environ = {"BIGPANDA_OUTBOX": str(tmp_path / "outbox.db"), "BIGPANDA_HISTORY_DAYS": told}
    Outbox.of(environ, lambda sentence, *, about=None: said.append(sentence))
    assert said == [f'BIGPANDA_HISTORY_DAYS "{told}" is not a number of days, so 90 is used; write a number above 0']
    assert (history.Kept.of(environ, tmp_path).days, history.Kept.of({}, tmp_path).days) == (90, 90)


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
    later.backlog.flush(outbox.unsettled())
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
    monkeypatch.setattr("bigpanda_provider.delivery.own.RENEW_S", 0.05)
    with Outbox(tmp_path / "outbox.db", holder=ELSEWHERE) as outbox:
        outbox.begin(PLACE, OPEN)
        first = read_back(outbox).lease
        wait_until(lambda: read_back(outbox).lease > first, 10)
    assert not read_back(outbox).is_held(time.time())
    wait_until(lambda: all(thread.name != "bigpanda-leases" for thread in threading.enumerate()), 10)


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
    with Outbox(outbox.location, holder=OTHER) as reader:
        assert len(reader.others(PLACE.stack, PLACE.address)) == 80


def test_lone_surrogates_are_replaced(outbox: Outbox) -> None:
    """A name or a folder may hold one, a database may not."""
    outbox.begin(replace(PLACE, name="w\udc80"), OPEN, folder="/home/\udc80")
    outbox.note("two", "\ud800")
    assert outbox.trouble is None
    assert read_back(outbox).place.name == "w\ufffd"


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
        with Outbox(outbox.location, holder=Holder.of(other.pid)) as theirs:
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
