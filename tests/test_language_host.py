"""The language host that stands in for the official one where that cannot be had: what it imports of the SDK."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

from .engine import ROOT

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
