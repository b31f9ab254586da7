"""The dataclasses of the package do what Python's do, and take less time to make."""

from __future__ import annotations

import copy
import dataclasses
import statistics
import time
import types
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pytest

from bigpanda_provider.dataclass import dataclass
from bigpanda_provider.program.arguments import DeploymentArgs

T = TypeVar("T")
KINDS = {"ours": dataclass, "python": dataclasses.dataclass}

kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def point(kind: Any) -> Any:
    """A frozen dataclass with every sort of field."""

    @kind(frozen=True)
    class Point(Generic[T]):
        x: T
        secret: str = dataclasses.field(default="s3cret", repr=False)
        note: str = dataclasses.field(default="", compare=False)
        tags: list[str] = dataclasses.field(default_factory=list, compare=False)

        @property
        def double(self) -> Any:
            return self.x, self.x

    return Point


@kinds
def test_it_shows_the_fields_that_may_be_seen(kind: Any) -> None:
    """A secret one is not; an inner class is shown with the outer ones."""
    cls = point(kind)
    assert repr(cls(1)) == "point.<locals>.Point(x=1, note='', tags=[])"


@kinds
def test_it_is_equal_by_its_fields(kind: Any) -> None:
    """But for those that are not compared; never to one of another class."""
    cls = point(kind)
    other = kind(frozen=True)(type("Other", (cls,), {}))
    assert cls(1) == cls(1, note="n", tags=["t"])
    assert hash(cls(1)) == hash(cls(1, note="n", tags=["t"]))
    assert len({cls(1), cls(1), cls(2), cls(1, "t")}) == 3
    assert cls(1) != cls(1, "t")
    assert cls(1) != other(1)
    assert cls(1) != 1
    with pytest.raises(TypeError, match="unhashable type"):
        hash(cls([]))


@kinds
def test_nobody_changes_it(kind: Any) -> None:
    """Nor gives it what it has no field for; a class that inherits from it may have more."""
    cls = point(kind)
    one = cls(1)
    for name in ("x", "note", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot assign to field '{name}'$"):
            setattr(one, name, 2)
        with pytest.raises(dataclasses.FrozenInstanceError, match=f"^cannot delete field '{name}'$"):
            delattr(one, name)
    assert (one.x, one.note, one.double) == (1, "", (1, 1))
    more = type("More", (cls,), {})(1)
    more.other = 1
    more.other = 2
    del more.other
    with pytest.raises(dataclasses.FrozenInstanceError):
        more.x = 2


@kinds
def test_it_is_made_from_others(kind: Any) -> None:
    """Replaced, copied, inherited."""
    cls = point(kind)
    one = cls(1, tags=["t"])
    assert dataclasses.replace(one, x=2) == cls(2)
    assert copy.copy(one) == copy.deepcopy(one) == one
    assert copy.deepcopy(one).tags is not one.tags
    assert dataclasses.asdict(one) == {"x": 1, "secret": "s3cret", "note": "", "tags": ["t"]}
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'x'"):
        cls()

    @kind(frozen=True, kw_only=True)
    class Sub(cls):  # type: ignore[misc, valid-type]
        z: int

    assert Sub(1, z=3) == Sub(1, z=3, note="n")
    assert repr(Sub(1, z=3)).endswith("Sub(x=1, note='', tags=[], z=3)")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sub(1, z=3).z = 4


@kinds
def test_what_a_class_defines_stays(kind: Any) -> None:
    """Its own way to be shown and compared; `__post_init__` checks what it is given."""

    @kind(frozen=True)
    class Own:
        x: int

        def __post_init__(self) -> None:
            object.__setattr__(self, "x", abs(self.x))

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

    made: Any = Own
    assert repr(made(-1)) == "own"
    assert made(-1) == 5
    assert hash(made(-1)) == hash(made(1))


@kinds
def test_one_that_is_not_frozen_can_be_changed(kind: Any) -> None:
    """It cannot be hashed then, unless it is equal to itself alone."""

    @kind
    class Counted:
        count: int = 0

    @kind(eq=False)
    class Alone:
        count: int = 0

    one: Any = Counted()
    one.count = 2
    one.other = 3
    assert one == dataclasses.replace(one)
    assert Counted.__hash__ is None
    assert Alone() != Alone()
    assert len({Alone(), Alone()}) == 2


def test_users_can_inherit_from_the_arguments() -> None:
    """What the package hands out is a dataclass of Python's."""

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Ours(DeploymentArgs):
        team: str

    assert Ours(component="c", version="1", team="t").team == "t"


def test_it_is_made_in_less_time() -> None:
    """It is there for nothing else: some 0.3 ms instead of 0.9 for a class with four fields."""

    def seconds(kind: Callable[..., Any]) -> float:
        fields = {"__annotations__": dict.fromkeys("abcd", int)}
        begin = time.process_time()
        kind(frozen=True)(types.new_class("Made", exec_body=lambda body: body.update(fields, __doc__="D.")))
        return time.process_time() - begin

    taken = {name: statistics.median(seconds(kind) for _ in range(50)) for name, kind in KINDS.items()}
    assert taken["ours"] < 0.7 * taken["python"]
