"""Every example is a project that runs on the real engine, with a stand-in for the clouds."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
import yaml

from tests.engine import LIMIT_S, ROOT, Stack
from tests.release.command import Release
from tests.release.test_yaml import FOUND as YAML_HOST
from tests.release.test_yaml import SCHEMA
from tests.servers import Sandbox

from .stand_in import stand_in
from .test_real_sdks import PACKAGES, needs_sdks

EXAMPLES = ROOT / "examples"
CONFIG = {
    "version": "2.4.1",
    "ami": "ami-1",
    "vpc": "vpc-1",
    "subnets": '["subnet-a", "subnet-b"]',
    "expires": "2026-12-31",
}
EXPECTED = {
    "aws-ec2": {"shop": ["prod-web-1", "prod-web-2"]},
    "kubernetes": {"shop": ["shop"]},
    "docker": {"shop": ["shop-1", "shop-2"]},
    "component": {"shop": ["shop-1", "shop-2"], "pay": ["pay-1"]},
    "several": {"shop": ["shop-web"], "search": ["search"], "pay": ["pay-1"]},
    "certificate": {"gateway": ["gateway-1", "gateway-2"]},
    "record-program": {"record-program-dev": ["prod-api", "prod-web"]},
}
"""The components of each example, with their hosts."""


def project(
    folder: pathlib.Path, bigpanda: Sandbox, write: Callable[[pathlib.Path], object], name: str = "dev"
) -> Stack:
    """A stack of the project that is written into its folder, whose providers are the stand-in."""
    made = Stack(folder / "stack", bigpanda.address, name=name)
    made.pulumi("stack", "rm", "--yes", "--preserve-config")
    stand_in(made, PACKAGES)
    write(made.folder)
    made.pulumi("stack", "init", name)
    return made


def copied(folder: pathlib.Path, name: str, bigpanda: Sandbox) -> Stack:
    """A stack of the example."""
    return project(folder, bigpanda, lambda to: shutil.copytree(EXAMPLES / name, to, dirs_exist_ok=True))


def repository(folder: pathlib.Path) -> None:
    """Make the folder a git repository, for the version that is found."""
    for command in ("init -q", "add .", "-c user.name=t -c user.email=t@example.com commit -qm first"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True, timeout=LIMIT_S)


@needs_sdks
@pytest.mark.usefixtures("without_previews")
@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_runs_and_is_recorded(tmp_path: pathlib.Path, bigpanda: Sandbox, name: str) -> None:
    """Preview, update, nothing to do, destroy: each component is recorded once, with its hosts."""
    made = copied(tmp_path, name, bigpanda)
    if name == "record-program":
        repository(made.folder)
    for key, value in CONFIG.items():
        made.pulumi("config", "set", key, value)
    assert made.preview().ok
    assert bigpanda.events() == []
    run = made.up()
    assert run.ok, run.output
    assert {change["component"]: change["hosts"] for change in bigpanda.changes()} == EXPECTED[name]
    assert {change["state"] for change in bigpanda.changes()} == {"success"}
    assert made.up("--expect-no-changes").ok
    assert made.destroy().ok
    assert len(bigpanda.changes()) == len(EXPECTED[name])


@needs_sdks
def test_the_automation_api_example(tmp_path: pathlib.Path, bigpanda: Sandbox) -> None:
    """The script brings its stack to a version, and records it."""
    made = copied(tmp_path, "automation-api", bigpanda)
    done = subprocess.run(
        [sys.executable, ".", "review", "2.4.1"],
        cwd=made.folder,
        env=made.environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["succeeded"], done.stderr
    assert [(change["hosts"], change["state"]) for change in bigpanda.changes()] == [(["shop-review"], "success")]


@pytest.mark.skipif(YAML_HOST is None, reason="NOT TESTED: no pulumi-language-yaml; run `make yaml` first")
def test_the_three_stacks_example(tmp_path: pathlib.Path, bigpanda: Sandbox) -> None:
    """They are released in their order by one command."""
    made = Stack(tmp_path / "stack", bigpanda.address)
    stand_in(made, ["docker"])
    (made.folder / "schema.json").write_text(json.dumps(SCHEMA))
    made.environment["ECHO_SCHEMA"] = str(made.folder / "schema.json")
    shutil.copytree(EXAMPLES / "three-stacks", made.folder, dirs_exist_ok=True)
    for name in ("network", "shop", "front"):
        made.pulumi("stack", "init", "dev", "--cwd", str(made.folder / name))
    run = Release(made)("up", "release.yaml", "--parallel", "2", "--yes")
    assert run.ok, run.output
    changes = {change["component"]: change["hosts"] for change in bigpanda.changes()}
    assert changes == {"network": ["gateway"], "shop": ["shop-1"], "front": ["front-1"]}
    assert bigpanda.changes()[0]["component"] == "network"


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_ci_examples_are_yaml_and_hold_no_token(name: str) -> None:
    """The token comes from the CI's own secrets."""
    text = (EXAMPLES / "ci" / name).read_text()
    assert yaml.safe_load(text)
    assert "BIGPANDA_API_TOKEN" in text
    assert "BIGPANDA_API_TOKEN=" not in text.replace(" ", "")


def test_every_example_is_tested() -> None:
    """A new folder needs a line here."""
    tested = {*EXPECTED, "automation-api", "three-stacks", "ci", "releases"}  # `releases` belongs to the sample program
    tested |= {"yaml", "typescript", "go"}  # in `tests/plugin`
    folders = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir() and folder.name != "__pycache__"}
    assert folders == tested
    assert all((EXAMPLES / name / "Pulumi.yaml").exists() for name in {*EXPECTED, "automation-api"})
