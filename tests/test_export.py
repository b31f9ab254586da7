"""The list as a file: all of what the page filters, as JSON and as CSV that no spreadsheet computes."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import time
import urllib.request
from email.message import Message
from typing import Any

import pytest

from bigpanda_provider.sandbox.export import CSV_COLUMNS, harmless

from .http_client import ask
from .servers import Sandbox
from .test_changes import get, send
from .test_page import HOSTILE, page
from .test_sandbox import post
from .test_sandbox_changes import WHOLE, take


def fetch(bigpanda: Sandbox, path: str) -> tuple[str, Message]:
    """A file and the headers it came with."""
    with urllib.request.urlopen(bigpanda.address + path, timeout=20) as answer:
        return answer.read().decode(), answer.headers


def table(bigpanda: Sandbox, query: str = "") -> list[dict[str, str]]:
    """The rows of the CSV file, read as strictly as Python can."""
    text, _ = fetch(bigpanda, f"/changes.csv{query}")
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_files_have_all_that_is_filtered(bigpanda: Sandbox) -> None:
    """More than a page or an answer of the list holds, in the order of the list, under a name with the date."""
    for number in range(520):
        send(bigpanda, f"c{number}", timestamp=number + 1, hosts=["web-1", "web-2"])
    send(bigpanda, "other", hosts=["db-1"])
    whole = get(bigpanda, "/changes", host="web", sort="duration", limit=1000)["changes"]
    text, headers = fetch(bigpanda, "/changes.json?host=web&sort=duration")
    assert json.loads(text) == whole
    assert len(whole) == 520
    rows = table(bigpanda, "?host=web&sort=duration")
    assert [row["id"] for row in rows] == [str(change["id"]) for change in whole]
    assert rows[0] == {
        **dict.fromkeys(CSV_COLUMNS, ""),
        **{"id": "1", "api": "deployments", "component": "c0", "version": "1", "hosts": "web-1, web-2"},
        **{"state": "in_progress", "started": "1970-01-01T00:00:01Z"},
    }
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert headers["Content-Disposition"] == f'attachment; filename="changes-{today}.json"'
    assert json.loads(fetch(bigpanda, "/changes.json?host=nothing")[0]) == []
    assert table(bigpanda, "?host=nothing") == []


def test_the_page_leads_to_the_files(bigpanda: Sandbox) -> None:
    """With its filter, its range, which is no whole list, and its order."""
    take(bigpanda, **WHOLE)
    send(bigpanda, "shop")
    text = page(bigpanda, "/?component=sh&sort=version")
    links = [html.unescape(link) for link in re.findall(r'href="(/changes\..*?)"', text)]
    assert links == [f"/changes.{kind}?component=sh&range=24h&sort=version" for kind in ("csv", "json")]
    assert "Export this change" in text
    assert [row["id"] for row in table(bigpanda, links[0].removeprefix("/changes.csv"))] == ["2"]


@pytest.mark.parametrize(
    "sent", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\uff1d1", "\n=1", HOSTILE, 'a"b']
)
def test_no_text_becomes_a_formula_or_another_cell(bigpanda: Sandbox, sent: str) -> None:
    """In any column; the text itself is unchanged behind the quote mark, and JSON has it as it is."""
    start: dict[str, Any] = {"component": sent, "version": sent, "hosts": [sent, "b"], "owner": sent, "source": sent}
    post(bigpanda.address, "start", {**start, "description": sent})
    end = {name: start[name] for name in ("component", "version", "hosts")}
    post(bigpanda.address, "end", {**end, "status": "failure", "errorMessage": sent})
    take(bigpanda, identifier=sent, summary=sent, ticket_url=sent)
    by_id = {row["id"]: row for row in table(bigpanda)}
    cells = [by_id["1"][name] for name in ("component", "version", "owner", "source", "reason", "description")]
    cells += [by_id["2"][name] for name in ("summary", "identifier", "ticket_url")]
    assert {*cells} == {sent if sent in (HOSTILE, 'a"b') else f"'{sent}"}
    assert by_id["1"]["hosts"] == f"{cells[0]}, b"
    assert {change["component"] for change in json.loads(fetch(bigpanda, "/changes.json")[0])} == {sent, None}


def test_plain_text_stays_as_it_is() -> None:
    """A sign within it harms nobody."""
    assert [harmless(text) for text in ("", "a=b", "1-2", "web-1", "a@b")] == ["", "a=b", "1-2", "web-1", "a@b"]


def test_a_wrong_query_is_told(bigpanda: Sandbox) -> None:
    """As by the list."""
    assert ask(bigpanda.address, path="/changes.csv?range=1w").status == 400
    assert ask(bigpanda.address, path="/changes.json?state=done").status == 422
