"""Puts the stand-in for providers where a stack's engine finds it."""

from __future__ import annotations

import pathlib
import stat
from collections.abc import Iterable

from tests.engine import Stack

PROVIDER = pathlib.Path(__file__).with_name("echo_provider.py")


def stand_in(stack: Stack, packages: Iterable[str]) -> pathlib.Path:
    """Let the stand-in be the plugin of these packages; returns the file in which it writes down what it does."""
    plugins, log = stack.folder / "plugins", stack.folder / "echo.jsonl"
    plugins.mkdir()
    for name in packages:
        plugin = plugins / f"pulumi-resource-{name}"
        plugin.write_text(f"#!{stack.environment['PULUMI_PYTHON_CMD']}\n{PROVIDER.read_text()}")
        plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    stack.environment |= {
        "PATH": f"{plugins}:{stack.environment['PATH']}",
        "ECHO_LOG": str(log),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    return log
