"""Resources that are declared before the first Deployment: one that fails while it is open is its reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

NETWORK = """
    network = Thing("network", sleep=config.get_float("after"), fail="no route to 10.0.0.1")
    with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
        Thing("thing", sleep=4)
    """


@pytest.mark.parametrize("after", [2, 0.8, 0.4, 0.2, 0])
def test_a_resource_before_the_first_deployment_fails(stack: MakeStack, bigpanda: Sandbox, after: float) -> None:
    """The end names it and its error, also where it fails while the start is on its way; else nothing was sent."""
    made = stack(NETWORK).config(after=after)
    run = made.up(skip_preview=True)
    assert not run.ok
    assert "no route to 10.0.0.1" in run.output
    if after == 2 or bigpanda.events():
        assert [(change["state"], change["reason"]) for change in bigpanda.changes()] == [
            ("failure", "network: RuntimeError: no route to 10.0.0.1")
        ]


def test_it_fails_while_the_start_is_on_its_way(faulty_stack: MakeStack, faulty: object, bigpanda: Sandbox) -> None:
    """The program does not know the attempt then, and the end still has the reason."""
    faulty.slow_s = 3  # type: ignore[attr-defined]
    made = faulty_stack(NETWORK).config(after=1)
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "20"
    assert not made.up(skip_preview=True).ok
    assert [(change["state"], change["reason"]) for change in bigpanda.changes()] == [
        ("failure", "network: RuntimeError: no route to 10.0.0.1")
    ]
    faulty.slow_s = 0  # type: ignore[attr-defined]
    made.program(NETWORK.replace('fail="no route to 10.0.0.1"', "fail=None")).config(after=0)
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "failure 1", "start 1", "success 1"]


INLINE = """
import sys
from pulumi import automation
import bigpanda_provider as bigpanda
from tests.things import Thing

def program():
    Thing("network", sleep=2, fail="no route")
    with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
        Thing("thing", sleep=4)

stack = automation.create_or_select_stack("dev", project_name="inline", program=program, work_dir=".")
try:
    stack.up(on_output=lambda line: None)
except automation.CommandError:
    print("failed")
"""


def test_in_an_inline_program(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The package is imported before the run begins, and sees its resources from the first on."""
    made = stack("")
    (made.folder / "inline.py").write_text(INLINE)
    (made.folder / "Pulumi.yaml").unlink()
    done = subprocess.run(
        [sys.executable, "inline.py"],
        cwd=made.folder,
        env=made.environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "failed" in done.stdout, done.stdout + done.stderr
    assert [change["reason"] for change in bigpanda.changes()] == ["network: RuntimeError: no route"]
