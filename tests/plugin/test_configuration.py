"""The provider's configuration: stack config, environment, arguments of an explicit provider, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import faults
from tests.engine import TOKEN, Stack
from tests.faults import FaultyBigPanda
from tests.servers import Recorder, Sandbox

from .program import Resources, completion, declare, deployment

MakeYaml = Callable[[Resources], Stack]


def provider(**arguments: Any) -> dict[str, Any]:
    """An explicit provider."""
    return {"type": "pulumi:providers:bigpanda", "properties": arguments}


def by(name: str, resource: dict[str, Any]) -> dict[str, Any]:
    """The resource of an explicit provider."""
    return {**resource, "options": {**resource.get("options", {}), "provider": f"${{{name}}}"}}


def test_two_accounts_in_one_program(yaml: MakeYaml, bigpanda: Sandbox, recorder: Recorder) -> None:
    """Each explicit provider is a process of its own, with its own token and address; the failure of one is its own."""
    own, other = "token-of-shop", "token-of-billing"
    resources = {
        "one": provider(apiToken=own, baseUrl=bigpanda.address),
        "two": provider(apiToken=other, baseUrl=recorder.address),
        "shop": by("one", deployment()),
        "done": by("one", completion(after="shop")),
        "billing": by("two", deployment(component="billing")),
        "billed": by("two", completion("billing", "billing")),
    }
    made = yaml(resources)
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has() == ["shop 1 on web-1, web-2: success"]
    assert [one.headers["Authorization"] for one in recorder.requests] == [f"Bearer {other}"] * 2
    assert b"billing" in recorder.requests[0].body
    state = made.exported()
    assert own not in state
    assert other not in state
    assert made.up("--expect-no-changes").ok


def test_a_completion_with_another_provider(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """It could not end what another process has begun, so it is refused."""
    one = provider(baseUrl=bigpanda.address)
    run = yaml({"one": one, "shop": by("one", deployment()), "done": completion(after="shop")}).up(skip_preview=True)
    assert not run.ok
    assert "comes from a Deployment with another provider; give both the same provider" in run.output
    assert bigpanda.story() == ["start 1", "failure 1"]


def test_a_token_that_bigpanda_does_not_accept(yaml: MakeYaml, faulty: FaultyBigPanda) -> None:
    """An explicit provider is told of its own arguments, since it reads no stack config."""
    faulty.fault = faults.answer(401)
    one = provider(apiToken="wrong", baseUrl=faulty.address)
    run = yaml({"one": one, "shop": by("one", deployment()), "done": by("one", completion(after="shop"))}).up()
    assert run.ok, run.output
    assert "answered 401. Check the token in apiToken (provider argument); events are queued" in run.output
    assert "pulumi config set" not in run.output


def test_stack_config_wins_over_the_environment(yaml: MakeYaml, bigpanda: Sandbox, recorder: Recorder) -> None:
    """The token is a secret, in state too."""
    made = yaml({"shop": deployment(), "done": completion(after="shop")})
    for arguments in (["--secret", "bigpanda:apiToken", "from-config"], ["bigpanda:baseUrl", recorder.address]):
        assert made.pulumi("config", "set", *arguments).ok
    run = made.up()
    assert run.ok, run.output
    assert [one.headers["Authorization"] for one in recorder.requests] == ["Bearer from-config"] * 2
    assert bigpanda.posts() == []
    assert made.tells("from-config") == []


@pytest.mark.parametrize("how", ["--plaintext", "--secret"])
def test_a_token_in_stack_config(yaml: MakeYaml, how: str) -> None:
    """State has it encrypted; nothing is said of plain text, since the engine does not tell a plugin which is which."""
    made = yaml({"shop": deployment(), "done": completion(after="shop")})
    assert made.pulumi("config", "set", "bigpanda:apiToken", "the-token-of-config", how).ok
    run = made.up()
    assert run.ok, run.output
    assert "plain text" not in run.output
    assert "the-token-of-config" not in made.exported()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"region": "mars"}, "region (provider argument) is not a BigPanda region; write one of: us, eu"),
        ({"timeoutSeconds": -1}, "timeoutSeconds (provider argument) is not a number of seconds from 1 to 300"),
    ],
    ids=str,
)
def test_a_wrong_argument(yaml: MakeYaml, arguments: dict[str, Any], told: str) -> None:
    """One sentence, without a stack trace. An unknown argument is refused by the YAML host itself."""
    made = yaml({"one": provider(**arguments), "shop": by("one", deployment())})
    run = made.preview()
    assert not run.ok
    assert told in run.output, run.output
    assert 'File "' not in run.output


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("bigpanda:regoin", "eu", "unknown setting regoin; did you mean region?"),
        ("bigpanda:region", "mars", "bigpanda:region (stack config) is not a BigPanda region; write one of: us, eu"),
    ],
)
def test_wrong_stack_config(yaml: MakeYaml, key: str, value: str, told: str) -> None:
    """Named as it is written; a destroy goes on."""
    made = yaml({"shop": deployment(), "done": completion(after="shop")})
    assert made.up(skip_preview=True).ok
    assert made.pulumi("config", "set", key, value).ok
    run = made.preview()
    assert not run.ok
    assert told in run.output, run.output
    assert made.destroy(skip_preview=True).ok


def test_a_changed_setting_sends_nothing(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """The provider is updated; no event is sent."""
    made = yaml({"shop": deployment(), "done": completion(after="shop")})
    assert made.up(skip_preview=True).ok
    assert made.pulumi("config", "set", "bigpanda:timeoutSeconds", "7").ok
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]


def test_without_a_token(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """A preview warns once, and says how to set one."""
    made = yaml({"shop": deployment(), "done": completion(after="shop")})
    del made.environment["BIGPANDA_API_TOKEN"]
    run = made.preview()
    assert run.ok, run.output
    assert "there is no BigPanda token, so no event can be sent" in run.output
    assert TOKEN not in run.output
    declare(made, {})
