"""The options that several commands of `bigpanda-release` have, one by one; `groups` has those that go together."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from ...settings import Mode
from ...state import Api
from ..recorded.choice import NEWEST
from . import completion
from .call import Color

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
        "--stack",
        "-s",
        metavar="STACK",
        help="Stack name. [default: the selected stack]",
        autocompletion=completion.stacks,
        rich_help_panel=RELEASE,
    ),
]
Folder = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--cwd", "-C", metavar="DIR", help="Project folder. [default: the current folder]", rich_help_panel=RELEASE
    ),
]
Component = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Component, as BigPanda shows it.",
        autocompletion=completion.components,
        rich_help_panel=TELL,
    ),
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
    typer.Option(
        min=1,
        metavar="N",
        help="Number of releases that run at the same time. [default: 1]",
        show_default=False,
        rich_help_panel=RELEASE,
    ),
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
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="URN",
        help="Limit the run to this resource; repeat for several. Wildcards: * and **.",
        rich_help_panel=ENGINE,
    ),
]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="Refresh state from the cloud provider first.", rich_help_panel=ENGINE)
]
Diff = Annotated[bool, typer.Option("--diff", help="Show the plan in full.", rich_help_panel=ENGINE)]
ParallelOperations = Annotated[
    int | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Number of resource operations that Pulumi runs at the same time. [default: Pulumi decides]",
        rich_help_panel=ENGINE,
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
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.", rich_help_panel=OUTPUT)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show only results, warnings and errors.", rich_help_panel=OUTPUT)
]
When = Annotated[
    Color,
    typer.Option(
        metavar="WHEN",
        help="When to use colors: auto, always or never. [default: auto]",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks of unexpected errors.", rich_help_panel=OUTPUT)]

OfStack = Annotated[
    str | None,
    typer.Option(
        "--stack",
        "-s",
        metavar="STACK",
        help="Show only this stack: prod, shop/prod or acme/shop/prod.",
        rich_help_panel=SHOW,
    ),
]
OfComponent = Annotated[
    str | None, typer.Option("--component", metavar="NAME", help="Show only this component.", rich_help_panel=SHOW)
]
OfHost = Annotated[
    str | None,
    typer.Option("--host", metavar="HOST", help="Show only deployments on this host.", rich_help_panel=SHOW),
]
OfState = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="STATE",
        help="Show only this state: in-progress, left-open, success or failure.",
        rich_help_panel=SHOW,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Show only newer deployments: 90m, 12h, 7d, or 2026-11-25T10:00.",
        rich_help_panel=SHOW,
    ),
]
Mine = Annotated[
    bool,
    typer.Option(
        "--mine", help="Only what you recorded on this machine, if the outbox is shared.", rich_help_panel=SHOW
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help=f"Show the newest N deployments. [default: {NEWEST} on a terminal, else all]",
        rich_help_panel=SHOW,
    ),
]
Every = Annotated[bool, typer.Option("--all", help="Show all deployments.", rich_help_panel=SHOW)]
Utc = Annotated[bool, typer.Option("--utc", help="Show whole times, in UTC.", rich_help_panel=SHOW)]
Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="Show the table anew every 2 s, until Ctrl-C.", rich_help_panel=SHOW)
]
