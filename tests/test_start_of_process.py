"""The provider process is started while the program still declares, and nothing else is to be seen of that."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from .engine import Stack
from .servers import Sandbox

PROGRAM = """
    from tests.things import pass_gate

    pass_gate("import")
    with bigpanda.Deployment("shop", component="shop", version="1", hosts=["web-1"]):
        pass_gate("program")
        Thing("web")
    """
INLINE = """
import time
from pulumi import automation
import bigpanda_provider

stack = automation.create_or_select_stack("dev", project_name="i", program=lambda: time.sleep(3), work_dir=".")
stack.up()
print(*[one["type"] for one in stack.export_stack().deployment["resources"]])
"""


def test_the_process_is_there_before_the_program_has_ended(stack: Callable[[str], Stack], bigpanda: Sandbox) -> None:
    """It is started with the import of this package: a start takes as long as the program's."""
    made = stack(PROGRAM)
    with made.running(skip_preview=True) as running:
        running.wait_for(running.provider)
        made.let_go("import")
        assert bigpanda.events() == []
        made.let_go("program")
        run = running.end()
    assert run.ok, run.output
    assert "dynamic:none" not in run.output
    assert "warning" not in run.output
    assert bigpanda.story() == ["start 1", "success 1"]
    types = sorted(one["type"] for one in made.state())
    assert types == sorted(
        ["pulumi:pulumi:Stack", "pulumi-python:dynamic:Resource"]
        + ["pulumi:providers:pulumi", "pulumi:providers:pulumi-python"]
        + [f"pulumi-python:dynamic/bigpanda:{name}" for name in ("Deployment", "Completion")]
    )
    assert made.up("--expect-no-changes").ok


def test_an_inline_program_without_a_deployment_starts_none(stack: Callable[[str], Stack]) -> None:
    """Its process may have imported the package for another program; so state has no provider of dynamic resources."""
    made = stack("")
    (made.folder / "inline.py").write_text(INLINE)
    (made.folder / "Pulumi.yaml").unlink()
    command = [sys.executable, "inline.py"]
    done = subprocess.run(
        command, cwd=made.folder, env=made.environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout.split() == ["pulumi:pulumi:Stack"], done.stderr
