"""When a Deployment starts again, and with which timestamp."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.delivery.attempt import Recorded, begin, holds, starts_again

INPUTS: dict[str, Any] = {"component": "billing", "version": "1.2.3", "hosts": ["a", "b"], "triggers": [1.0]}
UNKNOWN = "<unknown>"


def recorded(**changed: Any) -> Recorded:
    """The last start, with these inputs."""
    return begin({**INPUTS, **changed}, None, attempt="first", now=100)


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
    assert starts_again(recorded(), {**INPUTS, **changed}, unknown=UNKNOWN) is starts


def test_timestamp_is_now_unless_given() -> None:
    """Without an explicit timestamp the moment of recording counts."""
    assert recorded().attempt.start.timestamp == 100


def test_an_explicit_timestamp_counts_once() -> None:
    """The first start that has it uses it; later ones take the present, until another is given."""
    first = recorded(timestamp=7.0)
    second = begin({**INPUTS, "timestamp": 7.0}, first, attempt="second", now=200)
    third = begin({**INPUTS, "timestamp": 7.0}, second, attempt="third", now=300)
    fourth = begin({**INPUTS, "timestamp": 8.0}, third, attempt="fourth", now=400)
    assert [r.attempt.start.timestamp for r in (first, second, third, fourth)] == [7, 200, 300, 8]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=5)


@given(st.lists(JSON), st.none() | st.integers(0, 10**9))
def test_what_is_stored_is_read_back(triggers: list[Any], timestamp: int | None) -> None:
    """State holds all that the next run needs."""
    start = recorded(triggers=triggers, timestamp=timestamp, description="d")
    assert Recorded.from_outputs(start.outputs()) == start
    assert not starts_again(start, {**INPUTS, "triggers": triggers})


def test_unknown_is_found_in_depth() -> None:
    """A map or list that holds an unknown value is unknown itself."""
    assert holds({"a": [{"b": UNKNOWN}]}, UNKNOWN)
    assert not holds({"a": [{"b": "known"}]}, UNKNOWN)
