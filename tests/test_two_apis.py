"""What the Changes API makes possible: one change for each attempt, with its true times and all of its hosts."""

from __future__ import annotations

import subprocess
import textwrap
import time
from collections.abc import Callable
from typing import Any

import pytest

from bigpanda_provider.state import Api

from . import faults
from .engine import APP_KEY, TOKEN, Stack, both_apis, recorded_by
from .faults import FaultyBigPanda
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]
CHANGES = pytest.mark.parametrize("api", [Api.CHANGES], indirect=True)

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing", config.get("value"), fail=config.get("fail"))
    """

LATE = """
    bigpanda.host_name("pulumi-python:dynamic:Resource", "name")
    outside = Thing("outside", config.get("outside"))
    with bigpanda.Deployment("shop", component="shop", version="1"):
        Thing("web-1", config.get("value"))
        Thing("web-2", {})
    """
"""What changes of web-2 through an Output only the engine finds."""


def bodies(bigpanda: Sandbox) -> list[dict[str, Any]]:
    """What was posted to the Changes API, in order."""
    return [post["body"] for post in bigpanda.posts() if post["kind"] == "change"]


@CHANGES
def test_one_change_from_its_start_to_its_end(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Two posts with one identifier, of the attempt that state holds too."""
    made = stack(WEB)
    run = made.up()
    assert run.ok, run.output
    start, end = bodies(bigpanda)
    assert start["identifier"] == end["identifier"]
    assert (start["status"], end["status"]) == ("In Progress", "Done")
    attempts = {r["outputs"]["attempt"] for r in made.state() if "attempt" in r.get("outputs", {})}
    assert attempts == {start["identifier"].removeprefix("pulumi-")}
    assert start["summary"] == "Deploy web 1 to a"
    assert "end" not in start
    assert start["start"] == end["start"] <= end["end"]


@CHANGES
def test_an_end_that_is_late_has_its_true_time(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """What waits is posted once, as it ended, with the times at which it happened."""
    made = faulty_stack(WEB)
    faulty.go_away()
    assert made.up().ok
    over = int(time.time())
    faulty.come_back()
    time.sleep(2)
    assert made.up().ok
    (body,) = bodies(bigpanda)
    assert body["status"] == "Done"
    assert body["start"] <= body["end"] <= over


@CHANGES
def test_deployments_that_share_component_version_and_hosts(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Each has a change of its own, so nothing is mistaken."""
    made = stack("""
        for name in ("one", "two"):
            with bigpanda.Deployment(name, component="web", version="1", hosts=["a"]):
                Thing(name, fail="boom" if name == "two" else None)
        """)
    assert not made.up("--continue-on-error").ok
    assert sorted(bigpanda.has()) == ["web 1 on a: failure (two: RuntimeError: boom)", "web 1 on a: success"]


@CHANGES
def test_a_late_host_joins_the_change_that_runs(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What only the engine finds is added to it before the host changes, and its end has all hosts."""
    made = stack(LATE.format("outside.value"))
    made.config(outside="1")
    assert made.up().ok
    before, did = len(bodies(bigpanda)), len(made.did())
    run = made.config(outside="2", value="2").up()
    assert run.ok, run.output
    start, added, end = bodies(bigpanda)[before:]
    assert {start["identifier"]} == {added["identifier"]} == {end["identifier"]}
    assert [body["tags"]["hosts"] for body in (start, added, end)] == ["web-1", "web-1, web-2", "web-1, web-2"]
    assert [body["status"] for body in (start, added, end)] == ["In Progress", "In Progress", "Done"]
    assert "Added web-2 to shop 1" in run.output
    received = bigpanda.posts()[before + 1]["received"]
    assert next(at for _, name, at in made.did()[did:] if name == "web-2") > received
    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert len(bodies(bigpanda)) == before + 3


@CHANGES
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_late_host_of_an_end_that_waits(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, elsewhere: bool
) -> None:
    """Whoever sends the end sends it with all hosts."""
    made = faulty_stack(LATE.format("outside.value"))
    assert made.config(outside="1").up().ok
    before = len(bodies(bigpanda))
    faulty.script, faulty.fault = [None, None], faults.answer(503)
    assert made.config(outside="2", value="2").up().ok
    faulty.fault = None
    if elsewhere:
        made.elsewhere()
    assert made.up().ok
    posts = bodies(bigpanda)[before:]
    assert [body["status"] for body in posts] == ["In Progress", "In Progress", "Done"]
    assert [body["tags"]["hosts"] for body in posts] == ["web-1", "web-1, web-2", "web-1, web-2"]
    assert made.up("--expect-no-changes").ok


@CHANGES
def test_a_late_host_of_an_update_that_fails(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The guard's end has it too, and comes after what the program posts."""
    made = stack(LATE.format('fail=outside.value.apply(lambda value: "boom" if value == "2" else None)'))
    assert made.config(outside="1").up().ok
    before = len(bodies(bigpanda))
    assert not made.config(outside="2", value="2").up().ok
    posts = bodies(bigpanda)[before:]
    assert [body["status"] for body in posts] == ["In Progress", "In Progress", "Canceled"]
    assert posts[-1]["tags"]["hosts"] == "web-1, web-2"
    assert "web-2: RuntimeError: boom" in posts[-1]["summary"]


@pytest.mark.parametrize("first", list(Api))
def test_what_began_with_one_api_ends_with_it(
    make_stack: Callable[[str, str], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox, first: Api
) -> None:
    """The setting is changed while an end waits: that goes where its start went, and the next start where it is set."""
    made = make_stack(faulty.address, WEB)
    made.environment |= {
        "BIGPANDA_TIMEOUT_SECONDS": str(faults.EVENT_LIMIT_S),
        "BIGPANDA_APP_KEY": APP_KEY,
        "BIGPANDA_API": first.value,
    }
    faulty.script = [None]
    faulty.fault = faults.answer(503)
    assert made.up().ok
    faulty.fault = None
    second = next(api for api in Api if api is not first)
    made.environment["BIGPANDA_API"] = second.value
    run = made.config(version="2").up()
    assert run.ok, run.output
    kinds = {Api.DEPLOYMENTS: ["start", "end"], Api.CHANGES: ["change", "change"]}
    assert [post["kind"] for post in bigpanda.posts()] == kinds[first] + kinds[second]
    assert sorted(bigpanda.has()) == ["web 1 on a: success", "web 2 on a: success"]
    assert made.up("--expect-no-changes").ok
    assert len(bigpanda.posts()) == 4


def test_an_old_event_that_is_refused_holds_up_no_new_one(
    make_stack: Callable[[str, str], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The other API takes another kind of token: what it refuses stays queued, and the new deployment is recorded."""
    made = make_stack(faulty.address, WEB)
    made.environment |= {"BIGPANDA_TIMEOUT_SECONDS": str(faults.EVENT_LIMIT_S), "BIGPANDA_APP_KEY": APP_KEY}
    faulty.script = [None]
    faulty.fault = faults.answer(401)
    assert made.up().ok
    faulty.fault, faulty.refuses = None, "deployments"
    made.environment["BIGPANDA_API"] = Api.CHANGES.value
    assert made.config(version="2").up().ok
    assert bigpanda.has() == ["web 1 on a: in progress", "web 2 on a: success"]
    faulty.refuses = ""
    made.environment["BIGPANDA_API"] = Api.DEPLOYMENTS.value
    assert '=> "1 event is waiting to be sent"' in made.preview("--diff").output
    assert made.up().ok
    assert bigpanda.has() == ["web 1 on a: success", "web 2 on a: success"]
    assert made.up("--expect-no-changes").ok


def test_without_an_app_key(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The preview says so, in one sentence; the event waits, and is sent once there is one."""
    made = stack(WEB)
    made.environment["BIGPANDA_API"] = "changes"
    said = "there is no app key, which BigPanda's Changes API needs beside the token, so no event can be sent"
    assert made.preview().output.count(said) == 2  # once as it goes, once in the summary
    assert made.up(skip_preview=True).ok
    assert bigpanda.posts() == []
    made.environment["BIGPANDA_APP_KEY"] = APP_KEY
    assert made.up().ok
    assert bigpanda.has() == ["web 1 on a: success"]


def test_without_an_app_key_where_delivery_is_required(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The update fails before it changes anything."""
    made = stack(WEB)
    made.environment |= {"BIGPANDA_API": "changes", "BIGPANDA_DELIVERY": "required"}
    run = made.up()
    assert not run.ok
    assert "there is no app key" in run.output
    assert made.did() == []
    assert bigpanda.posts() == []


@both_apis
def test_what_an_operator_wants_to_know(stack: MakeStack, bigpanda: Sandbox, api: Api) -> None:
    """Stack, previous version, what changed, git and CI job are found out; the user's own tags come first."""
    made = stack(WEB.replace("hosts=", 'tags={"team": "payments", "environment": "production"}, owner="ann", hosts='))
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(made.folder))
    for arguments in (["init", "-q", "-b", "topic"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run([*git, *arguments], check=True)
    remote = "https://ann:s3cret@github.com/acme/shop.git"
    subprocess.run([*git, "remote", "add", "origin", remote], check=True)
    made.environment |= {
        **{"BIGPANDA_CONTEXT": "all", "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com"},
        **{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "17", "GITHUB_ACTOR": "ann"},
    }
    assert made.up().ok
    assert made.config(version="2").up().ok
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    found = {
        **{"previous_version": "1", "environment": "production", "project": "test", "team": "payments"},
        **{"git_commit": commit, "git_branch": "topic", "git_repository": "github.com/acme/shop"},
        **{"triggered_by": "ann"},
    }
    link = "https://github.com/acme/shop/actions/runs/17"
    if api is Api.CHANGES:
        body = bodies(bigpanda)[-1]
        assert found.items() <= body["tags"].items()
        assert body["ticket_url"] == link
        assert body["summary"] == "Deploy web 2 to a (production)"
        assert bodies(bigpanda)[0]["tags"]["resources"] == "pulumi-python:dynamic:Resource thing"
    else:
        starts = [post["body"]["description"] for post in bigpanda.posts() if post["kind"] == "start"]
        assert {f"{name}: {value}" for name, value in found.items()} | {f"ticket_url: {link}"} <= {
            *starts[-1].split("\n")
        }
    assert "s3cret" not in str(bigpanda.posts())
    assert "s3cret" not in made.exported()


def test_context_that_is_switched_off(stack: MakeStack, bigpanda: Sandbox) -> None:
    """One setting names what is sent; an unknown name is told with all that there are."""
    made = stack(WEB)
    made.environment |= {**recorded_by(Api.CHANGES), "BIGPANDA_CONTEXT": "environment, project"}
    assert made.up().ok
    assert bodies(bigpanda)[0]["tags"].keys() == {"component", "version", "hosts", "source", "environment", "project"}
    made.environment["BIGPANDA_CONTEXT"] = "enviroment"
    run = made.preview()
    assert not run.ok
    assert (
        "BIGPANDA_CONTEXT (environment) has the unknown name 'enviroment'; write all, none, or some of:" in run.output
    )


@both_apis
def test_a_secret_in_a_plain_tag(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A secret value of the config, read as plain text, the token and the app key are masked, as in a reason."""
    tags = """tags={"note": f"{config.require('pw')} and {os.environ['BIGPANDA_API_TOKEN']}"}"""
    description = """description="is " + config.require("pw")"""
    made = stack("import os\n" + textwrap.dedent(WEB).replace("hosts=", f"{tags}, {description}, hosts="))
    made.pulumi("config", "set", "--secret", "test:pw", "hush-hush")
    assert made.up().ok
    assert "hush-hush" not in str(bigpanda.posts())
    assert TOKEN not in str(bigpanda.posts())
    assert "*** and ***" in str(bigpanda.posts())
    assert made.tells("hush-hush") == []
    assert made.up("--expect-no-changes").ok


def test_the_version_before_a_failed_attempt(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Tried again, it is the one that was deployed before, not the one that failed."""
    made = stack(WEB)
    made.environment |= {**recorded_by(Api.CHANGES), "BIGPANDA_CONTEXT": "previous_version"}
    assert made.up().ok
    assert not made.config(version="2", fail="boom").up().ok
    assert made.config(fail="").up().ok
    told = [(body["status"], body["tags"].get("previous_version")) for body in bodies(bigpanda)[2:]]
    assert told == [("In Progress", "1"), ("Canceled", "1"), ("In Progress", "1"), ("Done", "1")]


@CHANGES
def test_an_update_that_is_killed_ended_when_it_was_seen_last(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The next run, however late it is, does not make it last until then."""
    made = stack(WEB.replace('config.get("value")', 'hold=config.get("hold")'))
    with made.config(hold="thing").running() as update:
        made.wait_until_held("thing")
        assert bodies(bigpanda)
        update.kill([update.process.pid, *update.program(), *update.provider()])
    killed = time.time()
    time.sleep(4)
    made.unlock()
    assert made.config(hold="").up().ok
    failed = next(body for body in bodies(bigpanda) if body["status"] == "Canceled")
    assert failed["start"] <= failed["end"] <= killed + 1


@both_apis
def test_a_secret_tag(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It is masked: what is secret is no tag; and it stands in no file in plain text."""
    made = stack(
        "import os\n"
        + textwrap.dedent(WEB).replace("hosts=", 'tags={"note": pulumi.Output.secret(os.environ["NOTE"])}, hosts=')
    )
    made.environment["NOTE"] = "hush-hush"
    assert made.up().ok
    assert made.up("--expect-no-changes").ok
    assert "hush-hush" not in str(bigpanda.posts())
    assert "***" in str(bigpanda.posts())
    assert made.tells("hush-hush") == []
