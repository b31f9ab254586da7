"""Where a resource belongs, as its URN says. No I/O and no Pulumi."""

from __future__ import annotations

from typing import Any

from .. import state

ORGANIZATION = "organization"
"""Stands for the organization, which the engine does not tell a plugin; a backend without any has the same."""


def kind_of(urn: str) -> str:
    """The resource's own type: a URN has those of its parents before it."""
    return urn.split("::")[2].rpartition("$")[2]


def place_of(urn: str) -> dict[str, Any]:
    """The properties that say which Deployment of which stack this is."""
    head, project, kinds, name = urn.split("::", 3)
    parents = kinds.rpartition("$")[0]
    stack = f"{ORGANIZATION}/{project}/{head.rpartition(':')[2]}"
    return {**state.STACK.to(stack), **state.NAME.to(f"{parents}::{name}" if parents else name)}
