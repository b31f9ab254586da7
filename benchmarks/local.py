"""What needs no engine: the import, digests, a backlog, and the sandbox."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import requests

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place
from bigpanda_provider.program.digest import digest
from bigpanda_provider.sandbox.bodies import StartBody
from bigpanda_provider.sandbox.store import Store
from tests import servers

from .measure import Figure, Spread, pairs, ratio, timed, times

BACKLOG = 10_000
LISTED = 100_000
SENT, CONNECTIONS = 4_000, 4
PAGES = ("/", "/?page=500", "/?state=failure", "/?component=c7", "/?host=host-12")
GONE = Holder(0, "a process that is gone")
LIMIT_S = 120


def imports() -> Iterator[Figure]:
    """Each in a process of its own."""

    def started(statement: str) -> float:
        code = f"import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LIMIT_S)
        return float(told.stdout)

    plain, ours = pairs(15, lambda: started("import pulumi"), lambda: started("from bigpanda_provider import *"))
    yield ratio("`import bigpanda_provider` against `import pulumi`", 1.35, plain, ours)


def digests() -> Iterator[Figure]:
    """Those of 10,000 resources with 20 inputs each."""
    values: list[Any] = [17, "a value of some length", {"nested": [1, 2, 3], "flag": True}, 1.5]
    resources = [{f"input-{one}": values[(one + number) % 4] for one in range(20)} for number in range(10_000)]

    def ours() -> None:
        for inputs in resources:
            digest(inputs)

    def as_json() -> None:
        for inputs in resources:
            hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    plain, digested = pairs(5, lambda: timed(as_json), lambda: timed(ours))
    yield ratio("digests of 10,000 resources with 20 inputs, against hashing them as JSON", 2.0, plain, digested)


@contextlib.contextmanager
def sandbox_process(fill: int = 0) -> Iterator[str]:
    """The address of a sandbox in a process of its own, with so many deployments in it."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, fill), daemon=True)
    process.start()
    try:
        if not here.poll(LIMIT_S):
            raise RuntimeError("the sandbox did not start")
        yield here.recv()
    finally:
        process.kill()
        process.join(LIMIT_S)


def _serve(told: Connection, fill: int) -> None:
    store = Store(":memory:")
    for number in range(fill):
        hosts = [f"host-{number % 300}", f"host-{(number + 7) % 300}"]
        sent = {"component": f"c{number % 80}", "version": str(number), "hosts": hosts, "timestamp": number}
        store.start(StartBody(**sent), sent)
    with servers.sandbox(store=store) as running:
        told.send(running.address)
        threading.Event().wait()


def backlog() -> Iterator[Figure]:
    """`bigpanda-release flush` against the same posts in a bare loop."""
    starts = [StartEvent(component="shop", version=str(n), hosts=("web-1",), timestamp=n) for n in range(BACKLOG // 2)]

    def flush() -> float:
        with sandbox_process() as address, tempfile.TemporaryDirectory() as folder:
            with Outbox(pathlib.Path(folder) / "outbox.db", holder=GONE) as outbox:
                for number, start in enumerate(starts):
                    place = Place("organization/project/stack", f"d{number}", address)
                    outbox.begin(place, Attempt(f"{number:032x}", start).ended(End.success()))
            environment = {**os.environ, "BIGPANDA_OUTBOX": str(outbox.location), "BIGPANDA_BASE_URL": address}
            command = [sys.executable, "-m", "bigpanda_provider.release", "flush"]
            environment["BIGPANDA_API_TOKEN"] = "token"
            taken = timed(lambda: subprocess.run(command, cwd=folder, env=environment, check=True, timeout=LIMIT_S))
            if outbox.unsettled_of_all():
                raise RuntimeError("not all was sent")
            return taken

    def bare() -> float:
        with sandbox_process() as address, requests.Session() as session:
            session.headers["Authorization"] = "Bearer token"

            def post() -> None:
                for start in starts:
                    event = start.stored()
                    session.post(f"{address}/data/events/deployments/start", json=event, timeout=LIMIT_S)
                    del event["timestamp"]
                    end = {**event, "status": "success"}
                    session.post(f"{address}/data/events/deployments/end", json=end, timeout=LIMIT_S)

            return timed(post)

    plain, flushed = pairs(2, bare, flush)
    speed = times(plain, flushed)
    yield Figure(
        f"`flush` of {BACKLOG:,} events, against the same posts in a bare loop of one `requests` session",
        "at least 0.8 of its speed",
        f"{speed} its speed: {flushed} against {plain}",
        speed.median >= 0.8,
    )


def sandbox() -> Iterator[Figure]:
    """What it takes in, and its list of very many."""
    with sandbox_process() as address:
        rates = Spread(tuple(_rate(address, each) for each in range(3)), "events/s")
    yield Figure(
        f"events that the sandbox takes in a second, from {CONNECTIONS} connections",
        "1,000",
        str(rates),
        rates.median >= 1000,
    )
    with sandbox_process(fill=LISTED) as address:

        def page(path: str) -> float:
            return 1000 * timed(lambda: urllib.request.urlopen(address + path, timeout=LIMIT_S).read())

        for path in PAGES:
            taken = Spread(tuple(page(path) for _ in range(9)), "ms")
            yield Figure(
                f"`{path}` of the sandbox with {LISTED:,} deployments", "100 ms", str(taken), taken.median <= 100
            )


def _rate(address: str, turn: int) -> float:
    each = SENT // CONNECTIONS // 2

    def send(number: int) -> None:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=LIMIT_S)
        headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}
        for version in range(each):
            event = {"component": "shop", "version": f"{turn}-{number}-{version}", "hosts": ["web-1"]}
            for kind, more in (("start", {"timestamp": version}), ("end", {"status": "success"})):
                connection.request("POST", f"/data/events/deployments/{kind}", json.dumps({**event, **more}), headers)
                connection.getresponse().read()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(CONNECTIONS)]

    def all_of_them() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)

    return SENT / timed(all_of_them)
