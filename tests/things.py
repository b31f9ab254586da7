"""A resource for the tests' programs: it takes time, fails, and writes down what it does, as it is told."""

from __future__ import annotations

import os
import time
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult


class ThingProvider(ResourceProvider):
    """Does nothing but what it is told."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Any changed input is an update."""
        return DiffResult(changes=any(olds.get(k) != news.get(k) for k in {*olds, *news} - {"__provider"}))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Take time, fail, or write down that it was created."""
        act("create", props)
        return CreateResult(props["name"], dict(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Take time, fail, or write down that it was updated."""
        act("update", news)
        return UpdateResult(dict(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Take time, and write down that it was deleted."""
        time.sleep(props.get("linger") or 0)
        note("delete", props["name"])


class Thing(Resource):
    """A resource with the given inputs.

    `sleep`, and `linger` when it is deleted, are in seconds; `fail` is the error's text, in which "{value}" stands for
    its value.
    """

    value: pulumi.Output[Any]

    def __init__(
        self,
        resource_name: str,
        value: pulumi.Input[Any] = None,
        *,
        sleep: float | None = None,
        fail: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **more: Any,
    ) -> None:
        props = {"name": resource_name, "value": value, "sleep": sleep, "fail": fail or None, **more}
        super().__init__(ThingProvider(), resource_name, props, opts)


def act(operation: str, props: dict[str, Any]) -> None:
    """Do as told."""
    time.sleep(props.get("sleep") or 0)
    if props.get("fail"):
        raise RuntimeError(props["fail"].replace("{value}", str(props.get("value"))))
    note(operation, props["name"])


def note(operation: str, name: str) -> None:
    """Write a line into the journal."""
    with open(os.environ["THING_JOURNAL"], "a") as journal:  # noqa: PTH123
        journal.write(f"{operation}\t{name}\t{time.time()}\n")
