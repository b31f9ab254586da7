"""The sandbox's Changes API: what it takes and refuses, as it is documented, and what it returns."""

from __future__ import annotations

import json
import subprocess
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigpanda_provider.sandbox.rate import Rate

from .http_client import Answer, ask
from .servers import Sandbox
from .test_sandbox import command, start
from .test_sandbox import post as post_event

CHANGES, RECORDS = "/data/changes", "/resources/v2.0/changes"
BEARER, APP_KEY = ("Authorization", "Bearer t"), ("x-bp-app-key", "k")
NEEDED: dict[str, Any] = {"identifier": "c-1", "status": "In Progress", "summary": "Deploy shop", "start": 1700000000}
WHOLE: dict[str, Any] = {
    **NEEDED,
    "status": "Done",
    "end": 1700000060,
    "ticket_url": "https://ci.example/jobs/1",
    "tags": {"component": "shop", "version": "2", "hosts": "web-1, web-2", "reason": "why", "team": "a"},
    "metadata": {"run": {"number": 1}},
}
OPTIONAL = ["end", "ticket_url", "tags", "metadata"]
ALL_TIME = {"start_time_frame": 0, "end_time_frame": 2**40}


def post(bigpanda: Sandbox | str, body: object, headers: tuple[tuple[str, str], ...] = (BEARER, APP_KEY)) -> Answer:
    """Post a change."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(bigpanda if isinstance(bigpanda, str) else bigpanda.address, "POST", CHANGES, headers, raw)


def take(bigpanda: Sandbox, **fields: Any) -> None:
    """Post a change that has to be taken."""
    answer = post(bigpanda, {**NEEDED, **fields})
    assert (answer.status, answer.body) == (204, b"")


def refused(answer: Answer, status: int) -> list[str]:
    """The errors of an answer in the documented shape."""
    body = answer.json()
    assert answer.status == status
    assert list(body) == ["status", "errors"]
    assert body["status"] == status
    assert body["errors"]
    return list(body["errors"])


def records(bigpanda: Sandbox, **query: object) -> list[dict[str, Any]]:
    """What the sandbox returns."""
    answer = ask(bigpanda.address, path=f"{RECORDS}?{urlencode({**ALL_TIME, **query})}", headers=[BEARER])
    assert answer.status == 200, answer.body
    assert list(answer.json()) == ["results"]
    return list(answer.json()["results"])


def identifiers(bigpanda: Sandbox, **query: object) -> list[str]:
    """The identifiers of what the sandbox returns."""
    return [record["identifier"] for record in records(bigpanda, **query)]


@pytest.mark.parametrize("body", [NEEDED, WHOLE, {**NEEDED, "tags": {}, "metadata": {}, "more": [1]}])
def test_a_change_is_204_without_a_body(bigpanda: Sandbox, body: dict[str, Any]) -> None:
    """With the required fields alone, with all, and with fields that are not documented."""
    answer = post(bigpanda, body)
    assert (answer.status, answer.body) == (204, b"")
    (event,) = bigpanda.posts()
    assert (event["kind"], event["body"]) == ("change", body)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (BEARER,),
        (APP_KEY,),
        (BEARER, ("x-bp-app-key", " ")),
        (("Authorization", "Bearer "), APP_KEY),
        (("Authorization", "Basic t"), APP_KEY),
    ],
    ids=str,
)
def test_a_change_without_both_keys_is_401(bigpanda: Sandbox, headers: tuple[tuple[str, str], ...]) -> None:
    """The answer says which is missing, and nothing is kept."""
    (error,) = refused(post(bigpanda, NEEDED, headers), 401)
    assert ("x-bp-app-key" if BEARER in headers else "bearer token") in error
    assert bigpanda.posts() == []


@pytest.mark.parametrize("field", NEEDED)
def test_a_required_field_that_is_missing_is_400(bigpanda: Sandbox, field: str) -> None:
    """The answer names it."""
    body = {name: value for name, value in WHOLE.items() if name != field}
    assert refused(post(bigpanda, body), 400) == [f"{field}: Field required"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("identifier", ["", 1, None, ["a"]]),
        ("summary", ["", 1, None, {}]),
        ("status", ["", "done", "DONE", "in progress", "In progress", "Cancelled", "Failed", 1, None]),
        ("start", ["1700000000", 1.0, 1.5, True, None, -1, 1700000000000]),
        ("end", ["1700000000", 1.0, True, None, -1, 1700000000000]),
        ("ticket_url", [1, None, ["https://a"], {}]),
        ("tags", [None, [], "a", {"a": 1}, {"a": None}, {"a": ["b"]}, {"a": {"b": "c"}}]),
        ("metadata", [None, [], "a", 1]),
    ],
)
def test_a_field_of_another_type_or_value_is_400(bigpanda: Sandbox, field: str, values: list[object]) -> None:
    """The answer names it. Numbers are not strings, strings are not numbers, and null is neither."""
    for value in values:
        errors = refused(post(bigpanda, {**WHOLE, field: value}), 400)
        assert {error[: len(field)] for error in errors} == {field}, value
    assert bigpanda.posts() == []


@pytest.mark.parametrize("body", [[NEEDED], [], "x", 1, None, b"", b"{", b"\xff"], ids=repr)
def test_a_body_that_is_no_object_is_400(bigpanda: Sandbox, body: object) -> None:
    """An array of changes too: the API takes one change in each call."""
    (error,) = refused(post(bigpanda, body), 400)
    assert error.startswith("body: ")
    assert bigpanda.posts() == []


def test_every_status_is_a_state(bigpanda: Sandbox) -> None:
    """Planned, In Progress, Done and Canceled; the filter of the list takes each."""
    states = {"Planned": "planned", "In Progress": "in_progress", "Done": "success", "Canceled": "canceled"}
    for status in states:
        take(bigpanda, identifier=status, status=status)
    assert {change["status"]: change["state"] for change in bigpanda.listed()} == states
    for status, state in states.items():
        found = ask(bigpanda.address, path=f"/changes?state={state}").json()
        assert ([change["status"] for change in found["changes"]], found["total"]) == ([status], 1)


def test_an_update_replaces_the_whole_change(bigpanda: Sandbox) -> None:
    """What it leaves out is gone; the change keeps its number and the time when it was made, and each post is kept."""
    assert post(bigpanda, WHOLE).status == 204
    (before,) = records(bigpanda)
    take(bigpanda, summary="Deploy shop again", start=1700000001)
    (after,) = records(bigpanda)
    assert {name: after[name] for name in NEEDED} == {**NEEDED, "summary": "Deploy shop again", "start": 1700000001}
    assert not set(OPTIONAL) & set(after)
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
    assert after["updated_at"] >= before["updated_at"]
    (change,) = bigpanda.listed()
    gone = ["component", "version", "ended", "reason", "ticket_url", "tags", "metadata"]
    assert [change[name] for name in gone] == [None] * len(gone)
    assert change["hosts"] == []
    assert [event["body"]["status"] for event in bigpanda.posts()] == ["Done", "In Progress"]


@pytest.mark.parametrize("closed", ["Done", "Canceled"])
def test_a_late_in_progress_opens_the_change_again(bigpanda: Sandbox, closed: str) -> None:
    """What BigPanda does is not documented; this shows a client that its posts came in the wrong order."""
    take(bigpanda, status=closed, end=1700000060)
    take(bigpanda)
    assert [(change["state"], change["ended"]) for change in bigpanda.listed()] == [("in_progress", None)]
    assert [event["body"]["status"] for event in bigpanda.posts()] == [closed, "In Progress"]


def test_an_end_of_the_deployments_api_closes_no_change(bigpanda: Sandbox) -> None:
    """However alike the two are."""
    take(bigpanda, tags={"component": "shop", "version": "1", "hosts": "a"})
    event = {"component": "shop", "version": "1", "hosts": ["a"]}
    post_event(bigpanda.address, "end", event)
    assert len(bigpanda.unmatched()) == 1
    post_event(bigpanda.address, "start", event)
    post_event(bigpanda.address, "end", event)
    assert {change["api"]: change["state"] for change in bigpanda.listed()} == {
        "changes": "in_progress",
        "deployments": "success",
    }


def test_both_kinds_are_in_one_list(bigpanda: Sandbox) -> None:
    """With the same keys; what the other API alone has is null, and tags fill the fields of deployments."""
    post_event(bigpanda.address, "start", {"component": "c", "version": "1", "hosts": ["a"], "timestamp": 1600000000})
    post(bigpanda, WHOLE)
    deployment, change = bigpanda.listed()
    assert set(deployment) == set(change)
    assert deployment["api"] == "deployments"
    new = ["identifier", "summary", "status", "ticket_url", "tags", "metadata"]
    assert [deployment[name] for name in new] == [None] * len(new)
    assert change == {
        **{name: WHOLE[name] for name in new},
        **{"id": 2, "api": "changes", "state": "success", "started": 1700000000, "ended": 1700000060},
        **{"component": "shop", "version": "2", "hosts": ["web-1", "web-2"], "reason": "why"},
        **{"description": None, "owner": None, "source": None},
    }


def test_changes_are_found_by_their_tags_or_summary(bigpanda: Sandbox) -> None:
    """A component or host is looked for in the tags of that name; without a component, in the summary."""
    take(bigpanda, identifier="tagged", summary="Deploy web", tags={"component": "shop", "hosts": "web-1,web-1.local"})
    take(bigpanda, identifier="bare", summary="Restart the SHOP")
    for query, expected in (
        ("component=shop", {"tagged", "bare"}),
        ("component=restart", {"bare"}),
        ("component=web", set()),
        ("host=WEB-1", {"tagged"}),
        ("host=1,web", set()),
        ("component=shop&state=in_progress&host=local", {"tagged"}),
    ):
        found = ask(bigpanda.address, path=f"/changes?{query}").json()
        assert {change["identifier"] for change in found["changes"]} == expected, query
        assert found["total"] == len(expected)


def test_records_have_the_fields_that_were_sent_and_four_more(bigpanda: Sandbox) -> None:
    """Fields that are not documented are not returned."""
    post(bigpanda, {**WHOLE, "more": 1})
    (record,) = records(bigpanda)
    assert {name: record.pop(name) for name in WHOLE} == WHOLE
    assert record.pop("created_at") == record.pop("updated_at") > 1700000000
    assert record == {"id": "1", "source_system": "sandbox"}


def test_records_are_those_that_start_in_the_frame(bigpanda: Sandbox) -> None:
    """Both its ends are part of it. Deployments of the other API are not returned."""
    post_event(bigpanda.address, "start", {"component": "c", "version": "1", "hosts": ["a"], "timestamp": 20})
    for second in (10, 20, 30):
        take(bigpanda, identifier=str(second), start=second)
    assert identifiers(bigpanda, start_time_frame=10, end_time_frame=20) == ["20", "10"]
    assert identifiers(bigpanda, start_time_frame=21, end_time_frame=29) == []
    assert identifiers(bigpanda, start_time_frame=30, end_time_frame=10) == []


def test_records_are_searched_in_identifier_summary_and_status(bigpanda: Sandbox) -> None:
    """In any case, and not in tags; what stands in a pattern counts as it is."""
    take(bigpanda, identifier="pulumi-1", summary="100% Done by hand", tags={"x": "needle"})
    take(bigpanda, identifier="CHG-2", summary='Say "hello"', status="Canceled")
    for search, expected in (
        ("PULUMI", {"pulumi-1"}),
        ("chg-2", {"CHG-2"}),
        ("by hand", {"pulumi-1"}),
        ("in progress", {"pulumi-1"}),
        ("cancel", {"CHG-2"}),
        ("100%", {"pulumi-1"}),
        ("%", {"pulumi-1"}),
        ('"hello', {"CHG-2"}),
        ("needle", set()),
        ("", {"pulumi-1", "CHG-2"}),
    ):
        assert set(identifiers(bigpanda, search=f'"{search}"')) == expected, search


def test_the_link_header_leads_through_all_records(bigpanda: Sandbox) -> None:
    """Each page keeps the query; the last one has no link. Changes that come in later do not move the place."""
    for number in range(7):
        take(bigpanda, identifier=f"c-{number}", start=1000 + number // 2, summary="Größe & Form")
    query = urlencode({**ALL_TIME, "search": '"Größe & form"', "limit": 3})
    path, found, pages = f"{RECORDS}?{query}", [], 0
    while path:
        answer = ask(bigpanda.address, path=path, headers=[BEARER])
        found += [record["identifier"] for record in answer.json()["results"]]
        take(bigpanda, identifier=f"later-{pages}", start=2000, summary="Größe & Form")
        link = answer.headers.get("link", "")
        assert not link or link.endswith('>; rel="next"')
        path = link.partition(">")[0].removeprefix(f"<{bigpanda.address}")
        pages += 1
    assert found == ["c-6", "c-5", "c-4", "c-3", "c-2", "c-1", "c-0"]
    assert pages == 3


def test_an_answer_has_200_records_unless_a_limit_is_given(bigpanda: Sandbox) -> None:
    """At most 999."""
    for number in range(201):
        take(bigpanda, identifier=str(number))
    assert len(records(bigpanda)) == 200
    assert len(records(bigpanda, limit=999)) == 201


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("", {"start_time_frame", "end_time_frame"}),
        ("start_time_frame=1", {"end_time_frame"}),
        ("start_time_frame=now&end_time_frame=2", {"start_time_frame"}),
        ("start_time_frame=1&end_time_frame=2&limit=1000", {"limit"}),
        ("start_time_frame=1&end_time_frame=2&limit=0", {"limit"}),
        ("start_time_frame=1&end_time_frame=2&cursor=x", {"cursor"}),
        ("start_time_frame=1&end_time_frame=2&search=x", {"search"}),
        ("start_time_frame=1&end_time_frame=2&search=%22", {"search"}),
    ],
)
def test_a_wrong_query_is_400(bigpanda: Sandbox, query: str, named: set[str]) -> None:
    """The answer names each parameter that is missing or wrong."""
    answer = ask(bigpanda.address, path=f"{RECORDS}?{query}", headers=[BEARER])
    assert {error.partition(":")[0] for error in refused(answer, 400)} == named


def test_records_need_the_bearer_token_alone(bigpanda: Sandbox) -> None:
    """An app key is no replacement for it."""
    path = f"{RECORDS}?{urlencode(ALL_TIME)}"
    assert ask(bigpanda.address, path=path, headers=[BEARER]).status == 200
    refused(ask(bigpanda.address, path=path, headers=[APP_KEY]), 401)


@pytest.mark.parametrize(("method", "path"), [("DELETE", CHANGES), ("GET", CHANGES), ("POST", RECORDS)])
def test_another_method_is_405_in_the_same_shape(bigpanda: Sandbox, method: str, path: str) -> None:
    """There is no way to delete a change."""
    refused(ask(bigpanda.address, method, path, [BEARER, APP_KEY]), 405)


def test_more_posts_than_the_limit_are_429() -> None:
    """Without Retry-After, as BigPanda documents none; nothing of them is kept, and other calls go on."""
    with start("--port", "0", "--changes-per-minute", "2") as process:
        try:
            assert process.stdout is not None
            running = Sandbox(process.stdout.readline().rpartition(" ")[2].strip())
            assert post(running, {}).status == 400  # counts too
            assert post(running, NEEDED).status == 204
            answer = post(running, {**NEEDED, "status": "Done"})
            assert "last minute" in refused(answer, 429)[0]
            assert "retry-after" not in answer.headers
            assert [event["body"]["status"] for event in running.posts()] == ["In Progress"]
            assert len(records(running)) == 1
        finally:
            process.kill()


def test_the_limit_is_for_any_sixty_seconds() -> None:
    """Posts that were refused do not count, and those of a minute ago do not any more."""
    now = 0.0
    rate = Rate(2, lambda: now)
    taken = []
    for now in (0, 30, 59, 60, 61, 89, 90):  # noqa: B007 - the clock reads it
        taken.append(rate.takes())
    assert taken == [True, True, False, True, False, False, True]
    assert all(Rate(None).takes() for _ in range(1000))


@pytest.mark.parametrize("number", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_no_number_of_posts_is_told(number: str) -> None:
    """In one sentence."""
    done = subprocess.run(command(f"--changes-per-minute={number}"), capture_output=True, timeout=20, check=False)
    assert done.returncode == 2
    assert f'"{number}" is not a whole number of at least 1'.encode() in done.stderr


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TEXT = st.text(st.characters(codec=None), max_size=20)
TAG_NAMES = st.sampled_from(["component", "version", "hosts", "reason", "owner", "source"]) | TEXT
CHANGE = st.fixed_dictionaries(
    {
        "identifier": TEXT | JSON,
        "status": st.sampled_from(["Planned", "In Progress", "Done", "Canceled"]) | JSON,
        "summary": TEXT | JSON,
        "start": st.integers(0, 253402300799) | JSON,
    },
    optional={
        "end": st.integers(0, 253402300799) | JSON,
        "ticket_url": st.sampled_from(["https://a", "http://[", "//a", "javascript:x"]) | TEXT | JSON,
        "tags": st.dictionaries(TAG_NAMES, TEXT, max_size=4) | JSON,
        "metadata": st.dictionaries(TEXT, JSON, max_size=2) | JSON,
        "more": JSON,
    },
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=CHANGE | JSON, search=TEXT)
def test_no_change_makes_the_sandbox_fail(bigpanda: Sandbox, change: Any, search: str) -> None:
    """Whatever the fields are, it is taken or refused, and every page still shows."""
    answer = post(bigpanda, change)
    if answer.status != 204:
        refused(answer, 400)
    asked = quote(search.encode("utf-8", "replace"))
    for path in ("/", "/changes?limit=1000", "/events?limit=1000", f"/?component={asked}&host={asked}"):
        assert ask(bigpanda.address, path=path).status == 200
    number = len(bigpanda.listed())
    assert ask(bigpanda.address, path=f"/deployments/{number}").status == (200 if number else 404)
    path = f"{RECORDS}?{urlencode(ALL_TIME)}&search=%22{asked}%22"
    assert ask(bigpanda.address, path=path, headers=[BEARER]).status == 200
