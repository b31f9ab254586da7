"""The half hour that the pictures of the Changes page show."""

from __future__ import annotations

import time

from bigpanda_provider.sandbox.store import Store
from tools import sample_changes

from .servers import sandbox


def test_the_sample_has_all_there_is_to_show() -> None:
    """Posted by both APIs, it has every state, a reason for what did not succeed, and its true times."""
    clock, now = sample_changes.Clock(), int(time.time())
    with sandbox(store=Store(":memory:", clock)) as running:
        sample_changes.post(running.address, clock, now)
        found = {f"{one['component']} {one['version']}": one for one in running.listed()}
        assert running.unmatched() == []
    assert {one["state"] for one in found.values()} == {"in_progress", "success", "failure", "canceled", "planned"}
    assert {one["api"] for one in found.values()} == {"deployments", "changes"}
    assert {name for name, one in found.items() if one["reason"]} == {"checkout 8.2.0", "edge-cache 2026.11.2"}
    for sample in sample_changes.SAMPLES:
        one = found[f"{sample.component} {sample.version}"]
        assert one["started"] == now - sample_changes.seconds(sample.before)
        lasted = None if one["ended"] is None else one["ended"] - one["started"]
        assert lasted == (sample.lasted and sample_changes.seconds(sample.lasted))
