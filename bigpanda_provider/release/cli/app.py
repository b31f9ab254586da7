"""What all commands have in common: the options, how an error is told, the exit code."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Annotated, Any, TypeVar

import typer

from ...errors import BigPandaError
from ..exits import Exit, exit_of_error
from .call import Color, call_of
from .help import Command, EngineCommand, Group
from .options import OUTPUT

F = TypeVar("F", bound=Callable[..., Exit])

PROGRAM = "bigpanda-release"
_SHOWN: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}

app = typer.Typer(
    name=PROGRAM,
    cls=Group,
    help="Record updates of whole Pulumi stacks in BigPanda: the start, and the end with its result.",
    epilog="Exit codes: 0 success, 1 a release failed, 2 wrong use, 3 delivery is required and "
    "an event did not get through, 130 cancelled.",
    no_args_is_help=True,
    **_SHOWN,
)
_PARENTS = {"": app}
"""What commands stand below, by its name."""

_UsageError: Any = typer.BadParameter.__base__
"""Wrong use, as the library below Typer raises it; where that is found has changed between versions of Typer."""

_COMMON: dict[str, Any] = {
    "as_json": Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.", rich_help_panel=OUTPUT)],
    "quiet": Annotated[
        bool, typer.Option("--quiet", "-q", help="Show only results, warnings and errors.", rich_help_panel=OUTPUT)
    ],
    "color": Annotated[
        Color,
        typer.Option(
            metavar="WHEN",
            help="When to use colors: auto, always or never. [default: auto]",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ],
    "debug": Annotated[
        bool, typer.Option("--debug", help="Show tracebacks of unexpected errors.", rich_help_panel=OUTPUT)
    ],
}
"""The options of every command."""
_DEFAULTS = {"as_json": False, "quiet": False, "color": Color.AUTO, "debug": False}


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"{PROGRAM} {metadata.version('bigpanda-provider')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code."""
    try:
        app(args=list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except (KeyboardInterrupt, typer.Abort):
        _complain("cancelled")
        return Exit.CANCELLED
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return Exit.WRONG_USE
        _complain(_wrong_use(error))
        return Exit.WRONG_USE
    return Exit.OK


def _wrong_use(error: Any) -> str:
    """What is wrong with the command line, and what to write instead."""
    told = str(error.format_message()).rstrip(".")
    param, near = getattr(error, "param", None), getattr(error, "possibilities", None)
    if isinstance(error, typer.BadParameter) and param is not None and error.message:
        told = f"{param.opts[0]}: {error.message.removeprefix('Value error, ').rstrip('.')}"
    elif hasattr(error, "possibilities"):
        told = f"no such option {error.option_name}" + (f"; did you mean {near[0]}?" if near else "")
    told = told[0].lower() + told[1:]
    return told if told.endswith("?") else f"{told}; see `{error.ctx.command_path} --help`"


def command(group: str, *, engine: bool = False, name: str | None = None, has_more: bool = False) -> Callable[[F], F]:
    """Make a function a command: it has the common options, and its errors become one sentence and an exit code.

    Args:
        group: where the help lists it.
        engine: whether what follows `--` is for the engine.
        name: its name, if that is not the function's; of a command below another one both, as they are typed.
        has_more: whether there are commands below it.
    """

    def make(function: F) -> F:
        own = inspect.signature(function, eval_str=True)

        @functools.wraps(function)
        def told(ctx: typer.Context, **given: Any) -> None:
            common = {name: given.pop(name) for name in _COMMON}
            below = ctx.invoked_subcommand
            if below is not None:
                if common != _DEFAULTS or any(given.values()):
                    ctx.fail(f"options come after {below}; write them as `{ctx.command_path} {below} --json`")
                return
            call = call_of(common, ctx.args)
            try:
                code = _told(lambda: function(call, **given), debug=common["debug"])
            finally:
                call.close()
            sys.exit(code)

        parameters = [
            inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
            *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in list(own.parameters.values())[1:]),
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=_DEFAULTS[name])
                for name, kind in _COMMON.items()
            ),
        ]
        told.__signature__ = own.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]
        told.__annotations__ = {one.name: one.annotation for one in parameters}
        del told.__wrapped__  # else its signature would count, not this one
        *above, own_name = (name or function.__name__).split()
        parent = _PARENTS[" ".join(above)]
        if has_more:
            below = _PARENTS[own_name] = typer.Typer(cls=Group, invoke_without_command=True, **_SHOWN)
            below.callback(subcommand_metavar="[COMMAND]")(told)
            parent.add_typer(below, name=own_name, rich_help_panel=group)
        else:
            kind = EngineCommand if engine else Command
            parent.command(own_name, cls=kind, rich_help_panel=group)(told)
        return function

    return make


def _told(function: Callable[[], Exit], *, debug: bool) -> Exit:
    """What a command ends with; why, where it failed, is said."""
    try:
        code = function()
        sys.stdout.flush()
        return code
    except (KeyboardInterrupt, typer.Abort):
        _complain("cancelled")
        return Exit.CANCELLED
    except BigPandaError as error:
        _complain(str(error))
        return exit_of_error(error)
    except BrokenPipeError:  # whoever read has read enough: `history | head`
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001 - a user is not to see a traceback unasked; no text, it could be secret
        if debug:
            traceback.print_exc()
        _complain(f"unexpected error: {type(error).__name__}; run it again with --debug for a traceback")
        return Exit.FAILED


def _complain(sentence: str) -> None:
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)
