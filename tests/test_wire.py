"""The client against a server that speaks bytes: what an answer means, and that no answer holds anybody up."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPMessage
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bigpanda_provider.bigpanda import client as bigpanda_client
from bigpanda_provider.bigpanda.client import BigPandaClient
from bigpanda_provider.bigpanda.deployments import Deployments
from bigpanda_provider.bigpanda.events import StartEvent, read
from bigpanda_provider.bigpanda.transport import _retry_after_s
from bigpanda_provider.errors import DeliveryError, RejectedError, UnavailableError
from bigpanda_provider.settings import Token

from .engine import wait_until
from .wire import Connection, Way, answer, cut, early, endless, lose, silent, trickle, wire

TOKEN = Token("s3cret")
EVENT = read(StartEvent, {"component": "shop", "version": "2.6.1", "hosts": ["a"], "timestamp": 1700000000})
START = Deployments().start("1", EVENT)
LONG = Deployments().start("1", replace(EVENT, hosts=tuple(f"host-{n}" * 20 for n in range(20_000))))
"""Its body is larger than what fits into the buffers of a socket."""

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
LATE_S = 1.5
"""How late a call may return, in seconds: what a busy machine takes to wake a thread, and far less than a hang."""

AFTER_STATUS: dict[str, Callable[[bytes], Way]] = {
    "no body": lambda status: answer(status + b"\r\nContent-Length: 0\r\n\r\n"),
    "a body": lambda status: answer(status + b"\r\nContent-Length: 2\r\n\r\n{}"),
    "kept alive": lambda status: answer(status + b"\r\nContent-Length: 0\r\n\r\n", then_close=False),
    "connection closes": lambda status: answer(status + b"\r\nConnection: close\r\n\r\nok"),
    "broken gzip": lambda status: answer(
        status + b"\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", then_close=False
    ),
    "gzip cut off": lambda status: answer(
        status + b"\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"a" * 99)[:20]
    ),
    "broken deflate": lambda status: answer(status + b"\r\nContent-Encoding: deflate\r\nContent-Length: 2\r\n\r\nno"),
    "no encoding that is known": lambda status: answer(
        status + b"\r\nContent-Encoding: nonsense\r\nContent-Length: 2\r\n\r\nno"
    ),
    "broken chunks": lambda status: answer(
        status + b"\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", then_close=False
    ),
    "chunk cut off": lambda status: answer(status + b"\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nhello"),
    "no last chunk": lambda status: answer(status + b"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
    "cut off": lambda status: answer(status + b"\r\nContent-Length: 100\r\n\r\nhello"),
    "two lengths": lambda status: answer(status + b"\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi"),
    "a length that is none": lambda status: answer(status + b"\r\nContent-Length: many\r\n\r\nhi"),
    "a negative length": lambda status: answer(status + b"\r\nContent-Length: -5\r\n\r\nhi"),
    "too long": lambda status: endless(status + b"\r\n\r\n", b"x" * 65536),
    "too long a line": lambda status: answer(status + b"\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"),
    "too many headers": lambda status: answer(status + b"\r\nX: x" * 500 + b"\r\n\r\n"),
    "headers that are none": lambda status: answer(status + b"\r\nnonsense\r\n\xff\xfe: x\r\n\r\n"),
    "headers cut off": lambda status: answer(status + b"\r\nContent-Le"),
    "trickling headers": lambda status: trickle(status + b"\r\nX: "),
    "trickling body": lambda status: trickle(status + b"\r\nContent-Length: 1000\r\n\r\n"),
    "trickling body of a last answer": lambda status: trickle(status + b"\r\nConnection: close\r\n\r\n"),
    "trickling chunks": lambda status: trickle(
        status + b"\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000
    ),
    "reset": lambda status: answer(status + b"\r\nContent-Length: 100\r\n\r\n", then_close=True),
}
"""What comes after a status line."""


@pytest.mark.parametrize("rest", AFTER_STATUS)
def test_a_2xx_status_is_a_success_whatever_comes_after_it(rest: str) -> None:
    """The event is not sent again, and the call does not wait for what trickles in."""
    with wire(AFTER_STATUS[rest](b"HTTP/1.1 201 Created")) as server:
        begun = time.monotonic()
        BigPandaClient(server.address, TOKEN, 6).send(START)
        assert time.monotonic() - begun < 1 + LATE_S
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [b"HTTP/1.1 200 OK", b"HTTP/1.1 204", b"HTTP/1.0 201 Created", b"HTTP/1.1 299 "])
@pytest.mark.parametrize("rest", ["no body", "a body", "kept alive", "cut off"])
def test_any_status_line_of_2xx_is_a_success(status: bytes, rest: str) -> None:
    """With a reason or without, of any version of HTTP/1."""
    with wire(AFTER_STATUS[rest](status)) as server:
        BigPandaClient(server.address, TOKEN, 6).send(START)
        assert len(server.requests) == 1


@pytest.mark.parametrize("rest", AFTER_STATUS)
def test_a_400_is_a_rejection_whatever_comes_after_it(rest: str) -> None:
    """What is true of a success is true of every answer: its status says what became of the event."""
    with wire(AFTER_STATUS[rest](b"HTTP/1.1 400 Bad Request")) as server:
        with pytest.raises(RejectedError, match="answered 400") as error:
            BigPandaClient(server.address, TOKEN, 6).send(START)
        assert not error.value.perhaps_arrived
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 100\r\nX: x\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 199 \r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 2000,
    ],
    ids=lambda interim: interim[9:12].decode(),
)
@pytest.mark.parametrize("status", [201, 400])
def test_answers_of_1xx_are_passed_over(interim: bytes, status: int) -> None:
    """The final answer counts, however many of them come before it."""
    final = f"HTTP/1.1 {status} \r\nContent-Length: 0\r\n\r\n".encode()
    with wire(answer(interim + final, then_close=False)) as server:
        client = BigPandaClient(server.address, TOKEN, 6)
        if status == 201:
            client.send(START)
            client.send(START)
        else:
            with pytest.raises(RejectedError):
                client.send(START)
        assert len(server.requests) == len(server.connections)


@pytest.mark.parametrize(
    "way",
    [
        endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        trickle(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 100, 0.01),
        answer(b"HTTP/1.1 103 Early Hints\r\n\r\n", then_close=False),
        answer(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["endless", "trickling", "then nothing", "then closed"],
)
def test_answers_of_1xx_alone_are_no_answer(way: Way) -> None:
    """Then nobody knows whether the event arrived, and the limit holds."""
    with wire(way) as server:
        begun = time.monotonic()
        with pytest.raises(UnavailableError) as error:
            BigPandaClient(server.address, TOKEN, 0.9).send(START)
        assert time.monotonic() - begun < 0.9 + LATE_S
        assert error.value.perhaps_arrived


@pytest.mark.parametrize(("status", "error"), [(201, None), (413, RejectedError), (401, DeliveryError)])
def test_an_answer_that_comes_before_the_body_was_read_counts(status: int, error: type[DeliveryError] | None) -> None:
    """A server may know from the headers alone."""
    with wire(early(f"HTTP/1.1 {status} \r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())) as server:
        client = BigPandaClient(server.address, TOKEN, 6)
        if error is None:
            client.send(LONG)
        else:
            with pytest.raises(error, match=f"answered {status}"):
                client.send(LONG)
        assert len(server.connections) == 1


@pytest.mark.parametrize(
    "retry_after",
    [
        "soon",
        "-1",
        "nan",
        "inf",
        "1.5",
        "1e9",
        "²",
        "",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "Wed, 21 Oct 2065 07:28:00 NOWHERE",
        "Wed, 21 Oct 2065 07:28:00 +9999",
        "Wed, 99 Oct 2065 07:28:00 GMT",
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "60, 70",
        "60\r\nRetry-After: 70",
    ],
)
def test_a_retry_after_that_cannot_be_read_counts_as_absent(retry_after: str) -> None:
    """The event is tried again as if there were none."""
    busy = b"HTTP/1.1 429 \r\nContent-Length: 0\r\nRetry-After: " + retry_after.encode() + b"\r\n\r\n"
    with wire(answer(busy), answer(CREATED)) as server:
        begun = time.monotonic()
        BigPandaClient(server.address, TOKEN, 3).send(START)
        assert time.monotonic() - begun < 1 + LATE_S
        assert len(server.requests) == 2


@pytest.mark.parametrize("retry_after", ["86400", "9" * 300, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 -0800"])
def test_a_retry_after_beyond_the_limit_is_not_waited_for(retry_after: str) -> None:
    """However far in the future; the call returns at once."""
    with wire(answer(b"HTTP/1.1 429 \r\nRetry-After: " + retry_after.encode() + b"\r\n\r\n")) as server:
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match="answered 429"):
            BigPandaClient(server.address, TOKEN, 3).send(START)
        assert time.monotonic() - begun < 1 + LATE_S
        assert len(server.requests) == 1


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_no_retry_after_breaks_anything(retry_after: bytes) -> None:
    """Whatever stands there, it is a number of seconds, or nothing."""
    headers = HTTPMessage()
    headers["Retry-After"] = retry_after.decode("latin-1").replace("\r", "").replace("\n", "")
    assert _retry_after_s(headers) >= 0


@pytest.mark.parametrize(
    "way",
    [silent, trickle(b"HTTP/1."), trickle(b"", b"HTTP/1.1 102 \r\n\r\n" * 100)],
    ids=["silent", "status line", "1xx"],
)
def test_a_connection_that_hangs_is_given_up_after_a_third_of_the_limit(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the event gets through by the next one."""
    monkeypatch.setattr(bigpanda_client, "LEAST_TRY_S", 0)
    with wire(way, answer(CREATED)) as server:
        begun = time.monotonic()
        BigPandaClient(server.address, TOKEN, 1.8).send(START)
        assert 0.5 < time.monotonic() - begun < 0.6 + LATE_S
        assert len(server.connections) == 2


def test_a_slow_answer_is_waited_for_though_the_limit_is_short() -> None:
    """The event is not sent again, nor is it queued."""

    def slow(connection: Connection) -> None:
        connection.read()
        time.sleep(1)
        connection.socket.sendall(CREATED)

    with wire(slow) as server:
        BigPandaClient(server.address, TOKEN, 2.4).send(START)
        assert len(server.connections) == 1


def test_a_limit_has_room_for_three_connections_that_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause comes after one that took its whole time."""
    monkeypatch.setattr(bigpanda_client, "LEAST_TRY_S", 0)
    with wire(silent) as server:
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match=r"did not answer within 1\.5 s") as error:
            BigPandaClient(server.address, TOKEN, 1.5).send(START)
        assert 1.4 < time.monotonic() - begun < 1.5 + LATE_S
        assert len(server.connections) == 3
        assert error.value.perhaps_arrived


def test_a_connection_that_is_never_made_is_given_up_in_time() -> None:
    """Its packets are dropped: nothing was sent, so nothing has arrived."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # they fill the queue, and whoever comes next gets no answer
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match=r"did not answer within 0\.9 s") as error:
            BigPandaClient(f"http://127.0.0.1:{listening.getsockname()[1]}", TOKEN, 0.9).send(START)
        assert time.monotonic() - begun < 0.9 + LATE_S
        assert not error.value.perhaps_arrived
        for one in waiting:
            one.close()


@pytest.mark.parametrize("look_ups", [1, 99])
def test_a_name_look_up_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, look_ups: int) -> None:
    """It cannot be cut, so it is left behind; another is begun within the limit."""
    real, over, hanging = socket.getaddrinfo, threading.Event(), iter(range(look_ups))

    def look_up(*args: Any, **kwargs: Any) -> Any:
        if next(hanging, None) is not None:
            over.wait(20)
        return real(*args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(bigpanda_client, "LEAST_TRY_S", 0)
    with wire(answer(CREATED)) as server:
        client = BigPandaClient(server.address, TOKEN, 1.2)
        begun = time.monotonic()
        try:
            if look_ups == 1:
                client.send(START)
                assert time.monotonic() - begun < 0.4 + LATE_S
            else:
                with pytest.raises(UnavailableError, match="did not answer within") as error:
                    client.send(START)
                assert time.monotonic() - begun < 1.2 + LATE_S
                assert not error.value.perhaps_arrived
        finally:
            over.set()
        came = len(server.requests)
        time.sleep(0.3)
        assert len(server.requests) == came  # the ones that were left behind send nothing any more


@pytest.mark.parametrize(
    "way",
    [
        trickle(b"HTTP/1."),
        trickle(b"HTTP/1.1 201 \r\nX: "),
        trickle(b"HTTP/1.1 201 \r\nContent-Length: 1000\r\n\r\n"),
        trickle(b"HTTP/1.1 201 \r\nConnection: close\r\n\r\n"),
        endless(b"HTTP/1.1 201 \r\n\r\n", b"x" * 65536),
        endless(b"", b"HTTP/1.1 102 \r\n\r\n"),
    ],
    ids=["status line", "headers", "body", "last body", "endless body", "endless 1xx"],
)
def test_what_trickles_in_is_cut(way: Way) -> None:
    """The thread that waited for it is free again: its connection ends, not only its caller's patience."""
    with wire(way) as server:
        client = BigPandaClient(server.address, TOKEN, 0.9)
        with contextlib.suppress(UnavailableError):
            client.send(START)
        workers = client._transport._workers
        wait_until(lambda: workers.idle == workers._threads, 2)


WAYS: dict[str, Way] = {
    "success": answer(CREATED),
    "kept alive": answer(CREATED, then_close=False),
    "busy": answer(BUSY),
    "later": answer(b"HTTP/1.1 429 \r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"),
    "much later": answer(b"HTTP/1.1 429 \r\nRetry-After: 99\r\nContent-Length: 0\r\n\r\n"),
    "failed": answer(b"HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n"),
    "rejected": answer(b"HTTP/1.1 400 \r\nContent-Length: 0\r\n\r\n"),
    "refused": answer(b"HTTP/1.1 401 \r\nContent-Length: 0\r\n\r\n"),
    "garbage": answer(b"\x00\xffnonsense\r\n\r\n"),
    "silent": silent,
    "cut": cut,
    "lost": lose,
    "trickles": trickle(b"HTTP/1."),
    "trickling headers": trickle(b"HTTP/1.1 500 \r\nX: "),
    "trickling body": trickle(b"HTTP/1.1 503 \r\nContent-Length: 1000\r\n\r\n"),
    "endless 1xx": endless(b"", b"HTTP/1.1 102 \r\n\r\n"),
    "1xx, then lost": answer(b"HTTP/1.1 100 \r\n\r\n"),
}
SETTLED = {"busy", "later", "much later", "rejected", "refused", "trickling body"}
"""Those that say that the event did not arrive."""


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@example(["silent", "silent", "silent"])
@example(["later", "silent"])
@given(st.lists(st.sampled_from(sorted(WAYS)), min_size=1, max_size=5))
def test_whatever_happens_a_call_returns_within_its_limit(script: list[str]) -> None:
    """Retries, waits and everything together; and whoever says that an event did not arrive is right."""
    with wire(*(WAYS[name] for name in script)) as server:
        begun = time.monotonic()
        error: DeliveryError | None = None
        try:
            BigPandaClient(server.address, TOKEN, 0.9).send(START)
        except DeliveryError as raised:
            error = raised
        took_s = time.monotonic() - begun
        ways = [*script, *[script[-1]] * len(server.connections)][: len(server.connections)]
        doubtful = [w for w, c in zip(ways, server.connections, strict=True) if c.requests and w not in SETTLED]
    assert took_s < 0.9 + LATE_S
    if error is None:
        assert ways[-1] in ("success", "kept alive")
    elif not error.perhaps_arrived:
        assert doubtful == []
