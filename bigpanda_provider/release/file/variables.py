"""Variables in a release.yaml: `${NAME}` in a text stands for the value of NAME. No I/O."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ...dataclass import dataclass
from ...errors import WrongUseError
from ...settings import SECRET_KEYS, environment_name
from .document import Path, Problem

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$\$\{{|\$\{{(?P<name>{NAME})(?::-(?P<default>(?:(?!\$\{{)[^}}])*))?\}}|\$\{{")
"""A literal `${`, a reference, or what begins like a reference and is none."""

_SECRET_VARIABLES = tuple(environment_name(key) for key in SECRET_KEYS)


@dataclass(frozen=True)
class Variables:
    """What the names stand for.

    Attributes:
        given: the values of the command line, which come first.
        environ: the environment.
    """

    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> str | None:
        """The value of a name; None where it is not set."""
        return self.given.get(name, self.environ.get(name))

    def secret_named(self, name: str) -> str | None:
        """Which secret of BigPanda's the name stands for; None for all other names."""
        if name in _SECRET_VARIABLES:
            return name
        value = self.get(name)
        return next((one for one in _SECRET_VARIABLES if value and value == self.environ.get(one)), None)

    def refuse_unused(self, used: frozenset[str]) -> None:
        """Refuse a value of the command line that stands for nothing in the file: its name may be misspelt.

        Raises:
            WrongUseError: there is one.
        """
        for name in self.given:
            if name not in used:
                near = difflib.get_close_matches(name, used, n=1)
                hint = f"did you mean {near[0]}?" if near else f"write it there as ${{{name}}}, or omit the option"
                raise WrongUseError(f"--var {name} is not used in the file; {hint}")


@dataclass
class Substitution:
    """A value with its variables replaced.

    Attributes:
        content: the value: texts are still texts, and keys are as they were.
        used: the names that it refers to.
        problems: what could not be replaced; the text is as it was there. No sentence repeats a value.
    """

    variables: Variables
    content: Any = None
    used: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, content: Any, variables: Variables) -> Substitution:
        """Replace the variables in all texts of a value."""
        made = cls(variables)
        made.content = made._value(content, ())
        return made

    def _value(self, value: Any, path: Path) -> Any:
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, dict):
            return {key: self._value(inner, (*path, str(key))) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner, (*path, number)) for number, inner in enumerate(value)]
        return value

    def _text(self, text: str, path: Path) -> str:
        problems: list[str] = []

        def replaced(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            try:
                return self._resolved(match)
            except LookupError as error:
                problems.append(str(error.args[0]))
                return match[0]

        found = _REFERENCE.sub(replaced, text)
        self.problems.extend(Problem(path, f": {told}") for told in dict.fromkeys(problems))
        return text if problems else found

    def _resolved(self, match: re.Match[str]) -> str:
        """The value of a reference.

        Raises:
            LookupError: it has none that may be used; with a sentence.
        """
        name, default = match["name"], match["default"]
        if name is None:
            raise LookupError("${ does not begin a variable; write ${NAME}, ${NAME:-default}, or $${ for a literal ${")
        self.used.add(name)
        if secret := self.variables.secret_named(name):
            raise LookupError(
                f"{name} holds a secret that no release may show ({secret}); the runner reads it by itself, so remove "
                "the variable"
            )
        value = self.variables.get(name)
        if default is not None:
            return value or default
        if value is None:
            raise LookupError(f"{name} is not set; set it, or pass --var {name}=...")
        return value
