"""Whatever the sandbox is sent: it never fails, reads no more than it has to, and tells errors in one shape."""

from __future__ import annotations

import json
import pathlib
import socket
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigpanda_provider.sandbox.bodies import BODY_LIMIT, StartBody
from bigpanda_provider.sandbox.store import Store

from .http_client import Answer, ask, send
from .servers import Sandbox, sandbox
from .test_sandbox import END, START, start

TOKEN = ("Authorization", "Bearer t")
STARTS, ENDS = "/data/events/deployments/start", "/data/events/deployments/end"
PATHS = ["/", "/changes", "/events", "/unmatched", "/deployments/1", STARTS, ENDS, "/static/base.css", "/at"]
PAGE = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def command() -> Iterator[str]:
    """The address of the sandbox as the command runs it; in the end it may have nothing to complain about."""
    with start("--port", "0") as process:
        assert process.stdout is not None
        yield process.stdout.readline().rpartition(" ")[2].strip()
        process.terminate()
        _, complaints = process.communicate(timeout=20)
    assert "Traceback" not in complaints, complaints


def told(answer: Answer) -> list[str]:
    """The errors that an answer tells of, which has to have the one shape."""
    body = answer.json()
    assert list(body) == ["errors"]
    assert body["errors"]
    assert all(isinstance(error, str) for error in body["errors"])
    return list(body["errors"])


def well(answer: Answer) -> bool:
    """Whether the answer is a success, or tells of a fault of the request in the one shape."""
    if answer.status in (200, 201, 307):
        return True
    told(answer)
    return 400 <= answer.status < 500


TEXT = st.one_of(
    st.text(st.characters(codec=None), max_size=20),  # lone surrogates too
    st.sampled_from(["", " ", "\0", "a\0b", "\u202e", "\U0010ffff", "shop", "%", "'", '"', "\\", "é" * 300]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from([2**63, -(2**63) - 1, 10**4000]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
EVENT = st.fixed_dictionaries(
    {"component": TEXT | JSON, "version": TEXT | JSON, "hosts": st.lists(TEXT, max_size=3) | JSON},
    optional={
        "timestamp": st.integers(-(2**65), 2**65) | st.sampled_from([0, 1700000000, 253402300799, 2**63]) | JSON,
        "description": TEXT | JSON,
        "owner": TEXT | JSON,
        "status": st.sampled_from(["success", "failure"]) | JSON,
        "errorMessage": TEXT | JSON,
        "more": JSON,
    },
)


@FUZZ
@given(kind=st.sampled_from([STARTS, ENDS]), event=EVENT | JSON)
def test_no_event_makes_the_sandbox_fail(command: str, kind: str, event: Any) -> None:
    """Whatever the fields are, it is taken or refused, and every page still shows."""
    assert well(ask(command, "POST", kind, [TOKEN], json.dumps(event).encode()))
    for path in ("/", "/changes?limit=1000", "/events?limit=1000", "/unmatched"):
        assert ask(command, path=path).status == 200


@FUZZ
@given(kind=st.sampled_from([STARTS, ENDS]), body=st.binary(max_size=200))
def test_no_bytes_make_the_sandbox_fail(command: str, kind: str, body: bytes) -> None:
    """What is no JSON is refused."""
    assert well(ask(command, "POST", kind, [TOKEN], body))


@FUZZ
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST", "X"]),
    path=st.sampled_from(PATHS) | st.text(max_size=30).map(lambda text: "/" + quote(text.encode("utf-8", "replace"))),
    query=st.dictionaries(
        st.sampled_from(
            [
                *("component", "host", "state", "limit", "cursor", "offset", "page", "x"),
                *("owner", "range", "sort", "order", "time", "window", "back"),
            ]
        ),
        TEXT | st.integers(-(2**70), 2**70).map(str) | st.just("1_1") | st.just("x" * 60_000),
        max_size=3,
    ),
    accept=st.sampled_from([[], PAGE, [("Accept", "text/html;q=x")], [("Accept", ",;,")]]),
)
def test_no_address_makes_the_sandbox_fail(
    command: str, method: str, path: str, query: dict[str, str], accept: list[tuple[str, str]]
) -> None:
    """Odd methods, paths, filters, limits, offsets and cursors are answered or refused."""
    asked = "&".join(f"{name}={quote(value.encode('utf-8', 'replace'))}" for name, value in query.items())
    answer = ask(command, method, f"{path}?{asked}", accept)
    assert answer.status < 500
    if method != "HEAD" and answer.headers.get("content-type") == "application/json":
        assert well(answer)


@pytest.mark.parametrize("timestamp", [2**63, -1, 1700000000000, 10**30, True, 1e400])
def test_a_timestamp_that_is_no_time_in_seconds_is_400(bigpanda: Sandbox, timestamp: float) -> None:
    """Milliseconds, negative and huge ones are named; the last second of the year 9999 is one."""
    raw = json.dumps({**START, "timestamp": timestamp}).replace("Infinity", "1e400").encode()
    answer = ask(bigpanda.address, "POST", STARTS, [TOKEN], raw)
    assert answer.status == 400
    assert told(answer)[0].partition(":")[0] in ("timestamp", "body")
    assert ask(bigpanda.address, "POST", STARTS, [TOKEN], json.dumps({**START, "timestamp": 253402300799}).encode())
    assert "9999-12-31 23:59:59 UTC" in ask(bigpanda.address).body.decode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"component": "\\ud800", "version": "1", "hosts": ["a"]}',
        b'{"component": "c", "version": "1", "hosts": ["a"], "x": NaN}',
        b'{"component": "c", "version": "1", "hosts": ["a"], "x": ' + b"[" * 100_000,
        b'{"component": "c", "version": "1", "hosts": ["a"], "x": ' + b"9" * 5000 + b"}",
        b"\xff\xfe{\x00}\x00",
    ],
    ids=["surrogate", "nan", "nested", "number", "utf-16"],
)
def test_what_is_no_json_is_400(bigpanda: Sandbox, raw: bytes) -> None:
    """And nothing of it is kept."""
    answer = ask(bigpanda.address, "POST", STARTS, [TOKEN], raw)
    assert (answer.status, len(told(answer))) == (400, 1)
    assert bigpanda.events() == []


def test_of_a_key_that_is_there_twice_the_last_counts(bigpanda: Sandbox) -> None:
    """And a NUL is a character like any other."""
    raw = b'{"component": "a", "component": "a\\u0000b", "version": "1", "hosts": ["h"]}'
    assert ask(bigpanda.address, "POST", STARTS, [TOKEN], raw).status == 201
    assert [change["component"] for change in bigpanda.changes()] == ["a\0b"]
    raw = b'{"component": "a", "version": "1", "hosts": ["h"]}'
    assert ask(bigpanda.address, "POST", ENDS, [TOKEN], raw).status == 201
    assert len(bigpanda.unmatched()) == 1


def test_no_hosts_is_400(bigpanda: Sandbox) -> None:
    """A deployment is somewhere."""
    for path, body in ((STARTS, START), (ENDS, END)):
        answer = ask(bigpanda.address, "POST", path, [TOKEN], json.dumps({**body, "hosts": []}).encode())
        assert answer.status == 400
        assert told(answer)[0].startswith("hosts: ")
    assert bigpanda.events() == []


def padded(size: int) -> bytes:
    """A start of so many bytes."""
    short = json.dumps({**START, "description": ""}).encode()
    return json.dumps({**START, "description": "x" * (size - len(short))}).encode()


def chunked(body: bytes) -> bytes:
    """The body in chunks of 64 KiB."""
    parts = [body[begin : begin + 65536] for begin in range(0, len(body), 65536)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize("in_chunks", [False, True], ids=["length", "chunked"])
def test_a_body_over_one_mebibyte_is_413(bigpanda: Sandbox, in_chunks: bool) -> None:
    """With or without a Content-Length; one of exactly that size is taken."""

    def post(size: int) -> Answer:
        if not in_chunks:
            return ask(bigpanda.address, "POST", STARTS, [TOKEN], padded(size))
        return ask(bigpanda.address, "POST", STARTS, [TOKEN, ("Transfer-Encoding", "chunked")], chunked(padded(size)))

    assert post(BODY_LIMIT).status == 201
    answer = post(BODY_LIMIT + 1)
    assert answer.status == 413
    assert told(answer) == ["the body is larger than 1048576 bytes"]
    assert len(bigpanda.events()) == 1


def test_a_client_that_asks_before_it_sends_a_large_body_is_told_at_once(bigpanda: Sandbox) -> None:
    """`Expect: 100-continue`, as curl sends it."""
    headers = [TOKEN, ("Expect", "100-continue"), ("Content-Length", str(BODY_LIMIT + 1))]
    assert told(ask(bigpanda.address, "POST", STARTS, headers)) == ["the body is larger than 1048576 bytes"]


def test_a_huge_body_is_not_read_into_memory() -> None:
    """Of 300 MB in chunks the sandbox keeps nothing: it answers after the first, and its memory does not grow."""
    with start("--port", "0") as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().rpartition(" ")[2].strip()
            assert ask(address).status == 200
            before = peak_kb(process)
            assert post_endless(address, 300).startswith(b"HTTP/1.1 413 ")
            assert peak_kb(process) - before < 20_000
            assert ask(address).status == 200
        finally:
            process.kill()


def post_endless(address: str, mebibytes: int) -> bytes:
    """Post so much in chunks; what comes back first."""
    where = address.removeprefix("http://")
    host, _, port = where.partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            f"POST {STARTS} HTTP/1.1\r\nHost: {where}\r\nAuthorization: Bearer t\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(mebibytes):
            connection.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        return connection.recv(65536)


def peak_kb(process: subprocess.Popen[str]) -> int:
    """The most memory that a process has had, in KiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"POST " + STARTS.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST " + STARTS.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5x\r\n\r\n",
        b"POST " + STARTS.encode() + b" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST "
        + STARTS.encode()
        + b" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_400_in_the_same_shape(command: str, raw: bytes) -> None:
    """A broken length, broken chunks, no or several hosts."""
    answer = send(command, raw)
    assert answer.status == 400
    told(answer)


def test_a_body_that_breaks_off_is_nothing_to_complain_about(command: str) -> None:
    """The client is gone, so nothing is kept, and the log has no traceback (`command` looks)."""
    before = len(ask(command, path="/events?limit=10000").json()["events"])
    head = f"POST {STARTS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\nContent-Length: 500\r\n\r\n"
    send(command, head.encode() + b'{"component": ', breaks_off=True)
    assert len(ask(command, path="/events?limit=10000").json()["events"]) == before


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nowhere", [], 404),
        ("GET", "/deployments/99999999999999999999999", [], 404),
        ("GET", "/static/..%2fapp.py", [], 404),
        ("GET", "/static/%00", [], 404),
        ("DELETE", "/changes", [], 405),
        ("GET", STARTS, [], 405),
        ("POST", STARTS, [], 401),
        ("POST", STARTS, [TOKEN], 400),
        ("GET", "/changes?limit=0", [], 422),
        ("GET", "/changes?offset=99999999999999999999", [], 422),
        ("GET", "/changes?cursor=x", [], 422),
        ("GET", "/changes?state=done", [], 422),
        ("GET", f"/changes?component={'x' * 1001}", [], 422),
        ("GET", "/events?cursor=-1", [], 422),
        ("GET", "/?page=0", [], 422),
        ("GET", "/deployments/first", [], 404),
    ],
)
def test_every_error_has_one_shape_and_a_page_for_people(
    bigpanda: Sandbox, method: str, path: str, headers: list[tuple[str, str]], status: int
) -> None:
    """`{"errors": [...]}`, or the same sentences as a page where a browser asked."""
    answer = ask(bigpanda.address, method, path, headers)
    assert answer.status == status
    errors = told(answer)
    page = ask(bigpanda.address, method, path, [*headers, *PAGE])
    assert page.status == status
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert all(error.partition("'")[0] in page.body.decode() for error in errors)
    if status == 405:
        assert answer.headers["allow"] == page.headers["allow"]


def test_a_client_that_prefers_json_gets_it(bigpanda: Sandbox) -> None:
    """HTML is for those who ask for it, and not rather for JSON."""
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.5", "text/html;q=0"):
        told(ask(bigpanda.address, path="/nowhere", headers=[("Accept", accept)]))


def test_a_data_file_that_fails_is_no_traceback(tmp_path: pathlib.Path) -> None:
    """It is 503, with what SQLite says."""
    store = Store(str(tmp_path / "changes.db"))
    with sandbox(store=store) as running:
        store.close()
        answer = ask(running.address, "POST", STARTS, [TOKEN], json.dumps(START).encode())
        assert answer.status == 503
        assert "Cannot operate on a closed database" in told(answer)[0]


def test_times_of_an_older_data_file_are_shown(tmp_path: pathlib.Path) -> None:
    """0.1.0 kept timestamps that no calendar has; the pages show them as numbers."""
    store = Store(str(tmp_path / "changes.db"))
    for started in (2**62, -(2**62)):
        sent = {**START, "timestamp": started}
        store.start(StartBody.model_construct(**sent), sent)
    with sandbox(store=store) as running:
        assert f"{2**62} s" in ask(running.address).body.decode()
        assert ask(running.address, path="/deployments/2").status == 200
        first = ask(running.address, path="/changes?limit=1").json()
        assert ask(running.address, path=f"/changes?cursor={first['next']}").json()["changes"][0]["started"] == -(2**62)
