"""A YAML program that declares Deployments, on a stack that finds the plugin of this checkout."""

from __future__ import annotations

import json
import stat
from typing import Any

from tests.engine import ROOT, Stack
from tests.sdks.stand_in import stand_in

PLUGIN = "pulumi-resource-bigpanda"
TEXT = {"type": "string"}
DOCKER = {
    "name": "docker",
    "version": "0.0.0",
    "resources": {"docker:index/container:Container": {"inputProperties": {"name": TEXT, "image": TEXT}}},
}
Resources = dict[str, dict[str, Any]]


def with_plugin(stack: Stack) -> Stack:
    """Let the stack's engine find the plugin, and a stand-in for Docker; each as an executable, as it is installed."""
    log = stand_in(stack, ["docker"])
    plugin = log.parent / "plugins" / PLUGIN
    python = stack.environment["PULUMI_PYTHON_CMD"]
    plugin.write_text(f"#!{python}\nfrom bigpanda_provider.plugin.__main__ import main\n\nmain()\n")
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    schema = stack.folder / "docker.json"
    schema.write_text(json.dumps(DOCKER))
    stack.environment |= {"ECHO_SCHEMA": str(schema), "PYTHONPATH": str(ROOT)}
    return stack


def declare(stack: Stack, resources: Resources, **more: Any) -> Stack:
    """Write the program; YAML takes JSON."""
    project = {"name": "test", "runtime": "yaml", "resources": resources, **more}
    (stack.folder / "Pulumi.yaml").write_text(json.dumps(project))
    return stack


def deployment(version: str = "1", **more: Any) -> dict[str, Any]:
    """A Deployment of shop."""
    return {
        "type": "bigpanda:Deployment",
        "properties": {"component": "shop", "version": version, "hosts": ["web-1", "web-2"], **more},
    }


def completion(of: str = "shop", after: str = "web", **more: Any) -> dict[str, Any]:
    """The Completion of a Deployment, after the resource that it covers."""
    return {
        "type": "bigpanda:Completion",
        "properties": {"start": f"${{{of}.start}}", **more},
        "options": {"dependsOn": [f"${{{after}}}"]},
    }


def container(image: str = "shop:1", after: str = "shop") -> dict[str, Any]:
    """A container that waits for the start."""
    properties = {"name": "web-1", "image": image}
    return {"type": "docker:Container", "properties": properties, "options": {"dependsOn": [f"${{{after}}}"]}}


def shop(version: str = "1", **more: Any) -> Resources:
    """The usual program: a Deployment, a container that it covers, and its Completion."""
    return {"shop": deployment(version, **more), "web": container(f"shop:{version}"), "done": completion()}
