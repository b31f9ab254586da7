"""When a Deployment starts again, and with which timestamp."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.bigpanda.events import Context
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.program.checkpoint import Checkpoint
from bigpanda_provider.provider.last import Last, begin, previous_of, starts_again
from bigpanda_provider.provider.unknown import UNKNOWN, holds_unknown
from bigpanda_provider.state import COMPLETION_TYPE, DEPLOYMENT_TYPE, Api, DeliveryStatus, packed

INPUTS: dict[str, Any] = {"component": "billing", "version": "1.2.3", "hosts": ["a", "b"], "triggers": [1.0]}
CONTEXT = Context(api=Api.CHANGES, tags={"environment": "prod"}, ticket_url="https://ci.example.com/7")


def recorded(**changed: Any) -> Last:
    """The last start, with these inputs."""
    return begin({**INPUTS, **changed}, None, CONTEXT, attempt="first", now=100)


def timestamp(last: Last) -> int | None:
    """When it began."""
    assert last.attempt.start is not None
    return last.attempt.start.timestamp


@pytest.mark.parametrize(
    ("changed", "starts"),
    [
        ({}, False),
        ({"component": "bills"}, True),
        ({"version": "1.2.4"}, True),
        ({"hosts": ["b", "a"]}, False),
        ({"hosts": ["a"]}, True),
        ({"triggers": [2.0]}, True),
        ({"triggers": None}, True),
        ({"description": "d", "owner": "o", "source": "s", "timestamp": 5.0}, False),
        ({"version": UNKNOWN}, True),
        ({"hosts": ["a", UNKNOWN]}, True),
        ({"triggers": [{"deep": [UNKNOWN]}]}, True),
    ],
)
def test_a_start_is_for_what_is_a_new_deployment(changed: dict[str, Any], starts: bool) -> None:
    """Component, version, the set of hosts and triggers decide; what is unknown may have changed."""
    assert starts_again(recorded(), {**INPUTS, **changed}) is starts


def test_timestamp_is_now_unless_given() -> None:
    """Without an explicit timestamp the moment of recording counts."""
    assert timestamp(recorded()) == 100


def test_an_explicit_timestamp_counts_once() -> None:
    """The first start that has it uses it; later ones take the present, until another is given."""
    first = recorded(timestamp=7.0)
    second = begin({**INPUTS, "timestamp": 7.0}, first, CONTEXT, attempt="second", now=200)
    third = begin({**INPUTS, "timestamp": 7.0}, second, CONTEXT, attempt="third", now=300)
    fourth = begin({**INPUTS, "timestamp": 8.0}, third, CONTEXT, attempt="fourth", now=400)
    assert [timestamp(one) for one in (first, second, third, fourth)] == [7, 200, 300, 8]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5)


@given(st.lists(JSON), st.none() | st.integers(0, 10**9))
def test_what_is_stored_is_read_back(triggers: list[Any], timestamp: int | None) -> None:
    """State holds all that the next run needs."""
    start = recorded(triggers=triggers, timestamp=timestamp, description="d")
    assert Last.of(start.outputs()) == start
    assert not starts_again(start, {**INPUTS, "triggers": triggers})


@pytest.mark.parametrize(("api", "waiting"), [(Api.CHANGES, None), (Api.DEPLOYMENTS, 1)])
def test_what_waits_of_another_api_is_counted(api: Api, waiting: int | None) -> None:
    """The checkpoint cannot see the backlog; an end that has arrived speaks for those before it by its own API."""
    start = recorded().attempt.start
    assert start is not None
    earlier = Attempt("zero", replace(start, context=Context(api=api)), DeliveryStatus.DELIVERED)
    last = replace(recorded(), backlog=(earlier.ended(End.success()),))
    outputs = {**packed(last.outputs()), "backlog": "[secret]"}
    end = {"attempt": "first", "status": "success", "delivery": "delivered"}
    found = Checkpoint.of(
        {"start": {"type": DEPLOYMENT_TYPE, "outputs": outputs}, "end": {"type": COMPLETION_TYPE, "outputs": end}}
    ).previous(["start"])
    assert (found or {}).get("waiting") == waiting
    left = last.left(previous_of({} if found is None else {"previous": found}, "first"))
    assert len(left.waiting) == (waiting or 0)


def test_unknown_is_found_in_depth() -> None:
    """A map or list that holds an unknown value is unknown itself."""
    assert holds_unknown({"a": [{"b": UNKNOWN}]})
    assert not holds_unknown({"a": [{"b": "known"}]})
