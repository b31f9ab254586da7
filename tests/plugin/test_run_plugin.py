"""The plugin as a folder: a language host runs it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable

import pytest

from tests.engine import ROOT, Stack
from tests.servers import Sandbox

from .program import PLUGIN, Resources, declare, shop

RUNTIME = {"runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
WHERE = {"plugins": {"providers": [{"name": "bigpanda", "path": "plugin"}]}}
PATIENT = """
from bigpanda_provider.provider import guard

assert hasattr(guard, "LIMIT_S")
guard.LIMIT_S = 60
"""
UNFINISHED = "the update ended before this deployment was complete"


@pytest.fixture
def made(yaml: Callable[[Resources], Stack]) -> Stack:
    """A stack that has the plugin as a folder, and not on PATH."""
    stack = yaml({})
    (stack.folder / "plugins" / PLUGIN).unlink()
    folder = shutil.copytree(ROOT / "plugin", stack.folder / "plugin")
    (folder / "PulumiPlugin.yaml").write_text(json.dumps(RUNTIME))
    return stack


def test_the_folder_is_a_plugin(made: Stack, bigpanda: Sandbox) -> None:
    """A language host kills it without a signal, so a deployment that is open is ended when the engine says Cancel."""
    run = declare(made, shop(), **WHERE).up()
    assert run.ok, run.output
    made.environment["ECHO_FAIL"] = "::web$"
    assert not declare(made, shop("2"), **WHERE).up(skip_preview=True).ok
    assert bigpanda.has() == [
        "shop 1 on web-1, web-2: success",
        f"shop 2 on web-1, web-2: failure ({UNFINISHED})",
    ]


def test_the_engine_and_its_language_hosts_are_killed(made: Stack, bigpanda: Sandbox) -> None:
    """Nobody tells the plugin: it sees that its parent is gone, ends what is open, and goes.

    It has more time to send than a user's plugin, whose few seconds may pass on a busy machine.
    """
    plugin = made.folder / "plugin" / "__main__.py"
    plugin.write_text(PATIENT + plugin.read_text())
    declare(made, shop(), **WHERE)
    made.environment["ECHO_HOLD"] = str(made.folder / "never")
    with made.running(skip_preview=True) as update:
        update.wait_for(bigpanda.story)
        update.kill(
            [update.process.pid, *made.processes(b"language_host.py"), *made.processes(b"pulumi-language-yaml")]
        )
        update.wait_for(lambda: bigpanda.has() == [f"shop 1 on web-1, web-2: failure ({UNFINISHED})"])
        update.wait_for(lambda: not made.processes(b"/plugin\0"))
