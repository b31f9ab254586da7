"""Commands that send one event by hand."""

from __future__ import annotations

import os
import pathlib
from typing import Annotated

import typer

from ...delivery.attempt import End
from ...delivery.delivery import Delivery
from ...delivery.found import Occasion, context
from ...errors import UndeliveredError, WrongUseError
from ...settings import Mode
from ...state import Api, DeliveryStatus, Status
from .. import byhand, carried
from ..exits import Exit
from ..remote import Reader
from ..runner import start_event
from .app import command
from .call import Call
from .help import EVENTS
from .options import (
    AppKeyFile,
    DeliveryMode,
    Description,
    Owner,
    Tags,
    TokenFile,
    UsedApi,
    explicit,
    tags,
)


@command(EVENTS)
def start(
    call: Call,
    component: Annotated[str, typer.Option(help="Component, as BigPanda shows it.")],
    version: Annotated[str, typer.Option(help="Version of the component.")],
    host: Annotated[list[str], typer.Option(metavar="HOST", help="Host to report; repeat for several.")],
    description: Description = None,
    owner: Owner = None,
    tag: Tags = None,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
    delivery: DeliveryMode = None,
) -> Exit:
    """Send a start by hand.

    bigpanda-release start --component shop --version 2.4.1 --host web-1 --host web-2
    """
    added = tags(tag)
    settings = call.settings(explicit(token_file, app_key_file, api, delivery))
    event = start_event(
        component=component,
        version=version,
        hosts=host,
        description=description,
        owner=owner,
        tags=added and carried.without_secrets(added, settings.secrets),
    )
    chosen = Delivery(settings, call.outbox, call.display.warn)
    found = context(settings, os.environ, Occasion("", pathlib.Path.cwd()))
    return _sent(byhand.start(chosen, event, found).start_delivery, "start")


@command(EVENTS)
def end(
    call: Call,
    component: Annotated[str | None, typer.Option(help="Component of the start.")] = None,
    version: Annotated[
        str | None,
        typer.Option(help="Version of the start; optional if only one start of the component is open."),
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="Host of the start; repeat for all hosts, or omit.")
    ] = None,
    attempt: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Attempt, as `status --json` shows it, instead of a component, version and hosts."
        ),
    ] = None,
    status: Annotated[Status, typer.Option(help="Result of the deployment.")] = Status.SUCCESS,
    reason: Annotated[str | None, typer.Option(help="Reason of the failure.")] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Send the end even if no open start matches, or a running update would send it."),
    ] = False,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
    delivery: DeliveryMode = None,
) -> Exit:
    """Send the end of an open start.

    For a start that was sent from another machine, pass --force with its component, version and hosts. With the
    Changes API, BigPanda is asked for the deployment, so --attempt or the component is enough.

    bigpanda-release end --component shop

    bigpanda-release end --component shop --version 2.4.1 --host web-1 --status failure --reason "disk full"
    """
    if reason is not None and status is Status.SUCCESS:
        raise WrongUseError("--reason is only for a failure; add --status failure, or omit --reason")
    sought = byhand.Sought.told(attempt, component, version, host)
    settings = call.settings(explicit(token_file, app_key_file, api, delivery))
    chosen = Delivery(settings, call.outbox, call.display.warn)
    asks = settings.api.value is Api.CHANGES
    elsewhere = (lambda sought: Reader(settings, chosen.outbox).find(sought)) if asks else None
    ended = byhand.end(chosen, sought, End(status, reason), force=force, elsewhere=elsewhere)
    became = None if ended.end is None else ended.end.delivery
    return _sent(became, "end", required=chosen.mode is Mode.REQUIRED, trouble=chosen.sender.trouble)


def _sent(state: DeliveryStatus | None, what: str, *, required: bool = False, trouble: str | None = None) -> Exit:
    """Tell what became of an event."""
    if state is DeliveryStatus.QUEUED and required:
        raise UndeliveredError(
            f"the {what} did not get through, and delivery is required; the {what} is queued: {trouble}"
        )
    told = {
        DeliveryStatus.DELIVERED: "sent",
        DeliveryStatus.QUEUED: "queued; send it with `bigpanda-release flush`",
        DeliveryStatus.REJECTED: "rejected",
        DeliveryStatus.OFF: "not sent, since delivery is off",
    }
    print(f"{what} {told[state or DeliveryStatus.QUEUED]}")
    return Exit.FAILED if state is DeliveryStatus.REJECTED else Exit.OK
