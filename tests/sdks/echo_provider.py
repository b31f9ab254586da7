"""A provider plugin that stands in for any other: it makes nothing, and answers with its inputs and plausible outputs.

A stand-in, since no cloud can be had in a test. An executable named `pulumi-resource-<package>` that runs this file is
that package's plugin. The outputs follow the type annotations of the package's Python SDK; their values are a function
of the resource's URN alone. Environment:

    ECHO_LOG    a file that takes a JSON line for each create, update and delete that is done
    ECHO_SCHEMA a file with the package's schema, for languages that look there
    ECHO_FAIL   a regular expression: the create or update of a URN that matches it fails
    ECHO_HOLD   a file: no create or update is done before it is there
    ECHO_TAKES  the seconds that a create or update takes
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import pathlib
import re
import sys
import threading
import time
import typing
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi import _types
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
PACKAGE = pathlib.Path(sys.argv[0]).name.removeprefix("pulumi-resource-")
OUTPUTS_WITHOUT_SDK = ("arn", "url")


class Sdk:
    """The output properties of the package's resource types, as its Python SDK has them."""

    def __init__(self) -> None:
        self._importing = threading.Lock()
        self._classes: dict[str, tuple[str, str]] = {}
        spec = importlib.util.find_spec("pulumi_" + PACKAGE.replace("-", "_"))
        if spec is None or spec.origin is None:
            return
        found = re.search(r'resource_modules\s*=\s*"""(.*?)"""', pathlib.Path(spec.origin).read_text(), re.S)
        for entry in json.loads(found[1]) if found else []:
            self._classes.update({token: (entry["fqn"], name) for token, name in entry["classes"].items()})

    def outputs(self, token: str) -> dict[str, Any]:
        """The types of a resource's outputs, by name."""
        if token not in self._classes:
            return dict.fromkeys(OUTPUTS_WITHOUT_SDK, str)
        module, name = self._classes[token]
        with self._importing:
            return dict(_types.resource_types(getattr(importlib.import_module(module), name)))


SDK = Sdk()


def made_up(kind: Any, name: str, urn: str) -> Any:
    """A value of a type for an output; None for what no program here reads."""
    kind = _types.unwrap_type(kind)
    tag = hashlib.sha256(f"{urn}/{name}".encode()).hexdigest()[:8]
    if kind is str:
        return f"10.0.0.{int(tag[:2], 16)}" if re.search(r"(?i)ip$|address$", name) else f"{name}-{tag}"
    if kind is int:
        return 1
    if kind is bool:
        return True
    return [made_up(str, name, urn)] if typing.get_args(kind) == (str,) else None


def outputs(urn: str, given: struct_pb2.Struct, *, preview: bool) -> struct_pb2.Struct:
    """The inputs as they came, secrets and assets too, and what the inputs do not give."""
    result = struct_pb2.Struct()
    result.CopyFrom(given)
    for name, kind in SDK.outputs(urn.split("::")[2].rpartition("$")[2]).items():
        value = UNKNOWN if preview else made_up(kind, name, urn)
        if name not in result.fields and name not in ("id", "urn") and value is not None:
            json_format.ParseDict(value, result.fields[name])
    return result


def bare(value: Any) -> Any:
    """Without the wrapping of secrets."""
    if isinstance(value, dict):
        return bare(value["value"]) if value.get(SIGNATURE) == SECRET else {k: bare(v) for k, v in value.items()}
    return [bare(inner) for inner in value] if isinstance(value, list) else value


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """As a dict, without the wrapping of secrets."""
    return typing.cast("dict[str, Any]", bare(json_format.MessageToDict(struct)))


def done(operation: str, urn: str) -> None:
    """Write down what is done."""
    with open(os.environ["ECHO_LOG"], "a") as log:  # noqa: PTH123
        log.write(json.dumps({"operation": operation, "urn": urn, "at": time.time()}) + "\n")


def take_time_and_fail(urn: str, context: grpc.ServicerContext) -> None:
    """Take the time that ECHO_TAKES and ECHO_HOLD say, and fail where ECHO_FAIL says so."""
    while os.environ.get("ECHO_HOLD") and not pathlib.Path(os.environ["ECHO_HOLD"]).exists():
        time.sleep(0.05)
    time.sleep(float(os.environ.get("ECHO_TAKES") or 0))
    if os.environ.get("ECHO_FAIL") and re.search(os.environ["ECHO_FAIL"], urn):
        context.abort(grpc.StatusCode.UNKNOWN, "the cloud says no")


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The service that the engine calls; names and arguments are the protocol's."""

    def Handshake(self, request: Any, context: Any) -> Any:
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="0.0.0")

    def GetSchema(self, request: Any, context: Any) -> Any:
        file = os.environ.get("ECHO_SCHEMA")
        known = pathlib.Path(file).read_text() if file else json.dumps({"name": PACKAGE, "version": "0.0.0"})
        return pb.GetSchemaResponse(schema=known)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Check(self, request: Any, context: Any) -> Any:
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        olds, news = plain(request.old_inputs), plain(request.news)
        unknown = {name for name, value in news.items() if UNKNOWN in json.dumps(value)}
        changed = unknown | {name for name in {*olds, *news} if olds.get(name) != news.get(name)}
        changed -= set(request.ignoreChanges)
        kind = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(changes=kind, diffs=sorted(changed))

    def Create(self, request: Any, context: Any) -> Any:
        properties = outputs(request.urn, request.properties, preview=request.preview)
        if request.preview:
            return pb.CreateResponse(properties=properties)
        take_time_and_fail(request.urn, context)
        done("create", request.urn)
        return pb.CreateResponse(id=hashlib.sha256(request.urn.encode()).hexdigest()[:12], properties=properties)

    def Update(self, request: Any, context: Any) -> Any:
        if not request.preview:
            take_time_and_fail(request.urn, context)
            done("update", request.urn)
        return pb.UpdateResponse(properties=outputs(request.urn, request.news, preview=request.preview))

    def Delete(self, request: Any, context: Any) -> Any:
        done("delete", request.urn)
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Any) -> Any:
        properties = outputs(request.urn, request.properties, preview=False)
        return pb.ReadResponse(id=request.id, properties=properties, inputs=request.inputs)

    def Invoke(self, request: Any, context: Any) -> Any:
        answer = {**plain(request.args), "id": "found", "arn": "arn:found"}
        struct = struct_pb2.Struct()
        json_format.ParseDict(answer, struct)
        return pb.InvokeResponse(**{"return": struct})

    def Construct(self, request: Any, context: Any) -> Any:
        """A remote component with one child, both registered with the engine as a real one would."""
        with grpc.insecure_channel(request.monitorEndpoint) as channel:
            monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
            component = monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    object=request.inputs,
                    acceptSecrets=True,
                    dependencies=list(request.dependencies),
                    hooks=_hooks(request),
                )
            )
            monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(
                    type=f"{PACKAGE}:echo:Child",
                    name=f"{request.name}-child",
                    parent=component.urn,
                    custom=True,
                    acceptSecrets=True,
                    object=request.inputs,
                )
            )
            monitor.RegisterResourceOutputs(
                resource_pb2.RegisterResourceOutputsRequest(urn=component.urn, outputs=request.inputs)
            )
        return pb.ConstructResponse(urn=component.urn, state=request.inputs)


def _hooks(request: Any) -> Any:
    hooks = resource_pb2.RegisterResourceRequest.ResourceHooksBinding()
    for name in ("before_create", "after_create", "before_update", "after_update", "on_error"):
        getattr(hooks, name).extend(getattr(request.resource_hooks, name, ()))
    return hooks


def main() -> None:
    """Serve until the engine ends this process; the port is the first line of the output."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
    server.start()
    sys.stdout.flush()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(0)


if __name__ == "__main__":
    main()
