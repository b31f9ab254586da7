"""A resource for the tests' programs: it takes time, fails, and writes down what it does, as it is told."""

from __future__ import annotations

import os
import pathlib
import time
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

HOLD_LIMIT_S = 200
DRIFT, UPGRADE, MENDED = "drift", "upgrade", "mended"
"""Gates: once open, every Thing has drifted, its provider finds a change in each, or none fails any more."""


class ThingProvider(ResourceProvider):
    """Does nothing but what it is told."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Any changed input is an update; a changed `key` is a replacement, and an upgraded provider finds a change."""
        changes = any(olds.get(k) != news.get(k) for k in {*olds, *news} - {"__provider"})
        replaces = ["key"] if olds.get("key") != news.get("key") else []
        return DiffResult(changes=changes or bool(replaces) or is_open(UPGRADE), replaces=replaces)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What it is now: where there is drift, its value is not what it was made with."""
        return ReadResult(id_, {**props, "value": "drifted"} if is_open(DRIFT) else props)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Take time, fail, or write down that it was created."""
        act("create", props)
        return CreateResult(props["name"], dict(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Take time, fail, or write down that it was updated."""
        act("update", news)
        return UpdateResult(dict(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Wait where it is held, and write down that it was deleted."""
        if props.get("hold_delete"):
            pass_gate(props["hold_delete"])
        note("delete", props["name"])


class Thing(Resource):
    """A resource with the given inputs.

    `sleep` is in seconds. `hold` names a gate: it is not done before the test has opened that one (`Stack.let_go`);
    `hold_delete` is the same for its deletion. `fail` is the error's text, in which "{value}" stands for its value.
    """

    value: pulumi.Output[Any]

    def __init__(
        self,
        resource_name: str,
        value: pulumi.Input[Any] = None,
        *,
        sleep: float | None = None,
        hold: str | None = None,
        fail: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **more: Any,
    ) -> None:
        props = {"name": resource_name, "value": value, "sleep": sleep, "fail": fail or None, **more}
        if hold:
            props["hold"] = hold
        super().__init__(ThingProvider(), resource_name, props, opts)


class Rule(Thing, module="test", name="Rule"):
    """A Thing of another type."""


def tried_again() -> pulumi.ResourceOptions:
    """The options of a Thing that is mended once it fails, and is tried again."""

    def mend(_: pulumi.ErrorHookArgs) -> bool:
        gate(os.environ["THING_JOURNAL"], MENDED).touch()
        return True

    return pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("mend", mend)]))


def act(operation: str, props: dict[str, Any]) -> None:
    """Do as told."""
    time.sleep(props.get("sleep") or 0)
    if props.get("hold"):
        pass_gate(props["hold"])
    if props.get("fail") and not is_open(MENDED):
        raise RuntimeError(props["fail"].replace("{value}", str(props.get("value"))))
    note(operation, props["name"])


def gate(journal: str, name: str) -> pathlib.Path:
    """The file whose being there means that the gate is open."""
    return pathlib.Path(f"{journal}.{name}")


def held_by(journal: str, name: str) -> pathlib.Path:
    """The file whose being there means that a Thing waits at the gate."""
    return pathlib.Path(f"{journal}.{name}.holds")


def is_open(name: str) -> bool:
    """Whether the test has opened a gate."""
    return gate(os.environ["THING_JOURNAL"], name).exists()


def pass_gate(name: str) -> None:
    """Wait until the test has opened it."""
    held = held_by(os.environ["THING_JOURNAL"], name)
    held.touch()
    deadline = time.monotonic() + HOLD_LIMIT_S
    while not is_open(name):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody has opened the gate {name}")
        time.sleep(0.02)
    held.unlink(missing_ok=True)  # another Thing may have been held by the same gate


def note(operation: str, name: str) -> None:
    """Write a line into the journal."""
    with open(os.environ["THING_JOURNAL"], "a") as journal:  # noqa: PTH123
        journal.write(f"{operation}\t{name}\t{time.time()}\n")
