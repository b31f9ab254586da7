"""The stand-ins that go away and come back: their port stays theirs meanwhile."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from .faults import FaultyBigPanda
from .servers import Sandbox, held_port, sandbox
from .tls import tunnel
from .wire import answer, wire

IP_LOCAL_PORT_RANGE = 51
"""Of Linux: the ports that the system chooses from, for one socket. Python has no name for it yet."""


def refuses(port: int) -> bool:
    """Whether a connection is refused."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.fixture
def port() -> Iterator[int]:
    """A held port."""
    with held_port() as held:
        yield held


def test_a_held_port_refuses_connections_and_can_be_listened_on(port: int) -> None:
    """As often as a server comes and goes."""
    for _ in range(3):
        assert refuses(port)
        with sandbox(port) as running:
            assert running.address == f"http://127.0.0.1:{port}"
            assert not refuses(port)
            assert running.events() == []
    assert refuses(port)


def test_a_server_that_has_ended_waits_for_no_connection() -> None:
    """Else it might take those of a later server, whose file has the number of its own."""
    with wire(answer(b"")) as server:
        port = int(server.address.rpartition(":")[2])
        with tunnel(to=port) as line:
            assert not refuses(line.port)
        assert refuses(line.port)
        assert not refuses(port)
    assert refuses(port)


def test_a_held_port_is_nobody_elses(port: int) -> None:
    """Who does not name it never gets it, though nobody listens; who names it and does not share it is refused."""
    with closing(socket.socket()) as other, pytest.raises(OSError, match="Address already in use"):
        other.bind(("127.0.0.1", port))
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one_port = struct.pack("I", port << 16 | port)
            other.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, one_port)
        except OSError:
            pytest.skip("NOT TESTED: this system has no IP_LOCAL_PORT_RANGE")
        with pytest.raises(OSError, match="Address already in use"):
            other.bind(("127.0.0.1", 0))


def test_a_bigpanda_that_is_down_keeps_its_port(faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """It refuses connections, and is there again on the same port."""
    port = int(faulty.address.rpartition(":")[2])
    for _ in range(3):
        faulty.go_away()
        assert refuses(port)
        with closing(socket.socket()) as other, pytest.raises(OSError, match="Address already in use"):
            other.bind(("127.0.0.1", port))
        faulty.come_back()
        assert not refuses(port)
