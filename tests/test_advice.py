"""What to check after an answer of BigPanda's: each setting by its name, and where it was found."""

from __future__ import annotations

from typing import Any

import pytest

from bigpanda_provider.bigpanda.advice import Advice
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import Api


def settings(**given: Any) -> Settings:
    """The settings of a stack's config, unless others are given."""
    return Settings.resolve(**{"config": {"bigpanda:apiToken": "t"}, "environ": {}, **given})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "Check the token: `pulumi config set --secret bigpanda:apiToken`."),
        ({"explicit": {"apiToken": "t"}}, "Check the token in --token-file."),
        (
            {"config": {}, "environ": {"BIGPANDA_API_TOKEN": "t"}},
            "Check the token in BIGPANDA_API_TOKEN (environment).",
        ),
        ({"config": {}, "arguments": {"apiToken": "t"}}, "Check the token in apiToken (provider argument)."),
    ],
)
def test_a_token_that_is_not_accepted(given: dict[str, Any], told: str) -> None:
    """The error names the place where the token was found."""
    assert Advice(settings(**given), Api.DEPLOYMENTS).on_post(401) == told


def test_what_is_not_set_has_the_name_that_sets_it() -> None:
    """In the stack's config, or of an explicit provider, which reads none, its argument."""
    of_stack = Advice(settings(), Api.DEPLOYMENTS)
    assert of_stack.on_post(410) == "Check bigpanda:baseUrl, and bigpanda:appKey for the Changes API."
    of_provider = Advice(settings(config={}, arguments={"apiToken": "t"}), Api.DEPLOYMENTS)
    assert of_provider.on_post(410) == "Check baseUrl, and appKey for the Changes API."


def test_the_changes_api_takes_two_keys() -> None:
    """Errors about keys name both; errors about the address name neither."""
    changes = Advice(settings(environ={"BIGPANDA_APP_KEY": "k"}), Api.CHANGES)
    keys = "BigPanda's Changes API takes a User API key, and the app key in BIGPANDA_APP_KEY (environment)."
    assert changes.on_post(403) == f"Check the token's permissions. {keys}"
    assert changes.on_post(404) == changes.on_read(404) == changes.on_address == "Check bigpanda:baseUrl."
    assert changes.on_read(401) == (
        "BigPanda's Changes API takes a User API key, not the organization's token. Check bigpanda:apiToken (stack "
        "config), and that bigpanda:region is where the key is from."
    )


def test_an_explicit_provider_without_keys() -> None:
    """It is told of its own arguments: `pulumi config set` would not help it."""
    without = settings(config={}, arguments={})
    assert "Set its apiToken or `export BIGPANDA_API_TOKEN=...`" in (without.missing(Api.DEPLOYMENTS) or "")
    half = settings(config={}, arguments={"apiToken": "t"})
    assert half.missing(Api.DEPLOYMENTS) is None
    assert "Set its appKey or `export BIGPANDA_APP_KEY=...`" in (half.missing(Api.CHANGES) or "")
