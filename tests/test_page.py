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

import pytest

from bigpanda_provider.bigpanda.client import BigPandaClient
from bigpanda_provider.bigpanda.deployments import Deployments
from bigpanda_provider.bigpanda.events import EndEvent, StartEvent, read
from bigpanda_provider.sandbox import feed
from bigpanda_provider.sandbox.bodies import StartBody
from bigpanda_provider.sandbox.listing import Filter
from bigpanda_provider.sandbox.store import Store
from bigpanda_provider.settings import Token
from bigpanda_provider.state import Status

from .servers import Sandbox

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


def listed(text: str) -> list[str]:
    """The components in the list, as they read."""
    return [html.unescape(name) for name in re.findall(r'<a id="d\d+" href="/deployments/\d+[^"]*">(.*?)</a>', text)]


def test_an_empty_page_says_what_to_do(bigpanda: Sandbox) -> None:
    """How to send it something."""
    assert "No deployment yet" in page(bigpanda)
    assert "BIGPANDA_BASE_URL" in page(bigpanda)


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
