"""Writes the states that later versions have to understand: `python -m tests.states`, once for each released version.

Every state is an exported stack of one program, left behind by an update that went in its own way.
"""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import tempfile
from collections.abc import Callable

from . import faults, servers
from .engine import ROOT, Running, Stack

FOLDER = ROOT / "tests" / "states"
PROGRAM = """
    with bigpanda.Deployment("web", component=config.require_secret("component"), version=config.require("version"),
                             hosts=["a", "b"], owner="me", timestamp=1700000000, triggers=[{"key": [1, None]}]):
        Thing("thing", sleep=config.get_float("sleep"), fail=config.get("fail"))
    """


def succeeded(made: Stack, _faulty: faults.FaultyBigPanda) -> None:
    """Start and end have arrived."""
    assert made.up().ok


def failed(made: Stack, _faulty: faults.FaultyBigPanda) -> None:
    """A covered resource failed, and the guard's end has arrived."""
    assert not made.config(fail="no space left").up().ok


def killed(made: Stack, _faulty: faults.FaultyBigPanda) -> None:
    """Nobody ended the attempt."""
    with made.config(sleep=3).running() as update:
        update.wait_for(lambda: "Deployment web created" in (made.folder / "running.log").read_text())
        update.kill(Running.provider(update))
        update.end()
    made.unlock().config(sleep=0)


def queued(made: Stack, faulty: faults.FaultyBigPanda) -> None:
    """Start and end wait."""
    faulty.go_away()
    assert made.up().ok


def queued_twice(made: Stack, faulty: faults.FaultyBigPanda) -> None:
    """Start and end of two versions wait."""
    faulty.go_away()
    assert made.up().ok
    assert made.config(version="2").up().ok


def rejected(made: Stack, faulty: faults.FaultyBigPanda) -> None:
    """BigPanda will never take the start."""
    faulty.fault = faults.answer(400)
    assert made.up().ok


def off(made: Stack, _faulty: faults.FaultyBigPanda) -> None:
    """Nothing was to be sent."""
    made.environment["BIGPANDA_DELIVERY"] = "off"
    assert made.up().ok


WAYS: dict[str, Callable[[Stack, faults.FaultyBigPanda], None]] = {
    way.__name__: way for way in (succeeded, failed, killed, queued, queued_twice, rejected, off)
}


def prepared(folder: pathlib.Path, address: str) -> Stack:
    """A stack of the program, with its config set."""
    made = Stack(folder, address).program(PROGRAM)
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "1"
    made.pulumi("config", "set", "--secret", "test:component", "hidden")
    return made.config(version="1", sleep=0, fail="")


def main() -> None:
    """Write one file for each way."""
    version = FOLDER / importlib.metadata.version("bigpanda-provider")
    version.mkdir(parents=True, exist_ok=True)
    for name, way in WAYS.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            servers.sandbox() as bigpanda,
            faults.faulty(bigpanda) as faulty,
        ):
            made = prepared(pathlib.Path(folder) / "stack", faulty.address)
            way(made, faulty)
            (version / f"{name}.json").write_text(_without_paths(made.exported()))


def _without_paths(exported: str) -> str:
    """The state without the places in source code, which name folders of the machine that wrote it."""
    state = json.loads(exported)
    for resource in state["deployment"]["resources"]:
        resource.pop("sourcePosition", None)
        resource.pop("stackTrace", None)
    return json.dumps(state, indent=1) + "\n"


if __name__ == "__main__":
    main()
