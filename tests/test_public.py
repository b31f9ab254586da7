"""The public surface: what is exported, how it is typed, and how the errors hang together."""

from __future__ import annotations

import inspect
import json
import pathlib

import pytest

import bigpanda_provider
from bigpanda_provider import errors

PACKAGE = pathlib.Path(bigpanda_provider.__file__).parent


def test_all_is_what_is_visible() -> None:
    """Every public name is listed, and nothing else; what is loaded when it is used counts once it is loaded."""
    assert {*bigpanda_provider.__all__} <= {*dir(bigpanda_provider)}
    for name in bigpanda_provider.__all__:
        getattr(bigpanda_provider, name)
    visible = {
        name
        for name, value in vars(bigpanda_provider).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert set(bigpanda_provider.__all__) == visible


def test_a_name_that_is_not_there_is_an_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'bigpanda_provider' has no attribute 'Deploymnet'"):
        getattr(bigpanda_provider, "Deploymnet")  # noqa: B009 - mypy knows it


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
