"""The language host that stands in for the official ones where they cannot be had; programs run on it elsewhere."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import grpc
import pytest
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

from .engine import LIMIT_S, ROOT

STUBS = ("language_pb2", "language_pb2_grpc", "plugin_pb2")


def loaded(*folders: pathlib.Path) -> set[str]:
    """The modules of `pulumi` that the host has loaded with these folders first on its path."""
    code = "import sys, tools.language_host; print(*(name for name in sys.modules if name.startswith('pulumi')))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*folders, ROOT]))}
    command = [sys.executable, "-c", code]
    return set(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split())


def test_the_stubs_are_loaded_without_the_sdk() -> None:
    """The rest of the SDK would double the time that each command of the engine waits for the host."""
    modules = loaded()
    assert {f"pulumi.runtime.proto.{name}" for name in STUBS} <= modules
    assert not modules & {"pulumi.resource", "pulumi.runtime.settings", "pulumi.automation"}


def test_an_sdk_whose_stubs_need_the_rest_is_loaded_whole(tmp_path: pathlib.Path) -> None:
    """The host works with a layout that it does not know; it only starts later."""
    proto = tmp_path / "pulumi" / "runtime" / "proto"
    proto.mkdir(parents=True)
    (tmp_path / "pulumi" / "__init__.py").write_text("needed = 1\nfrom . import whole\n")
    (tmp_path / "pulumi" / "whole.py").touch()
    for folder in (proto.parent, proto):
        (folder / "__init__.py").touch()
    for name in STUBS:
        (proto / f"{name}.py").write_text("from pulumi import needed\n\n\nclass LanguageRuntimeServicer: ...\n")
    assert {f"pulumi.runtime.proto.{STUBS[0]}", "pulumi.whole"} <= loaded(tmp_path)


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Iterator[language_pb2_grpc.LanguageRuntimeStub]:
    """The host of a language, as the engine starts it."""
    command = [sys.executable, "-u", str(ROOT / "tools" / "language_host.py"), request.param, "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
            yield language_pb2_grpc.LanguageRuntimeStub(channel)
        process.terminate()
        process.wait(LIMIT_S)


@pytest.mark.parametrize("host", ["nodejs"], indirect=True)
def test_a_program_without_its_packages(host: language_pb2_grpc.LanguageRuntimeStub, tmp_path: pathlib.Path) -> None:
    """The user is told what is missing, and the command that fetches it."""
    request = language_pb2.RunRequest(info=language_pb2.ProgramInfo(program_directory=str(tmp_path)))
    error = host.Run(request, timeout=LIMIT_S).error
    assert f"cmd/run/index.js in {tmp_path} or above it; run `npm install` first" in error


@pytest.mark.parametrize("host", ["nodejs", "go"], indirect=True)
def test_a_plugin_that_is_not_python(host: language_pb2_grpc.LanguageRuntimeStub) -> None:
    """It is refused with a sentence, and not started as Python."""
    with pytest.raises(grpc.RpcError, match="runs plugins in Python alone"):
        next(host.RunPlugin(language_pb2.RunPluginRequest(), timeout=LIMIT_S))
