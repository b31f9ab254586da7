"""The programs of README and docs run on the real engine, with a stand-in for the clouds."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from bigpanda_provider.state import Api
from tests import documents
from tests.engine import LIMIT_S, Stack, recorded_by
from tests.servers import Sandbox

from .test_examples import project, repository
from .test_real_sdks import needs_sdks

pytestmark = [needs_sdks, pytest.mark.usefixtures("without_previews")]
PYTHON = [block for block in documents.blocks(*documents.ALL) if block.language == "python" and "import " in block.text]
UNIT_TESTS = [block for block in PYTHON if "set_mocks" in block.text]
PROGRAMS = [block for block in PYTHON if block not in UNIT_TESTS]
JOB = {
    **{"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop"},
    **{"GITHUB_RUN_ID": "9171", "GITHUB_RUN_NUMBER": "17", "GITHUB_WORKFLOW": "Deploy", "GITHUB_ACTOR": "ann"},
}
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
    assert {block.place.partition(":")[0] for block in PROGRAMS} == {
        *("README.md", "docs/_index.md", "docs/apis.md", "docs/lifecycle.md")
    }
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


@pytest.mark.parametrize("api", list(Api))
def test_what_is_sent_by_each_api_is_shown(tmp_path: pathlib.Path, bigpanda: Sandbox, api: Api) -> None:
    """The page's program, from 2.4.1 to 2.4.2 in a CI job: the bodies that are posted, except IDs and times."""
    blocks = list(documents.blocks(documents.APIS))
    (program,) = (block.text for block in blocks if block.language == "python")
    shown = [block.text for block in blocks if block.language == "json"]
    made = shop(tmp_path, bigpanda, program)
    repository(made.folder)
    for command in ("branch -M main", "remote add origin https://ann:s3cret@github.com/acme/shop.git"):
        subprocess.run(["git", *command.split()], cwd=made.folder, check=True, timeout=LIMIT_S)
    made.environment |= {**recorded_by(api), **JOB, "BIGPANDA_CONTEXT": "all"}
    assert made.up().ok
    made.pulumi("config", "set", "version", "2.4.2")
    assert made.up().ok
    start, end = (post["body"] for post in bigpanda.posts()[2:])
    if api is Api.CHANGES:
        assert without_ids(end) == without_ids(json.loads(shown[0]))
        left_out = {**json.loads(shown[0]), "status": "In Progress"}
        del left_out["end"], left_out["tags"]["result"]
        assert without_ids(start) == without_ids(left_out)
    else:
        assert without_ids(start) == without_ids(json.loads(shown[1]))
        assert end == json.loads(shown[2])


def without_ids(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what differs from run to run: times, IDs, and the order of a map."""
    text = re.sub(r"\b[0-9a-f]{32,40}\b|\b1[0-9]{9}\b", "0", json.dumps(body))
    found: dict[str, Any] = json.loads(text)
    return found | {"description": sorted(found.get("description", "").split("\n"))}


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
