"""`make demo`: a sandbox, sample programs on the real engine, and after each step what BigPanda's Changes tab shows.

Everything happens in a temporary folder that is removed at the end. With `--keep`, the sandbox runs on until Ctrl-C.
The exit code is 0 only if the Changes are the expected ones.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

from tools.programs import DemoError, Projects, Stack, sandbox

ANSWER_LIMIT_S = 30
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
"""The exit code that a shell expects of a command that Ctrl-C ended."""
TERMINAL = 0
"""The file descriptor of standard input."""
COLUMNS = ("component", "version", "hosts", "state", "started", "ended")
RENEWED = ("2026-12-31", "2027-12-31")
"""The days on which the certificate expires, before and after it is renewed."""


def main() -> int:
    """Run the demo; 1 if a step failed or the Changes are not the expected ones."""
    parser = argparse.ArgumentParser(
        "python -m tools.demo", description="Run the sample programs against a local sandbox."
    )
    parser.add_argument("--keep", action="store_true", help="keep the sandbox running afterwards, until Ctrl-C")
    keep = parser.parse_args().keep
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # which `nohup` sets
            signal.signal(number, stop)
    try:
        with tempfile.TemporaryDirectory(prefix="bigpanda-demo-") as name, sandbox() as address:
            projects = Projects(pathlib.Path(name), address)
            show_a_fleet(Stack(projects, "."), address)
            show_an_output(Stack(projects, "examples/certificate"), address)
            print("\nEverything is as expected.")
            if keep:
                wait_until_stopped(address)
            else:
                print("To look at the Changes page afterwards, run `make demo KEEP=1`.")
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def show_a_fleet(fleet: Stack, address: str) -> None:
    """The sample program: what preview shows, a success, nothing to do, another success, a failure."""
    show("Preview: what will be sent, before it is sent")
    fleet.run("preview", "--diff")
    expect(address, [])
    show("Update: 1.2.3 is put live")
    fleet.up()
    expect(address, ["billing 1.2.3: success"])
    show("Update without a change: nothing is sent")
    fleet.up("--expect-no-changes")
    expect(address, ["billing 1.2.3: success"])
    show("Update: 1.2.4 is put live")
    fleet.up("--config", "billing:version=1.2.4")
    expect(address, ["billing 1.2.4: success", "billing 1.2.3: success"])
    show("Update that fails: 1.2.5 does not start, and BigPanda gets the reason")
    fleet.up("--config", "billing:version=1.2.5", fails=True)
    expect(address, ["billing 1.2.5: failure", "billing 1.2.4: success", "billing 1.2.3: success"])


def show_an_output(gateways: Stack, address: str) -> None:
    """A program whose gateways change only because an Output that they take has changed."""
    before = changes(address)
    show("Another program: two gateways take the certificate of a resource outside their Deployment")
    gateways.up("--config", f"certificate:expires={RENEWED[0]}")
    expect(address, ["gateway 3.1.0: success", *map(shortly, before)])
    show("The certificate is renewed: the gateways change through an Output, which preview tells of")
    gateways.run("up", "--yes", "--config", f"certificate:expires={RENEWED[1]}")
    expect(address, ["gateway 3.1.0: success"] * 2 + [*map(shortly, before)])


def wait_until_stopped(address: str) -> None:
    """Say where the sandbox is, and let it run until Ctrl-C."""
    with alone_in_the_foreground(), contextlib.suppress(KeyboardInterrupt):
        print(f"The sandbox is still running; its Changes page is {address} (press Ctrl-C to stop it).", flush=True)
        while True:
            time.sleep(1)


@contextlib.contextmanager
def alone_in_the_foreground() -> Iterator[None]:
    """Let Ctrl-C reach this process only: `make` would report an error, though nothing is wrong."""
    group = os.getpgrp()
    if group == os.getpid() or not os.isatty(TERMINAL) or os.tcgetpgrp(TERMINAL) != group:
        yield
        return
    for number in (signal.SIGTTOU, signal.SIGTSTP):  # nobody would continue a process that stops alone
        signal.signal(number, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(TERMINAL, os.getpgrp())
    try:
        yield
    finally:
        os.tcsetpgrp(TERMINAL, group)


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """End the demo; what it does then to leave nothing behind is not interrupted again."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def changes(address: str) -> list[dict[str, Any]]:
    """The deployments that BigPanda has, the newest first; an end without a deployment is an error."""
    with urllib.request.urlopen(f"{address}/changes", timeout=ANSWER_LIMIT_S) as answer:
        got = json.load(answer)
    if got["unmatchedEnds"]:
        raise DemoError(f"these ends match no deployment: {got['unmatchedEnds']}")
    found: list[dict[str, Any]] = got["changes"]
    return found


def shortly(change: dict[str, Any]) -> str:
    """A deployment in a few words."""
    return f"{change['component']} {change['version']}: {change['state']}"


def expect(address: str, expected: list[str]) -> None:
    """Print the Changes as a table; they must be these, newest first, and each failure must have a reason."""
    found = changes(address)
    print(f"\nChanges in BigPanda (times in UTC):\n{table(found)}", flush=True)
    if [shortly(change) for change in found] != expected:
        raise DemoError(f"expected {', '.join(expected) or 'no deployment'}, and nothing else")
    if any(change["state"] == "failure" and not change["reason"] for change in found):
        raise DemoError("expected a reason for each failure")


def table(found: list[dict[str, Any]]) -> str:
    """The deployments, a line each, and the reason of a failure in a line below."""
    rows = [COLUMNS, *(tuple(cell(change, column) for column in COLUMNS) for change in found)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    indent = " " * (widths[0] + len("  "))
    reasons = ["", *(f"\n  {indent}{change['reason']}" if change["reason"] else "" for change in found)]
    return "\n".join(f"  {line}{reason}" for line, reason in zip(lines, reasons, strict=True)) if found else "  none"


def cell(change: dict[str, Any], column: str) -> str:
    """One value as it is shown."""
    value = change[column]
    if column == "hosts":
        return ", ".join(value)
    if column in ("started", "ended") and value is not None:
        return time.strftime("%H:%M:%S", time.gmtime(value))
    return "" if value is None else str(value)


def show(title: str) -> None:
    """A heading."""
    print(f"\n--- {title}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
