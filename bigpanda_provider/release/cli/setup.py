"""Commands around the recording: the check of the setup, a stand-in for BigPanda, completion."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from ..doctor import checks
from ..exits import Exit
from .app import command
from .call import Call
from .groups import Access
from .help import SETUP
from .options import Folder, Stack


@command(SETUP)
def doctor(
    call: Call,
    access: Access,
    stack: Stack = None,
    folder: Folder = None,
) -> Exit:
    """Check the setup.

    Print a fix for each problem; send no event. Exit with 1 if there is a problem.

    bigpanda-release doctor

    bigpanda-release doctor -C infrastructure -s prod
    """
    found = []
    for one in checks(folder, stack, os.environ, access.explicit):
        found.append(one)
        if not call.as_json:
            call.display.line(one.lines(call.console.width), style="" if one.ok else "red", always=not one.ok)
    good = all(one.ok for one in found)
    if call.as_json:
        call.print_json({"ok": good, "checks": [one.as_object() for one in found]})
    return Exit.OK if good else Exit.FAILED


@command(SETUP)
def sandbox(
    call: Call,
    port: Annotated[int, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free port.")] = 8080,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    data: Annotated[
        str, typer.Option(metavar="FILE", help="File to keep events in; :memory: keeps them in memory.")
    ] = ":memory:",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Additional host name that requests may be sent to; repeat for several."),
    ] = None,
    changes_per_minute: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Answer 429 to more changes a minute. [default: no limit]"),
    ] = None,
) -> Exit:
    """Serve a local stand-in for BigPanda."""
    from ...sandbox.__main__ import say, serve

    def say_to_script(address: str) -> None:
        print(json.dumps({"address": address}), flush=True)

    said = say_to_script if call.as_json else say
    return Exit(serve(host, port, data, allow_host or (), changes_per_minute, said))
