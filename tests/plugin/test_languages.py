"""The examples in TypeScript and Go on the real engine, with real SDKs and a stand-in for Docker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import documents
from tests.engine import ROOT, Stack
from tests.servers import Sandbox
from tools.languages import GO

from . import languages
from .program import PLUGIN

PAGE = ROOT / "docs" / "other-languages.md"
UNFINISHED = "the update ended before this deployment was complete"


@pytest.fixture(params=languages.PROGRAMS)
def language(request: pytest.FixtureRequest) -> str:
    """TypeScript and Go, one after the other."""
    return str(request.param)


@pytest.fixture
def made(stack_at: Callable[[str], Stack], bigpanda: Sandbox, language: str) -> Stack:
    """A stack with the language's example."""
    return languages.example(stack_at(bigpanda.address), language).config(version="1")


def programs(made: Stack) -> list[int]:
    """The process ids of the program."""
    return [*made.processes(b"/pulumi/cmd/run/"), *made.processes(str(GO / "program").encode())]


def test_a_version_and_the_next_one(made: Stack, bigpanda: Sandbox) -> None:
    """Preview shows what the update sends, with the version as the only change of the second one."""
    shown = made.preview("--diff")
    assert shown.ok, shown.output
    assert 'owner    : "shop-team@acme.com"' in shown.output
    assert bigpanda.posts() == []
    run = made.up(skip_preview=True)
    assert run.ok, run.output
    assert "Sent the end of shop 1: success" in run.output
    made.config(version="2")
    again = made.preview("--diff").output
    assert '[0]: "version 1 is now 2"' in again
    assert '~ version: "1" => "2"' in again
    assert made.up(skip_preview=True).operations() == {
        "Deployment shop": "update",
        "Container shop-1": "update",
        "Container shop-2": "update",
        "Completion shop-done": "update",
    }
    assert bigpanda.has() == ["shop 1 on shop-1, shop-2: success", "shop 2 on shop-1, shop-2: success"]
    assert made.up("--expect-no-changes", skip_preview=True).ok


def test_a_covered_resource_fails(made: Stack, bigpanda: Sandbox) -> None:
    """The plugin ends the deployment; the next update reports again."""
    made.environment["ECHO_FAIL"] = "::shop-1$"
    assert not made.up(skip_preview=True).ok
    assert bigpanda.has() == [f"shop 1 on shop-1, shop-2: failure ({UNFINISHED})"]
    del made.environment["ECHO_FAIL"]
    assert made.up(skip_preview=True).ok
    assert bigpanda.has()[1:] == ["shop 1 on shop-1, shop-2: success"]


def test_the_engine_is_killed(made: Stack, bigpanda: Sandbox) -> None:
    """The plugin ends the deployment, and the program goes with its language host."""
    made.environment["ECHO_HOLD"] = str(made.folder / "go-on")
    with made.running(skip_preview=True) as update:
        update.wait_for(bigpanda.story)
        update.wait_for_line("Container shop-1 creating (")
        assert programs(made)
        update.kill([update.process.pid])
        assert not update.end().ok
        update.wait_for(lambda: not made.processes(PLUGIN.encode()) and not programs(made))
    assert bigpanda.has() == [f"shop 1 on shop-1, shop-2: failure ({UNFINISHED})"]
    (made.folder / "go-on").touch()
    assert made.unlock().up(skip_preview=True).ok
    assert bigpanda.has()[1:] == ["shop 1 on shop-1, shop-2: success"]


def test_the_program_of_the_page(stack_at: Callable[[str], Stack], bigpanda: Sandbox, language: str) -> None:
    """As it stands."""
    (text,) = [block.text for block in documents.blocks(PAGE) if block.language == language]
    run = languages.program(stack_at(bigpanda.address), language, text).up(skip_preview=True)
    assert run.ok, run.output
    assert bigpanda.has() == ["shop 2.4.1 on web-1: success"]


def test_a_program_that_cannot_run(stack_at: Callable[[str], Stack], bigpanda: Sandbox, language: str) -> None:
    """The language's own error is shown, and nothing is sent."""
    run = languages.program(stack_at(bigpanda.address), language, "no such word;\n").preview()
    assert not run.ok
    assert {"typescript": "TS1434", "go": "expected 'package'"}[language] in run.output, run.output
    assert bigpanda.posts() == []
