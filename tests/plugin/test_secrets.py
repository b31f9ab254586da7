"""Secret properties: encrypted in state, shown nowhere, and sent."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine import Stack, both_apis
from tests.servers import Sandbox

from .program import Resources, completion, declare, deployment

SECRET = "host-that-must-not-be-seen"
MakeYaml = Callable[[Resources], Stack]


@both_apis
def test_a_secret_host(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """BigPanda gets it; state, outbox and what is printed do not have it. A changed secret makes a new start."""
    resources = {"shop": deployment(hosts=["${host}"]), "done": completion(after="shop")}
    made = yaml({})
    declare(made, resources, config={"host": {"type": "string", "secret": True}})
    for value in (SECRET, f"{SECRET}-either"):
        assert made.pulumi("config", "set", "--secret", "test:host", value).ok
        run = made.up("--diff")
        assert run.ok, run.output
    assert bigpanda.has() == [f"shop 1 on {SECRET}: success", f"shop 1 on {SECRET}-either: success"]
    assert '"hosts changed"' in run.output
    assert made.up("--expect-no-changes").ok
    assert made.destroy().ok
    assert made.tells(SECRET) == []


def test_a_secret_in_the_tags(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """It is masked, as in Python; the other tags are sent as they are."""
    tags = {"team": "shop", "key": "${key}"}
    made = yaml({})
    declare(
        made,
        {"shop": deployment(tags=tags), "done": completion(after="shop")},
        config={"key": {"type": "string", "secret": True}},
    )
    assert made.pulumi("config", "set", "--secret", "test:key", SECRET).ok
    run = made.up()
    assert run.ok, run.output
    description = bigpanda.events()[0]["body"]["description"]
    assert "team: shop" in description
    assert SECRET not in str(bigpanda.posts())
    assert made.tells(SECRET) == []


def test_a_secret_reason(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """It is masked, as what is secret in any reason is; it is nowhere to be seen."""
    end = completion(after="shop", status="failure", errorMessage="${reason}")
    made = yaml({})
    declare(made, {"shop": deployment(), "done": end}, config={"reason": {"type": "string", "secret": True}})
    assert made.pulumi("config", "set", "--secret", "test:reason", SECRET).ok
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has() == ["shop 1 on web-1, web-2: failure (***)"]
    assert made.tells(SECRET) == []
