"""The replay that the tests hold BigPanda to: an end ends what it matches, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.sandbox.bodies import EndBody, StartBody
from bigpanda_provider.sandbox.store import Store

from .replay import Event, deployments, replay


def start(name: str, *hosts: str, timestamp: int | None = 1, **more: Any) -> Event:
    """A start; `name` is component and version."""
    stamp = {} if timestamp is None else {"timestamp": timestamp}
    return {"kind": "start", "body": {**_event(name, hosts), **stamp, **more}}


def end(name: str, *hosts: str, **more: Any) -> Event:
    """An end."""
    return {"kind": "end", "body": {**_event(name, hosts), **more}}


def _event(name: str, hosts: tuple[str, ...]) -> dict[str, Any]:
    component, version = name.split()
    return {"component": component, "version": version, "hosts": list(hosts or ("a",))}


@pytest.mark.parametrize(
    ("events", "has"),
    [
        ([], []),
        ([start("web 1")], ["web 1 on a: in progress"]),
        ([start("web 1"), end("web 1")], ["web 1 on a: success"]),
        ([start("web 1"), end("web 1", status="success")], ["web 1 on a: success"]),
        (
            [start("web 1", "a", "b"), end("web 1", "a", "b", status="failure", errorMessage="cancelled")],
            ["web 1 on a, b: failure (cancelled)"],
        ),
        ([end("web 1")], ["web 1 on a: matches nothing"]),
        ([end("web 1"), start("web 1")], ["web 1 on a: matches nothing", "web 1 on a: in progress"]),
        ([start("web 1"), end("web 1"), end("web 1")], ["web 1 on a: success", "web 1 on a: matches nothing"]),
    ],
)
def test_one_deployment(events: list[Event], has: list[str]) -> None:
    """A start begins it, the first end that matches ends it, and a second one matches nothing."""
    assert replay(events) == has


@pytest.mark.parametrize("other", [end("api 1"), end("web 2"), end("web 1", "b"), end("web 1", "b", "a")])
def test_what_does_not_match(other: Event) -> None:
    """Component, version and hosts have to be the same, hosts in their order."""
    has = replay([start("web 1", "a", "b"), other])
    assert has[0] == "web 1 on a, b: in progress"
    assert has[1].endswith(": matches nothing")


def test_the_same_start_again() -> None:
    """While it is in progress it is the same deployment; after its end it is another one."""
    assert replay([start("web 1"), start("web 1"), end("web 1")]) == ["web 1 on a: success"]
    assert replay([start("web 1"), end("web 1"), start("web 1")]) == ["web 1 on a: success", "web 1 on a: in progress"]


@pytest.mark.parametrize(
    "other", [start("web 1", timestamp=2), start("web 1", timestamp=None), start("web 1", owner="me")]
)
def test_two_that_cannot_be_told_apart(other: Event) -> None:
    """A start that is not the very same begins another deployment, and the end ends the later one."""
    assert replay([start("web 1"), other, end("web 1")]) == ["web 1 on a: in progress", "web 1 on a: success"]


def test_the_order_is_that_of_the_starts() -> None:
    """Whatever ends first."""
    events = [start("web 1"), start("api 1"), end("api 1"), end("web 1", status="failure")]
    assert replay(events) == ["web 1 on a: failure", "api 1 on a: success"]


EVENTS = st.builds(
    lambda make, name, hosts, more: make(name, *hosts, **more),
    st.just(start),
    st.sampled_from(["web 1", "web 2"]),
    st.sampled_from([["a"], ["a", "b"], ["b", "a"]]),
    st.sampled_from([{"timestamp": 1}, {"timestamp": 2}, {"timestamp": None}, {"timestamp": 1, "owner": "me"}]),
) | st.builds(
    lambda name, hosts, more: end(name, *hosts, **more),
    st.sampled_from(["web 1", "web 2"]),
    st.sampled_from([["a"], ["a", "b"], ["b", "a"]]),
    st.sampled_from([{}, {"status": "success"}, {"status": "failure", "errorMessage": "full"}]),
)


@given(st.lists(EVENTS, max_size=12))
def test_the_sandbox_has_the_same(events: list[Event]) -> None:
    """Two programs that were written apart come to the same deployments."""
    store = Store(":memory:")
    for event in events:
        body = event["body"]
        if event["kind"] == "start":
            store.start(StartBody.model_validate(body), body)
        else:
            store.end(EndBody.model_validate(body), body)
    shown = [
        (c["component"], c["version"], tuple(c["hosts"]), c["state"].replace("_", " "), c["reason"])
        for c in sorted(store.changes(limit=100, offset=0), key=lambda change: int(change["id"]))
    ]
    had = [d for d in deployments(events) if d.start is not None]
    assert shown == [(*d.key, d.state.value, d.reason) for d in had], json.dumps(events)
    assert store.count_unmatched() == len(deployments(events)) - len(had)
    store.close()
