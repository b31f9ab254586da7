"""Time range, sorting and counts of the list: on the page, in `GET /changes`, and in the addresses of both."""

from __future__ import annotations

import contextlib
import html
import re
import sqlite3
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bigpanda_provider.sandbox.bodies import EndBody, StartBody
from bigpanda_provider.sandbox.database import FORMAT, version_key
from bigpanda_provider.sandbox.listing import SORTS, Cursor, Filter, Order
from bigpanda_provider.sandbox.store import Store
from bigpanda_provider.sandbox.times import iso, period
from bigpanda_provider.sandbox.view import View

from .http_client import ask
from .servers import Sandbox, sandbox
from .test_changes import get, names, send, walk
from .test_page import listed, page
from .test_sandbox import post
from .test_sandbox_changes import take
from .very_many import MANY, MOST_S, assert_quick, deployments, filled

HOUR = 3600
NOW = 1_800_000_000


def store_of(*rows: tuple[str, str, int, int | None, str]) -> Store:
    """A store of deployments: component, version, start, end, and "" for in progress or how it ended."""
    clock = [0]
    store = Store(":memory:", lambda: clock[0])
    for number, (component, version, started, ended, status) in enumerate(rows):
        sent = {"component": component, "version": version, "hosts": [f"h{number}"], "timestamp": started}
        store.start(StartBody.model_validate(sent), sent)
        if ended is not None:
            clock[0] = ended
            end = {"component": component, "version": version, "hosts": [f"h{number}"], "status": status}
            store.end(EndBody.model_validate(end), end)
    return store


def test_a_range_has_what_was_not_over_before_it() -> None:
    """What began before and ended in it is there, and what is in progress, however long ago it began."""
    store = store_of(
        ("over", "1", NOW - 9 * HOUR, NOW - HOUR - 1, "success"),
        ("long", "1", NOW - 9 * HOUR, NOW - HOUR + 1, "failure"),
        ("open", "1", NOW - 99 * HOUR, None, ""),
        ("late", "1", NOW - 60, NOW - 30, "success"),
        ("ahead", "1", NOW + HOUR, None, ""),
    )
    chosen = View(range="1h").filter(NOW)
    assert [change["component"] for change in store.changes(10, chosen=chosen)] == ["ahead", "late", "long", "open"]
    assert store.states(chosen) == {"in_progress": 2, "success": 1, "failure": 1}
    assert store.count(View().filter(NOW)) == 5
    assert store.count(View().filter(NOW, "24h")) == 5


def test_a_period_has_what_was_not_over_before_and_began_until_its_end() -> None:
    """Where both ends are given, or one; instead of the range."""
    store = store_of(
        ("over", "1", NOW - 9 * HOUR, NOW - HOUR - 1, "success"),
        ("long", "1", NOW - 9 * HOUR, NOW - HOUR, "failure"),
        ("open", "1", NOW - 99 * HOUR, None, ""),
        ("in", "1", NOW - 60, NOW - 30, "success"),
        ("after", "1", NOW - 59, None, ""),
    )
    since, until = iso(NOW - HOUR), iso(NOW - 60)
    for view, expected in (
        (View(since=since, until=until, range="all"), ["in", "long", "open"]),
        (View(since=since), ["after", "in", "long", "open"]),
        (View(until=until), ["in", "long", "over", "open"]),
        (View(component="o", since=since, until=until), ["long", "open"]),
    ):
        for sort in SORTS:
            found = store.changes(10, chosen=view.filter(NOW), order=Order(sort))
            assert {change["component"] for change in found} == set(expected)
        assert store.count(view.filter(NOW)) == len(expected)


def counts(text: str) -> dict[str, str]:
    """What the counts of a page say, each with where it leads."""
    (line,) = re.findall(r'<p class="counts">(.*?)</p>', text)
    found = re.findall(r'<a class="\w+" href="([^"]*)"[^>]*><svg.*?</svg>(.*?)</a>', line)
    return {re.sub("<[^>]*>", "", words): html.unescape(link) for link, words in found}


def test_a_period_is_kept_by_all_that_the_page_leads_to(bigpanda: Sandbox) -> None:
    """The list, counts, other filters and exports are of it; a range leads out of it, and so does the way back."""
    now = int(time.time())
    for number, ago in enumerate((60, 600, 1200)):
        take(bigpanda, identifier=str(number), summary=f"s{number}", status="Done", start=now - ago, end=now - ago + 30)
    period = f"since={iso(now - 700)}&until={iso(now - 500)}"
    text = page(bigpanda, f"/?range=1h&{period}")
    assert listed(text) == ["s1"]
    assert counts(text) == {"1 done": f"?state=success&range=1h&{period}"}
    for address in (f"/changes.csv?range=1h&{period}", f"/changes.json?range=1h&{period}"):
        assert address in html.unescape(text)
        exported = page(bigpanda, address)
        assert [f"s{number}" in exported for number in range(3)] == [False, True, False]
    assert names(get(bigpanda, "/changes", since=now - 700, until=now - 500)) == [None]
    assert 'href="?range=6h">6 h' in text
    empty = page(bigpanda, f"/?range=1h&since={now + 900}&until={iso(now + 1000)}&component=s")
    assert "No change fits in this period" in empty
    assert '<a href="?component=s&amp;range=1h">Back to the last 1 h</a>' in empty


def test_a_period_reads_shortly() -> None:
    """The date once, and seconds only where there are some."""
    first, last = "2026-11-27T14:50:00Z", "2026-11-27T15:05:01Z"
    assert period(first, "2026-11-27T15:05:00Z") == "2026-11-27 14:50 to 15:05 UTC"
    assert period(first, last) == "2026-11-27 14:50:00 to 15:05:01 UTC"
    assert period(first, "2026-11-28T15:05:00Z") == "2026-11-27 14:50 to 2026-11-28 15:05 UTC"
    assert (period(first, ""), period("", last)) == ("since 2026-11-27 14:50 UTC", "until 2026-11-27 15:05:01 UTC")


def test_the_page_shows_the_last_day_and_the_list_all(bigpanda: Sandbox) -> None:
    """The page says what it leaves out if it has nothing to show."""
    now = int(time.time())
    take(bigpanda, identifier="old", summary="old", status="Done", start=now - 99 * HOUR, end=now - 98 * HOUR)
    assert "No change in the last 24 h" in page(bigpanda, "/")
    assert 'There is <a href="?range=all">1 before that</a>' in page(bigpanda, "/")
    assert names(get(bigpanda, "/changes", range="24h")) == []
    send(bigpanda, "new")
    assert listed(page(bigpanda, "/")) == ["new"]
    assert listed(page(bigpanda, "/?range=7d")) == ["new", "old"]
    assert names(get(bigpanda, "/changes")) == ["new", None]


def test_counts_lead_to_what_they_count(bigpanda: Sandbox) -> None:
    """Of the range and the filter, those first that somebody has to look at; a second look at one takes it back."""
    for component, status in (("a", None), ("b", None), ("c", "failure"), ("d", "success"), ("other", None)):
        send(bigpanda, component, hosts=["web-1"] if component != "other" else ["db-1"])
        if status:
            event = {"component": component, "version": "1", "hosts": ["web-1"], "status": status}
            post(bigpanda.address, "end", event)
    take(bigpanda, status="Canceled", start=int(time.time()), tags={"hosts": "web-1"})
    text = page(bigpanda, "/?host=web&sort=owner")
    (line,) = re.findall(r'<p class="counts">(.*?)</p>', text)
    assert re.sub("<[^>]*>", "", line) == "2 in progress · 1 failed · 1 done · 1 canceled, last 24 h"
    links = [*counts(text).values()]
    assert [len(listed(page(bigpanda, f"/{link}"))) for link in links] == [2, 1, 1, 1]
    assert links[1] == "?host=web&state=failure&sort=owner"
    failed = page(bigpanda, f"/{links[1]}")
    assert counts(failed)["1 failed"] == "?host=web&sort=owner"
    assert '<a class="failure" href="?host=web&amp;sort=owner" aria-current="true">' in failed
    assert get(bigpanda, "/changes", host="web")["states"] == {
        **{"in_progress": 2, "success": 1, "failure": 1, "canceled": 1}
    }


@pytest.mark.parametrize("path", ["/", "/changes"])
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("range=2h", 'range: "2h" is not a time range; write 1h, 6h, 24h, 7d or all'),
        (
            "since=yesterday",
            'since: "yesterday" is not a time; write Unix seconds (1700000000) or ISO 8601 (2023-11-14T22:13:20Z)',
        ),
        (
            "since=1700000001&until=2023-11-14T22:13:20Z",
            "since: 2023-11-14T22:13:21Z is later than until, 2023-11-14T22:13:20Z; swap them",
        ),
        ("order=up", 'order: "up" is not an order; write asc or desc'),
        (
            "sort=%3Cscript%3E",
            'sort: "<script>" is not a column to sort by; write component, version, state, started, duration or owner',
        ),
    ],
)
def test_a_word_that_is_not_known_is_400(bigpanda: Sandbox, path: str, query: str, sentence: str) -> None:
    """In one sentence, that says what to write."""
    answer = ask(bigpanda.address, path=f"{path}?{query}")
    assert (answer.status, answer.json()) == (400, {"errors": [sentence]})
    shown = ask(bigpanda.address, path=f"{path}?{query}", headers=[("Accept", "text/html")])
    assert shown.status == 400
    assert html.escape(sentence, quote=False) in shown.body.decode().replace("&#34;", '"')


def test_an_owner_can_be_looked_for(bigpanda: Sandbox) -> None:
    """By a part of the name in any case, beside the other filters; what has no owner does not fit."""
    for component, owner in (("a", "mia@acme.com"), ("b", "leo@acme.com"), ("c", None), ("d", "m_a")):
        send(bigpanda, component, owner=owner)
    for query, expected in (("owner=MIA", ["a"]), ("owner=acme", ["b", "a"]), ("owner=m_a", ["d"]), ("owner=%22", [])):
        assert listed(page(bigpanda, f"/?{query}")) == expected
        assert names(ask(bigpanda.address, path=f"/changes?{query}").json()) == expected
    assert listed(page(bigpanda, "/?owner=acme&component=b&state=in_progress")) == ["b"]
    assert 'name="owner" value="&#34;"' in page(bigpanda, "/?owner=%22")


ROWS = (
    ("b", "2.9", 100, 150, "success"),
    ("A", "2.10", 200, 500, "failure"),
    ("c", "1.0", 300, None, ""),
    ("a", "10.0", 400, 400, "success"),
    ("a", "2.10", 50, None, ""),
)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("component", [50, 200, 400, 100, 300]),  # in any case; among equals by start
        ("version", [300, 100, 50, 200, 400]),  # 2.9 is before 2.10
        ("state", [200, 50, 300, 100, 400]),
        ("started", [50, 100, 200, 300, 400]),
        ("duration", [400, 100, 200, 300, 50]),  # what is in progress lasts longest
        ("owner", [50, 100, 200, 300, 400]),
    ],
)
def test_lists_are_sorted_by_each_column(sort: str, expected: list[int]) -> None:
    """In both directions, and the same in pages as at once."""
    store = store_of(*ROWS)
    for order in (Order(sort, False), Order(sort)):
        whole = store.changes(10, order=order)
        assert [change["started"] for change in whole] == (expected[::-1] if order.descending else expected)
        found: list[dict[str, Any]] = []
        after = None
        while part := store.changes(2, after=after, order=order):
            found += part
            after = Cursor.of(part[-1])
        assert found == whole


def test_sorted_lists_have_pages(bigpanda: Sandbox) -> None:
    """By the cursor of `GET /changes`, and by the links of the page, which turn the order of a column round."""
    for number in range(60):
        send(bigpanda, f"c{number % 7}", version=f"{number}")
    expected = names(get(bigpanda, "/changes", sort="version", limit=100))
    assert walk(bigpanda, sort="version", limit=7) == expected
    assert expected[:3] == ["c0", "c1", "c2"]
    assert walk(bigpanda, sort="component", order="desc", limit=7) == sorted(expected, reverse=True)
    for path in ("/?sort=version", "/?sort=version&component=c"):
        assert listed(page(bigpanda, path)) + listed(page(bigpanda, f"{path}&page=2")) == expected
    text = page(bigpanda, "/?sort=version&page=2&component=c")
    assert 'aria-sort="ascending"><a id="sort-version" href="?component=c&amp;sort=version&amp;order=desc">' in text
    assert '<a id="sort-state" href="?component=c&amp;sort=state">' in text
    assert text.count("aria-sort") == 1


def test_versions_are_sorted_by_their_numbers() -> None:
    """As people count; letters are as they are."""
    given = ["10", "2.10", "2.9", "v2", "2.9-rc1", "v10", "2.9-rc10", "2.9-rc2"]
    assert sorted(given, key=version_key) == ["2.9", "2.9-rc1", "2.9-rc2", "2.9-rc10", "2.10", "10", "v2", "v10"]


def test_a_view_survives_its_address() -> None:
    """Whatever is in it; what is wrong in a link back is left out."""
    view = View(
        *('sh"op', "a&b=c", "me", "failure", "7d", "owner", "desc", 3, "2026-11-27T14:50:00Z", "2026-11-27T15:05:01Z")
    )
    assert View.back(view.query(page=3)) == view
    assert View.back("https://evil.example/?state=x&range=%22&page=1e9&next=//evil&component=a") == View(component="a")
    assert View.back("?page=0&state=&since=yesterday&until=") == View()
    assert View.back("page=9" + "9" * 500) == View()
    assert View().query() == ""


FORMAT_1 = """
CREATE TABLE event (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, received REAL NOT NULL, body TEXT NOT NULL,
    deployment INTEGER REFERENCES deployment (id));
CREATE TABLE deployment (id INTEGER PRIMARY KEY, api TEXT NOT NULL DEFAULT 'deployments', component TEXT, version TEXT,
    hosts TEXT NOT NULL, state TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, description TEXT, owner TEXT,
    source TEXT, reason TEXT, identifier TEXT, summary TEXT, status TEXT, created REAL, updated REAL);
CREATE INDEX open_deployment ON deployment (component, version, hosts)
    WHERE state = 'in_progress' AND api = 'deployments';
CREATE INDEX deployment_by_start ON deployment (started);
INSERT INTO deployment (id, component, version, hosts, state, started, ended) VALUES
    (2, 'b', '2.10', '["a"]', 'success', 100, 900), (3, 'a', '2.9', '["a"]', 'in_progress', 200, NULL);
INSERT INTO deployment (id, api, hosts, state, started, identifier, summary, status, created, updated)
    VALUES (5, 'changes', '[]', 'canceled', 300, 'i', 's', 'Canceled', 1, 2);
INSERT INTO event VALUES (1, 'change', 1, '{"tags": {"x": "y"}}', 5);
PRAGMA user_version = 1;
"""


def test_a_data_file_that_could_not_be_sorted_is_upgraded(tmp_path: Path) -> None:
    """Its deployments and changes are in the lists of every order and range."""
    file = tmp_path / "changes.db"
    db = sqlite3.connect(file)
    db.executescript(FORMAT_1)
    db.close()
    store = Store(str(file))

    def order(sort: str) -> list[int]:
        return store.numbers(Filter(), Order(sort, False))

    assert {sort: order(sort) for sort in SORTS} == {
        **{"component": [3, 2, 5], "version": [5, 3, 2], "state": [5, 3, 2], "started": [2, 3, 5]},
        **{"duration": [5, 2, 3], "owner": [2, 3, 5]},
    }
    assert store.numbers(Filter(since=500), Order()) == [3, 2]
    change = store.change(5)
    assert change is not None
    assert (change["identifier"], change["tags"]) == ("i", {"x": "y"})
    store.close()
    assert sqlite3.connect(file).execute("PRAGMA user_version").fetchone() == (FORMAT,)


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(since=MANY - HOUR),
        Filter(since=1),
        Filter(since=MANY // 2, until=MANY // 2 + HOUR),
        Filter(until=MANY // 2),
        Filter(state="success", since=1),
        Filter(component="c7"),
        Filter(owner="o3"),
    ],
    ids=str,
)
@pytest.mark.parametrize("sort", SORTS)
def test_a_sorted_page_of_very_many_is_quick(very_many: Store, chosen: Filter, sort: str) -> None:
    """First, in the middle, and behind a cursor, with the counts, in less than 100 ms of the processor."""
    total = very_many.count(chosen)
    for order in (Order(sort), Order(sort, False)):
        for offset, after in ((0, None), (total // 4, None), (0, Cursor(MANY // 2, MANY // 2))):
            part = partial(very_many.changes, 50, offset, chosen, after, order)
            assert_quick(partial(very_many.states, chosen), part)
            assert part() or after


def test_the_pages_of_very_many_are_quick(very_many: Store) -> None:
    """As they are sent to a browser, the first and the last, sorted and not, in the time that a person waits for."""
    with sandbox(store=very_many) as running:

        def show(query: str) -> None:
            assert ask(running.address, path=f"/?{query}").status == 200

        for query in (
            "range=all",
            "range=all&sort=version&page=2000",
            "range=all&page=1000",
            "component=c7",
            "until=9000",
        ):
            assert_quick(partial(show, query), most_s=2 * MOST_S)


@pytest.fixture(scope="module")
def very_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Deployments with versions and ends, that came in in another order than they started."""
    with contextlib.closing(filled(tmp_path_factory, deployments)) as store:
        yield store
