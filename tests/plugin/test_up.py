"""When a start is sent, and how its end follows: previews and updates of a YAML program that is in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bigpanda_provider.state import Api
from tests.engine import Stack, both_apis
from tests.servers import Sandbox

from .program import Resources, completion, container, declare, deployment, shop

MakeYaml = Callable[[Resources], Stack]


def alone(**more: Any) -> Resources:
    """A Deployment that covers nothing, and its Completion."""
    return {"shop": deployment(**more), "done": completion(after="shop")}


def test_preview_shows_the_event_and_sends_nothing(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """The properties of the event, and nothing that is for machines."""
    run = yaml(shop(owner="shop-team")).preview("--diff")
    assert run.ok, run.output
    assert 'owner    : "shop-team"' in run.output
    assert "__" not in run.output
    assert bigpanda.posts() == []


@both_apis
def test_the_covered_resource_changes_between_start_and_end(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """As `dependsOn` says; the lines of the update stand at the Deployment."""
    run = yaml(shop()).up()
    assert run.ok, run.output
    assert bigpanda.has() == ["shop 1 on web-1, web-2: success"]
    told = run.output.rpartition("bigpanda:index:Deployment (shop):\n")[2].splitlines()[:2]
    assert [line.strip() for line in told] == [
        "Sent the start of shop 1 on web-1, web-2",
        "Sent the end of shop 1: success",
    ]


def test_no_changes(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """An update that changes nothing sends nothing, and a refresh finds nothing."""
    made = yaml(shop(triggers=["a", 1], tags={"team": "shop"}))
    assert made.up().ok
    before = bigpanda.posts()
    assert made.up("--expect-no-changes").ok
    assert made.refresh("--expect-no-changes").ok
    assert bigpanda.posts() == before


@both_apis
def test_a_new_version(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """Preview shows exactly the version, and why it reports."""
    made = yaml(shop())
    assert made.up().ok
    shown = declare(made, shop("2", description="more of it")).preview("--diff").output
    ours = shown.partition("bigpanda:index:Deployment:")[2].partition("docker:index")[0].splitlines()[3:]
    assert [line.strip() for line in ours if "from $PATH" not in line and line.strip()][:-1] == [
        "+ because    : [",
        '+     [0]: "version 1 is now 2"',
        "]",
        '+ description: "more of it"',
        '~ version    : "1" => "2"',
    ], shown
    run = made.up()
    assert run.operations() == {
        "Deployment shop": "update",
        "Container web": "update",
        "Completion done": "update",
    }
    assert bigpanda.has() == ["shop 1 on web-1, web-2: success", "shop 2 on web-1, web-2: success"]
    assert made.up("--expect-no-changes").ok


def test_what_sends_nothing(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """The order of the hosts, and what only describes the deployment."""
    made = yaml(alone())
    assert made.up().ok
    text = {"description": "of it", "owner": "somebody", "source": "make"}
    declare(made, alone(hosts=["web-2", "web-1"], tags={"team": "shop"}, timestamp=1_700_000_000, **text))
    assert made.up("--expect-no-changes").ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_what_makes_a_new_start(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """Each of component, hosts as a set, and triggers. An explicit timestamp counts for the first start that has it."""
    made = yaml(alone(timestamp=1_700_000_000))
    changes: list[dict[str, Any]] = [{}, {"hosts": ["web-3"]}, {"triggers": [1]}, {"component": "billing"}]
    for change in changes:
        assert declare(made, alone(timestamp=1_700_000_000, **change)).up(skip_preview=True).ok
    starts = [event["body"] for event in bigpanda.events() if event["kind"] == "start"]
    assert [(one["component"], one["hosts"]) for one in starts] == [
        ("shop", ["web-1", "web-2"]),
        ("shop", ["web-3"]),
        ("shop", ["web-1", "web-2"]),
        ("billing", ["web-1", "web-2"]),
    ]
    assert [one["timestamp"] == 1_700_000_000 for one in starts] == [True, False, False, False]


def test_a_failure_that_the_program_declares(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """Status and reason are sent as they are; the next update reports again."""
    made = yaml({"shop": deployment(), "done": completion(after="shop", status="failure", errorMessage="no disk")})
    assert made.up().ok
    assert bigpanda.has() == ["shop 1 on web-1, web-2: failure (no disk)"]
    assert '"the last attempt failed"' in made.preview("--diff").output


def test_destroy_sends_nothing(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """History stays."""
    made = yaml(shop())
    assert made.up().ok
    before = bigpanda.posts()
    assert made.destroy().ok
    assert made.state() == []
    assert bigpanda.posts() == before


def test_a_deployment_below_a_parent(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """Its URN has the parent's type before its own, which the SDK leaves there; lines are shown at it."""
    below = {**deployment(), "options": {"parent": "${web}"}}
    made = yaml({"web": {"type": "docker:Container"}, "shop": below, "done": completion(after="shop")})
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has() == ["shop 1 on web-1, web-2: success"]
    assert "bigpanda:index:Deployment (shop):\n    Sent the start of shop 1" in run.output


@both_apis
def test_two_deployments_of_one_version(yaml: MakeYaml, bigpanda: Sandbox, api: Api) -> None:
    """The Deployments API cannot tell two apart, so that is refused; the Changes API can."""
    run = yaml({"shop": deployment(), "again": deployment(), "web": container()}).preview()
    assert run.ok == (api is Api.CHANGES), run.output
    assert ("has the same component, version and hosts" in run.output) == (api is Api.DEPLOYMENTS)
