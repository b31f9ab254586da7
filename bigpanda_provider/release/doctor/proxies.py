"""What stands between this machine and BigPanda: a proxy, a CA bundle. No user name and no password is shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from requests.utils import should_bypass_proxies

from .check import Check

CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables that name a CA bundle; the first counts."""


def proxy_checks(address: str, environ: Mapping[str, str]) -> Iterator[Check]:
    """The proxy and the CA bundle that requests to an address use, where there are any.

    Args:
        address: BigPanda's base URL.
        environ: the environment.
    """
    scheme = urlsplit(address).scheme
    names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
    name = next((one for one in names if environ.get(one)), None)
    if name is not None:
        no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY")
        if should_bypass_proxies(address, no_proxy):
            yield Check("proxy", f"{name} is not used, since NO_PROXY names BigPanda's host", left_out=True)
        else:
            yield _proxy(name, environ[name])
    bundle = next((one for one in CA_BUNDLES if environ.get(one)), None)
    if bundle is not None and scheme == "https":
        if os.path.exists(environ[bundle]):  # noqa: PTH110 - as `requests` looks for it
            yield Check("ca bundle", f"from {bundle} (environment)")
        else:
            yield Check("ca bundle", f"{bundle} names no file", f"set {bundle} to a PEM file, or unset it")


def _proxy(name: str, value: str) -> Check:
    """The proxy by its host and port."""
    try:
        parts = urlsplit(value if "://" in value else f"//{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None:
        return Check("proxy", f"{name} is not an address", f"write {name} as http://proxy.example.com:3128")
    return Check("proxy", f"{host}{f':{port}' if port else ''}, from {name} (environment)")
