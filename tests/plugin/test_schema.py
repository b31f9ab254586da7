"""The schema: what programs may declare is what the code takes, and Pulumi accepts it."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from bigpanda_provider import state
from bigpanda_provider.bigpanda.events import EndEvent, StartEvent
from bigpanda_provider.plugin import schema
from bigpanda_provider.plugin.deployments import INPUTS
from bigpanda_provider.settings import KEYS, SECRET_KEYS
from tests.engine import ROOT

SCHEMA: dict[str, Any] = json.loads(schema.text())
DEPLOYMENT, COMPLETION = (
    SCHEMA["resources"][state.PLUGIN_DEPLOYMENT_TYPE],
    SCHEMA["resources"][state.PLUGIN_COMPLETION_TYPE],
)


def test_pulumi_accepts_it(tmp_path: pathlib.Path) -> None:
    """The engine checks it against its metaschema, and that all of it fits together."""
    run = check(ROOT / "plugin" / "schema.json")
    assert run.returncode == 0, run.stdout
    wrong = tmp_path / "schema.json"
    wrong.write_text(json.dumps({**SCHEMA, "name": "big panda"}))
    assert check(wrong).returncode != 0


def check(file: pathlib.Path) -> subprocess.CompletedProcess[str]:
    """Let the engine check a schema."""
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    command = ["pulumi", "schema", "check", str(file)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_folder_has_what_the_plugin_answers() -> None:
    """So an SDK can be generated without a run of the plugin, too."""
    assert json.loads((ROOT / "plugin" / "schema.json").read_text()) == SCHEMA
    assert SCHEMA["version"] == importlib.metadata.version("bigpanda-provider")


def test_a_deployment_takes_what_its_start_event_has() -> None:
    """And triggers, which are not sent; those that are required are."""
    declared = {one.name for one in state.START_EVENT} | {state.TRIGGERS.name}
    assert set(DEPLOYMENT["inputProperties"]) == {one.name for one in INPUTS} == declared
    required = {field.name for field in dataclasses.fields(StartEvent) if field.default is dataclasses.MISSING}
    assert set(DEPLOYMENT["requiredInputs"]) == required
    assert set(DEPLOYMENT["properties"]) == declared | {"attempt", "delivery", "start"}


def test_a_completion_has_what_its_end_event_has() -> None:
    """What follows from the start is an output alone."""
    assert set(COMPLETION["inputProperties"]) == {"start", "status", "errorMessage"}
    outputs = {"component", "version", "hosts", "status", "errorMessage", "attempt", "delivery"}
    assert set(COMPLETION["properties"]) == outputs
    assert {"component", "version", "hosts", "status"} <= {field.name for field in dataclasses.fields(EndEvent)}


@pytest.mark.parametrize("place", [SCHEMA["config"]["variables"], SCHEMA["provider"]["inputProperties"]])
def test_the_configuration_has_every_setting(place: dict[str, Any]) -> None:
    """In stack config and as arguments; token and app key are secret."""
    assert set(place) == set(KEYS)
    assert {name for name, one in place.items() if one.get("secret")} == set(SECRET_KEYS)


def test_every_description_is_a_sentence() -> None:
    """Of each resource, property and setting; none is missing."""
    for resource in (DEPLOYMENT, COMPLETION, SCHEMA["provider"]):
        named = {**resource["inputProperties"], **resource.get("properties", {})}
        for told in [resource["description"], *(one["description"] for one in named.values())]:
            assert told[0].isupper()
            assert told.endswith(".")
