"""The processes of a team for `test_team.py`: they begin, send and end deployments, and take over what is left.

    python -m tests.team OUTBOX ADDRESS FOLDER

For each line "NAME MACHINE" on standard input it forks one, and prints its process id; so it is there at once. Each
works until it is killed. What it is about to begin it writes down first, so that whoever judges knows of it.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import random
import signal
import sys
import time
import uuid
from dataclasses import replace

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery import own, record, takeover
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.stored import postgres
from bigpanda_provider.delivery.stored.location import parse
from bigpanda_provider.delivery.warn import silent
from bigpanda_provider.settings import Settings

STACK = "acme/shop/prod"
SHARED = ("web", "api", "jobs")
"""Deployments that all of them run, one at a time, as updates of a stack do."""
LEASE_S, RENEW_S, OTHERS_LIMIT_S = 3.0, 1.0, 1.0
PATIENCE_S = 30.0
HERE = "here"
"""The machine whose process table tells; of any other one leases do."""


def set_times() -> None:
    """Let leases run out within seconds, so that a test sees it, and a busy machine be no database that is away."""
    for module, name, seconds in (
        (record, "LEASE_S", LEASE_S),
        (own, "LEASE_S", LEASE_S),
        (own, "RENEW_S", RENEW_S),
        (takeover, "OTHERS_LIMIT_S", OTHERS_LIMIT_S),
        (postgres, "LIMIT_S", PATIENCE_S),
        (postgres, "SLOW_S", PATIENCE_S),
    ):
        assert hasattr(module, name), f"{module.__name__} has no {name}"
        setattr(module, name, seconds)


def delivery(location: str, address: str, machine: str = HERE) -> Delivery:
    """What a process of that machine delivers by."""
    me = Holder.current()
    holder = me if machine == HERE else replace(me, machine=machine)
    given = {"BIGPANDA_BASE_URL": address, "BIGPANDA_API_TOKEN": "t", "BIGPANDA_TIMEOUT_SECONDS": "20"}
    return Delivery(Settings.resolve({}, given), Outbox(parse(location), warn, holder=holder), silent)


def warn(sentence: str, *, about: str | None = None) -> None:
    """Tell of an outbox that cannot be used."""
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def flush(sends: Delivery) -> int:
    """As `bigpanda-release flush`: end and send what nobody looks after; how much of all is left."""
    now = sends.outbox.now()
    sends.backlog.flush(record for record in sends.outbox.unsettled_of_all() if record.is_free(now))
    return len(sends.outbox.unsettled_of_all())


def work(sends: Delivery, journal: pathlib.Path, name: str, chance: random.Random) -> None:
    """Run one deployment, or look after what others have left."""
    if chance.random() < 0.15:
        flush(sends)
        return
    place = name if chance.random() < 0.4 else chance.choice(SHARED)
    one = uuid.uuid4().hex
    start = StartEvent(component=place, version=one, hosts=(name,), timestamp=int(time.time()))
    with journal.with_name(f"lock-{place}").open("w") as lock:  # as the engine's: it goes with who holds it
        fcntl.flock(lock, fcntl.LOCK_EX)
        with journal.open("a") as file:
            file.write(f"{place} {one}\n")
        attempt, _ = sends.start(STACK, place, Attempt(one, start))
        time.sleep(chance.random() * 0.2)
        end = End.success() if chance.random() < 0.7 else End.failure("full")
        sends.end(STACK, place, attempt, end, secret=False)


def main(location: str, address: str, folder: str) -> None:
    """Fork one for each line."""
    import psycopg  # noqa: F401 - so that those that are forked have it

    set_times()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who is killed is gone
    for line in sys.stdin:
        name, machine = line.split()
        pid = os.fork()
        if pid == 0:
            Holder.current.cache_clear()
            sends = delivery(location, address, machine)
            while True:
                work(sends, pathlib.Path(folder, name), name, random.Random())
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
