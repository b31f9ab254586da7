"""What Pulumi calls secret, and the token, stand in plain text nowhere but in the events that BigPanda is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .engine import TOKEN, Stack
from .faults import FaultyBigPanda
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

SECRET = "Wohl#gehütet\\'\"<7>"
WEB = """
    hidden = config.require_secret("hidden")
    given = {"component": "web", "version": "1", "hosts": ["a", "b"], "description": "plain", "owner": "plain"}
    given["PROPERTY"] = VALUE
    with bigpanda.Deployment("web", **given):
        Thing("thing", hidden, fail="no {value}" if config.get_bool("fail") else None)
    """


def story(made: Stack, faulty: FaultyBigPanda, *arguments: str) -> None:
    """Everything that brings text out of the process: a preview, a failure, an outage, a resend, a refresh, the end."""
    assert made.preview(*arguments).ok
    assert not made.config(fail=True).up(*arguments).ok
    faulty.go_away()
    assert not made.up(*arguments).ok
    assert made.config(fail=False).up(*arguments).ok
    faulty.come_back()
    assert made.preview(*arguments).ok
    assert made.up(*arguments).ok
    assert made.refresh(*arguments).ok
    made.exported()
    assert made.destroy(*arguments).ok


@pytest.mark.parametrize(
    ("name", "value", "in_event"),
    [
        ("component", "hidden", SECRET),
        ("version", 'pulumi.Output.concat("1-", hidden)', "1-" + SECRET),
        ("hosts", '["a", hidden]', ["a", SECRET]),
        ("hosts", 'hidden.apply(lambda host: ["a", host])', ["a", SECRET]),
        ("description", "hidden", SECRET),
        ("owner", "hidden", SECRET),
        ("source", "hidden", SECRET),
        ("triggers", '[{"deep": [hidden]}]', None),
    ],
)
def test_a_secret_property(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, name: str, value: str, in_event: Any
) -> None:
    """It is sent, since the user declared it so; state has it encrypted, and nothing else has it at all."""
    made = faulty_stack(WEB.replace("PROPERTY", name).replace("VALUE", value))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    story(made, faulty)
    for form in (SECRET, json.dumps(SECRET)[1:-1], "gehütet", "geh\\u00fctet"):
        assert made.tells(form) == []
    assert [change["state"] for change in bigpanda.changes()] == ["failure", "failure", "success"]
    assert bigpanda.unmatched() == []
    starts = [event["body"] for event in bigpanda.events() if event["kind"] == "start"]
    if in_event is not None:
        assert [start[name] for start in starts] == [in_event] * 3
    reasons = [change["reason"] for change in bigpanda.changes() if change["state"] == "failure"]
    assert reasons == ["thing: RuntimeError: no ***"] * 2


def test_a_secret_timestamp(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It is encrypted under every name that state has it by."""
    made = stack("""
        bigpanda.Deployment("web", component="web", version="1", hosts=["a"],
                            timestamp=config.require_secret("when").apply(int))
        """)
    made.pulumi("config", "set", "--secret", "test:when", "1712345678")
    assert made.up().ok
    made.exported()
    assert made.tells("1712345678") == []
    assert bigpanda.events()[0]["body"]["timestamp"] == 1712345678


def test_a_secret_that_cannot_be_sent(stack: MakeStack) -> None:
    """The sentence that refuses it does not repeat it."""
    made = stack(WEB.replace("PROPERTY", "hosts").replace("VALUE", "[hidden, hidden]"))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    run = made.up()
    assert not run.ok
    assert "hosts" in run.output
    assert made.tells(SECRET) == []


@pytest.mark.parametrize("where", ["environment", "config"])
def test_the_token(faulty_stack: MakeStack, faulty: FaultyBigPanda, where: str) -> None:
    """Wherever it comes from, it is in no output, file or error, with the debug log too; export shows ciphertext."""
    made = faulty_stack(WEB.replace("PROPERTY", "owner").replace("VALUE", '"me"'))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    if where == "config":
        del made.environment["BIGPANDA_API_TOKEN"]
        made.pulumi("config", "set", "--secret", "bigpanda:apiToken", TOKEN)
    story(made, faulty, "--debug", "--logtostderr", "-v=9")
    assert made.tells(TOKEN) == []
