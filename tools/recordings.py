"""`make recordings`: writes docs/terminal.md, what a terminal of 80 columns shows of the example with three stacks.

The programs, the engine, the runner and the terminal are real. In the place of Docker is the stand-in of the tests,
which takes a second for each resource, and in the place of BigPanda the sandbox. Needs `make yaml`.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Sequence

from tests import servers
from tests.engine import ROOT, Stack
from tests.release.command import Release, on_screen
from tests.release.test_yaml import SCHEMA
from tests.sdks.stand_in import PROVIDER

TARGET = ROOT / "docs" / "terminal.md"
COLUMNS = 80
PROJECTS = ("network", "shop", "front")
HEAD = """---
title: BigPanda Deployments, in the terminal
meta_desc: What bigpanda-release shows of a release of three stacks, of a failure, and of Ctrl-C.
layout: package
---

These are recordings of [the example with three stacks](../examples/three-stacks/README.md) on a terminal of 80 columns.
A stand-in takes the place of Docker. `make recordings` makes them anew."""


def main() -> None:
    """Record, and write the page."""
    with tempfile.TemporaryDirectory(prefix="bigpanda-recordings-") as name, servers.sandbox() as bigpanda:
        release = three_stacks(pathlib.Path(name) / "stack", bigpanda.address)
        parts = [
            HEAD,
            *recorded("A release of three stacks", release, "up", "release.yaml", answers=[("now?", "y\n")]),
            *failing(release),
            *cancelled(release),
            *recorded("What was recorded", release, "history"),
        ]
    TARGET.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def three_stacks(folder: pathlib.Path, address: str) -> Release:
    """The example, with the stand-in for Docker."""
    stack = Stack(folder, address)
    home = folder / "home"
    install(home, "resource-docker", f"#!{sys.executable}\n{PROVIDER.read_text()}")
    install(home, "language-yaml", f'#!/bin/sh\nexec {shutil.which("pulumi-language-yaml")} "$@"\n')
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    stack.environment |= {
        "PULUMI_HOME": str(home),
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",  # else the engine warns of each that it finds on PATH
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "ECHO_LOG": str(folder / "echo.jsonl"),
        "ECHO_SCHEMA": str(folder / "schema.json"),
        "ECHO_TAKES": "1",
    }
    shutil.copytree(ROOT / "examples" / "three-stacks", folder, dirs_exist_ok=True)
    for project in PROJECTS:
        stack.pulumi("stack", "init", "dev", "--cwd", str(folder / project))
    return Release(stack)


def install(home: pathlib.Path, name: str, script: str) -> None:
    """Put a script where the engine looks for installed plugins."""
    file = home / "plugins" / f"{name}-v9.9.9" / f"pulumi-{name}"
    file.parent.mkdir(parents=True)
    file.write_text(script)
    file.chmod(0o755)


def failing(release: Release) -> list[str]:
    """A newer shop, which the cloud does not take."""
    _set_version(release, "2.4.1", "2.4.2")
    release.stack.environment["ECHO_FAIL"] = "shop"
    found = recorded("A release that fails", release, "up", "release.yaml", "--only", "shop", answers=[("now?", "y\n")])
    del release.stack.environment["ECHO_FAIL"]
    return found


def cancelled(release: Release) -> list[str]:
    """The same again, which somebody cancels while it runs."""
    release.stack.environment["ECHO_TAKES"] = "3"
    answers = [("now?", "y\n"), ("shop updating (1 s)", "\x03")]
    return recorded("Ctrl-C", release, "up", "release.yaml", "--only", "shop", answers=answers)


def recorded(title: str, release: Release, *arguments: str, answers: Sequence[tuple[str, str]] = ()) -> list[str]:
    """One recording under its heading."""
    run = release.terminal(*arguments, answers=answers, columns=COLUMNS)
    shown = "\n".join(["$ bigpanda-release " + " ".join(arguments), *on_screen(run.output)])
    return [f"## {title}", f"```\n{shown}\n```"]


def _set_version(release: Release, old: str, new: str) -> None:
    file = release.stack.folder / "release.yaml"
    file.write_text(file.read_text().replace(old, new))


if __name__ == "__main__":
    main()
