"""Changes of the Changes API on the page: beside deployments, with their tags and tickets, and never more than text."""

from __future__ import annotations

import contextlib
import html
import re
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bigpanda_provider.sandbox.bodies import ChangeBody, EndBody, StartBody
from bigpanda_provider.sandbox.changes import Query
from bigpanda_provider.sandbox.html import is_web_address
from bigpanda_provider.sandbox.listing import Filter
from bigpanda_provider.sandbox.store import Store

from .servers import Sandbox
from .test_page import ALL, HOSTILE, deploy, listed, page, rows
from .test_sandbox import END, START
from .test_sandbox_changes import WHOLE, take
from .very_many import MANY, assert_quick, changes, filled


def row(text: str, number: int) -> str:
    """The row of one deployment or change, without its markup."""
    (found,) = [one for one in rows(text) if f'id="d{number}"' in one]
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", found)).split())


def test_both_kinds_are_listed_together(bigpanda: Sandbox) -> None:
    """The latest start first. A change shows its component and version, or its summary if it has no component."""
    deploy(bigpanda, component="billing", timestamp=100)
    take(bigpanda, start=200, summary="Restart the database")
    take(bigpanda, **{**WHOLE, "identifier": "c-2", "start": 300, "end": 425})
    text = page(bigpanda)
    assert listed(text) == ["shop", "Restart the database", "billing"]
    assert "3 changes, latest start first" in text
    shown = row(text, 3)
    for part in ("success shop shop 2 web-1 , web-2", "2 min 5 s why Deploy shop team: a", "ticket"):
        assert part in shown
    assert 'href="https://ci.example/jobs/1" rel="noopener noreferrer"' in text


def test_a_changes_page_has_its_tags_ticket_and_posts(bigpanda: Sandbox) -> None:
    """All posts, as they came in."""
    take(bigpanda)
    take(bigpanda, **WHOLE)
    text = page(bigpanda, "/deployments/1")
    assert re.findall(r'<dt><bdi>(.*?)</bdi></dt><dd class="text"><bdi>(.*?)</bdi>', text) == [*WHOLE["tags"].items()]
    assert '<a href="https://ci.example/jobs/1" rel="noopener noreferrer">' in text
    assert "<dd><bdi>c-1</bdi></dd>" in text
    events = re.findall(
        r'<summary id="[^"]*">(\w+),.*?</summary>\s*<pre tabindex="0">(.*?)</pre>', html.unescape(text), re.S
    )
    assert [(kind, '"identifier": "c-1"' in body) for kind, body in events] == [("change", True)] * 2


@pytest.mark.parametrize(
    ("status", "words"), [("Canceled", "canceled"), ("Planned", "planned"), ("Done", "success"), ("In Progress", "")]
)
def test_each_state_has_its_own_look(bigpanda: Sandbox, status: str, words: str) -> None:
    """Canceled and planned are no failure; only what is in progress has a running duration."""
    take(bigpanda, status=status)
    for path in (ALL, "/deployments/1"):
        text = page(bigpanda, path)
        icon = f'<use href="#icon-{words or "in_progress"}"/>'
        assert re.search(rf'<span class="state \w+">.*{icon}.*>{words or "in progress"}</span>', text)
        assert ("data-since" in text) == (not words)
        assert "failure" not in text.partition("</form>")[2].partition('<svg class="icons"')[0]
    shapes = re.findall(r'<symbol id="icon-(\w+)" viewBox="0 0 16 16">(.*?)</symbol>', text)
    assert {name for name, _ in shapes} == set(STATES)
    assert len({shape for _, shape in shapes}) == len(STATES)


STATES = ["in_progress", "success", "failure", "canceled", "planned"]


def test_whatever_is_in_a_change_is_text(bigpanda: Sandbox) -> None:
    """Summary, identifier, tags and ticket, in the list and on the change's page."""
    tags = {HOSTILE: HOSTILE, "hosts": HOSTILE, "reason": HOSTILE}
    take(bigpanda, identifier=HOSTILE, summary=HOSTILE, ticket_url=HOSTILE, tags=tags, metadata={HOSTILE: HOSTILE})
    take(bigpanda, identifier="2", summary=HOSTILE, tags={**tags, "component": HOSTILE, "version": HOSTILE})
    for path in (ALL, "/deployments/1", "/deployments/2"):
        text = page(bigpanda, path)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert '"><script>' not in text


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://a.example",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "https://a.example\njavascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//a.example",
        "/unmatched",
        'https://a.example/" onclick="alert(1)',
        "https:a.example",
        "",
    ],
)
def test_a_ticket_that_is_no_web_address_is_no_link(bigpanda: Sandbox, address: str) -> None:
    """It is shown as text on the change's page."""
    take(bigpanda, ticket_url=address)
    links = re.findall(r'href="([^"]*)"', page(bigpanda) + page(bigpanda, "/deployments/1"))
    ours = {link for link in links if not link.startswith(("?", "/?", "/changes.", "#icon-", "/static/"))}
    assert ours == {"#main", "/", "/at", "/deployments/1?back=range%3Dall"}
    assert address in html.unescape(page(bigpanda, "/deployments/1"))


@pytest.mark.parametrize("address", ["http://ci/1", "HTTPS://ci.example/job?a=b&c=d#e", "https://[::1]:80/ä"])
def test_a_ticket_that_is_a_web_address_is_a_link(bigpanda: Sandbox, address: str) -> None:
    """In any case, with a query and a fragment."""
    assert is_web_address(address)
    take(bigpanda, ticket_url=address)
    for path in (ALL, "/deployments/1"):
        assert address in [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page(bigpanda, path))]


def test_text_of_a_change_is_isolated(bigpanda: Sandbox) -> None:
    """What turns the direction of text moves nothing that stands beside it."""
    turned = "\u202ea\u05d0"
    tags = dict.fromkeys(("component", "version", "hosts", "owner", "source", "reason", turned), turned)
    take(bigpanda, identifier=turned, summary=turned, ticket_url=turned, tags=tags)
    for path in (ALL, "/deployments/1"):
        shown = re.sub(r"<title>.*?</title>|<datalist.*?</datalist>", "", page(bigpanda, path))
        isolated = "".join(re.findall(r"<bdi[^>]*>.*?</bdi>", shown, re.S))
        assert isolated.count("\u202e") == shown.count("\u202e") > 8


FORMER = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('start', 'end')),
    received REAL NOT NULL,
    body TEXT NOT NULL,
    deployment INTEGER REFERENCES deployment (id)
);
CREATE TABLE deployment (
    id INTEGER PRIMARY KEY,
    component TEXT NOT NULL,
    version TEXT NOT NULL,
    hosts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('in_progress', 'success', 'failure')),
    started INTEGER NOT NULL,
    ended INTEGER,
    description TEXT,
    owner TEXT,
    source TEXT,
    reason TEXT
);
CREATE INDEX open_deployment ON deployment (component, version, hosts) WHERE state = 'in_progress';
CREATE INDEX unmatched ON event (id) WHERE kind = 'end' AND deployment IS NULL;
CREATE INDEX deployment_by_state ON deployment (state);
INSERT INTO deployment VALUES (3, 'shop', '1', '["a"]', 'failure', 100, 160, 'New', 'john', 'pulumi', 'why');
INSERT INTO deployment VALUES (7, 'billing', '1.2.3', '["a", "b"]', 'in_progress', 1700000000, NULL, NULL, NULL, NULL,
    NULL);
INSERT INTO event VALUES (1, 'start', 100.5, '{"component": "shop"}', 3);
INSERT INTO event VALUES (2, 'end', 160.5, '{"component": "shop"}', 3);
INSERT INTO event VALUES (4, 'end', 170.5, '{"component": "ghost"}', NULL);
INSERT INTO event VALUES (5, 'start', 180.5, '{"component": "billing"}', 7);
"""
"""A data file as versions before the Changes API made it."""


def former(file: Path) -> str:
    """Make such a file."""
    db = sqlite3.connect(file)
    db.executescript(FORMER)
    db.close()
    return str(file)


def test_a_data_file_of_a_former_version_is_upgraded(tmp_path: Path) -> None:
    """Deployments and events keep their numbers and links; what is in progress can end, and changes can be posted."""
    file = former(tmp_path / "changes.db")
    store = Store(file)
    shop = store.change(3)
    assert shop is not None
    assert {name: shop[name] for name in ("api", "state", "started", "ended", "reason", "hosts", "tags")} == {
        **{"api": "deployments", "state": "failure", "started": 100, "ended": 160, "reason": "why"},
        **{"hosts": ["a"], "tags": None},
    }
    assert [(event["id"], event["deployment"]) for event in store.events(10)] == [(1, 3), (2, 3), (4, None), (5, 7)]
    assert store.count_unmatched() == 1
    store.end(EndBody(**END), END)
    store.post(ChangeBody(**WHOLE), WHOLE)
    store.start(StartBody(**START), START)
    store.close()
    again = Store(file)
    assert [(change["id"], change["state"]) for change in again.changes(10)] == [
        (9, "in_progress"),
        (8, "success"),
        (7, "success"),
        (3, "failure"),
    ]
    assert again.count_events() == 7
    again.close()
    assert {
        name for (name,) in sqlite3.connect(file).execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    } == {
        "event",
        "deployment",
    }


def test_a_data_file_that_cannot_be_upgraded_is_left_as_it_was(tmp_path: Path) -> None:
    """All of it or nothing: what fails on the way is undone."""
    file = former(tmp_path / "changes.db")
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("CREATE TABLE former_event (id)")  # in the way of the upgrade
    with pytest.raises(sqlite3.OperationalError):
        Store(file)
    assert db.execute("SELECT count(*) FROM deployment").fetchone() == (2,)
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'open_deployment'").fetchone() == (1,)
    db.close()


def test_a_data_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """And nothing of it is changed."""
    file = str(tmp_path / "changes.db")
    Store(file).close()
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(sqlite3.DatabaseError, match="a newer version of the sandbox wrote it"):
        Store(file)


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(component="c7"),
        Filter(component="restart s7"),
        Filter(host="host-12"),
        Filter(state="canceled"),
    ],
    ids=str,
)
def test_a_page_of_very_many_changes_is_quick(very_many: Store, chosen: Filter) -> None:
    """With many long tags in each: the first page, the last one, and the count in less than 100 ms of the processor."""
    total = very_many.count(chosen)
    for offset in (0, max(total - 50, 0)):
        part = partial(very_many.changes, 50, offset, chosen)
        assert_quick(partial(very_many.count, chosen), part)
        assert part()


@pytest.mark.parametrize("search", ["", "c-99"])
def test_records_of_very_many_changes_are_quick(very_many: Store, search: str) -> None:
    """With and without a text to look for."""
    assert_quick(partial(very_many.records, Query(0, MANY, search, 200)))


@pytest.fixture(scope="module")
def very_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Changes with and without a component, whose tags are long."""
    with contextlib.closing(filled(tmp_path_factory, changes)) as store:
        yield store
