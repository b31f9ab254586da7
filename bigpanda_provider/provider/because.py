"""Why a Deployment reports, in one plain line for each cause. No I/O and no Pulumi."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import state
from ..bigpanda.events import same_hosts
from ..delivery.attempt import Attempt
from ..hosts import described
from ..state import Property, Status
from .unknown import holds_unknown

SHOWN = 20
"""How many changed resources are named."""


def because(
    olds: Mapping[str, Any], news: Mapping[str, Any], changes: Sequence[str], previous: Attempt | None, waiting: int
) -> list[str]:
    """The causes for which a Deployment reports; none where it does not.

    Args:
        olds: the inputs of the last run.
        news: the inputs as the program gives them.
        changes: the keys of the resources that were added, removed or declared with other inputs.
        previous: the last attempt, as far as the last checkpoint tells.
        waiting: how many events the outbox alone knows of that wait.
    """
    return [*_of_the_event(olds, news), *_of_resources(olds, news, changes), *_of_attempts(news, previous, waiting)]


def _of_the_event(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[str]:
    secret = {*(state.SECRETS.of(olds) or ()), *(state.SECRETS.of(news) or ())}
    counted = [state.COMPONENT] if state.VERSION_FOUND.of(news) else [state.COMPONENT, state.VERSION]
    for one in counted:
        old, new = olds.get(one.name), news.get(one.name)
        if holds_unknown(new):
            yield f"{one.name} may change"
        elif old != new:
            yield f"{one.name} changed" if one.name in secret else f"{one.name} {old} is now {new}"
    yield from _of_hosts(olds, news, is_secret=state.HOSTS.name in secret)
    if holds_unknown(news.get(state.TRIGGERS.name)):
        yield "triggers may change"
    elif _list(state.TRIGGERS, olds) != _list(state.TRIGGERS, news):
        yield "triggers changed"


def _of_hosts(olds: Mapping[str, Any], news: Mapping[str, Any], *, is_secret: bool) -> Iterator[str]:
    """Those that are given; those that are found follow from the resources."""
    given = news.get(state.HOSTS.name)
    if given is None:
        return
    if holds_unknown(given):
        yield "hosts may change"
        return
    old, new = _list(state.HOSTS, olds), _list(state.HOSTS, news)
    if same_hosts(old, new):
        return
    if is_secret:
        yield "hosts changed"
        return
    yield from (f"host {host} added" for host in new if host not in old)
    yield from (f"host {host} removed" for host in old if host not in new)


def _of_resources(olds: Mapping[str, Any], news: Mapping[str, Any], changes: Sequence[str]) -> Iterator[str]:
    before, now = state.RESOURCES.of(olds) or {}, state.RESOURCES.of(news) or {}
    for key in changes[:SHOWN]:
        resource = described(key)
        if key in before and key in now:
            yield f"{resource} changed"
        else:
            yield f"{resource} added" if key in now else f"{resource} removed"
    if len(changes) > SHOWN:
        yield f"{len(changes) - SHOWN} more resources changed"


def _of_attempts(news: Mapping[str, Any], previous: Attempt | None, waiting: int) -> Iterator[str]:
    if previous is not None and previous.end is None:
        yield "the last attempt did not complete"
    elif previous is not None and previous.end is not None and previous.end.status is Status.FAILURE:
        yield "the last attempt failed"
    waiting += state.WAITING.of(state.PREVIOUS.of(news) or {}) or 0
    if waiting:
        yield "1 event is waiting to be sent" if waiting == 1 else f"{waiting} events are waiting to be sent"


def _list(one: Property[list[Any]], properties: Mapping[str, Any]) -> list[Any]:
    return one.of(properties) or []
