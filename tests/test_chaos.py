"""A short campaign of random updates; `make chaos` runs longer ones."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from .chaos.campaign import campaign
from .chaos.model import Model, out_of_order
from .chaos.plan import Plan

SEED, UPDATES, LIMIT_S = 20, 10, 120


def events(*told: str) -> list[dict[str, Any]]:
    """Events, written as `start web 1` and `failure web 1`."""
    found: list[dict[str, Any]] = []
    for kind, component, version in (line.split() for line in told):
        body = {"component": component, "version": version, "hosts": [component]}
        if kind == "start":
            found.append({"kind": kind, "body": {**body, "timestamp": len(found)}})
        else:
            found.append({"kind": "end", "body": {**body, "status": kind}})
    return found


def test_a_short_campaign(tmp_path: pathlib.Path) -> None:
    """After changes, failures, kills, outages and machine changes BigPanda has what happened, and nothing else."""
    made, found = campaign(tmp_path / "stack", SEED, UPDATES, LIMIT_S)
    assert found == [], "\n".join([f"seed {SEED}", *made.steps])


def test_what_is_inside_what() -> None:
    """A component whose outer one is removed stands one further out, and is the same deployment still."""
    plan = Plan({"api": 1, "auth": 2, "tokens": 3, "db": 4})
    assert str(plan) == "api 1 [auth 2 [tokens 3]] db 4"
    del plan.versions["auth"]
    assert str(plan) == "api 1 [tokens 3] db 4"
    assert plan.declared(until="tokens") == [("api", "1"), ("tokens", "3")]
    del plan.versions["api"]
    assert str(plan) == "db 4 tokens 3"


@pytest.mark.parametrize(
    ("told", "lies"),
    [
        (("start web 1", "success web 1"), []),
        (("start web 1",), ["is still in progress", "was deployed and has no success"]),
        (("start web 1", "failure web 1"), ["has 1 failures", "was deployed and has no success"]),
        (("start web 1", "success web 1", "success web 1"), ["1 ends matched nothing"]),
        (("start web 1", "success web 1", "start web 1", "success web 1"), ["is there 2 times"]),
        ((), ["was deployed and has no success", "was begun and is not there"]),
    ],
)
def test_a_lie_is_found(told: tuple[str, ...], lies: list[str]) -> None:
    """Of one update that went well, BigPanda has one success and nothing else."""
    model = Model()
    model.updated([("web", "1")], {"web-1", "web-2"}, ok=True)
    found = list(model.lies(events(*told)))
    assert len(found) == len(lies)
    assert all(part in line for part, line in zip(lies, found, strict=True))


def test_the_order_of_what_is_nested() -> None:
    """The inner one begins after the outer one and ends before it."""
    nested = [(("web", "1"), ("cart", "2"))]
    right = ("start web 1", "start cart 2", "success cart 2", "success web 1")
    assert list(out_of_order(events(*right), nested)) == []
    assert len(list(out_of_order(events(*right[:2], right[3], right[2]), nested))) == 1
