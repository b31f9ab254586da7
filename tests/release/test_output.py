"""How a release looks, word by word: in CI, and on a terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers import Sandbox

from .command import EVENT, UP, Release, on_screen, without_times

MakeRelease = Callable[[str], Release]

TWO = """
    a = Thing("a", sleep=0.5)
    Thing("b", sleep=0.5, opts=pulumi.ResourceOptions(depends_on=[a]))
    """

CI = """\
start sent: shop 1 on web-1, web-2 (attempt ID)
 + pulumi-python:dynamic:Resource a creating
 + pulumi-python:dynamic:Resource a created (N s)
 + pulumi-python:dynamic:Resource b creating
 + pulumi-python:dynamic:Resource b created (N s)
end sent: success
succeeded (N s): 2 created
"""

EVENTS = """\
up of test/dev:
 +  pulumi:pulumi:Stack test-dev create
 +  pulumi-python:dynamic:Resource a create
 +  pulumi-python:dynamic:Resource b create
Resources:
    + 3 to create
events that will be sent to BigPanda:
  start  shop 1 on web-1, web-2
  end    success, or failure with its reason
"""

TERMINAL = f"""\
{EVENTS}up now? [y/N]: y
start sent: shop 1 on web-1, web-2 (attempt ID)
 + pulumi-python:dynamic:Resource a created (N s)
 + pulumi-python:dynamic:Resource b created (N s)
end sent: success
succeeded (N s): 2 created
"""

DECLINED = f"""\
{EVENTS}up now? [y/N]: n
nothing was done
"""

HOSTS = ("--host", "web-1", "--host", "web-2")


def test_a_release_in_ci(release: MakeRelease) -> None:
    """Plain lines, one when a resource begins and one when it is done."""
    run = release(TWO)(*UP, *HOSTS)
    assert without_times(run.output) == CI


def test_a_release_on_a_terminal(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The events and a question; then a line per resource, and what is under way with a spinner and elapsed times."""
    run = release(TWO).terminal("up", *EVENT, *HOSTS, answers=[("now?", "y\n")])
    assert run.ok
    assert without_times("\n".join(on_screen(run.output))) + "\n" == TERMINAL
    for part in ("⠙ previewing up (0 s)", "⠋ up of test/dev (0 s)", "Resource a creating (0 s)"):
        assert part in run.output
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_release_that_is_declined(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Nothing is done, nothing sent; what comes after the update in a script is not to run, so it is cancelled."""
    run = release(TWO).terminal("up", *EVENT, *HOSTS, answers=[("now?", "n\n")])
    assert run.code == 130
    assert without_times("\n".join(on_screen(run.output))) + "\n" == DECLINED
    assert bigpanda.events() == []


def test_ctrl_c_at_the_question(release: MakeRelease, bigpanda: Sandbox) -> None:
    """A cancellation, with its exit code."""
    run = release(TWO).terminal("up", *EVENT, *HOSTS, answers=[("now?", "\x03")])
    assert run.code == 130
    assert on_screen(run.output)[-2:] == ["up now? [y/N]: ^C", "bigpanda-release: cancelled"]
    assert bigpanda.events() == []


@pytest.mark.parametrize("asked", [False, True], ids=["unasked", "asked"])
def test_ctrl_c_on_a_terminal_cancels_cleanly(release: MakeRelease, bigpanda: Sandbox, asked: bool) -> None:
    """The engine is told by the runner alone, so one Ctrl-C is one; also after the question."""
    shop = release(TWO.replace("sleep=0.5", "sleep=4", 1))  # it is to be cancelled while it runs
    yes = [("now?", "y\n")] if asked else []
    command = ("up", *EVENT) if asked else UP
    run = shop.terminal(*command, *HOSTS, answers=[*yes, ("a creating", "\x03")])
    assert run.code == 130
    assert [without_times(line) for line in on_screen(run.output)[-4:]] == [
        "cancelling: waiting for 1 operation; press Ctrl-C again to stop now",
        " + pulumi-python:dynamic:Resource a created (N s)",
        "end sent: failure",
        "cancelled (N s): 1 created",
    ]
    assert [name for _, name, _ in shop.stack.did()] == ["a"]
    assert [(c["state"], c["reason"]) for c in bigpanda.changes()] == [("failure", "cancelled")]


def test_help_has_examples(release: MakeRelease) -> None:
    """Of every command that has more than a word."""
    shop = release(TWO)
    for command in ("up", "destroy", "preview", "start", "end", "status", "history", "flush", "refresh"):
        assert f"bigpanda-release {command}" in shop(command, "--help").output.split("Options:")[0].replace("Usage", "")
