"""Names of properties in Pulumi's state stand in `state.py` alone, as far as the program's process goes."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import bigpanda_provider
from bigpanda_provider import state

ROOT = pathlib.Path(bigpanda_provider.__file__).parent
NAMES = {one.name for one in vars(state).values() if isinstance(one, state.Property)} - {state.BACKLOG_ID.name}
TYPES = {state.OWN_TYPES, state.DEPLOYMENT_TYPE, state.COMPLETION_TYPE}
VALUES = {one.value for one in (*state.Status, *state.DeliveryStatus)}
PUBLIC = {
    ("deployment.py", "errorMessage"),  # the annotation of `Completion.error_message`
    ("deployment.py", "success"),  # the default of `Completion`'s argument, which the reference shows
}
"""Literals that are part of the public API."""


def literals(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    """The texts in a module that are no docstrings, each with its line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_literal_of_a_property_remains() -> None:
    """In what a program uses."""
    paths = [ROOT / "deployment.py", ROOT / "record.py", *(ROOT / "program").glob("*.py")]
    found = [
        f"{path.name}:{line}: {text}"
        for path in paths
        for line, text in literals(path)
        if text in NAMES | TYPES | VALUES and (path.name, text) not in PUBLIC
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
