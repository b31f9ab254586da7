"""The table of host types, row by row against the SDKs that are installed."""

from __future__ import annotations

import ast
import functools
import importlib.util
import pathlib
import re

import pytest

from bigpanda_provider.host_table import TABLE

GONE = {
    "azure-native:cache:Redis": "before 3.0",
    "azure-native:cache:RedisEnterprise": "before 3.0",
    "azure-native:documentdb:DatabaseAccount": "before 3.0",
    "kubernetes:extensions/v1beta1:DaemonSet": "before 4.0",
    "kubernetes:extensions/v1beta1:Deployment": "before 4.0",
    "kubernetes:extensions/v1beta1:ReplicaSet": "before 4.0",
    "kubernetes:helm.sh/v2:Chart": "before 4.0",
    "kubernetes:helm.sh/v3:Chart": "a component that no list of the SDK names",
}
"""Types that programs use with older SDKs than the newest."""
FORMER = {"cloudflare:index/workerScript:WorkerScript": "name", "cloudflare:index/workersScript:WorkersScript": "name"}
"""What a type's input and output was called in older SDKs."""
REGISTERED = re.compile(r'"fqn": "([\w.]+)",\s*"classes": \{(.*?)\}', re.DOTALL)


@functools.cache
def _classes(package: str) -> dict[str, tuple[str, str]]:
    """The module and the class of each type, as the SDK registers them; none where it is not installed."""
    spec = importlib.util.find_spec("pulumi_" + package.replace("-", "_"))
    if spec is None or spec.origin is None:
        return {}
    found = {}
    for module, classes in REGISTERED.findall(pathlib.Path(spec.origin).read_text()):
        found.update({kind: (module, name) for kind, name in re.findall(r'"([^"]+)": "(\w+)"', classes)})
    return found


def _folder(module: str) -> pathlib.Path:
    package, *inner = module.split(".")
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return pathlib.Path(spec.origin).parent.joinpath(*inner)


@functools.cache
def _class(folder: pathlib.Path, name: str, files: str) -> ast.ClassDef:
    """A class of an SDK, read instead of imported: some of them take seconds and 100s of MB."""
    for file in sorted(folder.glob(files)):
        text = file.read_text()
        if f"class {name}(" in text or f"class {name}:" in text:
            return next(n for n in ast.parse(text).body if isinstance(n, ast.ClassDef) and n.name == name)
    raise AssertionError(f"no class {name} in {folder}")


def _inputs(of: ast.ClassDef) -> dict[str, str]:
    """The keyword arguments of a resource's constructor, with their annotations."""
    made = next(n for n in of.body if isinstance(n, ast.FunctionDef) and n.name == "_internal_init")
    return {one.arg: ast.unparse(one.annotation) for one in made.args.args if one.annotation is not None}


def _properties(of: ast.ClassDef) -> dict[str, tuple[str, str]]:
    """The properties of a class, with the provider's own spelling and their annotations."""
    found = {}
    for one in of.body:
        getters = [ast.unparse(d) for d in getattr(one, "decorator_list", ()) if "pulumi.getter" in ast.unparse(d)]
        if isinstance(one, ast.FunctionDef) and getters and one.returns is not None:
            spelled = re.search(r"name='(\w+)'", getters[0])
            found[one.name] = (spelled.group(1) if spelled else one.name, ast.unparse(one.returns))
    return found


def _inner(folder: pathlib.Path, annotation: str, files: str) -> ast.ClassDef | None:
    """The class of what stands in a property; None for a plain map."""
    names = re.findall(r"[\w.]+Args\b" if files == "_inputs.py" else r"[\w.]*outputs\.\w+", annotation)
    if not names:
        assert "Mapping[" in annotation, annotation
        return None
    *modules, name = names[0].split(".")
    for above in (folder, *folder.parents):
        inner = above.joinpath(*(one.strip("_") for one in modules if one not in ("outputs", "inputs")))
        if (inner / files).exists():
            return _class(inner, name, files)
    raise AssertionError(annotation)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@pytest.mark.parametrize("kind", TABLE)
def test_a_row_is_what_the_sdk_has(kind: str) -> None:
    """Each input and each output of it is one of the SDK's, and the provider spells it as it is looked up in state."""
    package = kind.partition(":")[0]
    classes = _classes(package)
    if not classes:
        pytest.skip(f"NOT TESTED: no SDK of {package}")
    if kind in GONE:
        pytest.skip(f"NOT TESTED: {kind} is of an SDK {GONE[kind]}")
    module, name = classes[kind]
    folder, naming = _folder(module), TABLE[kind]
    made = _class(folder, name, "[!_]*.py")
    inputs, outputs = _inputs(made), _properties(made)
    for path in set(naming.inputs) - {FORMER.get(kind)}:
        first, _, inner = path.partition(".")
        assert first in inputs, sorted(inputs)
        if inner and (of := _inner(folder, inputs[first], "_inputs.py")) is not None:
            assert inner in _properties(of)
    if "ComponentResource" in ast.unparse(made.bases[0]):
        return  # a component's state has what it registers
    for path in set(naming.in_state) - {FORMER.get(kind)}:
        first, _, inner = path.partition(".")
        assert first in outputs, sorted(outputs)
        assert outputs[first][0] == _camel(first)
        if inner and (of := _inner(folder, outputs[first][1], "outputs.py")) is not None:
            assert inner in _properties(of)


def test_the_table_is_sorted_and_has_no_type_twice() -> None:
    """So that a row is found by whoever adds one."""
    text = (pathlib.Path(__file__).parent.parent / "bigpanda_provider" / "host_table.py").read_text()
    for block in re.findall(r"^_\w+ = \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE):
        kinds = re.findall(r'^    "([^"]+)": ', block, re.MULTILINE)
        assert kinds == sorted(set(kinds))
