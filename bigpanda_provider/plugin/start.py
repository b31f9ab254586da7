"""The output `start` of a Deployment, which a Completion takes: what the end of an attempt needs. No I/O, no Pulumi.

People see the attempt, component, version and hosts; what is for machines is one line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .. import state

_FORMAT = "1 "
"""What the line begins with, before its JSON: the engine shows text that is only JSON as a tree."""
_SHOWN = (state.ATTEMPT, state.COMPONENT, state.VERSION, state.HOSTS)
_PLACE = (state.STACK, state.NAME, state.SECRETS)
_REPEATED = (state.TIMESTAMP, state.DESCRIPTION, state.OWNER, state.SOURCE, state.TAGS, state.CONTEXT)
"""What an end may repeat of its start beside component, version and hosts."""


def given(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The start, from the properties that a Deployment stores."""
    machine = {
        **{one.name: stored.get(one.name) for one in _PLACE},
        state.START_DELIVERY.name: stored.get(state.DELIVERY.name),
        state.START.name: {one.name: stored.get(one.name) for one in _REPEATED},
    }
    return {**{one.name: stored.get(one.name) for one in _SHOWN}, state.MACHINE.name: _FORMAT + json.dumps(machine)}


def taken(value: Any) -> dict[str, Any] | None:
    """The properties of a Completion that follow from its Deployment's start; None for what is no start."""
    if not isinstance(value, Mapping) or any(value.get(one.name) is None for one in _SHOWN):
        return None
    try:
        machine = json.loads(value[state.MACHINE.name].removeprefix(_FORMAT))
    except (KeyError, AttributeError, ValueError):
        return None
    if not isinstance(machine, dict) or state.START_DELIVERY.of(machine) is None:
        return None
    return {**{one.name: value[one.name] for one in _SHOWN}, **machine}
