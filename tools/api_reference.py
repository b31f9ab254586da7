"""`make docs`: writes docs/api.md, the reference of the public names, from their signatures and docstrings."""

from __future__ import annotations

import functools
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import griffe

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "api.md"
HEAD = """---
title: BigPanda Deployments, API reference
meta_desc: The public names of the Python package bigpanda_provider.
layout: package
---"""
NAMES = ("Deployment", "Completion", "DeploymentArgs", "record_program", "host_name")
"""What programs use, in this order. The errors follow in the order of their module, the base class first."""


def reference() -> str:
    """The page."""
    errors = [name for name in package()["errors"].members if name in package().exports]
    parts = [HEAD, *described(package())]
    for name in NAMES:
        parts += entry(package()[name].final_target, name, "##")
    parts.append("## Errors")
    for name in errors:
        parts += entry(package()[name].final_target, name, "###")
    return "\n\n".join(parts) + "\n"


@functools.cache
def package() -> Any:
    """The package, read and not imported."""
    # The docstring of a class with overloads describes the parameters of these, which Griffe does not expect.
    options = griffe.GoogleOptions(warn_unknown_params=False, warn_missing_types=False)
    return griffe.load(
        "bigpanda_provider",
        search_paths=[ROOT],
        resolve_aliases=True,
        docstring_parser="google",
        docstring_options=options,
    )


def entry(item: Any, name: str, level: str) -> Iterator[str]:
    """A class or function under its heading; of a class, the attributes and methods that have docstrings too."""
    yield f"{level} `{name}`"
    yield f"```python\n{signatures(item, name)}\n```"
    yield from described(item)
    if item.is_class:
        members = [member for member in item.members.values() if member.is_public and member.has_docstring]
        yield from listed(
            "Attributes", [(one.name, one.annotation, one.docstring.value) for one in members if one.is_attribute]
        )
        for member in members:
            if member.is_function:
                yield from entry(member, f"{name}.{member.name}", f"{level}#")


def signatures(item: Any, name: str) -> str:
    """How it is called: each overload, or else its one signature. For an error, the class that it derives from."""
    if item.module.name == "errors":
        return f"class {name}({', '.join(map(str, item.bases))})"
    calls = [form.signature(name="_", return_type=item.is_function) for form in forms(item)]
    stubs = "\n".join(f"def {typed(call)}: ..." for call in calls)
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "100", "-"]
    tidy = subprocess.run(ruff, input=stubs, capture_output=True, text=True, check=True).stdout
    tidied = re.findall(r"^def _(.*?): \.\.\.$", tidy, re.M | re.S)
    return "\n\n".join(name.rpartition(".")[2] + call for call in tidied)


def forms(item: Any) -> list[Any]:
    """The overloads of a function or of a class's constructor; if it has none, the function itself."""
    called = item["__init__"] if item.is_class else item
    return called.overloads or [called]


def described(item: Any) -> Iterator[str]:
    """The sections of its docstring."""
    for section in item.docstring.parsed:
        title = section.kind.value.capitalize()
        if title == "Text":
            yield section.value
        elif title == "Parameters":
            types = {one.name: one.annotation for form in forms(item) for one in form.parameters}
            yield from listed(title, [(one.name, types[one.name], one.description) for one in section.value])
        elif title == "Attributes":
            yield from listed(title, [(one.name, one.annotation, one.description) for one in section.value])
        else:
            yield from listed(title, [("", one.annotation, one.description) for one in section.value])


def listed(title: str, rows: list[tuple[str, Any, str]]) -> Iterator[str]:
    """A list of names with their types and descriptions; nothing where there are none."""
    lines = []
    for name, annotation, text in rows:
        kind = f"`{typed(annotation)}`" if annotation else ""
        label = f"`{name}` ({kind})" if name and kind else f"`{name}`" if name else kind
        words = " ".join(text.split())
        lines.append(f"- {label}: {words[0].upper()}{words[1:]}")
    if lines:
        yield "\n".join([f"**{title}**\n", *lines])


def typed(text: object) -> str:
    """A type or a signature, with the types that users can write in place of the package's own names for them."""
    arguments = package()["program.arguments"]
    return re.sub(r"\b(Hosts|Tags|Timestamp)\b", lambda name: str(arguments[name[0]].value), str(text))


if __name__ == "__main__":
    TARGET.write_text(reference())
