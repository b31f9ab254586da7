"""A stack whose program is not Python and does not know of this package."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sys

import pytest

from tests.engine import Stack
from tests.sdks.stand_in import stand_in
from tests.servers import Sandbox

from .command import EVENT, UP, Release

FOUND = shutil.which(
    "pulumi-language-yaml", path=f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)
pytestmark = pytest.mark.skipif(FOUND is None, reason="NOT TESTED: no pulumi-language-yaml; run `make yaml` first")

TEXT = {"type": "string"}
SCHEMA = {
    "name": "docker",
    "version": "0.0.0",
    "resources": {
        "docker:index/container:Container": {"inputProperties": {"name": TEXT, "image": TEXT}, "properties": {}},
        "docker:index/network:Network": {"inputProperties": {"name": TEXT}, "properties": {}},
    },
}
WEB = {"type": "docker:Container", "properties": {"name": "web-1", "image": "shop:1"}}
NET = {"type": "docker:Network", "properties": {"name": "shop"}}


@pytest.fixture
def shop(tmp_path: pathlib.Path, bigpanda: Sandbox) -> Release:
    """A `runtime: yaml` stack with a container and a network of a stand-in for Docker."""
    stack = Stack(tmp_path / "stack", bigpanda.address)
    stand_in(stack, ["docker"])
    schema = stack.folder / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    stack.environment["ECHO_SCHEMA"] = str(schema)
    return declare(Release(stack), web=WEB, net=NET)


def declare(shop: Release, **resources: object) -> Release:
    """Write the program; YAML takes JSON."""
    project = {"name": "test", "runtime": "yaml", "resources": resources}
    (shop.stack.folder / "Pulumi.yaml").write_text(json.dumps(project))
    return shop


def test_create_preview_shows_the_host(shop: Release, bigpanda: Sandbox) -> None:
    """The container's name by the table of host types; a network is none."""
    run = shop("preview", *EVENT)
    assert "start  shop 1 on web-1" in run.output, run.output
    assert "known host type" not in run.output
    assert bigpanda.events() == []


def test_create_update_and_removal_are_recorded(shop: Release, bigpanda: Sandbox) -> None:
    """Each with the hosts that it affects; a replaced name counts with what it was."""
    assert shop(*UP).ok
    declare(shop, web={**WEB, "properties": {"name": "web-2", "image": "shop:2"}}, net=NET)
    assert shop("up", "--yes", "--component", "shop", "--version", "2").ok
    declare(shop, net=NET)
    assert shop("up", "--yes", "--component", "shop", "--version", "3").ok
    assert shop("up", "--yes", "--component", "shop", "--version", "4").ok
    assert [change["hosts"] for change in bigpanda.changes()] == [["web-1"], ["web-1", "web-2"], ["web-2"]]
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2", "start 3", "success 3"]


def test_a_resource_that_fails(shop: Release, bigpanda: Sandbox) -> None:
    """The reason is the provider's own sentence."""
    shop.stack.environment["ECHO_FAIL"] = "::web$"
    run = shop(*UP)
    assert run.code == 1
    (change,) = bigpanda.changes()
    assert change["state"] == "failure"
    assert change["reason"].startswith("web: ")
    assert "the cloud says no" in change["reason"]
