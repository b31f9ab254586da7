"""What surrounds the code: the workflows run what is here, and what is released has its version and its notes."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

from tools import distribution
from tools.distribution import DistributionError

from .engine import ROOT

GITHUB = ROOT / ".github"
CHANGELOG = """# Changes

## Unreleased

- More.

## 0.2.0 - 2026-11-27

### Added

- A thing.

## 0.1.0

First.
"""


@pytest.mark.parametrize("workflow", sorted(GITHUB.glob("workflows/*.yml")), ids=lambda path: path.stem)
def test_each_workflow_runs_what_is_here(workflow: pathlib.Path) -> None:
    """Its make targets exist, its jobs end, and it is allowed no more than it says."""
    text = workflow.read_text()
    described = yaml.safe_load(text)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    ran = [step["run"] for job in described["jobs"].values() for step in job["steps"] if "run" in step]
    for command in ran:
        made = re.match(r"make ((?:[a-z]+ ?)+)", command)
        assert made is None or set(made[1].split()) <= targets
    assert all("timeout-minutes" in job for job in described["jobs"].values())
    assert described["permissions"] == {"contents": "read"}


def test_ci_runs_what_a_developer_runs() -> None:
    """There is one script, and the workflow adds nothing to it."""
    jobs = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text())["jobs"]
    assert {"run": "bash .ci/run"} in jobs["ci"]["steps"]


@pytest.mark.parametrize("form", sorted(GITHUB.glob("ISSUE_TEMPLATE/[!c]*.yml")), ids=lambda path: path.stem)
def test_each_issue_form_is_one(form: pathlib.Path) -> None:
    """It has what GitHub demands: a name, a description, and fields with labels and names of their own."""
    described = yaml.safe_load(form.read_text())
    assert {"name", "description", "body"} <= described.keys()
    names = [field["id"] for field in described["body"]]
    assert len(set(names)) == len(names)
    assert all(field["attributes"]["label"] for field in described["body"])


def test_the_notes_of_a_release_are_its_section_of_the_changelog() -> None:
    """Without its heading, and without what belongs to other versions."""
    assert distribution.notes_of("0.2.0", CHANGELOG) == "### Added\n\n- A thing.\n"


def test_a_release_without_notes_is_refused() -> None:
    """What is still named Unreleased is not released."""
    told = r"CHANGELOG.md has no section for 0.3.0; rename its section Unreleased to 0.3.0, with the date"
    with pytest.raises(DistributionError, match=told):
        distribution.notes_of("0.3.0", CHANGELOG)


def test_a_tag_of_another_version_is_refused() -> None:
    """The tag, the version and the archive's name are the same."""
    distribution.check("0.2.0", "v0.2.0")
    distribution.check("0.2.0")
    told = "the tag is v0.2.1, but pyproject.toml has version 0.2.0; tag v0.2.0, or change the version first"
    with pytest.raises(DistributionError, match=told):
        distribution.check("0.2.0", "v0.2.1")


def test_the_version_is_read_from_the_project() -> None:
    """A project without one is refused."""
    assert distribution.version_of((ROOT / "pyproject.toml").read_text()).count(".") == 2
    with pytest.raises(DistributionError, match=r'pyproject.toml has no version; add version = "..." below'):
        distribution.version_of("[project]\n")
