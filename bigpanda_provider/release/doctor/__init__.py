"""What is needed for deployments to be recorded, whether it is there, and how to fix what is missing.

check      one line
engine     the engine and its language hosts
project    Pulumi.yaml
python     which Pythons a project uses; installed: what is in them
bigpanda   stack, settings, keys, BigPanda itself; proxies: what stands in between
machine    git, the outbox
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from ...bigpanda import certificate
from ...errors import ReleaseError, SettingError, WrongUseError
from ...settings import Settings
from ..engine.process import Engine, Interrupts
from .bigpanda import bigpanda_checks, stack_checks
from .check import Check
from .engine import INSTALL, engine_checks, language_checks
from .machine import git_check, outbox_check
from .project import Project
from .python import python_checks

__all__ = ["Check", "checks"]

LEFT_OUT = "so language, Python and stack were not checked"


def checks(
    folder: pathlib.Path | None, stack: str | None, environ: Mapping[str, str], explicit: Mapping[str, Any]
) -> Iterator[Check]:
    """Look at everything; each check has a limit of its own, and none sends an event.

    Args:
        folder: the project's folder; the current one, if None. Where there is no project in that, what belongs to one
            is left out.
        stack: the stack whose config is looked at; the selected one, if None.
        environ: the environment.
        explicit: settings that were given explicitly, by config key.
    """
    engine: Engine | None = None
    try:
        engine = Engine(Interrupts())
        yield from engine_checks(engine)
    except ReleaseError as error:
        yield Check("engine", str(error).partition("; ")[0], INSTALL)
    project: Project | None = None
    try:
        project = Project.read(folder or pathlib.Path())
        yield _no_project(folder, stack) if project is None else Check("project", str(project.file.resolve()))
    except WrongUseError as error:
        yield Check("project", f"{error}, {LEFT_OUT}", "fix the file; `pulumi about` shows what is wrong")
    config: dict[str, Any] = {}
    if project is not None:
        yield from language_checks(project, environ)
        if project.language == "python":
            yield from python_checks(project, environ)
        if engine is not None:
            yield from stack_checks(project, stack, engine, config)
        else:
            yield Check("stack", "not checked, since there is no engine", left_out=True)
    base = (folder or pathlib.Path()).resolve()
    try:
        settings = Settings.resolve(config, environ, explicit, certificate.project_folder(base))
        certificate.check(settings)
    except SettingError as error:
        yield Check("settings", str(error), "fix that setting; BigPanda was not checked")
    else:
        yield from bigpanda_checks(settings, environ)
        yield git_check(base, settings)
    yield outbox_check(environ)


def _no_project(folder: pathlib.Path | None, stack: str | None) -> Check:
    """What is left out where there is no project; an error where one was asked for."""
    above = certificate.project_folder(pathlib.Path.cwd())
    name = "DIR" if above == pathlib.Path.cwd() else os.path.relpath(above)
    found, fix = f"no Pulumi.yaml {'here' if folder is None else f'in {folder}'}, {LEFT_OUT}", "name a project with -C"
    if folder is None and stack is None:
        return Check("project", f"{found}; {fix} {name}", left_out=True)
    return Check("project", found, f"{fix} {name}")
