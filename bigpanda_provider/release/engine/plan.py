"""What an update is going to change, and on which hosts, from the engine's preview. No I/O."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi.automation.events import OpType, StepEventMetadata

from ... import hosts
from ...bigpanda import text
from ...dataclass import dataclass
from ...program.covering import NOT_COVERED
from ...state import DEPLOYMENT_TYPE, OWN_TYPES, PLUGIN_DEPLOYMENT_TYPE, PLUGIN_TYPES

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands in the engine's events for a value that is not known yet, and for one that is not to be seen."""


class Op(str, enum.Enum):
    """What is done to a resource, with the sign that Pulumi shows for it."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    IMPORT = "import"

    @property
    def sign(self) -> str:
        """One or two characters."""
        return {"create": "+", "update": "~", "replace": "+-", "delete": "-", "import": "="}[self.value]


OPS = {
    OpType.CREATE: Op.CREATE,
    OpType.UPDATE: Op.UPDATE,
    OpType.DELETE: Op.DELETE,
    OpType.REPLACE: Op.REPLACE,
    OpType.CREATE_REPLACEMENT: Op.REPLACE,
    OpType.DELETE_REPLACED: Op.REPLACE,
    OpType.IMPORT: Op.IMPORT,
    OpType.IMPORT_REPLACEMENT: Op.REPLACE,
}
"""The engine's operations that change infrastructure."""


@dataclass(frozen=True)
class Change:
    """A resource that is changed.

    Attributes:
        op: how.
        urn: the resource.
        type: its type.
        hosts: the hosts that it is and was; None where its type is not known as one.
    """

    op: Op
    urn: str
    type: str
    hosts: tuple[str, ...] | None

    @property
    def key(self) -> str:
        """Its URN without stack and project."""
        return key_of(self.urn)

    @property
    def name(self) -> str:
        """Its name in the program."""
        return name_of(self.urn)

    def __str__(self) -> str:
        return f"{self.op.sign:>2} {self.type} {self.name}"


@dataclass(frozen=True)
class Plan:
    """What a preview shows.

    Attributes:
        changes: what is changed, in the engine's order.
        records_itself: whether the program has a Deployment of its own.
        outputs_change: whether the stack's outputs change.
    """

    changes: tuple[Change, ...]
    records_itself: bool = False
    outputs_change: bool = False

    @classmethod
    def of(cls, steps: Iterable[StepEventMetadata], *, outputs_change: bool = False) -> Plan:
        """From the steps that the engine announces; one resource may have several."""
        changes: dict[str, Change] = {}
        records_itself = False
        for step in steps:
            records_itself |= step.type in (DEPLOYMENT_TYPE, PLUGIN_DEPLOYMENT_TYPE) and step.op is not OpType.DELETE
            op = OPS.get(step.op)
            if op is not None and is_infrastructure(step):
                earlier = changes.get(step.urn)
                if earlier is not None:
                    op = Op.REPLACE
                changes[step.urn] = Change(op, step.urn, step.type, _hosts(step, earlier))
        return cls(tuple(changes.values()), records_itself, outputs_change)

    @property
    def hosts(self) -> list[str]:
        """The affected hosts; where none is known as one, the names of the resources that change."""
        return hosts.named([c.key for c in self.changes], {c.key: c.hosts for c in self.changes if c.hosts is not None})

    @property
    def knows_hosts(self) -> bool:
        """Whether a change is of a type that is known as a host."""
        return any(change.hosts is not None for change in self.changes)


def is_infrastructure(step: StepEventMetadata) -> bool:
    """Whether a step is of a resource that a provider makes; stack, providers, components and our own are not."""
    state = step.new or step.old
    return bool(state and state.custom) and not step.type.startswith((*NOT_COVERED, OWN_TYPES, PLUGIN_TYPES))


def key_of(urn: str) -> str:
    """A URN without stack and project."""
    return urn.split("::", 2)[-1]


def name_of(urn: str) -> str:
    """The name in a URN, as it may be shown."""
    return text.name(hosts.name_of(key_of(urn)))


def _hosts(step: StepEventMetadata, earlier: Change | None) -> tuple[str, ...] | None:
    """The hosts that the resource was, as far as it goes, and is, as far as it stays."""
    known = dict.fromkeys((earlier.hosts if earlier is not None else None) or ())
    found = earlier is not None and earlier.hosts is not None
    outputs: dict[str, Any] = {}
    for state in (step.old, step.new):
        if state is None:
            continue
        outputs |= _seen(state.outputs)  # a preview does not know all of the new ones
        names = hosts.names(step.type, name_of(step.urn), _seen(state.inputs), outputs)
        if names is not None:
            found = True
            known.update(dict.fromkeys(names))
    return tuple(known) if found else None


def _seen(properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """The inputs or outputs without what the engine hides or does not know yet."""
    return {
        name: _seen(value) if isinstance(value, Mapping) else value
        for name, value in (properties or {}).items()
        if value not in (UNKNOWN, hosts.SECRET)
    }
