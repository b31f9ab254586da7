"""From a program to BigPanda, on the real engine: what preview shows, what `up` sends, and when nothing is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

BILLING = """
    import json
    properties = {"component": "billing", "version": "1.2.3", "hosts": ["prod-api-1", "prod-api-2"]}
    properties |= json.loads(config.get("change") or "{}")
    with bigpanda.Deployment("billing", **properties):
        Thing("api", properties["version"])
    """


def test_create_preview_shows_the_event_and_sends_nothing(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Preview shows the start and the end with all their properties, and BigPanda hears nothing."""
    shown = stack(BILLING).preview("--diff")
    assert shown.ok, shown.output
    assert 'component : "billing"' in shown.output
    assert 'version   : "1.2.3"' in shown.output
    assert '[0]: "prod-api-1"' in shown.output
    assert "bigpanda:Completion" in shown.output
    assert bigpanda.events() == []


def test_create_sends_the_start_before_and_the_end_after_what_it_covers(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The first update sends one start, then creates the covered resource, then sends one success."""
    before = int(time.time())
    run = stack(BILLING).up()
    assert run.ok, run.output
    start, end = bigpanda.events()
    timestamp = start["body"].pop("timestamp")
    assert before <= timestamp <= time.time()
    same = {"component": "billing", "version": "1.2.3", "hosts": ["prod-api-1", "prod-api-2"]}
    assert start["body"] == {**same, "source": "pulumi"}
    assert end["body"] == {**same, "status": "success"}
    assert [change["state"] for change in bigpanda.changes()] == ["success"]


def test_without_its_preview_an_update_sends_the_same(stack: MakeStack, bigpanda: Sandbox) -> None:
    """`--skip-preview` leaves out what preview shows, and nothing else: on create, change and no change."""
    first = stack(BILLING)
    second = Stack(first.folder.with_name("second"), bigpanda.address).program(BILLING)
    sent: list[list[object]] = []
    for made, skip_preview in ((first, False), (second, True)):
        before = len(bigpanda.events())
        for version in ("1", "2", "2"):
            run = made.config(change=json.dumps({"version": version})).up(skip_preview=skip_preview)
            assert run.ok, run.output
            assert ("Previewing update" in run.output) is not skip_preview
        events = bigpanda.events()[before:]
        sent.append([(event["kind"], event["body"] | {"timestamp": None}) for event in events])
    assert sent[0] == sent[1]
    assert bigpanda.has() == [f"billing {version} on prod-api-1, prod-api-2: success" for version in "1212"]


def test_create_waits_for_the_start_and_the_end_waits_for_it(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A covered resource that takes time is created between the two events."""
    made = stack("""
        with bigpanda.Deployment("billing", component="billing", version="1", hosts=["a"]):
            Thing("slow", sleep=1)
        """)
    assert made.up().ok
    start, end = bigpanda.events()
    ((_, _, created),) = made.did()
    assert start["received"] < created - 1
    assert created < end["received"]


def test_no_change_sends_nothing(stack: MakeStack, bigpanda: Sandbox) -> None:
    """An unchanged program has nothing to update and nothing to send."""
    made = stack(BILLING)
    assert made.up().ok
    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert bigpanda.story() == ["start 1.2.3", "success 1.2.3"]


def test_update_is_sent_for_what_is_a_new_deployment_and_for_nothing_else(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Version, component, the set of hosts and triggers make a new start; order, texts and timestamp do not."""
    made = stack(BILLING)
    assert made.up().ok
    table = [
        ({"version": "1.2.4"}, True),
        ({"version": "1.2.4", "hosts": ["prod-api-2", "prod-api-1"]}, False),
        ({"version": "1.2.4", "description": "better", "owner": "ann", "source": "ci", "timestamp": 1700000000}, False),
        ({"version": "1.2.4", "hosts": ["prod-api-1"]}, True),
        ({"version": "1.2.4", "hosts": ["prod-api-1"], "triggers": [{"a": 1}]}, True),
        ({"version": "1.2.4", "hosts": ["prod-api-1"], "triggers": [{"a": 1.0}]}, False),
        ({"version": "1.2.4", "hosts": ["prod-api-1"], "triggers": [{"a": 1}], "component": "bills"}, True),
    ]
    for change, sends in table:
        events = len(bigpanda.events())
        made.config(change=json.dumps(change))
        shown = made.preview().operations()
        assert (shown.get("Deployment billing") == "update") is sends, change
        assert (shown.get("Completion billing") == "update") is sends, change
        assert len(bigpanda.events()) == events
        assert made.up().ok
        assert len(bigpanda.events()) == events + (2 if sends else 0), change
    assert {change["state"] for change in bigpanda.changes()} == {"success"}
    assert bigpanda.unmatched() == []


def test_update_with_an_explicit_timestamp_uses_it_once(stack: MakeStack, bigpanda: Sandbox) -> None:
    """An explicit timestamp counts for the first start that has it; a datetime is turned into whole seconds."""
    made = stack("""
        import datetime as dt
        moment = dt.datetime(2026, 1, 2, 3, 4, 5, 999999, dt.timezone.utc)
        bigpanda.Deployment("a", component="a", version=config.require("version"), hosts=["h"], timestamp=moment)
        """)
    for version in ("1", "2", "3"):
        assert made.config(version=version).up().ok
    first, *later = [e["body"]["timestamp"] for e in bigpanda.events() if e["kind"] == "start"]
    assert first == 1767323045
    assert all(abs(timestamp - time.time()) < 60 for timestamp in later)


def test_by_hand_the_end_waits_for_what_it_is_given(stack: MakeStack, bigpanda: Sandbox) -> None:
    """`complete(after=[...])` declares the end of a Deployment that covers nothing by itself."""
    made = stack("""
        release = bigpanda.Deployment("shop", bigpanda.DeploymentArgs(component="shop", version="2", hosts=["w"]))
        web = Thing("web", sleep=1, opts=pulumi.ResourceOptions(depends_on=[release]))
        release.complete(after=[web])
        """)
    assert made.up().ok
    start, end = bigpanda.events()
    ((_, _, created),) = made.did()
    assert start["received"] < created - 1
    assert created < end["received"]


def test_neither_entered_nor_completed_ends_after_everything(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A Deployment that is only declared covers nothing and ends after all that the program declares."""
    made = stack("""
        bigpanda.Deployment("shop", component="shop", version="2", hosts=["w"])
        Thing("later", sleep=1)
        """)
    assert made.up().ok
    ((_, _, created),) = made.did()
    start, end = bigpanda.events()
    assert start["received"] < created < end["received"]
    assert not any(
        "Deployment" in d for r in made.state() if r["type"].endswith("Resource") for d in r.get("dependencies", [])
    )


def test_declared_after_the_programs_end_is_completed_at_once(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A Deployment that is made in an `apply` has its end too."""
    made = stack("""
        Thing("first", "v1", sleep=0.5).value.apply(
            lambda value: bigpanda.Deployment("late", component="late", version=value, hosts=["w"]))
        """)
    assert made.up().ok
    assert bigpanda.story() == ["start v1", "success v1"]


def test_nested_the_inner_starts_after_and_ends_before_the_outer(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Scopes nest: outer start, inner start, inner end, outer end."""
    made = stack("""
        with bigpanda.Deployment("outer", component="all", version="outer", hosts=["w"]):
            with bigpanda.Deployment("inner", component="all", version="inner", hosts=["w"]):
                Thing("web", sleep=0.5)
        """)
    assert made.up().ok
    assert bigpanda.story() == ["start outer", "start inner", "success inner", "success outer"]


def test_covering_leaves_the_users_resources_and_options_as_they_are(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Covered resources keep their options, and a shared ResourceOptions is not touched."""
    made = stack("""
        base = Thing("base")
        shared = pulumi.ResourceOptions(depends_on=[base], protect=False)
        class Pair(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("test:index:Pair", name, None, opts)
                Thing(f"{name}-left", opts=pulumi.ResourceOptions(parent=self))
        with bigpanda.Deployment("billing", component="billing", version="1", hosts=["a"]):
            Thing("one", opts=shared)
            Thing("two", opts=shared)
            Pair("pair")
        assert shared.depends_on == [base]
        """)
    run = made.up()
    assert run.ok, run.output
    resources = {
        r["urn"].rsplit("::", 2)[-2].rsplit(":", 1)[-1] + " " + r["urn"].rsplit("::", 1)[-1]: r for r in made.state()
    }
    start = resources["Deployment billing"]["urn"]
    for name in ("one", "two", "pair-left"):
        assert start in resources[f"Resource {name}"]["dependencies"], name
    assert resources["Resource base"]["urn"] in resources["Resource one"]["dependencies"]
    assert not resources["Resource base"].get("dependencies")
    ends_after = resources["Completion billing"]["dependencies"]
    assert {resources[f"Resource {n}"]["urn"] for n in ("one", "two", "pair-left")} <= set(ends_after)


def test_refresh_and_destroy_send_nothing(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What was recorded is history: a refresh finds it unchanged, and a destroy does not touch it."""
    made = stack(BILLING)
    assert made.up().ok
    refreshed = made.refresh("--expect-no-changes")
    assert refreshed.ok, refreshed.output
    assert made.destroy().ok
    assert bigpanda.story() == ["start 1.2.3", "success 1.2.3"]


def test_outputs_are_those_of_the_recorded_event(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The program can use what was recorded, typed."""
    made = stack("""
        release = bigpanda.Deployment("a", component="a", version="1", hosts=["x", "y"])
        end = release.complete()
        pulumi.export("start", pulumi.Output.all(release.component, release.hosts, release.timestamp, release.delivery))
        pulumi.export("same", pulumi.Output.all(release.attempt, end.attempt).apply(lambda both: both[0] == both[1]))
        """)
    assert made.up().ok
    outputs = json.loads(made.pulumi("stack", "output", "--json").output)
    assert outputs["same"] is True
    assert outputs["start"][:2] == ["a", ["x", "y"]]
    assert isinstance(outputs["start"][2], int)
    assert outputs["start"][3] == "delivered"
