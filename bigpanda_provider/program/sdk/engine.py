"""What the engine is asked for."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import config as sdk_config
from pulumi.runtime import get_root_resource, settings
from pulumi.runtime.proto import resource_pb2

from .run import under_mocks

READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"
DYNAMIC_PROVIDERS = "pulumi-python:dynamic:none"
"""A function that is not there, of the plugin whose resources are dynamic ones."""
STARTING_LIMIT_S = 60.0


def stack_config() -> Mapping[str, Any]:
    """The stack's config as the program sees it, by whole keys; `pulumi.Config` shows keys that are known alone.

    Closed: it is empty; nothing of it is masked or complained about.
    """
    variable = getattr(sdk_config, "CONFIG", None)
    found: Mapping[str, Any] = {} if variable is None else variable.get()
    return found


def supports(feature: str) -> bool:
    """Whether the SDK and the engine know a feature, named as in the protocol: `RESOURCE_MONITOR_FEATURE_ERROR_HOOKS`.

    Closed: they do not, so no hooks are registered.
    """
    value, ask = getattr(resource_pb2, feature, None), getattr(settings, "monitor_supports_feature", None)
    return value is not None and ask is not None and bool(ask(value))


def start_dynamic_providers() -> bool:
    """Have the engine start the process of the dynamic providers now, while the program goes on with its declarations.

    It is started by the first thing that needs it: usually a registration, and these wait for the program. An invoke
    is answered at once. The engine refuses this one, for a dependency that is no URN, when the process is there and
    before it is asked for anything, so nothing is shown and state does not change. Closed, or an engine that does not
    look at dependencies and would pass the invoke on: the process is started as usual.

    Returns:
        Whether it was asked to, now or before. The call lasts as long as the stack of this run.
    """
    root = get_root_resource()
    if root is None:
        return False
    if root in _starting:
        return True
    with contextlib.suppress(Exception):  # the import of this package is not to fail for it
        if not under_mocks() and supports("RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON"):
            request = resource_pb2.ResourceInvokeRequest(tok=DYNAMIC_PROVIDERS, dependsOn=["none"])
            monitor: Any = settings.get_monitor()
            _starting[root] = monitor.Invoke.future(request, timeout=STARTING_LIMIT_S)
            return True
    return False


_starting: weakref.WeakKeyDictionary[pulumi.Resource, object] = weakref.WeakKeyDictionary()
"""The calls that start them, by the stack of the run: one that nobody keeps is cancelled."""


async def checkpoint_outputs(
    stack: str, type_prefix: str, wanted: Callable[[str], Sequence[str]]
) -> Mapping[str, Mapping[str, Any]]:
    """The resources in the last checkpoint of a stack, by URN, each with `type` and `outputs`.

    All outputs of those whose types begin with the prefix; of others the texts that are wanted, and no resource that
    has none: a stack may hold 1,000s of resources, of some MB.

    The SDK's own invoke would look up each resource that an output refers to; it is not registered yet, so that fails,
    and the program with it. The monitor's `Invoke` takes a request that says that references are to be plain values.

    Args:
        stack: the stack's full name.
        type_prefix: the beginning of types.
        wanted: the paths of the outputs that are wanted of any other type: "tags.Name".

    Raises:
        Exception: whatever the engine or the SDK raises, a closed door included: the look-up has failed.
    """
    monitor = settings.get_monitor()
    return await asyncio.get_running_loop().run_in_executor(None, _ask, monitor, stack, type_prefix, wanted)


def _ask(monitor: Any, stack: str, type_prefix: str, wanted: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    from google.protobuf import json_format  # the provider process loads this module, and asks for no checkpoint

    arguments = struct_pb2.Struct()
    arguments["stackName"] = stack
    request = resource_pb2.ResourceInvokeRequest(tok=READ_OUTPUTS, args=arguments, acceptResources=False)
    answer: struct_pb2.Struct = getattr(monitor.Invoke(request), "return")
    found: dict[str, Any] = {}
    for urn, one in answer.fields["outputs"].struct_value.fields.items():
        kind = one.struct_value["type"]
        if kind.startswith(type_prefix):
            found[urn] = json_format.MessageToDict(one)
        elif (paths := wanted(kind)) and (texts := _texts(one.struct_value.fields["outputs"], paths)):
            found[urn] = {"type": kind, "outputs": texts}
    return found


def _texts(outputs: struct_pb2.Value, paths: Iterable[str]) -> dict[str, Any]:
    """What is a text at one of the paths, as maps in maps."""
    found: dict[str, Any] = {}
    for path in paths:
        *maps, last = path.split(".")
        value, into = outputs, found
        for name in (*maps, last):
            value = value.struct_value.fields.get(name, struct_pb2.Value())
        if value.HasField("string_value"):
            for name in maps:
                into = into.setdefault(name, {})
            into[last] = value.string_value
    return found
