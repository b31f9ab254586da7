"""The sandbox: the API as it is documented, the Changes that come of it, and how it is started."""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from bigpanda_provider.sandbox.bodies import EndBody, StartBody
from bigpanda_provider.sandbox.store import Store

from .servers import Sandbox

START: dict[str, Any] = {"component": "billing", "version": "1.2.3", "hosts": ["a", "b"], "timestamp": 1700000000}
END: dict[str, Any] = {"component": "billing", "version": "1.2.3", "hosts": ["a", "b"]}


def post(address: str, kind: str, body: object, token: str | None = "t") -> tuple[int, Any]:
    """Post an event; the status and the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{address}/data/events/deployments/{kind}", raw, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_start_is_in_progress_until_its_end(bigpanda: Sandbox) -> None:
    """A start is 201 and in progress; the matching end settles it."""
    assert post(bigpanda.address, "start", START)[0] == 201
    (change,) = bigpanda.changes()
    assert (change["state"], change["started"], change["ended"]) == ("in_progress", 1700000000, None)
    assert post(bigpanda.address, "end", {**END, "status": "failure", "errorMessage": "why"})[0] == 201
    (change,) = bigpanda.changes()
    assert (change["state"], change["reason"]) == ("failure", "why")
    assert change["ended"] is not None


def test_the_same_start_sent_again_is_one_deployment(bigpanda: Sandbox) -> None:
    """A start is delivered at least once; another timestamp, or one after the end, is another deployment."""
    post(bigpanda.address, "start", START)
    post(bigpanda.address, "start", START)
    assert len(bigpanda.changes()) == 1
    post(bigpanda.address, "start", {**START, "timestamp": 1700000001})
    assert len(bigpanda.changes()) == 2
    post(bigpanda.address, "end", END)
    post(bigpanda.address, "end", END)
    post(bigpanda.address, "start", START)
    assert [change["state"] for change in bigpanda.changes()] == ["success", "success", "in_progress"]


@pytest.mark.parametrize("other", [{"hosts": ["b", "a"]}, {"version": "1.2.4"}, {"component": "bills"}])
def test_an_end_that_matches_nothing_is_shown_as_such(bigpanda: Sandbox, other: dict[str, Any]) -> None:
    """Component, version and hosts must be identical, the order of hosts included."""
    post(bigpanda.address, "start", START)
    assert post(bigpanda.address, "end", {**END, **other})[0] == 201
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress"]
    assert [end["body"] for end in bigpanda.unmatched()] == [{**END, **other}]


def test_without_a_token_it_is_401(bigpanda: Sandbox) -> None:
    """No event is taken from anybody without one."""
    assert post(bigpanda.address, "start", START, token=None)[0] == 401
    assert post(bigpanda.address, "end", END, token="  ")[0] == 401
    assert bigpanda.events() == []


@pytest.mark.parametrize(
    ("kind", "body", "fields"),
    [
        ("start", {}, {"component", "version", "hosts"}),
        ("start", {**START, "hosts": "a"}, {"hosts"}),
        ("start", {**START, "hosts": [1]}, {"hosts"}),
        ("start", {**START, "timestamp": "now"}, {"timestamp"}),
        ("start", {**START, "timestamp": 1.5}, {"timestamp"}),
        ("end", {**END, "status": "done"}, {"status"}),
        ("end", {**END, "errorMessage": 5}, {"errorMessage"}),
        ("start", [], {"body"}),
        ("start", b"{", {"body"}),
        ("start", b"\xff", {"body"}),
    ],
)
def test_missing_or_wrong_fields_are_400_and_named(
    bigpanda: Sandbox, kind: str, body: object, fields: set[str]
) -> None:
    """The answer names each field that is missing or wrong."""
    status, answer = post(bigpanda.address, kind, body)
    assert status == 400
    assert set(answer["fields"]) == fields
    assert bigpanda.events() == []


def test_events_are_kept_in_the_data_file(tmp_path: pathlib.Path) -> None:
    """A second start of the sandbox finds what the first one was sent."""
    file = str(tmp_path / "changes.db")
    first = Store(file)
    first.start(StartBody(**START), START)
    first.close()
    second = Store(file)
    second.end(EndBody(**END), END)
    assert [change["state"] for change in second.changes(10, 0)] == ["success"]
    second.close()


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the command."""
    return subprocess.Popen(
        [sys.executable, "-m", "bigpanda_provider.sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_command_prints_its_address_and_stops_quietly() -> None:
    """Port 0 takes a free one on loopback and prints it; Ctrl-C ends it without a traceback."""
    with start("--port", "0") as process:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        assert address.startswith("http://127.0.0.1:")
        assert post(address, "start", START)[0] == 201
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--port", "99999"), "cannot be listened on"),
        (("--port", "0", "--data", "/nowhere/changes.db"), "cannot be used as data file"),
    ],
)
def test_command_says_in_one_sentence_what_is_wrong(arguments: tuple[str, ...], sentence: str) -> None:
    """A wrong option is no traceback."""
    with start(*arguments) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert sentence in errors
    assert len(errors.splitlines()) == 1
