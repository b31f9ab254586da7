"""The project of a folder: what its Pulumi.yaml says of the language and its tools."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import yaml

from ...bigpanda import certificate
from ...dataclass import dataclass
from ...errors import WrongUseError


@dataclass(frozen=True)
class Project:
    """A project.

    Attributes:
        folder: its folder.
        file: its project file.
        content: what that holds.
    """

    folder: pathlib.Path
    file: pathlib.Path
    content: Mapping[str, Any]

    @classmethod
    def read(cls, folder: pathlib.Path) -> Project | None:
        """The project of a folder; None where there is no project file.

        Raises:
            WrongUseError: there is one that cannot be read.
        """
        file = next((folder / name for name in certificate.PROJECT_FILES if (folder / name).is_file()), None)
        if file is None:
            return None
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise WrongUseError(f"{file} cannot be read: {why}") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = "" if mark is None else f":{mark.line + 1}"
            raise WrongUseError(f"{file}{where} is not valid YAML") from None
        if not isinstance(content, dict):
            raise WrongUseError(f"{file} is not a map")
        return cls(folder, file, content)

    @property
    def _runtime(self) -> Mapping[str, Any]:
        found = self.content.get("runtime")
        return found if isinstance(found, dict) else {"name": found}

    @property
    def language(self) -> str:
        """The name of its language; empty where it names none."""
        return str(self._runtime.get("name") or "")

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of its language."""
        found = self._runtime.get("options")
        return found if isinstance(found, dict) else {}

    @property
    def toolchain(self) -> str:
        """What installs the packages of a Python program."""
        return str(self.options.get("toolchain") or "pip").lower()

    @property
    def virtualenv(self) -> str | None:
        """The virtualenv that it names; None where it names none."""
        found = self.options.get("virtualenv")
        return str(found) if found else None

    @property
    def program_folder(self) -> pathlib.Path:
        """Where the program stands, and the process of a dynamic provider runs."""
        main = self.folder / str(self.content.get("main") or ".")
        return main.parent if main.is_file() else main
