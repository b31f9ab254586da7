"""The mechanisms of real programs, each a small program of `tests/programs`, plain and with one line of this package.

Nothing of the user's changes by that line, nothing hangs, and BigPanda has what happened.
"""

from __future__ import annotations

import ast
import json
import pathlib
import re
from typing import Any

import pytest

from .engine import Stack
from .servers import Sandbox

PROGRAMS = sorted((pathlib.Path(__file__).parent / "programs").glob("*.py"))
LINE = 'import bigpanda_provider as bigpanda; bigpanda.record_program(version="1", hosts=["h"])\n'
PLACE = "# record here\n"
OURS = "bigpanda"
LIMIT_S = 60
"""A program that hangs is what is looked for."""
PASSING = {"created", "modified", "sourcePosition", "stackTrace", "id"}
"""What differs from one stack to the next."""


def recorded(program: str) -> str:
    """The program with the line: where it says so, else before its first import."""
    if PLACE in program:
        return program.replace(PLACE, LINE)
    return re.sub(r"^(?=import|from)", LINE, program, count=1, flags=re.M)


def expected(program: str, name: str, otherwise: Any) -> Any:
    """A constant that the program says of itself."""
    for statement in ast.parse(program).body:
        if isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == [name]:
            return ast.literal_eval(statement.value)
    return otherwise


def users(made: Stack) -> list[dict[str, Any]]:
    """What state has of everything that is not ours, without our dependencies and hooks."""
    found = []
    shown = json.loads(made.pulumi("stack", "export", "--show-secrets").output)
    for resource in shown["deployment"].get("resources", []):
        if OURS in resource["type"] or resource["type"].startswith("pulumi:providers:pulumi"):
            continue
        kept = {name: value for name, value in resource.items() if name not in PASSING}
        kept["provider"] = kept.get("provider", "").rpartition("::")[0]  # its id is random
        kept["dependencies"] = sorted(urn for urn in kept.get("dependencies", []) if OURS not in urn)
        taken = kept.get("propertyDependencies") or {}
        kept["propertyDependencies"] = {name: sorted(urns or ()) for name, urns in taken.items()}
        hooks = {
            when: theirs
            for when, names in kept.pop("resourceHooks", {}).items()
            if (theirs := [name for name in names if OURS not in name])
        }
        found.append({**kept, "hooks": hooks})
    return sorted(found, key=lambda resource: str(resource["urn"]))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_plain_and_recorded(tmp_path: pathlib.Path, bigpanda: Sandbox, path: pathlib.Path) -> None:
    """Same resources, inputs, dependencies, hooks and outputs; the events that the program expects; then no change."""
    text = path.read_text()
    fails_with = expected(text, "FAILS_WITH", None)
    states = []
    for name, program in (("plain", text), ("recorded", recorded(text))):
        made = Stack(tmp_path / name, bigpanda.address)
        (made.folder / "__main__.py").write_text(program)
        run = made.up(skip_preview=name == "plain" or fails_with is not None, limit_s=LIMIT_S)
        assert run.ok is (fails_with is None), run.output
        assert fails_with is None or fails_with in run.output
        states.append(users(made))
    assert states[0] == states[1]
    assert bigpanda.story() == expected(text, "EXPECTED", ["start 1", "success 1"])
    if fails_with is not None:
        assert fails_with in bigpanda.changes()[0]["reason"]
    elif expected(text, "RUNS_AGAIN", True):
        run = made.pulumi("preview", "--expect-no-changes", limit_s=LIMIT_S)
        assert run.ok, run.output
