"""What programs may declare: `schema.json`, in the form of Pulumi's package schema."""

from __future__ import annotations

import difflib
import functools
import json
import pathlib
from collections.abc import Collection
from typing import Any


@functools.cache
def text() -> str:
    """The schema, as JSON."""
    return pathlib.Path(__file__).with_name("schema.json").read_text(encoding="utf-8")


@functools.cache
def inputs_of(kind: str) -> frozenset[str]:
    """The inputs of a resource type; none for an unknown type."""
    resources: dict[str, Any] = json.loads(text())["resources"]
    return frozenset(resources.get(kind, {}).get("inputProperties", ()))


def unknown(name: str, known: Collection[str]) -> str:
    """What is wrong with a property that the type does not have, and the nearest one that it has."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"is unknown; did you mean {near[0]}?" if near else f"is unknown; write one of: {', '.join(sorted(known))}"
