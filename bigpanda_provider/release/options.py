"""The options that several commands of `bigpanda-release` have."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ..errors import WrongUseError
from ..settings import Mode
from ..state import Api

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
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Tag to add; repeat for several.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Parallel = Annotated[int, typer.Option(min=1, metavar="N", help="Number of releases that run at the same time.")]
TokenFile = Annotated[
    pathlib.Path | None, typer.Option(help="File with the BigPanda token. [default: stack config or environment]")
]
AppKeyFile = Annotated[
    pathlib.Path | None,
    typer.Option(help="File with the app key for the Changes API. [default: stack config or environment]"),
]
UsedApi = Annotated[
    Api | None, typer.Option("--api", help="BigPanda API to use. [default: stack config or environment]")
]
DeliveryMode = Annotated[
    Mode | None,
    typer.Option(
        "--delivery", help="What to do if an event does not get through. [default: stack config or environment]"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def explicit(
    token_file: pathlib.Path | None,
    app_key_file: pathlib.Path | None,
    api: Api | None,
    delivery: Mode | None = None,
) -> dict[str, Any]:
    """The settings that the command line gives, by config key.

    Raises:
        WrongUseError: a file cannot be read.
    """
    found: dict[str, Any] = {} if delivery is None else {"delivery": delivery.value}
    if api is not None:
        found["api"] = api.value
    if token_file is not None:
        found["apiToken"] = _read("token", token_file)
    if app_key_file is not None:
        found["appKey"] = _read("app key", app_key_file)
    return found


def _read(what: str, file: pathlib.Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise WrongUseError(f"the {what} file {file} cannot be read: {why}") from None


def tags(given: Sequence[str] | None) -> dict[str, str] | None:
    """The tags that the command line gives; whether an event can hold them is for the event to say.

    Raises:
        WrongUseError: one has no "=", or two have one name. The sentence does not repeat the value.
    """
    found: dict[str, str] = {}
    for number, text in enumerate(given or (), start=1):
        name, equals, value = text.partition("=")
        if not equals:
            raise WrongUseError(f'--tag number {number} has no "="; write it as --tag NAME=VALUE')
        if name in found:
            raise WrongUseError(f"--tag sets {name} twice; set each tag once")
        found[name] = value
    return found or None
