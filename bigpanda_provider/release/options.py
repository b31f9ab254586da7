"""The options that several commands of `bigpanda-release` have."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from ..settings import Mode

File = Annotated[
    pathlib.Path | None,
    typer.Argument(metavar="release.yaml", help="File of the releases to run, instead of one stack."),
]
Stack = Annotated[
    str | None, typer.Option("--stack", "-s", metavar="STACK", help="Stack name. [default: the selected stack]")
]
Folder = Annotated[
    pathlib.Path | None,
    typer.Option("--cwd", "-C", metavar="DIR", help="Project folder. [default: the current folder]"),
]
Component = Annotated[str | None, typer.Option(help="Component, as BigPanda shows it.")]
Version = Annotated[str | None, typer.Option(help="Version of the component.")]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="HOST", help="Host to report; repeat for several. [default: the affected hosts]"),
]
Description = Annotated[str | None, typer.Option(help="Description of the deployment.")]
Owner = Annotated[str | None, typer.Option(help="Owner of the deployment.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Parallel = Annotated[int, typer.Option(min=1, metavar="N", help="Number of releases that run at the same time.")]
TokenFile = Annotated[
    pathlib.Path | None, typer.Option(help="File with the BigPanda token. [default: stack config or environment]")
]
DeliveryMode = Annotated[
    Mode | None,
    typer.Option(
        "--delivery", help="What to do if an event does not get through. [default: stack config or environment]"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
