"""A short campaign of random updates; `make chaos` runs longer ones."""

from __future__ import annotations

import pathlib

from .chaos import campaign

SEED, UPDATES, LIMIT_S = 20, 10, 120


def test_a_short_campaign(tmp_path: pathlib.Path) -> None:
    """After changes, failures, kills, outages and machine changes BigPanda has what happened, and nothing else."""
    made, found = campaign(tmp_path / "stack", SEED, UPDATES, LIMIT_S)
    assert found == [], "\n".join([f"seed {SEED}", *made.steps])
