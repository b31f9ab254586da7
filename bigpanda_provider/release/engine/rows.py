"""The plan as Pulumi's table has it: a line for each resource that changes, with the properties that do. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pulumi.automation.events import StepEventMetadata

from ...bigpanda import text
from .plan import OPS, Op, name_of

PROPERTIES = 10
"""How many changed properties are named."""


def rows(steps: Iterable[StepEventMetadata]) -> list[str]:
    """The lines.

    Args:
        steps: what the engine announces and what it finds, in its order; what is said last of a resource counts, and
            several changes of one are its replacement.
    """
    found: dict[str, list[StepEventMetadata]] = {}
    for step in steps:
        if not _is_default_provider(step):  # which Pulumi does not show either
            found.setdefault(step.urn, []).append(step)
    return [row for told in found.values() if (row := _row(told)) is not None]


def short_type(token: str) -> str:
    """A type as Pulumi shows it: `docker:index/container:Container` is `docker:index:Container`."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    folder, slash, last = module.rpartition("/")
    is_said_twice = slash and last == name[:1].lower() + name[1:]
    return f"{package}:{folder}:{name}" if is_said_twice else token


def _row(told: list[StepEventMetadata]) -> str | None:
    ops = [OPS.get(step.op) for step in told]
    last = told[-1]
    op = Op.REPLACE if Op.REPLACE in ops else ops[-1]
    if op is None:
        return None
    both = [step for step in told if step.old is not None and step.new is not None]  # a replacement has halves, too
    changed = _changed(both[-1]) if both and op in (Op.UPDATE, Op.REPLACE) else ""
    return f"{op.sign:>2}  {short_type(last.type)} {name_of(last.urn)} {op.value}{changed}"


def _is_default_provider(step: StepEventMetadata) -> bool:
    return step.type.startswith("pulumi:providers:") and name_of(step.urn).startswith("default")


def _changed(step: StepEventMetadata) -> str:
    """The properties that change, each with its sign: `[diff: +size~image]`."""
    old, new = _inputs(step.old), _inputs(step.new)
    told = {path.partition(".")[0].partition("[")[0] for path in step.detailed_diff or ()} | set(step.diffs or ())
    names = sorted(told | {name for name in {*old, *new} if old.get(name) != new.get(name)})
    names = [name for name in names if not name.startswith("__")]
    signs = [("~" if name in old and name in new else "+" if name in new else "-") + text.name(name) for name in names]
    more = f" and {len(signs) - PROPERTIES} more" if len(signs) > PROPERTIES else ""
    return f" [diff: {''.join(signs[:PROPERTIES])}{more}]" if signs else ""


def _inputs(state: Any) -> Mapping[str, Any]:
    return (state and state.inputs) or {}
