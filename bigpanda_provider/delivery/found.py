"""Finds out what an operator wants to know of a deployment, when its attempt begins: stack, git, CI job, link."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import quote

from ..bigpanda.events import Context
from ..bigpanda.masking import masked
from ..bigpanda.text import clean, one_line
from ..context import Job, job, safe_url
from ..dataclass import dataclass
from ..settings import Settings
from ..tags import VALUE_LIMIT, Found
from .git import Checkout, checkout

OWN_BACKEND = "organization"
"""The organization of every stack that is kept in a backend of one's own."""


@dataclass(frozen=True)
class Occasion:
    """An attempt that begins.

    Attributes:
        stack: the stack's full name, `organization/project/stack`; empty for one that a person records.
        folder: the project's folder.
        previous_version: the version before, where it is known and may be told.
        resources: what changes, by type and name.
    """

    stack: str
    folder: pathlib.Path
    previous_version: str | None = None
    resources: str = ""


def context(
    settings: Settings,
    environ: Mapping[str, str],
    occasion: Occasion,
    look: Callable[[pathlib.Path], Checkout | None] = checkout,
    secrets: Collection[str] = (),
) -> Context:
    """What the start carries beside its properties, as far as the setting `bigpanda:context` asks for it.

    Nothing secret: token, app key and other secrets are masked, and no URL has a user name or a password.

    Args:
        settings: the settings.
        environ: the environment, which tells of the CI job.
        occasion: the attempt.
        look: asks git about a folder.
        secrets: other texts that must not be seen.
    """
    wanted, hidden = settings.context.value, {*settings.secrets, *secrets}
    if not wanted:
        return Context(api=settings.api.value)
    ci = job(environ)
    found = {one: value for one, value in _found(occasion, ci, wanted, look) if value and one in wanted}
    tags = {one.value: clean(masked(value, hidden), VALUE_LIMIT) for one, value in found.items()}
    page = None if ci is None else ci.url
    link = page or _page(occasion.stack, environ) if Found.TICKET_URL in wanted else None
    return Context(api=settings.api.value, tags=tags, ticket_url=link and masked(link, hidden))


def _found(
    occasion: Occasion, ci: Job | None, wanted: frozenset[Found], look: Callable[[pathlib.Path], Checkout | None]
) -> Iterator[tuple[Found, str | None]]:
    yield Found.PREVIOUS_VERSION, occasion.previous_version
    organization, project, stack = _parts(occasion.stack)
    yield Found.ENVIRONMENT, stack
    yield Found.PROJECT, project
    yield Found.ORGANIZATION, organization
    yield Found.RESOURCES, one_line(occasion.resources)
    if wanted & {Found.GIT_COMMIT, Found.GIT_BRANCH, Found.GIT_REPOSITORY, Found.GIT_DIRTY}:
        yield from _of_git(look(occasion.folder), ci)
    if ci is not None:
        yield Found.TRIGGERED_BY, ci.triggered_by
        yield Found.JOB, ci.name


def _of_git(tree: Checkout | None, ci: Job | None) -> Iterator[tuple[Found, str | None]]:
    """What git says, else the CI job, which checks out a commit without its branch."""
    built = (None, None, None) if ci is None else (ci.commit, ci.branch, ci.repository)
    seen = (None, None, None) if tree is None else (tree.commit, tree.branch, tree.repository)
    names = (Found.GIT_COMMIT, Found.GIT_BRANCH, Found.GIT_REPOSITORY)
    yield from zip(names, (here or there for here, there in zip(seen, built, strict=True)), strict=True)
    yield Found.GIT_DIRTY, "true" if tree is not None and tree.dirty else None


def _parts(stack: str) -> tuple[str | None, str | None, str | None]:
    """Organization, project and stack; a backend of one's own has no organization."""
    *before, short = stack.split("/")
    if len(before) != 2:
        return None, None, short or None
    organization, project = before
    return None if organization == OWN_BACKEND else organization, project, short


def _page(stack: str, environ: Mapping[str, str]) -> str | None:
    """The stack's page in Pulumi Cloud; None where it is kept elsewhere."""
    organization, project, short = _parts(stack)
    if organization is None or project is None or short is None:
        return None
    backend = environ.get("PULUMI_BACKEND_URL") or _logged_in(environ)
    console = backend and _console(backend, environ)
    return console and safe_url(f"{console}/{quote(organization)}/{quote(project)}/{quote(short)}")


def _console(backend: str, environ: Mapping[str, str]) -> str | None:
    """The address of the pages that belong to a backend of Pulumi Cloud, as the `pulumi` command works it out."""
    if not backend.startswith(("https://", "http://")):
        return None
    if domain := environ.get("PULUMI_CONSOLE_DOMAIN"):
        return f"https://{domain}"
    scheme, _, rest = backend.rstrip("/").partition("://")
    return f"{scheme}://app.{rest.removeprefix('api.')}" if rest.startswith("api.") else None


def _logged_in(environ: Mapping[str, str]) -> str | None:
    """The backend that the user has logged in to."""
    try:
        home = pathlib.Path(environ.get("PULUMI_HOME") or "~/.pulumi").expanduser()
        current = json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current")
    except (OSError, ValueError, RuntimeError, AttributeError):
        return None
    return current if isinstance(current, str) else None
