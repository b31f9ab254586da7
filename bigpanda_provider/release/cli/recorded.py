"""Commands that show what was recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from ...errors import WrongUseError
from .. import listing, records
from ..exits import Exit
from ..records import Entry
from ..remote import DAYS, Reader
from .app import command
from .call import Call
from .filters import (
    Every,
    Limit,
    OfComponent,
    OfHost,
    OfStack,
    OfState,
    Since,
    Utc,
    Watch,
    chosen,
    empty_of,
    listed,
    newest_of,
)
from .help import RECORDS
from .options import SHOW, AppKeyFile, TokenFile, UsedApi, explicit


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
    choice, newest = chosen(stack, component, host, state, since), newest_of(call, limit, every=every)
    given, outbox = explicit(token_file, app_key_file, api), call.outbox
    if remote:
        reader = Reader(call.settings(given), outbox)
        call.end_orphans(given)
        back = days or DAYS
        empty = f"BigPanda has nothing in progress that started within {back} days and was recorded by this package"
        found = choice.of(map(reader.entry, reader.in_progress(back)))
        return listed(call, lambda: found, listing.in_bigpanda, empty_of(choice, empty), newest, utc=utc)
    call.end_orphans(given)

    def read() -> list[Entry]:
        return choice.of(map(Entry.of, records.readable(outbox, outbox.unended())))

    empty = empty_of(choice, "nothing is in progress, and nothing is queued")
    return listed(call, read, listing.deployments, empty, newest, utc=utc, watch=watch)


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
    choice, newest = chosen(stack, component, host, state, since), newest_of(call, limit, every=every)
    call.end_orphans(explicit(token_file, app_key_file, api))
    outbox = call.outbox

    def read() -> list[Entry]:
        return choice.of(map(Entry.of, records.readable(outbox, outbox.latest())))

    return listed(call, read, listing.deployments, empty_of(choice, "nothing was sent"), newest, utc=utc, watch=watch)
