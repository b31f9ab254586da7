"""Reads README, docs and the examples' READMEs: their code blocks, as a Markdown parser sees them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

from .engine import ROOT

README = ROOT / "README.md"
LIFECYCLE = ROOT / "docs" / "lifecycle.md"
CONFIGURATION = ROOT / "docs" / "installation-configuration.md"
RUNNER = ROOT / "docs" / "release-runner.md"
API = ROOT / "docs" / "api.md"
APIS = ROOT / "docs" / "apis.md"
EXAMPLES = ROOT / "examples" / "README.md"
ALL = [
    *(README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", EXAMPLES),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
]


@dataclass(frozen=True)
class Block:
    """One code block: where it begins, the language that it names ("" for none), and its text."""

    place: str
    language: str
    text: str


def blocks(*documents: pathlib.Path) -> Iterator[Block]:
    """The code blocks of documents, indented ones too."""
    for document in documents:
        for token in MarkdownIt().parse(document.read_text()):
            if token.type in ("fence", "code_block") and token.map is not None:
                yield Block(f"{document.relative_to(ROOT)}:{token.map[0] + 1}", token.info.strip(), token.content)
