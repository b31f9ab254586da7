"""A deployment's own page: what happened, what was beside it, its events to send again, and the way back."""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bigpanda_provider.sandbox.bodies import EndBody, StartBody
from bigpanda_provider.sandbox.curl import curl
from bigpanda_provider.sandbox.store import Store

from .servers import Sandbox, sandbox
from .test_page import HOSTILE, deploy, listed, page
from .test_sandbox_changes import take

T = 1_700_000_000
NASTY = "it's $HOME `id` $(id) \"\\ !! \n\u202e\u05d0 </pre><script>alert(1)</script> @file"


def text_of(markup: str) -> str:
    """What a person reads."""
    return " ".join(html.unescape(re.sub("<[^>]*>", "", markup)).split())


def story(text: str) -> str:
    """The sentence that says what happened."""
    (found,) = re.findall(r'<p class="story">(.*?)</p>', text, re.S)
    return text_of(found)


def section(text: str, title: str) -> list[str]:
    """The list under a heading."""
    found = re.search(rf"<h2[^>]*>{title}</h2>(.*?)</section>", text, re.S)
    assert found is not None
    parts = re.findall("<li>.*?</li>|<dt>.*?</dd>", found[1], re.S)
    return [text_of(part.replace("</dt>", ": ")) for part in parts]


def test_one_sentence_says_what_happened(bigpanda: Sandbox) -> None:
    """In each state, not with all hosts; the reason stands below it, in full."""
    now = int(time.time())
    hosts = [f"web-{number}" for number in range(5)]
    deploy(bigpanda, None, version="1", hosts=hosts, timestamp=now - 125)
    take(bigpanda, status="Canceled", summary="Restart", start=T, end=T + 60, tags={"reason": "<late>"})
    take(bigpanda, identifier="2", status="Planned", summary="Restart", start=T)
    take(bigpanda, identifier="3", status="Done", start=T, end=T + 3725, tags={"component": "shop", "version": "2"})
    take(bigpanda, identifier="4", status="Done", summary="Restart", start=T)
    first = story(page(bigpanda, "/deployments/1"))
    assert re.fullmatch("shop 1 on web-0, web-1, web-2 and 2 more has been in progress for 2 min .*", first)
    assert '<p class="why"><bdi>&lt;late&gt;</bdi></p>' in page(bigpanda, "/deployments/2")
    assert [story(page(bigpanda, f"/deployments/{number}")) for number in (2, 3, 4, 5)] == [
        "Restart was canceled after 1 min, at 2023-11-14 22:14:20 UTC.",
        "Restart is planned for 2023-11-14 22:13:20 UTC.",
        "shop 2 succeeded after 1 h 2 min, at 2023-11-14 23:15:25 UTC.",
        "Restart succeeded.",
    ]


def test_it_stands_between_others_of_its_component() -> None:
    """By their start, whatever came in first; the last good version is one that succeeded before."""
    clock = [0]
    store = Store(":memory:", lambda: clock[0])
    for version, started, status in (
        *(("4", 400, "success"), ("1", 100, "success"), ("3", 300, "failure"), ("2", 200, "failure")),
        *(("5", 500, None), ("0", 350, "success")),
    ):
        component = "shop" if version != "0" else "Shop"
        sent: dict[str, Any] = {"component": component, "version": version, "hosts": ["a"]}
        start = {**sent, "timestamp": T + started}
        store.start(StartBody.model_validate(start), start)
        if status:
            clock[0] = T + started + 10
            end = {**sent, "status": status}
            store.end(EndBody.model_validate(end), end)
    with sandbox(store=store) as running:
        numbers = {change["version"]: change["id"] for change in running.listed()}
        shown = section(page(running, f"/deployments/{numbers['3']}"), "The same component")
        assert [re.sub(" [0-9]+ d ago", "", one) for one in shown] == [
            *("Before: shop 2 failure", "After: shop 4 success", "Last good version before: shop 1 success")
        ]
        assert section(page(running, f"/deployments/{numbers['1']}"), "The same component")[::2] == [
            *("Before: none", "Last good version before: none")
        ]
        assert "After: none" in section(page(running, f"/deployments/{numbers['5']}"), "The same component")


def test_it_shows_what_overlapped_on_its_hosts(bigpanda: Sandbox) -> None:
    """On one host at least, and in one second at least; not itself, and nothing elsewhere or at another time."""
    take(bigpanda, identifier="it", status="Done", start=T, end=T + 60, tags={"component": "it", "hosts": "a, b"})
    for name, begin, end, hosts in (
        *(("before", -60, -1, "a"), ("into", -60, 0, "b"), ("after", 61, 70, "a"), ("within", 10, 20, "c, A")),
        *(("over", -90, 90, "b"), ("elsewhere", 10, 20, "ab")),
    ):
        tags = {"component": name, "hosts": hosts}
        take(bigpanda, identifier=name, status="Done", start=T + begin, end=T + end, tags=tags)
    take(bigpanda, identifier="open", start=T + 5, tags={"component": "open", "hosts": "a"})
    text = page(bigpanda, "/deployments/1")
    shown = section(text, "On the same hosts at the same time")
    assert [one.split()[0] for one in shown] == ["within", "open", "into", "over"]
    assert f'href="/at?time={T}&amp;host=a&amp;host=b"' in text
    (open_one,) = section(page(bigpanda, "/deployments/4"), "On the same hosts at the same time")
    assert re.fullmatch("open in progress [0-9]+ d ago", open_one)
    assert "Nothing else." in page(bigpanda, "/deployments/7")


@pytest.mark.parametrize(("hosts", "folded"), [(20, ""), (21, "and 1 more"), (300, "and 280 more")])
def test_many_hosts_are_folded(bigpanda: Sandbox, hosts: int, folded: str) -> None:
    """All are on the page."""
    deploy(bigpanda, None, hosts=[f"host-{number}" for number in range(hosts)])
    text = page(bigpanda, "/deployments/1")
    (found,) = re.findall(r'<section id="hosts".*?</section>', text, re.S)
    assert re.findall("<li><a [^>]*><bdi>(.*?)</bdi></a></li>", found) == [f"host-{number}" for number in range(hosts)]
    assert re.findall("<summary>(.*?)</summary>", found) == ([folded] if folded else [])


@pytest.mark.parametrize("kind", ["start", "end", "change"])
def test_an_event_as_curl_sends_the_same(tmp_path: Path, kind: str) -> None:
    """A shell takes nothing in it for its own, and the keys are those of its environment."""
    body = {"component": NASTY, NASTY: [NASTY, "'; touch hacked; '", "-x"], "é": 1.5, "n": None}
    command = curl({"kind": kind, "body": body})
    assert command.isascii()
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    fake.chmod(0o755)
    environment = {
        **{"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "HOME": "home", "BIGPANDA_BASE_URL": "http://here"},
        **{"BIGPANDA_API_TOKEN": "the token", "BIGPANDA_APP_KEY": "the key"},
    }
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, cwd=tmp_path, check=True)
    given = done.stdout.decode().split("\0")[:-1]
    paths = {
        "start": "/data/events/deployments/start",
        "end": "/data/events/deployments/end",
        "change": "/data/changes",
    }
    assert given[:3] == ["-X", "POST", "http://here" + paths[kind]]
    headers = [value for name, value in itertools.pairwise(given) if name == "-H"]
    keys = ["x-bp-app-key: the key"] if kind == "change" else []
    assert headers == ["Authorization: Bearer the token", *keys, "Content-Type: application/json"]
    assert given[-2] == "--data-raw"
    assert json.loads(given[-1]) == body
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curl"]


def test_events_are_folded_with_their_commands(bigpanda: Sandbox) -> None:
    """One for each event, as text."""
    take(bigpanda, summary=NASTY)
    deploy(bigpanda, component=HOSTILE)
    for number, kinds in ((1, ["change"]), (2, ["start", "end"])):
        text = page(bigpanda, f"/deployments/{number}")
        assert re.findall(r'<summary id="event-[0-9]+">(\w+), ', text) == kinds
        commands = [html.unescape(one) for one in re.findall("<code [^>]*>(.*?)</code>", text, re.S)]
        sent = [event for event in bigpanda.posts() if event["kind"] in kinds]
        assert commands == [curl(event) for event in sent]
        assert "<script>alert" not in text


def test_the_way_back_keeps_the_list_as_it_was(bigpanda: Sandbox) -> None:
    """Filter, range, order and page, from the list to a deployment, to another one, and back."""
    for number in range(51):
        deploy(bigpanda, None, component='sh"op', version=str(number))
    query = "component=sh%22op&range=7d&sort=version&page=2"
    text = page(bigpanda, f"/?{query}")
    (one,) = re.findall(r'id="d\d+" href="(/deployments/\d+.*?)"', text)
    shown = page(bigpanda, html.unescape(one))
    assert f'<a href="/?{html.escape(query)}">Back to the list</a>' in shown
    (previous, *_) = re.findall(r'href="(/deployments/\d+.*?)"', shown)
    assert f'<a href="/?{html.escape(query)}">Back to the list</a>' in page(bigpanda, html.unescape(previous))
    assert listed(page(bigpanda, f"/?{query}")) == ['sh"op']


@pytest.mark.parametrize(
    "back",
    [
        *(
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "?//evil.example",
            "\r\nX: y",
        ),
        *("state=evil&range=%0a&page=-1", '"><script>alert(1)</script>', "%", "next=//evil.example"),
    ],
)
def test_the_way_back_leads_nowhere_else(bigpanda: Sandbox, back: str) -> None:
    """What is no view of the list is left out."""
    deploy(bigpanda)
    assert '<a href="/">Back to the list</a>' in page(bigpanda, f"/deployments/1?back={quote(back, safe='')}")
