"""The provider's configuration: of the default provider the stack's config, of an explicit one its arguments."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..bigpanda import certificate
from ..errors import Problem, SettingError
from ..provider.unknown import holds_unknown
from ..settings import KEYS, NAMESPACE, SECRET_KEYS, Settings, nearest, unknown
from .values import Values, plain_map

_OF_PULUMI = ("version", "pluginDownloadURL")
"""What Pulumi itself may add to a provider's arguments."""


def is_default(urn: str) -> bool:
    """Whether this is the provider that the engine makes from the stack's config."""
    return re.fullmatch("default(_.*)?", urn.rpartition("::")[2]) is not None


def places(given: Mapping[str, Any], *, explicit: bool) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What of the settings is the stack's config, and what an explicit provider's arguments."""
    if explicit:
        return {}, dict(given)
    return {f"{NAMESPACE}:{key}": value for key, value in given.items()}, None


def checked(urn: str, news: Values) -> tuple[Values, list[Problem]]:
    """The configuration, its secrets encrypted whatever the program says, and what is wrong with it.

    Args:
        urn: the provider's.
        news: what it is given; what is not known yet is checked when it is.
    """
    given = {name: value for name, value in plain_map(news).items() if not name.startswith("__")}
    known = {name: value for name, value in given.items() if name in KEYS and not holds_unknown(value)}
    problems = list(_unknown(given))
    if not problems:
        problems = [Problem("", told) for told in _wrong(known, explicit=not is_default(urn))]
    secret = {name: news[name].with_secret(True) for name in SECRET_KEYS if name in news}
    return {**news, **secret}, problems


def _unknown(given: Mapping[str, Any]) -> Iterator[Problem]:
    for name in sorted(given.keys() - {*KEYS, *_OF_PULUMI}):
        yield Problem(name, unknown(name, nearest(name)))


def _wrong(given: Mapping[str, Any], *, explicit: bool) -> Iterator[str]:
    folder = certificate.project_folder(pathlib.Path.cwd())
    config, arguments = places(given, explicit=explicit)
    try:
        certificate.check(Settings.resolve(config, os.environ, folder=folder, arguments=arguments))
    except SettingError as error:
        yield str(error)
