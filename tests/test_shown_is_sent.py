"""The truth to hold: what preview shows is what is sent, whatever program changes into whatever other."""

from __future__ import annotations

import json
import pathlib
import re
import tempfile
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from . import servers
from .engine import Run, Stack

EXAMPLES = 6
PROGRAM = """
    import json
    plan = json.load(open("plan.json"))
    bigpanda.host_name("pulumi-python:dynamic:Resource", "host")
    outside = Thing("outside", plan["outside"])

    class Group(pulumi.ComponentResource):
        def __init__(self, name, inputs):
            super().__init__("demo:index:Group", name)
            Thing(f"{name}-child", inputs, opts=pulumi.ResourceOptions(parent=self))

    def declare(resources):
        made = {}
        for name, (kind, value) in resources:
            if kind == "group":
                Group(name, value)
                continue
            given = {
                "plain": lambda: value,
                "secret": lambda: pulumi.Output.secret(value),
                "outside": lambda: outside.value,
                "first": lambda: next(iter(made.values())).value if made else value,
                "applied": lambda: outside.value.apply(lambda known: [known, value]),
                "file": lambda: {"path": value},
            }[kind]()
            made[name] = Thing(name, given, host=f"host-{name}" if value % 2 else None)

    for scope in plan["scopes"]:
        with bigpanda.Deployment(scope["name"], component=scope["name"], version=scope["version"],
                                 hosts=scope["hosts"]):
            declare(scope["resources"])
            if scope["inner"]:
                inner = scope["name"] + "-inner"
                with bigpanda.Deployment(inner, component=inner, version="1", hosts=["inner-host"]):
                    declare([[f"{inner}-thing", ["plain", scope["inner"]]]])
    """

KINDS = st.sampled_from(["plain", "secret", "outside", "first", "applied", "file", "group"])
RESOURCES = st.dictionaries(
    st.sampled_from(["r1", "r2", "r3", "r4"]), st.tuples(KINDS, st.integers(1, 4)), min_size=1, max_size=4
)


@dataclass(frozen=True)
class Scope:
    """One scope of the program."""

    version: str
    hosts: tuple[str, ...] | None
    resources: tuple[tuple[str, tuple[str, int]], ...]
    inner: int | None


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    """Any scope."""
    resources = tuple(draw(RESOURCES).items())
    hosts = draw(st.sampled_from([None, None, ("a", "b")]))
    return Scope(str(draw(st.integers(1, 2))), hosts, resources, draw(st.sampled_from([None, 1, 2])))


@st.composite
def changed(draw: st.DrawFn, scope: Scope) -> Scope:
    """A scope with something else about it, or the same in another order."""
    kind = draw(st.sampled_from(["same", "reordered", "version", "one", "added", "removed", "inner", "anything"]))
    resources = dict(scope.resources)
    if kind == "reordered":
        return replace(scope, resources=tuple(reversed(scope.resources)))
    if kind == "version":
        return replace(scope, version=scope.version + "0")
    if kind == "one":
        name = draw(st.sampled_from(sorted(resources)))
        resources[name] = (resources[name][0], resources[name][1] + 1)
    if kind == "added":
        resources["new"] = draw(st.tuples(KINDS, st.integers(1, 4)))
    if kind == "removed":
        resources.pop(draw(st.sampled_from(sorted(resources))))
    if kind == "inner":
        return replace(scope, inner=(scope.inner or 0) + 1)
    if kind == "anything":
        return draw(scopes())
    return replace(scope, resources=tuple(resources.items()))


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Some programs, each made from the one before."""
    names = ["web", "api"][: draw(st.integers(1, 2))]
    program = {name: draw(scopes()) for name in names}
    plans = []
    for number in range(3):
        if number:
            program = {name: draw(changed(scope)) for name, scope in program.items()}
        plans.append({"outside": draw(st.integers(1, 2)), "scopes": [_told(n, s) for n, s in program.items()]})
    return plans


def _told(name: str, scope: Scope) -> dict[str, Any]:
    resources = [[f"{name}-{resource}", list(inputs)] for resource, inputs in scope.resources]
    return {"name": name, **vars(scope), "resources": resources}


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # making an example smaller takes hours on the engine
)
@given(histories())
def test_shown_is_sent(plans: list[dict[str, Any]]) -> None:
    """An event is sent exactly if preview shows an update of its Deployment, with the hosts that preview shows.

    What else the engine changes in a scope has a start too, that preview told of, and the record names its host.
    """
    with tempfile.TemporaryDirectory() as folder, servers.sandbox() as bigpanda:
        made = Stack(pathlib.Path(folder) / "stack", bigpanda.address).program(PROGRAM)
        for plan in plans:
            (made.folder / "plan.json").write_text(json.dumps(plan))
            before = len(bigpanda.events())
            preview = made.preview("--diff", "--show-sames")
            assert preview.ok, preview.output
            run = made.up()
            assert run.ok, run.output
            events = bigpanda.events()[before:]
            starts: dict[str, list[set[str]]] = {}
            for event in events:
                if event["kind"] == "start":
                    starts.setdefault(event["body"]["component"], []).append(set(event["body"]["hosts"]))
            own = {name: starts[name].pop(0) for name in shown(preview)}
            assert shown(preview) == own, preview.output
            late = {name: set().union(*hosts) for name, hosts in starts.items() if hosts}
            told = foretold(preview)
            assert all(hosts <= told.get(name, set()) for name, hosts in late.items()), preview.output
            assert len(events) == 2 * (len(own) + sum(map(len, starts.values())))
            everything_is_recorded(plan, run, {n: own.get(n, set()) | late.get(n, set()) for n in {*own, *late}})
            assert made.up("--expect-no-changes").ok
            assert len(bigpanda.events()) == before + len(events)
        assert {change["state"] for change in bigpanda.changes()} == {"success"}


def foretold(preview: Run) -> dict[str, set[str]]:
    """The hosts that preview tells of in a message on their Deployment."""
    message = re.compile(r'Deployment "(\S+)" will also report (.*?), (?:which|since) ')
    return {name: set(hosts.split(", ")) for name, hosts in message.findall(preview.output)}


def shown(preview: Run) -> dict[str, set[str]]:
    """The Deployments that preview shows as created or updated, with the hosts they then have."""
    found = {}
    for block in re.split(r"\n(?= {4,8}[+~ -] \S+: \()", preview.output):
        head = re.match(r" *[+~] pulumi-python:dynamic/bigpanda:Deployment: \((create|update)\)", block)
        if head is not None:
            name = re.search(r"Deployment::(\S+?)\]", block)
            hosts = re.search(r"^ *[+~]? hosts +: \[\n(.*?)^ *[+~]? *\]", block, re.M | re.S)
            assert name is not None
            assert hosts is not None, block
            lines = [line for line in hosts[1].splitlines() if not line.lstrip().startswith("- [")]
            found[name[1]] = {re.findall(r'"([^"]*)"', line)[-1] for line in lines if '"' in line}
    return found


def everything_is_recorded(plan: dict[str, Any], run: Run, recorded: dict[str, set[str]]) -> None:
    """Each covered resource that the update touched is of a Deployment that has a start, which names its host."""
    given = {scope["name"]: scope["hosts"] for scope in plan["scopes"]}
    given |= {f"{scope['name']}-inner": ("inner-host",) for scope in plan["scopes"] if scope["inner"]}
    for operation in run.operations():
        kind, name = operation.split()
        owner = name.removesuffix("-inner-thing").rsplit("-", 1)[0] if kind == "Resource" else ""
        if "-inner-thing" in name:
            owner = f"{name.removesuffix('-thing')}"
        elif name.endswith("-child"):
            owner = name.split("-", 1)[0]
        if kind == "Resource" and owner in given:
            assert owner in recorded, run.output
            assert given[owner] or recorded[owner] & {name, f"host-{name}"}, run.output
