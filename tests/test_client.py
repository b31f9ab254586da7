"""The client, over real sockets: what goes over the wire, and what each answer means."""

from __future__ import annotations

import contextlib
import json
import pathlib
import socket
import threading
import time

import pytest

from bigpanda_provider.bigpanda.client import BigPandaClient
from bigpanda_provider.bigpanda.deployments import Deployments
from bigpanda_provider.bigpanda.events import EndEvent, StartEvent, read
from bigpanda_provider.errors import DeliveryError, RefusedError, RejectedError, UnavailableError
from bigpanda_provider.settings import Token
from bigpanda_provider.state import Status

from . import faults
from .servers import Recorder, Sandbox

TOKEN = Token("s3cret")
EVENT = read(StartEvent, {"component": 'bill"ing\\', "version": "1.2.3", "hosts": ["ä", "b"], "timestamp": 1700000000})
START = Deployments().start("1", EVENT)
END = Deployments().end("1", EVENT, EndEvent.of(EVENT, Status.FAILURE, "why"))


def test_start_and_end_are_what_the_api_documents(recorder: Recorder) -> None:
    """Method, path, headers and body of both events, to the byte."""
    client = BigPandaClient(recorder.address + "/prefix", TOKEN)
    client.send(START)
    client.send(END)
    start, end = recorder.requests
    assert (start.method, start.path) == ("POST", "/prefix/data/events/deployments/start")
    assert (end.method, end.path) == ("POST", "/prefix/data/events/deployments/end")
    for request in recorder.requests:
        assert request.headers["Authorization"] == "Bearer s3cret"
        assert request.headers["Content-Type"] == "application/json"
    assert json.loads(start.body) == {
        "component": 'bill"ing\\',
        "version": "1.2.3",
        "hosts": ["ä", "b"],
        "timestamp": 1700000000,
    }
    assert "ä".encode() in start.body
    assert json.loads(end.body) == {
        "component": 'bill"ing\\',
        "version": "1.2.3",
        "hosts": ["ä", "b"],
        "status": "failure",
        "errorMessage": "why",
    }


def test_one_connection_serves_both_events(recorder: Recorder) -> None:
    """The connection is kept alive."""
    client = BigPandaClient(recorder.address, TOKEN)
    client.send(START)
    client.send(END)
    assert recorder.connections == 1
    client.close()


def test_a_proxy_is_used_unless_the_environment_excepts_the_address(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`HTTP_PROXY` and `NO_PROXY`, as `requests` takes them."""
    monkeypatch.setenv("HTTP_PROXY", recorder.address)
    monkeypatch.setenv("NO_PROXY", "inside.invalid")
    BigPandaClient("http://bigpanda.invalid", TOKEN).send(START)
    assert [request.path for request in recorder.requests] == ["http://bigpanda.invalid/data/events/deployments/start"]
    with pytest.raises(UnavailableError):
        BigPandaClient("http://bigpanda.inside.invalid", TOKEN, 0.5).send(START)
    assert len(recorder.requests) == 1


def test_the_sandbox_takes_what_the_client_sends(bigpanda: Sandbox) -> None:
    """Client and sandbox agree, and neither shares code with the other."""
    client = BigPandaClient(bigpanda.address, TOKEN)
    client.send(START)
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress"]
    client.send(END)
    assert [change["state"] for change in bigpanda.changes()] == ["failure"]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(recorder: Recorder, status: int) -> None:
    """Which one BigPanda gives is not documented, nor a body."""
    recorder.status = status
    BigPandaClient(recorder.address, TOKEN).send(START)
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    ("status", "error", "advice"),
    [
        (400, RejectedError, ""),
        (413, RejectedError, ""),
        (422, RejectedError, ""),
        (401, RefusedError, "pulumi config set --secret bigpanda:apiToken"),
        (403, RefusedError, "permissions"),
        (404, RefusedError, "bigpanda:baseUrl"),
        (405, RefusedError, "bigpanda:baseUrl"),
    ],
)
def test_what_cannot_get_better_is_not_tried_again(
    recorder: Recorder, status: int, error: type[DeliveryError], advice: str
) -> None:
    """One request, and an error with BigPanda's own text and what to do, without the token."""
    recorder.status, recorder.body = status, b'{"error": "no such\n  s3cret"}'
    with pytest.raises(error) as caught:
        BigPandaClient(recorder.address, TOKEN).send(START)
    assert len(recorder.requests) == 1
    assert f'answered {status}: {{"error": "no such ***"}}' in str(caught.value)
    assert advice in str(caught.value)


def test_a_redirect_is_not_followed(recorder: Recorder, bigpanda: Sandbox) -> None:
    """The token goes to no other host."""
    recorder.status, recorder.headers = 307, {"Location": bigpanda.address + "/data/events/deployments/start"}
    with pytest.raises(RefusedError, match=r"answered 307, a redirect, which is not followed. Check bigpanda:baseUrl"):
        BigPandaClient(recorder.address, TOKEN).send(START)
    assert len(recorder.requests) == 1
    assert bigpanda.events() == []


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_get_better_is_tried_within_the_limit(recorder: Recorder, status: int) -> None:
    """It is tried again, more than once, and given up in time."""
    recorder.status = status
    begun = time.monotonic()
    with pytest.raises(UnavailableError, match=f"answered {status}"):
        BigPandaClient(recorder.address, TOKEN, timeout_seconds=1.2).send(START)
    assert time.monotonic() - begun < 4
    assert len(recorder.requests) > 1


def test_what_is_refused_by_the_network_is_tried_again(recorder: Recorder) -> None:
    """A refused connection is an outage like another."""
    begun = time.monotonic()
    with pytest.raises(UnavailableError, match="could not be reached: Connection refused"):
        BigPandaClient("http://127.0.0.1:1", TOKEN, timeout_seconds=0.7).send(START)
    assert 0.2 < time.monotonic() - begun < 4


def test_a_netrc_file_does_not_replace_the_token(
    recorder: Recorder, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`requests` would take credentials for the host from there."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    BigPandaClient(recorder.address, TOKEN).send(START)
    assert recorder.requests[0].headers["Authorization"] == "Bearer s3cret"


def test_the_token_is_in_no_repr() -> None:
    """A client that is printed shows its address alone."""
    assert repr(BigPandaClient("https://api.bigpanda.io", TOKEN)) == "BigPandaClient('https://api.bigpanda.io')"


def test_answers_that_are_no_text_are_shown_as_far_as_they_can_be(recorder: Recorder) -> None:
    """Garbage in an answer stays one short line."""
    recorder.status, recorder.body = 400, bytes(range(256)) * 300
    with pytest.raises(RejectedError) as caught:
        BigPandaClient(recorder.address, TOKEN).send(START)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("script", "perhaps"),
    [
        ([faults.answer(401)], False),
        ([faults.answer(503)] * 9, False),
        ([faults.answer(429, Retry_After="60")], False),
        ([faults.reset, faults.answer(401)], True),
        ([faults.answer(504), faults.answer(401)], True),
        ([faults.hang] * 9, True),
    ],
)
def test_an_event_whose_answer_was_lost_has_perhaps_arrived(
    faulty: faults.FaultyBigPanda, script: list[faults.Fault | None], perhaps: bool
) -> None:
    """The error tells a refusal from a request of which nobody knows what became."""
    faulty.script = script
    with pytest.raises(DeliveryError) as error:
        BigPandaClient(faulty.address, TOKEN, 2).send(START)
    assert error.value.perhaps_arrived is perhaps


def test_an_event_that_was_never_sent_has_not_arrived(faulty: faults.FaultyBigPanda) -> None:
    """Nobody listens, so nothing was sent."""
    faulty.go_away()
    with pytest.raises(UnavailableError) as error:
        BigPandaClient(faulty.address, TOKEN, 0.5).send(START)
    assert not error.value.perhaps_arrived


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_read_is_what_the_api_documents(recorder: Recorder) -> None:
    """Method, path, parameters and key; nothing is sent but these."""
    recorder.status, recorder.body = 200, b'{"results": [1]}'
    page = BigPandaClient(recorder.address + "/prefix", TOKEN).read("/resources", {"search": '"a b"', "limit": "1"})
    assert (page.content, page.cursor) == ({"results": [1]}, None)
    (request,) = recorder.requests
    assert (request.method, request.path) == ("GET", "/prefix/resources?search=%22a+b%22&limit=1")
    assert request.headers["Authorization"] == "Bearer s3cret"
    assert not {"Content-Type", "x-bp-app-key"} & {*request.headers}
    assert request.body == b""


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        ('<https://other.example/changes?limit=1&cursor=a%3D1>; rel="next"', "a=1"),
        ('</changes?cursor=back>; rel="prev", </changes?cursor=on>; rel="next"', "on"),
        ("<https://api.bigpanda.io/changes?cursor=a1>", "a1"),
        ('</changes?cursor=back>; rel="prev"', None),
        ('</changes?page=2>; rel="next"', None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_the_cursor_is_all_that_is_taken_from_a_link(recorder: Recorder, link: str, cursor: str | None) -> None:
    """So the token goes to no other host, whatever the answer links to."""
    recorder.status, recorder.body, recorder.headers = 200, b"[]", {"Link": link}
    assert BigPandaClient(recorder.address, TOKEN).read("/changes", {}).cursor == cursor


@pytest.mark.parametrize("status", [401, 403])
def test_a_read_with_the_wrong_kind_of_token_says_which_it_takes(recorder: Recorder, status: int) -> None:
    """The Deployments API takes another one. The token itself is in no error."""
    recorder.status, recorder.body = status, b"no s3cret"
    with pytest.raises(RefusedError, match=f"answered {status}: no [*]{{3}}. BigPanda's Changes API takes a User API"):
        BigPandaClient(recorder.address, TOKEN).read("/changes", {})


def test_a_read_that_is_not_json_is_an_error(recorder: Recorder) -> None:
    """As from a gateway with a page of its own; a redirect is not followed."""
    recorder.status, recorder.body = 200, b"<html>"
    with pytest.raises(RefusedError, match=r"answered 200, but not in JSON. Check bigpanda:baseUrl."):
        BigPandaClient(recorder.address, TOKEN).read("/changes", {})
    recorder.status, recorder.headers = 302, {"Location": recorder.address + "/other"}
    with pytest.raises(RefusedError, match="a redirect, which is not followed"):
        BigPandaClient(recorder.address, TOKEN).read("/changes", {})
    assert [request.path for request in recorder.requests] == ["/changes", "/changes"]


def test_an_answer_has_a_largest_size(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger is given up."""
    monkeypatch.setattr("bigpanda_provider.bigpanda.transport.READ_LIMIT_BYTES", 10)
    recorder.status, recorder.body = 200, b"[" + b" " * 20 + b"]"
    with pytest.raises(RefusedError, match="answered with more than"):
        BigPandaClient(recorder.address, TOKEN).read("/changes", {})


def test_a_read_has_one_deadline() -> None:
    """However slowly its body comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def trickle() -> None:
            accepted, _ = listening.accept()
            with accepted, contextlib.suppress(OSError):
                accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
                while True:
                    accepted.sendall(b" ")
                    time.sleep(0.05)

        threading.Thread(target=trickle, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match=r"did not complete its answer within 0\.5 s"):
            BigPandaClient(f"http://127.0.0.1:{listening.getsockname()[1]}", TOKEN).read("/changes", {}, 0.5)
        assert time.monotonic() - begun < 4
