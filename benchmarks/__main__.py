"""`make bench`: measures all within a time, and writes RESULTS.md."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import platform
import sys
import time
from collections.abc import Callable, Iterator

from . import deployments, local, picture, updates
from .measure import Figure

RESULTS = pathlib.Path(__file__).with_name("RESULTS.md")
LIMIT_S = 480
"""Nothing is begun after that, so that all is over in ten minutes."""
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
    """Measure; with names as arguments (`by_size backlog`) only these, and nothing is written."""
    asked = sys.argv[1:]
    began, found, left_out = time.monotonic(), [], []
    for each in [one for one in [*EACH, *ASKED_FOR] if one.__name__ in asked] if asked else EACH:
        if time.monotonic() - began > LIMIT_S:
            left_out.append(each.__name__)
            continue
        for figure in each():
            print(f"{figure.what}: {figure.measured} (bar: {figure.bar}; {MARKS[figure.reached]})", flush=True)
            found.append(figure)
    if not asked:
        RESULTS.write_text(_page(found, left_out, time.monotonic() - began))
    return 0


def _page(found: list[Figure], left_out: list[str], took_s: float) -> str:
    rows = "".join(f"| {f.what} | {f.bar} | {f.measured} | {MARKS[f.reached]} |\n" for f in found)
    missing = f"\nNot measured, since the time was up: {', '.join(left_out)}.\n" if left_out else ""
    where = f"{dt.date.today()}, in {took_s:.0f} s, on {_machine()}"
    return f"""# What it costs

`make bench` wrote this on {where}. Medians, with the lowest and the highest, of runs in pairs;
ratios and differences are those of each pair.

| figure | bar | measured | reached |
|---|---|---|---|
{rows}{missing}
![Seconds that an update takes longer, by number of covered resources](overhead.svg)

The picture is that of the last `make bench ARGS=by_number`, which takes some six minutes; from 1,000 on it is one pair.
"""


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
