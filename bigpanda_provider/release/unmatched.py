"""What `bigpanda-release end` says where it is not certain which open start is meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..bigpanda.events import StartEvent
from ..delivery.attempt import State
from ..delivery.outbox import Row
from .records import Record

if TYPE_CHECKING:
    from .byhand import Sought

NEAREST = 3
LISTED = 10
FORCE = "pass --force to send the end all the same"


def no_match(rows: Sequence[Row], address: str, sought: Sought) -> str:
    """None of the open starts is the one that is sought.

    Args:
        rows: everything that has no end, or one that waits or was rejected.
        address: where the end would be sent to.
        sought: which start it is.
    """
    fitting = [row for row in rows if row.start is not None and sought.fits(row.start)]
    queued = next((row for row in fitting if row.place.address == address and row.end_state is State.QUEUED), None)
    if queued is not None and queued.status is not None:
        told = f"the end of {Record(queued)} is queued already, as a {queued.status.value}"
        return f"{told}; send it with `bigpanda-release flush`, or {FORCE}"
    elsewhere = next((row for row in fitting if row.is_open and row.place.address != address), None)
    if elsewhere is not None:
        return f"{Record(elsewhere)} is open at {elsewhere.place.address}; set BIGPANDA_BASE_URL to end it there"
    known = [row for row in rows if row.place.address == address and row.is_open and row.start is not None]
    if known:
        nearest = sorted(known, key=lambda row: _likeness(sought, row.start), reverse=True)
        told = f"the nearest open ones are {_listed(nearest, NEAREST)}; name one of them, or {FORCE}"
    else:
        told = f"none is open on this machine; if it was started on another one, {FORCE}"
    return f"no open start matches {sought}: {told}{_secret(rows, address)}"


def several(rows: Sequence[Row], sought: Sought) -> str:
    """More than one open start may be meant."""
    return f"several open starts match {sought}: {_listed(rows, LISTED)}; add --version and --host to choose one"


def running(row: Row) -> str:
    """An update that runs will end it."""
    where = Record(row).where
    return f"{Record(row)} is being deployed by {where}, which will send the end itself; pass --force to send it now"


def _listed(rows: Iterable[Row], limit: int) -> str:
    """The rows by what stands in their events, each once."""
    names = list(dict.fromkeys(str(Record(row)) for row in rows))
    more = f", and {len(names) - limit} more" if len(names) > limit else ""
    return "; ".join(names[:limit]) + more


def _likeness(sought: Sought, start: StartEvent | None) -> tuple[float, bool, int]:
    """How near a start is: by its component first, then its version, then the hosts that both have."""
    if start is None:
        return 0.0, False, 0
    component = difflib.SequenceMatcher(None, sought.component, start.component).ratio()
    return component, start.version == sought.version, len({*start.hosts} & {*(sought.hosts or ())})


def _secret(rows: Iterable[Row], address: str) -> str:
    """That there may be more: of a secret event only its stack's state knows what it holds."""
    count = sum(row.start is None and row.is_open and row.place.address == address for row in rows)
    if not count:
        return ""
    told = "1 more is open" if count == 1 else f"{count} more are open"
    return f" ({told} with secret properties, which only the next update of the stack can end)"
