"""An event as a command for the shell that sends it again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

PATHS = {
    "start": "/data/events/deployments/start",
    "end": "/data/events/deployments/end",
    "change": "/data/changes",
}
"""Where each kind of event is posted."""


def curl(event: Mapping[str, Any]) -> str:
    """The command; address and keys are those of the environment, the body is in quotes that no character ends.

    Args:
        event: its kind and body.
    """
    # In ASCII, so that nothing turns the direction of the command, and a terminal of any kind can take it.
    body = json.dumps(event["body"])
    app_key = ['-H "x-bp-app-key: $BIGPANDA_APP_KEY"'] if event["kind"] == "change" else []
    lines = [
        f'curl -X POST "$BIGPANDA_BASE_URL{PATHS[event["kind"]]}"',
        '-H "Authorization: Bearer $BIGPANDA_API_TOKEN"',
        *app_key,
        "-H 'Content-Type: application/json'",
        f"--data-raw {shlex.quote(body)}",
    ]
    return " \\\n  ".join(lines)
