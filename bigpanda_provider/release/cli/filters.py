"""The options that choose records, and how these are listed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from ...errors import WrongUseError
from ..choice import NEWEST, Choice, moment
from ..exits import Exit
from ..listing import Listing, Make
from ..records import Entry, State
from .call import Call
from .options import SHOW

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


def chosen(stack: str | None, component: str | None, host: str | None, state: str | None, since: str | None) -> Choice:
    """What the options ask for.

    Raises:
        WrongUseError: one of them has a value that cannot be used.
    """
    states = {one.value.replace(" ", "-"): one for one in State}
    if state is not None and state not in states:
        raise WrongUseError(f"--state {state} is not a state; write one of: {', '.join(states)}")
    after = None if since is None else moment(since, dt.datetime.now(dt.timezone.utc))
    return Choice(stack, component, host, None if state is None else states[state], after)


def newest_of(call: Call, limit: int | None, *, every: bool) -> int | None:
    """How many records are shown; None for all.

    Raises:
        WrongUseError: all are asked for, and so many.
    """
    if every and limit is not None:
        raise WrongUseError("--all cannot be combined with --limit; omit one of them")
    return NEWEST if limit is None and not every and call.console.is_terminal and not call.as_json else limit


def empty_of(choice: Choice, otherwise: str) -> str:
    """What to say where there is nothing."""
    return "no deployment matches" if choice else otherwise


def listed(
    call: Call,
    read: Callable[[], Sequence[Entry]],
    make: Make,
    empty: str,
    newest: int | None,
    *,
    utc: bool,
    watch: bool = False,
) -> Exit:
    """Print records: a table, or JSON.

    Args:
        call: the call.
        read: the records, newest first.
        make: makes the table's columns.
        empty: what to say where there are none.
        newest: how many are shown; None for all.
        utc: whether times are shown as whole ones.
        watch: whether they are shown anew again and again.

    Raises:
        WrongUseError: they cannot be watched here.
    """
    if watch and call.as_json:
        raise WrongUseError("--watch cannot be combined with --json; omit one of them")
    if watch and not call.console.is_terminal:
        raise WrongUseError("--watch needs a terminal; omit it")
    table = Listing(call.console, make, empty, is_whole=utc, most=newest)
    if call.as_json:
        call.print_json([one.as_object() for one in read()[:newest]])
    elif watch:
        table.watch(read)
    else:
        table.show(read())
    return Exit.OK
