"""The options that several commands of `bigpanda-release` have."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from ..settings import Mode

File = Annotated[
    pathlib.Path | None, typer.Argument(metavar="release.yaml", help="Releases to run, instead of one stack.")
]
Stack = Annotated[str | None, typer.Option("--stack", "-s", help="The stack; the selected one, if absent.")]
Folder = Annotated[
    pathlib.Path | None, typer.Option("--cwd", "-C", metavar="DIR", help="The project's folder; this one, if absent.")
]
Component = Annotated[str | None, typer.Option(help="BigPanda's component.")]
Version = Annotated[str | None, typer.Option(help="Its version.")]
Hosts = Annotated[
    list[str] | None, typer.Option("--host", help="A host; may be repeated. Those that are affected, if absent.")
]
Description = Annotated[str | None, typer.Option(help="Free text.")]
Owner = Annotated[str | None, typer.Option(help="Who is responsible.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Parallel = Annotated[int, typer.Option(min=1, help="How many releases of a release.yaml run at once.")]
TokenFile = Annotated[
    pathlib.Path | None, typer.Option(help="A file that holds the BigPanda token; else stack config or environment.")
]
DeliveryMode = Annotated[
    Mode | None, typer.Option("--delivery", help="Whether events have to get through; else config or environment.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
