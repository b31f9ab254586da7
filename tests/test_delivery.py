"""Delivery by tables: the order of events, who sends them, and what happens when a process goes."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.queue import BUSY
from bigpanda_provider.delivery.record import LEASE_S
from bigpanda_provider.delivery.takeover import Left
from bigpanda_provider.errors import DeliveryError
from bigpanda_provider.state import DeliveryStatus

from .processes import ELSEWHERE, HERE, NO_DEADLINE, STACK, Process, Weather, World, attempt, told

QUEUED, DELIVERED, REJECTED = DeliveryStatus.QUEUED, DeliveryStatus.DELIVERED, DeliveryStatus.REJECTED


@pytest.fixture
def world(tmp_path: pathlib.Path) -> Iterator[World]:
    """An empty outbox, and a BigPanda that takes everything."""
    with World(tmp_path / "outbox.db").running() as world:
        yield world


def start(process: Process, version: str, left: Left | None = None, name: str = "web") -> Attempt:
    """Start a version."""
    return process.delivery.start(STACK, name, attempt(version, name), left)[0]


def end(process: Process, one: Attempt, how: End | None = None, name: str = "web") -> Attempt:
    """End an attempt, as its Completion does."""
    return process.delivery.end(STACK, name, told(one), how or End.success(), secret=False)


def left_by(
    world: World, weather: Weather, *, ended: bool = True, where: str = HERE, in_state: bool = False
) -> Process:
    """A process that started version 1 of web in that weather, may have ended it, and was killed."""
    world.bigpanda.weather = weather
    process = world.process(where)
    one = start(process, "1")
    if ended:
        process.outbox.end("1", End.success())
        if in_state:
            end(process, one)
    process.kill()
    world.bigpanda.weather = Weather.FINE
    return process


@pytest.mark.parametrize(
    ("weathers", "became", "story"),
    [
        ((Weather.FINE, Weather.FINE), (DELIVERED, DELIVERED), ["start 1", "success 1"]),
        ((Weather.FINE, Weather.DOWN), (DELIVERED, QUEUED), ["start 1"]),
        ((Weather.FINE, Weather.REJECTS), (DELIVERED, REJECTED), ["start 1"]),
        ((Weather.DOWN, Weather.FINE), (DELIVERED, DELIVERED), ["start 1", "success 1"]),
        ((Weather.DOWN, Weather.REJECTS), (REJECTED, REJECTED), []),
        ((Weather.REJECTS, Weather.FINE), (REJECTED, REJECTED), []),
        ((Weather.LOSES_ANSWERS, Weather.FINE), (DELIVERED, DELIVERED), ["start 1", "start 1", "success 1"]),
        ((Weather.LOSES_ANSWERS, Weather.DOWN), (QUEUED, QUEUED), ["start 1"]),
        # The first one may have arrived, and may be why the second is rejected.
        ((Weather.LOSES_ANSWERS, Weather.REJECTS), (DELIVERED, REJECTED), ["start 1"]),
    ],
)
def test_what_becomes_of_an_attempt(
    world: World, weathers: tuple[Weather, Weather], became: tuple[DeliveryStatus, DeliveryStatus], story: list[str]
) -> None:
    """An end is sent after its start; no end follows a rejected start; a start in doubt has its end."""
    process = world.process()
    world.bigpanda.weather = weathers[0]
    one = start(process, "1")
    world.clock.time += 100  # BigPanda has had its quiet
    world.bigpanda.weather = weathers[1]
    ended = end(process, one)
    assert ended.end is not None
    assert (ended.start_delivery, ended.end.delivery) == became
    assert world.bigpanda.story() == story


def test_a_reason_that_is_noted_while_the_process_loads_what_it_needs(world: World) -> None:
    """It is of this update; one that is older than the process is not."""
    noting = world.process()
    for reason in ("of the update before", "of this update"):
        noting.outbox.note_deployment(STACK, "web", reason)
        world.clock.time += 2
        process = world.process(running_s=3)
        start(process, reason)
        noted = process.delivery.noted(reason)
        assert noted is not None
        assert noted.reason == reason
        world.clock.time += 2
        process = world.process(running_s=3)
        start(process, f"after {reason}")
        assert process.delivery.noted(f"after {reason}") is None


def test_a_process_knows_for_how_long_it_has_been_there() -> None:
    """As far as its system tells."""
    code = "import time; time.sleep(1); from bigpanda_provider.delivery.holder import running_s; print(running_s())"
    began = time.monotonic()
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert 1 <= float(printed.stdout) <= time.monotonic() - began


def test_the_circuit_breaker(world: World) -> None:
    """After an event that did not get through nothing is tried for three time limits; then everything is sent."""
    process = world.process()
    world.bigpanda.weather = Weather.DOWN
    start(process, "1")
    world.bigpanda.weather = Weather.FINE
    world.clock.time += 29
    start(process, "a1", name="api")
    assert world.bigpanda.story() == []
    world.clock.time += 2
    start(process, "d1", name="db")
    assert world.bigpanda.story() == ["start d1", "start 1", "start a1"]


@pytest.mark.parametrize("weather", [Weather.DOWN, Weather.LOSES_ANSWERS])
@pytest.mark.parametrize("again", ["start", "resend", "flush", "other"])
def test_what_waits_is_sent_before_anything_later(world: World, weather: Weather, again: str) -> None:
    """Whoever takes over what a process left sends it in its order, before a new start of the same Deployment."""
    left_by(world, weather)
    before = len(world.bigpanda.got)
    process = world.process()
    if again == "resend":
        process.delivery.resend(STACK, "web", attempt("1"), Left())
    elif again == "flush":
        process.delivery.backlog.flush(process.outbox.unsettled_of_all())
    elif again == "other":
        start(process, "a1", name="api")
    start(process, "2")
    story = [event for event in world.bigpanda.story()[before:] if "a1" not in event]
    assert story == ["start 1", "success 1", "start 2"]


def test_a_new_start_waits_for_a_flush_that_is_at_the_old_one(world: World) -> None:
    """BigPanda is slow, and another Deployment's flush has the old attempt: the new start comes after its end."""
    left_by(world, Weather.DOWN)
    process = world.process()
    arrived, may_go_on = threading.Event(), threading.Event()
    take = world.bigpanda._take

    def slow(events: list[tuple[str, str]]) -> None:
        if ("start", "1") in events:
            arrived.set()
            assert may_go_on.wait(10)
        take(events)

    world.bigpanda._take = slow  # type: ignore[method-assign]
    other = threading.Thread(target=start, args=(process, "a1"), kwargs={"name": "api"})
    other.start()
    assert arrived.wait(10)
    new = threading.Thread(target=start, args=(process, "2"))
    new.start()
    new.join(0.3)
    may_go_on.set()
    for thread in (other, new):
        thread.join(10)
    assert world.bigpanda.story() == ["start a1", "start 1", "success 1", "start 2"]


@pytest.mark.parametrize(
    ("left", "story"),
    [
        (Left(sent={"1": End.success()}), ["start 2"]),
        (Left(sent={"1": None}), ["start 2"]),
        (Left(), ["start 1", "success 1", "start 2"]),
        (Left(sent={"0": None}), ["start 1", "success 1", "start 2"]),
    ],
    ids=["state has its end", "state knows that it arrived", "no state", "an older state"],
)
def test_a_record_goes_only_when_state_knows_that_it_arrived(world: World, left: Left, story: list[str]) -> None:
    """State may be older than the outbox, after an import or a restored backup: then what waits is sent."""
    left_by(world, Weather.DOWN, in_state=True)
    process = world.process()
    start(process, "2", left)
    assert world.bigpanda.story() == story
    assert [record.id for record in process.outbox.unsettled_of_all()] == ["2"]


def test_what_state_says_counts_over_a_record_that_could_not_be_written(world: World) -> None:
    """The outbox has the attempt open, since its end could not be written down; state has a success."""
    left_by(world, Weather.FINE, ended=False)
    process = world.process()
    left = Left(sent={"1": End(End.success().status, delivery=DELIVERED)})
    assert not process.delivery.has_left(STACK, "web", left)
    process.delivery.resend(STACK, "web", attempt("1"), left)
    process.guard()
    assert world.bigpanda.story() == ["start 1"]
    assert process.outbox.unsettled_of_all() == []


def test_an_open_attempt_of_another_deployment_is_left_to_its_own(world: World) -> None:
    """Only where that one is not in the program any more it is ended, when the update is over."""
    left_by(world, Weather.FINE, ended=False)
    process = world.process()
    start(process, "a1", name="api")
    assert world.bigpanda.story() == ["start 1", "start a1"]
    process.delivery.has_left(STACK, "web", Left())
    process.delivery.end_orphans(NO_DEADLINE)
    assert world.bigpanda.story() == ["start 1", "start a1"]
    process.exit()
    last = world.process()
    start(last, "d1", name="db")
    last.exit()
    assert world.bigpanda.story()[-2:] == ["failure d1", "failure 1"]


@pytest.mark.parametrize(
    ("where", "passes_s", "is_taken"), [(HERE, 0, True), (ELSEWHERE, 0, False), (ELSEWHERE, 31, True)]
)
def test_a_lease(world: World, where: str, passes_s: float, is_taken: bool) -> None:
    """Where the process table can tell, what a killed process held is free at once, else when its lease has run out."""
    left_by(world, Weather.DOWN, where=where)
    world.clock.time += passes_s
    process = world.process()
    start(process, "2")
    assert world.bigpanda.story() == (["start 1", "success 1", "start 2"] if is_taken else [])


def test_nothing_overtakes_what_another_process_holds(world: World) -> None:
    """Its start is queued behind it, and both are sent when that process has done its part or is gone."""
    holder = world.process(ELSEWHERE)
    world.bigpanda.weather = Weather.DOWN
    one = start(holder, "1")
    end(holder, one)
    world.bigpanda.weather = Weather.FINE
    world.clock.time += 1
    process = world.process()
    two = start(process, "2")
    assert two.start_delivery is QUEUED
    required = world.process(delivery="required")
    with pytest.raises(DeliveryError, match=BUSY):
        start(required, "3")
    world.clock.time += LEASE_S
    end(process, two)
    assert world.bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


@pytest.mark.parametrize("asleep_s", [LEASE_S - 1, LEASE_S + 1])
def test_a_process_that_slept(world: World, asleep_s: float) -> None:
    """When it wakes after its lease, it does not send what another one has ended."""
    sleeper = world.process(ELSEWHERE)
    one = start(sleeper, "1")
    world.clock.time += asleep_s
    other = world.process()
    start(other, "2")
    ended = end(sleeper, one)
    if asleep_s < LEASE_S:
        assert world.bigpanda.story() == ["start 1", "success 1"]
    else:
        assert world.bigpanda.story() == ["start 1", "failure 1", "start 2"]
        assert ended.end == replace(End.incomplete().timed(world.clock.time - asleep_s), delivery=DELIVERED)


def test_an_orphan_is_ended_by_one_of_those_who_find_it(world: World) -> None:
    """Two `flush`, a `status` and a `history` look at the same moment; who claims it sends it."""
    left_by(world, Weather.FINE, ended=False)
    finders = [world.process() for _ in range(4)]
    found = [finder.outbox.unsettled_of_all() for finder in finders]
    for finder, records in zip(finders, found, strict=True):
        finder.delivery.backlog.flush(records)
    assert world.bigpanda.story() == ["start 1", "failure 1"]


def test_the_guard_ends_what_is_open_and_nothing_else(world: World) -> None:
    """One that has its end keeps it; a success that the program noted counts."""
    process = world.process()
    one, two, three = (start(process, name, name=name) for name in ("a", "b", "c"))
    end(process, one, name="a")
    process.outbox.note(two.id, None)
    process.outbox.note(three.id, "web-1: no space left")
    process.exit()
    assert world.bigpanda.story() == ["start a", "start b", "start c", "success a", "success b", "failure c"]


def test_a_required_start_that_did_not_get_through_is_forgotten(world: World) -> None:
    """One that may have arrived is not: the guard ends it."""
    process = world.process(delivery="required")
    world.bigpanda.weather = Weather.DOWN
    with pytest.raises(DeliveryError):
        start(process, "1")
    assert process.delivery.open_attempts() == []
    world.bigpanda.weather = Weather.LOSES_ANSWERS
    with pytest.raises(DeliveryError):
        start(process, "2")
    assert process.delivery.open_attempts() == ["2"]
    world.bigpanda.weather = Weather.FINE
    process.exit()
    assert world.bigpanda.story() == ["start 2", "start 2", "failure 2"]
