"""Which `Host` headers the sandbox answers to: a page on another site must not read it by DNS rebinding."""

from __future__ import annotations

import pytest

from bigpanda_provider.sandbox.hosts import AllowedHosts

from .http_client import ask
from .servers import Sandbox
from .test_sandbox import start

OWN = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "shop.localhost",
    "127.0.0.1",
    "127.9.9.9",
    "[::1]",
    "[::ffff:127.0.0.1]",
]
FOREIGN = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost", "192.168.1.5", "0.0.0.0"]
BROKEN = ["", " ", "localhost:x", "a b", "localhost/", "user@localhost", "[::1", "::1", "[localhost]:80]", "é"]


@pytest.mark.parametrize("host", OWN)
def test_loopback_names_and_addresses_are_right_with_any_port(host: str) -> None:
    """IPv6 too, in any case."""
    allowed = AllowedHosts.of("127.0.0.1")
    assert all(allowed.takes(host + port) for port in ("", ":80", ":65000"))


@pytest.mark.parametrize("host", FOREIGN + BROKEN)
def test_a_foreign_host_is_wrong(host: str) -> None:
    """Also one that only looks like loopback, an address that the sandbox does not listen on, and what is no host."""
    assert not AllowedHosts.of("127.0.0.1").takes(host)
    assert not AllowedHosts.of("127.0.0.1").takes(host + ":8080")


@pytest.mark.parametrize("listening", ["0.0.0.0", "::", ""])
def test_listening_on_all_addresses_any_address_is_right_and_no_name(listening: str) -> None:
    """A page cannot make an address point elsewhere, but any name."""
    allowed = AllowedHosts.of(listening)
    assert all(allowed.takes(host) for host in (*OWN, "192.168.1.5:8080", "[fe80::1]", "0.0.0.0:8080"))
    assert not allowed.takes("evil.example")
    assert not allowed.takes("sandbox")


def test_the_address_listened_on_and_names_given_are_right() -> None:
    """Each with any port; what was given stands for itself alone."""
    allowed = AllowedHosts.of("192.168.1.5", ["sandbox", "Build.Example:8080", "fe80::7"])
    assert all(
        allowed.takes(host)
        for host in ("192.168.1.5:8080", "sandbox:80", "SANDBOX", "build.example", "[fe80::7]:80", "localhost")
    )
    assert not allowed.takes("192.168.1.6")
    assert not allowed.takes("sandbox.evil.example")


@pytest.mark.parametrize("given", ["http://sandbox", "a b", "", "*"])
def test_what_is_no_host_name_cannot_be_allowed(given: str) -> None:
    """The sentence says which, and how it is written."""
    with pytest.raises(ValueError, match="is not a host name; write it without scheme and path"):
        AllowedHosts.of("127.0.0.1", [given])


@pytest.mark.parametrize("path", ["/", "/changes", "/events", "/stream", "/static/base.css", "/nowhere"])
def test_a_request_for_a_foreign_host_is_421(bigpanda: Sandbox, path: str) -> None:
    """On every path, with what to do; as a page where a browser asked."""
    answer = ask(bigpanda.address, path=path, host="evil.example:8080")
    assert answer.status == 421
    assert answer.json() == {
        "errors": [
            'this sandbox does not serve the host "evil.example:8080"; to allow it, start the sandbox with --allow-host'
        ]
    }
    page = ask(bigpanda.address, path=path, host="<b>", headers=[("Accept", "text/html")])
    assert page.status == 421
    assert "&lt;b&gt;" in page.body.decode()


def test_an_event_for_a_foreign_host_is_421(bigpanda: Sandbox) -> None:
    """And it is not kept."""
    answer = ask(
        bigpanda.address,
        "POST",
        "/data/events/deployments/start",
        [("Authorization", "Bearer t")],
        b'{"component": "c", "version": "1", "hosts": ["h"]}',
        host="evil.example",
    )
    assert answer.status == 421
    assert bigpanda.events() == []


def test_the_command_allows_the_hosts_that_it_is_told() -> None:
    """With `--allow-host`, once for each."""
    with start("--port", "0", "--allow-host", "sandbox", "--allow-host", "build.example") as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().rpartition(" ")[2].strip()
            hosts = ("sandbox:8080", "build.example", "localhost", "evil.example")
            assert [ask(address, path="/changes", host=host).status for host in hosts] == [200, 200, 200, 421]
        finally:
            process.kill()
