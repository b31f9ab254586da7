"""`make docs`: writes docs/commands.md, the help of every command as a terminal of 80 columns shows it."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import typer

from bigpanda_provider.release.cli import app
from bigpanda_provider.release.cli.help import PROGRAM

TARGET = pathlib.Path(__file__).resolve().parent.parent / "docs" / "commands.md"
WIDTH = 80
HEAD = """---
title: BigPanda Deployments, command reference
meta_desc: Every command of bigpanda-release, with its options.
layout: package
---

Each section is what the command prints with `--help`.
[The release runner](release-runner.md) explains the commands."""


def reference() -> str:
    """The page."""
    sections = [f"## `{name}`\n\n```\n{help_of(name.split()[1:])}\n```" for name in names()]
    return "\n\n".join([HEAD, *sections]) + "\n"


def names() -> list[str]:
    """All commands, the program itself first, by what one types."""
    return [PROGRAM, *_below(typer.main.get_command(app), PROGRAM)]


def _below(command: Any, name: str) -> Iterator[str]:
    for word, inner in getattr(command, "commands", {}).items():
        yield f"{name} {word}"
        yield from _below(inner, f"{name} {word}")


def help_of(words: list[str], width: int = WIDTH) -> str:
    """The help of a command, as lines of this width at most."""
    command: Any = typer.main.get_command(app)
    context = None
    settings = {"terminal_width": width, "max_content_width": width}
    for word in [PROGRAM, *words]:
        command = command if context is None else command.get_command(context, word)
        more = {**command.context_settings, **settings}
        context = command.make_context(word, [], parent=context, resilient_parsing=True, **more)
    assert context is not None
    return str(command.get_help(context)).rstrip()


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
