"""Commands that update stacks, and show what an update would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import order, show
from ..engine_options import EngineOptions, by_name
from ..exits import Exit, exit_of
from ..releasing import Asked, Releasing, refuse_to_ask
from ..runner import Release
from ..stack import Kind
from .app import command
from .call import Call
from .help import RELEASES
from .options import (
    AppKeyFile,
    Component,
    DeliveryMode,
    Description,
    Diff,
    File,
    Folder,
    Hosts,
    Owner,
    Parallel,
    ParallelOperations,
    Refresh,
    Stack,
    Tags,
    Targets,
    TokenFile,
    UsedApi,
    Version,
    Yes,
    explicit,
    tags,
)


def _updating(kind: Kind, text: str) -> None:
    """Make the command that does this to a stack, or to those of a release.yaml, and records it."""

    def update(
        call: Call,
        release_file: File = None,
        stack: Stack = None,
        folder: Folder = None,
        component: Component = None,
        version: Version = None,
        host: Hosts = None,
        description: Description = None,
        owner: Owner = None,
        tag: Tags = None,
        target: Targets = None,
        refresh: Refresh = False,
        diff: Diff = False,
        parallel_operations: ParallelOperations = None,
        yes: Yes = False,
        parallel: Parallel = 1,
        token_file: TokenFile = None,
        app_key_file: AppKeyFile = None,
        api: UsedApi = None,
        delivery: DeliveryMode = None,
    ) -> Exit:
        engine = _for_engine(
            call, kind.value, by_name(target, refresh=refresh, diff=diff, parallel=parallel_operations)
        )
        asked = Asked(release_file, stack, folder, component, version, host, description, owner, tags(tag)).releases()
        asked = _with(asked, engine)
        in_turn = order.backwards(asked) if kind is Kind.DESTROY else asked
        return _carry_out(
            call, kind, in_turn, explicit(token_file, app_key_file, api, delivery), yes=yes, parallel=parallel
        )

    update.__name__, update.__doc__ = kind.value, text
    command(RELEASES, engine=True)(update)


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


@command(RELEASES, engine=True)
def refresh(
    call: Call,
    release_file: File = None,
    stack: Stack = None,
    folder: Folder = None,
    target: Targets = None,
    diff: Diff = False,
    parallel_operations: ParallelOperations = None,
    yes: Yes = False,
    parallel: Parallel = 1,
) -> Exit:
    """Refresh state from the cloud provider.

    A refresh deploys nothing, so no event is sent.

    bigpanda-release refresh -s prod --yes
    """
    engine = _for_engine(call, "refresh", by_name(target, diff=diff, parallel=parallel_operations))
    asked = _with(Asked(release_file, stack, folder).releases(recorded=False), engine)
    return _carry_out(call, Kind.REFRESH, asked, {}, yes=yes, parallel=parallel)


@command(RELEASES, engine=True)
def preview(
    call: Call,
    release_file: File = None,
    stack: Stack = None,
    folder: Folder = None,
    component: Component = None,
    version: Version = None,
    host: Hosts = None,
    description: Description = None,
    owner: Owner = None,
    tag: Tags = None,
    target: Targets = None,
    refresh: Refresh = False,
    diff: Diff = False,
    parallel_operations: ParallelOperations = None,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
    delivery: DeliveryMode = None,
) -> Exit:
    """Show the changes and the events that would be sent.

    bigpanda-release preview -s prod --component shop --version 2.4.1

    bigpanda-release preview release.yaml --json
    """
    engine = _for_engine(call, "preview", by_name(target, refresh=refresh, diff=diff, parallel=parallel_operations))
    asked = Asked(release_file, stack, folder, component, version, host, description, owner, tags(tag)).releases()
    asked = _with(asked, engine)
    given = explicit(token_file, app_key_file, api, delivery)
    planned = Releasing(call.display, call.outbox, given).plan(asked, Kind.UP).values()
    if call.as_json:
        call.print_json({"releases": [show.plan_as_json(one) for one in planned]})
    else:
        for one in planned:
            show.plan(call.display, one)
    return Exit.OK


def _for_engine(call: Call, command: str, named: tuple[str, ...]) -> tuple[str, ...]:
    """The options for the engine: those by name, and those that follow `--`.

    Raises:
        WrongUseError: one is not for the engine.
    """
    EngineOptions.of(call.engine).check(command)
    return (*named, *call.engine)


def _with(releases: Sequence[Release], engine: tuple[str, ...]) -> list[Release]:
    """The releases with options for the engine beside their own."""
    return [replace(release, engine=(*release.engine, *engine)) for release in releases]


def _carry_out(
    call: Call, kind: Kind, releases: Sequence[Release], given: dict[str, Any], *, yes: bool, parallel: int
) -> Exit:
    if not yes:
        refuse_to_ask(call.display)
    call.end_orphans(given)
    results = Releasing(call.display, call.outbox, given).carry_out(releases, kind, yes=yes, parallel=parallel)
    return exit_of(result.outcome for result in results.values())
