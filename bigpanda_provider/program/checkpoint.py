"""What the last run left behind: the last attempt of each Deployment, as the stack's last checkpoint has it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor

from ..bigpanda.text import clean

READ_LIMIT_S = 30.0
OWN_TYPES = "pulumi-python:dynamic/bigpanda:"
COMPLETION_TYPE = f"{OWN_TYPES}Completion"
READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"

_SUCCESS, _ARRIVED = "success", frozenset({"delivered", "rejected"})


@dataclass(frozen=True)
class Checkpoint:
    """The outputs of the stack's Deployments and Completions at the end of the last run.

    Attributes:
        outputs: by URN.
        ends: the outputs of the Completions, by the attempt that they carry.
    """

    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ends: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    async def read(cls, stack: str) -> Checkpoint:
        """Ask the engine for the last checkpoint of the stack (its full name). A look-up that fails finds nothing."""
        try:
            asked = asyncio.get_running_loop().run_in_executor(None, _ask, get_monitor(), stack)
            return cls.of(await asyncio.wait_for(asked, READ_LIMIT_S))
        except Exception as error:  # noqa: BLE001 - whatever it is, the deployment itself can go on
            pulumi.log.debug(f"bigpanda: the last checkpoint cannot be read: {type(error).__name__}")
            return cls()

    @classmethod
    def of(cls, resources: Mapping[str, Mapping[str, Any]]) -> Checkpoint:
        """From the stack's resources by URN, each with its `type` and `outputs`; other types are passed over."""
        ours = {urn: resource for urn, resource in resources.items() if resource["type"].startswith(OWN_TYPES)}
        outputs = {urn: resource.get("outputs") or {} for urn, resource in ours.items()}
        ends = {
            str(outputs[urn].get("attempt")): outputs[urn]
            for urn, resource in ours.items()
            if resource["type"] == COMPLETION_TYPE
        }
        return cls(outputs, ends)

    @cached_property
    def attempts(self) -> frozenset[str]:
        """The attempts that it knows of."""
        return frozenset(str(outputs["attempt"]) for outputs in self.outputs.values() if outputs.get("attempt"))

    @cached_property
    def sent(self) -> frozenset[str]:
        """The attempts that are known to have arrived."""
        ended = {attempt for attempt, end in self.ends.items() if end.get("delivery") in _ARRIVED}
        settled = {str(one) for outputs in self.outputs.values() for one in outputs.get("settled") or ()}
        return frozenset(ended | settled)

    def previous(self, urns: Collection[str]) -> dict[str, Any] | None:
        """The Deployment's input `previous`: how its last attempt ended, where that leaves something to do.

        Args:
            urns: the Deployment's URN and its aliases'.
        """
        last = next((self.outputs[urn] for urn in urns if urn in self.outputs), None)
        if last is None or last.get("attempt") is None or last.get("delivery") == "off":
            return None
        end = self.ends.get(str(last["attempt"]))
        if end is None:
            return {"attempt": last["attempt"], "status": "open"}
        if end.get("status") == _SUCCESS and end.get("delivery") in _ARRIVED:
            return None
        known = {name: end.get(name) for name in ("status", "delivery", "errorMessage")}
        if isinstance(known["errorMessage"], str):
            known["errorMessage"] = clean(known["errorMessage"])  # as an older version may have stored it
        return {"attempt": last["attempt"], **{name: value for name, value in known.items() if value is not None}}


def _ask(monitor: Any, stack: str) -> dict[str, Any]:
    """The stack's resources as the engine tells them.

    The SDK's own invoke would look up each resource that an output refers to; it is not registered yet, so that fails,
    and the program with it. The request says that references are to be plain values.
    """
    arguments = struct_pb2.Struct()
    arguments["stackName"] = stack
    request = resource_pb2.ResourceInvokeRequest(tok=READ_OUTPUTS, args=arguments, acceptResources=False)
    answer: struct_pb2.Struct = getattr(monitor.Invoke(request), "return")
    every = answer.fields["outputs"].struct_value.fields
    ours = {urn: one for urn, one in every.items() if one.struct_value["type"].startswith(OWN_TYPES)}
    return {urn: json_format.MessageToDict(one) for urn, one in ours.items()}
