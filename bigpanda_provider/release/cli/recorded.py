"""Commands that show what was recorded, and send or drop what waits."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ...delivery.delivery import Delivery
from ...errors import WrongUseError
from ...settings import Mode, Settings, environment_name
from .. import drop, leftover, listing, records, show
from ..choice import NEWEST, Choice, moment
from ..engine import Engine, Interrupts
from ..exits import Exit
from ..listing import Listing, Make
from ..records import Entry, State
from ..remote import DAYS, Reader
from ..stack import ProjectStack
from .app import command
from .call import Call
from .help import MORE, RECORDS
from .options import DELIVER, SHOW, AppKeyFile, DeliveryMode, Folder, TokenFile, UsedApi, explicit

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


@command(RECORDS)
def status(
    call: Call,
    remote: Annotated[
        bool,
        typer.Option(
            "--remote", help="Show what BigPanda itself has in progress, from all machines.", rich_help_panel=SHOW
        ),
    ] = False,
    days: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="With --remote, go back N days. [default: 30]", rich_help_panel=SHOW),
    ] = None,
    stack: OfStack = None,
    component: OfComponent = None,
    host: OfHost = None,
    state: OfState = None,
    since: Since = None,
    limit: Limit = None,
    every: Every = False,
    utc: Utc = False,
    watch: Watch = False,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
) -> Exit:
    """Show deployments in progress and queued events.

    bigpanda-release status --watch

    bigpanda-release status --remote --stack prod
    """
    if days is not None and not remote:
        raise WrongUseError("--days is only for --remote; add --remote, or omit --days")
    if watch and remote:
        raise WrongUseError("--watch cannot be combined with --remote, since it would ask BigPanda every 2 s")
    choice, most = _choice(stack, component, host, state, since), _most(call, limit, every=every)
    given, outbox = explicit(token_file, app_key_file, api), call.outbox
    if remote:
        reader = Reader(call.settings(given), outbox)
        call.end_orphans(given)
        back = days or DAYS
        empty = f"BigPanda has nothing in progress that started within {back} days and was recorded by this package"
        found = choice.of(map(reader.entry, reader.in_progress(back)))
        return _list(call, lambda: found, listing.in_bigpanda, _empty(choice, empty), most, utc=utc)
    call.end_orphans(given)

    def read() -> list[Entry]:
        return choice.of(map(Entry.of, records.readable(outbox, outbox.unended())))

    empty = _empty(choice, "nothing is in progress, and nothing is queued")
    return _list(call, read, listing.deployments, empty, most, utc=utc, watch=watch)


@command(RECORDS)
def history(
    call: Call,
    stack: OfStack = None,
    component: OfComponent = None,
    host: OfHost = None,
    state: OfState = None,
    since: Since = None,
    limit: Limit = None,
    every: Every = False,
    utc: Utc = False,
    watch: Watch = False,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
) -> Exit:
    """Show the recorded deployments, newest first.

    Cover this machine's deployments, also those that programs recorded.

    bigpanda-release history --component shop --since 7d

    bigpanda-release history --stack prod --state failure --json
    """
    choice, most = _choice(stack, component, host, state, since), _most(call, limit, every=every)
    call.end_orphans(explicit(token_file, app_key_file, api))
    outbox = call.outbox

    def read() -> list[Entry]:
        return choice.of(map(Entry.of, records.readable(outbox, outbox.latest())))

    return _list(call, read, listing.deployments, _empty(choice, "nothing was sent"), most, utc=utc, watch=watch)


@command(RECORDS, has_more=True)
def queue(call: Call, utc: Utc = False) -> Exit:
    """Show the queued events, and why they are queued.

    bigpanda-release queue --json

    bigpanda-release queue drop 4f1c2ab9
    """
    leftover.end_orphans(call.outbox)
    found = Choice().of(map(Entry.of, drop.queued(call.outbox)))
    return _list(call, lambda: found, listing.waiting, "nothing is queued", None, utc=utc)


@command(MORE, name="queue drop")
def queue_drop(
    call: Call,
    attempt: Annotated[
        str, typer.Argument(metavar="ID", help="Attempt, as `queue` shows it, or the beginning of its id.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> Exit:
    """Remove the queued events of a deployment, so that they are never sent.

    bigpanda-release queue drop 4f1c2ab9
    """
    leftover.end_orphans(call.outbox)
    record = drop.find(drop.queued(call.outbox), attempt)
    told = drop.effects(record)
    for sentence in told:
        call.display.line(sentence, always=not yes)
    if not yes:
        if call.as_json or not (sys.stdin.isatty() and call.console.is_terminal):
            raise WrongUseError("not a terminal; pass --yes to confirm")
        if not typer.confirm("drop now?"):
            call.display.line("nothing was done")
            return Exit.CANCELLED
    dropped = drop.drop(call.outbox, record)
    if call.as_json:
        call.print_json({**dropped.as_object(), "effects": told})
    else:
        call.display.line(f"dropped {dropped}", always=True)
    return Exit.OK


def _choice(stack: str | None, component: str | None, host: str | None, state: str | None, since: str | None) -> Choice:
    """What the options ask for.

    Raises:
        WrongUseError: one of them has a value that cannot be used.
    """
    states = {one.value.replace(" ", "-"): one for one in State}
    if state is not None and state not in states:
        raise WrongUseError(f"--state {state} is not a state; write one of: {', '.join(states)}")
    after = None if since is None else moment(since, dt.datetime.now(dt.timezone.utc))
    return Choice(stack, component, host, None if state is None else states[state], after)


def _most(call: Call, limit: int | None, *, every: bool) -> int | None:
    """How many are shown; None for all."""
    if every and limit is not None:
        raise WrongUseError("--all cannot be combined with --limit; omit one of them")
    return NEWEST if limit is None and not every and call.console.is_terminal and not call.as_json else limit


def _empty(choice: Choice, otherwise: str) -> str:
    return "no deployment matches" if choice else otherwise


def _list(
    call: Call,
    read: Callable[[], Sequence[Entry]],
    make: Make,
    empty: str,
    most: int | None,
    *,
    utc: bool,
    watch: bool = False,
) -> Exit:
    if watch and call.as_json:
        raise WrongUseError("--watch cannot be combined with --json; omit one of them")
    if watch and not call.console.is_terminal:
        raise WrongUseError("--watch needs a terminal; omit it")
    table = Listing(call.console, make, empty, is_whole=utc, most=most)
    if call.as_json:
        call.print_json([one.as_object() for one in read()[:most]])
    elif watch:
        table.watch(read)
    else:
        table.show(read())
    return Exit.OK


@command(RECORDS)
def flush(
    call: Call,
    stack: Annotated[
        str | None,
        typer.Option(
            "--stack",
            "-s",
            metavar="STACK",
            help="Send only the events of this stack, with the settings of its config.",
            rich_help_panel=DELIVER,
        ),
    ] = None,
    folder: Folder = None,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
    delivery: DeliveryMode = None,
) -> Exit:
    """Send the queued events, oldest first.

    bigpanda-release flush

    bigpanda-release flush -s prod -C infrastructure
    """

    def warn(sentence: str, *, about: str | None = None) -> None:
        if about != "outage":  # what stays queued is told in the end, with the reason
            call.display.warn(sentence, about=about)

    given = explicit(token_file, app_key_file, api, delivery)
    leftover.end_orphans(call.outbox)
    opened = None if stack is None else ProjectStack(folder or pathlib.Path(), stack, Engine(Interrupts()))
    settings = call.settings(given, opened)
    chosen = Delivery(settings, call.outbox, warn)
    full_name = None if opened is None else opened.full_name
    flushed = leftover.flush(chosen, full_name, show.Paused(call.display))
    for name in flushed.unsure:
        call.display.warn(f"the state of {name} cannot be read, so another machine may have sent its events already")
    if call.as_json:
        call.print_json(flushed.as_object())
    else:
        for line, style in flushed.lines(settings.base_url, _otherwise(opened, given)):
            call.display.line(line, style=style)
    if flushed.complete:
        return Exit.OK
    return Exit.UNDELIVERED if chosen.mode is Mode.REQUIRED else Exit.FAILED


def _otherwise(opened: ProjectStack | None, given: dict[str, Any]) -> str:
    """The address, had nobody set one in the environment."""
    environ = {name: value for name, value in os.environ.items() if name != environment_name("baseUrl")}
    return Settings.resolve({} if opened is None else opened.config, environ, given).base_url.value
