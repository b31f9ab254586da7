"""What `bigpanda-release end` says where it is not certain which open start is meant."""

from __future__ import annotations

import collections
import difflib
from collections.abc import Iterable, Sequence

from ...bigpanda.events import StartEvent
from ...bigpanda.text import listed
from ...delivery.attempt import Attempt
from ...delivery.record import Record
from ...state import DeliveryStatus
from ..recorded.records import SHORT_ID, recorded_by, title
from .sought import Sought, options

NEAREST = 3
LISTED = 10
FORCE = "pass --force to send the end anyway"
ELSEWHERE = f"none is open on this machine; if it was started on another machine, {FORCE}"


def no_match(records: Sequence[Record], address: str, sought: Sought) -> str:
    """None of the open starts is the one that is sought.

    Args:
        records: everything that has no end, or one that waits or was rejected.
        address: where the end would be sent to.
        sought: which start it is.
    """
    fitting = [one for one in records if one.attempt.start is not None and sought.is_of(one.id, one.attempt.start)]
    for one in fitting:
        end = one.attempt.end
        if one.place.address == address and end is not None and end.delivery is DeliveryStatus.QUEUED:
            told = f"the end of {title(one)} is already queued, as a {end.status.value}"
            return f"{told}; send it with `bigpanda-release flush`, or {FORCE}"
    elsewhere = next((one for one in fitting if one.is_in_progress and one.place.address != address), None)
    if elsewhere is not None:
        return f"{title(elsewhere)} is open at {elsewhere.place.address}; set BIGPANDA_BASE_URL to end it there"
    here = [one for one in records if one.place.address == address and one.is_in_progress]
    known = [one for one in here if one.attempt.start is not None]
    if sought.attempt is not None:
        return f"no open start matches {sought}: {_why_not_attempt([one for one in here if sought.names(one.id)])}"
    if known:
        nearest = sorted(known, key=lambda one: _likeness(sought, one.attempt.start), reverse=True)
        told = f"the nearest open ones are {_listed(nearest, NEAREST)}; name one of them, or {FORCE}"
    else:
        told = ELSEWHERE
    return f"no open start matches {sought}: {told}{_secret(len(here) - len(known))}"


def _why_not_attempt(named: Sequence[Record]) -> str:
    """Why none of the open attempts with that id is the one that is sought."""
    if not named:
        return ELSEWHERE
    if named[0].attempt.start is None:
        return "it has secret properties, which only the next update of the stack can end"
    return f"that attempt is {title(named[0])}; omit the option that says otherwise"


def several(records: Sequence[Record], sought: Sought) -> str:
    """More than one open start may be meant."""
    more = options(sought.missing)
    return f"several open starts match {sought}: {_listed(records, LISTED)}; add {more} to choose one"


def alike(records: Sequence[Record], sought: Sought) -> str:
    """More than one open start may be meant, and only their attempts tell them apart."""
    how = "choose one with --attempt" if sought.attempt is None else "write more of the attempt's id"
    return f"several open starts match {sought}: {_listed(records, LISTED)}; {how}"


def not_in_bigpanda(sought: Sought, days: int) -> str:
    """BigPanda was asked, and has none of them in progress."""
    return (
        f"BigPanda has no deployment in progress that matches {sought} and started within {days} days; "
        "`bigpanda-release status --remote` lists what is in progress"
    )


def several_in_bigpanda(sought: Sought, attempts: Sequence[Attempt]) -> str:
    """BigPanda was asked, and has more than one in progress that may be meant."""
    names = [f"{one.start.named()} ({one.id})" for one in attempts if one.start is not None]
    told = listed(names, LISTED)
    return f"several deployments that BigPanda has in progress match {sought}: {told}; choose one with --attempt"


def running(record: Record) -> str:
    """An update that runs will end it."""
    where = recorded_by(record)
    return f"{title(record)} is being deployed by {where}, which will send the end itself; pass --force to send it now"


def _listed(records: Iterable[Record], limit: int) -> str:
    """The records by what stands in their events, with their attempts where that is the same."""
    titles = [(title(one), one.id[:SHORT_ID]) for one in records]
    often = collections.Counter(name for name, _ in titles)
    names = [name if often[name] == 1 else f"{name} (attempt {attempt})" for name, attempt in titles]
    more = f", and {len(names) - limit} more" if len(names) > limit else ""
    return "; ".join(names[:limit]) + more


def _likeness(sought: Sought, start: StartEvent | None) -> tuple[float, bool, int]:
    """How near a start is: by its component first, then its version, then the hosts that both have."""
    if start is None:
        return 0.0, False, 0
    component = difflib.SequenceMatcher(None, sought.component or "", start.component).ratio()
    return component, start.version == sought.version, len({*start.hosts} & {*(sought.hosts or ())})


def _secret(count: int) -> str:
    """That there may be more: of a secret event only its stack's state knows what it holds."""
    if not count:
        return ""
    told = "1 more is open" if count == 1 else f"{count} more are open"
    return f" ({told} with secret properties, which only the next update of the stack can end)"
