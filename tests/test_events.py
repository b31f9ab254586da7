"""The events: what they hold, what is refused and with which sentence."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.bigpanda.events import (
    NAME_LIMIT,
    REASON_LIMIT,
    TEXT_LIMIT,
    EndEvent,
    StartEvent,
    problems,
    read,
    same_hosts,
)
from bigpanda_provider.bigpanda.text import name
from bigpanda_provider.errors import DeclarationError, InvalidEventError, Problem
from bigpanda_provider.program.arguments import carried
from bigpanda_provider.state import Status

GOOD: dict[str, Any] = {"component": "billing", "version": "1.2.3", "hosts": ["prod-api-1", "prod-api-2"]}
ANY_TEXT = st.text(st.characters(exclude_categories=()), min_size=1).filter(lambda text: name(text).strip())


def test_start_is_the_documentations_own_example() -> None:
    """The payload is the example of BigPanda's documentation, to the letter."""
    event = read(StartEvent, {**GOOD, "description": "New improvement", "owner": "john@acme.com"})
    assert event.stored() == {**GOOD, "description": "New improvement", "owner": "john@acme.com"}


def test_end_is_the_documentations_own_example() -> None:
    """Status and error message have the API's names."""
    end = EndEvent.of(read(StartEvent, GOOD), Status.FAILURE, "Failed migration mongodb")
    assert end.stored() == {**GOOD, "status": "failure", "errorMessage": "Failed migration mongodb"}


def test_end_of_a_success_has_no_message() -> None:
    """What is absent is not sent."""
    assert EndEvent.of(read(StartEvent, GOOD), Status.SUCCESS).stored() == {**GOOD, "status": "success"}


REFUSED = [
    ("hosts", "web-1", "is text; write a list of host names"),
    ("hosts", [], "is an empty list; write a list"),
    ("hosts", [""], "has an empty name as item 1; write a list"),
    ("hosts", ["a", " "], "has a blank name as item 2; write a list"),
    ("hosts", [1], "has a number as item 1; write a list"),
    ("hosts", ["a", "b", "a"], "lists a host twice, as items 1 and 3; list each host once"),
    ("hosts", {"a": 1}, "is a map; write a list"),
    ("hosts", None, "is missing; write a list"),
    ("component", "", 'is empty; write a value: "billing"'),
    ("component", " \t", 'is blank; write a value: "billing"'),
    ("component", 7, 'is a number; write it as text: "billing"'),
    ("version", "", 'is empty; write a value: "1.2.3"'),
    ("version", 1.2, 'is a number; write it as text: "1.2.3"'),
    ("version", None, 'is missing; write it as text: "1.2.3"'),
    ("version", ["1"], 'is a list; write it as text: "1.2.3"'),
    ("timestamp", 1700000000000, "looks like milliseconds; divide by 1000"),
    ("timestamp", -1, "is negative; write whole Unix seconds"),
    ("timestamp", 1700000000.5, "has a fraction of a second; write whole Unix seconds"),
    ("timestamp", float("nan"), "has a fraction of a second; write whole Unix seconds"),
    ("timestamp", float("inf"), "has a fraction of a second; write whole Unix seconds"),
    ("timestamp", True, "is a boolean; write whole Unix seconds"),
    ("timestamp", "now", "is text; write whole Unix seconds"),
    ("description", 5, "is a number; write it as text, or leave it out"),
    ("owner", ["me"], "is a list; write it as text, or leave it out"),
    ("source", False, "is a boolean; write it as text, or leave it out"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), REFUSED)
def test_bad_input_gets_a_sentence(name: str, value: object, sentence: str) -> None:
    """Each fault is named on its property, with what to write instead."""
    with pytest.raises(InvalidEventError) as caught:
        read(StartEvent, {**GOOD, name: value})
    (problem,) = caught.value.problems
    assert problem.property == name
    assert sentence in problem.reason


def test_a_status_is_one_of_two() -> None:
    """Any other is refused on its property."""
    (problem,) = problems(EndEvent, {**GOOD, "status": "done"}, ())
    assert problem == Problem("status", "is no status; write success or failure")


def test_a_context_that_nobody_wrote_is_refused() -> None:
    """State may be edited by hand: what does not read as a context is a problem of that property."""
    for context in (3, {"api": "none"}, {"tags": 3}):
        (problem,) = problems(StartEvent, {**GOOD, "context": context}, ())
        assert problem == Problem("context", "cannot be read; it was not written by this package")


def test_a_changed_event_is_checked_too() -> None:
    """No event exists that BigPanda would not accept, however it was made."""
    start = read(StartEvent, GOOD)
    assert replace(start, component="a\nb").component == "a b"
    with pytest.raises(InvalidEventError, match="is an empty list"):
        replace(start, hosts=())


def test_bad_input_is_not_repeated() -> None:
    """A refused value may be a secret, so no sentence holds it."""
    with pytest.raises(InvalidEventError) as caught:
        read(StartEvent, {"component": ["s3cret"], "version": {"s3cret": 1}, "hosts": "s3cret", "owner": ["s3cret"]})
    assert len(caught.value.problems) == 4
    assert "s3cret" not in str(caught.value)


def test_a_missing_property_is_named() -> None:
    """What is required and not there is a problem of that property."""
    assert [p.property for p in problems(StartEvent, {"version": "1"}, ())] == ["component", "hosts"]


def test_what_is_unknown_in_preview_is_accepted() -> None:
    """An unknown property may be missing; what is known of it is checked."""
    assert problems(StartEvent, {"version": "1"}, {"component", "hosts"}) == ()
    (problem,) = problems(StartEvent, {"version": "1", "component": "a", "hosts": ["a", "a"]}, {"hosts"})
    assert problem.property == "hosts"


@pytest.mark.parametrize("value", [1700000000, 1700000000.0, 0])
def test_timestamp_is_whole_seconds(value: float) -> None:
    """The engine turns an int into a float; both are the same second."""
    event = read(StartEvent, {**GOOD, "timestamp": value})
    assert event.timestamp == int(value)
    assert type(event.stored()["timestamp"]) is int


def test_timestamp_of_a_datetime_has_its_zone() -> None:
    """An aware datetime is that second; a naive one is refused."""
    zone = dt.timezone(dt.timedelta(hours=2))
    assert carried(dt.datetime(2026, 1, 1, 2, 0, 0, 999_999, zone), "timestamp") == 1767225600
    with pytest.raises(DeclarationError, match=r"without a time zone; add a time zone: datetime\.now\(timezone\.utc\)"):
        carried(dt.datetime(2026, 1, 1), "timestamp")


@given(ANY_TEXT, ANY_TEXT, st.lists(ANY_TEXT, min_size=1, unique_by=lambda host: name(host, NAME_LIMIT)), st.text())
def test_any_text_is_sent_as_valid_json(component: str, version: str, hosts: list[str], description: str) -> None:
    """Control characters, surrogates, quotes: the payload is UTF-8 JSON, and start and end agree."""
    event = read(StartEvent, {"component": component, "version": version, "hosts": hosts, "description": description})
    payload = event.stored()
    assert json.loads(json.dumps(payload, ensure_ascii=False).encode("utf-8")) == payload
    end = EndEvent.of(event, Status.FAILURE, description or None).stored()
    assert {name: end[name] for name in GOOD} == {name: payload[name] for name in GOOD}
    assert read(StartEvent, payload) == event


def test_lengths_are_bounded() -> None:
    """Every text has its limit."""
    long = "x" * 100_000
    start = read(StartEvent, {"component": long, "version": long, "hosts": [long], "description": long, "owner": long})
    assert (len(start.component), len(start.hosts[0]), len(start.owner or "")) == (NAME_LIMIT,) * 3
    assert len(start.description or "") == TEXT_LIMIT
    assert len(EndEvent.of(start, Status.FAILURE, long).error_message or "") == REASON_LIMIT


def test_order_of_hosts_does_not_count() -> None:
    """The set decides whether hosts changed."""
    assert same_hosts(["a", "b"], ("b", "a"))
    assert not same_hosts(["a"], ["a", "b"])
