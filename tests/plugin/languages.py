"""Puts a program in TypeScript or Go into a stack, with the packages that `make languages` has made ready."""

from __future__ import annotations

import json
import pathlib
import shutil

import pytest

from tests.engine import ROOT, Stack
from tools import languages

FOLDERS = {"typescript": languages.TYPESCRIPT, "go": languages.GO}
PROGRAMS = {"typescript": "index.ts", "go": "main.go"}
RUNTIMES = {"typescript": "nodejs", "go": "go"}


def example(stack: Stack, language: str) -> Stack:
    """Write the example; that in Go is built already."""
    _declare(stack, language, **({"binary": str(ready(language) / "program")} if language == "go" else {}))
    for file in (ROOT / "examples" / language).iterdir():
        if file.name != "Pulumi.yaml":
            shutil.copy(file, stack.folder)
    return stack


def program(stack: Stack, language: str, text: str) -> Stack:
    """Write a program; one in Go is built by the language host."""
    folder = ready(language)
    _declare(stack, language)
    (stack.folder / PROGRAMS[language]).write_text(text)
    if language == "go":
        for name in ("go.mod", "go.sum", "sdks"):
            (stack.folder / name).symlink_to(folder / name)
    return stack


def ready(language: str) -> pathlib.Path:
    """The folder with what the language's programs need."""
    if not FOLDERS[language].is_dir():
        pytest.skip(f"NOT TESTED: nothing for {language}; run `make languages` first")
    return FOLDERS[language]


def _declare(stack: Stack, language: str, **options: str) -> None:
    project = {"name": "test", "runtime": {"name": RUNTIMES[language], "options": options}}
    (stack.folder / "Pulumi.yaml").write_text(json.dumps(project))
    if language == "typescript":
        (stack.folder / "node_modules").symlink_to(ready(language) / "node_modules")
