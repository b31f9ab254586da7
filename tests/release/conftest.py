"""The release runner in the folder of a stack that reports to the sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine import Stack
from tests.servers import Recorder

from .command import Release


@pytest.fixture
def release(stack: Callable[[str], Stack]) -> Callable[[str], Release]:
    """Make the test's stack from a program, with the runner in its folder."""
    return lambda program: Release(stack(program))


@pytest.fixture
def recorder_shop(recorder: Recorder, make_stack: Callable[[str, str], Stack]) -> Release:
    """The runner, with a BigPanda that refuses every event."""
    recorder.status, recorder.body = 400, b"no such field"
    return Release(make_stack(recorder.address, "pass"))
