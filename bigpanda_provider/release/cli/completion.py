"""What a shell completes of an option's value: from files and the outbox, without the engine."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterable
from itertools import islice

import typer

from ...delivery.outbox import Outbox
from ...delivery.record import Record
from ...delivery.stored.location import location

LOOKED_AT = 1000
"""How many recorded deployments are looked at."""
_STACK_FILE = re.compile(r"Pulumi\.(.+)\.(?:ya?ml|json)")


def stacks(ctx: typer.Context, incomplete: str) -> list[str]:
    """The stacks that have a config file in the project's folder."""
    folder = pathlib.Path(ctx.params.get("folder") or ".")
    found = {named[1] for file in folder.glob("Pulumi.*") if (named := _STACK_FILE.fullmatch(file.name))}
    return _beginning(found, incomplete)


def components(incomplete: str) -> list[str]:
    """The components that were recorded lately."""
    return _beginning((one.attempt.start.component for one in _records() if one.attempt.start is not None), incomplete)


def attempts(incomplete: str) -> list[str]:
    """The attempts that have no end, or one that waits."""
    return _beginning((one.id for one in _records(unended=True)), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})


def _records(*, unended: bool = False) -> list[Record]:
    place = location(os.environ)
    if isinstance(place, pathlib.Path) and not place.is_file():  # it is not made for this
        return []
    with Outbox(place) as outbox:
        return outbox.unended() if unended else list(islice(outbox.latest(), LOOKED_AT))
