"""`GET /changes` and `GET /events`: filters, order, and pages that stay the same while new deployments come in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from bigpanda_provider.sandbox.listing import Cursor, Filter
from bigpanda_provider.sandbox.store import Store

from .http_client import ask
from .servers import Sandbox
from .test_page import listed, page
from .test_sandbox import END, post
from .very_many import MANY, assert_quick, deployments, filled


def send(bigpanda: Sandbox, component: str, timestamp: int | None = None, **values: Any) -> None:
    """Send a start."""
    event = {"component": component, "version": "1", "hosts": ["web-1"], "timestamp": timestamp, **values}
    assert post(bigpanda.address, "start", event)[0] == 201


def get(bigpanda: Sandbox, path: str, **query: object) -> Any:
    """An answer of the API."""
    answer = ask(bigpanda.address, path=f"{path}?{urlencode(query)}")
    assert answer.status == 200, answer.body
    return answer.json()


def names(answer: Any) -> list[str]:
    """The components of the changes in an answer."""
    return [change["component"] for change in answer["changes"]]


def walk(bigpanda: Sandbox, **query: object) -> list[str]:
    """The components of all pages, as their cursors lead from one to the next."""
    answer = get(bigpanda, "/changes", **query)
    found = names(answer)
    while answer["next"] is not None:
        answer = get(bigpanda, "/changes", **query, cursor=answer["next"])
        found += names(answer)
    return found


def test_the_order_is_by_start_time_and_stable(bigpanda: Sandbox) -> None:
    """By the event's own timestamp, wherever deployments are listed; in one second, what came in last is first."""
    for component, timestamp in (("b", 200), ("d", 400), ("a", 100), ("c1", 300), ("c2", 300), ("c3", 300)):
        send(bigpanda, component, timestamp)
    expected = ["d", "c3", "c2", "c1", "b", "a"]
    assert names(get(bigpanda, "/changes")) == expected
    assert [change["component"] for change in bigpanda.changes()] == expected[::-1]
    assert listed(page(bigpanda, "/?range=all")) == expected
    assert walk(bigpanda, limit=1) == walk(bigpanda, limit=2) == walk(bigpanda, limit=4) == expected


def test_changes_take_the_filters_of_the_page(bigpanda: Sandbox) -> None:
    """Component, host and state, alone and together; `total` counts all that fit."""
    send(bigpanda, "shop", 1, hosts=["web-1"])
    send(bigpanda, "shop-front", 2, hosts=["web-2", "db-1"])
    send(bigpanda, "billing", 3, hosts=["db-1"])
    post(bigpanda.address, "end", {**END, "component": "billing", "version": "1", "hosts": ["db-1"]})
    for query, expected in (
        ({}, ["billing", "shop-front", "shop"]),
        ({"component": "SHOP"}, ["shop-front", "shop"]),
        ({"host": "db-1"}, ["billing", "shop-front"]),
        ({"state": "success"}, ["billing"]),
        ({"state": ""}, ["billing", "shop-front", "shop"]),
        ({"component": "shop", "host": "db", "state": "in_progress"}, ["shop-front"]),
        ({"component": "nothing"}, []),
    ):
        answer = get(bigpanda, "/changes", **query)
        assert (names(answer), answer["total"], answer["next"]) == (expected, len(expected), None)
        first = get(bigpanda, "/changes", **query, limit=1)
        assert (names(first), first["total"]) == (expected[:1], len(expected))
        assert walk(bigpanda, **query, limit=1) == expected


def test_a_cursor_is_stable_while_deployments_come_in(bigpanda: Sandbox) -> None:
    """What was there is listed once, whatever came in between, before or after the place."""
    for number in range(10):
        send(bigpanda, f"c{number}", 1000 + number // 2)
    answer, found = get(bigpanda, "/changes", limit=3), []
    for turn in range(10):
        found += names(answer)
        send(bigpanda, f"later{turn}", 2000 + turn)
        send(bigpanda, f"tied{turn}", 1004)
        if answer["next"] is None:
            break
        answer = get(bigpanda, "/changes", limit=3, cursor=answer["next"])
    assert found == [f"c{number}" for number in reversed(range(10))]
    assert answer["total"] > 10


def test_events_come_in_pages_too(bigpanda: Sandbox) -> None:
    """In the order they came in; new ones are added behind the last cursor."""
    for number in range(5):
        send(bigpanda, f"c{number}", 1000 - number)
    first = get(bigpanda, "/events", limit=3)
    assert [event["body"]["component"] for event in first["events"]] == ["c0", "c1", "c2"]
    assert first["total"] == 5
    send(bigpanda, "c5")
    second = get(bigpanda, "/events", limit=3, cursor=first["next"])
    assert [event["body"]["component"] for event in second["events"]] == ["c3", "c4", "c5"]
    assert (second["total"], second["next"]) == (6, None)


def test_ends_that_matched_nothing_are_counted_and_the_newest_told(bigpanda: Sandbox) -> None:
    """As many as the limit says."""
    for version in "123":
        post(bigpanda.address, "end", {**END, "version": version})
    answer = get(bigpanda, "/changes", limit=2)
    assert [end["body"]["version"] for end in answer["unmatchedEnds"]] == ["2", "3"]
    assert answer["unmatchedTotal"] == 3


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(component="c7"),
        Filter(component="nothing"),
        Filter(host="host-12"),
        Filter(host="nothing", state="success"),
        Filter("c7", "host-1", "success"),
        Filter(state="in_progress"),
    ],
    ids=str,
)
def test_a_page_of_very_many_is_quick(very_many: Store, chosen: Filter) -> None:
    """The first, the last, and one behind a cursor, each with the count, in less than 100 ms of the processor."""
    total = very_many.count(chosen)
    for offset, after in ((0, None), (max(total - 50, 0), None), (0, Cursor(MANY // 2, 0))):
        part = partial(very_many.changes, 50, offset, chosen, after)
        assert_quick(partial(very_many.count, chosen), part)
        found = part()
        assert [change["started"] for change in found] == sorted((c["started"] for c in found), reverse=True)


@pytest.fixture(scope="module")
def very_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Deployments that came in in another order than they started."""
    with contextlib.closing(filled(tmp_path_factory, deployments)) as store:
        yield store
