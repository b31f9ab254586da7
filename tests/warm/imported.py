"""What a warm Python has imported: what Pulumi's processes import, and this package but for its `__init__`.

Each process runs the package's `__init__` itself, since that has an effect: a program's resources are seen from then
on. The other modules have none when they are imported (`test_the_modules_of_this_package_change_nothing`).
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import pathlib
import pkgutil
import sys
import types
from collections.abc import Iterator, Sequence

LIBRARIES = (
    *("grpc", "grpc._channel", "grpc._interceptor", "grpc._server", "grpc._simple_stubs", "grpc.experimental"),
    *("pulumi", "pulumi.dynamic", "pulumi.automation", "dill", "yaml", "sqlite3", "html", "getpass"),
    *("pulumi.runtime.proto.language_pb2_grpc", "pulumi.runtime.proto.plugin_pb2", "google.protobuf.json_format"),
    *("pydantic", "requests", "typer", "rich.console", "rich.table"),
    *("pulumi.provider.experimental.server", "pulumi.runtime.proto.provider_pb2_grpc"),
)
PACKAGE = "bigpanda_provider"
FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / PACKAGE
LEFT_OUT = ("sandbox", "__main__")
"""No forked process imports the sandbox; a `__main__` would run when it is imported."""


class _Package(importlib.machinery.SourceFileLoader):
    """Finds the package, and runs its `__init__` with the modules that are already imported as its attributes."""

    def __init__(self, modules: dict[str, types.ModuleType]) -> None:
        super().__init__(PACKAGE, str(FOLDER / "__init__.py"))
        self._modules = modules

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, loader=self) if name == PACKAGE else None

    def exec_module(self, module: types.ModuleType) -> None:
        vars(module).update(self._modules)
        super().exec_module(module)


def import_libraries(*also: str) -> None:
    """Import what Pulumi's processes import, and what is named, as `pkgutil.resolve_name` takes it."""
    for name in (*LIBRARIES, *also):
        pkgutil.resolve_name(name)


def import_modules_of_package() -> None:
    """Import the package's modules, but not the package: an empty module stands in for it meanwhile."""
    stand_in = sys.modules[PACKAGE] = types.ModuleType(PACKAGE)
    stand_in.__path__ = [str(FOLDER)]
    for name in _names(PACKAGE, FOLDER):
        importlib.import_module(name)
    del sys.modules[PACKAGE]
    modules = {name: value for name, value in vars(stand_in).items() if isinstance(value, types.ModuleType)}
    sys.meta_path.insert(0, _Package(modules))


def _names(package: str, folder: pathlib.Path) -> Iterator[str]:
    for module in pkgutil.iter_modules([str(folder)]):
        if module.name not in LEFT_OUT:
            yield f"{package}.{module.name}"
            yield from _names(f"{package}.{module.name}", folder / module.name) if module.ispkg else ()
