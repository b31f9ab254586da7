"""The settings, and where each of them comes from.

One order for all of them, first found wins:

1. an option of the command line
2. an argument of an explicit provider
3. stack config, `bigpanda:<key>`
4. the environment, `BIGPANDA_<KEY>`
5. the default

No I/O, no Pulumi: the caller passes what it sees of config and environment.
"""

from __future__ import annotations

import enum
import ipaddress
import math
import pathlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

from .dataclass import dataclass
from .errors import SettingError
from .state import Api
from .tags import FOUND, Found

NAMESPACE = "bigpanda"
KEYS = (
    *("apiToken", "appKey", "api", "failedStatus", "context"),
    *("baseUrl", "region", "delivery", "timeoutSeconds", "clientCertificate"),
)
OPTIONS = {"apiToken": "--token-file", "appKey": "--app-key-file", "api": "--api", "delivery": "--delivery"}
"""The options of the command line, by the config key of what they set."""
SECRET_KEYS = ("apiToken", "appKey")
REGIONS = {"us": "https://api.bigpanda.io", "eu": "https://eu-api.bigpanda.io"}
DEFAULT_TIMEOUT_SECONDS = 10.0
LONGEST_TIMEOUT_SECONDS = 300.0

TOKENLESS = (
    "there is no BigPanda token, so no event can be sent. Set one with `pulumi config set --secret bigpanda:apiToken` "
    "or `export BIGPANDA_API_TOKEN=...`. To try without BigPanda, run `python -m bigpanda_provider.sandbox` and set "
    "bigpanda:baseUrl to the address that it prints; any token will do there."
)
KEYLESS = (
    "there is no app key, which BigPanda's Changes API needs beside the token, so no event can be sent. Set one with "
    "`pulumi config set --secret bigpanda:appKey` or `export BIGPANDA_APP_KEY=...`."
)
PROVIDER_TOKENLESS = (
    "this provider has no BigPanda token, so it can send no event. Set its apiToken or `export BIGPANDA_API_TOKEN=...`."
)
PROVIDER_KEYLESS = (
    "this provider has no app key, which BigPanda's Changes API needs beside the token, so it can send no event. Set "
    "its appKey or `export BIGPANDA_APP_KEY=...`."
)
MISSING = (TOKENLESS, KEYLESS, PROVIDER_TOKENLESS, PROVIDER_KEYLESS)
"""What `Settings.missing` says: first what is missing, then what to do."""

T = TypeVar("T")


class Source(str, enum.Enum):
    """Where a setting was found."""

    OPTION = "option"
    ARGUMENT = "provider argument"
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


class FailedStatus(str, enum.Enum):
    """What the Changes API is told of a deployment that failed: it has no status for that."""

    CANCELED = "Canceled"
    DONE = "Done"


@dataclass(frozen=True)
class Setting(Generic[T]):
    """A value and where it comes from.

    Attributes:
        value: the value.
        source: which of the places it was found in.
        name: what it is called there: `--api`, `bigpanda:baseUrl`, `BIGPANDA_BASE_URL`; a default's is that of the
            place where it would be set first.
    """

    value: T
    source: Source
    name: str

    def __str__(self) -> str:
        return _found_at(self.name, self.source)


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
        app_key: the app key, which the Changes API takes beside the token; its value is None where none is set.
        api: which of BigPanda's APIs records deployments that begin.
        failed_status: what the Changes API is told of a deployment that failed.
        context: what is found out of a deployment, and sent with it.
        base_url: scheme, host and path prefix, without a slash at the end.
        delivery: what an event that does not get through does to the update.
        timeout_seconds: the time that one event may take, in seconds, retries and waits included.
        client_certificate: what the connection identifies itself with; its value is None where nothing is set. Whether
            its files can be used is for `certificate.check` to find out.
        region: the BigPanda whose address is taken where none is set.
        of_explicit_provider: whether they are those of an explicit provider, which reads no stack config.
    """

    token: Setting[Token | None]
    app_key: Setting[Token | None]
    api: Setting[Api]
    failed_status: Setting[FailedStatus]
    context: Setting[frozenset[Found]]
    base_url: Setting[str]
    delivery: Setting[Mode]
    timeout_seconds: Setting[float]
    client_certificate: Setting[ClientCertificate | None]
    region: Setting[str]
    of_explicit_provider: bool = False

    @classmethod
    def resolve(
        cls,
        config: Mapping[str, Any],
        environ: Mapping[str, str],
        explicit: Mapping[str, Any] | None = None,
        folder: pathlib.Path | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> Settings:
        """Find every setting.

        Args:
            config: the stack's config, keys with their namespace (`bigpanda:baseUrl`).
            environ: the environment, usually `os.environ`.
            explicit: what options say, by config key (`baseUrl`); None counts as not given.
            folder: what relative paths count from; the current folder, if None.
            arguments: what an explicit provider is given, by config key; None where this is no explicit provider.

        Raises:
            SettingError: a setting has a value that cannot be used; the sentence names it and where it comes from.
        """
        find = _Finder(config, environ, explicit or {}, arguments)
        region = find("region", _region, "us")
        return cls(
            token=find("apiToken", partial(_token, key="apiToken"), None),
            app_key=find("appKey", partial(_token, key="appKey"), None),
            api=find("api", partial(_one_of, Api), Api.DEPLOYMENTS),
            failed_status=find("failedStatus", partial(_one_of, FailedStatus), FailedStatus.CANCELED),
            context=find("context", _context, FOUND),
            base_url=find("baseUrl", base_url, REGIONS[region.value]),
            delivery=find("delivery", partial(_one_of, Mode), Mode.BEST_EFFORT),
            timeout_seconds=find("timeoutSeconds", _timeout, DEFAULT_TIMEOUT_SECONDS),
            client_certificate=find(
                "clientCertificate", partial(_client_certificate, folder=folder or pathlib.Path()), None
            ),
            region=region,
            of_explicit_provider=arguments is not None,
        )

    def missing(self, api: Api) -> str | None:
        """Why no event can be sent by that API: what has to be set first; None where nothing is missing."""
        if self.token.value is None:
            return PROVIDER_TOKENLESS if self.of_explicit_provider else TOKENLESS
        if api is Api.CHANGES and self.app_key.value is None:
            return PROVIDER_KEYLESS if self.of_explicit_provider else KEYLESS
        return None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that no log, state, error or repr may hold."""
        return tuple(one.value.reveal() for one in (self.token, self.app_key) if one.value is not None)


@dataclass(frozen=True)
class _Finder:
    config: Mapping[str, Any] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    explicit: Mapping[str, Any] = field(repr=False)
    arguments: Mapping[str, Any] | None = field(repr=False)

    def __call__(self, key: str, read: Callable[[Any], T], default: T) -> Setting[T]:
        in_config, in_environment = f"{NAMESPACE}:{key}", environment_name(key)
        places = (
            (Source.OPTION, OPTIONS.get(key, key), self.explicit.get(key)),
            (Source.ARGUMENT, key, (self.arguments or {}).get(key)),
            (Source.CONFIG, in_config, self.config.get(in_config)),
            (Source.ENVIRONMENT, in_environment, self.environ.get(in_environment)),
        )
        for source, name, found in places:
            if found is None or (source is Source.ENVIRONMENT and found == ""):
                continue
            try:
                return Setting(read(found), source, name)
            except ValueError as error:
                raise SettingError(f"{_found_at(name, source)} {error}") from None
        return Setting(default, Source.DEFAULT, in_config if self.arguments is None else key)


def _found_at(name: str, source: Source) -> str:
    """A setting's name and where that is; an option's name says that, and a default is nowhere yet."""
    return name if source in (Source.OPTION, Source.DEFAULT) else f"{name} ({source.value})"


def environment_name(key: str) -> str:
    """The environment variable of a config key: `baseUrl` is `BIGPANDA_BASE_URL`."""
    return "_".join([NAMESPACE, *re.split("(?=[A-Z])", key)]).upper()


def unknown_keys(config: Collection[str]) -> list[tuple[str, str | None]]:
    """The keys under `bigpanda:` that are unknown, each with the nearest one that is."""
    found = []
    for name in sorted(config):
        namespace, _, key = name.partition(":")
        if namespace == NAMESPACE and key not in KEYS:
            near = nearest(key)
            found.append((name, near and f"{NAMESPACE}:{near}"))
    return found


def nearest(key: str) -> str | None:
    """The known key that is nearest to an unknown one; None where none is near."""
    import difflib  # mostly every key is known

    near = difflib.get_close_matches(key.lower(), [k.lower() for k in KEYS], n=1)
    return next((k for k in KEYS if near and k.lower() == near[0]), None)


def complaints(config: Collection[str], is_secret: Callable[[str], bool]) -> list[str]:
    """What a user should be told of the stack's config: a token or an app key in plain text, and unknown keys.

    Args:
        config: the keys, with their namespace.
        is_secret: whether a key was set with `--secret`.
    """
    found = []
    for name in (f"{NAMESPACE}:{key}" for key in SECRET_KEYS):
        if name in config and not is_secret(name):
            found.append(f"{name} is stored in plain text; fix it with `pulumi config set --secret {name}`")
    for key, near in unknown_keys(config):
        found.append(unknown(key, near))
    return found


def unknown(key: str, near: str | None) -> str:
    """The sentence for an unknown setting, and the nearest known one."""
    return f"unknown setting {key}" + (f"; did you mean {near}?" if near else "")


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


def _token(value: Any, key: str) -> Token | None:
    what = _SECRET_NAMES[key]
    if not isinstance(value, str):
        raise ValueError(f"is not text; set the {what} with `pulumi config set --secret {NAMESPACE}:{key}`")
    if not value.strip():
        raise ValueError(f"is blank; set the {what}, or remove the setting")
    if not value.isascii() or not all(character.isprintable() and character != " " for character in value):
        raise ValueError(
            f"contains a line break, a space or another character that no {what} has; copy the {what} again"
        )
    return Token(value)


_SECRET_NAMES = {"apiToken": "token", "appKey": "app key"}


def _region(value: Any) -> str:
    text = _as_text(value, "us")
    if text not in REGIONS:
        raise ValueError(f"is not a BigPanda region; write one of: {', '.join(REGIONS)}")
    return text


Choice = TypeVar("Choice", bound=enum.Enum)
_CHOICES: dict[type[enum.Enum], str] = {Mode: "a delivery mode", Api: "a BigPanda API", FailedStatus: "a final status"}


def _one_of(choices: type[Choice], value: Any) -> Choice:
    try:
        return choices(value)
    except ValueError:
        names = ", ".join(choice.value for choice in choices)
        raise ValueError(f"is not {_CHOICES[choices]}; write one of: {names}") from None


def _context(value: Any) -> frozenset[Found]:
    """`all`, `none`, or names with commas between them."""
    text = _as_text(re.sub(r"\s*,\s*", ",", value) if isinstance(value, str) else value, "git_commit,git_branch")
    if text in ("all", "none"):
        return FOUND if text == "all" else frozenset()
    names = {one.value: one for one in Found}
    if unknown := [name for name in text.split(",") if name not in names]:
        raise ValueError(f"has the unknown name {unknown[0]!r}; write all, none, or some of: {','.join(names)}")
    return frozenset(names[name] for name in text.split(","))


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
