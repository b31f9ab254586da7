"""What the program of a campaign declares: components, some of them inside the scope of another."""

from __future__ import annotations

import json
import pathlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

Key = tuple[str, str]
"""A component and its version. No version is used twice, so what BigPanda has of a key belongs to it."""

OUTER = ("web", "api", "db")
INSIDE = {"cart": "web", "auth": "api", "tokens": "auth"}
"""The components that are declared in another's scope; where that one is not there, they stand one further out."""
COMPONENTS = (*OUTER, *INSIDE)
EVERYBODYS_HOST = "h"

PROGRAM = f"""
    import json
    plan = json.load(open("plan.json"))

    def declare(scopes):
        for component, version, inner in scopes:
            hosts = [component, "{EVERYBODYS_HOST}"]
            with bigpanda.Deployment(component, component=component, version=version, hosts=hosts):
                Thing(f"{{component}}-1", version, sleep=0.7)
                if plan["raises"] == component:
                    raise RuntimeError("the program itself")
                declare(inner)
                Thing(f"{{component}}-2", version, fail="mishap" if plan["fails"] == component else None)

    declare(plan["scopes"])
    """


@dataclass
class Plan:
    """What is declared now.

    Attributes:
        versions: the version of each component that is declared.
    """

    versions: dict[str, int] = field(default_factory=dict)
    _newest: int = 0

    def change(self, chance: random.Random) -> None:
        """Deploy some components anew, add some, remove some, and leave the others."""
        for component in COMPONENTS:
            drawn = chance.random()
            if drawn < (0.3 if component in self.versions else 0.4):
                self.deploy(component)
            elif drawn > 0.9:
                self.versions.pop(component, None)

    def deploy(self, component: str) -> None:
        """Give a component a version that none had before."""
        self._newest += 1
        self.versions[component] = self._newest

    def outer(self, component: str) -> str | None:
        """The component in whose scope it is declared."""
        outer = INSIDE.get(component)
        while outer is not None and outer not in self.versions:
            outer = INSIDE.get(outer)
        return outer

    def around(self, component: str) -> Iterator[str]:
        """The components in whose scopes it is declared, from the inside to the outside."""
        outer = self.outer(component)
        while outer is not None:
            yield outer
            outer = self.outer(outer)

    def declared(self, until: str | None = None) -> list[Key]:
        """What is declared, in the order of the program; up to a component that raises."""
        names = list(self._order(None))
        return [(name, str(self.versions[name])) for name in (names[: names.index(until) + 1] if until else names)]

    def write(self, folder: pathlib.Path, *, raises: str | None = None, fails: str | None = None) -> None:
        """Write it down for the program."""
        plan = {"scopes": self._scopes(None), "raises": raises, "fails": fails}
        (folder / "plan.json").write_text(json.dumps(plan))

    def __str__(self) -> str:
        """Such as `web 1 [cart 2] db 3`."""
        return self._shown(None) or "nothing"

    def _within(self, outer: str | None) -> list[str]:
        return [name for name in COMPONENTS if name in self.versions and self.outer(name) == outer]

    def _order(self, outer: str | None) -> Iterator[str]:
        for name in self._within(outer):
            yield name
            yield from self._order(name)

    def _scopes(self, outer: str | None) -> list[object]:
        return [[name, str(self.versions[name]), self._scopes(name)] for name in self._within(outer)]

    def _shown(self, outer: str | None) -> str:
        inner = {name: self._shown(name) for name in self._within(outer)}
        return " ".join(f"{name} {self.versions[name]}{shown and f' [{shown}]'}" for name, shown in inner.items())
