"""`status --remote` and the end of what another machine has started: what BigPanda itself has in progress."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from bigpanda_provider.bigpanda import reading
from bigpanda_provider.bigpanda.changes import Changes
from bigpanda_provider.bigpanda.client import BigPandaClient
from bigpanda_provider.bigpanda.events import Context, EndEvent, StartEvent
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.errors import InvalidEventError, RefusedError
from bigpanda_provider.settings import Token
from bigpanda_provider.state import Api, Status
from tests.engine import TOKEN, Stack
from tests.http_client import ask
from tests.servers import Recorder, Sandbox

from .command import UP, Release
from .test_byhand import GONE, recorded

MakeStack = Callable[[str, str], Stack]
MakeRelease = Callable[[str], Release]

APP_KEY = "app-key-that-must-not-be-seen"
NOW = int(time.time())
TAGS = {"component": "shop", "version": "2.4.1", "hosts": "web-1", "source": "pulumi"}
FOUND = {"environment": "prod", "project": "shop", "organization": "acme", "team": "payments"}


@pytest.fixture
def shop(release: MakeRelease) -> Release:
    """The runner with the Changes API as its setting."""
    made = release("Thing('a')")
    made.stack.environment |= {"BIGPANDA_API": "changes", "BIGPANDA_APP_KEY": APP_KEY}
    return made


def posted(bigpanda: Sandbox, attempt: str, **values: Any) -> dict[str, Any]:
    """Have BigPanda take a change, as another machine posts it; returns it."""
    body = {
        "identifier": f"pulumi-{attempt}",
        "status": "In Progress",
        "summary": "Deploy shop 2.4.1 to web-1 (prod)",
        "start": NOW - 60,
        "ticket_url": "https://ci.example/builds/7",
        "tags": {**TAGS, **FOUND},
        **values,
    }
    headers = [("Authorization", "Bearer t"), ("x-bp-app-key", "k"), ("Content-Type", "application/json")]
    answer = ask(bigpanda.address, "POST", "/data/changes", headers, json.dumps(body).encode())
    assert answer.status == 204, answer.body
    return body


def remotes(shop: Release, *options: str) -> list[dict[str, Any]]:
    """What `status --remote` shows as JSON."""
    found: list[dict[str, Any]] = json.loads(shop.printed("status", "--remote", "--json", *options))
    return found


def test_what_bigpanda_has_in_progress_and_who_looks_after_it(shop: Release, bigpanda: Sandbox) -> None:
    """From here and from elsewhere; what is over, and what others post, is left out."""
    posted(bigpanda, "elsewhere")
    posted(bigpanda, "over", status="Done", end=NOW)
    posted(bigpanda, "old", start=NOW - 40 * 86400)
    posted(bigpanda, "jenkins", identifier="jenkins-7")
    posted(bigpanda, recorded(shop), start=NOW - 50)
    posted(bigpanda, recorded(shop, GONE, by_hand=True), start=NOW - 40)
    posted(bigpanda, recorded(shop, Holder.current()), start=NOW - 30)
    found, shown = remotes(shop), shop("status", "--remote").output
    assert [one["lookedAfterBy"] for one in found] == [
        f"this machine's process {os.getpid()}",
        "a person: call `bigpanda-release end`",
        "orphaned",
        "unknown here",
    ]
    assert [one["state"] for one in found] == ["in progress", "in progress", "left open", "in progress"]
    assert [one["lookedAfterBy"] for one in remotes(shop, "--state", "left-open")] == ["orphaned"]
    assert remotes(shop, "--stack", "shop/prod", "--limit", "1") == found[:1]
    first = found[-1]
    assert (first["attempt"], first["component"], first["version"]) == ("elsewhere", "shop", "2.4.1")
    assert (first["hosts"], first["stack"]) == (["web-1"], "acme/shop/prod")
    assert (first["link"], first["startTimestamp"]) == ("https://ci.example/builds/7", NOW - 60)
    assert {*json.loads(shop.printed("history", "--json"))[0]} < {*first}
    line = r"shop +2\.4\.1 +web-1 +acme/shop/prod +.* UTC +unknown here +https://ci.example/builds/7 +elsewhere\n"
    assert re.search(line, shown)
    assert remotes(shop, "--days", "90")[-1]["attempt"] == "old"
    assert shop.stack.tells(APP_KEY) == []


def test_what_is_secret_is_not_shown(shop: Release, bigpanda: Sandbox) -> None:
    """Neither what this machine knows to be secret, nor the token, nor what a terminal would obey."""
    secret = recorded(shop, secret=True)
    posted(bigpanda, secret, tags={**TAGS, "component": "hunter2", "hosts": "hunter2"})
    posted(bigpanda, "elsewhere", tags={**TAGS, "environment": f"a {TOKEN}", "owner": "\x1b[31mann"}, start=NOW)
    second, first = remotes(shop)
    assert (first["component"], first["hosts"], first["tags"], first["link"]) == ("(secret)", ["(secret)"], None, None)
    assert (second["stack"], second["tags"]["owner"]) == ("a ***", "ann")
    assert "\x1b" not in shop("status", "--remote").output
    assert shop.stack.tells("hunter2") == []
    run = shop("end", "--attempt", secret[:12])
    assert run.code == 2
    assert "it has secret properties, which only the next update of the stack can end" in run.output


def test_nothing_in_progress_is_said(shop: Release) -> None:
    """With how far back was looked."""
    assert shop("status", "--remote").output == (
        "BigPanda has nothing in progress that started within 30 days and was recorded by this package\n"
    )


def test_only_the_changes_api_can_be_asked(shop: Release, bigpanda: Sandbox) -> None:
    """One sentence says so."""
    run = shop("status", "--remote", "--api", "deployments")
    assert run.code == 2
    assert "only BigPanda's Changes API can be asked for what is in progress; pass --api changes, or set" in run.output
    assert shop("status", "--days", "3").code == 2
    run = shop("status", "--remote", env={"BIGPANDA_API_TOKEN": ""})
    assert run.code == 1
    assert "there is no BigPanda token, so BigPanda cannot be asked; set one with `" in run.output


def test_a_token_of_the_wrong_kind_is_told(shop: Release, recorder: Recorder) -> None:
    """As the doctor tells it."""
    recorder.status = 403
    run = shop("status", "--remote", env={"BIGPANDA_BASE_URL": recorder.address})
    assert run.code == 1
    assert "what BigPanda has in progress cannot be read: " in run.output
    assert "BigPanda's Changes API takes a User API key, not the organization's token" in run.output


def test_what_another_machine_started_can_be_ended(shop: Release, bigpanda: Sandbox) -> None:
    """With `--force`; the whole change is posted as it was, with its end."""
    before = posted(bigpanda, "elsewhere")
    refused = shop("end", "--attempt", "elsewhere")
    assert refused.code == 2
    assert refused.output == (
        "bigpanda-release: no open start matches attempt elsewhere: none is open on this machine; if it was started on "
        "another machine, pass --force to send the end anyway\n"
    )
    run = shop("end", "--attempt", "pulumi-elsewhere", "--force", "--status", "failure", "--reason", "gone")
    assert run.output.startswith("end sent: ")
    after = bigpanda.posts()[-1]["body"]
    assert after.pop("end") >= NOW
    assert after == {
        **before,
        "status": "Canceled",
        "summary": f"{before['summary']}: failed (gone)",
        "tags": {**before["tags"], "result": "failure", "reason": "gone"},
    }
    assert remotes(shop) == []
    again = shop("end", "--attempt", "elsewhere", "--force")
    assert again.code == 2
    assert "BigPanda has no deployment in progress that matches attempt elsewhere and started within 30" in again.output


def test_the_component_is_enough_where_one_is_in_progress(shop: Release, bigpanda: Sandbox) -> None:
    """Else the attempts are listed."""
    posted(bigpanda, "one")
    posted(bigpanda, "two", tags={**TAGS, "hosts": "web-2.acme.example, web-2"})
    run = shop("end", "--component", "shop", "--force")
    assert run.code == 2
    assert (
        "several deployments that BigPanda has in progress match shop: shop 2.4.1 (one), shop 2.4.1 (two); "
        "choose one with --attempt"
    ) in run.output
    assert shop("end", "--component", "shop", "--host", "web-2.acme.example", "--force").ok
    assert [(c["identifier"], c["status"]) for c in bigpanda.changes()] == [
        ("pulumi-one", "In Progress"),
        ("pulumi-two", "Done"),
    ]


def test_an_attempt_of_this_machine_is_ended_by_its_id(shop: Release, bigpanda: Sandbox) -> None:
    """Whatever its API is; one that a running process will end needs `--force`."""
    assert shop("start", "--component", "db", "--version", "9", "--host", "db-1").ok
    assert shop("start", "--component", "db", "--version", "9", "--host", "db-1").ok
    second = json.loads(shop.printed("status", "--json"))[0]["attempt"]
    assert shop("end", "--attempt", second).output.startswith("end sent: ")
    assert [(c["identifier"], c["status"]) for c in bigpanda.changes()][1] == (f"pulumi-{second}", "Done")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "pass --component, --version, --host or --attempt to say which start is to be ended"),
        (
            ("--attempt", "a", "--force", "--api", "deployments"),
            "no open start on this machine is attempt a, and BigPanda can be asked for it only by the Changes API",
        ),
    ],
)
def test_wrong_use_of_an_attempt_is_one_sentence(shop: Release, options: tuple[str, ...], sentence: str) -> None:
    """And exit code 2."""
    run = shop("end", *options)
    assert run.code == 2
    assert sentence in run.output


def test_a_release_is_shown_while_it_runs(shop: Release) -> None:
    """With its engine's process; an end of the runner's own leaves nothing in progress."""
    shop.stack.program("Thing('a', hold='a')")
    with shop.running(*UP) as update:
        shop.stack.wait_until_held("a")
        (found,) = remotes(shop)
        assert found["lookedAfterBy"].startswith("this machine's process ")
        shop.stack.let_go("a")
        assert update.end().ok
    assert remotes(shop) == []


# -- what is read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        '[{"identifier": "a"}]',
        '{"results": [{"identifier": "a"}]}',
        '{"total": 1, "changes": [{"identifier": "a"}, 7], "errors": [], "next": null}',
    ],
)
def test_an_answer_is_a_list_or_holds_one(recorder: Recorder, answer: str) -> None:
    """Which it is, is not documented."""
    recorder.status, recorder.body = 200, answer.encode()
    found = reading.changes(BigPandaClient(recorder.address, Token("t")), 1, 2, "In Progress")
    assert [one["identifier"] for one in found] == ["a"]
    assert recorder.requests[0].path == (
        f"{reading.PATH}?start_time_frame=1&end_time_frame=2&search=%22In+Progress%22&limit={reading.PAGE}"
    )


@pytest.mark.parametrize("answer", ["7", "{}", '"text"', '{"a": [{}], "b": [{}]}'])
def test_any_other_answer_is_an_error(recorder: Recorder, answer: str) -> None:
    """Rather than nothing in progress."""
    recorder.status, recorder.body = 200, answer.encode()
    with pytest.raises(RefusedError, match="answered without a list of changes"):
        list(reading.changes(BigPandaClient(recorder.address, Token("t")), 1, 2, ""))


def test_all_pages_are_read_and_not_for_ever(
    bigpanda: Sandbox, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As their cursors lead; a cursor that comes again ends it."""
    monkeypatch.setattr(reading, "PAGE", 2)
    for number in range(5):
        posted(bigpanda, str(number))
    found = reading.changes(BigPandaClient(bigpanda.address, Token("t")), NOW - 90, NOW, "In Progress")
    assert sorted(one["identifier"] for one in found) == [f"pulumi-{number}" for number in range(5)]
    recorder.status, recorder.body, recorder.headers = 200, b"[{}]", {"Link": '</?cursor=same>; rel="next"'}
    assert len(list(reading.changes(BigPandaClient(recorder.address, Token("t")), 1, 2, ""))) == 2
    monkeypatch.setattr(reading, "MOST_PAGES", 2)
    with pytest.raises(RefusedError, match="has more than 4 such changes; ask for fewer days"):
        list(reading.changes(BigPandaClient(bigpanda.address, Token("t")), NOW - 90, NOW, "In Progress"))


@pytest.mark.parametrize("hosts", [("web-1.acme.example", "web-2.acme.example"), ("a", "b"), ("10.0.0.1",)])
def test_a_start_is_read_back_as_it_was(hosts: tuple[str, ...]) -> None:
    """So what is posted for its end differs from what was posted in the end alone."""
    given = StartEvent(
        component="shop",
        version="1",
        hosts=hosts,
        timestamp=5,
        description="two\nlines",
        owner="ann",
        source="pulumi",
        tags={"team": "payments"},
        context=Context(api=Api.CHANGES, tags={"environment": "prod"}, ticket_url="https://ci.example/7"),
    )
    wire = Changes()
    read = reading.start_of(wire.start("a", given).body)
    assert wire.start("a", read) == wire.start("a", given)
    end = EndEvent.of(given, Status.FAILURE, "why", 9)
    assert wire.end("a", read, end) == wire.end("a", given, end)


@pytest.mark.parametrize("tags", [None, [], {}, {"component": "shop", "version": "1"}])
def test_a_change_of_another_kind_is_no_start(tags: object) -> None:
    """It cannot be ended here, and is no crash."""
    with pytest.raises(InvalidEventError):
        reading.start_of({"identifier": "pulumi-a", "start": "soon", "tags": tags})
