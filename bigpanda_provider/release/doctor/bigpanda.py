"""BigPanda: the settings, the keys, and whether BigPanda answers. No event is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests

from ...bigpanda import reading
from ...bigpanda.advice import Advice
from ...bigpanda.client import BigPandaClient
from ...bigpanda.masking import masked
from ...errors import BigPandaError, DeliveryError, RefusedError
from ...settings import KEYLESS, TOKENLESS, Setting, Settings, Source, Token, complaints
from ...state import Api
from ..engine.process import Engine
from ..engine.stack import ProjectStack
from .check import Check
from .project import Project
from .proxies import proxy_checks

LIMIT_S = 10.0
FIX_ADDRESS = "check bigpanda:baseUrl or bigpanda:region, HTTPS_PROXY, and REQUESTS_CA_BUNDLE for a private CA"
WITHOUT_CONFIG = "the checks below ignore the stack's config"


def stack_checks(project: Project, stack: str | None, engine: Engine, config: dict[str, Any]) -> Iterator[Check]:
    """The stack, and what is wrong with the settings in its config.

    Args:
        project: its project.
        stack: its name; the selected one, if None.
        engine: the engine.
        config: is filled with the stack's config.
    """
    try:
        opened = ProjectStack(project.folder, stack, engine)
        config.update(opened.config)
    except BigPandaError as error:
        found, _, fix = str(error).rpartition("; ")
        yield Check("stack", found or fix, f"{fix if found else 'fix that'}; {WITHOUT_CONFIG}")
        return
    yield Check("stack", opened.shown_name)
    for complaint in complaints(opened.config, opened.is_secret):
        found, _, fix = complaint.partition("; ")
        yield Check("settings", found, fix or f"remove it with `pulumi config rm {found.rpartition(' ')[2]}`")


def bigpanda_checks(settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    """The keys, what stands in between, and whether BigPanda answers."""
    token = settings.token
    yield Check("token", f"from {token}") if token.value is not None else Check("token", "not set", _how(TOKENLESS))
    changes = settings.api.value is Api.CHANGES
    if changes:
        yield _app_key(settings)
    if settings.client_certificate.value is not None:
        yield Check("certificate", f"from {settings.client_certificate}")
    yield Check("api", f"{settings.api.value.value}, {_from(settings.api)}")
    yield from proxy_checks(settings.base_url.value, environ)
    yield _reads(settings, token.value) if changes and token.value is not None else _reachable(settings)


def _how(missing: str) -> str:
    """How to set what is missing, without that it is missing."""
    how = missing.partition(". ")[2]
    return how[0].lower() + how[1:]


def _from(setting: Setting[Any]) -> str:
    return "the default" if setting.source is Source.DEFAULT else f"from {setting}"


def _app_key(settings: Settings) -> Check:
    key = settings.app_key
    if key.value is None:
        return Check("app key", "not set", _how(KEYLESS))
    return Check("app key", f"from {key}; whether BigPanda accepts it shows only when an event is sent")


def _where(settings: Settings) -> str:
    """BigPanda's address, and where it is from."""
    address = settings.base_url
    return address.value if address.source is Source.DEFAULT else f"{address.value}, from {address}"


def _reads(settings: Settings, token: Token) -> Check:
    """Whether BigPanda lets the token read changes; no event is sent."""
    address, where = settings.base_url.value, _where(settings)
    certificate, advice = settings.client_certificate.value, Advice(settings, Api.CHANGES)
    client = BigPandaClient(address, token, LIMIT_S, certificate, advice=advice)
    try:
        reading.check(client, time.time(), LIMIT_S)
    except RefusedError as error:
        return Check("bigpanda", f"{where}, does not let the token read changes", str(error))
    except DeliveryError as error:
        return Check("bigpanda", f"{where}: {masked(str(error), settings.secrets)}", FIX_ADDRESS)
    finally:
        client.close()
    return Check("bigpanda", f"{where}, accepts the token: it may read changes")


def _reachable(settings: Settings) -> Check:
    """Whether somebody answers at the address; the token is not sent, and no event."""
    address, where = settings.base_url.value, _where(settings)
    certified = settings.client_certificate.value
    files = None if certified is None else certified.files
    try:
        with requests.get(address, timeout=LIMIT_S, allow_redirects=False, stream=True, cert=files) as answer:
            return Check("bigpanda", f"{where}, answers ({answer.status_code} to a request without token)")
    except (requests.RequestException, OSError) as error:
        return Check(
            "bigpanda",
            f"{where}, cannot be reached ({type(error).__name__})",
            FIX_ADDRESS,
        )
