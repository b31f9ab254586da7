"""Completion, as each shell asks for it: bash itself is here; for zsh and fish, what their scripts send."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Mapping

import pytest

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import Place

from .command import COMMAND

ASK = "_BIGPANDA_RELEASE_COMPLETE"


def answered(folder: pathlib.Path, env: Mapping[str, str]) -> str:
    """What the command prints when a shell asks."""
    environment = {**os.environ, "BIGPANDA_OUTBOX": str(folder / "outbox.db"), **env}
    done = subprocess.run(
        [COMMAND], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def completed(folder: pathlib.Path, line: str) -> list[str]:
    """What bash would offer for the end of a line."""
    words = line.split(" ")
    asked = {ASK: "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return answered(folder, asked).split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(tmp_path: pathlib.Path, shell: str) -> None:
    """It asks this command, by its name."""
    script = answered(tmp_path, {ASK: f"source_{shell}"})
    assert f"{ASK}=complete_{shell}" in script
    assert "bigpanda-release" in script


def test_zsh_and_fish_are_offered_commands(tmp_path: pathlib.Path) -> None:
    """With the first line of their help."""
    line = {"_TYPER_COMPLETE_ARGS": "bigpanda-release hi"}
    assert "history" in answered(tmp_path, {**line, ASK: "complete_zsh"})
    told = answered(tmp_path, {**line, ASK: "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"})
    assert told.split("\t")[0] == "history"


def test_bash_completes(tmp_path: pathlib.Path) -> None:
    """A real bash, with the script as a user installs it."""
    script = (
        f"source <({ASK}=source_bash {COMMAND}); COMP_WORDS=(bigpanda-release pre); COMP_CWORD=1; "
        f'_bigpanda_release_completion {COMMAND}; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "preview\n"


def test_options_and_their_values_are_completed(tmp_path: pathlib.Path) -> None:
    """Stacks by their config files, components by what was recorded here; nothing is made or asked for that."""
    for name in ("dev", "prod"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    assert completed(tmp_path, "bigpanda-release up --parallel-o") == ["--parallel-operations"]
    assert completed(tmp_path, "bigpanda-release up -s ") == ["dev", "prod"]
    assert completed(tmp_path, "bigpanda-release up -C / -s ") == []
    assert completed(tmp_path, "bigpanda-release up --component ") == []
    assert not (tmp_path / "outbox.db").exists()
    outbox = Outbox(tmp_path / "outbox.db")
    start = StartEvent(component="shop", version="1", hosts=("web-1",))
    outbox.begin(Place("organization/test/dev", "shop", "http://127.0.0.1:1"), Attempt("a1", start))
    outbox.close()
    assert completed(tmp_path, "bigpanda-release up --component s") == ["shop"]
