"""The programs of README and docs run on the real engine, with a stand-in for the clouds."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import textwrap

import pytest

from tests import documents
from tests.engine import LIMIT_S, Stack
from tests.servers import Sandbox

from .test_examples import needs_sdks, project, repository

pytestmark = needs_sdks
PYTHON = [block for block in documents.blocks(*documents.ALL) if block.language == "python" and "import " in block.text]
UNIT_TESTS = [block for block in PYTHON if "set_mocks" in block.text]
PROGRAMS = [block for block in PYTHON if block not in UNIT_TESTS]
PROGRAM_UNDER_MOCKS = """
import pulumi_docker as docker
import bigpanda_provider as bigpanda

with bigpanda.Deployment("shop", component="shop", version="2.4.1") as shop:
    web = docker.Container("web", name="web-1", image="shop:2.4.1")
"""


def shop(folder: pathlib.Path, bigpanda: Sandbox, program: str) -> Stack:
    """The stack `prod` of a project `shop` with this program."""

    def write(to: pathlib.Path) -> None:
        (to / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        (to / "__main__.py").write_text(program)

    made = project(folder, bigpanda, write, "prod")
    made.pulumi("config", "set", "version", "2.4.1")
    return made


def test_no_block_is_left_out() -> None:
    """Those without an import are the signatures of the API reference."""
    left = [block for block in documents.blocks(*documents.ALL) if block.language == "python" and block not in PYTHON]
    assert {block.place.partition(":")[0] for block in left} == {"docs/api.md"}
    assert {block.place.partition(":")[0] for block in PROGRAMS} == {"README.md", "docs/_index.md", "docs/lifecycle.md"}
    assert len(UNIT_TESTS) == 1


@pytest.mark.parametrize("block", PROGRAMS, ids=lambda block: block.place)
def test_a_program_runs_and_is_recorded(tmp_path: pathlib.Path, bigpanda: Sandbox, block: documents.Block) -> None:
    """What it deploys is a success, and the second update has nothing to do."""
    made = shop(tmp_path, bigpanda, block.text)
    repository(made.folder)
    assert made.preview().ok
    run = made.up()
    assert run.ok, run.output
    recorded = "Deployment(" in block.text or "record_program(" in block.text
    assert {change["state"] for change in bigpanda.changes()} == ({"success"} if recorded else set())
    assert made.up("--expect-no-changes").ok


def test_the_readme_shows_what_is_printed_and_sent(tmp_path: pathlib.Path, bigpanda: Sandbox) -> None:
    """Its first program, from 2.4.1 to 2.4.2: the preview, the two events, and what the update says of them."""
    blocks = list(documents.blocks(documents.README))
    (program,) = (block.text for block in blocks if block.language == "python")
    (preview,) = (block.text for block in blocks if "bigpanda:Deployment: (" in block.text)
    (summary,) = (block.text for block in blocks if "bigpanda:Deployment (" in block.text)
    (events,) = (block.text for block in blocks if block.language == "json")
    made = shop(tmp_path, bigpanda, program)
    assert made.up().ok
    made.pulumi("config", "set", "version", "2.4.2")
    printed = re.sub(r"\[id=.*", "[id]", made.preview("--diff").output)
    assert re.sub(r"\[id=.*", "[id]", preview) in printed
    assert summary in made.up().output
    shown = [json.loads(line) for line in events.splitlines()]
    sent = [event["body"] for event in bigpanda.events()[2:]]
    assert [{**event, "timestamp": 0} for event in sent] == [{**event, "timestamp": 0} for event in shown]


@pytest.mark.parametrize("block", UNIT_TESTS, ids=lambda block: block.place)
def test_a_unit_test_under_mocks_passes(tmp_path: pathlib.Path, bigpanda: Sandbox, block: documents.Block) -> None:
    """Nothing is sent."""
    (tmp_path / "program.py").write_text(PROGRAM_UNDER_MOCKS)
    (tmp_path / "test_program.py").write_text(textwrap.dedent(block.text))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
    assert bigpanda.events() == []
