"""Why a Deployment reports: one plain line for each cause, as pure functions of two runs' inputs."""

from __future__ import annotations

from typing import Any

import pytest

from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.provider.affected import changed
from bigpanda_provider.provider.because import because
from bigpanda_provider.provider.unknown import UNKNOWN

WEB, DB = "docker:index/container:Container::web-1", "demo:index:Group$aws:rds/instance:Instance::db"
OLD: dict[str, Any] = {"component": "shop", "version": "1", "hosts": ["a", "b"], "resources": {WEB: "1", DB: "1"}}


def causes(previous: Attempt | None = None, waiting: int = 0, **news: Any) -> list[str]:
    """The causes, of an update that gives these inputs otherwise."""
    given = {**OLD, **news}
    changes = changed(OLD["resources"], given["resources"], {})
    return because(OLD, given, changes, previous, waiting)


@pytest.mark.parametrize(
    ("news", "lines"),
    [
        ({}, []),
        ({"version": "2"}, ["version 1 is now 2"]),
        ({"component": "store"}, ["component shop is now store"]),
        ({"version": "2", "versionFound": True}, []),
        ({"version": "2", "secrets": ["version"]}, ["version changed"]),
        ({"version": UNKNOWN}, ["version may change"]),
        ({"hosts": ["b", "a"]}, []),
        ({"hosts": ["b", "c"]}, ["host c added", "host a removed"]),
        ({"hosts": None}, []),
        ({"hosts": ["b", "c"], "secrets": ["hosts"]}, ["hosts changed"]),
        ({"hosts": UNKNOWN}, ["hosts may change"]),
        ({"triggers": [1]}, ["triggers changed"]),
        ({"triggers": [{"deep": UNKNOWN}]}, ["triggers may change"]),
        ({"resources": {WEB: "2", DB: "1"}}, ["docker:Container web-1 changed"]),
        ({"resources": {WEB: "1"}}, ["aws:rds:Instance db removed"]),
        (
            {"resources": {WEB: "1", DB: "1", "docker:index/container:Container::web-3": "1"}},
            ["docker:Container web-3 added"],
        ),
    ],
)
def test_what_changed(news: dict[str, Any], lines: list[str]) -> None:
    """In the event, and among the resources."""
    assert causes(**news) == lines


def test_many_resources() -> None:
    """The first twenty are named."""
    lines = causes(resources={**OLD["resources"], **{f"t:m:T::{number:03}": "1" for number in range(25)}})
    assert len(lines) == 21
    assert lines[-1] == "5 more resources changed"


@pytest.mark.parametrize(
    ("previous", "lines"),
    [
        (Attempt("a", None, end=End.success()), []),
        (Attempt("a", None, end=End.failure("no room")), ["the last attempt failed"]),
        (Attempt("a", None), ["the last attempt did not complete"]),
    ],
)
def test_the_last_attempt(previous: Attempt, lines: list[str]) -> None:
    """One that did not succeed is reported again."""
    assert causes(previous) == lines


def test_what_waits() -> None:
    """What state and the outbox know of, each event once."""
    assert causes(waiting=1) == ["1 event is waiting to be sent"]
    assert causes(waiting=1, previous=None) == ["1 event is waiting to be sent"]
    news = {**OLD, "previous": {"attempt": "a", "status": "success", "delivery": "queued", "waiting": 2}}
    assert because(OLD, news, [], None, 0) == ["2 events are waiting to be sent"]
    assert because(OLD, news, [], None, 1) == ["3 events are waiting to be sent"]
