"""Where the outbox is: `BIGPANDA_OUTBOX` is a file, or the URL of a PostgreSQL database."""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import parse_qsl, unquote, urlsplit

from ...bigpanda.text import one_line
from ...dataclass import dataclass

VARIABLE = "BIGPANDA_OUTBOX"
PASSWORD = "PGPASSWORD"  # noqa: S105 - the name of a variable
SCHEMES = ("postgresql", "postgres")
EXAMPLE = "postgresql://USER@HOST/DATABASE"
"""What a URL looks like."""
NOT_VALID = f"{VARIABLE} is not a valid URL; write it as {EXAMPLE}"
SECRETS = ("password", "sslpassword")
"""What of a URL's query is secret."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_MEANT_AS_URL = re.compile(r"postgres(?:ql)?:|.*\bpassword\s*=", re.DOTALL | re.IGNORECASE)
"""What is no file: a URL that lacks a slash, and libpq's other notation. The file's name would hold the password."""
_HOST = re.compile(r"(?:\[[^]]*\]|[^:\[\]]*)(?::[0-9]*)?")


@dataclass(frozen=True)
class Url:
    """The URL of a database, which may hold a password: what is shown of it is `str`.

    Attributes:
        text: the URL, as libpq takes it.
    """

    text: str = field(repr=False)

    @property
    def problem(self) -> str | None:
        """Why it cannot be used, without a part of it that may be secret; None where it can."""
        scheme, rest = _parts(self.text)
        if not scheme:
            return NOT_VALID
        if scheme not in SCHEMES:
            return f"{scheme}:// is not supported; set {VARIABLE} to a file or to {EXAMPLE}"
        authority = re.split("[/?#]", rest, maxsplit=1)[0]
        if rest.count("@") > 1 or ("@" in rest and "@" not in authority):
            # libpq would take a part of the password for the host, and show it.
            return (
                f"the user name or the password in {VARIABLE} has a character that must be percent-encoded, "
                "such as %40 for @ and %2F for /; or omit the password and set PGPASSWORD"
            )
        return None if self._is_well_formed else NOT_VALID

    @property
    def _is_well_formed(self) -> bool:
        """Whether libpq takes each part for what it is, else it may show a password: as the port, or as an option."""
        try:
            parts = urlsplit(self.text)
        except ValueError:
            return False
        hosts = parts.netloc.rpartition("@")[2].split(",")
        options = parts.query.split("&") if parts.query else []
        return all(map(_HOST.fullmatch, hosts)) and all("=" in option for option in options)

    def __str__(self) -> str:
        """It without password and options."""
        scheme, _ = _parts(self.text)
        if self.problem is not None:
            return f"{scheme or SCHEMES[0]}://..."
        parts = urlsplit(self.text)
        credentials, _, host = parts.netloc.rpartition("@")
        user = credentials.partition(":")[0]
        service = dict(parse_qsl(parts.query)).get("service")
        more = f"?service={service}" if service else ""
        return one_line(f"{scheme}://{user}{'@' if user else ''}{host}{parts.path}{more}")

    def masked(self, text: str) -> str:
        """A text from outside in one line, without the passwords that the URL holds."""
        from ...bigpanda.masking import masked  # a database that can be used needs none of it

        return one_line(masked(text, self.secrets))

    @property
    def secrets(self) -> frozenset[str]:
        """The passwords that it holds; all of it where it is not clear what these are."""
        if self.problem is not None:
            return frozenset({_parts(self.text)[1]})
        parts = urlsplit(self.text)
        raw = parts.netloc.rpartition("@")[0].partition(":")[2]
        query = {value for name, value in parse_qsl(parts.query) if name in SECRETS}
        return frozenset({raw, unquote(raw), *query} - {""})


def _parts(url: str) -> tuple[str, str]:
    """Scheme and rest of a URL."""
    found = _SCHEME.fullmatch(url)
    return (found[1], found[2]) if found else ("", url)


Location = pathlib.Path | Url
"""Where the outbox is."""


def location(environ: Mapping[str, str]) -> Location:
    """`BIGPANDA_OUTBOX`, else a file in the user's state folder; with "~" in it where there is no home folder."""
    folder = environ.get("LOCALAPPDATA") if os.name == "nt" else environ.get("XDG_STATE_HOME")
    otherwise = pathlib.Path(folder or "~/.local/state") / "bigpanda-provider" / "outbox.db"
    return parse(environ[VARIABLE]) if environ.get(VARIABLE) else _expanded(otherwise)


def secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """The passwords that `BIGPANDA_OUTBOX` and libpq's own variable hold."""
    place = location(environ)
    return (place.secrets if isinstance(place, Url) else frozenset()) | frozenset({environ.get(PASSWORD, "")} - {""})


def parse(text: str) -> Location:
    """What a user has given: a URL, else a file."""
    given = text.strip()
    is_url = _SCHEME.fullmatch(given) or _MEANT_AS_URL.match(given)
    return Url(given) if is_url else _expanded(pathlib.Path(text))


def _expanded(path: pathlib.Path) -> pathlib.Path:
    try:
        return path.expanduser()
    except RuntimeError:
        return path
