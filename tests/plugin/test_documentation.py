"""The YAML programs of the docs and of the example run on the real engine, with a stand-in for Docker."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml as parser

from bigpanda_provider.plugin import schema
from tests import documents
from tests.engine import ROOT, Stack
from tests.servers import Sandbox

from .program import Resources

PAGE = ROOT / "docs" / "other-languages.md"
EXAMPLE = ROOT / "examples" / "yaml" / "Pulumi.yaml"
ONE, ACCOUNTS = [block.text for block in documents.blocks(PAGE) if block.language == "yaml"]


def run(made: Stack, program: str, **config: str) -> None:
    """Update a stack with this program."""
    name = parser.safe_load(program)["name"]
    (made.folder / "Pulumi.yaml").write_text(program.replace(f"name: {name}\n", "name: test\n", 1))
    for name, value in config.items():
        assert made.pulumi("config", "set", "--secret", f"test:{name.replace('_', '-')}", value).ok
    done = made.up(skip_preview=True)
    assert done.ok, done.output


@pytest.mark.parametrize(
    ("program", "has"),
    [
        (ONE, "shop 2.4.1 on web-1: success"),
        (EXAMPLE.read_text(), "shop 2.4.1 on shop-1, shop-2: success"),
    ],
    ids=["page", "example"],
)
def test_the_program(yaml: Callable[[Resources], Stack], bigpanda: Sandbox, program: str, has: str) -> None:
    """As it stands."""
    run(yaml({}), program, version="2.4.1")
    assert bigpanda.has() == [has]


def test_several_accounts(yaml: Callable[[Resources], Stack], bigpanda: Sandbox) -> None:
    """As it stands, but for BigPanda's address."""
    made = yaml({})
    run(made, ACCOUNTS.replace("region: eu", f"baseUrl: {bigpanda.address}"), billing_token="a-token")
    assert bigpanda.has() == ["billing 1.2.3 on api-1: success"]
    assert "a-token" not in made.exported()


def test_every_input_and_output_is_in_the_tables() -> None:
    """Of both resources."""
    text = PAGE.read_text()
    for resource in json.loads(schema.text())["resources"].values():
        for name in {**resource["inputProperties"], **resource["properties"]}:
            assert f"`{name}`" in text
