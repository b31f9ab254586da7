"""Stacks that find the plugin, and those whose programs are YAML."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from bigpanda_provider.state import Api
from tests.engine import APP_KEY, TOKEN, Stack, recorded_by
from tests.servers import Sandbox

from .program import Resources, declare, with_plugin

YAML_HOST = shutil.which(
    "pulumi-language-yaml", path=f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)


@pytest.fixture
def stack_at(tmp_path: pathlib.Path, api: Api) -> Iterator[Callable[[str], Stack]]:
    """Make a stack from BigPanda's address; whatever a test does, none may tell token or app key."""
    made: list[Stack] = []

    def make(address: str) -> Stack:
        made.append(with_plugin(Stack(tmp_path / "stack", address)))
        made[-1].environment.update(recorded_by(api))
        return made[-1]

    yield make
    for stack in made:
        for pid in stack.processes(b"pulumi-"):
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself, or its client with it
                os.kill(pid, signal.SIGKILL)
        assert stack.tells(TOKEN) == []
        assert stack.tells(APP_KEY) == []


@pytest.fixture
def yaml_at(stack_at: Callable[[str], Stack]) -> Callable[[str, Resources], Stack]:
    """Make a stack from BigPanda's address and a program."""
    if YAML_HOST is None:
        pytest.skip("NOT TESTED: no pulumi-language-yaml; run `make yaml` first")
    return lambda address, resources: declare(stack_at(address), resources)


@pytest.fixture
def yaml(bigpanda: Sandbox, yaml_at: Callable[[str, Resources], Stack]) -> Callable[[Resources], Stack]:
    """Make a stack that reports to the sandbox, from a program."""
    return lambda resources: yaml_at(bigpanda.address, resources)
