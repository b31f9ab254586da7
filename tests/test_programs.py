"""Programs as they are in the world: inline ones in threads of one process, and very large ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

INLINE = """
import sys
from concurrent.futures import ThreadPoolExecutor
import pulumi
from pulumi import automation
import bigpanda_provider as bigpanda
from tests.things import Thing

def program(name):
    def run():
        with bigpanda.Deployment(name, component=name, version="1", hosts=[name]):
            for number in range(5):
                Thing(f"{name}-{number}", name if number != 3 else sys.argv[1])
        if name == "bad":
            raise ValueError("no room")
    return run

def up(name):
    stack = automation.create_or_select_stack(name, project_name="inline", program=program(name), work_dir=".")
    try:
        return stack.up(on_output=lambda line: None).summary.result
    except automation.CommandError:
        return "failed"

with ThreadPoolExecutor(3) as pool:
    print(list(pool.map(up, ["one", "two", "bad"])))
"""


def test_inline_programs_in_threads_of_one_process(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Each has its own scopes: nothing of the one is covered, reported or ended by the other."""
    made = stack("")
    (made.folder / "inline.py").write_text(INLINE)
    (made.folder / "Pulumi.yaml").unlink()

    def run(value: str) -> str:
        done = subprocess.run(
            [sys.executable, "inline.py", value],
            cwd=made.folder,
            env=made.environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "['succeeded', 'succeeded', 'failed']" in run("a")
    states = {change["component"]: change["state"] for change in bigpanda.changes()}
    assert states == {"one": "success", "two": "success", "bad": "success"}  # it failed after its scope had ended
    assert len(bigpanda.events()) == 6
    run("a")
    assert len(bigpanda.events()) == 6
    run("b")
    assert len(bigpanda.events()) == 12
    assert bigpanda.unmatched() == []


MANY = """
    bigpanda.record_program(version="1", hosts=["h"])
    for number in range(config.require_int("count")):
        Thing(f"thing-{number}", {"number": number, "tags": ["a", "b"], "text": "x" * 20})
    """


def test_a_thousand_covered_resources(stack: MakeStack, bigpanda: Sandbox) -> None:
    """They work; what each adds in time and memory is measured by the benchmarks."""
    made = stack(MANY).config(count=1000)
    made.environment |= {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}  # the engine's own are slow
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"]
    assert made.config(count=1001).preview().operations()["Deployment program"] == "update"
