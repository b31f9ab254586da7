"""What all commands have in common: the options, how an error is told, the exit code."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import functools
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from ...errors import BigPandaError
from ..engine.options import is_known
from ..exits import Exit, exit_of_error
from ..shown.display import Display
from .call import Call, console
from .groups import Output
from .help import PROGRAM, Command, EngineCommand, Group

F = TypeVar("F", bound=Callable[..., Exit])

_PASSWORD = re.compile(r"(://[^\s/@:]*):[^\s@]*@")
"""The password in a URL."""

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
        return _cancelled()
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
        told = f"{param.opts[0]}: {_plain(error.message.removeprefix('Value error, ').rstrip('.'))}"
    elif hasattr(error, "possibilities"):
        told = f"no such option {error.option_name}"
        if isinstance(error.ctx.command, EngineCommand) and is_known(error.option_name):
            return f"{told}; pass it to Pulumi after `--`: {error.ctx.command_path} -- {error.option_name}"
        names = {one.lstrip("-"): one for one in near or ()}
        like = difflib.get_close_matches(error.option_name.lstrip("-"), names, n=1)
        told += f"; did you mean {names[like[0]]}?" if like else ""
    told = told[0].lower() + told[1:]
    return told if told.endswith("?") else f"{told}; see `{error.ctx.command_path} --help`"


def _plain(message: str) -> str:
    """What the library says of a number, as we would."""
    least = re.search(r"(?:greater than or equal to |x>=)(\d+)", message)
    if least:
        return f"write a whole number of at least {least[1]}"
    return "write a whole number" if "integer" in message else message


def command(group: str, *, engine: bool = False, name: str | None = None, has_more: bool = False) -> Callable[[F], F]:
    """Make a function a command: it has the options of `Output`, and its errors become one sentence and an exit code.

    The function takes a `Call`, then options, or groups of them: dataclasses whose fields are options.

    Args:
        group: where the help lists it.
        engine: whether what follows `--` is for the engine.
        name: its name, if that is not the function's; of a command below another one both, as they are typed.
        has_more: whether there are commands below it.
    """

    def make(function: F) -> F:
        takes = inspect.signature(function, eval_str=True)
        own = list(takes.parameters.values())[1:]
        options = [option for one in (*own, _OUTPUT) for option in _options(one)]

        @functools.wraps(function)
        def told(ctx: typer.Context, **given: Any) -> None:
            output: Output = _taken(_OUTPUT, given)
            below = ctx.invoked_subcommand
            if below is not None:
                if output != Output() or any(given[option.name] != option.default for option in options):
                    ctx.fail(f"options come after {below}; write them as `{ctx.command_path} {below} --json`")
                return
            call = Call(output.as_json, output.quiet, output.color, tuple(ctx.args))
            try:
                code = _told(lambda: function(call, **{one.name: _taken(one, given) for one in own}), output.debug)
            finally:
                call.close()
            sys.exit(code)

        context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        told.__signature__ = takes.replace(parameters=[context, *options], return_annotation=None)  # type: ignore[attr-defined]
        told.__annotations__ = {one.name: one.annotation for one in (context, *options)}
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


_OUTPUT = inspect.Parameter("output", inspect.Parameter.KEYWORD_ONLY, annotation=Output)


def _options(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """The options that a parameter of a command stands for: itself, or those of its group."""
    group = parameter.annotation
    if not dataclasses.is_dataclass(group):
        return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
    kinds = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, annotation=kinds[one.name], default=one.default)
        for one in dataclasses.fields(group)
    ]


def _taken(parameter: inspect.Parameter, given: Mapping[str, Any]) -> Any:
    """What a parameter of a command gets of the options that were given."""
    group = parameter.annotation
    if not dataclasses.is_dataclass(group):
        return given[parameter.name]
    return parameter.annotation(**{one.name: given[one.name] for one in dataclasses.fields(group)})


def _told(function: Callable[[], Exit], debug: bool) -> Exit:
    """What a command ends with; why, where it failed, is said."""
    try:
        code = function()
        if sys.stdout is not None:  # as it is where somebody has closed it
            sys.stdout.flush()
        return code
    except (KeyboardInterrupt, EOFError, typer.Abort):
        return _cancelled()
    except BigPandaError as error:
        _complain(str(error))
        return exit_of_error(error)
    except BrokenPipeError:  # whoever read has read enough: `history | head`
        _discard_output()
        return Exit.FAILED
    except OSError as error:  # no space is left, a terminal is gone
        _discard_output()
        _complain(f"the system refuses to go on: {error.strerror or type(error).__name__}")
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001 - a user is not to see a traceback unasked; no text, it could be secret
        if debug:
            traceback.print_exc()
        _complain(f"unexpected error: {type(error).__name__}; run it again with --debug for a traceback")
        return Exit.FAILED


def _discard_output() -> None:
    """Discard output that cannot be written: at exit, Python would try again and print the exception."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _cancelled() -> Exit:
    if sys.stderr.isatty():
        print(file=sys.stderr)  # the terminal has shown ^C
    _complain("cancelled")
    return Exit.CANCELLED


def _complain(sentence: str) -> None:
    errors = console(stderr=True)
    shown = _PASSWORD.sub(r"\1:***@", sentence)  # a command line that is wrong is repeated
    Display(errors, errors).line(f"{PROGRAM}: {shown}", always=True)
