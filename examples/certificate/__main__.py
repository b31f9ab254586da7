"""Two gateways that take a certificate from outside their Deployment: a renewed certificate changes them."""

import pulumi
from gateways import Certificate, Gateway

import bigpanda_provider as bigpanda

bigpanda.host_name("pulumi-python:dynamic/tls:Gateway", "name")  # the input that operators know a gateway by
certificate = Certificate("acme.com", expires=pulumi.Config().require("expires"))

with bigpanda.Deployment("gateway", component="gateway", version="3.1.0", owner="platform@acme.com"):
    for name in ("gateway-1", "gateway-2"):
        Gateway(name, certificate=certificate.fingerprint)
