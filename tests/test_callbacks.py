"""Callbacks of Outputs (`apply`) that raise: the deployment in whose scope they were made has failed, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
MakeStack = Callable[[str], Stack]

WEB = """
    def check(value):
        raise ValueError(f"port {value} is taken")
    with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
        thing = Thing("thing", "80", sleep=0.5)
        BODY
        Thing("other", sleep=2)
    """


@pytest.mark.parametrize(
    "body",
    [
        "thing.id.apply(check)",
        "pulumi.export('checked', thing.id.apply(check))",
        "thing.id.apply(lambda _: thing.value.apply(check))",
        "pulumi.Output.all(thing.id, thing.value).apply(check)",
        "Thing('takes', thing.id.apply(check))",
    ],
    ids=["plain", "exported", "nested", "of_several", "input"],
)
def test_a_callback_raises_in_a_scope(stack: MakeStack, bigpanda: Sandbox, body: str) -> None:
    """The update fails with the program's error, and the end says so too; the next run reports again."""
    made = stack(WEB.replace("BODY", body))
    run = made.up(skip_preview=True)
    assert not run.ok
    assert "is taken" in run.output
    assert bigpanda.story() == ["start 1", "failure 1"]
    assert "is taken" in bigpanda.changes()[0]["reason"]
    assert bigpanda.changes()[0]["reason"].startswith("ValueError: port")
    assert made.program(WEB.replace("BODY", "")).up().ok
    assert bigpanda.story() == ["start 1", "failure 1", "start 1", "success 1"]


@pytest.mark.parametrize(
    "declared",
    [
        'bigpanda.record_program(version="1", hosts=["a"])',
        'bigpanda.Deployment("web", component="web", version="1", hosts=["a"])',
    ],
    ids=["record_program", "neither_entered_nor_completed"],
)
def test_a_callback_raises_in_a_program(stack: MakeStack, bigpanda: Sandbox, declared: str) -> None:
    """A Deployment that ends with the program ends as a failure, with the program's error."""
    made = stack(
        f"""
    def check(value):
        raise ValueError("port 80 is taken")
    {declared}
    Thing("thing").id.apply(check)
    """
    )
    run = made.up(skip_preview=True)
    assert not run.ok
    assert [(change["state"], change["reason"]) for change in bigpanda.changes()] == [
        ("failure", "ValueError: port 80 is taken")
    ]


def test_a_callback_raises_outside_the_scope(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A deployment whose scope went well is a success."""
    made = stack(WEB.replace("BODY", "") + "thing.id.apply(check)\n")
    assert not made.up(skip_preview=True).ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_callback_is_recovered(stack: MakeStack, bigpanda: Sandbox) -> None:
    """An error that the program takes care of is none."""
    made = stack(WEB.replace("BODY", "thing.id.apply(check).recover(lambda error: 'none')"))
    run = made.up(skip_preview=True)
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_resource_fails_and_its_callbacks_with_it(stack: MakeStack, bigpanda: Sandbox) -> None:
    """The reason is the resource's error, not that of what depends on it; the user sees no error of ours."""
    made = stack(
        """
    bigpanda.record_program(version="1", hosts=["a"])
    thing = Thing("thing", fail="no room")
    thing.id.apply(lambda _: 1 / 0)
    Thing("takes", thing.id)
    """
    )
    run = made.up(skip_preview=True)
    assert not run.ok
    assert [change["reason"] for change in bigpanda.changes()] == ["thing: RuntimeError: no room"]
    assert "bigpanda_provider" not in run.output, run.output
