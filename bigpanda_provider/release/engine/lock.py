"""Whether another update has a stack, as far as that can be known before one's own begins."""

from __future__ import annotations

import pathlib
from urllib.parse import unquote

FILES = "file://"
"""What the address of a backend begins with that is a folder."""


def is_held(backend: str, stack: str) -> bool:
    """Whether there is a lock of the stack in a backend that is a folder.

    Args:
        backend: the backend's address.
        stack: the stack's full name.
    """
    if not backend.startswith(FILES):
        return False
    locks = pathlib.Path(unquote(backend.removeprefix(FILES))).expanduser() / ".pulumi" / "locks"
    # Where stacks do not belong to projects yet, as the engine made them up to 3.60, the folder is the stack's.
    folders = (locks / stack, locks / stack.rpartition("/")[2])
    return any(file.suffix == ".json" for folder in folders if folder.is_dir() for file in folder.iterdir())
