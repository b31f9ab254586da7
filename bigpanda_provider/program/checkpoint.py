"""What the last run left behind, as the stack's last checkpoint has it.

The last attempt of each Deployment, and what the resources are called that are hosts.

It is worked out of plain maps, so that the runner, which reads state on its own, uses it too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

from .. import hosts
from ..bigpanda.text import clean
from ..dataclass import dataclass
from ..state import (
    ATTEMPT,
    BACKLOG_WAITING,
    COMPLETION_TYPE,
    DELIVERY,
    ENDED_AT,
    ERROR_MESSAGE,
    HOSTS,
    LEFT_OPEN,
    NOT_READ,
    OWN_TYPES,
    SETTLED,
    STATUS,
    WAITING,
    DeliveryStatus,
    Status,
    api_of,
    unpacked,
)

_ARRIVED = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.REJECTED})


@dataclass(frozen=True)
class Checkpoint:
    """The stack at the end of the last run.

    Attributes:
        outputs: those of the Deployments and Completions, by URN.
        ends: the outputs of the Completions, by the attempt that they carry.
        names: what the other resources are called that are hosts, by key: the URN without stack and project.
        was_read: whether the engine could be asked for it.
    """

    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ends: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    was_read: bool = True

    @classmethod
    def of(cls, resources: Mapping[str, Mapping[str, Any]]) -> Checkpoint:
        """From the stack's resources by URN, each with its `type` and `outputs`."""
        ours = {urn: resource for urn, resource in resources.items() if resource["type"].startswith(OWN_TYPES)}
        outputs = {urn: resource.get("outputs") or {} for urn, resource in ours.items()}
        completions = [outputs[urn] for urn, resource in ours.items() if resource["type"] == COMPLETION_TYPE]
        ends = {attempt: completion for completion in completions if (attempt := ATTEMPT.of(completion))}
        names = {
            urn.split("::", 2)[-1]: name
            for urn, resource in resources.items()
            if urn not in ours and (name := hosts.called(resource["type"], resource.get("outputs") or {}))
        }
        return cls(outputs, ends, names)

    def called(self, keys: Iterable[str]) -> str | None:
        """What a resource is called, by its key or one that it had before; None where that is not known."""
        return next((self.names[key] for key in keys if key in self.names), None)

    @cached_property
    def attempts(self) -> frozenset[str]:
        """The attempts that it knows of."""
        return frozenset(attempt for outputs in self.outputs.values() if (attempt := ATTEMPT.of(outputs)))

    @cached_property
    def sent(self) -> frozenset[str]:
        """The attempts that it knows to need no sending any more.

        Their Completions arrived or were rejected, or they stand among those that waited once and do not any more.
        """
        ended = {attempt for attempt, end in self.ends.items() if DELIVERY.of(end) in _ARRIVED}
        settled = {str(attempt) for outputs in self.outputs.values() for attempt in SETTLED.of(outputs) or ()}
        return frozenset(ended | settled)

    def previous(self, urns: Collection[str]) -> dict[str, Any] | None:
        """The Deployment's input `previous`: how its last attempt ended, where it did not succeed and arrive.

        Args:
            urns: the Deployment's URN and its aliases'.
        """
        if not self.was_read:
            return STATUS.to(NOT_READ)
        last = next((self.outputs[urn] for urn in urns if urn in self.outputs), None)
        attempt = None if last is None else ATTEMPT.of(last)
        if last is None or attempt is None or DELIVERY.of(last) is DeliveryStatus.OFF:
            return None
        end = self.ends.get(attempt)
        waiting = WAITING.to(_waiting(unpacked(last), end) or None)
        if end is None:
            return {**ATTEMPT.to(attempt), **STATUS.to(LEFT_OPEN), **waiting}
        status, delivery, reason = STATUS.of(end), DELIVERY.of(end), ERROR_MESSAGE.of(end)
        if status is Status.SUCCESS and delivery in _ARRIVED and not waiting:
            return None
        return {
            **ATTEMPT.to(attempt),
            **STATUS.to(status and status.value),
            **DELIVERY.to(delivery and delivery.value),
            **HOSTS.to(None if HOSTS.of(end) == HOSTS.of(last) else HOSTS.of(end)),
            **ENDED_AT.to(ENDED_AT.of(unpacked(end))),
            **ERROR_MESSAGE.to(reason and clean(reason)),  # as an older version may have stored it
            **waiting,
        }


def _waiting(last: Mapping[str, Any], end: Mapping[str, Any] | None) -> int:
    """How many events wait to be sent: starts and ends of a Deployment's last attempt, and of those before it.

    Args:
        last: the Deployment's outputs.
        end: its Completion's outputs, where they are of this attempt.
    """
    queued = DeliveryStatus.QUEUED
    waiting = {api: int(count) for api, count in (BACKLOG_WAITING.of(last) or {}).items()}
    if end is not None and DELIVERY.of(end) in _ARRIVED:  # so has everything before it, by its own API
        return sum(count for api, count in waiting.items() if api != api_of(last).value)
    own = (DELIVERY.of(last) is queued) + (end is not None and DELIVERY.of(end) is queued)
    return own + sum(waiting.values())
