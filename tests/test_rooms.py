"""The rooms of the package: which folder may import which, and what a process loads.

Three processes meet here: the user's program, the provider process, the runner. Data goes one way: program -> (engine)
-> provider -> delivery -> bigpanda.
"""

from __future__ import annotations

import ast
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

import bigpanda_provider

from .engine import Stack

PACKAGE = pathlib.Path(bigpanda_provider.__file__).parent

SHARED = {"errors", "settings", "state", "tags", "hosts", "dataclass"}
"""Modules of the top level that every folder but the sandbox may import."""

MAY_IMPORT: dict[str, set[str]] = {
    # one folder for each process, and what they send through
    "program": {"delivery", "bigpanda"},  # of delivery the outbox, where it leaves the reason of a failure
    "provider": {"delivery", "bigpanda"},
    "plugin": {"provider", "delivery", "bigpanda"},  # another front of the provider process
    "delivery": {"bigpanda", "context"},
    "bigpanda": set(),
    # what users import: the resources, which join the program with the provider that is stored in state
    "__init__": {"deployment", "record", "program"},
    "record": {"deployment", "program", "bigpanda"},
    "deployment": {"program", "provider", "bigpanda"},
    # the runner: on top of delivery, with what is pure of the program
    "release": {
        *{"delivery", "bigpanda"},
        *{"program.checkpoint", "program.reason", "program.covering"},
        "sandbox.__main__",  # `bigpanda-release sandbox` starts it
    },
    # the stand-in server, on its own: so no mistake can hide in both
    "sandbox": set(),
    # for all
    "errors": set(),
    "context": {"bigpanda"},
    "settings": set(),
    "state": set(),
    "tags": set(),
    "hosts": {"host_table"},
    "host_table": set(),
    "dataclass": set(),
}
"""What a folder or a module may import besides itself and SHARED: folders, or single modules of them."""

FOR_TYPES_ALONE = {("program", "deployment")}
"""What is imported only where types are checked, against the direction of data."""


@dataclass(frozen=True)
class Import:
    """An import of one of the package's modules by another; both as dotted names without the package's."""

    importer: str
    imported: str
    for_types: bool

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}"

    @property
    def room(self) -> str:
        """The folder of the importer, or the module where it is at the top level."""
        return self.importer.partition(".")[0]

    @property
    def allowed(self) -> bool:
        """Whether the tables have it."""
        other = self.imported.partition(".")[0]
        if other == self.room or (other in SHARED and self.room != "sandbox"):
            return True
        if self.for_types and (self.room, other) in FOR_TYPES_ALONE:
            return True
        return bool({other, self.imported} & MAY_IMPORT[self.room])


def module_of(file: pathlib.Path) -> str:
    """The dotted name of a file's module, without the package's; a folder's `__init__` is the folder."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {module_of(file) for file in FILES}


def imports_of(file: pathlib.Path) -> Iterator[Import]:
    """The imports of the package's own modules in a file, inside functions too."""
    tree = ast.parse(file.read_text())
    typing = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    folder = ["bigpanda_provider", *file.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{source}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "bigpanda_provider":
                # what is imported from a module is no module itself
                imported = rest if rest in MODULES else rest.rpartition(".")[0] or "__init__"
                yield Import(module_of(file), imported, node in typing)


IMPORTS = [found for file in FILES for found in imports_of(file)]


def test_each_folder_imports_what_it_may() -> None:
    """The tables above have every import; whoever adds an edge has to say so there."""
    assert sorted(str(found) for found in IMPORTS if not found.allowed) == []


def test_every_room_is_in_the_table() -> None:
    """And nothing else: a new folder has to say what it may import."""
    rooms = {module.partition(".")[0] for module in MODULES}
    assert rooms == set(MAY_IMPORT)
    named = {name for names in MAY_IMPORT.values() for name in names} | SHARED
    assert {name.partition(".")[0] for name in named} <= rooms


def test_the_imports_are_found() -> None:
    """The test above would also pass where it saw none: these three are written in three ways."""
    seen = {(found.importer, found.imported) for found in IMPORTS}
    assert {
        ("program.declared", "hosts"),
        ("release.cli.setup", "sandbox.__main__"),
        ("__init__", "deployment"),
    } <= seen


# -- what a process loads ----------------------------------------------------------------------------------------------

HEAVY = {"requests", "urllib3", "sqlite3", "pydantic", "fastapi"}
"""What sends, stores and validates: the provider process and the runner need it, the user's program does not."""

LOADED = """
import atexit, os, sys

@atexit.register
def tell():
    with open(os.environ["THING_JOURNAL"], "a") as journal:
        journal.write(" ".join(sorted({name.partition(".")[0] for name in sys.modules})) + "\\n")

with bigpanda.Deployment("shop", component="shop", version="1", hosts=["web-1"]):
    Thing("web")
bigpanda.record_program("other", version="1", hosts=["web-2"])
"""


def test_import_loads_nothing_heavy() -> None:
    """In a fresh interpreter."""
    code = "import sys; from bigpanda_provider import *; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(printed.stdout.split())
    assert "bigpanda_provider" in loaded
    assert not loaded & HEAVY


CONFIGURED = """
import gc, sys
from pulumi.dynamic import Config, ConfigureRequest
from bigpanda_provider.provider import DeploymentProvider

provider = DeploymentProvider()
provider.configure(ConfigureRequest(Config({}, "test")))
"""


def provider_process(code: str, folder: pathlib.Path) -> list[str]:
    """What a provider process prints, in words, that runs the code once it is configured."""
    environment = {**os.environ, "BIGPANDA_OUTBOX": str(folder / "outbox.db")}
    command = [sys.executable, "-c", CONFIGURED + code]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return printed.stdout.split()


def test_an_unchanged_deployment_loads_nothing_that_sends(tmp_path: pathlib.Path) -> None:
    """The provider process checks and compares, and that is all: it loads neither `pydantic` nor `requests`."""
    code = """
event = {"component": "shop", "version": "1", "hosts": ["web-1"]}
assert provider.check({}, event).failures == []
assert provider.check(event, event).failures == []
assert provider.diff("id", {**event, "attempt": "1", "delivery": "delivered"}, event).changes is False
print(*sys.modules)
"""
    loaded = set(provider_process(code, tmp_path))
    assert "sqlite3" in loaded  # it has asked the outbox
    assert not loaded & (HEAVY - {"sqlite3"})
    of_the_program = {name for name in loaded if name.startswith("bigpanda_provider.program.")}
    sdk = {f"bigpanda_provider.program.sdk{module}" for module in ("", ".engine", ".run")}
    assert of_the_program == {*sdk, "bigpanda_provider.program.seeing"}


def test_what_the_provider_process_has_loaded_is_not_looked_through_again(tmp_path: pathlib.Path) -> None:
    """Python looks through all objects when a process ends, and the engine waits for that."""
    frozen, left = map(int, provider_process("print(gc.get_freeze_count(), len(gc.get_objects()))", tmp_path))
    assert frozen > 10 * left


def test_every_dataclass_is_one_that_is_made_quickly() -> None:
    """But for what users may inherit from, and the sandbox, which imports nothing of the rest."""
    pythons = re.compile(r"^from dataclasses import .*\bdataclass\b|@dataclasses\.dataclass", re.M)
    found = {module_of(file) for file in FILES if pythons.search(file.read_text())}
    assert {name for name in found if not name.startswith("sandbox.")} == {"program.arguments"}


@pytest.mark.usefixtures("cold")
def test_a_program_loads_nothing_heavy_in_a_preview(stack: Callable[[str], Stack]) -> None:
    """A real program with all that declares a deployment, at its end: in a first preview, and in one of an update."""
    made = stack(LOADED)
    assert made.preview().ok
    run = made.up(skip_preview=True)
    assert run.ok, run.output
    made.journal.unlink()
    assert made.preview().ok
    loaded = set(made.journal.read_text().split())
    assert {"bigpanda_provider", "pulumi"} <= loaded
    assert not loaded & HEAVY
