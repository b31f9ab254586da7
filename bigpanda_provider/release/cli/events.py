"""Commands that send one event by hand."""

from __future__ import annotations

import os
import pathlib
from typing import Annotated

import typer

from ...bigpanda import hidden
from ...delivery.attempt import End
from ...delivery.delivery import Delivery
from ...delivery.found import Occasion, context
from ...delivery.queue import short
from ...errors import DeliveryError, UndeliveredError, WrongUseError
from ...settings import Mode
from ...state import Api, DeliveryStatus, Status
from .. import carried
from ..byhand import events as byhand
from ..byhand import handed
from ..byhand.handed import EventKind, Handed
from ..byhand.sought import Sought
from ..exits import Exit
from ..recorded.remote import Reader
from ..release import start_event
from .app import command
from .call import Call
from .groups import Deliver, pairs
from .help import EVENTS
from .options import DELIVER, TELL, WHICH, Description, Owner, Tags

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show what would be sent; send and record nothing.", rich_help_panel=DELIVER),
]


@command(EVENTS)
def start(
    call: Call,
    deliver: Deliver,
    component: Annotated[
        str, typer.Option(metavar="NAME", help="Component, as BigPanda shows it.", rich_help_panel=TELL)
    ],
    version: Annotated[str, typer.Option(metavar="VERSION", help="Version of the component.", rich_help_panel=TELL)],
    host: Annotated[
        list[str], typer.Option(metavar="HOST", help="Host to report; repeat for several.", rich_help_panel=TELL)
    ],
    description: Description = None,
    owner: Owner = None,
    tag: Tags = None,
    dry_run: DryRun = False,
) -> Exit:
    """Send a start by hand.

    bigpanda-release start --component shop --version 2.4.1 --host web-1 --host web-2
    """
    added = pairs("--tag", tag)
    settings = call.settings(deliver.explicit)
    event = start_event(
        component=component,
        version=version,
        hosts=host,
        description=description,
        owner=owner,
        tags=added and carried.without_secrets(added, settings.secrets),
    )
    chosen = Delivery(settings, call.outbox, call.warn_but_of_outages)
    found = context(settings, os.environ, Occasion("", pathlib.Path.cwd()))
    begun = byhand.attempt_of(event, found, settings.secrets)
    if dry_run:
        return _drafted(call, handed.start_drafted(begun, chosen), handed.caveat(chosen, settings, begun))
    try:
        sent = byhand.start(chosen, begun)
    except DeliveryError as error:
        assert begun.start is not None
        raise UndeliveredError(
            f"the start of {begun.start.named()} did not get through, and delivery is required: {short(str(error))}"
        ) from None
    return _told(call, handed.handed(EventKind.START, sent, chosen))


@command(EVENTS)
def end(
    call: Call,
    deliver: Deliver,
    component: Annotated[
        str | None, typer.Option(metavar="NAME", help="Component of the start.", rich_help_panel=WHICH)
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Version of the start.", rich_help_panel=WHICH)
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Host of the start; repeat for all of its hosts.", rich_help_panel=WHICH),
    ] = None,
    attempt: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Attempt, as `start` shows it, or the beginning of its id.", rich_help_panel=WHICH
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Send the end even if no open start matches, or a running update would send it.",
            rich_help_panel=WHICH,
        ),
    ] = False,
    status: Annotated[
        Status,
        typer.Option(metavar="RESULT", help="Result of the deployment: success or failure.", rich_help_panel=TELL),
    ] = Status.SUCCESS,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Reason of the failure.", rich_help_panel=TELL)
    ] = None,
    dry_run: DryRun = False,
) -> Exit:
    """Send the end of an open start.

    Pass as much of the start as tells it apart from others that are open.

    For a start that was sent from another machine, pass --force with its component, version and hosts. With the
    Changes API, BigPanda is asked for the deployment, so a part of these, or --attempt, is enough.

    bigpanda-release end --component shop

    bigpanda-release end --component shop --version 2.4.1 --host web-1 --status failure --reason "disk full"
    """
    if reason is not None and status is Status.SUCCESS:
        raise WrongUseError("--reason is only for a failure; add --status failure, or omit --reason")
    settings = call.settings(deliver.explicit)
    sought = Sought.told(attempt, component, version, host, settings.secrets)
    outbox = call.outbox if force else call.open_outbox(will_write=not dry_run)
    chosen = Delivery(settings, outbox, call.warn_but_of_outages)
    asks = settings.api.value is Api.CHANGES
    elsewhere = (lambda sought: Reader(settings, chosen.outbox).find(sought)) if asks else None
    found = byhand.find(chosen, sought, force=force, elsewhere=elsewhere)
    told = End(status, None if reason is None else hidden.in_text(reason, settings.secrets))
    if dry_run:
        drafted = handed.end_drafted(found.attempt, found.record, told, chosen)
        return _drafted(call, drafted, handed.caveat(chosen, settings, found.attempt))
    sent = handed.handed(EventKind.END, byhand.end(chosen, found, told), chosen)
    return _told(call, sent, required=chosen.mode is Mode.REQUIRED)


def _drafted(call: Call, event: Handed, caveat: str | None) -> Exit:
    """Show an event that is not sent."""
    if caveat is not None:
        call.display.warn(caveat)
    _show(call, event)
    return Exit.OK


def _told(call: Call, event: Handed, *, required: bool = False) -> Exit:
    """Tell what became of an event.

    Raises:
        UndeliveredError: it is queued, and delivery is required.
    """
    refused = required and event.became is DeliveryStatus.QUEUED
    if call.as_json or not refused:
        _show(call, event)
    if refused:
        raise UndeliveredError(f"{event.sentence()} (delivery is required)")
    return Exit.FAILED if event.became is DeliveryStatus.REJECTED else Exit.OK


def _show(call: Call, event: Handed) -> None:
    if call.as_json:
        call.print_json(event.as_object())
        return
    call.display.line(event.sentence(), always=True)
    if request := event.request():
        print(request)  # as it is, so that it can be copied: a terminal folds it, and nothing else does
