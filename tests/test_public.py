"""The public surface: what is exported, how it is typed, and how the errors hang together."""

from __future__ import annotations

import inspect
import json
import pathlib

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


def test_the_package_is_typed_and_is_no_plugin() -> None:
    """Type checkers read it, and Pulumi does not look for a plugin of its name."""
    assert (PACKAGE / "py.typed").exists()
    assert json.loads((PACKAGE / "pulumi-plugin.json").read_text()) == {"resource": False}
