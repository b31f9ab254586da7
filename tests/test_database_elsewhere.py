"""A job that is killed on a machine that is gone: whoever comes next ends what it has left in the team's database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from .engine import Stack
from .postgres import PostgreSQL
from .release.command import Release
from .servers import Sandbox
from .test_ownership import WEB, in_a_container

pytestmark = pytest.mark.usefixtures("without_previews")
LEAVE = """
import os, signal, sys
from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place
from bigpanda_provider.delivery.stored.location import parse
from bigpanda_provider.state import DeliveryStatus
start = StartEvent(component="web", version="0", hosts=("a",), timestamp=1)
place = Place("organization/test/dev", "web", sys.argv[2])
Outbox(parse(sys.argv[1])).begin(place, Attempt("0", start, DeliveryStatus.DELIVERED))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("who", ["update", "flush"])
def test_a_job_that_was_killed_elsewhere_is_ended_once(
    who: str, stack: Callable[[str], Stack], bigpanda: Sandbox, postgres: PostgreSQL
) -> None:
    """As a failure, by the next run of the stack or by a flush from anywhere; not before its lease has run out."""
    container, database = in_a_container(), postgres.database()
    made = stack(WEB)
    made.environment["BIGPANDA_OUTBOX"] = database.url
    command = [*container, sys.executable, "-c", LEAVE, database.url, bigpanda.address]
    subprocess.run(command, env=made.environment, check=False, timeout=60)
    assert Release(made)("flush").ok
    assert bigpanda.story() == []
    with postgres.connect(database) as by_hand:
        assert by_hand.execute("UPDATE bigpanda_attempt SET lease = lease - 3600").rowcount == 1
    if who == "update":
        assert made.up().ok
        assert Release(made)("flush").ok
        assert bigpanda.story() == ["failure 0", "start 1", "success 1"]
    else:
        assert Release(made)("flush").ok
        assert Release(made)("flush").ok
        assert bigpanda.story() == ["failure 0"]
