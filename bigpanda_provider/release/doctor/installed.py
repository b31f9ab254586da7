"""What is installed in a Python: asked of it, and how to install what is missing."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import shutil
import subprocess
from dataclasses import field
from typing import Any

from ...bigpanda.text import one_line
from ...dataclass import dataclass
from .check import Check, in_folder
from .project import Project

LIMIT_S = 30.0
PACKAGE = "bigpanda-provider"
OLDEST = (3, 10)
"""The oldest Python that the package runs with."""
NEWER = "python3.12"

# Any Python can read this, also one that is too old.
_ASKED = """
import json, os, sys
told = {"version": list(sys.version_info[:3]), "wrong": {}}
for name in ("pulumi", "bigpanda_provider"):
    try:
        __import__(name)
    except BaseException as error:
        told["wrong"][name] = "%s: %s" % (type(error).__name__, error)
try:
    from importlib import metadata, util
    told["package"] = metadata.version("bigpanda-provider")
except Exception:
    told["package"] = None
try:
    import sysconfig
    told["pip"] = util.find_spec("pip") is not None
    told["managed"] = sys.prefix == sys.base_prefix and os.path.exists(
        os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    )
except Exception:
    pass
sys.stdout.write("\\n" + json.dumps(told) + "\\n")
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python.

    Attributes:
        command: its path, or what is looked for on PATH.
        why: why it is this one.
        virtualenv: the virtualenv that it belongs to; None where no virtualenv is named.
    """

    command: str
    why: str
    virtualenv: pathlib.Path | None = None

    @classmethod
    def inside(cls, virtualenv: pathlib.Path, why: str) -> Interpreter:
        """The Python of a virtualenv."""
        return cls(str(virtualenv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")), why, virtualenv)


@dataclass(frozen=True)
class Installed:
    """What a Python says of itself.

    Attributes:
        version: its version.
        wrong: why packages that are needed cannot be imported, by their names.
        package: the version of the package; None where it is not installed.
        has_pip: whether pip is installed.
        is_managed: whether the system's packages are installed in it, so that pip refuses to.
    """

    version: tuple[int, ...]
    wrong: dict[str, str] = field(default_factory=dict)
    package: str | None = None
    has_pip: bool = True
    is_managed: bool = False

    @classmethod
    def of(cls, told: dict[str, Any]) -> Installed:
        """As the Python tells it."""
        package, has_pip, managed = told.get("package"), told.get("pip", True), told.get("managed", False)
        return cls(tuple(told["version"]), told["wrong"], package, has_pip, managed)


def look(name: str, python: Interpreter, project: Project) -> Check:
    """Ask a Python whether it has what a Deployment needs.

    Args:
        name: the line's name.
        python: the Python.
        project: the project.
    """
    path = shutil.which(python.command)
    if path is None:
        return Check(name, *_not_there(python, project))
    where = f"{path}, {python.why}"
    try:
        told = subprocess.run(
            [path, "-c", _ASKED],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            cwd=project.program_folder,
            check=False,
        )
        installed = Installed.of(json.loads(told.stdout.strip().splitlines()[-1]))
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError, AttributeError) as error:
        return Check(name, f"{where}, does not run ({type(error).__name__})", _again(python, project))
    version = ".".join(map(str, installed.version))
    if installed.version < OLDEST:
        return Check(name, f"{version} is too old for {PACKAGE} ({where})", newer(project, python))
    if not installed.wrong:
        return Check(name, f"{version} with {PACKAGE} {installed.package} ({where})")
    if installed.package is None:
        found = f"{version} without {PACKAGE}, which a Deployment in the program needs ({where})"
        return Check(name, found, missing(project, path, installed))
    wrong = one_line("; ".join(installed.wrong.values()))
    return Check(
        name, f"{version}: {PACKAGE} cannot be imported ({wrong}) ({where})", missing(project, path, installed)
    )


def missing(project: Project, python: str, installed: Installed) -> str:
    """How to install the package in a Python that has not got it."""
    declared = _declares(project)
    if project.toolchain == "uv":
        return in_folder(project.folder, "uv sync" if declared else f"uv add {PACKAGE}")
    if project.toolchain == "poetry":
        return in_folder(project.program_folder, "poetry install" if declared else f"poetry add {PACKAGE}")
    if installed.is_managed:
        return (
            f"the system manages this Python, so use a virtualenv: add {PACKAGE} to requirements.txt, set virtualenv: "
            f"venv under runtime.options in Pulumi.yaml, and run `{in_folder(project.folder, 'pulumi install')}`"
        )
    if declared and project.virtualenv is not None:
        return in_folder(project.folder, "pulumi install")
    pip = f"{shlex.quote(python)} -m pip install {PACKAGE}"
    return pip if installed.has_pip else f"{shlex.quote(python)} -m ensurepip && {pip}"


def newer(project: Project, python: Interpreter) -> str:
    """How to have the project use a newer Python."""
    if project.toolchain == "uv":
        return in_folder(project.folder, "uv python pin 3.12 && uv sync")
    if project.toolchain == "poetry":
        return in_folder(project.program_folder, f"poetry env use {NEWER} && poetry install")
    if python.virtualenv is None:
        return "install Python 3.10 or newer, and set PULUMI_PYTHON_CMD to its path"
    path = shlex.quote(str(python.virtualenv))
    install = in_folder(project.folder, "pulumi install")
    return f"make the virtualenv again with Python 3.10 or newer: {NEWER} -m venv --clear {path} && {install}"


def _not_there(python: Interpreter, project: Project) -> tuple[str, str]:
    """What is said of a Python that is not there, and how to get it."""
    if python.virtualenv is None:
        return f"there is no {python.command}", "install Python 3.10 or newer, or set PULUMI_PYTHON_CMD"
    if python.virtualenv.exists():
        return f"{python.virtualenv} is no virtualenv ({python.why})", _again(python, project)
    return f"{python.virtualenv} does not exist yet ({python.why})", in_folder(project.folder, "pulumi install")


def _again(python: Interpreter, project: Project) -> str:
    """How to get a Python that runs in place of one that does not."""
    if python.virtualenv is None:
        return "set PULUMI_PYTHON_CMD to a Python that runs, or name a virtualenv in Pulumi.yaml"
    if not (python.virtualenv / "pyvenv.cfg").is_file():  # nobody is told to remove a folder that is something else
        return "set virtualenv under runtime.options in Pulumi.yaml to a virtualenv"
    return f"rm -r {shlex.quote(str(python.virtualenv))} && {in_folder(project.folder, 'pulumi install')}"


def _declares(project: Project) -> bool:
    """Whether the project's own files ask for the package already."""
    names = ("pyproject.toml",) if project.toolchain in ("uv", "poetry") else ("requirements.txt",)
    for file in (folder / name for folder in {project.folder, project.program_folder} for name in names):
        try:
            if PACKAGE in file.read_text(encoding="utf-8").lower().replace("_", "-"):
                return True
        except (OSError, UnicodeDecodeError):
            continue
    return False
