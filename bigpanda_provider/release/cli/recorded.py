"""Commands that show what was recorded, and send what waits."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Annotated

import typer

from ...delivery.delivery import Delivery
from ...delivery.record import Record
from ...errors import WrongUseError
from ...settings import Mode
from .. import leftover, records, show
from ..engine import Engine, Interrupts
from ..exits import Exit
from ..remote import DAYS, Reader
from ..stack import ProjectStack
from .app import command
from .call import Call
from .help import RECORDS
from .options import (
    AppKeyFile,
    DeliveryMode,
    Folder,
    TokenFile,
    UsedApi,
    explicit,
)


@command(RECORDS)
def status(
    call: Call,
    remote: Annotated[
        bool, typer.Option("--remote", help="Show what BigPanda itself has in progress, from all machines.")
    ] = False,
    days: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With --remote, go back N days. [default: 30]")
    ] = None,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
) -> Exit:
    """Show deployments in progress and queued events.

    bigpanda-release status --json

    bigpanda-release status --remote
    """
    if days is not None and not remote:
        raise WrongUseError("--days is only for --remote; add --remote, or omit --days")
    given, outbox = explicit(token_file, app_key_file, api), call.outbox
    reader = Reader(call.settings(given), outbox) if remote else None
    call.end_orphans(given)
    if reader is not None:
        return _show_remote(call, reader, days or DAYS)
    _show(call, records.readable(outbox, outbox.unended()), empty="nothing is in progress, and nothing is queued")
    return Exit.OK


@command(RECORDS)
def history(
    call: Call,
    component: Annotated[str | None, typer.Option(help="Show only this component.")] = None,
    host: Annotated[str | None, typer.Option(help="Show only deployments on this host.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Show only newer deployments: 90m, 12h, 7d, or 2026-11-25T10:00.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show at most N deployments, the newest.")
    ] = None,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
) -> Exit:
    """Show the recorded deployments, newest first.

    Cover this machine's deployments, also those that programs recorded.

    bigpanda-release history --component shop --since 7d
    """
    after = None if since is None else records.moment(since, dt.datetime.now(dt.timezone.utc))
    call.end_orphans(explicit(token_file, app_key_file, api))
    every = records.readable(call.outbox, call.outbox.latest())
    found = records.chosen(every, component=component, host=host, after=after)[:limit]
    _show(call, found, empty="nothing was sent")
    return Exit.OK


def _show_remote(call: Call, reader: Reader, days: int) -> Exit:
    found = [reader.as_object(one) for one in reader.in_progress(days)]
    if call.as_json:
        call.print_json(found)
    else:
        empty = f"BigPanda has nothing in progress that started within {days} days and was recorded by this package"
        show.remotes(call.console, found, empty=empty)
    return Exit.OK


def _show(call: Call, found: list[Record], *, empty: str) -> None:
    if call.as_json:
        call.print_json([records.as_object(record) for record in found])
    else:
        show.table(call.console, found, empty=empty)


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
    given = explicit(token_file, app_key_file, api, delivery)
    leftover.end_orphans(call.outbox)
    opened = None if stack is None else ProjectStack(folder or pathlib.Path(), stack, Engine(Interrupts()))
    chosen = Delivery(call.settings(given, opened), call.outbox, call.display.warn)
    full_name = None if opened is None else opened.full_name
    flushed = leftover.flush(chosen, full_name, show.Paused(call.display))
    show.flushed(call.display, flushed, chosen.sender.trouble)
    if flushed.complete:
        return Exit.OK
    return Exit.UNDELIVERED if chosen.mode is Mode.REQUIRED else Exit.FAILED
