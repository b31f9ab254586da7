"""What the runner's events carry: tags, what is found out, and the API that they are sent by."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine import TOKEN, Stack
from tests.faults import FaultyBigPanda
from tests.servers import Sandbox

from .command import EVENT, UP, Release

MakeRelease = Callable[[str], Release]
MakeStack = Callable[[str], Stack]

ONE = "Thing('a', value=config.get('value'))"
APP_KEY = "app-key-that-must-not-be-seen"
HANDS = ("--component", "db", "--version", "9", "--host", "db-1")


def changes_of(shop: Release) -> Release:
    """The runner with the Changes API as its setting, and everything that is found out."""
    shop.stack.environment |= {
        "BIGPANDA_API": "changes",
        "BIGPANDA_APP_KEY": APP_KEY,
        "BIGPANDA_CONTEXT": "previous_version,environment,project,resources,job,ticket_url",
        "BUILDKITE": "true",
        "BUILDKITE_BUILD_URL": "https://ci.example/builds/7",
        "BUILDKITE_PIPELINE_SLUG": "shop",
        "BUILDKITE_BUILD_NUMBER": "7",
    }
    return shop


def last(bigpanda: Sandbox) -> dict[str, Any]:
    """The newest change."""
    return bigpanda.changes()[-1]


def test_a_change_carries_what_is_found_out(release: MakeRelease, bigpanda: Sandbox) -> None:
    """And the user's tags; the version before is that of the last success."""
    shop = changes_of(release(ONE))
    run = shop(*UP, "--tag", "team=payments", "--tag", "note=a=b")
    assert run.ok, run.output
    change = last(bigpanda)
    assert (change["api"], change["status"], change["ticket_url"]) == ("changes", "Done", "https://ci.example/builds/7")
    assert change["identifier"].startswith("pulumi-")
    assert change["summary"] == "Deploy shop 1 to a (dev)"
    assert {name: change["tags"].get(name) for name in ("team", "note", "environment", "project", "resources")} == {
        "team": "payments",
        "note": "a=b",
        "environment": "dev",
        "project": "test",
        "resources": "pulumi-python:dynamic:Resource a",
    }
    assert "previous_version" not in change["tags"]
    shop.stack.config(value="new")
    assert shop("up", "--yes", "--component", "shop", "--version", "2").ok
    assert last(bigpanda)["tags"]["previous_version"] == "1"
    shop.stack.config(value="newer")
    assert shop("up", "--yes", "--component", "shop", "--version", "2").ok
    assert "previous_version" not in last(bigpanda)["tags"]
    assert shop.stack.tells(APP_KEY) == []


def test_tags_of_the_deployments_api_stand_in_the_description(release: MakeRelease, bigpanda: Sandbox) -> None:
    """A line for each."""
    shop = release(ONE)
    assert shop(*UP, "--tag", "team=payments", "--description", "New prices").ok
    assert last(bigpanda)["description"] == "New prices\n\nteam: payments"
    assert shop("start", *HANDS, "--tag", "team=data").ok
    assert last(bigpanda)["description"] == "team: data"


def test_what_is_secret_in_the_stacks_config_is_in_no_tag(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Neither in those of the user nor in what is found out; nor in what is printed and kept."""
    shop = changes_of(release("Thing('hunter2/hunter2')"))
    shop.stack.pulumi("config", "set", "--secret", "password", "hunter2/hunter2")
    run = shop(*UP, "--host", "a", "--tag", "note=with hunter2/hunter2", "--tag", f"key={APP_KEY}")
    assert run.ok, run.output
    tags = last(bigpanda)["tags"]
    assert (tags["note"], tags["key"]) == ("with ***", "***")
    assert tags["resources"] == "pulumi-python:dynamic:Resource ***"
    assert "hunter2" not in json.dumps(json.loads(shop.printed("history", "--json"))[0]["tags"])


def test_a_preview_shows_the_tags(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Those that are given as a line, all of them as JSON, with the API and the link."""
    shop = changes_of(release(ONE))
    assert "         tags team=payments\n" in shop("preview", *EVENT, "--tag", "team=payments").output
    (planned,) = json.loads(shop.printed("preview", *EVENT, "--tag", "team=payments", "--json"))["releases"]
    start = planned["start"]
    assert (start["api"], start["link"]) == ("changes", "https://ci.example/builds/7")
    assert (start["tags"]["team"], start["tags"]["environment"]) == ("payments", "dev")
    assert "context" not in start
    assert bigpanda.events() == []


def test_the_tags_of_a_file_are_sent(release: MakeRelease, bigpanda: Sandbox) -> None:
    """For the release that has them."""
    shop = changes_of(release(ONE))
    entry = {"stack": "dev", "component": "shop", "version": "1", "tags": {"team": "payments"}}
    (shop.stack.folder / "release.yaml").write_text(json.dumps({"releases": [entry]}))
    assert shop("up", "release.yaml", "--yes").ok
    assert last(bigpanda)["tags"]["team"] == "payments"


def test_keys_and_api_come_from_the_command_line(release: MakeRelease, bigpanda: Sandbox) -> None:
    """They reach the program too, which may have a Deployment of its own."""
    shop = release("with bigpanda.Deployment('web', component='web', version='7', hosts=['w']):\n    Thing('a')")
    del shop.stack.environment["BIGPANDA_API_TOKEN"]
    files = {name: shop.stack.folder.parent / name for name in ("token", "app-key")}
    files["token"].write_text(f"{TOKEN}\n")
    files["app-key"].write_text(f"{APP_KEY}\n")
    given = ("--api", "changes", "--token-file", str(files["token"]), "--app-key-file", str(files["app-key"]))
    run = shop(*UP, *given)
    assert run.ok, run.output
    assert [(change["api"], change["component"], change["status"]) for change in bigpanda.changes()] == [
        ("changes", "web", "Done")
    ]
    assert shop("start", *HANDS, *given).ok
    assert shop("end", "--component", "db", *given).ok
    assert [change["api"] for change in bigpanda.changes()] == ["changes", "changes"]
    assert shop.stack.tells(APP_KEY) == []


def test_without_an_app_key_changes_wait(release: MakeRelease, bigpanda: Sandbox) -> None:
    """With the commands that set one; a preview says it already."""
    shop = changes_of(release(ONE))
    del shop.stack.environment["BIGPANDA_APP_KEY"]
    missing = "there is no app key, which BigPanda's Changes API needs beside the token"
    assert missing in shop("preview", *EVENT).output
    run = shop(*UP)
    assert run.ok
    assert run.output.count(missing) == 1
    assert bigpanda.events() == []
    assert shop("flush", env={"BIGPANDA_APP_KEY": APP_KEY}).output.endswith("2 events sent\n")
    assert last(bigpanda)["status"] == "Done"


@pytest.mark.parametrize(("first", "then"), [("changes", "deployments"), ("deployments", "changes")])
def test_what_began_with_one_api_ends_with_it(release: MakeRelease, bigpanda: Sandbox, first: str, then: str) -> None:
    """Whatever is set when it ends."""
    shop = changes_of(release(ONE))
    assert shop("start", *HANDS, "--api", first).ok
    assert shop("end", "--component", "db", "--api", then).ok
    (change,) = bigpanda.changes()
    assert (change["api"], change["state"]) == (first, "success")
    assert bigpanda.unmatched() == []


def test_a_change_that_waited_is_sent_with_its_times(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """And with what was found out when it began; only its last state is posted."""
    shop = changes_of(Release(faulty_stack(ONE)))
    faulty.go_away()
    assert shop("start", *HANDS).ok
    assert shop("end", "--component", "db", "--status", "failure", "--reason", "disk full").ok
    (record,) = json.loads(shop.printed("history", "--json"))
    assert (record["api"], record["link"]) == ("changes", "https://ci.example/builds/7")
    faulty.come_back()
    assert shop("flush", env={"BUILDKITE_BUILD_URL": "https://ci.example/builds/8"}).output.endswith("2 events sent\n")
    assert len(bigpanda.posts()) == 1
    change = last(bigpanda)
    assert (change["status"], change["ticket_url"]) == ("Canceled", "https://ci.example/builds/7")
    assert change["tags"]["reason"] == "disk full"
