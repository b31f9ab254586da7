"""release.yaml: which releases there are, read and checked; what is wrong is told with file, line and key."""

from __future__ import annotations

import difflib
import graphlib
import json
import pathlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import pydantic
import yaml
from pydantic import ConfigDict, Field

from ..bigpanda.events import Component, Hosts, Tags, Version, same_hosts
from ..errors import WrongUseError
from .runner import Release

SCHEMA_FILE = pathlib.Path(__file__).with_name("schema.json")
"""The schema for editors; `python -m bigpanda_provider.release.file` writes it."""

Path = tuple["str | int", ...]


class Entry(pydantic.BaseModel):
    """One release."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    stack: Annotated[str, Field(description="Stack name, as `pulumi stack ls` shows it.", min_length=1)]
    project: Annotated[
        str,
        Field(description="Project folder, relative to this file. [default: the folder of this file]", min_length=1),
    ] = "."
    component: Annotated[Component, Field(description="Component, as BigPanda shows it.")]
    version: Annotated[Version, Field(description="Version of the component; put it in quotes.")]
    hosts: Annotated[Hosts | None, Field(description="Hosts to report. [default: the affected hosts]")] = None
    after: Annotated[
        tuple[str, ...],
        Field(description="Releases that run before this release, by component, by stack, or as project/stack."),
    ] = ()
    config: Annotated[
        dict[str, Any],
        Field(description="Stack config for this release; keys without a namespace belong to the project."),
    ] = {}
    description: Annotated[str | None, Field(description="Description, shown in BigPanda.")] = None
    owner: Annotated[str | None, Field(description="Owner, shown in BigPanda.")] = None
    tags: Annotated[Tags, Field(description="Tags, shown in BigPanda: names with text.")] = None

    @property
    def place(self) -> str:
        """Its stack and project."""
        return f"{self.project.rstrip('/')}/{self.stack}"

    @property
    def names(self) -> tuple[str, str, str]:
        """What `after` may call it."""
        return (self.component, self.stack, self.place)


class File(pydantic.BaseModel):
    """The releases of a release.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, title="release.yaml")

    releases: Annotated[list[Entry], Field(description="Releases, in any order.", min_length=1)]


def load(file: pathlib.Path) -> list[Release]:
    """Read a release.yaml.

    Raises:
        WrongUseError: it cannot be read, or something in it is wrong: one line for each thing.
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
        raise WrongUseError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    except _TwiceError as error:
        raise WrongUseError(f"{file}:{error.line}: {_shown(error.path)} is set twice; remove one") from None
    if not isinstance(content, dict):
        raise WrongUseError(f"{file}:1: not a map; start with `releases:` and a list of releases")
    try:
        entries = File.model_validate(content).releases
    except pydantic.ValidationError as error:
        wrong = [(_where(detail["loc"], lines), detail) for detail in error.errors(include_url=False)]
        raise WrongUseError(
            "\n".join(
                f"{file}:{lines.get(place, 1)}: {_shown(detail['loc'])}{_sentence(detail)}"
                for place, detail in sorted(wrong, key=lambda found: lines.get(found[0], 1))
            )
        ) from None
    return _releases(file, entries, lines)


def _releases(file: pathlib.Path, entries: Sequence[Entry], lines: dict[Path, int]) -> list[Release]:
    """The releases that the entries make, once they fit together."""

    def refuse(number: int, key: str, what: str) -> WrongUseError:
        where = _where(("releases", number, key), lines)
        return WrongUseError(f"{file}:{lines.get(where, 1)}: releases[{number}].{key} {what}")

    components = Counter(entry.component for entry in entries)
    labels = [e.component if components[e.component] == 1 else f"{e.component} of {e.place}" for e in entries]
    for number, entry in enumerate(entries):
        for other in entries[:number]:
            if other.place == entry.place:
                raise refuse(
                    number, "stack", f'"{entry.stack}" of this project is already released above; remove one of the two'
                )
            if (other.component, other.version) == (entry.component, entry.version) and (
                entry.hosts and other.hosts and same_hosts(entry.hosts, other.hosts)
            ):
                raise refuse(
                    number,
                    "component",
                    f'"{entry.component}" has the same version and hosts as a release above, so BigPanda cannot tell '
                    "the two apart; change one of the three",
                )
    before: list[tuple[str, ...]] = []
    for number, entry in enumerate(entries):
        found = []
        for name in entry.after:
            named = [i for i, other in enumerate(entries) if name in other.names]
            if len(named) != 1:
                known = ", ".join(sorted({n for e in entries for n in (e.component, e.stack)}))
                raise refuse(
                    number,
                    "after",
                    f'names "{name}", which is not a release of this file; write one of {known}'
                    if not named
                    else f'names "{name}", which matches several releases; write one of '
                    + ", ".join(entries[i].place for i in named),
                )
            found.append(labels[named[0]])
        before.append(tuple(found))
    try:
        graphlib.TopologicalSorter(dict(zip(labels, before, strict=True))).prepare()
    except graphlib.CycleError as error:
        number = labels.index(error.args[1][0])
        raise refuse(number, "after", f"is a circular dependency: {' after '.join(error.args[1][::-1])}") from None
    return [
        Release(
            folder=file.parent / entry.project,
            stack=entry.stack,
            component=entry.component,
            version=entry.version,
            hosts=entry.hosts,
            description=entry.description,
            owner=entry.owner,
            tags=entry.tags,
            config=entry.config,
            after=after,
            label=label,
        )
        for entry, label, after in zip(entries, labels, before, strict=True)
    ]


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


def _where(path: Path, lines: dict[Path, int]) -> Path:
    """The path, or the part of it that is there."""
    while path and path not in lines:
        path = path[:-1]
    return path


def _shown(path: Path) -> str:
    """The path as one writes it: releases[0].version."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _sentence(detail: Any) -> str:
    """What is wrong, and what to write instead."""
    kind, name = detail["type"], str(detail["loc"][-1])
    if kind == "missing":
        return " is missing"
    if kind == "extra_forbidden":
        known = list((File if len(detail["loc"]) == 1 else Entry).model_fields)
        near = difflib.get_close_matches(name, known, n=1)
        return " is an unknown key; " + (f"did you mean {near[0]}?" if near else f"the keys are {', '.join(known)}")
    if kind in ("string_type", "string_too_short"):
        return " is not text; write a name, in quotes if it looks like a number"
    if kind in ("list_type", "tuple_type", "too_short"):
        return (
            " is not a list with items; write at least one item"
            if name == "releases"
            else " is not a list; write a list"
        )
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return " is not a map; write keys with values"
    return f" {detail['msg']}"


def schema() -> str:
    """The JSON schema of release.yaml, for editors."""
    return json.dumps(File.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema(), encoding="utf-8")
