"""The settings, and where each of them comes from.

One order for all of them, first found wins:

1. an explicit argument
2. stack config, `bigpanda:<key>`
3. the environment, `BIGPANDA_<KEY>`
4. the default

No I/O, no Pulumi: the caller passes what it sees of config and environment.
"""

from __future__ import annotations

import difflib
import enum
import ipaddress
import math
import pathlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

from .errors import SettingError

NAMESPACE = "bigpanda"
KEYS = ("apiToken", "baseUrl", "region", "delivery", "timeoutSeconds", "clientCertificate")
REGIONS = {"us": "https://api.bigpanda.io", "eu": "https://eu-api.bigpanda.io"}
DEFAULT_TIMEOUT_SECONDS = 10.0
LONGEST_TIMEOUT_SECONDS = 300.0

TOKENLESS = (
    "there is no BigPanda token, so no event can be sent. Set one with `pulumi config set --secret bigpanda:apiToken` "
    "or `export BIGPANDA_API_TOKEN=...`. To try without BigPanda, run `python -m bigpanda_provider.sandbox` and set "
    "bigpanda:baseUrl to the address that it prints; any token will do there."
)

T = TypeVar("T")


class Source(str, enum.Enum):
    """Where a setting was found."""

    ARGUMENT = "argument"
    CONFIG = "stack config"
    ENVIRONMENT = "environment"
    DEFAULT = "default"


class Mode(str, enum.Enum):
    """What an event that does not get through does to the update.

    `BEST_EFFORT`: nothing, it waits. `REQUIRED`: the update fails. `OFF`: nothing is sent or kept.
    """

    BEST_EFFORT = "bestEffort"
    REQUIRED = "required"
    OFF = "off"


@dataclass(frozen=True)
class Setting(Generic[T]):
    """A value and where it comes from.

    Attributes:
        value: the value.
        source: which of the four places it was found in.
        name: what it is called there: `bigpanda:baseUrl`, `BIGPANDA_BASE_URL`.
    """

    value: T
    source: Source
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.source.value})"


class Token:
    """An API token that shows itself to nobody by accident; `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The token itself, for the Authorization header alone."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Token('***')"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a Token cannot be pickled")


@dataclass(frozen=True)
class ClientCertificate:
    """The files of a client certificate, in PEM form.

    Attributes:
        certificate: the path of the certificate, with those of its issuers where they are needed.
        key: the path of its private key; None where the certificate's file holds it too.
    """

    certificate: str
    key: str | None = None

    @property
    def files(self) -> str | tuple[str, str]:
        """As `requests` takes it."""
        return self.certificate if self.key is None else (self.certificate, self.key)


@dataclass(frozen=True)
class Settings:
    """What is needed to reach BigPanda.

    Attributes:
        token: the API token; its value is None where none is set.
        base_url: scheme, host and path prefix, without a slash at the end.
        delivery: what an event that does not get through does to the update.
        timeout_seconds: the time that one event may take, in seconds, retries and waits included.
        client_certificate: what the connection identifies itself with; its value is None where nothing is set. Whether
            its files can be used is for `certificate.check` to find out.
    """

    token: Setting[Token | None]
    base_url: Setting[str]
    delivery: Setting[Mode]
    timeout_seconds: Setting[float]
    client_certificate: Setting[ClientCertificate | None]

    @classmethod
    def resolve(
        cls,
        config: Mapping[str, Any],
        environ: Mapping[str, str],
        explicit: Mapping[str, Any] | None = None,
        folder: pathlib.Path | None = None,
    ) -> Settings:
        """Find every setting.

        Args:
            config: the stack's config, keys with their namespace (`bigpanda:baseUrl`).
            environ: the environment, usually `os.environ`.
            explicit: arguments by config key (`baseUrl`); None counts as not given.
            folder: what relative paths count from; the current folder, if None.

        Raises:
            SettingError: a setting has a value that cannot be used; the sentence names it and where it comes from.
        """
        find = _Finder(config, environ, explicit or {})
        region = find("region", _region, "us")
        return cls(
            token=find("apiToken", _token, None),
            base_url=find("baseUrl", base_url, REGIONS[region.value]),
            delivery=find("delivery", _mode, Mode.BEST_EFFORT),
            timeout_seconds=find("timeoutSeconds", _timeout, DEFAULT_TIMEOUT_SECONDS),
            client_certificate=find(
                "clientCertificate", partial(_client_certificate, folder=folder or pathlib.Path()), None
            ),
        )


@dataclass(frozen=True)
class _Finder:
    config: Mapping[str, Any] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    explicit: Mapping[str, Any] = field(repr=False)

    def __call__(self, key: str, read: Callable[[Any], T], default: T) -> Setting[T]:
        in_config, in_environment = f"{NAMESPACE}:{key}", environment_name(key)
        places = (
            (Source.ARGUMENT, key, self.explicit.get(key)),
            (Source.CONFIG, in_config, self.config.get(in_config)),
            (Source.ENVIRONMENT, in_environment, self.environ.get(in_environment)),
        )
        for source, name, found in places:
            if found is None or (source is Source.ENVIRONMENT and found == ""):
                continue
            try:
                return Setting(read(found), source, name)
            except ValueError as error:
                raise SettingError(f"{name} ({source.value}) {error}") from None
        return Setting(default, Source.DEFAULT, in_config)


def environment_name(key: str) -> str:
    """The environment variable of a config key: `baseUrl` is `BIGPANDA_BASE_URL`."""
    return "_".join([NAMESPACE, *re.split("(?=[A-Z])", key)]).upper()


def unknown_keys(config: Collection[str]) -> list[tuple[str, str | None]]:
    """The keys under `bigpanda:` that are unknown, each with the nearest one that is."""
    found = []
    for name in sorted(config):
        namespace, _, key = name.partition(":")
        if namespace == NAMESPACE and key not in KEYS:
            near = difflib.get_close_matches(key.lower(), [k.lower() for k in KEYS], n=1)
            nearest = next((k for k in KEYS if near and k.lower() == near[0]), None)
            found.append((name, nearest and f"{NAMESPACE}:{nearest}"))
    return found


def complaints(config: Collection[str], is_secret: Callable[[str], bool]) -> list[str]:
    """What a user should be told of the stack's config: a token in plain text, and unknown keys.

    Args:
        config: the keys, with their namespace.
        is_secret: whether a key was set with `--secret`.
    """
    token = f"{NAMESPACE}:apiToken"
    found = []
    if token in config and not is_secret(token):
        found.append(f"{token} is stored in plain text; fix it with `pulumi config set --secret {token}`")
    for key, nearest in unknown_keys(config):
        found.append(f"unknown setting {key}" + (f"; did you mean {nearest}?" if nearest else ""))
    return found


def base_url(value: Any) -> str:
    """The address without a slash at its end.

    Raises:
        ValueError: the value is no address, holds user info, a query or a fragment, or is `http` to another machine.
    """
    text = _as_text(value, "https://api.bigpanda.io")
    parts = urlsplit(text)
    if not parts.scheme or "://" not in text:
        raise ValueError("has no scheme; write it as https://api.bigpanda.io")
    if parts.scheme not in ("https", "http"):
        raise ValueError(f"has the scheme {parts.scheme}; write https://")
    try:
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("has an invalid port; write a number from 0 to 65535") from None
    if not host:
        raise ValueError("has no host; write it as https://api.bigpanda.io")
    if "@" in parts.netloc:
        raise ValueError("contains a user name or password; remove them, only the token is used")
    if parts.query or parts.fragment:
        raise ValueError("contains a query or a fragment; write only scheme, host and path")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError("uses http to another machine, which would send the token unencrypted; write https://")
    return urlunsplit((parts.scheme, parts.netloc, re.sub("/{2,}", "/", parts.path).rstrip("/"), "", ""))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(value: Any) -> Token | None:
    if not isinstance(value, str):
        raise ValueError("is not text; set the token with `pulumi config set --secret bigpanda:apiToken`")
    if not value.strip():
        raise ValueError("is blank; set the token, or remove the setting")
    if not value.isascii() or not all(character.isprintable() and character != " " for character in value):
        raise ValueError("contains a line break, a space or another character that no token has; copy the token again")
    return Token(value)


def _region(value: Any) -> str:
    text = _as_text(value, "us")
    if text not in REGIONS:
        raise ValueError(f"is not a BigPanda region; write one of: {', '.join(REGIONS)}")
    return text


def _mode(value: Any) -> Mode:
    try:
        return Mode(value)
    except ValueError:
        raise ValueError(f"is not a delivery mode; write one of: {', '.join(Mode)}") from None


def _timeout(value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number <= LONGEST_TIMEOUT_SECONDS:
        raise ValueError(f"is not a number of seconds from 1 to {LONGEST_TIMEOUT_SECONDS:.0f}; write it as 10")
    return number


def _client_certificate(value: Any, folder: pathlib.Path) -> ClientCertificate | None:
    """One path or two, with a comma between them, as other tools that take both in one value have it."""
    form = "write the path of a PEM file with certificate and private key, or two paths: cert.pem,key.pem"
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"is {'blank' if isinstance(value, str) else 'not text'}; {form}")
    if "-----BEGIN" in value:
        raise ValueError(f"contains the certificate or the key itself; {form}")
    names = [name.strip() for name in value.split(",")]
    if len(names) > 2 or not all(names):
        raise ValueError(f"names {'more than two files' if all(names) else 'an empty path'}; {form}")
    if not all(name.isprintable() for name in names):
        raise ValueError(f"contains a control character; {form}")
    try:
        paths = [str(folder / pathlib.Path(name).expanduser()) for name in names]
    except RuntimeError:
        raise ValueError("starts with ~, but there is no such home folder; write the full path") from None
    return ClientCertificate(*paths)


def _as_text(value: Any, example: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"is {'blank' if isinstance(value, str) else 'not text'}; write it as {example}")
    if any(character.isspace() or not character.isprintable() for character in value.strip()):
        raise ValueError(f"contains white space or a control character; write it as {example}")
    return value.strip()
