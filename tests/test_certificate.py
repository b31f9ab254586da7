"""A client certificate: what the connections to BigPanda identify themselves with, where a gateway demands it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
from collections.abc import Callable, Iterator

import pytest

from bigpanda_provider.bigpanda import certificate
from bigpanda_provider.bigpanda import client as bigpanda_client
from bigpanda_provider.bigpanda.client import BigPandaClient
from bigpanda_provider.bigpanda.deployments import Deployments
from bigpanda_provider.bigpanda.events import StartEvent, read
from bigpanda_provider.errors import RefusedError, SettingError, UnavailableError
from bigpanda_provider.settings import ClientCertificate, Settings, Token

from .engine import Stack, wait_until
from .release.command import Release
from .tls import Authority, Secured, secured, tunnel
from .wire import Connection, answer, wire

TOKEN = Token("s3cret")
EVENT = read(StartEvent, {"component": "shop", "version": "2.6.1", "hosts": ["a"], "timestamp": 1700000000})
START = Deployments().start("1", EVENT)
PASSPHRASE = "correct-horse-battery-staple"
WEB = """
    with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
        Thing("thing")
    """


@pytest.fixture
def authority(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """A private CA, whose certificate is in REQUESTS_CA_BUNDLE."""
    made = Authority(tmp_path / "authority")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.file))
    return made


@pytest.fixture
def gateway(authority: Authority) -> Iterator[Secured]:
    """A BigPanda that is reached with a certificate of the CA alone."""
    with secured(authority) as running:
        yield running


def client(address: str, *files: pathlib.Path, limit_s: float = 6) -> BigPandaClient:
    """A client with these files."""
    return BigPandaClient(address, TOKEN, limit_s, ClientCertificate(*map(str, files)) if files else None)


@pytest.fixture
def files(authority: Authority) -> tuple[pathlib.Path, pathlib.Path]:
    """A client's certificate, and its key."""
    return authority.signed("build-1")


@pytest.mark.parametrize("together", [True, False])
def test_the_client_identifies_itself(
    gateway: Secured, files: tuple[pathlib.Path, pathlib.Path], tmp_path: pathlib.Path, together: bool
) -> None:
    """By one file with certificate and key, or by two."""
    if together:
        both = tmp_path / "both.pem"
        both.write_bytes(files[0].read_bytes() + files[1].read_bytes())
        client(gateway.address, both).send(START)
    else:
        client(gateway.address, *files).send(START)
    assert gateway.clients == ["build-1"]


def test_it_does_so_through_a_proxy(
    gateway: Secured, files: tuple[pathlib.Path, pathlib.Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy passes on what it cannot read."""
    with tunnel(proxy=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client(gateway.address, *files).send(START)
        assert proxy.asked == [f"localhost:{gateway.port}"]
    assert gateway.clients == ["build-1"]


@pytest.mark.parametrize("which", ["none", "of another authority"])
def test_a_client_that_is_not_let_in_is_told_which_setting_to_check(
    gateway: Secured, tmp_path: pathlib.Path, which: str
) -> None:
    """It is not tried again, and nothing has arrived: the gateway ended the handshake."""
    files = () if which == "none" else Authority(tmp_path / "other").signed("stranger")
    with pytest.raises(RefusedError, match="Check bigpanda:clientCertificate") as error:
        client(gateway.address, *files).send(START)
    assert not error.value.perhaps_arrived
    assert gateway.clients == []


@pytest.mark.parametrize("secret", [False, True])
def test_an_event_is_not_lost_where_nginx_misses_the_certificate(secret: bool) -> None:
    """It says so with a 400, which for BigPanda itself means that the event is wrong."""
    body = b"<html><head><title>400 No required SSL certificate was sent</title></head></html>"
    with (
        wire(answer(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))) as server,
        pytest.raises(RefusedError, match=r"No required SSL certificate was sent\. Check bigpanda:clientCertificate"),
    ):
        client(server.address).send(START, secret=secret)


def test_a_handshake_that_hangs_is_given_up_after_a_third_of_the_limit(
    gateway: Secured, files: tuple[pathlib.Path, pathlib.Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the event gets through by the next connection."""
    monkeypatch.setattr(bigpanda_client, "LEAST_TRY_S", 0)
    with tunnel(to=gateway.port, dead=1) as line:
        begun = time.monotonic()
        client(f"https://localhost:{line.port}", *files, limit_s=3).send(START)
        assert 0.9 < time.monotonic() - begun < 3  # not the whole limit
    assert gateway.clients == ["build-1"]


def test_a_proxy_that_hangs_is_given_up_after_a_third_of_the_limit(
    gateway: Secured, files: tuple[pathlib.Path, pathlib.Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tunnel leads nowhere at first."""
    monkeypatch.setattr(bigpanda_client, "LEAST_TRY_S", 0)
    with tunnel(proxy=True, dead=1) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        client(gateway.address, *files, limit_s=3).send(START)
    assert gateway.clients == ["build-1"]


def test_a_handshake_that_trickles_in_is_cut(authority: Authority) -> None:
    """The thread that waited for it is free again; nothing of the event was sent."""

    def hello(connection: Connection) -> None:
        for byte in b"\x16\x03\x03\x40\x00" + b"x" * 16384:  # a record of TLS
            connection.socket.sendall(bytes([byte]))
            time.sleep(0.1)

    with wire(hello) as server:
        made = client(server.address.replace("http:", "https:"), limit_s=0.9)
        begun = time.monotonic()
        with pytest.raises(UnavailableError) as error:
            made.send(START)
        assert time.monotonic() - begun < 3
        assert not error.value.perhaps_arrived
        workers = made._transport._workers
        wait_until(lambda: workers.idle == workers._threads, 2)


# -- files that cannot be used -----------------------------------------------------------------------------------------


def sentence(value: str, folder: pathlib.Path, **settings: str) -> str:
    """What is said of a setting; empty where nothing is wrong."""
    config = {"bigpanda:clientCertificate": value, **{f"bigpanda:{key}": given for key, given in settings.items()}}
    with pytest.raises(SettingError) if not settings else contextlib.nullcontext() as caught:
        certificate.check(Settings.resolve(config, {}, folder=folder))
    return str(caught.value) if caught is not None else ""


def test_files_that_cannot_be_used_get_a_sentence(
    authority: Authority, files: tuple[pathlib.Path, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    """It names the setting and what to write, and repeats neither a key nor a passphrase; nothing is asked for."""
    cert, key = (file.rename(tmp_path / name) for file, name in zip(files, ("c.pem", "k.pem"), strict=True))
    other = authority.signed("other")
    (tmp_path / "o.pem").write_bytes(other[0].read_bytes() + key.read_bytes())
    (tmp_path / "e.pem").write_bytes(authority.encrypted(key, PASSPHRASE).read_bytes())
    old = authority.encrypted(key, PASSPHRASE, traditional=True).read_bytes()
    (tmp_path / "both-e.pem").write_bytes(cert.read_bytes() + old)
    (tmp_path / "torn.pem").write_bytes(cert.read_bytes()[:200] + key.read_bytes())
    (tmp_path / "no-key.pem").write_bytes(cert.read_bytes() + key.read_bytes()[:80])
    (tmp_path / "empty.pem").touch()
    (tmp_path / "folder.pem").mkdir()
    os.mkfifo(tmp_path / "pipe.pem")
    found = {
        value: sentence(value, tmp_path)
        for value in (
            "missing.pem",
            f"c.pem:{PASSPHRASE}",
            "c.pem,missing.pem",
            "folder.pem",
            "pipe.pem",
            "empty.pem",
            "k.pem",
            "c.pem",
            "c.pem,c.pem",
            "o.pem",
            f"{other[0]},k.pem",
            "c.pem,e.pem",
            "both-e.pem",
            "torn.pem",
            "no-key.pem",
        )
    }
    unreadable = (
        "names a certificate file that cannot be read (No such file or directory); write the path of a PEM file"
    )
    mismatch = "names a private key that does not match the certificate; write a matching pair"
    encrypted = "names an encrypted private key; decrypt it"
    for value, expected in (
        ("missing.pem", unreadable),
        (f"c.pem:{PASSPHRASE}", unreadable),
        ("c.pem,missing.pem", unreadable.replace("certificate", "key")),
        ("folder.pem", "names a certificate file that is not a regular file; write the path of a PEM file"),
        ("pipe.pem", "names a certificate file that is not a regular file; write the path of a PEM file"),
        ("empty.pem", "names a file without a PEM certificate; write the path of a file with one"),
        ("k.pem", "names a file without a PEM certificate; write the path of a file with one"),
        ("c.pem", "names a file without a PEM private key; add the key to the certificate's file"),
        (
            "c.pem,c.pem",
            "names a file without a PEM private key; write the path of a file with one: cert.pem,key.pem",
        ),
        ("o.pem", mismatch),
        (f"{other[0]},k.pem", mismatch),
        ("c.pem,e.pem", encrypted),
        ("both-e.pem", encrypted),
        ("torn.pem", "names files that cannot be used ("),
        ("no-key.pem", "names files that cannot be used ("),
    ):
        assert found[value].startswith(f"bigpanda:clientCertificate (stack config) {expected}"), value
    secrets = [PASSPHRASE, *key.read_text().splitlines()[1:-1]]
    assert not [told for told in found.values() if any(secret in told for secret in secrets) or "\n" in told]


def test_files_are_not_looked_at_while_nothing_is_sent(tmp_path: pathlib.Path) -> None:
    """A review stack does not need the certificate."""
    assert sentence("missing.pem", tmp_path, delivery="off") == ""


# -- on the engine -----------------------------------------------------------------------------------------------------


def test_an_update_with_a_client_certificate(
    gateway: Secured,
    authority: Authority,
    files: tuple[pathlib.Path, pathlib.Path],
    make_stack: Callable[[str, str], Stack],
) -> None:
    """Its path counts from the folder of Pulumi.yaml, also where the program is in another one."""
    made = make_stack(gateway.address, WEB)
    (made.folder / "program").mkdir()
    (made.folder / "__main__.py").rename(made.folder / "program" / "__main__.py")
    (made.folder / "Pulumi.yaml").write_text("name: test\nruntime: python\nmain: program\n")
    (made.folder / "certs").mkdir()
    for file, name in zip(files, ("cert.pem", "key.pem"), strict=True):
        file.rename(made.folder / "certs" / name)
    made.environment["REQUESTS_CA_BUNDLE"] = str(authority.file)
    made.pulumi("config", "set", "bigpanda:clientCertificate", "certs/cert.pem,certs/key.pem")
    run = made.pulumi("up", "--yes")
    assert run.ok, run.output
    assert "warning" not in run.output
    assert gateway.clients == ["build-1", "build-1"]


def test_a_certificate_that_cannot_be_used_stops_the_preview(
    gateway: Secured, make_stack: Callable[[str, str], Stack]
) -> None:
    """With the sentence, and no traceback; taken back, it is as if it had never been."""
    made = make_stack(gateway.address, WEB)
    made.environment["BIGPANDA_CLIENT_CERTIFICATE"] = f"cert.pem:{PASSPHRASE}"
    run = made.preview()
    assert not run.ok
    assert "BIGPANDA_CLIENT_CERTIFICATE (environment) names a certificate file that cannot be read" in run.output
    assert "Traceback" not in run.output
    assert made.tells(PASSPHRASE) == []
    del made.environment["BIGPANDA_CLIENT_CERTIFICATE"]
    assert made.preview().ok


def test_the_doctor_looks_at_the_certificate(
    gateway: Secured,
    authority: Authority,
    files: tuple[pathlib.Path, pathlib.Path],
    make_stack: Callable[[str, str], Stack],
) -> None:
    """And reaches BigPanda with it."""
    made = make_stack(gateway.address, WEB)
    made.environment["REQUESTS_CA_BUNDLE"] = str(authority.file)
    made.environment["BIGPANDA_CLIENT_CERTIFICATE"] = ",".join(map(str, files))
    told = Release(made)("doctor").output
    assert "from BIGPANDA_CLIENT_CERTIFICATE (environment)" in told
    assert "answers (404 to a request without token)" in told
    made.environment["BIGPANDA_CLIENT_CERTIFICATE"] = str(files[0])
    assert "names a file without a PEM private key" in Release(made)("doctor").output
