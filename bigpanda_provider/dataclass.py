"""Python's dataclasses, made in a third of the time.

`dataclasses.dataclass(frozen=True)` compiles six methods for each class, which takes about a millisecond. A program and
its provider process load some 45 of these classes before they send the first start. Here Python compiles `__init__`
alone; all classes share the code of the other five methods. Type checkers see `dataclasses.dataclass`.

Python does not let a frozen dataclass inherit from one of these, so classes that users may inherit from are Python's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        cls: type[T] | None = None, /, *, frozen: bool = False, eq: bool = True, kw_only: bool = False
    ) -> type[T] | Callable[[type[T]], type[T]]:
        """Make a dataclass; the arguments mean what they mean to `dataclasses.dataclass`."""

        def make(cls: type[T]) -> type[T]:
            own = dict(vars(cls))
            made = dataclasses.dataclass(repr=False, eq=False, kw_only=kw_only)(cls)
            methods = {
                "__repr__": _repr,
                **(_compared(made, frozen) if eq else {}),
                **(_frozen(made) if frozen else {}),
            }
            for name, method in methods.items():
                if own.get(name) is None:  # Python itself sets `__hash__` to None beside an `__eq__`
                    setattr(made, name, method)
            return made

        return make if cls is None else make(cls)


def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _compared(cls: type[Any], frozen: bool) -> dict[str, Any]:
    """What compares instances by the values of their fields."""
    names = [field.name for field in dataclasses.fields(cls) if field.compare]
    values: Callable[[Any], Any] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: object) -> bool:  # noqa: N807
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _frozen(cls: type[Any]) -> dict[str, Any]:
    """What lets nobody change a field that `__init__` has set."""
    names = {field.name for field in dataclasses.fields(cls)}

    def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
        is_set = name in names and name in self.__dict__
        if is_set or (name not in names and type(self) is cls):
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:  # noqa: N807
        if name in names or type(self) is cls:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": __setattr__, "__delattr__": __delattr__}
