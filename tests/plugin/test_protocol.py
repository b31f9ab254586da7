"""The plugin's process, called as the engine calls it: what no YAML program lets through, and when it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from bigpanda_provider.plugin import start
from bigpanda_provider.provider.unknown import UNKNOWN
from tests.engine import ROOT

LIMIT_S = 30
COMMAND = [sys.executable, "-m", "bigpanda_provider.plugin"]
ENGINE = "127.0.0.1:9"
"""Where nothing listens: no engine is needed here."""
SIGNATURE, SECRET = rpc._special_sig_key, rpc._special_secret_sig
URN = "urn:pulumi:dev::test::{}::{}"


@dataclass
class Plugin:
    """A plugin that runs."""

    process: subprocess.Popen[str]
    stub: Any


@pytest.fixture
def plugin(tmp_path: Any) -> Iterator[Plugin]:
    """A running plugin, whose standard input is a pipe as the engine's is."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BIGPANDA_OUTBOX": str(tmp_path / "outbox.db")}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, ENGINE], cwd=tmp_path, env=environment, **pipes) as process:
        assert process.stdout is not None
        try:
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                yield Plugin(process, provider_pb2_grpc.ResourceProviderStub(channel))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def struct(**values: Any) -> struct_pb2.Struct:
    """Properties as the protocol has them."""
    return json_format.ParseDict(values, struct_pb2.Struct())


def failures(answer: Any) -> list[tuple[str, str]]:
    """What a check found."""
    return [(one.property, one.reason) for one in answer.failures]


def test_an_unknown_argument(plugin: Plugin) -> None:
    """The nearest known one is named; what Pulumi itself adds is no argument of the user."""
    urn = URN.format("pulumi:providers:bigpanda", "mine")
    given = struct(apiTokn="x", version="1.0.0", __internal={})
    answer = plugin.stub.CheckConfig(pb.CheckRequest(urn=urn, news=given), timeout=LIMIT_S)
    assert failures(answer) == [("apiTokn", "unknown setting apiTokn; did you mean apiToken?")]


def test_an_argument_that_is_not_known_yet(plugin: Plugin) -> None:
    """In a preview, of what another resource makes: it is checked in the update."""
    urn = URN.format("pulumi:providers:bigpanda", "mine")
    given = struct(apiToken=UNKNOWN, baseUrl=UNKNOWN, region="eu")
    answer = plugin.stub.CheckConfig(pb.CheckRequest(urn=urn, news=given), timeout=LIMIT_S)
    assert failures(answer) == []


def test_an_unknown_property(plugin: Plugin) -> None:
    """As above, of a resource."""
    plugin.stub.Configure(pb.ConfigureRequest(), timeout=LIMIT_S)
    urn = URN.format("bigpanda:index:Deployment", "shop")
    given = struct(component="shop", version="1", hosts=["a"], descripton="x", zzz=1)
    first, second = failures(plugin.stub.Check(pb.CheckRequest(urn=urn, news=given), timeout=LIMIT_S))
    assert first == ("descripton", "is unknown; did you mean description?")
    assert second[1].startswith("is unknown; write one of: component, description, hosts")


def test_no_hosts(plugin: Plugin) -> None:
    """They are not found out here: there is no scope."""
    plugin.stub.Configure(pb.ConfigureRequest(), timeout=LIMIT_S)
    urn = URN.format("bigpanda:index:Deployment", "shop")
    answer = plugin.stub.Check(
        pb.CheckRequest(urn=urn, news=struct(component="shop", version="1", hosts=None)), timeout=LIMIT_S
    )
    assert failures(answer) == [("hosts", 'is missing; write a list of host names: ["web-1", "web-2"]')]


def test_a_secret_that_is_too_short_to_be_masked(plugin: Plugin) -> None:
    """A tag may hold it by chance, so it stays secret as it is."""
    plugin.stub.Configure(pb.ConfigureRequest(), timeout=LIMIT_S)
    urn = URN.format("bigpanda:index:Deployment", "shop")
    short, long = ({SIGNATURE: SECRET, "value": text} for text in ("abc", "abcdefgh"))
    given = struct(component="shop", version="1", hosts=["a"], tags={"short": short, "long": long})
    answer = plugin.stub.Check(pb.CheckRequest(urn=urn, news=given), timeout=LIMIT_S)
    assert failures(answer) == []
    tags = json_format.MessageToDict(answer.inputs)["tags"]
    assert tags["short"] == short
    assert "abcdefgh" not in str(tags)


def test_what_is_for_machines_is_no_part_of_a_diff(plugin: Plugin) -> None:
    """Of a start that is known already, a preview shows what people read, and of that what differs."""
    plugin.stub.Configure(pb.ConfigureRequest(), timeout=LIMIT_S)
    urn = URN.format("bigpanda:index:Completion", "done")
    stored = {"component": "shop", "hosts": ["a"], "name": "shop", "stack": "organization/test/dev"}
    old, new = ({**stored, "version": one, "attempt": one, "delivery": "delivered"} for one in ("1", "2"))
    inputs = [struct(start=start.given(one), status="success") for one in (old, new)]
    plugin.stub.Check(pb.CheckRequest(urn=urn, olds=inputs[0], news=inputs[1]), timeout=LIMIT_S)
    known = struct(**old, status="success")
    asked = pb.DiffRequest(urn=urn, id="1", olds=known, old_inputs=inputs[0], news=inputs[1])
    answer = plugin.stub.Diff(asked, timeout=LIMIT_S)
    assert answer.changes == pb.DiffResponse.DIFF_SOME
    assert set(answer.detailedDiff) == {"start.attempt", "start.version"}


def test_an_unknown_type(plugin: Plugin) -> None:
    """One sentence, with the types that there are."""
    plugin.stub.Configure(pb.ConfigureRequest(), timeout=LIMIT_S)
    with pytest.raises(grpc.RpcError) as told:
        plugin.stub.Check(pb.CheckRequest(urn=URN.format("bigpanda:index:Deploy", "x")), timeout=LIMIT_S)
    types = "bigpanda:index:Deployment or bigpanda:index:Completion"
    assert told.value.details() == f"there is no resource type bigpanda:index:Deploy; use {types}"


def test_the_schema_is_answered_without_settings(plugin: Plugin) -> None:
    """The engine asks a process of its own for it, which need not load the lifecycle."""
    answer = plugin.stub.GetSchema(pb.GetSchemaRequest(version=0), timeout=LIMIT_S)
    assert '"name": "bigpanda"' in answer.schema


@pytest.mark.parametrize("configured", [False, True])
@pytest.mark.parametrize("end", ["SIGINT", "SIGTERM", "standard input"])
def test_it_ends(plugin: Plugin, end: str, configured: bool) -> None:
    """When it is told so, and when the engine is gone."""
    if configured:
        plugin.stub.Configure(pb.ConfigureRequest(), timeout=LIMIT_S)
    act: Callable[[], None]
    if end == "standard input":
        assert plugin.process.stdin is not None
        act = plugin.process.stdin.close
    else:
        number = getattr(signal, end)

        def act() -> None:
            plugin.process.send_signal(number)

    act()
    assert plugin.process.wait(LIMIT_S) in (0, 1)


def test_it_is_no_command_for_people() -> None:
    """Who types it is told what it is for."""
    run = subprocess.run(
        COMMAND, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 1
    assert run.stderr.startswith("pulumi-resource-bigpanda is started by Pulumi")
