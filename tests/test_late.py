"""Late changes: what only the engine finds is recorded with its host, before it changes, and shown in preview."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from .engine import Run, Stack
from .sdks.stand_in import stand_in
from .servers import Sandbox
from .things import DRIFT, UPGRADE

pytestmark = pytest.mark.usefixtures("without_previews")

MakeStack = Callable[[str], Stack]

HOSTS = """
    from tests.things import Rule
    bigpanda.host_name("pulumi-python:dynamic:Resource", "name")
    outside = Thing("outside", config.get("outside"))
    """
"""Things are known as hosts, by their names; a Rule is none."""

SHOP = (
    HOSTS
    + """
    with bigpanda.Deployment("shop", component="shop", version="1"):
        Thing("web-1", "x")
        Thing("web-2", {value}, key={key})
    """
)
PLAIN = SHOP.format(value='"x"', key=None)
THROUGH_OUTPUT = SHOP.format(value="outside.value", key=None)


def reported(made: Stack, bigpanda: Sandbox, has: list[str], *arguments: str) -> Run:
    """Update; BigPanda then has these deployments more, each began before its host changed, and nothing is left to do.

    Args:
        made: the stack.
        bigpanda: the sandbox.
        has: such as "shop 1 on web-2: success".
        arguments: of `pulumi up`.
    """
    before, had, did = len(bigpanda.events()), bigpanda.has(), len(made.did())
    run = made.up(*arguments)
    assert run.ok, run.output
    assert bigpanda.has() == [*had, *has]
    events = bigpanda.events()[before:]
    assert len(events) == 2 * len(has)
    began = {host: e["received"] for e in events if e["kind"] == "start" for host in e["body"]["hosts"]}
    changed = {name: at for operation, name, at in made.did()[did:] if operation != "delete"}
    assert all(began[host] < changed[host] for host in began.keys() & changed.keys())
    nothing_more(made, bigpanda)
    return run


def nothing_more(made: Stack, bigpanda: Sandbox) -> None:
    """The next update shows nothing and sends nothing."""
    before = len(bigpanda.events())
    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert len(bigpanda.events()) == before


INVOKED = """pulumi.Output.from_input(
            pulumi.runtime.invoke_async("aws:ec2/getAmi:getAmi", {"owner": config.get("outside")})
        ).apply(lambda answer: answer["owner"])"""


@pytest.mark.parametrize(
    "value",
    [
        "outside.value",
        INVOKED,
        'config.require_secret("secret")',
        'pulumi.Output.concat(outside.value, "-", config.require_secret("secret"))',
        'pulumi.Output.secret({"deep": [config.get("outside")]})',
    ],
    ids=["output", "invoke", "secret", "concat", "generated"],
)
def test_a_change_that_the_program_does_not_declare(stack: MakeStack, bigpanda: Sandbox, value: str) -> None:
    """One start with its host before it changes, one end after it; preview tells of it."""
    made = stack(SHOP.format(value=value, key=None))
    stand_in(made, ["aws"])
    reported(made.config(outside="a", secret="a"), bigpanda, ["shop 1 on web-1, web-2: success"])
    made.config(outside="b", secret="b")
    preview = made.preview()
    assert "will also report web-2, which changes through an Output" in preview.output
    assert "Deployment shop" not in preview.operations()
    reported(made, bigpanda, ["shop 1 on web-2: success"])


@pytest.mark.parametrize("how", ["refresh", "replace", "target-replace", "upgrade"])
def test_a_change_of_the_engine_alone(stack: MakeStack, bigpanda: Sandbox, how: str) -> None:
    """Drift that is repaired, a replacement that is asked for, a provider's upgrade: as any change."""
    made = stack(PLAIN)
    reported(made, bigpanda, ["shop 1 on web-1, web-2: success"])
    web_2 = "**Resource::web-2"
    arguments = {
        "refresh": ["--refresh"],
        "replace": ["--replace", web_2],
        "target-replace": ["--target-replace", web_2],
    }
    if how == "refresh":
        made.let_go(DRIFT)
    if how == "upgrade":
        made.let_go(UPGRADE)
    hosts = "web-1, web-2" if how in ("refresh", "upgrade") else "web-2"
    before = bigpanda.has()
    preview = made.preview(*arguments.get(how, []))
    assert f"will also report {hosts}, which change" in preview.output
    assert bigpanda.has() == before
    run = made.up(*arguments.get(how, []))
    assert run.ok, run.output
    assert bigpanda.has() == [*before, f"shop 1 on {hosts}: success"]
    for gate in (DRIFT, UPGRADE):
        (made.folder / f"journal.{gate}").unlink(missing_ok=True)
    nothing_more(made, bigpanda)


def test_a_replacement_through_an_output(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The start comes before the new one is made."""
    made = stack(SHOP.format(value=None, key="outside.value")).config(outside="a")
    reported(made, bigpanda, ["shop 1 on web-1, web-2: success"])
    reported(made.config(outside="b"), bigpanda, ["shop 1 on web-2: success"])


def test_several_at_once(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Each has its start before it changes, and shares it with what the engine has under way; nothing hangs."""
    made = stack(
        HOSTS
        + """
    with bigpanda.Deployment("shop", component="shop", version="1"):
        for number in range(20):
            Thing(f"web-{number}", outside.value)
    """
    ).config(outside="a")
    assert made.up().ok
    before, did = len(bigpanda.events()), len(made.did())
    run = made.config(outside="b").up("--parallel", "4")
    assert run.ok, run.output
    events = bigpanda.events()[before:]
    starts = [event for event in events if event["kind"] == "start"]
    named = [host for event in starts for host in event["body"]["hosts"]]
    assert sorted(named) == sorted(f"web-{number}" for number in range(20))
    assert len(starts) <= 8
    assert len(events) == 2 * len(starts)
    began = {host: event["received"] for event in starts for host in event["body"]["hosts"]}
    assert all(began[name] < at for _, name, at in made.did()[did:] if name in began)
    assert {change["state"] for change in bigpanda.changes()} == {"success"}
    nothing_more(made, bigpanda)


def test_one_that_the_engine_finds_later(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It has a start of its own; the hosts of the first one do not change."""
    made = stack(
        HOSTS
        + """
    with bigpanda.Deployment("shop", component="shop", version="1"):
        first = Thing("web-1", outside.value)
        Thing("web-2", first.value)
    """
    ).config(outside="a")
    assert made.up().ok
    reported(made.config(outside="b"), bigpanda, ["shop 1 on web-1: success", "shop 1 on web-2: success"])


def test_a_run_that_reports_already(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A host that its start does not name has a start of its own, with the Deployment's still open."""
    text = THROUGH_OUTPUT.replace('"x"', 'config.get("web")')
    made = stack(text).config(outside="a", web="a")
    assert made.up().ok
    made.config(outside="b", web="b")
    preview = made.preview()
    assert preview.operations()["Deployment shop"] == "update"
    assert "will also report web-2, which changes through an Output" in preview.output
    reported(made, bigpanda, ["shop 1 on web-1: success", "shop 1 on web-2: success"])
    made.program(text.replace('version="1"', 'version="2"')).config(outside="c")
    assert "also report" not in made.preview().output
    reported(made, bigpanda, ["shop 2 on web-1, web-2: success"])


NO_HOST = (
    HOSTS
    + """
    with bigpanda.Deployment("shop", component="shop", version="1"):
        Thing("web-1", config.get("web"))
        Rule("rule", outside.value)
    """
)


def test_what_is_no_host_beside_a_start(stack: MakeStack, bigpanda: Sandbox) -> None:
    """In a scope that has known hosts it needs no start beside the Deployment's: no alert carries its name."""
    made = stack(NO_HOST).config(outside="a", web="a")
    assert made.up().ok
    reported(made.config(outside="b", web="b"), bigpanda, ["shop 1 on web-1: success"])


def test_what_is_no_host_alone(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Nothing covered changes unless its Deployment has a start: by the name of what changes."""
    made = stack(NO_HOST).config(outside="a", web="a")
    assert made.up().ok
    assert "will also report rule, which changes through an Output" in made.config(outside="b").preview().output
    reported(made, bigpanda, ["shop 1 on rule: success"])


def test_names_stand_for_hosts_where_none_is_known(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Each then counts as a host, beside a start of the Deployment too."""
    made = stack("""
        outside = Thing("outside", config.get("outside"))
        with bigpanda.Deployment("shop", component="shop", version="1"):
            Thing("one", config.get("one"))
            Thing("two", outside.value)
        """).config(outside="a", one="a")
    assert made.up().ok
    reported(made.config(outside="b", one="b"), bigpanda, ["shop 1 on one: success", "shop 1 on two: success"])


def test_hosts_that_are_given(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Any start of the Deployment will do; where there is none, one with these hosts, whatever changes in turn."""
    made = stack("""
        outside = Thing("outside", config.get("outside"))
        with bigpanda.Deployment("shop", component="shop", version="1", hosts=["b", "a"]):
            one = Thing("one", outside.value)
            Thing("two", one.value)
            Thing("three", config.get("three"))
        """).config(outside="a", three="a")
    assert made.up().ok
    preview = made.config(outside="b").preview()
    assert "will also report a, b, since one, two change through an Output" in preview.output
    reported(made, bigpanda, ["shop 1 on a, b: success"])
    assert "also report" not in made.config(outside="c", three="c").preview().output
    reported(made, bigpanda, ["shop 1 on b, a: success"])


def test_a_nested_scope(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It counts for the innermost Deployment alone."""
    made = stack(
        HOSTS
        + """
    with bigpanda.Deployment("outer", component="outer", version="1"):
        Thing("web-1", "x")
        with bigpanda.Deployment("inner", component="inner", version="1"):
            Thing("web-2", outside.value)
    """
    ).config(outside="a")
    assert made.up().ok
    reported(made.config(outside="b"), bigpanda, ["inner 1 on web-2: success"])


def test_record_program(stack: MakeStack, bigpanda: Sandbox) -> None:
    """One line at the top records it too, with the version of today, though that alone sends nothing."""
    made = stack(
        """
    from bigpanda_provider.program.arguments import FoundVersion
    bigpanda.host_name("pulumi-python:dynamic:Resource", "name")
    bigpanda.record_program(version=FoundVersion(config.require("found")))
    Thing("web-1", config.require_secret("secret"))
    """
    ).config(secret="a", found="1")
    assert made.up().ok
    reported(made.config(secret="b", found="2"), bigpanda, ["test-dev 2 on web-1: success"])


@pytest.mark.parametrize("why", ["off", "watch"])
def test_nothing_is_sent_where_nothing_is_to_be(stack: MakeStack, bigpanda: Sandbox, why: str) -> None:
    """`delivery: off` and `watch=False`: preview says nothing of it either."""
    made = stack(
        THROUGH_OUTPUT
        if why == "off"
        else THROUGH_OUTPUT.replace('version="1"', 'version="1", watch=False, hosts=["a"]')
    )
    assert made.config(outside="a").up().ok
    before = len(bigpanda.events())
    if why == "off":
        made.environment["BIGPANDA_DELIVERY"] = "off"
    made.config(outside="b")
    assert "will also report" not in made.preview().output
    run = made.up()
    assert run.ok
    assert len(bigpanda.events()) == before
    assert ("update", "web-2") in [(operation, name) for operation, name, _ in made.did()]


def test_what_the_event_says(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It has the Deployment's properties, and the time at which it began."""
    made = stack(
        THROUGH_OUTPUT.replace('version="1"', 'version="1", description="d", owner="o", source="s", timestamp=5')
    )
    assert made.config(outside="a").up().ok
    assert made.config(outside="b").up().ok
    first, _, late, _ = bigpanda.events()
    assert first["body"]["timestamp"] == 5
    assert abs(late["body"].pop("timestamp") - time.time()) < 60
    assert late["body"] == {
        "component": "shop",
        "version": "1",
        "hosts": ["web-2"],
        "description": "d",
        "owner": "o",
        "source": "s",
    }


def test_a_deployment_that_is_completed_by_hand(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What depends on it and is named in `complete` is covered as in a `with`."""
    made = stack(
        HOSTS
        + """
    shop = bigpanda.Deployment("shop", component="shop", version="1")
    web = Thing("web-1", outside.value, opts=pulumi.ResourceOptions(depends_on=[shop]))
    Thing("web-2", outside.value, opts=pulumi.ResourceOptions(depends_on=shop))
    shop.complete(after=[web])
    """
    ).config(outside="a")
    reported(made, bigpanda, ["shop 1 on web-1: success"])
    assert "will also report web-1, which changes through an Output" in made.config(outside="b").preview().output
    reported(made, bigpanda, ["shop 1 on web-1: success"])


WITHOUT_PROPERTIES = """
    from pulumi.runtime import _callbacks

    def looked_at(*args, **kwargs):
        raise RuntimeError("the properties are taken apart")

    _callbacks.deserialize_properties = looked_at
    with bigpanda.Deployment("shop", component="shop", version="1", hosts=["web-1"]):
        Thing("web", config.get("value"))
    """


def test_a_look_at_a_change_takes_no_properties_apart(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A manifest may be large, and only which resource it is matters: for creates, updates and in previews."""
    made = stack(WITHOUT_PROPERTIES)
    for value in ("1", "2"):
        run = made.config(value=value).up()
        assert run.ok, run.output
        assert "taken apart" not in run.output
    assert bigpanda.story() == ["start 1", "success 1"] * 2
