"""The Pythons of a Python project: the one that runs the program, and the one that runs the provider of a Deployment.

The language host (`sdk/python/toolchain` of pulumi/pulumi) and the script that starts dynamic providers
(`pulumi-resource-pulumi-python`) each look for the virtualenv in their own way, and mostly find the same:

    toolchain   the program's                                        the provider's
    pip         `virtualenv`, from the project's folder              `virtualenv`, from the program's folder
    uv          the same, else beside the nearest uv.lock or         the same, else `.venv` in the program's folder
                pyproject.toml, unless UV_PROJECT_ENVIRONMENT says
    poetry      what `poetry env info` says                          `virtualenv`, else what `poetry env info` says
    none        PULUMI_PYTHON_CMD, else python3, else python         PULUMI_PYTHON_CMD, else python3
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from ...bigpanda.text import clean
from .check import Check, in_folder
from .installed import LIMIT_S, Interpreter, look
from .project import Project

INSTALL_TOOL = {
    "uv": "curl -LsSf https://astral.sh/uv/install.sh | sh",
    "poetry": "pipx install poetry",
}
UNSET = "set toolchain under runtime.options in Pulumi.yaml to pip, uv or poetry"


def python_checks(project: Project, environ: Mapping[str, str]) -> Iterator[Check]:
    """The tool that installs packages, and the Pythons with what is installed in them."""
    if project.toolchain not in ("pip", "uv", "poetry"):
        yield Check("toolchain", f"{project.toolchain} in Pulumi.yaml is unknown", UNSET)
        return
    poetry: str | None = None
    if project.toolchain != "pip":
        tool = shutil.which(project.toolchain)
        if tool is None:
            found = f"Pulumi.yaml sets the toolchain {project.toolchain}, which is not on PATH"
            yield Check("toolchain", found, INSTALL_TOOL[project.toolchain])
            yield Check("python", f"not checked, since {project.toolchain} is missing", left_out=True)
            return
        yield Check("toolchain", f"{project.toolchain} ({tool})")
        if project.toolchain == "poetry":
            poetry = _poetry_virtualenv(project)
            if poetry is None:
                found = f"poetry has no virtualenv for {project.program_folder.resolve()}"
                yield Check("python", found, in_folder(project.folder, "pulumi install"))
                return
    program, provider = of_program(project, environ, poetry), of_provider(project, environ, poetry)
    yield look("python", program, project)
    if _path(program.command) != _path(provider.command):
        yield _apart(program, provider, project)


def of_program(project: Project, environ: Mapping[str, str], poetry: str | None) -> Interpreter:
    """The Python that the language host runs the program with.

    Args:
        project: the project.
        environ: the environment.
        poetry: the virtualenv that Poetry has for the project; None where the toolchain is another one.
    """
    if poetry is not None:
        return Interpreter.inside(pathlib.Path(poetry), "poetry's virtualenv")
    if project.virtualenv is not None:
        return Interpreter.inside(project.folder.resolve() / project.virtualenv, "the virtualenv in Pulumi.yaml")
    if project.toolchain == "uv":
        root = _nearest(project.folder, "uv.lock") or _nearest(project.folder, "pyproject.toml") or project.folder
        given = environ.get("UV_PROJECT_ENVIRONMENT")
        why = "UV_PROJECT_ENVIRONMENT" if given else "uv's virtualenv"
        return Interpreter.inside(root.resolve() / (given or ".venv"), why)
    given = environ.get("PULUMI_PYTHON_CMD")
    if given:
        return Interpreter(given, "PULUMI_PYTHON_CMD")
    names = ("python", "python3") if os.name == "nt" else ("python3", "python")
    name = next((one for one in names if shutil.which(one)), names[0])
    return Interpreter(name, f"{name} on PATH, since Pulumi.yaml names no virtualenv")


def of_provider(project: Project, environ: Mapping[str, str], poetry: str | None) -> Interpreter:
    """The Python that the process of a Deployment runs with; arguments as for `of_program`."""
    named = project.virtualenv or environ.get("PULUMI_RUNTIME_VIRTUALENV")
    if named is None and project.toolchain == "uv":
        named = ".venv"
    folder = project.program_folder.resolve()
    if named or poetry:
        return Interpreter.inside(folder / (named or poetry or ""), "the virtualenv of the Deployment's provider")
    default = "python" if os.name == "nt" else "python3"
    return Interpreter(environ.get("PULUMI_PYTHON_CMD") or default, "the Python of the Deployment's provider")


def _apart(program: Interpreter, provider: Interpreter, project: Project) -> Check:
    """The provider's Python, where it is another one than the program's."""
    if provider.virtualenv is None or program.virtualenv is None or pathlib.Path(provider.command).exists():
        return look("provider", provider, project)
    found = f"Pulumi looks for the Deployment's provider in {provider.virtualenv}, and there is no virtualenv"
    # Both count a relative path from the same folder only where the program stands in the project's.
    same = project.program_folder.resolve() == project.folder.resolve()
    path = os.path.relpath(program.virtualenv, project.folder.resolve()) if same else str(program.virtualenv)
    return Check("provider", found, f"set virtualenv under runtime.options in Pulumi.yaml to {path}")


def _path(command: str) -> str:
    """Where a Python is; that of a virtualenv is a link, which is not followed: the link is what counts."""
    return os.path.normpath(shutil.which(command) or command)


def _nearest(folder: pathlib.Path, name: str) -> pathlib.Path | None:
    """The nearest folder, upwards, that has a file of this name."""
    inside = folder.resolve()
    return next((one for one in (inside, *inside.parents) if (one / name).exists()), None)


def _poetry_virtualenv(project: Project) -> str | None:
    """The virtualenv that Poetry has for the project; None where it has none."""
    command = ["poetry", "env", "info", "--path"]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, cwd=project.program_folder, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = clean(told.stdout).strip().splitlines()
    return lines[-1].strip() if told.returncode == 0 and lines else None
