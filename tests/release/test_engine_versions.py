"""What the runner asks the engine for, in the way that its version knows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from semver import VersionInfo

from bigpanda_provider.release.engine.process import Engine, Interrupts
from tests.engine import Stack


@pytest.mark.parametrize(
    ("version", "options"),
    [
        ("3.244.0", ("--json",)),
        ("3.246.0", ("--output", "json")),
        ("3.274.1", ("--output", "json")),
        ("4.0.0", ("--output", "json")),
        (None, ("--json",)),
    ],
)
def test_json_of_either_kind(version: str | None, options: tuple[str, ...]) -> None:
    """The new option where the engine has it, the old one where that is not known."""
    engine = Engine(Interrupts())
    engine.version = None if version is None else VersionInfo.parse(version)
    assert engine.as_json == options


def test_both_ways_tell_the_same(stack: Callable[[str], Stack]) -> None:
    """The engine on PATH still knows the old way, too; what it prints has what an end is read from."""
    shop = stack("")
    assert shop.up("--message", "mark", skip_preview=True).ok
    engine = Engine(Interrupts())
    told = []
    for version in (engine.version, VersionInfo.parse("3.244.0")):
        engine.version = version
        command = ["stack", "history", *engine.as_json, "--stack", "dev"]
        told.append(json.loads(engine.run(command, str(shop.folder), shop.environment).stdout))
    assert told[0] == told[1]
    assert (told[0][0]["message"], told[0][0]["result"]) == ("mark", "succeeded")
    assert told[0][0]["endTime"].endswith("Z")
