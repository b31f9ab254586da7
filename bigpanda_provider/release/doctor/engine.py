"""The engine and what has to lie beside it: the language hosts, and the script that starts dynamic providers."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping

from ..engine.process import Engine
from .check import Check
from .project import Project

HOOKS_SINCE = "3.244.0"
"""The first engine with error hooks, which tell why a resource failed."""
INSTALL = "install the Pulumi CLI, or put it on PATH: curl -fsSL https://get.pulumi.com | sh"
UPGRADE = f"install Pulumi {HOOKS_SINCE} or newer: curl -fsSL https://get.pulumi.com | sh"
SHIM = "pulumi-resource-pulumi-python"


def engine_checks(engine: Engine) -> Iterator[Check]:
    """The engine, and what it can do."""
    yield Check("engine", f"pulumi {engine.version} ({shutil.which('pulumi')})")
    if engine.version is not None and engine.version.compare(HOOKS_SINCE) < 0:
        yield Check("hooks", f"{engine.version} has no error hooks", UPGRADE)
    else:
        yield Check("hooks", "the engine tells why a resource failed")


def language_checks(project: Project, environ: Mapping[str, str]) -> Iterator[Check]:
    """The language host of the project and, for Python, what starts the process of a Deployment."""
    if not project.language:
        yield Check("language", f"{project.file} names no runtime", "add one, such as `runtime: python`")
        return
    host = f"pulumi-language-{project.language}"
    found = _beside_engine(host) or _plugin(project.language, environ)
    yield Check("language", found or f"there is no {host}", None if found else f"put {host} on PATH, beside pulumi")
    if project.language == "python":
        shim = _beside_engine(SHIM)
        yield Check("dynamic", shim or f"there is no {SHIM}", None if shim else f"put {SHIM} on PATH, beside pulumi")


def _beside_engine(name: str) -> str | None:
    """Where the executable is: on PATH, or beside the engine, which looks there too."""
    engine = shutil.which("pulumi")
    beside = str(pathlib.Path(engine).resolve().parent) if engine else ""
    return shutil.which(name) or shutil.which(name, path=beside)


def _plugin(language: str, environ: Mapping[str, str]) -> str | None:
    """Where `pulumi plugin install` has put the host of a language that does not come with the engine."""
    home = pathlib.Path(environ.get("PULUMI_HOME") or pathlib.Path.home() / ".pulumi")
    found = sorted((home / "plugins").glob(f"language-{language}-v*/pulumi-language-{language}*"))
    return next((os.fspath(file) for file in reversed(found) if os.access(file, os.X_OK)), None)
