"""The public surface: what is exported, how it is typed, and how the errors hang together."""

from __future__ import annotations

import inspect
import json
import pathlib
import subprocess
import sys

import bigpanda_provider
from bigpanda_provider import errors

PACKAGE = pathlib.Path(bigpanda_provider.__file__).parent


def test_all_is_what_is_visible() -> None:
    """Every public name is listed, and nothing else."""
    visible = {
        name
        for name, value in vars(bigpanda_provider).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert set(bigpanda_provider.__all__) == visible


def test_every_error_is_exported_and_drawn() -> None:
    """The tree in the docstring has every error, and every error is public and has the one base."""
    defined = [
        value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == errors.__name__
    ]
    kinds = [kind for kind in defined if issubclass(kind, Exception)]
    assert {kind.__name__ for kind in kinds} <= {*bigpanda_provider.__all__}
    for kind in kinds:
        assert issubclass(kind, errors.BigPandaError)
        assert kind.__name__ in (errors.__doc__ or "")


def test_the_program_loads_neither_requests_nor_sqlite() -> None:
    """What only the provider process needs does not slow the program down."""
    code = (
        "import sys, pulumi; before = set(sys.modules); import bigpanda_provider; "
        "print(sorted({'requests', 'sqlite3', 'pydantic', 'urllib3', 'fastapi'} & (set(sys.modules) - before)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert printed.strip() == "[]"


def test_the_package_is_typed_and_is_no_plugin() -> None:
    """Type checkers read it, and Pulumi does not look for a plugin of its name."""
    assert (PACKAGE / "py.typed").exists()
    assert json.loads((PACKAGE / "pulumi-plugin.json").read_text()) == {"resource": False}


def test_the_sandbox_imports_nothing_of_the_package() -> None:
    """So one mistake cannot hide in both."""
    for file in (PACKAGE / "sandbox").glob("*.py"):
        for line in file.read_text().splitlines():
            assert not line.strip().startswith(("from ..", "from bigpanda_provider", "import bigpanda_provider")), file
