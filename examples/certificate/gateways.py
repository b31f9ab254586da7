"""A certificate and the gateways that serve it, made of nothing: the example shows how a change reaches them."""

from __future__ import annotations

import hashlib
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider, UpdateResult


class CertificateProvider(ResourceProvider):
    """Issues a certificate, which has a new fingerprint whenever it is renewed."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["domain"], issued(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(issued(news))


class Certificate(Resource, module="tls", name="Certificate"):
    """The certificate of a domain.

    Args:
        domain: the domain's name, and the resource's.
        expires: the day on which it expires; a new day renews it.
    """

    fingerprint: pulumi.Output[str]

    def __init__(self, domain: str, *, expires: str, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {"domain": domain, "expires": expires, "fingerprint": None}
        super().__init__(CertificateProvider(), domain, props, opts)


class GatewayProvider(ResourceProvider):
    """Restarts a gateway with another certificate."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["name"], dict(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(dict(news))


class Gateway(Resource, module="tls", name="Gateway"):
    """A gateway.

    Args:
        resource_name: the host's name.
        certificate: the fingerprint of the certificate that it serves.
    """

    def __init__(
        self, resource_name: str, *, certificate: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(GatewayProvider(), resource_name, {"name": resource_name, "certificate": certificate}, opts)


def issued(props: dict[str, Any]) -> dict[str, Any]:
    """The certificate, with its fingerprint."""
    digest = hashlib.sha256(f"{props['domain']} until {props['expires']}".encode()).hexdigest()
    return {**props, "fingerprint": digest[:16]}
