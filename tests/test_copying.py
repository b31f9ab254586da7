"""Moving an outbox: a file into a team's database and back. Nothing is lost, and nothing is sent from both."""

from __future__ import annotations

import pathlib
import time
from dataclasses import replace

import pytest

from bigpanda_provider.delivery.attempt import End
from bigpanda_provider.delivery.copying import copy
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Addition, Note, Record, Recorder
from bigpanda_provider.delivery.stored.history import Kept
from bigpanda_provider.delivery.stored.location import Location, Url
from bigpanda_provider.delivery.stored.tables import Tables
from bigpanda_provider.errors import OutboxError
from bigpanda_provider.state import DeliveryStatus

from .outboxes import ELSEWHERE, GONE, OPEN, PLACE, WAITING, fill
from .postgres import PostgreSQL

SENT = OPEN.ended(End.success().timed(1)).end_became(DeliveryStatus.DELIVERED)
NOW, SOME = time.time(), 1100
HISTORY = [
    Record(replace(SENT, id=f"{one:04}"), PLACE, Recorder.DEPLOYMENT, GONE, 0.0, NOW + one) for one in range(SOME)
]
LEFT = Record(WAITING, PLACE, Recorder.DEPLOYMENT, GONE, 40.0, NOW + 5000, why="BigPanda answered 503")
ENDED = replace(LEFT, attempt=replace(OPEN, id="two").ended(End.failure("full").timed(7)), recorded=NOW + 5001)
BUSY = replace(LEFT, attempt=replace(OPEN, id="three"), holder=ELSEWHERE, lease=NOW + 3600)
ADDITION = Addition(("b", "c"), GONE, 0.0)


@pytest.fixture(params=["to a database", "to a file"])
def ways(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> tuple[Location, Location]:
    """From where it is copied, and to where."""
    server: PostgreSQL = request.getfixturevalue("postgres")
    places = (tmp_path / "outbox.db", Url(server.database().url))
    return places if request.param == "to a database" else (places[1], places[0])


def filled(source: Location) -> None:
    """Write an outbox with all that one can hold."""
    fill(source, *HISTORY, LEFT, ENDED, BUSY)
    tables = Tables(source, Kept())
    tables.note(WAITING.id, Note("no space left", 3.0))
    tables.note_deployment(PLACE, Note("cancelled", 4.0))
    tables.insert_additions("two", [ADDITION, ADDITION])
    tables.close()


def test_what_is_settled_is_copied_and_what_is_not_is_moved(ways: tuple[Location, Location]) -> None:
    """As it is, with notes and hosts that were added; what is in progress stays where it is."""
    source, target = ways
    filled(source)
    copied = copy(source, target)
    assert (copied.history, copied.moved, copied.kept) == (len(HISTORY), (LEFT, ENDED), (BUSY,))
    with Outbox(source) as there, Outbox(target) as here:
        assert there.unsettled_of_all() == [BUSY]
        assert here.unsettled_of_all() == [LEFT, ENDED]
        assert here.noted(WAITING.id) == Note("no space left", 3.0)
        assert here.noted_of_deployment(PLACE) == Note("cancelled", 4.0)
        assert here._additions("two") == [ADDITION, ADDITION]
        assert there._additions("two") == []
        assert list(here.latest()) == [ENDED, LEFT, *reversed(HISTORY)]


def test_a_second_copy_adds_what_is_new(ways: tuple[Location, Location]) -> None:
    """What is there already stays as it is, also where it was settled meanwhile."""
    source, target = ways
    fill(source, LEFT, HISTORY[0])
    assert copy(source, target).history == 1
    with Outbox(target) as here:
        here.drop(LEFT)
    fill(source, LEFT, HISTORY[1])  # as after a copy that was killed before it had removed it
    copied = copy(source, target)
    assert (copied.history, copied.moved) == (1, (LEFT,))
    with Outbox(source) as there, Outbox(target) as here:
        assert there.unsettled_of_all() == here.unsettled_of_all() == []


def test_what_could_not_be_copied_stays(tmp_path: pathlib.Path) -> None:
    """As it was, for whoever comes next."""
    source = tmp_path / "outbox.db"
    fill(source, LEFT)
    with pytest.raises(OutboxError):
        copy(source, Url("postgresql://nobody@127.0.0.1:1/none"))
    with Outbox(source) as there:
        (record,) = there.unsettled_of_all()
        assert (record.attempt, record.is_held(time.time())) == (LEFT.attempt, False)
