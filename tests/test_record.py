"""`record_program()`: one line covers the rest of a program, and the rest is found out."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")

MakeStack = Callable[[str], Stack]

PROGRAM = """
    bigpanda.record_program()
    bigpanda.host_name("pulumi-python:dynamic:Resource", "host")
    one = Thing("one", config.get("one"), host="host-1")
    one.value.apply(lambda value: Thing("in-apply", sleep=1, host="host-2"))
    """


def commit(made: Stack, message: str, tag: str | None = None) -> None:
    """Make the program's folder a git repository with one more commit."""
    if not (made.folder / ".git").exists():
        (made.folder / ".gitignore").write_text("*\n!__main__.py\n")
        git(made, "init", "-q")
    git(made, "add", "-A")
    git(made, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", message)
    if tag:
        git(made, "tag", tag)


def git(made: Stack, *arguments: str) -> None:
    """Run git in the program's folder."""
    subprocess.run(["git", *arguments], cwd=made.folder, check=True, capture_output=True)


def test_everything_is_found_out(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Component, version and hosts; what an `apply` makes is covered, with a start of its own."""
    made = stack(PROGRAM)
    commit(made, "first", tag="v1.2.3")
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.has() == ["test-dev v1.2.3 on host-1: success", "test-dev v1.2.3 on host-2: success"]
    ended = max(event["received"] for event in bigpanda.events())
    assert all(at <= ended for _, _, at in made.did())
    assert "does not see when 'in-apply' is removed" in run.output
    assert made.up("--expect-no-changes").ok


def test_a_new_commit_alone_sends_nothing(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A version that was found is no change; with a change it is what is sent."""
    made = stack(PROGRAM)
    commit(made, "first", tag="v1")
    assert made.up().ok
    commit(made, "second", tag="v2")
    assert made.up("--expect-no-changes").ok
    assert made.config(one="new").up().ok
    assert sorted(bigpanda.story()) == ["start v1"] * 2 + ["start v2"] + ["success v1"] * 2 + ["success v2"]


def test_without_a_version_to_be_found(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It says what to give, in one sentence; given, it works."""
    made = stack(PROGRAM)
    run = made.preview()
    assert not run.ok
    assert "git describe finds no version in" in run.output
    assert 'record_program(version="1.2.3")' in run.output
    assert "Traceback" not in run.output
    made.program(PROGRAM.replace("record_program()", 'record_program(version="7")'))
    assert made.up().ok
    assert sorted(bigpanda.story()) == ["start 7", "start 7", "success 7", "success 7"]


def test_what_is_declared_before_it_is_named(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It is not covered, and the warning says where to put the line."""
    made = stack("""
        Thing("early")
        bigpanda.record_program(version="1", hosts=["h"])
        Thing("one")
        """)
    run = made.up()
    assert run.ok
    assert "record_program() does not cover 'early', declared before it; put it first in the program" in run.output
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_program_without_resources(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It works there too; the stack stands for the host."""
    made = stack('bigpanda.record_program(version="1")')
    assert made.up().ok
    assert bigpanda.events()[0]["body"]["hosts"] == ["dev"]
    assert made.up("--expect-no-changes").ok


def test_a_deployment_inside(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It starts after the program's and ends before it, and what it covers counts for it alone."""
    made = stack("""
        bigpanda.record_program(version="1", component="all", hosts=["h"])
        Thing("outside")
        with bigpanda.Deployment("inner", component="inner", version="1", hosts=["h"]):
            Thing("inside", config.get("inside"))
        bigpanda.Deployment("bare", component="bare", version="1", hosts=["h"])
        """)
    assert made.up().ok
    order = [(event["kind"], event["body"]["component"]) for event in bigpanda.events()]
    assert order[0] == ("start", "all")
    assert order[-1] == ("end", "all")
    assert order.index(("end", "inner")) < order.index(("end", "bare"))
    assert made.config(inside="x").up().ok
    assert [event["body"]["component"] for event in bigpanda.events()[6:]] == ["inner", "inner"]


def test_a_deployment_by_hand_inside(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What it names counts for it alone too."""
    made = stack("""
        bigpanda.record_program(version="1", component="all", hosts=["h"])
        release = bigpanda.Deployment("inner", component="inner", version="1", hosts=["h"])
        one = Thing("one", config.get("one"), opts=pulumi.ResourceOptions(depends_on=[release]))
        release.complete(after=[one])
        """)
    assert made.up().ok
    assert made.config(one="x").up().ok
    assert [event["body"]["component"] for event in bigpanda.events()] == [
        "all",
        "inner",
        "inner",
        "all",
        "inner",
        "inner",
    ]


def test_a_resource_fails(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The end says so, with the reason."""
    made = stack("""
        bigpanda.record_program(version="1", hosts=["h"])
        Thing("one", fail="no space left")
        """)
    assert not made.up().ok
    (change,) = bigpanda.changes()
    assert (change["state"], change["reason"]) == ("failure", "one: RuntimeError: no space left")


def test_the_program_raises(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The end says so, with the program's own error."""
    made = stack("""
        bigpanda.record_program(version="1", hosts=["h"])
        Thing("one")
        raise ValueError("no room")
        """)
    assert not made.up(skip_preview=True).ok  # the preview would be the end of it
    (change,) = bigpanda.changes()
    assert (change["state"], change["reason"]) == ("failure", "ValueError: no room")


def test_called_twice(stack: MakeStack) -> None:
    """One sentence."""
    made = stack('bigpanda.record_program(version="1"); bigpanda.record_program(version="1")')
    run = made.preview()
    assert not run.ok
    assert 'Deployment "program" is declared twice in this program' in run.output
    assert "Traceback" not in run.output
