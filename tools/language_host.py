"""The language host of the engine that `tools/engine.py` builds: it runs programs in Python, TypeScript and Go.

The official hosts are in no package registry. What the engine needs of one is small: it starts this file, reads a port
from the first line of standard output, and calls `Run` or `RunPlugin` with what to run. Python and Node start what the
SDK has for that, `pulumi-language-python-exec`, which lies beside this file, and `@pulumi/pulumi/cmd/run`; a program in
Go is built, and finds everything in its environment.

The first argument is the language (`python`, `nodejs`, `go`), and the last one the engine's address. Python alone has
plugins.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import IO, TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2, json_format

if TYPE_CHECKING:
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2
else:

    def _stubs() -> Iterator[types.ModuleType]:
        """The modules of the SDK's gRPC stubs that are used here."""
        for name in ("language_pb2", "language_pb2_grpc", "plugin_pb2"):
            yield importlib.import_module(f"pulumi.runtime.proto.{name}")

    def _skip_packages() -> None:
        """Put a package in the place of each one around the stubs that has its folder and nothing else."""
        spec = importlib.util.find_spec("pulumi")
        folders = spec.submodule_search_locations if spec else None
        for name, below in (("pulumi", ""), ("pulumi.runtime", "runtime"), ("pulumi.runtime.proto", "runtime/proto")):
            package = types.ModuleType(name)
            package.__path__ = [str(pathlib.Path(folder) / below) for folder in folders or ()]
            sys.modules[name] = package

    # The engine starts this host twice for a preview and three times for an update, and waits for it each time. The
    # packages around the stubs import the whole SDK, which doubles the time, and the stubs of 3.272 need nothing of it.
    # Those of a later SDK may: then all of it is imported. A warm Python (`tests/warm`) has it already.
    if "pulumi" not in sys.modules:
        _skip_packages()
    try:
        language_pb2, language_pb2_grpc, plugin_pb2 = _stubs()
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "pulumi"]:
            del sys.modules[name]
        language_pb2, language_pb2_grpc, plugin_pb2 = _stubs()

EXEC = pathlib.Path(__file__).with_name("pulumi-language-python-exec")
NODE_EXEC = "node_modules/@pulumi/pulumi/cmd/run/index.js"
# Each SDK's exit code for "the user has been told already" (their source).
TOLD_THE_USER = 32
MAX_MESSAGE_BYTES = 400 * 1024 * 1024
# How often to look whether the engine is still there, seconds.
WATCH_SECONDS = 1.0
# Each plugin that runs takes one for as long as it does.
WORKERS = 32
PIECE_BYTES = 64 * 1024


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine's calls; all but `Run` and `RunPlugin` have nothing to say.

    Args:
        start: makes the commands that build and start a program, and what their environment has beside the config.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self._programs: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, request: Any, context: Any) -> Any:
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="0.1.0")

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        return language_pb2.GetRequiredPluginsResponse()

    def About(self, request: Any, context: Any) -> Any:
        return language_pb2.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        return language_pb2.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        return iter(())

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:
        """Run the program to its end; what it prints goes to the engine through this process's own output."""
        config = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        code = 0
        with tempfile.TemporaryDirectory(prefix="pulumi-program-") as scratch:
            try:
                commands, more = self._start(request, pathlib.Path(scratch))
                for command in commands:
                    code = code or self._wait(command, request.pwd or None, {**os.environ, **config, **more})
            except (OSError, ValueError) as error:
                return language_pb2.RunResponse(error=f"the program could not be started: {error}")
        if code == TOLD_THE_USER:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}" if code else "")

    def _wait(self, command: list[str], folder: str | None, environment: dict[str, str]) -> int:
        """The exit code of a command, once it has ended."""
        program = subprocess.Popen(command, cwd=folder, env=environment)
        self._programs.add(program)
        try:
            return program.wait()
        finally:
            self._programs.discard(program)

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a plugin until it ends, or the engine has no more use for it; its output is the answer.

        As with the official host, it has no standard input, and is killed after the engine's `Cancel`.
        """
        info = request.info
        if self._start is not _start_python:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "this language host runs plugins in Python alone")
        try:
            plugin = subprocess.Popen(
                [_python(info), "-u", info.program_directory, *request.args],
                cwd=request.pwd or None,
                env=dict(one.split("=", 1) for one in request.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except (OSError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"the plugin could not be started: {error}")
        self._programs.add(plugin)
        context.add_callback(plugin.kill)
        try:
            for is_error, piece in _pieces(plugin.stdout, plugin.stderr):
                answer = language_pb2.RunPluginResponse
                yield answer(stderr=piece) if is_error else answer(stdout=piece)
            yield language_pb2.RunPluginResponse(exitcode=plugin.wait())
        finally:
            self._programs.discard(plugin)

    def stop(self) -> bool:
        """End what is still running: the engine is gone or wants this host to go. Returns whether there was any."""
        running = list(self._programs)
        for program in running:
            program.terminate()
        return bool(running)


def _pieces(output: IO[bytes] | None, errors: IO[bytes] | None) -> Iterator[tuple[bool, bytes]]:
    """What a process writes as it comes, each piece with whether it is of the errors, until both streams have ended."""
    pieces: queue.SimpleQueue[tuple[bool, bytes]] = queue.SimpleQueue()

    def read(stream: IO[bytes], is_error: bool) -> None:
        while piece := os.read(stream.fileno(), PIECE_BYTES):
            pieces.put((is_error, piece))
        pieces.put((is_error, b""))

    for stream, is_error in ((output, False), (errors, True)):
        assert stream is not None
        threading.Thread(target=read, args=(stream, is_error), daemon=True).start()
    ended = 0
    while ended < 2:
        is_error, piece = pieces.get()
        if piece:
            yield is_error, piece
        else:
            ended += 1


Start = Callable[[Any, pathlib.Path], tuple[list[list[str]], dict[str, str]]]


def _start_python(request: Any, scratch: pathlib.Path) -> tuple[list[list[str]], dict[str, str]]:
    entry_point = request.info.entry_point or request.program or "."
    flags = ["--dry_run", "true" if request.dryRun else "false", "--root_directory", request.info.root_directory]
    command = [_python(request.info), "-u", str(EXEC), *_arguments(request), *flags]
    return [[*command, str(_folder(request) / entry_point), *request.args]], {}


def _start_node(request: Any, scratch: pathlib.Path) -> tuple[list[list[str]], dict[str, str]]:
    folder = _folder(request)
    found = [place / NODE_EXEC for place in (folder, *folder.parents) if (place / NODE_EXEC).is_file()]
    if not found:
        raise ValueError(f"there is no {NODE_EXEC} in {folder} or above it; run `npm install` first")
    flags = ["--dry-run"] if request.dryRun else []
    typescript = json_format.MessageToDict(request.info.options).get("typescript", True)
    command = ["node", str(found[0]), *_arguments(request), *flags, request.info.entry_point or ".", *request.args]
    return [command], {"PULUMI_NODEJS_TYPESCRIPT": json.dumps(typescript)}


def _start_go(request: Any, scratch: pathlib.Path) -> tuple[list[list[str]], dict[str, str]]:
    built = json_format.MessageToDict(request.info.options).get("binary")
    program = str(_folder(request) / built if built else scratch / "program")
    build = ["go", "build", "-C", str(_folder(request)), "-o", program, request.info.entry_point or "."]
    return [*([] if built else [build]), [program, *request.args]], {
        "PULUMI_PROJECT": request.project,
        "PULUMI_ROOT_DIRECTORY": request.info.root_directory,
        "PULUMI_STACK": request.stack,
        "PULUMI_ORGANIZATION": request.organization,
        "PULUMI_DRY_RUN": json.dumps(request.dryRun),
        "PULUMI_PARALLEL": str(request.parallel),
        "PULUMI_MONITOR": request.monitor_address,
        "PULUMI_ENGINE": sys.argv[-1],
    }


START: dict[str, Start] = {"python": _start_python, "nodejs": _start_node, "go": _start_go}


def _folder(request: Any) -> pathlib.Path:
    return pathlib.Path(request.info.program_directory or request.pwd)


def _arguments(request: Any) -> list[str]:
    """What both the Python and the Node SDK are given for a run."""
    return [
        *("--monitor", request.monitor_address),
        *("--engine", sys.argv[-1]),
        *("--project", request.project),
        *("--stack", request.stack),
        *("--pwd", request.pwd),
        *("--parallel", str(request.parallel)),
        *("--organization", request.organization),
    ]


def _python(info: Any) -> str:
    """The program's Python: the virtual environment that `Pulumi.yaml` names, else `PULUMI_PYTHON_CMD` or `python3`.

    Raises:
        ValueError: the toolchain is not one that this host knows, or the environment is not there.
    """
    options = json_format.MessageToDict(info.options)
    toolchain, folder = options.get("toolchain", "pip"), options.get("virtualenv")
    if toolchain == "uv":
        folder = folder or ".venv"
    elif toolchain != "pip":
        raise ValueError(
            f"toolchain {toolchain!r} is not known here; set `virtualenv` in Pulumi.yaml to its environment"
        )
    if folder is None:
        return os.environ.get("PULUMI_PYTHON_CMD", "python3")
    python = pathlib.Path(info.root_directory) / folder / "bin" / "python"
    if not python.is_file():
        raise ValueError(
            f"Pulumi.yaml names the virtual environment {folder!r}, but there is no {python}; create it first"
        )
    return str(python)


def main() -> None:
    """Serve until the engine says stop, or is no more."""
    host = Host(START[sys.argv[1]])
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=WORKERS),
        options=[("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)],
    )
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    engine = os.getppid()
    server.start()
    print(port, flush=True)
    while not stopped.is_set() and os.getppid() == engine:
        stopped.wait(WATCH_SECONDS)
    running = host.stop()
    server.stop(0)
    if not running:
        os._exit(0)  # the engine waits, and the interpreter takes 20 ms to put away what is not needed any more


if __name__ == "__main__":
    main()
