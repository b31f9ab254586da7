"""Commands that show, send and drop what waits."""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ...delivery.delivery import Delivery
from ...delivery.origin import Origin
from ...errors import ReleaseError, WrongUseError
from ...settings import Mode, Settings, environment_name
from ..engine.process import Engine, Interrupts
from ..engine.stack import ProjectStack
from ..exits import Exit
from ..recorded import drop, leftover, records
from ..recorded.choice import Choice
from ..shown import listing
from ..shown.paused import Paused
from . import recorded
from .app import command
from .call import Call
from .groups import AsTable, Deliver
from .help import MORE, RECORDS
from .options import DELIVER, Folder, Mine, Utc


@command(RECORDS, has_more=True)
def queue(call: Call, mine: Mine = False, utc: Utc = False) -> Exit:
    """Show the queued events, and why they are queued.

    bigpanda-release queue --json

    bigpanda-release queue drop 4f1c2ab9
    """
    leftover.end_orphans(call.open_outbox())
    choice = Choice(mine=mine)
    found = choice.of(records.entries(call.outbox, drop.queued(call.outbox)))
    empty = recorded.empty(choice, "nothing is queued")
    return recorded.show(call, lambda: found, listing.waiting, empty, AsTable(every=True, utc=utc))


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
    leftover.end_orphans(call.open_outbox(will_write=True))
    record = drop.find(drop.queued(call.outbox), attempt)
    told = drop.effects(record)
    for sentence in told:
        call.display.line(sentence, always=not yes)
    if not yes:
        if call.as_json or not (sys.stdin.isatty() and call.console.is_terminal):
            raise WrongUseError("not a terminal; pass --yes to confirm")
        if not call.display.ask("drop now?"):
            call.display.line("nothing was done")
            return Exit.CANCELLED
    dropped = drop.drop(call.outbox, record)
    if call.as_json:
        call.print_json({**dropped.as_object(), "effects": told})
    else:
        call.display.line(f"dropped {dropped}", always=True)
    return Exit.OK


@command(RECORDS)
def flush(
    call: Call,
    deliver: Deliver,
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
    mine: Mine = False,
) -> Exit:
    """Send the queued events, oldest first.

    bigpanda-release flush

    bigpanda-release flush -s prod -C infrastructure
    """
    given = deliver.explicit
    leftover.end_orphans(call.open_outbox(will_write=True), of_all=True)
    opened = None if stack is None else ProjectStack(folder or pathlib.Path(), stack, Engine(Interrupts()))
    settings = call.settings(given, opened)
    if settings.delivery.value is Mode.OFF:
        where = settings.delivery.name
        raise ReleaseError(
            f"delivery is off ({where}), so nothing is sent; pass --delivery bestEffort to send what is queued"
        )
    chosen = Delivery(settings, call.outbox, call.warn_but_of_outages)
    full_name = None if opened is None else opened.full_name
    flushed = leftover.flush(chosen, full_name, Origin.here(os.environ) if mine else None, Paused(call.display))
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


def _otherwise(opened: ProjectStack | None, given: Mapping[str, Any]) -> str:
    """The address, had nobody set one in the environment."""
    environ = {name: value for name, value in os.environ.items() if name != environment_name("baseUrl")}
    return Settings.resolve({} if opened is None else opened.config, environ, given).base_url.value
