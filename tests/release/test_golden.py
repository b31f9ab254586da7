"""What the commands print, word by word, on terminals of three widths and in a pipe: `golden/` has it.

`UPDATE_GOLDEN=1 pytest tests/release/test_golden.py` writes the files anew; read the difference before you commit it.
The tables of `status`, `history` and `queue` are in `tables.txt`, all help in `docs/commands.md`, the doctor's lines in
its own test: they depend on the time or on the machine.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Callable, Sequence

import pytest

from .command import EVENT, Release, on_screen, without_times

MakeRelease = Callable[[str], Release]

FOLDER = pathlib.Path(__file__).with_name("golden")
PROGRAM = """
    web = Thing("web-1", value=config.get("value"))
    Thing("web-2", fail=config.get("fail"), opts=pulumi.ResourceOptions(depends_on=[web]))
    pulumi.export("url", "https://shop.example.com/a/path/that/is/longer/than/a/narrow/terminal/is/wide")
    pulumi.export("password", pulumi.Output.secret("hunter2hunter2"))
    """
HANDS = ("--component", "db", "--version", "9", "--host", "db-1", "--host", "db-2")
YES = [("now?", "y\n")]
NOBODY = {"BIGPANDA_BASE_URL": "http://127.0.0.1:9"}


def session(shop: Release, width: int | None, environment: dict[str, str]) -> str:
    """All commands in a row, as they are shown."""
    shown: list[str] = []

    def run(*arguments: str, answers: Sequence[tuple[str, str]] = (), env: dict[str, str] | None = None) -> None:
        shop.stack.environment.update(env or {})
        if width is None:
            printed = shop(*arguments, *(["--yes"] if answers else [])).output.splitlines()
        else:
            printed = on_screen(shop.terminal(*arguments, answers=answers, columns=width).output)
        assert width is None or max(map(len, printed)) <= width
        shown.extend(["$ bigpanda-release " + " ".join(arguments), *printed])

    shop.stack.environment |= environment
    address = shop.stack.environment["BIGPANDA_BASE_URL"]
    run("preview", *EVENT, "--tag", "team=payments")
    run("up", *EVENT, answers=YES)
    run("up", *EVENT, "--yes")
    run("refresh", "--yes")
    shop.stack.config(value="2", fail="no space left on device")
    run("up", "--yes", "--component", "shop", "--version", "2", "--diff")
    run("start", *HANDS, "--dry-run")
    run("start", *HANDS)
    run("end", "--component", "db", "--status", "failure", "--reason", "disk full")
    run("start", *HANDS, env=NOBODY)
    run("flush")
    run("flush", env={"BIGPANDA_BASE_URL": address})
    run("destroy", *EVENT, answers=YES)
    run("end", "--component", "dbb")
    return normal("\n".join(shown) + "\n", address)


def normal(text: str, address: str) -> str:
    """Without what differs from one run to the next; each is as wide as what it stands for."""
    text = text.replace(address, "http://127.0.0.1:12345")
    text = re.sub(r'("timestamp": |"start": )\d+', r"\g<1>1234567890", text)
    text = re.sub(r"Traceback \(most recent call last\):.*?(?=\nRuntimeError)", "Traceback ...", text, flags=re.S)
    return without_times(text)


@pytest.mark.parametrize("width", [60, 80, 120, None], ids=["60", "80", "120", "pipe"])
def test_what_the_commands_print(release: MakeRelease, width: int | None) -> None:
    """A stack that is previewed, updated, refreshed, updated in vain and destroyed, and events by hand."""
    environment = {"NO_COLOR": "1"} if width is not None else {}
    found = session(release(PROGRAM), width, environment)
    file = FOLDER / f"{'pipe' if width is None else width}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")


def test_no_color_means_none(release: MakeRelease) -> None:
    """Neither by NO_COLOR nor by --color never; without them, signs and results have theirs."""
    shop = release(PROGRAM)
    colors = re.compile(r"\x1b\[[\d;]*3[0-7]m")
    assert colors.search(shop.terminal("preview", *EVENT, answers=[]).output)
    assert not colors.search(shop.terminal("preview", *EVENT, "--color", "never", answers=[]).output)
    assert colors.search(shop("preview", *EVENT, "--color", "always").output)
    shop.stack.environment["NO_COLOR"] = "1"
    assert not colors.search(shop.terminal("preview", *EVENT, answers=[]).output)
