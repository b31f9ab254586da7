"""Get what programs in TypeScript and Go need, for the tests with them.

Each is the example's project with the packages that it pins, and with the plugin's classes in it, generated from
`schema.json` as `pulumi package add` does. They lie in the user's cache folder, once per machine.

.venv/bin/python -m tools.languages    needs npm and Go; `make languages` runs it
"""

from __future__ import annotations

import pathlib
import shutil
import sys
from collections.abc import Callable

from tools.engine import CACHE, GO_MINIMUM, TOOLS, EngineError, digest, find_go, lock, partial, run, say, version_of

EXAMPLES = TOOLS.parent / "examples"
SCHEMA = TOOLS.parent / "bigpanda_provider" / "plugin" / "schema.json"
GENERATOR_FILES = [TOOLS / "sdk_generator" / name for name in ("go.mod", "go.sum", "main.go")]
PACKAGES = [EXAMPLES / "typescript" / name for name in ("package.json", "package-lock.json")]
GO_FILES = [EXAMPLES / "go" / name for name in ("go.mod", "go.sum", "main.go")]

GENERATOR = CACHE / f"sdk-generator-{digest(*GENERATOR_FILES)}"
TYPESCRIPT = CACHE / f"typescript-{digest(*PACKAGES, *GENERATOR_FILES, SCHEMA)}"
"""Once it was had: the folder of the packages, `node_modules`."""
GO = CACHE / f"go-{digest(*GO_FILES, *GENERATOR_FILES, SCHEMA)}"
"""Once it was had: `go.mod` and `go.sum`, the plugin's classes in `sdks`, and the example's `program`."""

GO_CLASSES = "example.com/pulumi-bigpanda/sdk/go"
GO_ENVIRONMENT = {"GOTOOLCHAIN": "local", "GOWORK": "off"}
NPM_LIMIT_S = 600
BUILD_LIMIT_S = 1800


def main() -> int:
    """Make each available; print where it is. Exit code 1, with one sentence, where one cannot be had."""
    failed = 0
    for language, folder, get in (("TypeScript", TYPESCRIPT, get_typescript), ("Go", GO, get_go)):
        try:
            make(folder, get)
            print(f"{language}: {folder}")
        except (EngineError, OSError) as error:
            why = str(error).partition("; ")[0]
            print(f"{language}: {why}; the tests with it will be skipped", file=sys.stderr)
            failed = 1
    return failed


def make(folder: pathlib.Path, get: Callable[[pathlib.Path], None]) -> None:
    """Fill the folder, unless it is there."""
    if not folder.is_dir():
        with lock():
            if not folder.is_dir():
                get(folder)


def get_typescript(target: pathlib.Path) -> None:
    """The packages that the lock file names, by their hashes, and the compiled classes beside them."""
    generator()
    say("Fetching the packages of TypeScript from npm (half a minute; once)")
    with partial(target) as folder:
        for file in PACKAGES:
            shutil.copy(file, folder)
        # No package's own script runs.
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        run(command, limit_s=NPM_LIMIT_S, what="npm ci", cwd=folder)
        classes = folder / "node_modules" / "@pulumi" / "bigpanda"
        generate("nodejs", classes)
        compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
        run(["node", str(compiler), "-p", str(classes)], limit_s=NPM_LIMIT_S, what="tsc")
        shutil.copy(classes / "package.json", classes / "bin")


def get_go(target: pathlib.Path) -> None:
    """The example, built: Go keeps what it compiled, so that programs with the same packages are built in seconds."""
    go = shutil.which("go")
    if go is None or version_of([go, "version"]) < GO_MINIMUM:
        raise EngineError(f"there is no Go {'.'.join(map(str, GO_MINIMUM))} or newer on PATH")
    generator()
    say("Building the example in Go (3 to 10 minutes on 2 cores; once)")
    with partial(target) as folder:
        for file in GO_FILES:
            shutil.copy(file, folder)
        generate("go", folder / "sdks" / "bigpanda")
        classes = [f"-require={GO_CLASSES}@v0.0.0", f"-replace={GO_CLASSES}=./sdks/bigpanda"]
        for step in (["mod", "edit", *classes], ["build", "-o", "program", "."]):
            run([go, *step], limit_s=BUILD_LIMIT_S, what=f"go {step[0]}", cwd=folder, env=GO_ENVIRONMENT)
        (folder / "main.go").unlink()


def generate(language: str, folder: pathlib.Path) -> None:
    """Write the plugin's classes."""
    run([str(GENERATOR / "generate"), language, str(SCHEMA), str(folder)], limit_s=60, what="the generator of classes")


def generator() -> None:
    """Build the generator of classes from the Go module proxy, unless it is there."""
    if GENERATOR.is_dir():
        return
    with partial(GENERATOR) as folder:
        go = find_go(folder / "go")
        say("Building Pulumi's generator of classes from the Go module proxy (about a minute on 2 cores; once)")
        command = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / "generate"), "."]
        environment = {**GO_ENVIRONMENT, "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
        run(
            command,
            limit_s=BUILD_LIMIT_S,
            what="the build of the generator",
            cwd=TOOLS / "sdk_generator",
            env=environment,
        )
        shutil.rmtree(folder / "go", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
