"""The keys of a release.yaml, and what is wrong with a value."""

from __future__ import annotations

import difflib
import json
import pathlib
from typing import Annotated, Any

import pydantic
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from ...bigpanda.events import WrongValueError, checked
from .document import Document, Problem

SCHEMA_FILE = pathlib.Path(__file__).with_name("schema.json")
"""The schema for editors; `python -m bigpanda_provider.release.file.entries` writes it."""


def _target(text: str) -> str:
    if not text.startswith("urn:pulumi:") and "*" not in text:
        raise PydanticCustomError("target", "is not a URN; copy it from `pulumi stack --show-urns`, or use *")
    return text


def _as_in_start(name: str) -> BeforeValidator:
    """Checks a property as the start event does."""

    def check(value: object) -> Any:
        try:
            return checked(name, value)
        except WrongValueError as error:
            raise PydanticCustomError("event", "{reason}", {"reason": str(error)}) from None

    return BeforeValidator(check)


_Hosts = Annotated[tuple[str, ...], _as_in_start("hosts")]


class Entry(pydantic.BaseModel):
    """One release."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    stack: Annotated[str, Field(description="Stack name, as `pulumi stack ls` shows it.", min_length=1)]
    project: Annotated[
        str,
        Field(description="Project folder, relative to this file. [default: the folder of this file]", min_length=1),
    ] = "."
    component: Annotated[str, _as_in_start("component"), Field(description="Component, as BigPanda shows it.")]
    version: Annotated[str, _as_in_start("version"), Field(description="Version of the component; put it in quotes.")]
    hosts: Annotated[_Hosts | None, Field(description="Hosts to report. [default: the affected hosts]")] = None
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
    tags: Annotated[
        dict[str, str] | None, _as_in_start("tags"), Field(description="Tags, shown in BigPanda: names with text.")
    ] = None
    targets: Annotated[
        tuple[Annotated[str, AfterValidator(_target)], ...],
        Field(description="URNs of the resources to update, as --target takes them. [default: all resources]"),
    ] = ()
    refresh: Annotated[bool, Field(description="Refresh state from the cloud provider before the update.")] = False

    @property
    def place(self) -> str:
        """Its stack and project."""
        return f"{self.project.rstrip('/')}/{self.stack}"

    @property
    def names(self) -> tuple[str, str, str]:
        """What `after` may call it."""
        return (self.component, self.stack, self.place)

    @property
    def engine(self) -> tuple[str, ...]:
        """Its options for the engine."""
        targets = (option for urn in self.targets for option in ("--target", urn))
        return (*targets, *(["--refresh"] if self.refresh else []))


class File(pydantic.BaseModel):
    """The releases of a release.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, title="release.yaml")

    releases: Annotated[list[Entry], Field(description="Releases, in any order.", min_length=1)]


def entries(document: Document, content: Any, known: list[Problem]) -> list[Entry]:
    """The entries that the content makes.

    Args:
        document: the file.
        content: what it holds, its variables replaced.
        known: what is wrong with its variables; it is told beside, and not twice.

    Raises:
        WrongUseError: a value is wrong: one line for each.
    """
    try:
        return File.model_validate(content).releases
    except pydantic.ValidationError as error:
        wrong = [Problem(detail["loc"], _sentence(detail)) for detail in error.errors(include_url=False)]
        paths = {one.path for one in known}
        raise document.refusal([*known, *(one for one in wrong if one.path not in paths)]) from None


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
    if kind in ("bool_type", "bool_parsing"):
        return " is neither true nor false; write one of them"
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
