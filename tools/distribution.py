"""Build what is published into dist/: a wheel, a source archive, and the changelog's section as notes.

The argument, where there is one, is the tag that it is published under, such as v0.2.0: it has to be the version's.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD_LIMIT_S = 300


class DistributionError(Exception):
    """It cannot be published; the message is one sentence that says what to do."""


def main(arguments: list[str]) -> int:
    """Build into dist/; exit code 1, with one sentence, where tag, version and changelog do not agree."""
    try:
        version = version_of((ROOT / "pyproject.toml").read_text())
        check(version, *arguments)
        notes = notes_of(version, (ROOT / "CHANGELOG.md").read_text())
    except DistributionError as error:
        print(error, file=sys.stderr)
        return 1
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    build(target / "packages")
    (target / "notes.md").write_text(notes)
    for file in sorted(target.rglob("*.*")):
        print(file.relative_to(ROOT))
    return 0


def version_of(project: str) -> str:
    """The version in the text of pyproject.toml."""
    found = re.search(r'^version = "([^"]+)"$', project, re.M)
    if found is None:
        raise DistributionError('pyproject.toml has no version; add version = "..." below [project]')
    return found[1]


def check(version: str, tag: str | None = None) -> None:
    """Refuse a tag that is not the version's."""
    if tag not in (None, "", f"v{version}"):
        raise DistributionError(
            f"the tag is {tag}, but pyproject.toml has version {version}; tag v{version}, or change the version first"
        )


def notes_of(version: str, changelog: str) -> str:
    """The changelog's section of the version, without its heading."""
    found = re.search(rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    if found is None or not found[1].strip():
        raise DistributionError(
            f"CHANGELOG.md has no section for {version}; rename its section Unreleased to {version}, with the date"
        )
    return found[1].strip() + "\n"


def build(folder: pathlib.Path) -> None:
    """Build both archives into the folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=BUILD_LIMIT_S, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
