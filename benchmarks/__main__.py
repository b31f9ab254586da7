"""`make bench`: measures all within a time, or what it is asked for, and writes RESULTS.md."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator

from . import deployments, local, picture, updates
from .measure import Figure

RESULTS = pathlib.Path(__file__).with_name("RESULTS.md")
LIMIT_S = 1500
"""Nothing is begun after that, so that all is over in half an hour."""
EACH: list[Callable[[], Iterator[Figure]]] = [
    updates.of_100,
    updates.of_1,
    updates.by_size,
    deployments.against_shell,
    deployments.far_away,
    deployments.in_a_database,
    deployments.down,
    local.imports,
    local.digests,
    local.sandbox,
    local.backlog,
    updates.by_change,
]
ASKED_FOR: list[Callable[[], Iterator[Figure]]] = [picture.by_number]
"""What takes too long to be measured with the others."""
MARKS = {True: "yes", False: "**no**"}


def main() -> int:
    """Measure all, or what the arguments name (`by_size backlog`); rows that are not measured stay as they are."""
    asked = sys.argv[1:]
    began, rows = time.monotonic(), _rows()
    for each in [one for one in [*EACH, *ASKED_FOR] if one.__name__ in asked] if asked else EACH:
        if time.monotonic() - began > LIMIT_S:
            print(f"{each.__name__}: not measured, since the time is up; `make bench ARGS={each.__name__}` does")
            continue
        for figure in each():
            print(f"{figure.what}: {figure.measured} (bar: {figure.bar}; {MARKS[figure.reached]})", flush=True)
            if each in EACH:
                rows[figure.what] = f"{figure.bar} | {figure.measured} | {MARKS[figure.reached]} | {dt.date.today()}"
                RESULTS.write_text(_page(rows))
    return 0


def _rows() -> dict[str, str]:
    """What the results say so far, by figure."""
    lines = re.findall(r"^[|] (.+?) [|] (.+) [|]$", RESULTS.read_text(), re.M)
    return {what: rest for what, rest in lines if what != "figure"}


def _page(rows: dict[str, str]) -> str:
    table = "".join(f"| {what} | {rest} |\n" for what, rest in rows.items())
    return f"""# What it costs

`make bench` writes this, on {_machine()}. Medians, with the lowest and the highest, of runs in pairs;
ratios and differences are those of each pair. One below zero is within what the machine varies from run to run.

| figure | bar | measured | reached | on |
|---|---|---|---|---|
{table}
![Seconds that an update takes longer, by number of covered resources](overhead.svg)

The picture is that of the last `make bench ARGS=by_number`, which takes some six minutes; from 1,000 on it is one pair.
"""


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
