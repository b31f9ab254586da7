"""Stores of very many deployments, each filled once for all processes of the tests: that takes a while."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from bigpanda_provider.sandbox.bodies import ChangeBody, EndBody, StartBody
from bigpanda_provider.sandbox.store import Store

from .test_sandbox_changes import NEEDED

MANY = 100_000
MOST_S = 0.1
"""What a page of them may take of the processor, in seconds."""
TRIES = 3


def filled(folders: pytest.TempPathFactory, fill: Callable[[], Store]) -> Store:
    """A store as this function fills one: the first process that needs it does so, the others copy what it has left."""
    shared = folders.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else folders.getbasetemp()
    file = shared / f"{fill.__name__}.db"
    with pathlib.Path(shared, f"{fill.__name__}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_first = not file.exists()
        store = fill() if is_first else Store(":memory:")
        with contextlib.closing(sqlite3.connect(file)) as on_disk:
            whole, copied = (store._db, on_disk) if is_first else (on_disk, store._db)
            whole.backup(copied)
    return store


def is_quick(*calls: Callable[[], object], most_s: float = MOST_S) -> bool:
    """Whether all of this takes less of the processor, in seconds, at best of three times: what else runs slows it."""
    for _ in range(TRIES):
        began = time.process_time()
        for call in calls:
            call()
        if time.process_time() - began < most_s:
            return True
    return False


def deployments() -> Store:
    """Deployments with versions, owners and ends, that came in in another order than they started."""
    clock = [0]
    store = Store(":memory:", lambda: clock[0])
    for number in range(MANY):
        started = number * 61 % MANY
        hosts = [f"host-{number % 300}", f"host-{(number + 7) % 300}"]
        sent: dict[str, Any] = {"component": f"c{number % 80}", "version": f"1.{number}", "hosts": hosts}
        start = {**sent, "timestamp": started, "owner": f"o{number % 9}"}
        store.start(StartBody.model_validate(start), start)
        clock[0] = started + number % 400
        store.end(EndBody.model_validate(sent), sent)
    return store


def changes() -> Store:
    """Changes with and without a component, whose tags are long."""
    store = Store(":memory:")
    for number in range(MANY):
        tags: dict[str, Any] = {f"tag-{tag}": "some words\n" * 5 for tag in range(10)}
        if number % 3:
            tags |= {"component": f"c{number % 80}", "hosts": f"host-{number % 300}, host-{(number + 7) % 300}"}
        change = {
            "identifier": f"c-{number}",
            "summary": f"Restart s{number % 80}",
            "start": number * 61 % MANY,
            "tags": tags,
        }
        sent = {**NEEDED, **change, "status": "Canceled" if number % 10 == 0 else "Done"}
        store.post(ChangeBody(**sent), sent)
    return store
