"""The URL of the outbox's database: what is taken, and that nothing tells a password, wherever it comes from."""

from __future__ import annotations

import pathlib
import sys
from urllib.parse import quote

import pytest

from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.stored.location import Url, parse

from .outboxes import OPEN, PLACE, read_back
from .postgres import Database
from .tls import Authority

SECRET = "S3cret"
NOT_A_URL = "(BIGPANDA_OUTBOX is not a valid URL; write it as postgresql://USER@HOST/DATABASE)"
UNQUOTED = "has a character that must be percent-encoded, such as %40 for @ and %2F for /; or omit the password and set"
FORBIDDEN = 'cannot be used (connection to server at "127.0.0.1", port {} failed: FATAL: password authentication failed'


def trouble(url: str) -> str:
    """What is told of an outbox that cannot be used: one sentence, and nothing else shows a password either."""
    warnings: list[str] = []

    def warn(sentence: str, *, about: str | None = None) -> None:
        warnings.append(sentence)

    with Outbox(parse(url), warn) as outbox:
        outbox.begin(PLACE, OPEN)
        assert outbox.unsettled_of_all() == []
        told = outbox.trouble
        seen = [
            *warnings,
            str(outbox.location),
            repr(outbox.location),
            repr(outbox.__dict__),
            repr(vars(outbox._tables)),
        ]
    assert told is not None
    assert {f"{told.what}; events are still sent; {told.advice}"} == {*warnings}
    assert not any(SECRET in text for text in (*seen, str(told))), seen
    assert "\n" not in str(told)
    return warnings[0]


def is_used(url: str) -> None:
    """Hold that what is recorded there can be read."""
    with Outbox(parse(url)) as outbox:
        outbox.begin(PLACE, OPEN)
        assert outbox.trouble is None
        assert read_back(outbox).attempt == OPEN


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"postgresql://us:{SECRET}@x@h/d", UNQUOTED),
        (f"postgresql://us:{SECRET}/x@h/d", UNQUOTED),
        (f"postgresql://us:{SECRET}?x@h/d", UNQUOTED),
        (f"postgresql://us:x#{SECRET}@h/d", UNQUOTED),
        (f"postgresql://us@h/d?password={SECRET}@x", UNQUOTED),
        (f"postgresql://us:{SECRET}[x@h/d", NOT_A_URL),
        (f"postgresql://us:{SECRET}/d", NOT_A_URL),
        (f"postgresql://us:{SECRET}", NOT_A_URL),
        (f"postgresql://h:1,us:{SECRET}/d", NOT_A_URL),
        (f"postgresql://us@h/d?password=x&{SECRET}", NOT_A_URL),
        (f"postgresql:/us:{SECRET}@h/d", NOT_A_URL),
        (f"Postgres:us:{SECRET}@h/d", NOT_A_URL),
        (f"host=h password={SECRET}", NOT_A_URL),
        (
            f"mysql://us:{SECRET}@h/d",
            "(mysql:// is not supported; set BIGPANDA_OUTBOX to a file or to postgresql://USER@",
        ),
        (f"POSTGRESQL://us:{SECRET}@h/d", "(POSTGRESQL:// is not supported; set BIGPANDA_OUTBOX to a file or to"),
        (f"postgresql://us:{SECRET}%zz@h/d", '(invalid percent-encoded token: "***")'),
        (f"postgresql://us@h/d?password={SECRET}%zz", '(invalid percent-encoded token: "***")'),
        (
            f"postgresql://us:{SECRET} x@h/d",
            '(unexpected spaces found in "***", use percent-encoded spaces (%20) instead)',
        ),
        (f"postgresql://us:{SECRET}%00@h/d", '(forbidden value %00 in percent-encoded value: "***")'),
        ("postgresql://us@h/d?sslmod=require", '(invalid URI query parameter: "sslmod")'),
    ],
)
def test_a_broken_url_is_told_without_its_password(
    url: str, why: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong and how to write it; and it is no file's name."""
    monkeypatch.chdir(tmp_path)
    assert why in trouble(url)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["outbox.db", "/a:b/outbox.db", "C:\\outbox.db", "a=b", "postgres", "./postgresql:x"])
def test_a_file_is_a_file(text: str) -> None:
    """Whatever characters its name has."""
    assert parse(text) == pathlib.Path(text)


@pytest.mark.parametrize("way", ["url", "query", "PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE"])
def test_the_password_comes_from_where_libpq_takes_it_and_is_not_told(
    way: str, database: Database, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is right connects; one that is wrong is told as wrong, with nothing of it."""
    server, name = f"127.0.0.1:{database.server.port}", database.name
    plain = f"postgresql://{name}@{server}/{name}"
    for password in (database.password, f"{SECRET}@/:?#% x'\\"):
        url = {
            "url": f"postgresql://{name}:{quote(password, safe='')}@{server}/{name}",
            "query": f"{plain}?password={quote(password, safe='')}",
            "PGSERVICEFILE": "postgresql:///?service=team",
        }.get(way, plain)
        if way == "PGPASSWORD":
            monkeypatch.setenv("PGPASSWORD", password)
        elif way == "PGPASSFILE":
            file = tmp_path / "pgpass"
            quoted = password.replace("\\", "\\\\").replace(":", "\\:")
            file.write_text(f"127.0.0.1:*:{name}:{name}:{quoted}\n")
            file.chmod(0o600)
            monkeypatch.setenv("PGPASSFILE", str(file))
        elif way == "PGSERVICEFILE":
            file = tmp_path / "services"
            port = database.server.port
            given = f"host=127.0.0.1\nport={port}\nuser={name}\ndbname={name}\npassword={password}\n"
            file.write_text(f"[team]\n{given}")
            monkeypatch.setenv("PGSERVICEFILE", str(file))
        if password == database.password:
            is_used(url)
        else:
            assert FORBIDDEN.format(database.server.port) in trouble(url)
    assert database.password not in str(parse(database.url))


def test_no_password_and_no_database(database: Database) -> None:
    """Told as what they are."""
    server = f"127.0.0.1:{database.server.port}"
    assert "fe_sendauth: no password supplied)" in trouble(f"postgresql://{database.name}@{server}/{database.name}")
    told = trouble(f"{database.url.removesuffix(database.name)}nowhere")
    assert 'FATAL: database "nowhere" does not exist)' in told
    assert told.endswith("; events are still sent; `bigpanda-release doctor` checks the database")
    assert "failed to resolve host 'nowhere.invalid'" in trouble(f"postgresql://us:{SECRET}@nowhere.invalid/d")


def test_the_servers_certificate_is_verified(database: Database, tmp_path: pathlib.Path) -> None:
    """With `sslmode=verify-full`, as libpq does it: its name, and who has signed it."""
    is_used(database.verified_url)
    elsewhere = database.verified_url.replace("@localhost", "@elsewhere") + "&hostaddr=127.0.0.1"
    assert 'does not match host name "elsewhere")' in trouble(elsewhere)
    stranger = Authority(tmp_path / "stranger")
    told = trouble(database.verified_url.replace(str(database.server.authority), str(stranger.file)))
    assert "SSL error: certificate verify failed)" in told


def test_a_unix_socket_and_several_hosts(database: Database) -> None:
    """The first that takes connections counts."""
    is_used(database.socket_url)
    port = database.server.port
    is_used(database.url_at(f"localhost:1,127.0.0.1:{port}", "target_session_attrs=read-write"))
    assert str(Url(database.url_at(f"localhost:1,[::1]:{port}"))).startswith(
        f"postgresql://{database.name}@localhost:1,"
    )


def test_psycopg_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    told = trouble("postgresql://us@h/d")
    assert "(psycopg is not installed; run `pip install 'bigpanda-provider[postgres]'`)" in told
