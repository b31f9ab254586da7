"""Digests of what resources are declared with: the same in every process and on every machine.

What cannot be known when a resource is declared, or must not be guessed back from a digest, counts as a constant: an
Output, anything secret (which is an Output), an awaitable.
"""

from __future__ import annotations

import enum
import hashlib
import json
import os
import pathlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pulumi

from .sdk.values import input_values

LENGTH = 8
"""Hexadecimal digits of a digest: it has to tell a resource's inputs from those of the run before, no more."""

_OUTPUT = "\0output"
_PROVIDER = "__provider"
"""The pickled provider of a dynamic resource, which differs from one Python to the next."""

_AS_THEY_ARE = frozenset({str, bool, int, type(None)})
_CHUNK = 1 << 20
_as_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def digest(props: Mapping[str, Any], ignored: Iterable[str] = ()) -> str:
    """A short digest of a resource's inputs.

    Args:
        props: the inputs as the program gave them.
        ignored: the property paths of `ignore_changes`.
    """
    plain = _plain(props)
    plain.pop(_PROVIDER, None)
    for path in ignored:
        if segments := _segments(path):  # an empty path names nothing
            _leave_out(plain, segments)
    return hashlib.sha256(_as_json(plain).encode()).hexdigest()[:LENGTH]


def taken(value: Any) -> Iterator[pulumi.Output[Any] | pulumi.Resource]:
    """Every Output and every resource that stands anywhere in inputs."""
    if isinstance(value, (pulumi.Output, pulumi.Resource)):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from taken(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from taken(inner)
    elif isinstance(value, pulumi.AssetArchive):
        yield from taken(value.assets)
    elif (values := input_values(value)) is not None:
        yield from taken(values)


def _plain(value: Any) -> Any:
    """The value as JSON has it: equal values are equal, whatever form they were given in."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is float:
        return int(value) if value.is_integer() else repr(value)
    if kind is not dict and isinstance(value, enum.Enum):
        return _plain(value.value)
    if kind is dict or isinstance(value, Mapping):
        return {
            str(key): inner if type(inner) in _AS_THEY_ARE else _plain(inner)
            for key, inner in value.items()
            if inner is not None
        }
    if isinstance(value, (list, tuple)):
        return [inner if type(inner) in _AS_THEY_ARE else _plain(inner) for inner in value]
    if isinstance(value, float):
        return _plain(float(value))
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, (pulumi.Output, pulumi.Resource)) or hasattr(value, "__await__"):
        return _OUTPUT
    if isinstance(value, (pulumi.Asset, pulumi.Archive)):
        return _content(value)
    if (values := input_values(value)) is not None:
        return _plain(values)
    return f"\0{type(value).__qualname__}"  # Pulumi cannot carry it and says so; its text might hold an address


def _content(asset: pulumi.Asset | pulumi.Archive) -> Any:
    """What is in an asset or archive: its content counts, not where it lies or when it was touched."""
    if isinstance(asset, pulumi.StringAsset):
        return ["\0text", asset.text]
    if isinstance(asset, (pulumi.RemoteAsset, pulumi.RemoteArchive)):
        return ["\0uri", asset.uri]
    if isinstance(asset, pulumi.AssetArchive):
        return ["\0assets", _plain(asset.assets)]
    path = pathlib.Path(os.fspath(getattr(asset, "path", "")))
    if not path.is_dir():
        return ["\0file", _file(path)]
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return ["\0folder", [[file.relative_to(path).as_posix(), _file(file)] for file in files]]


def _file(path: pathlib.Path) -> str | None:
    """The digest of a file's content; None where it cannot be read, of which Pulumi tells the user."""
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                content.update(chunk)
    except OSError:
        return None
    return content.hexdigest()


def _segments(path: str) -> list[str]:
    """A property path in its parts: 'spec.ports[0]["a.b"]' is spec, ports, 0, a.b."""
    return [quoted or plain for quoted, plain in re.findall(r'\["((?:[^"\\]|\\.)*)"\]|([^.\[\]]+)', path)]


def _leave_out(plain: Any, segments: list[str]) -> None:
    """Remove what the path names, in either spelling of its names."""
    first, rest = segments[0], segments[1:]
    if isinstance(plain, list):
        for index in range(len(plain)) if first == "*" else [int(first)] if first.isdigit() else []:
            if index < len(plain):
                if rest:
                    _leave_out(plain[index], rest)
                else:
                    plain[index] = None
    elif isinstance(plain, dict):
        for name in [name for name in plain if first == "*" or _spelled(name) == _spelled(first)]:
            if rest:
                _leave_out(plain[name], rest)
            else:
                del plain[name]


def _spelled(name: str) -> str:
    return name.replace("_", "").lower()
