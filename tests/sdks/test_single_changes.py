"""Every single change in programs with real SDKs: the hosts that are sent are those whose resources the engine touches.

Each resource is changed in one plain input, one after the other, in one stack of each program; the changes stay.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.servers import Sandbox

from .test_real_sdks import RECORDED, Cloud, pytestmark

__all__ = ["pytestmark"]

Path = list["str | int"]

HOSTS = {
    "aws": {
        **{"web-1": "prod-web-1", "web-2": "prod-web-2", "balancer": "name-2c010191"},
        **{"database": "prod-db", "resize": "prod-resize"},
    },
    "kubernetes": {"cluster": "prod", "web": "web", "front": "front", "cache": "prod-cache"},
    "docker": {f"{name}-{number}": f"prod-{name}-{number}" for name in ("web", "api") for number in (1, 2)},
    "servers": {"server-1": "prod-1", "server-2": "prod-2", "elsewhere": "10.0.0.7"},
}
"""Each program's resources that operators know as hosts, by hand: name in the program, and host.

The balancer has no name in the program but the one that the stand-in for the cloud gives it.
"""

CHANGES = {"aws": 15, "kubernetes": 6, "docker": 6, "servers": 10}
"""How many changes each program allows: none may be left out unseen."""

IGNORED: tuple[str, Path] = ("web-1", ["ami"])
"""An input that the AWS program lets the engine ignore: a change of it is none, and nothing may be sent."""

FOUND_UNCHANGED = {
    "aws": {
        "vpc": ["name-2c010191", "prod-web-1", "prod-web-2"],
        "routes": ["routes-a", "routes-b"],
        "subnet-a": ["name-2c010191", "prod-web-1"],
        "subnet-b": ["name-2c010191", "prod-web-2"],
        "firewall": ["name-2c010191", "prod-web-1", "prod-web-2"],
        "role": ["prod-resize"],
        "assets": ["index", "policy"],
        "group": ["http", "member-1", "member-2"],
        "database": ["prod-resize"],
    },
    "kubernetes": {"shop": ["web"], "settings": ["web"]},
    "docker": {"image": ["prod-api-1", "prod-api-2", "prod-web-1", "prod-web-2"]},
    "servers": {"key": ["prod-1", "prod-2"], "password": ["10.0.0.7"], "firewall": ["prod-1", "prod-2"]},
}
"""By the resource that is changed, what is sent too though the engine then finds it unchanged, by hand.

It takes an Output of what is changed, and a start that comes first cannot know that this Output stays as it was.
"""

NAMING = ("name", "Name", "identifier", "namespace", "host")
KIND = ("api_version", "kind")
"""The inputs that say how a resource is called, and those that say what it is, by their last part."""

CHANGING = '''
import copy, json, pathlib
import pulumi
from pulumi import _types

_changes = json.loads(pathlib.Path("changes.json").read_text())
_seen = {}


def _inside(value):
    """What is inside of a map, a list or an object of arguments, by its place in it."""
    if _types.is_input_type(type(value)):
        return dict(_types.input_type_to_untranslated_dict(value))
    return dict(value) if type(value) is dict else dict(enumerate(value)) if type(value) is list else {}


def _plain(value, path):
    """The paths of the texts, numbers and booleans in an input."""
    if isinstance(value, (str, int)):
        yield path
    for place, inner in _inside(value).items():
        yield from _plain(inner, [*path, place])


def _changed(value, path):
    """A copy that differs at the path: what is inside may belong to other resources too."""
    if not path:
        return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value + "x"
    inner = _changed(_inside(value)[path[0]], path[1:])
    made = copy.copy(value)
    if isinstance(made, (dict, list)):
        made[path[0]] = inner
    else:
        pulumi.set(made, path[0], inner)
    return made


def _change(args):
    if not isinstance(args.resource, pulumi.CustomResource) or args.opts.id or args.type_.startswith("pulumi"):
        return None
    paths, props = list(_plain(args.props or {}, [])), dict(args.props or {})
    if paths:
        _seen[args.name] = paths
        pathlib.Path("seen.json").write_text(json.dumps(_seen))
    for name, path in _changes:
        if name == args.name:
            props = _changed(props, path)
    return pulumi.ResourceTransformationResult(props, args.opts)


pulumi.runtime.register_stack_transformation(_change)
'''
"""Comes first in a program, so that the package sees the inputs as they are changed."""


@dataclass(frozen=True)
class Single:
    """A single change, and what followed from it.

    Attributes:
        resource: the name of the resource that is changed.
        path: where in its inputs.
        sent: the hosts in the starts that were sent.
        touched: the hosts whose resources the engine touched.
        names: the names of all resources that it touched.
        takers: the names of the resources that take an Output of the changed one, directly or through others.
        taking: the hosts among these.
        is_late: whether a host was touched before a start that names it was received.
    """

    resource: str
    path: Path
    sent: set[str]
    touched: set[str]
    names: set[str]
    takers: set[str]
    taking: set[str]
    is_late: bool

    @property
    def missing(self) -> set[str]:
        """The hosts that were touched and not sent; where no host was touched, something has to stand for it."""
        if self.touched or not self.names:
            return self.touched - self.sent
        return set() if self.sent else self.names

    @property
    def too_many(self) -> set[str]:
        """What was sent though the engine touched none of it."""
        return self.sent - (self.touched or self.names)

    @property
    def wrong(self) -> set[str]:
        """What was sent too many, and does not take an Output of what changed either."""
        return self.too_many - (self.taking if self.touched or self.taking else self.takers)

    def __str__(self) -> str:
        where = ".".join(map(str, self.path))
        return f"{self.resource} {where}: sent {sorted(self.sent)}, touched {sorted(self.touched or self.names)}"


@pytest.mark.parametrize("program", HOSTS)
def test_every_single_change(tmp_path: pathlib.Path, bigpanda: Sandbox, program: str) -> None:
    """None is missing and none too many, but for those that take an Output of what changed, which stays as it was."""
    cloud = Cloud(tmp_path / "stack", bigpanda, program)
    changes = list(measured(cloud, bigpanda, HOSTS[program]))
    assert len(changes) == CHANGES[program]
    assert [str(change) for change in changes if change.missing or change.wrong or change.is_late] == []
    assert {one.resource: sorted(one.too_many) for one in changes if one.too_many} == FOUND_UNCHANGED[program]
    assert [(one.resource, one.path) for one in changes if not one.names] == [IGNORED] * (program == "aws")
    assert [str(one) for one in changes if one.sent and not one.names] == []
    assert {change["state"] for change in bigpanda.changes()} == {"success"}


def measured(cloud: Cloud, bigpanda: Sandbox, hosts: Mapping[str, str]) -> Iterator[Single]:
    """Change each resource of the program, by one update for each.

    Args:
        cloud: the stack and the program.
        bigpanda: where its events arrive.
        hosts: which resources are which hosts.
    """
    cloud.text = CHANGING + RECORDED + cloud.text
    made = cloud.program(recorded=False)
    file, so_far = made.folder / "changes.json", list[tuple[str, Path]]()
    file.write_text("[]")
    run = made.up(skip_preview=True)
    assert run.ok, run.output
    takers = taking(made.state())
    seen: dict[str, list[Path]] = json.loads((made.folder / "seen.json").read_text())
    for resource, path in [
        (name, path) for name, paths in seen.items() for path in chosen(name, paths, is_host=name in hosts)
    ]:
        so_far.append((resource, path))
        file.write_text(json.dumps(so_far))
        events, steps = len(bigpanda.events()), len(cloud.done())
        run = made.up(skip_preview=True)
        assert run.ok, run.output
        touched = {name_of(step["urn"]): step["at"] for step in cloud.done()[steps:]}
        sent: dict[str, float] = {}
        for event in bigpanda.events()[events:]:
            for host in event["body"]["hosts"] if event["kind"] == "start" else ():
                sent.setdefault(host, event["received"])
        yield Single(
            resource,
            path,
            sent=set(sent),
            touched={hosts[name] for name in touched if name in hosts},
            names=set(touched),
            takers=takers[resource],
            taking={hosts[name] for name in takers[resource] if name in hosts},
            is_late=any(sent.get(hosts.get(name, ""), 0) > at for name, at in touched.items()),
        )


def chosen(resource: str, paths: list[Path], *, is_host: bool) -> list[Path]:
    """The inputs of a resource that are changed, one by one: the first that does not name it, and the ignored one."""
    good = [path for path in paths if path[-1] not in (*NAMING, *KIND)]
    ignored = [path for path in good if (resource, path) == IGNORED]
    naming = [path for path in paths if path[-1] in NAMING and not is_host]
    return ignored + [path for path in [*good, *naming] if path != IGNORED[1]][:1]


def taking(state: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Of each resource, the names of those that take an Output of it, directly or through others, as state has it."""
    takes = {
        one["urn"]: {urn for urns in (one.get("propertyDependencies") or {}).values() for urn in urns or ()}
        for one in state
        if "bigpanda:" not in one["urn"]
    }
    found: dict[str, set[str]] = {}
    for urn in takes:
        reached, size = {urn}, 0
        while len(reached) > size:
            size = len(reached)
            reached |= {taker for taker, sources in takes.items() if sources & reached}
        found[name_of(urn)] = {name_of(one) for one in reached - {urn}}
    return found


def name_of(urn: str) -> str:
    """The name in a URN; in each of these programs it is unique."""
    return urn.split("::", 3)[3]
