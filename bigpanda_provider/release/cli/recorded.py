"""Commands that show what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from ...errors import WrongUseError
from ..exits import Exit
from ..recorded import records
from ..recorded.choice import Choice
from ..recorded.records import Entry
from ..recorded.remote import DAYS, Reader
from ..shown import listing
from ..shown.listing import Listing, Make
from .app import command
from .call import Call
from .groups import Access, AsTable, Which
from .help import RECORDS
from .options import SHOW


@command(RECORDS)
def status(
    call: Call,
    which: Which,
    table: AsTable,
    access: Access,
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
) -> Exit:
    """Show deployments in progress and queued events.

    bigpanda-release status --watch

    bigpanda-release status --remote --stack prod
    """
    if days is not None and not remote:
        raise WrongUseError("--days is only for --remote; add --remote, or omit --days")
    if table.watch and remote:
        raise WrongUseError("--watch cannot be combined with --remote, since it would ask BigPanda every 2 s")
    choice, given, outbox = which.choice, access.explicit, call.open_outbox()
    if remote:
        reader = Reader(call.settings(given), outbox)
        call.end_orphans(given)
        back = days or DAYS
        otherwise = f"BigPanda has nothing in progress that started within {back} days and was recorded by this package"
        found = choice.of(map(reader.entry, reader.in_progress(back)))
        return show(call, lambda: found, listing.in_bigpanda, empty(choice, otherwise), table)
    call.end_orphans(given)

    def read() -> list[Entry]:
        return choice.of(records.entries(outbox, records.readable(outbox, outbox.unended())))

    told = empty(choice, "nothing is in progress, and nothing is queued")
    return show(call, read, listing.deployments, told, table)


@command(RECORDS)
def history(call: Call, which: Which, table: AsTable, access: Access) -> Exit:
    """Show the recorded deployments, newest first.

    Cover all deployments in the outbox, also those that programs recorded.

    bigpanda-release history --component shop --since 7d

    bigpanda-release history --stack prod --state failure --json
    """
    choice, outbox = which.choice, call.open_outbox()
    call.end_orphans(access.explicit)
    most = most_shown(call, table)

    def read() -> list[Entry]:
        return records.readable(outbox, choice.newest(records.entries(outbox, outbox.latest()), most))

    return show(call, read, listing.deployments, empty(choice, "nothing was sent"), table)


def empty(choice: Choice, otherwise: str) -> str:
    """What to say where nothing is listed."""
    return "no deployment matches" if choice else otherwise


def most_shown(call: Call, how: AsTable) -> int | None:
    """How many deployments are shown; None for all.

    Raises:
        WrongUseError: all are asked for, and only some.
    """
    return how.most(is_terminal=call.console.is_terminal and not call.as_json)


def show(call: Call, read: Callable[[], Sequence[Entry]], make: Make, empty: str, how: AsTable) -> Exit:
    """Show deployments in a table, or as JSON.

    Args:
        call: where.
        read: finds them, the newest first.
        make: makes the table's columns.
        empty: what to say where there are none.
        how: how many are shown, and whether again and again.

    Raises:
        WrongUseError: these options do not go together, or not with what is no terminal.
    """
    if how.watch and call.as_json:
        raise WrongUseError("--watch cannot be combined with --json; omit one of them")
    if how.watch and not call.console.is_terminal:
        raise WrongUseError("--watch needs a terminal; omit it")
    most = most_shown(call, how)
    table = Listing(call.console, make, empty, is_whole=how.utc, most=most)
    if call.as_json:
        call.print_json([one.as_object() for one in read()[:most]])
    elif how.watch:
        table.watch(read)
    else:
        table.show(read())
    return Exit.OK
