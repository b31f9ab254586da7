"""Names of properties in Pulumi's state stand in `state.py` alone."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

import bigpanda_provider
from bigpanda_provider import state

ROOT = pathlib.Path(bigpanda_provider.__file__).parent
NAMES = {one.name for one in vars(state).values() if isinstance(one, state.Property)}
TYPES = {state.OWN_TYPES, state.DEPLOYMENT_TYPE, state.COMPLETION_TYPE}
VALUES = {one.value for one in (*state.Status, *state.DeliveryStatus)}
EVENT = {one.name for one in (*state.START_EVENT, state.STATUS)}
"""The API's names, which stand in events as well."""
WORDS = {state.NAME.name, state.STACK.name, state.BACKLOG_ID.name, state.START.name, state.CONTEXT.name}
"""Names that are words of their own where events and records are at hand."""
PUBLIC = {
    ("deployment.py", "errorMessage"),  # where the attribute's name differs, the reference shows the property's
    ("deployment.py", "success"),  # the default of `Completion`'s argument, which the reference shows
}
"""Literals that are part of the public API."""


def literals(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    """The texts in a module that are no docstrings, each with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize(
    ("places", "names"),
    [
        (("deployment.py", "record.py", "program/*.py"), (NAMES | TYPES | VALUES) - {state.BACKLOG_ID.name}),
        (("provider/*.py", "delivery/*.py"), NAMES - EVENT - WORDS),
    ],
    ids=["program", "provider and delivery"],
)
def test_no_literal_of_a_property_remains(places: tuple[str, ...], names: set[str]) -> None:
    """A name that a released version wrote is read by every later one: nobody changes it by a typing mistake."""
    paths = [path for place in places for path in sorted(ROOT.glob(place))]
    assert len(paths) > len(places)
    found = [
        f"{path.name}:{line}: {text}"
        for path in paths
        for line, text in literals(path)
        if text in names and (path.name, text) not in PUBLIC
    ]
    assert found == []


def test_a_property_reads_what_state_holds() -> None:
    """Whole numbers come as floats; what is no value of a property is none."""
    assert state.TIMESTAMP.of({"timestamp": 1700000000.0}) == 1700000000
    assert state.HOSTS.of({"hosts": "[secret]"}) is None
    assert state.DELIVERY.of({"delivery": "queued"}) is state.DeliveryStatus.QUEUED
    assert state.DELIVERY.of({"delivery": ["queued"]}) is None
    assert state.STATUS.of({}) is None
    assert state.ATTEMPT.to(None) == {}
    assert state.ATTEMPT.to("a1") == {"attempt": "a1"}
