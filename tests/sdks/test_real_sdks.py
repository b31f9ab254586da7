"""Programs written with the real SDKs, on the real engine, with a plugin that stands in for the clouds.

Adding `record_program()` to such a program changes nothing of it, and reports what changes with its hosts.
"""

from __future__ import annotations

import importlib.util
import json
import pathlib
from typing import Any

import pytest

from tests.engine import Stack, write_program
from tests.servers import Sandbox

from .stand_in import stand_in

HERE = pathlib.Path(__file__).parent
PACKAGES = ("aws", "kubernetes", "docker", "hcloud", "command", "random")
MISSING = [name for name in PACKAGES if importlib.util.find_spec(f"pulumi_{name}") is None]
needs_sdks = pytest.mark.skipif(
    bool(MISSING), reason=f"NOT TESTED: no SDK of {', '.join(MISSING)}; run `make sdks` first"
)
pytestmark = [needs_sdks, pytest.mark.usefixtures("without_previews")]

RECORDED = 'import bigpanda_provider\nbigpanda_provider.record_program(version="1")\n'
PROGRAMS = {
    "aws": ["balancer", "prod-db", "prod-resize", "prod-web-1", "prod-web-2"],
    "kubernetes": ["front", "prod", "prod-cache", "web"],
    "docker": ["prod-api-1", "prod-api-2", "prod-web-1", "prod-web-2"],
    "servers": ["10.0.0.7", "prod-1", "prod-2"],
}
"""Each program with the hosts that are found in it."""
CHANGED = {
    "aws": ["prod-web-1", "prod-web-2"],
    "kubernetes": ["web"],
    "docker": ["prod-api-1", "prod-api-2", "prod-web-1", "prod-web-2"],
    "servers": ["prod-1", "prod-2"],
}
"""The hosts that a change of `size` affects, directly or through Outputs."""


class Cloud:
    """A stack whose providers are the stand-in."""

    def __init__(self, folder: pathlib.Path, bigpanda: Sandbox, program: str) -> None:
        self.stack = Stack(folder, bigpanda.address)
        self.text = (HERE / "programs" / f"{program}.py").read_text()
        self.log = stand_in(self.stack, PACKAGES)

    def program(self, *, recorded: bool) -> Stack:
        """With the package, or without."""
        write_program(self.stack.folder, RECORDED * recorded + self.text)
        return self.stack

    def done(self) -> list[dict[str, Any]]:
        """What the providers did."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def resources(self) -> list[dict[str, Any]]:
        """What state has of the program's resources, without what the package may add."""
        found = []
        for resource in self.stack.state():
            if "bigpanda:" in resource["urn"] or "pulumi:providers:pulumi" in resource["urn"]:
                continue
            resource = {name: resource.get(name) for name in ("urn", "inputs", "outputs", "parent", "dependencies")}
            resource["dependencies"] = sorted(u for u in resource["dependencies"] or () if "bigpanda:" not in u)
            found.append(resource)
        return sorted(found, key=lambda resource: str(resource["urn"]))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_real_program(tmp_path: pathlib.Path, bigpanda: Sandbox, program: str) -> None:
    """The same resources as without the package; covered between start and end; one report for each change."""
    plain = Cloud(tmp_path / "plain", bigpanda, program)
    run = plain.program(recorded=False).up()
    assert run.ok, run.output

    cloud = Cloud(tmp_path / "recorded", bigpanda, program)
    made = cloud.program(recorded=True)
    preview = made.preview()
    assert preview.ok, preview.output
    run = made.up()
    assert run.ok, run.output
    assert [line for line in run.output.splitlines() if "warning:" in line and "plugin" not in line] == []
    assert _without_ciphertext(cloud.resources()) == _without_ciphertext(plain.resources())

    start, end = bigpanda.events()
    assert start["body"]["hosts"] == PROGRAMS[program]
    assert end["body"]["status"] == "success"
    assert all(start["received"] <= done["at"] <= end["received"] for done in cloud.done())

    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert made.refresh("--expect-no-changes").ok
    assert len(bigpanda.events()) == 2
    run = made.config(size="other").up(skip_preview=False)
    assert run.ok, run.output
    assert [event["body"]["hosts"] for event in bigpanda.events()[2:]] == [CHANGED[program]] * 2
    assert made.destroy().ok
    assert len(bigpanda.events()) == 4


def test_an_invoke_through_a_provider_made_from_a_covered_resource(tmp_path: pathlib.Path, bigpanda: Sandbox) -> None:
    """It would wait for ever for the resource, which waits for the end of the scope: the scope is closed there."""
    cloud = Cloud(tmp_path / "stack", bigpanda, "aws")
    cloud.text = """
import pulumi, pulumi_aws as aws
one = aws.ec2.Vpc("one", cidr_block="10.0.0.0/16")
inside = aws.Provider("inside", region=one.arn)
aws.ec2.get_vpc(default=True, opts=pulumi.InvokeOptions(provider=inside))
aws.ec2.Vpc("after", cidr_block="10.1.0.0/16")
"""
    made = cloud.program(recorded=True)
    for run in (made.preview(), made.up()):
        assert run.ok, run.output
        assert "does not see when 'after' is removed" in run.output
    starts = [event["body"]["hosts"] for event in bigpanda.events() if event["kind"] == "start"]
    assert sorted(starts) == [["after"], ["one"]]  # what is declared late has a start of its own
    assert {change["state"] for change in bigpanda.changes()} == {"success"}
    assert made.up("--expect-no-changes").ok


def test_a_cloud_says_no(tmp_path: pathlib.Path, bigpanda: Sandbox) -> None:
    """A resource of a real SDK that fails gives its reason."""
    cloud = Cloud(tmp_path / "stack", bigpanda, "docker")
    cloud.stack.environment["ECHO_FAIL"] = "Container::api-2"
    assert not cloud.program(recorded=True).up().ok
    (change,) = bigpanda.changes()
    assert (change["state"], change["reason"]) == ("failure", "api-2: the cloud says no")


@pytest.mark.parametrize("program", ["aws", "docker"])
def test_the_package_is_added_later(tmp_path: pathlib.Path, bigpanda: Sandbox, program: str) -> None:
    """To a stack that exists, and is removed again: nothing of it is touched."""
    cloud = Cloud(tmp_path / "stack", bigpanda, program)
    assert cloud.program(recorded=False).up().ok
    done, before = cloud.done(), cloud.resources()
    for recorded in (True, False):
        run = cloud.program(recorded=recorded).up()
        assert run.ok, run.output
        assert _without_ciphertext(cloud.resources()) == _without_ciphertext(before)
    assert cloud.done() == done


def _without_ciphertext(resources: list[dict[str, Any]]) -> str:
    """Secrets are encrypted anew in each stack."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: bare(inner) for name, inner in value.items() if name != "ciphertext"}
        return [bare(inner) for inner in value] if isinstance(value, list) else value

    return json.dumps(bare(resources), indent=1)
