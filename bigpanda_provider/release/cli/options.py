"""The options that several commands of `bigpanda-release` have."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ...errors import WrongUseError
from ...settings import Mode
from ...state import Api

RELEASE = "What to release"
TELL = "What to tell BigPanda"
ENGINE = "How Pulumi runs"
DELIVER = "How to deliver"
SHOW = "What to show"
WHICH = "What to end"
OUTPUT = "Output"
"""The groups of options in the help."""

File = Annotated[
    pathlib.Path | None,
    typer.Argument(
        metavar="release.yaml", help="File of the releases to run, instead of one stack.", show_default=False
    ),
]
Stack = Annotated[
    str | None,
    typer.Option(
        "--stack", "-s", metavar="STACK", help="Stack name. [default: the selected stack]", rich_help_panel=RELEASE
    ),
]
Folder = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--cwd", "-C", metavar="DIR", help="Project folder. [default: the current folder]", rich_help_panel=RELEASE
    ),
]
Component = Annotated[
    str | None, typer.Option(metavar="NAME", help="Component, as BigPanda shows it.", rich_help_panel=TELL)
]
Version = Annotated[str | None, typer.Option(metavar="VERSION", help="Version of the component.", rich_help_panel=TELL)]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="HOST",
        help="Host to report; repeat for several. [default: the affected hosts]",
        rich_help_panel=TELL,
    ),
]
Description = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Description of the deployment.", rich_help_panel=TELL)
]
Owner = Annotated[str | None, typer.Option(metavar="NAME", help="Owner of the deployment.", rich_help_panel=TELL)]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="Tag to add; repeat for several.", rich_help_panel=TELL),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.", rich_help_panel=ENGINE)]
Parallel = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Number of releases that run at the same time.", rich_help_panel=RELEASE),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="COMPONENT",
        help="Run only this component of the release.yaml; repeat for several.",
        rich_help_panel=RELEASE,
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--var",
        metavar="NAME=VALUE",
        help="Value of ${NAME} in the release.yaml; repeat for several. [default: the environment variable]",
        rich_help_panel=RELEASE,
    ),
]
TokenFile = Annotated[
    pathlib.Path | None,
    typer.Option(
        metavar="FILE",
        help="File with the BigPanda token. [default: stack config or environment]",
        rich_help_panel=DELIVER,
    ),
]
AppKeyFile = Annotated[
    pathlib.Path | None,
    typer.Option(
        metavar="FILE",
        help="File with the app key for the Changes API. [default: stack config or environment]",
        rich_help_panel=DELIVER,
    ),
]
UsedApi = Annotated[
    Api | None,
    typer.Option(
        "--api",
        metavar="API",
        help="BigPanda API to use: deployments or changes. [default: stack config or environment]",
        rich_help_panel=DELIVER,
    ),
]
DeliveryMode = Annotated[
    Mode | None,
    typer.Option(
        "--delivery",
        metavar="MODE",
        help="What to do if an event does not get through: bestEffort, required or off. "
        "[default: stack config or environment]",
        rich_help_panel=DELIVER,
    ),
]


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
        WrongUseError: as `_pairs`.
    """
    return _pairs("--tag", given) or None


def variables(given: Sequence[str] | None) -> dict[str, str] | None:
    """The variables that the command line gives.

    Raises:
        WrongUseError: as `_pairs`.
    """
    return _pairs("--var", given) or None


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    """The values by name that an option gives, which is repeated.

    Raises:
        WrongUseError: one has no "=", or two have one name. The sentence does not repeat the value.
    """
    found: dict[str, str] = {}
    for number, text in enumerate(given or (), start=1):
        name, equals, value = text.partition("=")
        if not equals:
            raise WrongUseError(f'{option} number {number} has no "="; write it as {option} NAME=VALUE')
        if name in found:
            raise WrongUseError(f"{option} sets {name} twice; set each name once")
        found[name] = value
    return found
