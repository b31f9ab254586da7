"""Which resources an Output comes from, as far as the program tells, before anything has run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from .declared import Declared
from .sdk.outputs import behind, own_states, state_of


class Origins:
    """The resources that Outputs come from.

    Args:
        owners: the resource of each Output that is a resource's own property, by the Output's state.
        declared: what is known of each resource, by its id.
    """

    def __init__(self, owners: Mapping[asyncio.Future[Any], Declared], declared: Mapping[int, Declared]) -> None:
        self._owners = owners
        self._declared = declared
        self._steps: dict[asyncio.Future[Any], tuple[Iterable[pulumi.Resource], Iterable[asyncio.Future[Any]]]] = {}

    def of(self, taken: pulumi.Output[Any] | pulumi.Resource) -> set[Declared]:
        """The resources that an input comes from, through `apply`, `all`, `concat`, `format`, `json_dumps` and items.

        None for what cannot be followed: an Output that a callback returns, or what an invoke answers.
        """
        if isinstance(taken, pulumi.Resource):
            return {self._declared[id(taken)]} if id(taken) in self._declared else set()
        state = state_of(taken)
        todo, seen, found = [] if state is None else [state], set(), set()
        while todo:
            state = todo.pop()
            if state in seen:
                continue
            seen.add(state)
            if state in self._owners:
                found.add(self._owners[state])
                continue
            if state not in self._steps:
                self._steps[state] = behind(state)
            resources, states = self._steps[state]
            found.update(self._declared[id(one)] for one in resources if id(one) in self._declared)
            todo.extend(states)
        return found


class Owners(dict[asyncio.Future[Any], Declared]):
    """The resource of each Output that is a resource's own property, by the Output's state."""

    def learn(self, resources: Iterable[Declared]) -> None:
        """Take in resources that are declared. What a resource holds of one that was there before belongs to that one.

        Components hold what is of their children, so they come last.
        """
        for one in sorted(resources, key=lambda declared: not declared.is_custom):
            for state in own_states(one.resource):
                self.setdefault(state, one)
