"""Every single change in programs with real SDKs: the hosts that are sent are those whose resources the engine touches.

Each resource is changed in one plain input, one after the other, in one stack of each program.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from tests.servers import Sandbox

from .test_real_sdks import RECORDED, Cloud, pytestmark

__all__ = ["pytestmark"]

HOSTS: dict[str, dict[str, str | None]] = {
    "aws": {
        **{"web-1": "prod-web-1", "web-2": "prod-web-2", "balancer": None},
        **{"database": "prod-db", "resize": "prod-resize"},
    },
    "kubernetes": {"cluster": "prod", "web": "web", "front": "front", "cache": "prod-cache"},
    "docker": {f"{name}-{number}": f"prod-{name}-{number}" for name in ("web", "api") for number in (1, 2)},
    "servers": {"server-1": "prod-1", "server-2": "prod-2", "elsewhere": "10.0.0.7"},
}
"""Each program's resources that operators know as hosts, by hand: name in the program, and host.

None for one that the cloud names: its output `name` says how.
"""

CHANGING = '''
import json, pathlib
import pulumi

_changes = json.loads(pathlib.Path("changes.json").read_text())
_seen = []


def _plain(value, path):
    """The paths of what can be changed in plain inputs: texts, numbers and booleans, in maps too."""
    if isinstance(value, (str, int)) and path[-1] not in NAMES:
        yield path
    elif type(value) in (dict, list):
        for name, inner in value.items() if type(value) is dict else enumerate(value):
            yield from _plain(inner, [*path, name])


def _changed(value, path):
    if path and type(value) is list:
        return [_changed(inner, path[1:]) if at == path[0] else inner for at, inner in enumerate(value)]
    if path:
        return {**value, path[0]: _changed(value[path[0]], path[1:])}
    return not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value + "x"


def _change(args):
    if not isinstance(args.resource, pulumi.CustomResource) or args.opts.id or args.type_.startswith("pulumi"):
        return None
    key = f"{args.type_}::{args.name}"
    paths = [path for name, value in (args.props or {}).items() for path in _plain(value, [name])]
    if paths:
        _seen.append(key)
    if key not in _changes or not paths:
        return None
    return pulumi.ResourceTransformationResult({**args.props, **_changed(args.props, paths[0])}, args.opts)


NAMES = {"name", "identifier", "Name", "namespace", "host", "urn", "id", "component_name"}
pulumi.runtime.register_stack_transformation(_change)
import atexit
atexit.register(lambda: pathlib.Path("seen.json").write_text(json.dumps(_seen)))
'''
"""Comes first in a program, so that the package sees the inputs as they are changed."""


@pytest.mark.parametrize("program", HOSTS)
def test_every_single_change(tmp_path: pathlib.Path, bigpanda: Sandbox, program: str) -> None:
    """None is missing, and none too many but for those that take an Output of what changed, which stays as it was."""
    cloud = Cloud(tmp_path / "stack", bigpanda, program)
    cloud.text = CHANGING + RECORDED + cloud.text
    made = cloud.program(recorded=False)
    (made.folder / "changes.json").write_text("[]")
    run = made.up(skip_preview=True)
    assert run.ok, run.output
    state = made.state()
    reached = reaches(state)
    called = {one["urn"].split("::", 3)[3]: (one.get("outputs") or {}).get("name") for one in state}
    hosts = {name: called[name] if host is None else host for name, host in HOSTS[program].items()}
    keys = json.loads((made.folder / "seen.json").read_text())
    assert len(keys) >= 4
    wrong = []
    for number, key in enumerate(keys, start=1):
        (made.folder / "changes.json").write_text(json.dumps(keys[:number]))
        events, done = len(bigpanda.events()), len(cloud.done())
        run = made.up(skip_preview=True)
        assert run.ok, run.output
        names = {step["urn"].split("::", 3)[3] for step in cloud.done()[done:]}
        touched = {hosts[name] for name in names if name in hosts}
        may_be = {hosts[name] for name in reached[key] if name in hosts}
        sent = {h for e in bigpanda.events()[events:] if e["kind"] == "start" for h in e["body"]["hosts"]}
        if touched - sent or sent - (touched | may_be or names | reached[key]):
            wrong.append(f"{key}: sent {sorted(sent)}, touched {sorted(touched or names)}")
    assert wrong == [], f"{len(wrong)} of {len(keys)} single changes"
    assert {change["state"] for change in bigpanda.changes()} == {"success"}


def reaches(state: list[dict[str, Any]]) -> dict[str, set[str]]:
    """By key, the names of the resources that take an Output of each, directly or through others, as state has it."""
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
        _, _, kind, name = urn.split("::", 3)
        found[f"{kind.rpartition('$')[2]}::{name}"] = {one.split("::", 3)[3] for one in reached - {urn}}
    return found
