"""The view of an alert: what was in progress at a time, on a host, and what had just ended."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import pytest

from bigpanda_provider.sandbox.alert import Alert
from bigpanda_provider.sandbox.bodies import ChangeBody, EndBody, StartBody
from bigpanda_provider.sandbox.html import at
from bigpanda_provider.sandbox.store import Store
from bigpanda_provider.sandbox.times import parse_time

from .http_client import ask
from .servers import Sandbox, sandbox
from .test_page import HOSTILE, cell, deploy, page, rows
from .test_sandbox_changes import NEEDED

T = 1_700_000_000


def store_at() -> Store:
    """What was there at T: each is called by what it is."""
    clock = [0]
    store = Store(":memory:", lambda: clock[0])

    def deploy(component: str, started: int, ended: int | None, *hosts: str, status: str = "success") -> None:
        sent: dict[str, Any] = {"component": component, "version": "1", "hosts": list(hosts)}
        start = {**sent, "timestamp": T + started}
        store.start(StartBody.model_validate(start), start)
        if ended is not None:
            clock[0] = T + ended
            end = {**sent, "status": status}
            store.end(EndBody.model_validate(end), end)

    deploy("over", -9000, -1801, "web-1")
    deploy("just-ended", -300, -125, "web-1", status="failure")
    deploy("ended-then", -60, 0, "web-2")
    deploy("short", -65, 180, "web-1", "web-2")
    deploy("open", -7200, None, "WEB-1")
    deploy("elsewhere", -10, 10, "web-10")
    deploy("later", 1, 5, "web-1")
    for status in ("Planned", "Canceled"):
        change = {"identifier": status, "status": status, "summary": status, "start": T - 100, "end": T + 100}
        sent = {**NEEDED, **change, "tags": {"hosts": "web-1"}}
        store.post(ChangeBody(**sent), sent)
    return store


def told(text: str) -> dict[str, str]:
    """The components on the page, with what it says of each."""
    return {cell(row, "component"): cell(row, "then") for row in rows(text)}


def test_an_alert_is_told_what_was_in_progress_and_what_had_ended() -> None:
    """In that order, the newest first, each with how long before and after."""
    with sandbox(store=store_at()) as running:
        text = page(running, f"/at?time={T}")
        assert list(told(text).items()) == [
            ("elsewhere", "started 10 s before, succeeded 10 s after"),
            ("short", "started 1 min 5 s before, succeeded 3 min after"),
            ("Canceled", "started 1 min 40 s before, was canceled 1 min 40 s after"),
            ("open", "started 2 h before, still in progress"),
            ("Planned", "planned to start 1 min 40 s before, to end 1 min 40 s after"),
            ("ended-then", "succeeded 0 s before, after 1 min"),
            ("just-ended", "failed 2 min 5 s before, after 2 min 55 s"),
        ]
        assert "4 in progress, 1 planned, 2 ended in the 30 min before." in text
        assert list(told(page(running, f"/at?time={T}&window=31")))[-1] == "over"


def test_an_alert_names_its_hosts() -> None:
    """By their whole names, in any case; several count together."""
    with sandbox(store=store_at()) as running:
        names = list(told(page(running, f"/at?time={T}&host=Web-1")))
        assert names == ["short", "Canceled", "open", "Planned", "just-ended"]
        text = page(running, f"/at?time={T}&host=web-2&host=&host=web-10")
        assert list(told(text)) == ["elsewhere", "short", "ended-then"]
        assert 'name="host" value="web-10"' in text
        assert "on <bdi>web-2</bdi>, <bdi>web-10</bdi>" in text
        assert "0 in progress, 0 ended" in page(running, f"/at?time={T}&host=web")


@pytest.mark.parametrize(
    "text",
    [
        "1700000000",
        "1700000000.9",
        " 1700000000 ",
        "2023-11-14T22:13:20Z",
        "2023-11-14T22:13:20",
        "2023-11-14 22:13:20.123456789Z",
        "2023-11-14t23:13:20+01:00",
        "2023-11-14T23:13:20 01:00",  # what `+` in an address is
        "2023-11-14T17:43:20-0430",
        "2023-11-15T00:13:20+02",
    ],
)
def test_times_are_seconds_or_iso_8601(text: str) -> None:
    """Without an offset it is UTC; parts of a second are left out."""
    assert parse_time(text) == T


def test_a_time_can_be_a_day_or_a_minute() -> None:
    """From its beginning."""
    assert parse_time("1970-01-02") == 86_400
    assert parse_time("1970-01-01T00:05Z") == 300


@pytest.mark.parametrize(
    "text",
    [
        *(
            "yesterday",
            "-5",
            "1700000000000",
            "1e9",
            "2023-13-01",
            "2023-02-29T00:00",
            "2023-11-14T25:00",
            "0001-01-01",
        ),
        *("1969-12-31T23:59:59Z", "2023-11-14T22:13:20+99:00", "٣", "9" * 99, HOSTILE, "\u202e1"),
    ],
)
def test_a_wrong_time_is_told_in_one_sentence(bigpanda: Sandbox, text: str) -> None:
    """As JSON or as a page, on which it is text."""
    with pytest.raises(ValueError, match="is not a time; write Unix seconds"):
        parse_time(text)
    query = "".join(f"%{byte:02x}" for byte in text.encode())
    answer = ask(bigpanda.address, path=f"/at?time={query}")
    sentence = f'time: "{text}" is not a time; write Unix seconds (1700000000) or ISO 8601 (2023-11-14T22:13:20Z)'
    assert (answer.status, answer.json()) == (400, {"errors": [sentence]})
    shown = ask(bigpanda.address, path=f"/at?time={query}", headers=[("Accept", "text/html")])
    assert "<script>alert" not in shown.body.decode()


def test_without_a_time_it_is_now(bigpanda: Sandbox) -> None:
    """And a window that is no number of minutes is refused."""
    assert f"<title>At {time.strftime('%Y-%m-%d', time.gmtime())}" in page(bigpanda, "/at")
    assert ask(bigpanda.address, path="/at?window=-1").status == 422


def test_what_is_asked_is_text(bigpanda: Sandbox) -> None:
    """A hostile host is in the form, and nothing else."""
    text = page(bigpanda, "/at?host=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE")
    assert "<script>alert" not in text
    assert '"><script>' not in text
    assert re.findall(r"\u202e", re.sub(r"<bdi>.*?</bdi>|<input[^>]*>", "", text)) == []


@pytest.mark.parametrize("path", ["/", "/at", "/deployments/1", "/changes.json", "/changes.csv"])
def test_no_script_of_others_runs_anywhere(bigpanda: Sandbox, path: str) -> None:
    """Each page and file is sent with the strict policy."""
    deploy(bigpanda)
    policy = ask(bigpanda.address, path=path).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
    assert "unsafe" not in policy


def test_an_end_that_nobody_knows_is_told() -> None:
    """A change can be done without an end."""
    change = {"started": T - 60, "ended": None, "state": "success"}
    assert at(change, T) == "started 1 min before, succeeded; when is not known"


def test_a_deployment_leads_back_to_the_alert(bigpanda: Sandbox) -> None:
    """From the alert's view to a deployment, to another one, and back: the same time, hosts and window."""
    for version in ("1", "2"):
        deploy(bigpanda, version=version, hosts=["web-1"], timestamp=int(time.time()) - 60)
    asked = f"/at?time={int(time.time())}&host=web-1&host=a%26b&window=90"
    (first, *_) = re.findall(r'<a class="open"[^>]*href="(.*?)"', page(bigpanda, asked))
    shown = page(bigpanda, html.unescape(first))
    way = f'<p class="back"><a href="{html.escape(asked)}">Back to {time.strftime("%Y-%m-%d", time.gmtime())}'
    assert way in shown
    (near, *_) = re.findall(r'<dd>\s*<a href="(/deployments/.*?)"', shown)
    assert way in page(bigpanda, html.unescape(near))


def test_without_a_time_the_way_back_has_the_time_that_was_shown(bigpanda: Sandbox) -> None:
    """Or what was seen would be gone after some minutes."""
    deploy(bigpanda, None)
    began = int(time.time())
    (address,) = re.findall(r'<a class="open"[^>]*href="(.*?)"', page(bigpanda, "/at"))
    (seconds,) = re.findall(r"back=%2Fat%3Ftime%3D(\d+)$", address)
    assert began <= int(seconds) <= time.time()


@pytest.mark.parametrize(
    ("back", "alert"),
    [
        ("/at?time=5&window=99999999", Alert(5, (), 10080)),
        ("/at?host=b&time=5&host=c", Alert(5, ("b", "c"))),
        *((wrong, None) for wrong in ("/at", "/at?time=now", "//evil.example/at?time=5", "/at/x?time=5", "at?time=5")),
    ],
)
def test_the_way_back_to_an_alert_leads_nowhere_else(back: str, alert: Alert | None) -> None:
    """What is no such view is none."""
    assert Alert.back(back) == alert
    assert alert is None or Alert.back(alert.address) == alert


def test_each_name_leads_to_what_has_it(bigpanda: Sandbox) -> None:
    """A host to the same view of it alone; component, owner and state to all that have them."""
    deploy(bigpanda, component="shop", hosts=["web-1"], owner="leo")
    text = page(bigpanda, f"/at?time={int(time.time())}&host=web-1&host=web-2&window=5")
    links = dict(re.findall(r'id="d\d+-(\w+)" href="(.*?)"', html.unescape(text)))
    assert re.fullmatch(r"/at\?time=\d+&host=web-1&window=5", links.pop("host1"))
    assert links == {
        "state": "/?state=success&range=all",
        "component": "/?component=%3Dshop&range=all",
        "owner": "/?owner=%3Dleo&range=all",
    }
