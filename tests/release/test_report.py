"""What a release tells beside its events: Pulumi's plan and outputs, lines of JSON, and less where less is wanted."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import requests
from pulumi.automation.events import EngineEvent
from rich.console import Console

from bigpanda_provider.release import carried
from bigpanda_provider.release.engine.progress import Progress
from bigpanda_provider.release.shown.display import Display, Running
from bigpanda_provider.release.shown.lines import Lines
from tests.engine import LIMIT_S
from tests.servers import Sandbox

from .command import COMMAND, EVENT, UP, Release, without_times

MakeRelease = Callable[[str], Release]

OUTPUTS = """
    Thing("web-1", value=config.get("value"))
    pulumi.export("url", config.get("url") or "https://shop.example.com/")
    pulumi.export("password", pulumi.Output.secret("hunter2hunter2"))
    pulumi.export("dsn", f"db://{config.get('key')}")
    """
HOST = ("--host", "web-1")


def lines(shop: Release, *arguments: str) -> list[dict[str, Any]]:
    """What a command prints for a script: each line of standard output is an object."""
    return [json.loads(line) for line in shop.printed(*arguments, "--json").splitlines()]


def test_a_script_reads_each_step(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The plan, the start with what became of it, each resource, the end, the result with the outputs."""
    shop = release(OUTPUTS)
    shop.stack.pulumi("config", "set", "--secret", "key", "correct-horse")
    told = lines(shop, *UP, *HOST)
    assert [line["type"] for line in told] == ["plan", "start", "resource", "resource", "end", "result"]
    plan, start, began, done, end, result = told
    assert [(change["op"], change["name"]) for change in plan["changes"]] == [("create", "web-1")]
    assert (start["delivery"], start["event"]["component"], start["event"]["hosts"]) == ("delivered", "shop", ["web-1"])
    assert (began["stage"], began["seconds"], done["stage"]) == ("began", None, "done")
    assert (end["attempt"], end["status"], end["delivery"]) == (start["attempt"], "success", "delivered")
    assert (result["outcome"], result["changes"]) == ("succeeded", {"created": 1})
    assert result["outputs"] == {"url": "https://shop.example.com/", "password": "[secret]", "dsn": "db://[secret]"}
    assert bigpanda.story() == ["start 1", "success 1"]


def test_what_only_the_runner_knows_as_secret_is_masked_in_outputs() -> None:
    """The engine masks secret config; of the token it knows nothing."""
    stack = {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev"}
    new = {**stack, "custom": False, "inputs": {}, "outputs": {"urls": ["https://bigpanda.example/?t=tok-123"]}}
    metadata = {**stack, "op": "create", "provider": "", "new": new}
    console = Console(file=io.StringIO())
    progress = Progress(Lines(Display(console, console)), Running("", ""), {"tok-123"})
    progress(EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata}}))
    assert progress.outputs == {"urls": ["https://bigpanda.example/?t=***"]}


def test_a_script_is_asked_nothing(release: MakeRelease, bigpanda: Sandbox) -> None:
    """A question would stand among what it reads."""
    run = release(OUTPUTS).terminal("up", *EVENT, "--json", answers=[])
    assert run.code == 2
    assert "--json asks no question; pass --yes to confirm, or run `preview --json` first" in run.output
    assert bigpanda.events() == []


def test_an_update_of_outputs_alone_says_so(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Nothing is sent; the outputs are as `pulumi up` prints them, and no secret is among them."""
    shop = release(OUTPUTS)
    assert shop(*UP, *HOST).ok
    shop.stack.pulumi("config", "set", "url", "https://shop.example.com/new")
    plan = shop("preview", *EVENT).output
    assert '~ url     : "https://shop.example.com/" => "https://shop.example.com/new"' in plan
    assert plan.endswith("only stack outputs change, so nothing is sent\n")
    run = shop(*UP, *HOST)
    assert "    password: [secret]" in run.output
    assert '  ~ url     : "https://shop.example.com/" => "https://shop.example.com/new"' in run.output
    assert run.output.endswith(": only stack outputs changed\n")
    assert "hunter2" not in plan + run.output
    assert bigpanda.story() == ["start 1", "success 1"]


def test_the_plan_in_full(release: MakeRelease) -> None:
    """With --diff it has the properties of each resource."""
    run = release(OUTPUTS)("preview", *EVENT, "--diff")
    assert (
        '        [urn=urn:pulumi:dev::test::pulumi-python:dynamic:Resource::web-1]\n        name      : "web-1"'
        in run.output
    )


@pytest.mark.parametrize("api", ["deployments", "changes"])
def test_a_destroy_is_recorded_as_a_removal(release: MakeRelease, bigpanda: Sandbox, api: str) -> None:
    """The plan says what BigPanda will show; description, tags and summary say that it removes."""
    shop = release(OUTPUTS)
    shop.stack.environment |= {"BIGPANDA_API": api, "BIGPANDA_APP_KEY": "key", "BIGPANDA_DELIVERY": "off"}
    assert shop(*UP).ok
    shop.stack.environment["BIGPANDA_DELIVERY"] = "bestEffort"
    run = shop.terminal("destroy", *EVENT, *HOST, "--tag", "team=pay", answers=[("now?", "y\n")])
    assert run.ok, run.output
    assert "Destroy shop 1" in run.output
    (change,) = bigpanda.changes()
    if api == "changes":
        assert change["summary"] == "Destroy shop 1 on web-1"
        assert {"operation": "destroy", "team": "pay", "description": "Destroy shop 1"}.items() <= change[
            "tags"
        ].items()
    else:
        assert change["description"].startswith("Destroy shop 1")
        assert "operation: destroy" in change["description"]


def test_a_removal_keeps_what_is_given() -> None:
    """A description stands after what is removed, and a tag of that name is the user's."""
    description, tags = carried.as_removal("shop 1", "end of the review", {"operation": "cleanup", "team": "pay"})
    assert description == "Destroy shop 1: end of the review"
    assert tags == {"operation": "cleanup", "team": "pay"}


def test_quiet_shows_results_warnings_and_errors(release: MakeRelease) -> None:
    """And nothing of the way there."""
    run = release(OUTPUTS)(*UP, "--quiet")
    warning, result = run.output.splitlines()
    assert warning.startswith("warning: no changed resource is of a known host type")
    assert without_times(result) == "succeeded (N s): 1 created"


def test_the_sandbox_tells_a_script_its_address() -> None:
    """In one line of JSON, before it serves."""
    command = [COMMAND, "sandbox", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            address = json.loads(serving.stdout.readline())["address"]
            assert requests.get(f"{address}/events", timeout=LIMIT_S).ok
        finally:
            serving.terminate()
