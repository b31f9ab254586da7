"""Threads that are kept."""

from __future__ import annotations

import threading

import pytest

from bigpanda_provider.bigpanda.workers import Workers

from .engine import wait_until

LIMIT_S = 10


def test_a_thread_is_used_again() -> None:
    """One after the other needs one thread."""
    workers, used = Workers("test"), set()
    for _ in range(20):
        over = workers.run(lambda: used.add(threading.current_thread().name))
        assert over.wait(LIMIT_S)
        wait_until(lambda: workers.idle, LIMIT_S)
    assert used == {"test-0"}


def test_nothing_waits_behind_what_is_stuck() -> None:
    """Who is busy gets nothing more, unless there are as many as there may be."""
    stuck = threading.Event()
    workers, few = Workers("test"), Workers("test", most=1)

    def wait() -> None:
        stuck.wait(LIMIT_S)

    blocked = [each.run(wait) for each in (workers, few)]
    assert workers.run(lambda: None).wait(LIMIT_S)
    behind = few.run(lambda: None)
    assert not behind.wait(0.2)
    stuck.set()
    assert all(over.wait(LIMIT_S) for over in (*blocked, behind))


def test_where_python_starts_no_thread_it_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the interpreter is going down; those that were started before go on."""
    early, late = Workers("test"), Workers("test")
    early.start(1)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    ran_in: list[str] = []
    for workers in (early, late):
        assert workers.run(lambda: ran_in.append(threading.current_thread().name)).wait(LIMIT_S)
    assert ran_in == ["test-0", threading.current_thread().name]


def test_they_are_stopped() -> None:
    """Each ends once it has run what it was given; what is given afterwards is run by who gives it."""
    workers, gate = Workers("stopped"), threading.Event()

    def wait() -> None:
        gate.wait(LIMIT_S)

    done = [workers.run(wait) for _ in range(3)]
    workers.stop()
    gate.set()
    assert all(event.wait(LIMIT_S) for event in done)
    wait_until(lambda: not [one for one in threading.enumerate() if one.name.startswith("stopped-")], LIMIT_S)
    used: list[str] = []
    assert workers.run(lambda: used.append(threading.current_thread().name)).is_set()
    assert used == [threading.current_thread().name]
