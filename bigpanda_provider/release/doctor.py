"""What is needed for deployments to be recorded, whether it is there, and how to fix what is missing."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import yaml

from ..bigpanda import certificate, reading
from ..bigpanda.client import BigPandaClient
from ..bigpanda.masking import masked
from ..bigpanda.text import clean
from ..delivery.file import default_path
from ..delivery.outbox import Outbox
from ..errors import BigPandaError, DeliveryError, RefusedError, ReleaseError, SettingError
from ..settings import KEYLESS, TOKENLESS, Setting, Settings, Source, Token
from ..state import Api
from .engine import Engine, Interrupts
from .stack import ProjectStack

LIMIT_S = 10.0
HOOKS_SINCE = "3.244.0"
"""The first engine with error hooks, which tell why a resource failed."""

FIX_ADDRESS = "check bigpanda:baseUrl or bigpanda:region, HTTPS_PROXY, and REQUESTS_CA_BUNDLE for a private CA"

SHIM = "pulumi-resource-pulumi-python"


@dataclass(frozen=True)
class Check:
    """One line.

    Attributes:
        name: what was looked at.
        found: what was found.
        fix: what to do; None where all is well.
    """

    name: str
    found: str
    fix: str | None = None


def checks(
    folder: pathlib.Path, stack: str | None, environ: Mapping[str, str], explicit: Mapping[str, Any]
) -> Iterator[Check]:
    """Look at everything; each check has a limit of its own, and none sends an event.

    Args:
        folder: the project's folder; where there is no project in it, what belongs to one is left out.
        stack: the stack whose config is looked at; the selected one, if None.
        environ: the environment.
        explicit: settings that were given explicitly, by config key.
    """
    try:
        engine: Engine | None = Engine(Interrupts())
    except ReleaseError as error:
        engine = None
        yield Check("engine", str(error), "install the Pulumi CLI, or put it on PATH")
    if engine is not None:
        yield from _engine(engine)
    project = _project(folder)
    if project is not None:
        yield from _language(project, folder, environ)
    yield from _bigpanda(folder if project is not None else None, stack, engine, environ, explicit)
    yield _outbox(environ)


def _engine(engine: Engine) -> Iterator[Check]:
    where = shutil.which("pulumi")
    yield Check("engine", f"pulumi {engine.version} ({where})")
    if engine.version is not None and engine.version.compare(HOOKS_SINCE) < 0:
        yield Check("hooks", f"{engine.version} has no error hooks", f"install Pulumi {HOOKS_SINCE} or newer")
    else:
        yield Check("hooks", "the engine tells why a resource failed")


def _project(folder: pathlib.Path) -> dict[str, Any] | None:
    """What the Pulumi.yaml of the folder holds; None where there is none that can be read."""
    for name in certificate.PROJECT_FILES:
        try:
            found = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _language(project: Mapping[str, Any], folder: pathlib.Path, environ: Mapping[str, str]) -> Iterator[Check]:
    runtime = project.get("runtime")
    name = str(runtime.get("name") if isinstance(runtime, Mapping) else runtime)
    host = f"pulumi-language-{name}"
    found = _beside_engine(host)
    yield Check("language", found or f"there is no {host}", None if found else f"put {host} on PATH, beside pulumi")
    if name != "python":
        return
    shim = _beside_engine(SHIM)
    yield Check("dynamic", shim or f"there is no {SHIM}", None if shim else f"put {SHIM} on PATH, beside pulumi")
    options = runtime.get("options") if isinstance(runtime, Mapping) else None
    yield _python(options if isinstance(options, Mapping) else {}, folder, environ)


def _python(options: Mapping[str, Any], folder: pathlib.Path, environ: Mapping[str, str]) -> Check:
    """The Python that runs the program, and from it the provider process."""
    virtualenv = _virtualenv(options, folder)
    if virtualenv:
        python = str(folder / virtualenv / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        where = f"{python}, the virtualenv that Pulumi.yaml names"
    else:
        python = environ.get("PULUMI_PYTHON_CMD") or ("python" if os.name == "nt" else "python3")
        where = f"{shutil.which(python) or python}, since Pulumi.yaml names no virtualenv"
    asked = "import sys, pulumi, bigpanda_provider; print('.'.join(map(str, sys.version_info[:3])))"
    try:
        told = subprocess.run(
            [python, "-c", asked], capture_output=True, text=True, timeout=LIMIT_S * 3, cwd=folder, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(
            "python", f"{where}, does not run ({type(error).__name__})", "set another virtualenv in Pulumi.yaml"
        )
    if told.returncode != 0:
        last = (clean(told.stderr).strip().splitlines() or ["no error was printed"])[-1]
        return Check("python", f"{where}: {last}", f"{python} -m pip install bigpanda-provider")
    return Check("python", f"{told.stdout.strip()} ({where}) has the package")


def _virtualenv(options: Mapping[str, Any], folder: pathlib.Path) -> str | None:
    """The environment that Pulumi.yaml names, as the script that starts the provider process takes it."""
    named, toolchain = options.get("virtualenv"), options.get("toolchain")
    if named or toolchain not in ("uv", "poetry"):
        return named
    if toolchain == "uv":
        return ".venv"
    try:
        told = subprocess.run(
            ["poetry", "env", "info", "--path"],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            cwd=folder,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None


def _bigpanda(
    folder: pathlib.Path | None,
    stack: str | None,
    engine: Engine | None,
    environ: Mapping[str, str],
    explicit: Mapping[str, Any],
) -> Iterator[Check]:
    config: dict[str, Any] = {}
    if folder is not None and engine is not None:
        try:
            opened = ProjectStack(folder, stack, engine)
            config = opened.config
            yield Check("stack", opened.full_name)
        except BigPandaError as error:
            yield Check(
                "stack",
                str(error),
                "fix that, or name another stack with -s; the checks below ignore the stack's config",
            )
    try:
        base = certificate.project_folder(pathlib.Path.cwd()) if folder is None else folder.resolve()
        settings = Settings.resolve(config, environ, explicit, base)
        certificate.check(settings)
    except SettingError as error:
        yield Check("settings", str(error), "fix that setting")
        return
    token = settings.token
    yield Check("token", f"from {token}") if token.value is not None else Check("token", "not set", TOKENLESS)
    changes = settings.api.value is Api.CHANGES
    if changes:
        yield _app_key(settings)
    if settings.client_certificate.value is not None:
        yield Check("certificate", f"from {settings.client_certificate}")
    yield Check("api", f"{settings.api.value.value}, {_from(settings.api)}")
    yield _reads(settings, token.value) if changes and token.value is not None else _reachable(settings)


def _from(setting: Setting[Any]) -> str:
    return "the default" if setting.source is Source.DEFAULT else f"from {setting}"


def _app_key(settings: Settings) -> Check:
    key = settings.app_key
    if key.value is None:
        return Check("app key", "not set", KEYLESS)
    return Check("app key", f"from {key}; whether BigPanda accepts it shows only when an event is sent")


def _where(settings: Settings) -> str:
    """BigPanda's address, and where it is from."""
    address = settings.base_url
    return address.value if address.source is Source.DEFAULT else f"{address.value}, from {address}"


def _reads(settings: Settings, token: Token) -> Check:
    """Whether BigPanda lets the token read changes; no event is sent."""
    address, where = settings.base_url.value, _where(settings)
    client = BigPandaClient(address, token, LIMIT_S, settings.client_certificate.value)
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


def _outbox(environ: Mapping[str, str]) -> Check:
    outbox = Outbox(default_path(environ))
    waiting = len(outbox.unsettled_of_all())
    outbox.close()
    if outbox.trouble is not None:
        return Check("outbox", outbox.trouble, "set BIGPANDA_OUTBOX to a writable file")
    return Check("outbox", f"{outbox.path}, {waiting} waiting or in progress")


def _beside_engine(name: str) -> str | None:
    """Where the executable is: on PATH, or beside the engine, which looks there too."""
    engine = shutil.which("pulumi")
    beside = str(pathlib.Path(engine).resolve().parent) if engine else ""
    return shutil.which(name) or shutil.which(name, path=beside)
