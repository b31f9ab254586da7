"""`record_program`: one line that records the rest of a program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Any

import pulumi

from .bigpanda.text import listed, one_line
from .deployment import Deployment
from .errors import DeclarationError
from .program.arguments import FoundVersion, Hosts, Tags
from .program.run import current

GIT_LIMIT_S = 10
SHOWN = 3


def record_program(
    resource_name: str = "program",
    opts: pulumi.ResourceOptions | None = None,
    *,
    component: pulumi.Input[str] | None = None,
    version: pulumi.Input[str] | None = None,
    hosts: Hosts | None = None,
    description: pulumi.Input[str] | None = None,
    owner: pulumi.Input[str] | None = None,
    source: pulumi.Input[str] | None = "pulumi",
    tags: Tags | None = None,
    triggers: pulumi.Input[Sequence[Any]] | None = None,
) -> Deployment:
    """Cover the rest of the program with one Deployment; call this first in the program.

    The end waits for everything that the program declares, also in `apply` callbacks. A resource in the scope of
    another Deployment belongs to that one.

    Args:
        resource_name: the Deployment's name in the stack.
        opts: the Deployment's options.
        component: the component. If omitted, the names of the project and the stack, joined by "-".
        version: the version. If omitted, the output of `git describe`; a change of that version alone sends nothing.
        hosts: the hosts. If omitted, the affected ones.
        description: free text.
        owner: who is responsible.
        source: the system that sends the event.
        tags: what else to tell the operators, such as {"team": "payments"}; as in `DeploymentArgs`.
        triggers: values of any type. When one changes, a new start is sent.

    Raises:
        DeclarationError: no version is given and git finds none, or `record_program` is called twice.
    """
    program = current()
    if early := program.declared_before():
        pulumi.log.warn(
            f"record_program() does not cover {listed([repr(name) for name in early], SHOWN)}, declared before it; "
            "put it first in the program, before other modules are imported"
        )
    if version is None:
        version = FoundVersion(_described() if program.can_send else "0")
    made = Deployment(
        resource_name,
        opts,
        component=f"{pulumi.get_project()}-{pulumi.get_stack()}" if component is None else component,
        version=version,
        hosts=hosts,
        description=description,
        owner=owner,
        source=source,
        tags=tags,
        triggers=triggers,
    )
    made._recording.cover_rest()
    return made


def _described() -> str:
    """The version that git knows the program's folder by."""
    folder = os.getcwd()  # noqa: PTH109 - shown as it is
    try:
        told = subprocess.run(
            ["git", "describe", "--tags", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=GIT_LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        version, why = told.stdout.strip(), one_line(told.stderr)
    except (OSError, subprocess.TimeoutExpired) as error:
        version, why = "", str(error)
    if not version:
        raise DeclarationError(
            f"record_program(): git describe finds no version in {folder} ({why}); give one: "
            'record_program(version="1.2.3")'
        )
    return version
