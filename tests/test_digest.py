"""Digests of inputs: the same for what is the same, in every process, and another one for every change."""

from __future__ import annotations

import enum
import os
import pathlib
import subprocess
import sys
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bigpanda_provider.program.digest import digest, taken

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Size(str, enum.Enum):
    """As SDKs have them."""

    SMALL = "small"


@pulumi.input_type
class PortArgs:
    """As SDKs have them."""

    def __init__(self, *, container_port: int, host_ip: str | None = None) -> None:
        pulumi.set(self, "container_port", container_port)
        if host_ip is not None:
            pulumi.set(self, "host_ip", host_ip)

    @property
    @pulumi.getter(name="containerPort")
    def container_port(self) -> int:
        """The port."""
        return pulumi.get(self, "container_port")  # type: ignore[no-any-return]

    @property
    @pulumi.getter(name="hostIp")
    def host_ip(self) -> str | None:
        """The address."""
        return pulumi.get(self, "host_ip")  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}),
        ({"a": 1}, {"a": 1, "b": None}),
        ((1, 2), [1, 2]),
        (Size.SMALL, "small"),
        (PortArgs(container_port=80), {"container_port": 80}),
        ([{"p": PortArgs(container_port=80, host_ip="::")}], [{"p": {"host_ip": "::", "container_port": 80}}]),
        (10**30, 1e30) if int(1e30) == 10**30 else (2**60, float(2**60)),
        (pulumi.StringAsset("text"), pulumi.StringAsset("text")),
    ],
)
def test_what_is_the_same(one: Any, other: Any) -> None:
    """However it is written, it is the same declaration."""
    assert digest({"value": one}) == digest({"value": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (1, "1"),
        (None, ""),
        ([1, 2], [2, 1]),
        ([None], []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        (2**53, 2**53 + 2),
        (0.1, 0.2),
        (pulumi.StringAsset("a"), pulumi.StringAsset("b")),
        (pulumi.StringAsset("a"), "a"),
        (pulumi.RemoteAsset("https://a"), pulumi.RemoteAsset("https://b")),
        (pulumi.AssetArchive({"a": pulumi.StringAsset("a")}), pulumi.AssetArchive({"b": pulumi.StringAsset("a")})),
        (PortArgs(container_port=80), PortArgs(container_port=81)),
    ],
)
def test_what_is_a_change(one: Any, other: Any) -> None:
    """A change of an input is another digest."""
    assert digest({"value": one}) != digest({"value": other})


@given(JSON, JSON)
def test_any_inputs(one: Any, other: Any) -> None:
    """The order of keys never counts, and a plain value is equal exactly if its digest is (None being absent)."""

    def reordered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: reordered(inner) for key, inner in reversed(value.items())}
        return [reordered(inner) for inner in value] if isinstance(value, list) else value

    assert digest({"value": one}) == digest({"value": reordered(one)})
    if digest({"value": one}) == digest({"value": other}):
        assert repr(_bare(one)) == repr(_bare(other))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in sorted(value.items()) if inner is not None}
    if isinstance(value, list):
        return [_bare(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize(
    ("path", "props"),
    [
        ("value", {"value": 1}),
        ("imageId", {"image_id": 1}),
        ("image_id", {"image_id": 1}),
        ("spec.replicas", {"spec": {"replicas": 1}}),
        ('tags["a.b"]', {"tags": {"a.b": 1}}),
        ("list[0]", {"list": [1]}),
        ("list[*].size", {"list": [{"size": 1}]}),
    ],
)
def test_ignored_changes(path: str, props: dict[str, Any]) -> None:
    """What `ignore_changes` names is no change, in either spelling; the rest still is."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: other(inner) for key, inner in value.items()}
        return [other(inner) for inner in value] if isinstance(value, list) else 2

    assert digest(props, [path]) == digest(other(props), [path])
    assert digest(props) != digest(other(props))
    assert digest({**props, "more": 1}, [path]) != digest({**props, "more": 2}, [path])


def test_files_count_by_content(tmp_path: pathlib.Path) -> None:
    """A changed file is a change; a touched or moved one, or a folder elsewhere, is not."""
    file, folder = tmp_path / "a.txt", tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    file.write_text("one")
    (folder / "inner" / "b.txt").write_text("one")

    def both() -> tuple[str, str]:
        return digest({"a": pulumi.FileAsset(str(file))}), digest({"a": pulumi.FileArchive(str(folder))})

    before = both()
    os.utime(file, (1, 1))
    os.utime(folder / "inner" / "b.txt", (1, 1))
    assert both() == before
    moved = folder.rename(tmp_path / "moved")
    assert digest({"a": pulumi.FileArchive(str(moved))}) == before[1]
    folder = moved
    file.write_text("two")
    (folder / "inner" / "b.txt").write_text("two")
    assert all(now != then for now, then in zip(both(), before, strict=True))
    (folder / "inner" / "b.txt").rename(folder / "b.txt")
    assert digest({"a": pulumi.FileAsset("/nowhere")}) != before[0]


def test_the_provider_of_a_dynamic_resource_does_not_count() -> None:
    """It is pickled, which differs between Pythons."""
    assert digest({"__provider": "one", "a": 1}) == digest({"__provider": "other", "a": 1})


def test_an_object_that_pulumi_cannot_carry_has_no_address_in_it() -> None:
    """Its `repr` would differ from run to run."""
    assert digest({"a": object()}) == digest({"a": object()})


SCRIPT = """
from bigpanda_provider.program.digest import digest
print(digest({"b": {"y": [1, 2.5, True, None, "ä"], "x": {1: 2}}, "a": 2**70}))
"""


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_same_in_another_process(seed: str) -> None:
    """The hash seed does not count; the digest itself is written down, since states hold it."""
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.strip() == "623c3314"


def test_what_is_taken_is_found_anywhere() -> None:
    """Outputs in lists, maps, args classes and archives."""
    outputs = [pulumi.Output.from_input(number) for number in range(4)]
    port: Any = outputs[1]
    props = {"a": [{"b": outputs[0]}], "c": PortArgs(container_port=port), "d": outputs[2], "e": (outputs[3],)}
    assert list(taken(props)) == [outputs[0], outputs[1], outputs[2], outputs[3]]
