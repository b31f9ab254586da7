"""The Changes API on the wire: what is posted, to the byte, and that any attempt makes what is documented.

No code is shared with the sandbox, so that client and sandbox cannot share a mistake.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.bigpanda.changes import SUMMARY_LIMIT, Changes, names
from bigpanda_provider.bigpanda.client import BigPandaClient
from bigpanda_provider.bigpanda.deployments import Deployments
from bigpanda_provider.bigpanda.events import Context, EndEvent, StartEvent, read
from bigpanda_provider.errors import RefusedError, RejectedError, UnavailableError
from bigpanda_provider.settings import FailedStatus, Token
from bigpanda_provider.state import Api, Status
from bigpanda_provider.tags import MOST, OF_EVENT

from .servers import Recorder

TOKEN, APP_KEY = Token("s3cret"), Token("4pp-k3y")
CONTEXT = Context(
    api=Api.CHANGES, tags={"environment": "prod", "git_commit": "4f1c2ab"}, ticket_url="https://ci.example.com/7"
)
DECLARED = read(
    StartEvent,
    {
        **{"component": "shop", "version": "2.4.2", "hosts": ["web-1.example.com", "web-2"], "timestamp": 1700000000},
        **{"owner": "ann", "source": "pulumi", "tags": {"team": "payments"}},
    },
)
START = replace(DECLARED, context=CONTEXT)
FAILED = EndEvent.of(START, Status.FAILURE, "port\nis taken", 1700000060)
DONE = EndEvent.of(START, Status.SUCCESS, None, 1700000060)


def test_start_and_end_are_posted_as_documented(recorder: Recorder) -> None:
    """Method, path, both headers and the whole object, once without and once with its end."""
    recorder.status = 204
    client = BigPandaClient(recorder.address, TOKEN, app_key=APP_KEY)
    client.send(Changes().start("abc", START))
    client.send(Changes().end("abc", START, FAILED))
    for request in recorder.requests:
        assert (request.method, request.path) == ("POST", "/data/changes")
        headers = {name.lower(): value for name, value in request.headers.items()}
        assert headers["authorization"] == "Bearer s3cret"
        assert headers["x-bp-app-key"] == "4pp-k3y"
        assert headers["content-type"] == "application/json"
    start, end = (json.loads(request.body) for request in recorder.requests)
    tags = {
        **{"component": "shop", "version": "2.4.2", "hosts": "web-1.example.com, web-2, web-1"},
        **{"owner": "ann", "source": "pulumi", "environment": "prod", "git_commit": "4f1c2ab", "team": "payments"},
    }
    assert start == {
        "identifier": "pulumi-abc",
        "status": "In Progress",
        "summary": "Deploy shop 2.4.2 to web-1.example.com, web-2 (prod)",
        "start": 1700000000,
        "ticket_url": "https://ci.example.com/7",
        "tags": tags,
    }
    assert end == {
        **start,
        "status": "Canceled",
        "summary": "Deploy shop 2.4.2 to web-1.example.com, web-2 (prod): failed (port is taken)",
        "end": 1700000060,
        "tags": {**tags, "result": "failure", "reason": "port\nis taken"},
    }


def test_the_app_key_goes_to_the_changes_api_alone(recorder: Recorder) -> None:
    """The Deployments API is not told of it."""
    BigPandaClient(recorder.address, TOKEN).send(Deployments().start("abc", START))
    assert "x-bp-app-key" not in {name.lower() for name in recorder.requests[0].headers}


@pytest.mark.parametrize(
    ("end", "chosen", "status"),
    [
        (DONE, FailedStatus.CANCELED, "Done"),
        (FAILED, FailedStatus.CANCELED, "Canceled"),
        (FAILED, FailedStatus.DONE, "Done"),
    ],
)
def test_a_failure_has_the_status_that_is_set(end: EndEvent, chosen: FailedStatus, status: str) -> None:
    """BigPanda has no status for it; tag and summary say so in any case."""
    body = Changes(chosen).end("abc", START, end).body
    assert body["status"] == status
    assert (body["tags"]["result"] == "failure") is ("failed" in body["summary"]) is (end is FAILED)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RejectedError),
        (401, RefusedError),
        (403, RefusedError),
        (404, RefusedError),
        (409, UnavailableError),
        (410, RefusedError),
        (429, UnavailableError),
        (500, UnavailableError),
        (501, UnavailableError),
    ],
)
def test_each_documented_answer(recorder: Recorder, status: int, error: type[Exception]) -> None:
    """What can be fixed or passes waits; what BigPanda will never take is rejected; BigPanda's text is shown masked."""
    recorder.status = status
    recorder.body = json.dumps({"status": status, "errors": ["no such key 4pp-k3y for s3cret"]}).encode()
    with pytest.raises(error) as raised:
        BigPandaClient(recorder.address, TOKEN, 0.3, app_key=APP_KEY).send(Changes().start("abc", START))
    assert f"answered {status}" in str(raised.value)
    assert "no such key *** for ***" in str(raised.value)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_success(recorder: Recorder, status: int) -> None:
    """204 is the one that is documented."""
    recorder.status = status
    BigPandaClient(recorder.address, TOKEN, app_key=APP_KEY).send(Changes().start("abc", START))


def documented(body: Any) -> bool:
    """Whether a body is what BigPanda's reference asks for."""
    kinds = {
        "identifier": str,
        "status": str,
        "summary": str,
        "start": int,
        "end": int,
        "ticket_url": str,
        "tags": dict,
    }
    return (
        {"identifier", "status", "summary", "start"} <= body.keys() <= kinds.keys()
        and all(type(value) is kinds[name] for name, value in body.items())
        and body["status"] in ("Planned", "In Progress", "Done", "Canceled")
        and all(type(name) is type(value) is str for name, value in body["tags"].items())
    )


TEXT = st.text(max_size=400)
TAG_NAMES = st.text("abcd_", min_size=1, max_size=20).filter(lambda name: name not in OF_EVENT)
NAMES = TEXT.filter(lambda text: bool(read_name(text)))


def read_name(text: str) -> str:
    """A name as an event has it; empty where it is none."""
    try:
        return read(StartEvent, {"component": text, "version": "1", "hosts": ["a"]}).component
    except ValueError:
        return ""
    except Exception:  # noqa: BLE001 - an event that is refused has its own tests
        return ""


@given(
    component=NAMES,
    version=NAMES,
    hosts=st.lists(NAMES, min_size=1, max_size=30, unique_by=read_name),
    description=st.none() | TEXT,
    tags=st.dictionaries(TAG_NAMES, TEXT, max_size=MOST),
    found=st.dictionaries(st.sampled_from(["environment", "project", "resources"]), TEXT),
    started=st.integers(0, 4_000_000_000),
    lasted=st.integers(-10, 10_000),
    failed=st.booleans(),
    reason=st.none() | TEXT,
)
def test_any_attempt_makes_valid_posts(**drawn: Any) -> None:
    """Whatever a program declares: all required fields, the documented types and words, and a summary of 300."""
    context = Context(api=Api.CHANGES, tags=drawn["found"])
    given = {name: drawn[name] for name in ("component", "version", "hosts", "description")}
    start = read(StartEvent, {**given, "tags": drawn["tags"], "timestamp": drawn["started"]})
    start = replace(start, context=context)
    status = Status.FAILURE if drawn["failed"] else Status.SUCCESS
    end = EndEvent.of(start, status, drawn["reason"], max(drawn["started"] + drawn["lasted"], 0))
    for post in (Changes().start("a", start), Changes().end("a", start, end)):
        assert documented(json.loads(json.dumps(post.body)))
        assert 0 < len(post.body["summary"]) <= SUMMARY_LIMIT
        assert "\n" not in post.body["summary"]
        assert post.body.get("end", post.body["start"]) >= post.body["start"]
        assert set(start.hosts) <= set(post.body["tags"]["hosts"].split(", ")) or any(", " in h for h in start.hosts)


def test_the_reason_has_its_room_in_a_long_summary() -> None:
    """However long the names are, a person reads why it failed."""
    start = replace(START, component="c" * 400, hosts=tuple(f"{'h' * 200}{n}" for n in range(50)))
    end = EndEvent.of(start, Status.FAILURE, "the port is taken", 1700000060)
    assert Changes().end("a", start, end).body["summary"].endswith("…: failed (the port is taken)")


def test_hosts_stand_by_both_of_their_names() -> None:
    """An alert may use the one or the other; an address has no short name."""
    assert names(["web-1.example.com", "web-2", "10.0.0.1"]) == ["web-1.example.com", "web-2", "10.0.0.1", "web-1"]


@pytest.mark.parametrize(
    ("description", "tags", "sent"),
    [
        (None, None, "environment: prod\ngit_commit: 4f1c2ab\nticket_url: https://ci.example.com/7"),
        ("Fix", None, "Fix"),
        (
            "Fix",
            {"team": "pay\nments"},
            "Fix\n\nenvironment: prod\ngit_commit: 4f1c2ab\nteam: pay ments\nticket_url: https://ci.example.com/7",
        ),
    ],
)
def test_the_deployments_api_has_tags_in_its_description(
    description: str | None, tags: dict[str, str] | None, sent: str
) -> None:
    """A line for each, after the description; a description without tags is sent as it is given."""
    start = replace(START, description=description, tags=tags)
    assert Deployments().start("abc", start).body["description"] == sent


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (["team"], 'is a list; write a map of text: {"team": "payments"}'),
        ({"team": 1}, 'has a number as team; write a map of text: {"team": "payments"}'),
        ({"component": "x"}, "has the name component, which is reserved for the event itself; write another name"),
        ({"": "x"}, "has a name that is empty; write 1 to 100 characters"),
        ({"x" * 101: "x"}, "has a name that is too long; write 1 to 100 characters"),
        ({str(n): "x" for n in range(MOST + 1)}, "has 51 tags; write at most 50"),
    ],
)
def test_tags_that_cannot_be_sent(tags: Any, said: str) -> None:
    """One sentence for each, which says what to write."""
    with pytest.raises(Exception, match="tags: ") as raised:
        read(StartEvent, {"component": "a", "version": "1", "hosts": ["a"], "tags": tags})
    assert str(raised.value) == f"tags: {said}"
