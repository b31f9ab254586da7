"""A YAML file, and the line on which each key and item of it stands."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from ...dataclass import dataclass
from ...errors import WrongUseError

Path = tuple["str | int", ...]
"""Where something stands: the keys and the numbers of items that lead there."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with one key or item.

    Attributes:
        path: where it stands, or would stand.
        sentence: what is wrong, and what to write instead, after the path.
    """

    path: Path
    sentence: str


@dataclass(frozen=True)
class Document:
    """A file that was read.

    Attributes:
        file: the file.
        content: what it holds.
        lines: the line of each key and item, counted from 1.
    """

    file: pathlib.Path
    content: Mapping[str, Any]
    lines: Mapping[Path, int]

    @classmethod
    def read(cls, file: pathlib.Path) -> Document:
        """Read a file that holds a map.

        Raises:
            WrongUseError: it cannot be read, or is not such a file; the sentence names the line.
        """
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUseError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            lines = dict(_lines(node, ())) if node is not None else {}
            content = yaml.safe_load(text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
            hint = "; put a value with ${...} in quotes" if "${" in _line(text, line) else ""
            raise WrongUseError(f"{file}:{line}: not valid YAML: {error.problem}{hint}") from None
        except yaml.YAMLError as error:  # a character that no YAML may hold; its text would repeat it
            raise WrongUseError(f"{file} is not valid YAML: {getattr(error, 'reason', 'unreadable')}") from None
        except _TwiceError as error:
            raise WrongUseError(f"{file}:{error.line}: {shown(error.path)} is set twice; remove one") from None
        if not isinstance(content, dict):
            raise WrongUseError(f"{file}:1: not a map; start with `releases:` and a list of releases")
        return cls(file, content, lines)

    def refusal(self, problems: list[Problem]) -> WrongUseError:
        """The error that tells of all of them, a line each, in the order of the file."""
        found = sorted(((self.line_of(one.path), one) for one in problems), key=lambda pair: pair[0])
        return WrongUseError("\n".join(f"{self.file}:{line}: {shown(one.path)}{one.sentence}" for line, one in found))

    def line_of(self, path: Path) -> int:
        """The line of what a path leads to, or of the part of it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def shown(path: Path) -> str:
    """The path as one writes it: releases[0].version."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


class _TwiceError(Exception):
    """A key stands twice in one map, of which YAML would take the last."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(path)
        self.path, self.line = path, line


def _lines(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int]]:
    """On which line each key and item stands, counted from 1."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            inner = (*path, str(key.value))
            if inner in seen:
                raise _TwiceError(inner, key.start_mark.line + 1)
            seen.add(inner)
            yield from _lines(value, inner)
            yield inner, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _lines(item, (*path, number))


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number - 1] if number <= len(lines) else ""
