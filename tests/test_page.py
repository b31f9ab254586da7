"""The Changes page as its server makes it: what it lists, how it filters, and that nothing sent to it runs."""

from __future__ import annotations

import html
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest

from bigpanda_provider.bigpanda.client import BigPandaClient
from bigpanda_provider.bigpanda.deployments import Deployments
from bigpanda_provider.bigpanda.events import EndEvent, StartEvent, read
from bigpanda_provider.sandbox import feed
from bigpanda_provider.sandbox.bodies import StartBody
from bigpanda_provider.sandbox.html import ago
from bigpanda_provider.sandbox.listing import Filter
from bigpanda_provider.sandbox.store import Store
from bigpanda_provider.settings import Token
from bigpanda_provider.state import Status

from .http_client import ask
from .servers import Sandbox
from .test_sandbox_changes import take

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


ALL = "/?range=all"
"""The list, with what happened long ago."""


def page(bigpanda: Sandbox, path: str = ALL) -> str:
    """A page's text."""
    with urllib.request.urlopen(bigpanda.address + path, timeout=10) as answer:
        return str(answer.read().decode())


def deploy(bigpanda: Sandbox, status: Status | None = Status.SUCCESS, reason: str | None = None, **values: Any) -> None:
    """Send a start and, unless there is no status, its end."""
    client = BigPandaClient(bigpanda.address, Token("any"))
    start = read(StartEvent, {"component": "shop", "version": "1", "hosts": ["web-1"], **values})
    client.send(Deployments().start("1", start))
    if status is not None:
        client.send(Deployments().end("1", start, EndEvent.of(start, status, reason)))
    client.close()


def post(bigpanda: Sandbox, kind: str, body: dict[str, Any]) -> None:
    """Send an event as another client may: this package's own would clean its text."""
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    address = f"{bigpanda.address}/data/events/deployments/{kind}"
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def rows(text: str) -> list[str]:
    """The markup of each deployment or change in a list."""
    return re.findall(r'<tbody class="change .*?</tbody>', text, re.S)


def cell(row: str, column: str) -> str:
    """What a column of a row reads."""
    (found,) = re.findall(rf'<td role="cell" class="c-{column}"[^>]*>(.*?)</td>', row, re.S)
    return html.unescape(re.sub("<[^>]*>", "", found))


def listed(text: str) -> list[str]:
    """The components in the list, as they read; the summary of a change that has none."""
    return [cell(row, "component") for row in rows(text)]


def test_an_empty_page_says_what_to_do(bigpanda: Sandbox) -> None:
    """How to send it something, at the address that it was asked by."""
    assert "No deployment yet" in page(bigpanda)
    assert f"export BIGPANDA_BASE_URL={bigpanda.address}\n" in page(bigpanda)


def test_each_name_in_the_list_leads_to_what_has_it(bigpanda: Sandbox) -> None:
    """Component, host, owner and state, whole; the other filters, range and order stay, and the page is the first."""
    for number in range(51):
        deploy(bigpanda, None, component="sh&op", version=str(number), hosts=["web-1", "web-10"], owner="le o")
    deploy(bigpanda, component="sh&op", hosts=["web-10"])
    (row,) = rows(page(bigpanda, "/?component=sh&sort=version&order=asc&range=7d&page=2&state=in_progress"))
    links = dict(re.findall(r'id="d\d+-(\w+)" href="(.*?)"', html.unescape(row)))
    kept = "range=7d&sort=version&order=asc"
    assert links == {
        "state": f"/?component=sh&state=in_progress&{kept}",
        "component": f"/?component=%3Dsh%26op&state=in_progress&{kept}",
        "host1": f"/?component=sh&host=%3Dweb-1&state=in_progress&{kept}",
        "host2": f"/?component=sh&host=%3Dweb-10&state=in_progress&{kept}",
        "owner": f"/?component=sh&owner=%3Dle+o&state=in_progress&{kept}",
    }
    assert {name: len(listed(page(bigpanda, link))) for name, link in links.items()} == dict.fromkeys(links, 50)
    assert len(listed(page(bigpanda, "/?host=%3Dweb-10&page=2"))) == 2


def test_filters_in_use_can_be_taken_back_one_by_one(bigpanda: Sandbox) -> None:
    """Each is told, with whether it is a whole name, and the way to the list without it."""
    deploy(bigpanda, hosts=["web-1"])
    text = page(bigpanda, "/?component=%3Dshop&host=we&state=success&range=all")
    (wanted,) = re.findall('<ul class="wanted".*?</ul>', text, re.S)
    links = [
        (html.unescape(address), re.sub("<[^>]*>", "", words))
        for address, words in re.findall(r'<a href="(.*?)".*?>(.*?)</a>', wanted)
    ]
    assert links == [
        ("/?host=we&state=success&range=all", "component is shop (remove)"),
        ("/?component=%3Dshop&state=success&range=all", "host has we (remove)"),
        ("/?component=%3Dshop&host=we&range=all", "state is success (remove)"),
        ("/?range=all", "clear all"),
    ]


def test_a_column_that_is_empty_on_the_whole_page_is_not_there(bigpanda: Sandbox) -> None:
    """Owner and source, unless the list is sorted by it."""
    deploy(bigpanda)
    assert "Owner</a>" not in page(bigpanda)
    assert "Source</th>" not in page(bigpanda)
    assert "Owner</a>" in page(bigpanda, "/?sort=owner")
    deploy(bigpanda, component="billing", owner="leo", source="pulumi")
    assert [cell(row, "owner") for row in rows(page(bigpanda))] == ["leo", ""]
    assert [cell(row, "source") for row in rows(page(bigpanda))] == ["pulumi", ""]


def test_what_has_no_name_has_a_link_all_the_same(bigpanda: Sandbox) -> None:
    """A blank component or host, a version that is missing or blank, and a change without a component."""
    post(bigpanda, "start", {"component": " ", "version": "", "hosts": [" "]})
    take(bigpanda, identifier="1", summary="Restart", start=int(time.time()) - 60)
    take(bigpanda, identifier="2", summary="Deploy", start=int(time.time()) - 90, tags={"component": "shop"})
    found = [
        [cell(row, "component"), *re.findall(r'<a class="open"[^>]*>(.*?)</a>', row)] for row in rows(page(bigpanda))
    ]
    opened = [[re.sub("<[^>]*>", "", text) for text in texts] for texts in found]
    assert opened == [["(no name)", "  details"], ["Restart", "Restart"], ["shop", "shop details"]]
    assert listed(page(bigpanda, "/?component=%3D+")) == ["(no name)"]


def test_a_name_that_is_too_long_for_an_address_is_no_link(bigpanda: Sandbox) -> None:
    """And a place that is too long to lead back to is left out: every link on the page works."""
    deploy(bigpanda, component="ü" * 1000, hosts=["h" * 999], owner="😀" * 999)
    for path in ("/", f"/?host=h&owner={quote('😀' * 998)}", f"/at?host={'h' * 999}", "/deployments/1"):
        links = {html.unescape(link) for link in re.findall(r'href="(/?[^"#]+)"', page(bigpanda, path))}
        assert len(links) > 4
        assert {
            link: status
            for link in links
            if (status := ask(bigpanda.address, path="/" + link.lstrip("/")).status) != 200
        } == {}


@pytest.mark.parametrize(
    ("before", "words"),
    [(0, "0 s ago"), (59, "59 s ago"), (3599, "59 min ago"), (90_000, "1 d ago"), (-7200, "in 2 h")],
)
def test_a_start_is_told_by_how_long_ago_it_was(before: int, words: str) -> None:
    """In its largest unit; what is planned, by how long it takes until then."""
    assert ago(1_700_000_000 - before, 1_700_000_000) == words


def test_the_exact_time_is_beside_it(bigpanda: Sandbox) -> None:
    """For who points at it, and for programs."""
    deploy(bigpanda, timestamp=1_700_000_000)
    (started,) = re.findall(r"<time [^>]*data-time[^>]*>", page(bigpanda))
    assert 'datetime="2023-11-14T22:13:20Z" title="2023-11-14 22:13:20 UTC" data-time="1700000000"' in started


def test_the_list_has_the_newest_first_with_all_there_is_to_know(bigpanda: Sandbox) -> None:
    """State, reason, owner, source, description, start, end and duration."""
    now = int(time.time())
    deploy(bigpanda, component="billing", owner="john", source="pulumi", description="New prices", timestamp=now - 3725)
    deploy(bigpanda, Status.FAILURE, "web-1: disk full", component="shop")
    deploy(bigpanda, None, component="pay")
    text = page(bigpanda)
    assert listed(text) == ["pay", "shop", "billing"]
    for part in ("in progress", "web-1: disk full", "john", "pulumi", "New prices", "1 h 2 min", "3 changes"):
        assert part in text


def test_filters_live_in_the_address(bigpanda: Sandbox) -> None:
    """By a part of component or host in any case, and by state; what stands in a pattern counts as it is."""
    deploy(bigpanda, component="billing", hosts=["api-1", "api_2"])
    deploy(bigpanda, Status.FAILURE, component="shop", hosts=["web-1"])
    deploy(bigpanda, None, component="shop-front", hosts=["web-2"])
    assert listed(page(bigpanda, "/?component=SHOP")) == ["shop-front", "shop"]
    assert listed(page(bigpanda, "/?host=web-1")) == ["shop"]
    assert listed(page(bigpanda, "/?host=api_")) == ["billing"]
    assert listed(page(bigpanda, "/?component=%25")) == []
    assert listed(page(bigpanda, "/?state=failure")) == ["shop"]
    assert listed(page(bigpanda, "/?component=shop&state=in_progress&host=web")) == ["shop-front"]
    assert 'value="SHOP"' in page(bigpanda, "/?component=SHOP")
    assert "No change fits" in page(bigpanda, "/?component=nothing")


def test_a_whole_name_can_be_looked_for(bigpanda: Sandbox) -> None:
    """After `=`, in any case, on the page and by the API; what stands in a pattern counts as it is."""
    deploy(bigpanda, component="shop", hosts=["web-1", "db_1"], owner="leo")
    deploy(bigpanda, component="shop-front", hosts=["web-10"], owner="leonie")
    take(bigpanda, summary="Shop", start=int(time.time()))
    for query, expected in (
        *(("component=%3DSHOP", ["Shop", "shop"]), ("host=%3DWEB-1", ["shop"]), ("owner=%3Dleo", ["shop"])),
        *(("host=%3Ddb_1", ["shop"]), ("host=%3Ddb-1", []), ("component=%3D%25", []), ("owner=%3D", [])),
    ):
        assert listed(page(bigpanda, f"/?{query}")) == expected
        assert ask(bigpanda.address, path=f"/changes?{query}").json()["total"] == len(expected)


@pytest.mark.parametrize("host", ['say "web"', "back\\slash", "Zürich-1", "a%b_c!d", ", ", "=", " a", "[a]", '"'])
def test_a_host_is_found_by_its_whole_name(host: str) -> None:
    """Whatever its characters are; a part of it is not enough, nor what the list puts between two."""
    store = Store(":memory:")
    for hosts in (["first", host, "last"], ["a", "b"], [f"{host}x", f"x{host}"]):
        sent = {"component": "shop", "version": "1", "hosts": hosts}
        store.start(StartBody.model_validate(sent), sent)
    assert [change["id"] for change in store.changes(9, chosen=Filter(host=f"={host}"))] == [1]


@pytest.mark.parametrize("host", ['say "web"', "back\\slash", "Zürich-1", "a%b_c!d"])
def test_a_host_is_found_by_any_part_of_its_name(host: str) -> None:
    """Whatever its characters are; no part is found over the end of one and the beginning of the next."""
    store = Store(":memory:")
    sent = {"component": "shop", "version": "1", "hosts": ["first", host, "last"]}
    store.start(StartBody.model_validate(sent), sent)
    parts = {host[begin:end] for begin in range(len(host)) for end in range(begin + 1, len(host) + 1)}
    assert {part for part in parts if store.count(Filter(host=part)) != 1} == set()
    assert {part for part in ("[", "]", "], [", ", ", '", "', "\\u00") if store.count(Filter(host=part))} <= parts
    assert store.count(Filter(host='first", "')) == store.count(Filter(host=host + "last")) == 0


def test_a_deployments_page_has_its_raw_events(bigpanda: Sandbox) -> None:
    """As they came in."""
    deploy(bigpanda, Status.FAILURE, "disk full", component="shop")
    text = html.unescape(page(bigpanda, "/deployments/1"))
    assert '"component": "shop"' in text
    assert '"errorMessage": "disk full"' in text
    with pytest.raises(urllib.error.HTTPError, match="404"):
        page(bigpanda, "/deployments/2")


def test_ends_that_matched_nothing_are_shown_as_such(bigpanda: Sandbox) -> None:
    """The list tells how many there are, and a page which."""
    client = BigPandaClient(bigpanda.address, Token("any"))
    ghost = StartEvent(component="ghost", version="1", hosts=("a",))
    client.send(Deployments().end("1", ghost, EndEvent.of(ghost, Status.SUCCESS)))
    client.close()
    assert "1 end matched no deployment" in page(bigpanda)
    assert "<bdi>ghost</bdi> <bdi>1</bdi>" in page(bigpanda, "/unmatched")


def test_whatever_is_sent_is_text(bigpanda: Sandbox) -> None:
    """On every page, and no page may run a script that is not ours."""
    deploy(bigpanda, Status.FAILURE, HOSTILE, component=HOSTILE, version=HOSTILE, hosts=[HOSTILE], description=HOSTILE)
    for path in ("/", "/deployments/1", "/?component=%22%3E%3Cscript%3E&host=%3Cscript%3E"):
        text = page(bigpanda, path)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert '"><script>' not in text
    with urllib.request.urlopen(bigpanda.address, timeout=10) as answer:
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_names_from_outside_are_isolated(bigpanda: Sandbox) -> None:
    """One that is written from right to left, or turns the direction, moves nothing that stands beside it."""
    names = ["component", "version", "owner", "source", "description"]
    given = {name: f"\u202e{name}\u05d0" for name in names}
    start = {"hosts": ["\u202ehost-1", "\u202ehost-2"], **given}
    end = {name: start[name] for name in ("component", "version", "hosts")}
    post(bigpanda, "start", start)
    post(bigpanda, "end", {**end, "status": "failure", "errorMessage": "\u202ereason"})
    for path in ("/", "/deployments/1"):
        text = page(bigpanda, path)
        shown = re.sub(r"<title>.*?</title>|<datalist.*?</datalist>", "", text)
        isolated = "".join(re.findall(r"<bdi[^>]*>.*?</bdi>", shown, re.S))
        assert isolated.count("\u202e") == shown.count("\u202e") >= 8
        titles = re.findall(r"<title>(.*?)</title>", text)
        assert all("\u202e" not in title for title in titles)
        assert "\u2068component\u05d0\u2069 \u2068version\u05d0\u2069" in titles[-1]
    assert '"component": "\\u202ecomponent\u05d0"' in html.unescape(page(bigpanda, "/deployments/1"))


def test_the_page_needs_nothing_from_elsewhere(bigpanda: Sandbox) -> None:
    """Every address on it is its own, and is there."""
    deploy(bigpanda)
    found = set(re.findall(r'(?:src|href)="([^"]+)"', page(bigpanda)))
    assert all(address.startswith(("/", "#", "?")) for address in found)
    for asset in [address for address in found if address.startswith("/static/")]:
        assert page(bigpanda, asset)


def test_the_stream_tells_of_changes(bigpanda: Sandbox) -> None:
    """One message at once, for what was missed, and one when an event comes in."""
    connection = http.client.HTTPConnection(bigpanda.address.removeprefix("http://"), timeout=10)
    connection.request("GET", "/stream")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    first = _message(answer)
    deploy(bigpanda, None)
    assert _message(answer) != first
    answer.close()
    connection.close()


def test_the_stream_tells_that_it_is_alive(bigpanda: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nothing happens, in a message that scripts get: so a page finds out that its connection is gone."""
    monkeypatch.setattr(feed, "KEEP_ALIVE_S", 0.1)
    with urllib.request.urlopen(f"{bigpanda.address}/stream", timeout=10) as answer:
        lines = [answer.readline() for _ in range(8)]
    assert lines == [b"data: 0\n", b"\n", *[b"event: alive\n", b"data: 0\n", b"\n"] * 2]


def _message(answer: http.client.HTTPResponse) -> bytes:
    """The next message of a stream."""
    while not (line := answer.readline()).startswith(b"data: "):
        assert line
    return line


def test_many_deployments_are_paged_and_quick() -> None:
    """Of 10,000 a page has 50; a look at the last one reads no more."""
    store = Store(":memory:")
    for number in range(10_000):
        body = {
            "component": f"c{number % 7}",
            "version": str(number),
            "hosts": [f"h{number % 90}"],
            "timestamp": number,
        }
        store.start(StartBody.model_validate(body), body)
    assert store.count(Filter()) == 10_000
    assert [change["version"] for change in store.changes(2, 9_998)] == ["1", "0"]
    assert store.count(Filter(component="c3", host="h3")) == len(
        [n for n in range(10_000) if n % 7 == 3 and str(n % 90).startswith("3")]
    )
    store.close()


def test_pages_lead_to_each_other(bigpanda: Sandbox) -> None:
    """Older and newer keep the filter; a page that is past the end is the last one."""
    for number in range(51):
        deploy(bigpanda, None, version=str(number))
    first = page(bigpanda, "/?component=shop")
    assert len(listed(first)) == 50
    assert 'href="?component=shop&amp;page=2"' in first
    assert len(listed(page(bigpanda, "/?component=shop&page=2"))) == 1
    assert len(listed(page(bigpanda, "/?page=99"))) == 1
