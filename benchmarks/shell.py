"""The usual way to record a deployment: a resource whose command sends an event with `curl`."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

LIMIT_S = 60


class _CommandProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Run the command."""
        subprocess.run(["sh", "-c", props["create"]], check=True, timeout=LIMIT_S)
        return CreateResult(props["create"], dict(props))


class Command(Resource):
    """A resource that sends one event: `start` or `end`, as JSON."""

    def __init__(self, name: str, kind: str, event: str, opts: pulumi.ResourceOptions | None = None) -> None:
        address = f"{os.environ['BIGPANDA_BASE_URL']}/data/events/deployments/{kind}"
        headers = "-H 'Content-Type: application/json' -H \"Authorization: Bearer $BIGPANDA_API_TOKEN\""
        command = f"curl --silent --fail --max-time 10 --output /dev/null {headers} --data '{event}' {address}"
        super().__init__(_CommandProvider(), name, {"create": command}, opts)
