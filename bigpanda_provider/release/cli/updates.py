"""Commands that update stacks, and show what an update would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import order
from ..exits import Exit, exit_of
from ..json_lines import JsonLines, plan_as_object
from ..lines import Lines
from ..releasing import Asked, Releasing, refuse_to_ask
from ..runner import Planned, Release
from ..stack import Kind
from .app import command
from .call import Call
from .help import RELEASES
from .options import (
    AppKeyFile,
    Component,
    DeliveryMode,
    Description,
    File,
    Folder,
    Hosts,
    Only,
    Owner,
    Parallel,
    Stack,
    Tags,
    TokenFile,
    UsedApi,
    Variables,
    Version,
    Yes,
    explicit,
    tags,
    variables,
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
        only: Only = None,
        var: Variables = None,
        yes: Yes = False,
        parallel: Parallel = 1,
        token_file: TokenFile = None,
        app_key_file: AppKeyFile = None,
        api: UsedApi = None,
        delivery: DeliveryMode = None,
    ) -> Exit:
        told = (component, version, host, description, owner, tags(tag))
        asked = Asked(release_file, stack, folder, *told, only, variables(var)).releases(kind, call.display.line)
        in_turn = order.backwards(asked) if kind is Kind.DESTROY else asked
        return _carry_out(
            call, kind, in_turn, explicit(token_file, app_key_file, api, delivery), yes=yes, parallel=parallel
        )

    update.__name__, update.__doc__ = kind.value, text
    command(RELEASES)(update)


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


@command(RELEASES)
def refresh(
    call: Call,
    release_file: File = None,
    stack: Stack = None,
    folder: Folder = None,
    only: Only = None,
    var: Variables = None,
    yes: Yes = False,
    parallel: Parallel = 1,
) -> Exit:
    """Refresh state from the cloud provider.

    A refresh deploys nothing, so no event is sent.

    bigpanda-release refresh -s prod --yes
    """
    told = Asked(release_file, stack, folder, only=only, variables=variables(var))
    asked = told.releases(Kind.REFRESH, call.display.line)
    return _carry_out(call, Kind.REFRESH, asked, {}, yes=yes, parallel=parallel)


@command(RELEASES)
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
    only: Only = None,
    var: Variables = None,
    token_file: TokenFile = None,
    app_key_file: AppKeyFile = None,
    api: UsedApi = None,
    delivery: DeliveryMode = None,
) -> Exit:
    """Show the changes and the events that would be sent.

    bigpanda-release preview -s prod --component shop --version 2.4.1

    bigpanda-release preview release.yaml --json
    """
    told = (component, version, host, description, owner, tags(tag))
    asked = Asked(release_file, stack, folder, *told, only, variables(var)).releases(Kind.UP, call.display.line)
    given = explicit(token_file, app_key_file, api, delivery)
    releasing = _releasing(call, given)
    planned = releasing.plan(asked, Kind.UP)
    if call.as_json:
        call.print_json({"releases": [plan_as_object(release, planned[release.label]) for release in asked]})
    else:
        releasing.show(asked, planned)
    return Exit.OK if all(isinstance(one, Planned) for one in planned.values()) else Exit.FAILED


def _carry_out(
    call: Call, kind: Kind, releases: Sequence[Release], given: dict[str, Any], *, yes: bool, parallel: int
) -> Exit:
    if not yes:
        refuse_to_ask(call.display, as_json=call.as_json)
    call.end_orphans(given)
    results = _releasing(call, given).carry_out(releases, kind, yes=yes, parallel=parallel)
    return exit_of(result.outcome for result in results.values())


def _releasing(call: Call, given: dict[str, Any]) -> Releasing:
    report = JsonLines() if call.as_json else Lines(call.display)
    return Releasing(call.display, report, call.outbox, given)
