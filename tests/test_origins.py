"""Which resources an Output comes from, in each form in which programs write it, before anything has run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest
from pulumi.runtime import stack as sdk_stack

from bigpanda_provider.program.declared import Declared
from bigpanda_provider.program.origins import Origins, Owners

from .mocked import mocked

pytestmark = pytest.mark.filterwarnings(  # mocks leave an event loop in each thread
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
Output = pulumi.Output


@pulumi.input_type
class Spec:
    """An args class, as SDKs have them."""

    def __init__(self, *, zone: pulumi.Input[str]) -> None:
        pulumi.set(self, "zone", zone)


class Server(pulumi.CustomResource):
    """A resource with two properties."""

    ip: Output[str]
    tags: Output[dict[str, Any]]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        super().__init__("test:index:Server", name, {"ip": "7", "tags": {"x": "y"}, **props}, opts)


class Fleet(pulumi.ComponentResource):
    """A component, which holds an Output of its child, one derived from it, and one of another resource."""

    def __init__(self, name: str, other: Server) -> None:
        super().__init__("test:index:Fleet", name)
        self.child = Server("child", pulumi.ResourceOptions(parent=self))
        self.ip, self.url = self.child.ip, Output.concat("https://", self.child.ip)
        self.other = other.ip


class Program:
    """A program with two resources and a component."""

    def __init__(self) -> None:
        self.a, self.b = Server("a"), Server("b")
        self.fleet = Fleet("fleet", self.a)
        self.declared = {id(one): Declared.unseen(one, None) for one in (self.fleet, self.a, self.b, self.fleet.child)}

    def origins(self, taken: Any) -> list[str]:
        """The names of the resources that it comes from."""
        owners = Owners()
        owners.learn(self.declared.values())
        return sorted(one.name for one in Origins(owners, self.declared).of(taken))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop, with mocks in the place of the engine."""
    with mocked() as loop:
        yield loop
        for task in (tasks := asyncio.all_tasks(loop)):  # nothing is registered: the program alone is looked at
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


async def _later(value: Any) -> Any:
    return value


FORMS: dict[str, tuple[Callable[[Server, Server, Fleet], Any], list[str]]] = {
    "a property": (lambda a, _b, _f: a.ip, ["a"]),
    "its id": (lambda a, _b, _f: a.id, ["a"]),
    "its URN": (lambda a, _b, _f: a.urn, ["a"]),
    "the resource itself": (lambda a, _b, _f: a, ["a"]),
    "apply": (lambda a, _b, _f: a.ip.apply(str.upper), ["a"]),
    "apply of apply": (lambda a, _b, _f: a.ip.apply(str.upper).apply(str.lower).apply(len), ["a"]),
    "all": (lambda a, b, _f: Output.all(a.ip, b.ip), ["a", "b"]),
    "all by name": (lambda a, b, _f: Output.all(x=a.ip, y=b.id, z=1).apply(str), ["a", "b"]),
    "concat": (lambda a, _b, _f: Output.concat("http://", a.ip, "/"), ["a"]),
    "format": (lambda a, b, _f: Output.format("{0}:{1}", a.ip, b.ip), ["a", "b"]),
    "format by name": (lambda a, _b, _f: Output.format("{x}", x=a.ip), ["a"]),
    "format of both": (lambda a, b, _f: Output.format("{0}{x}", a.ip, x=b.ip), ["a", "b"]),
    "format of an Output": (lambda a, b, _f: Output.format(Output.concat("{}", a.ip), b.ip), ["a", "b"]),
    "json_dumps": (lambda a, b, _f: Output.json_dumps({"x": [a.ip], "y": {"z": b.ip}}), ["a", "b"]),
    "json_loads": (lambda a, _b, _f: Output.json_loads(a.ip), ["a"]),
    "an item": (lambda a, _b, _f: a.tags["x"], ["a"]),
    "an attribute": (lambda a, _b, _f: a.tags.keys, ["a"]),
    "secret": (lambda a, _b, _f: Output.secret(a.ip), ["a"]),
    "secret of a map": (lambda a, _b, _f: Output.secret({"x": a.ip}), ["a"]),
    "unsecret": (lambda a, _b, _f: Output.unsecret(Output.secret(a.ip)), ["a"]),
    "from_input of a list": (lambda a, b, _f: Output.from_input([a.ip, [b.ip]]), ["a", "b"]),
    "from_input of a tuple": (lambda a, _b, _f: Output.from_input((a.ip, 1)), ["a"]),
    "from_input of a map": (lambda a, b, _f: Output.from_input({"x": {"y": [a.ip]}, "z": b.id}), ["a", "b"]),
    "from_input of an args class": (lambda a, _b, _f: Output.from_input(Spec(zone=a.ip)), ["a"]),
    "from_input of an args class in a map": (lambda a, _b, _f: Output.from_input({"x": Spec(zone=a.ip)}), ["a"]),
    "recover": (lambda a, _b, _f: a.ip.recover(lambda _: "x"), ["a"]),
    "a component's Output of its child": (lambda _a, _b, f: f.ip, ["child"]),
    "a component's Output derived of its child": (lambda _a, _b, f: f.url, ["child"]),
    "a component's Output of another resource": (lambda _a, _b, f: f.other, ["a"]),
    "a component's URN": (lambda _a, _b, f: f.urn, ["fleet"]),
    "a constant": (lambda _a, _b, _f: Output.from_input("x"), []),
    "a coroutine": (lambda _a, _b, _f: Output.from_input(_later("x")), []),
    "a secret constant": (lambda _a, _b, _f: Output.secret("x").apply(str.upper), []),
    "an Output that a callback returns": (lambda a, b, _f: a.ip.apply(lambda _: b.ip), ["a"]),
}
"""Each form with the resources that it comes from."""


@pytest.mark.parametrize(("made", "sources"), FORMS.values(), ids=FORMS)
def test_an_output_comes_from(
    loop: asyncio.AbstractEventLoop, made: Callable[[Server, Server, Fleet], Any], sources: list[str]
) -> None:
    """It is known as soon as the program has written it."""

    async def program() -> None:
        one = Program()
        assert one.origins(made(one.a, one.b, one.fleet)) == sources

    loop.run_until_complete(program())


def test_an_output_comes_from_when_all_is_done(loop: asyncio.AbstractEventLoop) -> None:
    """As in an asynchronous program: the same, and what a callback has returned is known then too."""

    async def program() -> None:
        one = Program()
        made = {form: make(one.a, one.b, one.fleet) for form, (make, _) in FORMS.items()}
        await asyncio.gather(*(taken.future() for taken in made.values() if isinstance(taken, Output)))
        sources = {form: sources for form, (_, sources) in FORMS.items()}
        sources["an Output that a callback returns"] = ["a", "b"]
        assert {form: one.origins(taken) for form, taken in made.items()} == sources

    loop.run_until_complete(program())
    loop.run_until_complete(sdk_stack.wait_for_rpcs())


def test_a_long_chain(loop: asyncio.AbstractEventLoop) -> None:
    """As where a program adds to one text again and again."""

    async def program() -> None:
        one = Program()
        text: Any = one.a.ip
        for _ in range(200):
            text = text.apply(str)
        assert one.origins(text) == ["a"]

    loop.run_until_complete(program())
