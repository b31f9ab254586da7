"""Many Deployments against the usual way, a BigPanda that is far away, and one that is down."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator

from tests import database_proxy, faults, postgres, servers

from .distant import distant
from .measure import Figure, Spread, longer, pairs, ratio, spreads
from .updates import NO_CHECKPOINTS, Update

MANY, SOME = 200, 50
AT_MOST = 0.85
"""Of the time that as many resources with `curl` take."""
DEPLOYMENTS = """
import bigpanda_provider as bigpanda
from tests.things import Thing

for number in range({count}):
    with bigpanda.Deployment(f"d{{number}}", component=f"c{{number}}", version="1", hosts=[f"h{{number}}"]):
        Thing(f"thing-{{number}}")
"""
SHELL = """
import pulumi
from benchmarks.shell import Command
from tests.things import Thing

for number in range({count}):
    event = f'"component": "c{{number}}", "version": "1", "hosts": ["h{{number}}"]'
    start = Command(f"start-{{number}}", "start", "{{" + event + "}}")
    thing = Thing(f"thing-{{number}}", opts=pulumi.ResourceOptions(depends_on=[start]))
    end = "{{" + event + ', "status": "success"}}'
    Command(f"end-{{number}}", "end", end, pulumi.ResourceOptions(depends_on=[thing]))
"""
ANSWER_S = 0.2
LIMIT_S = 3
MOST_S = 0.1
ROUNDS, ROUNDS_OF_MANY = 5, 2


def against_shell() -> Iterator[Figure]:
    """As many deployments, each with one resource, by this package and by two commands each."""
    with tempfile.TemporaryDirectory() as folder, servers.sandbox() as bigpanda:
        ours, usual = (
            Update(pathlib.Path(folder) / name, bigpanda.address, text.format(count=MANY), **NO_CHECKPOINTS)
            for name, text in (("ours", DEPLOYMENTS), ("usual", SHELL))
        )
        taken = []
        for _ in range(ROUNDS_OF_MANY):
            taken.append((usual.create(), ours.create()))
            ours.empty()
            usual.empty()
        sent = len(bigpanda.events())
    expected = ROUNDS_OF_MANY * 2 * 2 * MANY
    if sent != expected:
        raise RuntimeError(f"{sent} events instead of {expected}")
    by_shell, by_us = spreads(taken)
    yield ratio(
        f"{MANY} Deployments in one program, against two resources with `curl` for each", AT_MOST, by_shell, by_us
    )


def far_away() -> Iterator[Figure]:
    """One start and one end over TLS, with answers that take their time and without."""
    with tempfile.TemporaryDirectory() as name, distant(pathlib.Path(name)) as bigpanda:
        trusted = {"REQUESTS_CA_BUNDLE": str(bigpanda.certificate)}
        update = Update(pathlib.Path(name) / "stack", bigpanda.address, DEPLOYMENTS.format(count=1), **trusted)

        def create(answer_s: float) -> float:
            bigpanda.answer_s = answer_s
            taken = update.create()
            update.empty()
            return taken

        near, far = pairs(ROUNDS, lambda: create(0), lambda: create(ANSWER_S))
        updates = 2 * ROUNDS
        handshakes, asked = bigpanda.handshakes / updates, bigpanda.asked / updates
    yield Figure(
        f"a BigPanda that takes {1000 * ANSWER_S:.0f} ms an answer, over TLS: one start and one end",
        "at most one handshake and two round trips",
        f"{handshakes:g} handshakes and {asked:g} requests in an update",
        handshakes <= 1 and asked <= 2,
    )
    more = longer(far, near)
    yield Figure(
        "how much longer `up` takes then",
        f"no more than these: {2 * ANSWER_S:.1f} s",
        f"{more}: {far} against {near}",
        more.median <= 2 * ANSWER_S,
    )


def in_a_database() -> Iterator[Figure]:
    """One start and one end with an outbox in PostgreSQL, against one in a file."""
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.sandbox() as bigpanda,
        postgres.running() as server,
        database_proxy.database_proxy(server.port) as proxy,
    ):
        settings = {"BIGPANDA_OUTBOX": proxy.url(server.database())}
        one, file, some = (
            Update(pathlib.Path(folder) / name, bigpanda.address, DEPLOYMENTS.format(count=count), **more)
            for name, count, more in (("one", 1, settings), ("file", 1, {}), ("some", SOME, settings))
        )
        trips: dict[Update, list[int]] = {}

        def create(update: Update) -> float:
            before = proxy.round_trips
            taken = update.create()
            trips.setdefault(update, []).append(proxy.round_trips - before)
            update.empty()
            return taken

        near, far, _ = pairs(ROUNDS, lambda: create(file), lambda: create(one), lambda: create(some))
    of_one = Spread(tuple(trips[one]), "round trips")
    events = 2 * (SOME - 1)
    each = Spread(tuple((more - less) / events for less, more in zip(trips[one], trips[some], strict=True)), "an event")
    yield Figure(
        "an outbox in PostgreSQL: round trips to it for each event of an `up`",
        "2, beside one every 5 s",
        str(each),
        round(each.median, 1) <= 2,
    )
    more = longer(far, near)
    yield Figure(
        "how much longer an `up` with one start and one end takes than with a file, at no distance",
        "0.1 s",
        f"{more}: {far} against {near}; {of_one} in all, the login included",
        more.median <= MOST_S,
    )


def down() -> Iterator[Figure]:
    """Many Deployments while BigPanda takes connections and answers nothing."""
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.sandbox() as sandbox,
        faults.faulty(sandbox) as bigpanda,
    ):
        limit = {"BIGPANDA_TIMEOUT_SECONDS": str(LIMIT_S)}
        program = DEPLOYMENTS.format(count=SOME)
        well, ill = (
            Update(pathlib.Path(folder) / name, bigpanda.address, program, **limit, **NO_CHECKPOINTS)
            for name in ("well", "ill")
        )

        def create(update: Update, fault: faults.Fault | None) -> float:
            bigpanda.fault = fault
            taken = update.create()
            bigpanda.fault = None
            update.empty()
            return taken

        up, hangs = pairs(3, lambda: create(well, None), lambda: create(ill, faults.hang))
    more = longer(hangs, up)
    yield Figure(
        f"how much longer an `up` with {SOME} Deployments takes while BigPanda hangs, with a limit of {LIMIT_S} s",
        "at most the one time limit",
        f"{more}: {hangs} against {up}",
        more.median <= LIMIT_S,
    )
