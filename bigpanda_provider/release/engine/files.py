"""The files that options for the engine name. The engine opens some of them only when it updates, after the start."""

from __future__ import annotations

import csv
import os
import pathlib
from collections.abc import Iterator

from ...errors import WrongUseError
from .options import EngineOptions, Option

_ONE = frozenset({"plan"})
_SEVERAL = frozenset({"policy-pack", "policy-pack-config"})
"""The options that name several, with commas between them."""
_FOLDERS = frozenset({"policy-pack"})


def check(options: EngineOptions, folder: pathlib.Path) -> None:
    """Refuse a file that cannot be read.

    Args:
        options: the options.
        folder: the project's folder, where the engine runs.

    Raises:
        WrongUseError: there is one.
    """
    for option in options.options:
        for name in _names(option):
            wrong = _wrong(folder / name, is_folder=option.name in _FOLDERS)
            if wrong is not None:
                hint = f"; the path is relative to {folder}" if not pathlib.Path(name).is_absolute() else ""
                hint = hint or "; name one that can be read"
                raise WrongUseError(f"--{option.name} {name}: {wrong}{hint}")


def _names(option: Option) -> Iterator[str]:
    if option.name in _ONE and option.value:
        yield option.value
    elif option.name in _SEVERAL and option.value:
        yield from (name for name in next(csv.reader([option.value])) if name)


def _wrong(path: pathlib.Path, *, is_folder: bool) -> str | None:
    if not path.exists():
        return "no such folder" if is_folder else "no such file"
    if not is_folder and not path.is_file():
        return "not a file"
    return None if os.access(path, os.R_OK) else "not readable"
