"""The output `start` of a Deployment: what a Completion reads of it, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bigpanda_provider.plugin import start

STORED = {
    "component": "shop",
    "version": "1",
    "hosts": ["web-1"],
    "attempt": "a1",
    "delivery": "queued",
    "stack": "organization/shop/prod",
    "name": "shop",
    "secrets": ["hosts"],
    "timestamp": 1_700_000_000,
    "tags": {"team": "shop"},
    "triggers": [1],
}
GIVEN = start.given(STORED)


def test_a_completion_has_what_its_end_needs() -> None:
    """The start event, what became of it, and where it belongs."""
    taken = start.taken(json.loads(json.dumps(GIVEN)))
    assert taken is not None
    assert {name: taken[name] for name in ("component", "version", "hosts", "attempt")} == {
        "component": "shop",
        "version": "1",
        "hosts": ["web-1"],
        "attempt": "a1",
    }
    assert (taken["stack"], taken["name"], taken["secrets"]) == ("organization/shop/prod", "shop", ["hosts"])
    assert taken["startDelivery"] == "queued"
    assert taken["start"]["timestamp"] == 1_700_000_000
    assert taken["start"]["tags"] == {"team": "shop"}


def test_what_is_for_machines_is_one_line() -> None:
    """The engine shows text that is JSON as a tree."""
    with pytest.raises(ValueError, match="Extra data"):
        json.loads(GIVEN["__bigpanda"])
    assert "\n" not in GIVEN["__bigpanda"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "a1",
        {},
        {**GIVEN, "attempt": None},
        {**GIVEN, "__bigpanda": None},
        {**GIVEN, "__bigpanda": "1 {"},
        {**GIVEN, "__bigpanda": "1 []"},
        {**GIVEN, "__bigpanda": "1 {}"},
    ],
    ids=str,
)
def test_what_is_no_start(value: Any) -> None:
    """Text, a part of one, or one that was changed."""
    assert start.taken(value) is None
