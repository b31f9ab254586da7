"""`make docs`: writes docs/api.md, the reference of the public names, from their docstrings."""

from __future__ import annotations

import pathlib
import re

from griffe2md import ConfigDict, render_package_docs

import bigpanda_provider

TARGET = pathlib.Path(__file__).resolve().parent.parent / "docs" / "api.md"
HEAD = """---
title: BigPanda Deployments, API reference
meta_desc: The public names of the Python package bigpanda_provider.
layout: package
---

"""
CONFIG = ConfigDict(
    members=list(bigpanda_provider.__all__),
    inherited_members=False,
    show_submodules=False,
    show_bases=False,
    summary=False,
    show_signature_annotations=True,
    show_docstring_modules=False,
    show_if_no_docstring=False,
    show_root_members_full_path=False,
    show_object_full_path=False,
    line_length=100,
)


def reference() -> str:
    """The page. Links to what is not on it (Pulumi's types, Python's) are taken out."""
    page = render_package_docs("bigpanda_provider", CONFIG)
    return HEAD + re.sub(r"\[([^\[\]]+)\]\(#[^)]*\)", r"\1", page).strip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference())
