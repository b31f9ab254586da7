"""What README and docs name exists, and what exists is named. `tests/sdks` runs their programs."""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import re
import shlex
from typing import Any

import pytest
import typer
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

import bigpanda_provider
from bigpanda_provider.release import cli
from bigpanda_provider.release.exits import Exit
from bigpanda_provider.release.file.releases import load
from bigpanda_provider.settings import KEYS, environment_name
from tools import command_reference
from tools.api_reference import reference

from . import documents
from .engine import ROOT

TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in documents.ALL}
COMMANDS = {name.split()[1] for name in command_reference.names()[1:]}
SETTING = r"bigpanda:(?!index:)([a-z]\w*)|(BIGPANDA_[A-Z_]+)"
EXPLAINED = {"BIGPANDA_OUTBOX", "BIGPANDA_HISTORY_DAYS"}
"""Settings of the machine alone: they have no key in config."""


def rows(document: pathlib.Path, first: str) -> dict[str, str]:
    """The table whose head begins so: its first column, with the last one."""
    found: dict[str, str] = {}
    inside = False
    for line in document.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            inside = False
        elif cells[0] == first:
            inside = True
        elif inside and not set(cells[0]) <= {"-"}:
            found[cells[0]] = cells[-1]
    return found


def test_the_api_reference_is_what_the_docstrings_say() -> None:
    """`make docs` writes it."""
    assert documents.API.read_text() == reference()


def test_the_command_reference_is_what_the_help_says() -> None:
    """`make docs` writes it."""
    assert (ROOT / "docs" / "commands.md").read_text() == command_reference.reference()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_help_fits_the_terminal(width: int) -> None:
    """Every line, but an example, which is to be copied as it stands."""
    shown = [
        line
        for name in command_reference.names()
        for line in command_reference.help_of(name.split()[1:], width).splitlines()
    ]
    assert [line for line in shown if len(line) > width and not line.strip().startswith("bigpanda-release ")] == []


EXAMPLES = [
    line.strip()
    for name in command_reference.names()
    for line in command_reference.help_of(name.split()[1:], 200).splitlines()
    if line.startswith("  bigpanda-release ")
]


def is_command(line: str) -> bool:
    """Whether its command and options exist, and nothing that is required is missing."""
    command: Any = typer.main.get_command(cli.app)
    words = shlex.split(line, comments=True)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return bool(command.make_context(line, words).params)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_in_the_help_is_a_command(example: str) -> None:
    """It can be typed as it stands."""
    assert is_command(example)


def test_the_api_reference_has_every_public_name_and_overload_and_begins_with_deployment() -> None:
    """The errors are last, and their base class comes first among them."""
    page = documents.API.read_text()
    names = re.findall(r"^##+ `(\w+)`$", page, re.M)
    assert sorted(names) == sorted(bigpanda_provider.__all__)
    errors = [name for name in names if name.endswith("Error")]
    assert names[0] == "Deployment"
    assert names[-len(errors) :] == errors
    assert errors[0] == "BigPandaError"
    forms = page.partition("```python\n")[2].partition("```")[0]
    assert re.findall(r"^Deployment\(\s*resource_name: str,\s*(\w+)", forms, re.M) == ["opts", "args"]


@pytest.mark.parametrize("document", documents.ALL, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_pictures_lead_somewhere(document: pathlib.Path) -> None:
    """Files are there, and headings too."""

    def walk(tokens: list[Token]) -> list[str]:
        found = []
        for token in tokens:
            found += [str(value) for key, value in token.attrs.items() if key in ("href", "src")]
            found += walk(token.children or [])
        return found

    for target in walk(MarkdownIt().parse(document.read_text())):
        if target.startswith("https://"):
            continue
        name, _, heading = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
            assert heading in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, target


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    """In config and environment."""
    table = documents.CONFIGURATION.read_text()
    for key in KEYS:
        assert f"`bigpanda:{key}`" in table
        assert f"`{environment_name(key)}`" in table
    named = {name for text in TEXTS.values() for name in re.findall(SETTING, text)}
    keys, variables = {key for key, _ in named if key}, {variable for _, variable in named if variable}
    assert keys == set(KEYS)
    assert variables == {environment_name(key) for key in KEYS} | EXPLAINED


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    """In the table, and wherever one is named."""
    table = rows(documents.RUNNER, "command")
    assert {name for cell in table for name in re.findall(r"`(\w+)`", cell)} == COMMANDS
    named = {name for text in TEXTS.values() for name in re.findall(r"(?:^    |`)bigpanda-release (\w+)", text, re.M)}
    assert {"up", "doctor"} <= named <= COMMANDS


def test_the_exit_codes_are_the_documented_ones() -> None:
    """In the table, and in `--help`."""
    codes = {int(code) for code in rows(documents.RUNNER, "exit code")}
    assert codes == {code.value for code in Exit}
    assert all(f"{code} " in str(cli.app.info.epilog) for code in codes)


def test_every_make_target_that_is_named_exists() -> None:
    """In README and docs alike."""
    named = {target for text in TEXTS.values() for target in re.findall(r"(?:^    |`)make (\w+)", text, re.M)}
    assert named <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert {"demo", "test", "check"} <= named


def test_every_example_is_in_the_table() -> None:
    """Each folder has its line, and a README of its own; the README leads to the table."""
    named = " ".join(rows(documents.EXAMPLES, "folder"))
    folders = {
        folder.name for folder in (ROOT / "examples").iterdir() if folder.is_dir() and (folder.name[0] not in "_.")
    }
    assert all(f"({name}/README.md)" in named for name in folders)
    assert "(examples/README.md)" in TEXTS["README.md"]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "examples").glob("*/requirements.txt")), ids=lambda path: path.parent.name
)
def test_an_example_installs_the_package_of_its_checkout(file: pathlib.Path) -> None:
    """Not one of that name from an index."""
    wanted = [line.partition(" #")[0].strip() for line in file.read_text().splitlines()]
    assert (file.parent / wanted[0]).resolve() == ROOT
    assert not any(line.startswith("bigpanda") for line in wanted)


def test_every_page_of_the_docs_has_a_title_and_is_in_the_index() -> None:
    """The title, the description and the layout that Pulumi's registry asks for; a link in README and index."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        head = yaml.safe_load(page.read_text().split("---")[1])
        assert set(head) == {"title", "meta_desc", "layout"}
        if page.name != "_index.md":
            assert f"(docs/{page.name})" in TEXTS["README.md"]
            assert f"({page.name})" in TEXTS["docs/_index.md"]


@pytest.mark.parametrize(
    "block", [b for b in documents.blocks(*documents.ALL) if b.language in ("yaml", "json")], ids=lambda b: b.place
)
def test_yaml_and_json_are_what_they_say(block: documents.Block, tmp_path: pathlib.Path) -> None:
    """A release.yaml is taken by the runner, CI jobs have commands that exist, JSON is one value or one a line."""
    if block.language == "json":
        values = [block.text] if block.text.startswith("{\n") else block.text.splitlines()
        assert all(json.loads(value) for value in values)
        return
    read = yaml.safe_load(block.text)
    if "releases" in read:
        for release in read["releases"]:
            (tmp_path / release["project"]).mkdir(exist_ok=True)
            (tmp_path / release["project"] / "Pulumi.yaml").write_text(f"name: {release['project']}\nruntime: yaml\n")
        (tmp_path / "release.yaml").write_text(block.text)
        assert len(load(tmp_path / "release.yaml").releases) == len(read["releases"])
    elif "runtime" not in read:
        jobs = read.get("jobs", read).values()
        run = [line for job in jobs for line in job.get("script") or [step.get("run", "") for step in job["steps"]]]
        commands = [line for line in run if line.startswith("bigpanda-release ")]
        assert len(commands) >= len(jobs)
        assert all(map(is_command, commands))
    else:
        # `tests/plugin/test_documentation.py` runs the programs in YAML.
        assert read["runtime"] == "yaml" or read["runtime"]["name"] == "python"


def test_the_changelog_and_the_package_agree_on_the_version() -> None:
    """The newest release that it tells of is the version that is installed."""
    releases = [name for name in re.findall(r"^## (\S+)", TEXTS["CHANGELOG.md"], re.M) if name != "Unreleased"]
    assert releases[0] == importlib.metadata.version("bigpanda-provider")
