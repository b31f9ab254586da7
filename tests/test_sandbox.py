"""The sandbox: the API as it is documented, the Changes that come of it, and how it is started."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    states = {change["id"]: change["state"] for change in bigpanda.changes()}
    assert states == {1: "success", 2: "success", 3: "in_progress"}


@pytest.mark.parametrize("other", [{"hosts": ["b", "a"]}, {"version": "1.2.4"}, {"component": "bills"}])
def test_an_end_that_matches_nothing_is_shown_as_such(bigpanda: Sandbox, other: dict[str, Any]) -> None:
    """Component, version and hosts must be identical, the order of hosts included."""
    post(bigpanda.address, "start", START)
    assert post(bigpanda.address, "end", {**END, **other})[0] == 201
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress"]
    assert [end["body"] for end in bigpanda.unmatched()] == [{**END, **other}]


LIKE_NAMES = st.sampled_from(
    ["a", "A", "a ", "ä", "a\u0308", "a\0", "a\0b", "1", '"', "a, b", 'a", "b', "%", "_", "", "\\"]
)
KEYS = st.tuples(LIKE_NAMES, LIKE_NAMES, st.lists(LIKE_NAMES, min_size=1, max_size=3))


@given(KEYS, KEYS)
def test_an_end_matches_the_start_that_is_identical_and_no_other(
    one: tuple[str, str, list[str]], other: tuple[str, str, list[str]]
) -> None:
    """In component, version and hosts: case, form, order, blanks and NULs count."""
    store = Store(":memory:")
    first, second = (dict(zip(("component", "version", "hosts"), key, strict=True)) for key in (one, other))
    store.start(StartBody.model_validate(first), first)
    store.end(EndBody.model_validate(second), second)
    assert [change["state"] for change in store.changes(10)] == ["success" if one == other else "in_progress"]
    assert store.count_unmatched() == (one != other)
    store.close()


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
        ("start", {**START, "hosts": [1]}, {"hosts[0]"}),
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
    assert {error.partition(":")[0] for error in answer["errors"]} == fields
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


@pytest.mark.parametrize("there", [False, True], ids=["new", "of an older version"])
def test_only_its_owner_can_read_the_data_file(tmp_path: pathlib.Path, there: bool) -> None:
    """And what SQLite writes beside it; who could read it before cannot any more."""
    file = tmp_path / "changes.db"
    if there:
        Store(str(file)).close()
        file.chmod(0o644)
    umask = os.umask(0)
    try:
        store = Store(str(file))
    finally:
        os.umask(umask)
    store.start(StartBody(**START), START)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    assert modes == {"changes.db": "0o600", "changes.db-wal": "0o600", "changes.db-shm": "0o600"}
    store.close()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: pathlib.Path) -> None:
    """It keeps its content and its mode."""
    file = tmp_path / "notes.txt"
    file.write_text("something else, and more of it than a header\n" * 20)
    file.chmod(0o644)
    done = subprocess.run(command("--port", "0", "--data", str(file)), capture_output=True, timeout=20, check=False)
    assert done.returncode == 1
    assert b"cannot be used as data file" in done.stderr
    assert (file.stat().st_mode & 0o777, file.read_text()[:9]) == (0o644, "something")


def command(*arguments: str) -> list[str]:
    """The command with its arguments."""
    return [sys.executable, "-m", "bigpanda_provider.sandbox", *arguments]


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the command."""
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_command_prints_its_address_and_stops_quietly() -> None:
    """Port 0 takes a free one on loopback and prints it; Ctrl-C ends it without a word, also while a page is open."""
    with start("--port", "0") as process:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        assert address.startswith("http://127.0.0.1:")
        assert post(address, "start", START)[0] == 201
        with urllib.request.urlopen(f"{address}/stream", timeout=20):
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--port", "99999"), "cannot be listened on"),
        (("--port", "0", "--data", "/nowhere/changes.db"), "cannot be used as data file"),
        (("--port", "0", "--data", ""), "cannot be used as data file"),
        (("--port", "0", "--allow-host", "http://sandbox"), '"http://sandbox" is not a host name'),
    ],
)
def test_command_says_in_one_sentence_what_is_wrong(arguments: tuple[str, ...], sentence: str) -> None:
    """A wrong option is no traceback."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=20, check=False)
    errors = done.stderr
    assert done.returncode == 1
    assert sentence in errors
    assert len(errors.splitlines()) == 1
