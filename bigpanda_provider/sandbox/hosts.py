"""Which `Host` headers the sandbox answers to: a web page of somebody else must not read it by a name of its own.

A page on evil.example may let that name point to 127.0.0.1 (DNS rebinding); its requests then reach the sandbox, and
the browser lets the page read the answers. They still carry `Host: evil.example`, by which they are told apart.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import answer

MISDIRECTED = 421
SHOWN_LIMIT = 100
LOOPBACK = "127.0.0.1"

_HEADER = re.compile(r"(?P<name>\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|[\w.-]+)(?::[0-9]*)?", re.IGNORECASE)


@dataclass(frozen=True)
class AllowedHosts:
    """The hosts that a request may name. Loopback names and addresses always are, each with any port.

    Attributes:
        names: further names and addresses, in lower case.
        any_address: whether every IP address is: a page cannot make an address of its own point elsewhere.
    """

    names: frozenset[str] = frozenset()
    any_address: bool = False

    @classmethod
    def of(cls, listening: str, also: Iterable[str] = ()) -> AllowedHosts:
        """Those of a sandbox that listens on an address.

        Args:
            listening: the address; on one that stands for all (0.0.0.0, ::) a request may name any IP address.
            also: names and addresses that are allowed as well.

        Raises:
            ValueError: one of these is no name and no address; the text says which.
        """
        found = {listening.lower()}
        for given in also:
            name = _name(given) or _name(f"[{given}]")
            if name is None:
                raise ValueError(f'"{given}" is not a host name; write it without scheme and path: sandbox.local')
            found.add(name)
        address = _address(listening)
        return cls(frozenset(found), not listening or (address is not None and address.is_unspecified))

    def takes(self, header: str) -> bool:
        """Whether a request with this `Host` header is answered."""
        name = _name(header)
        if name is None:
            return False
        if name == "localhost" or name.endswith(".localhost") or name in self.names:
            return True
        address = _address(name)
        return address is not None and (self.any_address or address.is_loopback)


class HostCheck:
    """ASGI middleware that answers 421 to a request for a foreign host.

    Args:
        app: what answers the others.
        allowed: the hosts that a request may name. One without the header comes from no browser, and passes.
    """

    def __init__(self, app: ASGIApp, allowed: AllowedHosts) -> None:
        self._app, self._allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        named = Headers(scope=scope).getlist("host") if scope["type"] == "http" else []
        foreign = next((host for host in named if not self._allowed.takes(host)), None)
        if foreign is None:
            await self._app(scope, receive, send)
            return
        shown = foreign[:SHOWN_LIMIT]
        sentence = f'this sandbox does not serve the host "{shown}"; to allow it, start the sandbox with --allow-host'
        await answer(Request(scope), MISDIRECTED, [sentence])(scope, receive, send)


def _name(header: str) -> str | None:
    """The name or address in a `Host` header, in lower case, without its port; None where there is none."""
    found = _HEADER.fullmatch(header.strip())
    if found is None:
        return None
    name = found["name"].lower().strip("[]").removesuffix(".")
    return name if ":" not in name or _address(name) is not None else None


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that this is; one of IPv4 that is written as IPv6 counts as IPv4."""
    try:
        found = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
