"""What the engine prints of a preview or an update, taken apart: the plan, and the stack's outputs. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...bigpanda.masking import masked
from ...bigpanda.text import clean

_HEADING = re.compile(r"(Diagnostics|Outputs|Policies|Resources|Duration):")
"""What begins a part after the plan; what is below it is indented."""
_OPENING = re.compile(r"(Previewing|Updating|Destroying|Refreshing)\b.*:$|View (in Browser|Live): |@ |Please choose")
"""Lines that say nothing about the plan: its title, a link, and dots that tell that the engine is at work."""

_OF_DIFF = re.compile(r"\s*\[urn=|\s*\S{0,2}\s*urn:pulumi:.+: \([\w-]+\)$")
"""A resource with all properties; with `--urns` its URN stands in the place of its type."""

Parts = dict[str, list[str]]


def plan(text: str, rows: Iterable[str], secrets: Iterable[str], told: Iterable[str] = ()) -> list[str]:
    """The plan: what is done to each resource, and as the engine prints it outputs that change, and how many of each.

    Args:
        text: what `pulumi preview` printed, with or without `--diff`.
        rows: a line for each resource that changes. With `--diff` what the engine prints stands in their place. Without
            it the engine prints a line for each thing that happens, warnings too, instead of its table.
        secrets: texts that must not be seen.
        told: diagnostics that are shown anyway; with `--diff` the engine prints them among the resources.
    """
    hidden = frozenset(secrets)
    parts, known = _parts(text, hidden), {line.strip() for one in told for line in one.splitlines()}
    steps = [line for line in parts.get("", ()) if not _OPENING.match(line) and line.strip() not in known]
    if not _is_diff(steps):
        steps = [masked(row, hidden) for row in rows]
    return [*steps, *(line for name in ("Policies", "Outputs", "Resources") for line in parts.get(name, ()))]


def outputs(text: str, secrets: Iterable[str]) -> list[str]:
    """The stack's outputs as `pulumi up` prints them, with their heading; empty where the stack has none."""
    return _parts(text, secrets).get("Outputs", [])


def _parts(text: str, secrets: Iterable[str]) -> Parts:
    """The parts with their headings; a part with nothing below its heading is left out."""
    found: Parts = {"": []}
    name = ""
    for line in masked(clean(text), frozenset(secrets)).splitlines():
        heading = _HEADING.match(line)
        if heading is not None:
            name = heading[1]
        if line.strip():
            found.setdefault(name, []).append(line.rstrip())
    return {name: lines for name, lines in found.items() if not name or len(lines) > 1}


def _is_diff(lines: Iterable[str]) -> bool:
    """Whether the engine printed all properties."""
    return any(_OF_DIFF.match(line) for line in lines)
