"""Commands about the outbox itself: where it is, and how it moves."""

from __future__ import annotations

import pathlib
import time
from typing import Annotated, Any

import typer

from ...bigpanda.text import listed
from ...delivery.copying import copy
from ...delivery.record import Record
from ...delivery.stored.location import EXAMPLE, Location, parse
from ...errors import ReleaseError, WrongUseError
from ..exits import Exit
from ..recorded.records import Entry, known
from .app import command
from .call import Call
from .help import MORE, RECORDS

NAMED = 3
"""How many deployments a line names."""


@command(RECORDS, has_more=True)
def outbox(call: Call) -> Exit:
    """Show where deployments are recorded.

    It is a file, or with BIGPANDA_OUTBOX=postgresql://... a database that a team shares.

    bigpanda-release outbox

    bigpanda-release outbox copy ~/.local/state/bigpanda-provider/outbox.db postgresql://ci@db.example.com/bigpanda
    """
    found = call.open_outbox()
    unsettled = len(found.unsettled_of_all())
    if call.as_json:
        call.print_json({"outbox": str(found.location), "unsettled": unsettled})
    else:
        call.display.line(f"{found.location}: {unsettled} waiting or in progress", always=True)
    return Exit.OK


@command(MORE, name="outbox copy")
def outbox_copy(
    call: Call,
    source: Annotated[str, typer.Argument(metavar="FROM", help="File, or URL of a database, to copy from.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="File, or URL of a database, to copy to.")],
) -> Exit:
    """Copy an outbox, and move what is queued or open in it.

    Exit with 1 if a deployment is still in progress; then run it again. Omit the password from a URL: PGPASSWORD and
    ~/.pgpass are read.

    bigpanda-release outbox copy ~/.local/state/bigpanda-provider/outbox.db postgresql://ci@db.example.com/bigpanda
    """
    come_from, go_to = _place("FROM", source), _place("TO", target)
    if come_from == go_to:
        raise WrongUseError(f"FROM and TO are the same outbox; write TO as a file or as {EXAMPLE}")
    if isinstance(come_from, pathlib.Path) and not come_from.is_file():
        raise ReleaseError(f"there is no outbox at {come_from}")
    copied = copy(come_from, go_to)
    kept = [known(one.attempt) for one in copied.kept]
    if call.as_json:
        moved, left = ([_listed(one) for one in records] for records in (copied.moved, copied.kept))
        call.print_json({"copied": copied.history, "moved": moved, "inProgress": left})
    else:
        call.display.line(f"copied to {go_to}: {copied.history} in the history, {len(copied.moved)} open or queued")
        if kept:
            told = f"{listed(kept, NAMED)} {'is' if len(kept) == 1 else 'are'} still in progress and not copied"
            call.display.line(f"{told}; run this again when that has ended", style="yellow", always=True)
    return Exit.FAILED if kept else Exit.OK


def _listed(record: Record) -> dict[str, Any]:
    """A deployment as `status` lists it, before it was moved."""
    return Entry.of(record, time.time()).as_object()


def _place(name: str, told: str) -> Location:
    if not told.strip():
        raise WrongUseError(f"{name} is empty; write a file or {EXAMPLE}")
    return parse(told)
