"""How the command line reads its arguments and shows its help: options in groups, what follows `--` for the engine."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup

PROGRAM = "bigpanda-release"

RELEASES, RECORDS, EVENTS, SETUP, MORE = "Releases", "Records", "Events by hand", "Setup", "Commands"
"""The groups of commands, in the order of the help."""
OTHER = "Options"
"""The group of options that are in none."""
_RANGE = re.compile(r" *\[x>=\d+\]$")
"""What Typer adds for the smallest number, which the help of these options does not need."""


class Command(TyperCommand):
    """A command whose help shows its examples as one types them, and its options in groups (`rich_help_panel`)."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write what the command does; a paragraph that is a command is an example."""
        paragraphs = inspect.cleandoc(self.help or "").split("\n\n")
        examples = [one for one in paragraphs if one.startswith(PROGRAM)]
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text("\n\n".join(one for one in paragraphs if one not in examples))
        if examples:
            with formatter.section("Examples"):
                for example in examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options to the help."""
        groups: dict[str, list[tuple[str, str]]] = {}
        param: Any
        for param in self.get_params(ctx):
            shown = param.get_help_record(ctx)
            if param.param_type_name == "argument":
                groups.setdefault("Arguments", []).append((param.metavar, param.help))
            elif shown is not None:
                group = getattr(param, "rich_help_panel", None) or OTHER
                groups.setdefault(group, []).append((shown[0], _RANGE.sub("", shown[1]).replace("\\[", "[")))
        _write(formatter, groups)


class EngineCommand(Command):
    """A command that hands what follows `--` to the engine; the function finds it in its `Call`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments before `--`; those after it become the context's."""
        own, engine = args, []
        if "--" in args:
            at = args.index("--")
            own, engine = args[:at], args[at + 1 :]
        rest = super().parse_args(ctx, own)
        ctx.args = [*rest, *engine]
        return ctx.args  # type: ignore[no-any-return]

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage, with what follows the options."""
        return [*super().collect_usage_pieces(ctx), "[-- ENGINE OPTIONS]"]


class Group(TyperGroup):
    """All commands, or those below one of them; its help shows them in groups, too."""

    format_help_text = Command.format_help_text

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None and not ctx.resilient_parsing:
            names = self.list_commands(ctx)
            near = [one for one in names if one.startswith(name)] or difflib.get_close_matches(name, names, n=1)
            ctx.fail(f"no such command {name}" + (f"; did you mean {near[0]}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        Command.format_options(self, ctx, formatter)  # type: ignore[arg-type]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands to the help, each with the first line of its own."""
        groups: dict[str, list[tuple[str, str]]] = {group: [] for group in (RELEASES, RECORDS, EVENTS, SETUP, MORE)}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            groups[command.rich_help_panel].append((name, command.get_short_help_str(formatter.width)))
        _write(formatter, {group: shown for group, shown in groups.items() if shown})


def _write(formatter: Any, groups: dict[str, list[tuple[str, str]]]) -> None:
    names: Iterable[str] = sorted(groups, key=lambda name: name == OTHER)  # these are in all commands, so they are last
    for name in names:
        with formatter.section(name):
            formatter.write_dl(groups[name])
