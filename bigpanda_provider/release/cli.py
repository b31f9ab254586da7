"""The command line of `bigpanda-release`: its commands, and how an error of theirs is told."""

from __future__ import annotations

import datetime as dt
import functools
import os
import pathlib
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from ..bigpanda import certificate
from ..delivery.attempt import End
from ..delivery.delivery import Delivery
from ..delivery.file import default_path
from ..delivery.found import Occasion, context
from ..delivery.outbox import Outbox
from ..delivery.record import Record
from ..errors import BigPandaError, OutboxError, SettingError, UndeliveredError, WrongUseError
from ..settings import Mode, Settings
from ..state import Api, DeliveryStatus, Status
from . import byhand, carried, leftover, order, records, show
from .display import Display
from .doctor import checks
from .engine import Engine, Interrupts
from .exits import Exit, exit_of, exit_of_error
from .options import (
    AppKeyFile,
    AsJson,
    Component,
    DeliveryMode,
    Description,
    File,
    Folder,
    Hosts,
    Owner,
    Parallel,
    Stack,
    Tags,
    TokenFile,
    UsedApi,
    Version,
    Yes,
    explicit,
    tags,
)
from .releasing import Asked, Releasing, refuse_to_ask
from .remote import DAYS, Reader
from .runner import Release, start_event
from .stack import Kind, ProjectStack

WIDE = 1000

F = TypeVar("F", bound=Callable[..., Any])

app = typer.Typer(
    name="bigpanda-release",
    help="Record updates of whole Pulumi stacks in BigPanda: the start, and the end with its result.",
    epilog="Exit codes: 0 success, 1 a release failed, 2 wrong use, 3 delivery is required and "
    "an event did not get through, 130 cancelled.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_debugging = False


@app.callback()
def _main(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of unexpected errors.")] = False,
) -> None:
    global _debugging
    _debugging = debug


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code. `--debug` may stand anywhere in it."""
    others = [argument for argument in arguments if argument != "--debug"]
    try:
        app(
            args=["--debug", *others] if len(others) < len(arguments) else others,
            prog_name="bigpanda-release",
        )
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return Exit.OK


def command(function: F) -> F:
    """Make the function a command: its errors become one sentence and an exit code."""

    @functools.wraps(function)
    def told(*args: Any, **kwargs: Any) -> None:
        try:
            code = function(*args, **kwargs)
        except (KeyboardInterrupt, typer.Abort):
            _complain("cancelled")
            code = Exit.CANCELLED
        except BigPandaError as error:
            _complain(str(error))
            code = exit_of_error(error)
        except Exception as error:  # noqa: BLE001 - a user is not to see a traceback unasked; no text, it could be secret
            if _debugging:
                traceback.print_exc()
            _complain(f"unexpected error: {type(error).__name__}; run it again with --debug for a traceback")
            code = Exit.FAILED
        finally:
            while _outboxes:
                _outboxes.popitem()[1].close()
        raise typer.Exit(code)

    app.command()(told)
    return function


def _complain(sentence: str) -> None:
    print(f"bigpanda-release: {sentence}", file=sys.stderr)


# -- releases ----------------------------------------------------------------------------------------------------------


def _updating(kind: Kind, text: str) -> None:
    """Make the command that does this to a stack, or to those of a release.yaml, and records it."""

    def update(
        release_file: File = None,
        stack: Stack = None,
        folder: Folder = None,
        component: Component = None,
        version: Version = None,
        host: Hosts = None,
        description: Description = None,
        owner: Owner = None,
        tag: Tags = None,
        yes: Yes = False,
        parallel: Parallel = 1,
        token_file: TokenFile = None,
        app_key_file: AppKeyFile = None,
        api: UsedApi = None,
        delivery: DeliveryMode = None,
    ) -> Exit:
        asked = Asked(release_file, stack, folder, component, version, host, description, owner, tags(tag)).releases()
        in_turn = order.backwards(asked) if kind is Kind.DESTROY else asked
        return _carry_out(kind, in_turn, explicit(token_file, app_key_file, api, delivery), yes=yes, parallel=parallel)

    update.__name__, update.__doc__ = kind.value, text
    command(update)


_updating(
    Kind.UP,
    """Update a stack and record the update.

    With a release.yaml, update its stacks in their order.

    bigpanda-release up -s prod --component shop --version 2.4.1

    bigpanda-release up release.yaml --parallel 2 --yes
    """,
)
_updating(
    Kind.DESTROY,
    """Delete all resources of a stack and record the update.

    With a release.yaml, go through its stacks in reverse order.

    bigpanda-release destroy -s review-12 --component shop --version 2.4.1
    """,
)


@command
def refresh(
    release_file: File = None,
    stack: Stack = None,
    folder: Folder = None,
    yes: Yes = False,
    parallel: Parallel = 1,
) -> Exit:
    """Refresh state from the cloud provider.

    A refresh deploys nothing, so no event is sent.

    bigpanda-release refresh -s prod --yes
    """
    asked = Asked(release_file, stack, folder).releases(recorded=False)
    return _carry_out(Kind.REFRESH, asked, {}, yes=yes, parallel=parallel)


@command
def preview(
    release_file: File = None,
    stack: Stack = None,
    folder: Folder = None,
    component: Component = None,
    version: Version = None,
    host: Hosts = None,
    description: Description = None,
    owner: Owner = None,
    tag: Tags = None,
    as_json: AsJson = False,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
    delivery: DeliveryMode = None,
) -> Exit:
    """Show the changes and the events that would be sent.

    bigpanda-release preview -s prod --component shop --version 2.4.1

    bigpanda-release preview release.yaml --json
    """
    asked = Asked(release_file, stack, folder, component, version, host, description, owner, tags(tag)).releases()
    display = Display(_console(stderr=as_json))
    given = explicit(token_file, app_key_file, api, delivery)
    planned = Releasing(display, _outbox(display), given).plan(asked, Kind.UP).values()
    if as_json:
        print(show.as_json({"releases": [show.plan_as_json(one) for one in planned]}))
    else:
        for one in planned:
            show.plan(display, one)
    return Exit.OK


def _carry_out(kind: Kind, releases: Sequence[Release], given: dict[str, Any], *, yes: bool, parallel: int) -> Exit:
    display = Display(_console())
    if not yes:
        refuse_to_ask(display)
    _end_orphans(display, given)
    results = Releasing(display, _outbox(display), given).carry_out(releases, kind, yes=yes, parallel=parallel)
    return exit_of(result.outcome for result in results.values())


# -- events ------------------------------------------------------------------------------------------------------------


@command
def start(
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
    settings = _settings(explicit(token_file, app_key_file, api, delivery))
    event = start_event(
        component=component,
        version=version,
        hosts=host,
        description=description,
        owner=owner,
        tags=added and carried.without_secrets(added, settings.secrets),
    )
    display = Display(_console(stderr=True))
    chosen = Delivery(settings, _outbox(display), display.warn)
    found = context(settings, os.environ, Occasion("", pathlib.Path.cwd()))
    return _sent(byhand.start(chosen, event, found).start_delivery, "start")


@command
def end(
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
    display = Display(_console(stderr=True))
    settings = _settings(explicit(token_file, app_key_file, api, delivery))
    chosen = Delivery(settings, _outbox(display), display.warn)
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


# -- what was recorded -------------------------------------------------------------------------------------------------


@command
def status(
    remote: Annotated[
        bool, typer.Option("--remote", help="Show what BigPanda itself has in progress, from all machines.")
    ] = False,
    days: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="With --remote, go back N days. [default: 30]")
    ] = None,
    as_json: AsJson = False,
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
    display, given = Display(_console(stderr=as_json)), explicit(token_file, app_key_file, api)
    outbox = _outbox(display)
    reader = Reader(_settings(given), outbox) if remote else None
    _end_orphans(display, given)
    if reader is not None:
        return _show_remote(reader, days or DAYS, as_json=as_json)
    _show(
        records.readable(outbox, outbox.unended()),
        as_json=as_json,
        empty="nothing is in progress, and nothing is queued",
    )
    return Exit.OK


@command
def history(
    component: Annotated[str | None, typer.Option(help="Show only this component.")] = None,
    host: Annotated[str | None, typer.Option(help="Show only deployments on this host.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Show only newer deployments: 90m, 12h, 7d, or 2026-11-25T10:00.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Show at most N deployments, the newest.")
    ] = None,
    as_json: AsJson = False,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
) -> Exit:
    """Show the recorded deployments, newest first.

    Cover this machine's deployments, also those that programs recorded.

    bigpanda-release history --component shop --since 7d
    """
    after = None if since is None else records.moment(since, dt.datetime.now(dt.timezone.utc))
    display = Display(_console(stderr=as_json))
    _end_orphans(display, explicit(token_file, app_key_file, api))
    outbox = _outbox(display)
    every = records.readable(outbox, outbox.latest())
    found = records.chosen(every, component=component, host=host, after=after)[:limit]
    _show(found, as_json=as_json, empty="nothing was sent")
    return Exit.OK


def _show_remote(reader: Reader, days: int, *, as_json: bool) -> Exit:
    found = [reader.as_object(one) for one in reader.in_progress(days)]
    if as_json:
        print(show.as_json(found))
    else:
        empty = f"BigPanda has nothing in progress that started within {days} days and was recorded by this package"
        show.remotes(_console(), found, empty=empty)
    return Exit.OK


def _show(found: list[Record], *, as_json: bool, empty: str) -> None:
    if as_json:
        print(show.as_json([records.as_object(record) for record in found]))
    else:
        show.table(_console(), found, empty=empty)


@command
def flush(
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
    display = Display(_console())
    given = explicit(token_file, app_key_file, api, delivery)
    leftover.end_orphans(_outbox(display))
    opened = None if stack is None else ProjectStack(folder or pathlib.Path(), stack, Engine(Interrupts()))
    chosen = Delivery(_settings(given, opened), _outbox(display), display.warn)
    full_name = None if opened is None else opened.full_name
    flushed = leftover.flush(chosen, full_name, show.Paused(display))
    show.flushed(display, flushed, chosen.sender.trouble)
    if flushed.complete:
        return Exit.OK
    return Exit.UNDELIVERED if chosen.mode is Mode.REQUIRED else Exit.FAILED


# -- around it ---------------------------------------------------------------------------------------------------------


@command
def doctor(
    stack: Stack = None,
    folder: Folder = None,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
) -> Exit:
    """Check the setup.

    Print a fix for each problem; send no event.
    """
    display = Display(_console())
    good = True
    for one in checks(folder or pathlib.Path(), stack, os.environ, explicit(token_file, app_key_file, api)):
        good &= one.fix is None
        show.check(display, one)
    return Exit.OK if good else Exit.FAILED


@command
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free port.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data: Annotated[
        str, typer.Option(metavar="FILE", help="File to keep events in; :memory: keeps them in memory.")
    ] = ":memory:",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Additional host name that requests may be sent to; repeat for several."),
    ] = None,
    changes_per_minute: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Answer 429 to more changes a minute. [default: no limit]"),
    ] = None,
) -> Exit:
    """Serve a local stand-in for BigPanda."""
    from ..sandbox.__main__ import serve

    return Exit(serve(host, port, data, allow_host or (), changes_per_minute))


# -- settings and places -----------------------------------------------------------------------------------------------


def _console(*, stderr: bool = False) -> Console:
    """Where lines go; a file or a pipe folds none."""
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=WIDE)


_outboxes: dict[Display, Outbox] = {}


def _outbox(display: Display) -> Outbox:
    """The outbox, once for a command; `command` closes it."""
    if display not in _outboxes:
        _outboxes[display] = Outbox(default_path(os.environ), display.warn)
    return _outboxes[display]


def _settings(given: dict[str, Any], opened: ProjectStack | None = None) -> Settings:
    """The settings of a stack; those that are known without one, if None."""
    folder = certificate.project_folder(pathlib.Path.cwd()) if opened is None else opened.folder
    settings = Settings.resolve({} if opened is None else opened.config, os.environ, given, folder)
    certificate.check(settings)
    return settings


def _end_orphans(display: Display, given: dict[str, Any]) -> None:
    """End what killed runs left open, and send that as far as token, app key and address are known without a stack."""
    try:
        ended = leftover.end_orphans(_outbox(display))
        settings = _settings(given)
    except OutboxError as error:
        display.warn(str(error), about="outbox")
        return
    except SettingError:
        return  # the command itself tells of it, where it needs the settings
    here = [row for row in ended if row.place.address == settings.base_url.value]
    rows = [row for row in here if settings.missing(row.attempt.api) is None]
    if rows and settings.delivery.value is not Mode.OFF:
        Delivery(settings, _outbox(display), display.warn).flush(rows, show.Paused(display))
