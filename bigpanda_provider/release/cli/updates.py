"""Commands that update stacks, and show what an update would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import order
from ..engine.stack import Kind
from ..exits import Exit, exit_of
from ..release import Planned, Release
from ..releasing import Asked, Releasing, refuse_to_ask
from ..shown.json_lines import JsonLines, plan_as_object
from ..shown.lines import Lines
from .app import command
from .call import Call
from .groups import Deliver, ForEngine, Run, Tell, What
from .help import RELEASES
from .options import Refresh


def _updating(kind: Kind, text: str) -> None:
    """Make the command that does this to a stack, or to those of a release.yaml, and records it."""

    def update(
        call: Call,
        what: What,
        tell: Tell,
        engine: ForEngine,
        deliver: Deliver,
        run: Run,
        refresh: Refresh = False,
    ) -> Exit:
        options = engine.tokens(kind.value, call.engine, refresh=refresh)
        asked = _asked(call, kind, what, tell, options)
        return _carry_out(call, kind, order.backwards(asked) if kind is Kind.DESTROY else asked, deliver.explicit, run)

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
def refresh(call: Call, what: What, engine: ForEngine, run: Run) -> Exit:
    """Refresh state from the cloud provider.

    A refresh deploys nothing, so no event is sent.

    bigpanda-release refresh -s prod --yes
    """
    asked = _asked(call, Kind.REFRESH, what, Tell(), engine.tokens("refresh", call.engine))
    return _carry_out(call, Kind.REFRESH, asked, {}, run)


@command(RELEASES, engine=True)
def preview(call: Call, what: What, tell: Tell, engine: ForEngine, deliver: Deliver, refresh: Refresh = False) -> Exit:
    """Show the changes and the events that would be sent.

    bigpanda-release preview -s prod --component shop --version 2.4.1

    bigpanda-release preview release.yaml --json
    """
    asked = _asked(call, Kind.UP, what, tell, engine.tokens("preview", call.engine, refresh=refresh))
    releasing = _releasing(call, deliver.explicit)
    planned = releasing.plan(asked, Kind.UP)
    if call.as_json:
        call.print_json({"releases": [plan_as_object(release, planned[release.label]) for release in asked]})
    else:
        releasing.show(asked, planned)
    return Exit.OK if all(isinstance(one, Planned) for one in planned.values()) else Exit.FAILED


def _asked(call: Call, kind: Kind, what: What, tell: Tell, engine: tuple[str, ...]) -> list[Release]:
    """The releases that are asked for, with options for the engine beside their own."""
    asked = Asked(
        release_file=what.release_file,
        stack=what.stack,
        folder=what.folder,
        component=tell.component,
        version=tell.version,
        hosts=tell.host,
        description=tell.description,
        owner=tell.owner,
        tags=tell.tags,
        only=what.only,
        variables=what.variables,
    )
    releases = asked.releases(kind, call.display.line)
    return [replace(release, engine=(*release.engine, *engine)) for release in releases]


def _carry_out(call: Call, kind: Kind, releases: Sequence[Release], given: dict[str, Any], run: Run) -> Exit:
    if not run.yes:
        refuse_to_ask(call.display, as_json=call.as_json)
    call.end_orphans(given)
    results = _releasing(call, given).carry_out(releases, kind, yes=run.yes, parallel=run.parallel)
    return exit_of(results.values())


def _releasing(call: Call, given: dict[str, Any]) -> Releasing:
    report = JsonLines() if call.as_json else Lines(call.display)
    return Releasing(call.display, report, call.outbox, given)
