"""What a database costs an update: round trips."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bigpanda_provider.bigpanda.events import Context
from bigpanda_provider.delivery.attempt import End
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.stored.location import Url
from bigpanda_provider.provider.telling import warn
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import Api

from .database_proxy import DatabaseProxy
from .outboxes import PLACE, WAITING
from .postgres import PostgreSQL
from .servers import Sandbox

EVENTS = 2
PER_EVENT = 2
LOGIN = 3
"""Of one by SCRAM: who one is, the nonce, the proof."""


@pytest.mark.parametrize("api", list(Api))
def test_an_event_costs_few_round_trips(
    postgres: PostgreSQL, proxy: DatabaseProxy, bigpanda: Sandbox, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start and end of a deployment of which nothing is left, once connected."""
    monkeypatch.setattr("bigpanda_provider.delivery.takeover.LATELY_S", 600)  # each time one more for a whole stack
    given = {"BIGPANDA_BASE_URL": bigpanda.address, "BIGPANDA_API_TOKEN": "t", "BIGPANDA_APP_KEY": "k"}
    database = postgres.database()
    assert WAITING.start is not None
    start = replace(WAITING.start, context=Context(api=api))
    with Outbox(Url(proxy.url(database))) as outbox:
        delivery = Delivery(Settings.resolve({}, {**given, "BIGPANDA_API": api.value}), outbox, warn)
        costs = []
        for number in range(4):
            before = proxy.round_trips
            attempt, _ = delivery.start(PLACE.stack, f"web{number}", replace(WAITING, id=str(number), start=start))
            between = proxy.round_trips
            ended = delivery.end(PLACE.stack, f"web{number}", attempt, End.success(), secret=False)
            assert ended.is_settled
            costs.append((between - before, proxy.round_trips - between))
        assert all(start + end <= EVENTS * PER_EVENT for start, end in costs[1:]), costs
        assert outbox.trouble is None
    assert proxy.accepted == 1


def test_a_connection_costs_one_more_than_the_login(postgres: PostgreSQL, proxy: DatabaseProxy) -> None:
    """It asks for the version of the tables."""
    database = postgres.database()
    with Outbox(Url(database.url)) as outbox:
        outbox.unsettled_of_all()
    with Outbox(Url(proxy.url(database))) as outbox:
        outbox.unsettled_of_all()
        assert proxy.round_trips == LOGIN + 1 + 1
