"""A plugin knows of a last attempt what state and outbox tell: what holds where that is the state alone.

An update on another machine, or in a fresh CI job, has the state and an empty outbox.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import faults
from tests.engine import Stack
from tests.faults import FaultyBigPanda
from tests.servers import Sandbox

from .program import Resources, shop

pytestmark = pytest.mark.usefixtures("without_previews")

MakeYaml = Callable[[Resources], Stack]


def test_what_succeeded_sends_nothing(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """Nothing is known against it."""
    made = yaml(shop())
    assert made.up(skip_preview=True).ok
    assert made.elsewhere().up("--expect-no-changes").ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_what_failed_elsewhere_is_not_reported_again(yaml: MakeYaml, bigpanda: Sandbox) -> None:
    """It counts as a success, since nobody here knows better; its Completion ends it once more. Documented."""
    made = yaml(shop())
    made.environment["ECHO_FAIL"] = "::web$"
    assert not made.up(skip_preview=True).ok
    del made.environment["ECHO_FAIL"]
    run = made.elsewhere().up()
    assert run.ok, run.output
    assert "Deployment shop" not in run.operations()
    assert bigpanda.story() == ["start 1", "failure 1", "success 1"]


@pytest.mark.parametrize("fails", [False, True])
def test_what_waits_is_sent_with_its_own_end(
    yaml_at: Callable[[str, Resources], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox, fails: bool
) -> None:
    """Without a new attempt; the end is that of the Completion, whether it was reached here or there."""
    made = yaml_at(faulty.address, shop())
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = str(faults.EVENT_LIMIT_S)
    if fails:
        made.environment["ECHO_FAIL"] = "::web$"
    faulty.fault = faults.answer(503)
    assert made.up(skip_preview=True).ok != fails
    faulty.fault = None
    made.environment.pop("ECHO_FAIL", None)
    if not fails:
        assert '"2 events are waiting to be sent"' in made.preview("--diff").output
    run = made.elsewhere().up()
    assert run.ok, run.output
    assert bigpanda.has() == ["shop 1 on web-1, web-2: success"]
    assert made.up("--expect-no-changes").ok
