"""Reads back what BigPanda has of changes: `GET /resources/v2.0/changes`. It sends nothing, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..errors import RefusedError
from ..state import Api
from ..tags import OF_EVENT
from .changes import names
from .client import BigPandaClient
from .events import Context, StartEvent, read

PATH = "/resources/v2.0/changes"
PAGE = 200
"""How many changes are asked for at a time."""
MOST_PAGES = 100
"""How many times; then the rest is left."""


def check(client: BigPandaClient, now: float, limit_s: float) -> None:
    """Find out whether key and address are right.

    Args:
        client: reads.
        now: the present, in Unix seconds.
        limit_s: the time that it may take, in seconds.

    Raises:
        DeliveryError: they are not, or BigPanda does not answer.
    """
    query = {"start_time_frame": str(int(now) - 3600), "end_time_frame": str(int(now)), "limit": "1"}
    _changes_in(client, client.read(PATH, query, limit_s).content)


def changes(client: BigPandaClient, first: float, last: float, search: str) -> Iterator[Mapping[str, Any]]:
    """The changes of a time, page after page.

    Args:
        client: reads.
        first: the beginning of the time, in Unix seconds.
        last: its end.
        search: what identifier, summary or status contains.

    Raises:
        DeliveryError: BigPanda does not answer, or has more of them than can be read.
    """
    query = {
        "start_time_frame": str(int(first)),
        "end_time_frame": str(int(last)),
        "search": f'"{search}"',
        "limit": str(PAGE),
    }
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = client.read(PATH, query)
        yield from _changes_in(client, page.content)
        if page.cursor is None or page.cursor in seen:
            return
        seen.add(page.cursor)
        query["cursor"] = page.cursor
    raise RefusedError(f"{client.base_url} has more than {PAGE * MOST_PAGES} such changes; ask for fewer days")


def _changes_in(client: BigPandaClient, content: Any) -> list[Mapping[str, Any]]:
    """The changes in an answer: a list, or an object that holds one. Which it is, and its name, is not documented."""
    lists = [content] if isinstance(content, list) else []
    if isinstance(content, Mapping):
        lists = [value for value in content.values() if isinstance(value, list)]
    full = [found for found in lists if any(isinstance(one, Mapping) for one in found)]
    if len(full) > 1 or not lists:
        raise RefusedError(f"{client.base_url} answered without a list of changes. {client.advice.on_address}")
    return [one for one in (full or lists)[0] if isinstance(one, Mapping)]


def start_of(change: Mapping[str, Any]) -> StartEvent:
    """The start that a change was made from. The same change is made from it again, with its other tags as they are.

    Raises:
        InvalidEventError: it was made from none.
    """
    tags = tags_of(change)
    given = {name: tags.get(name) for name in ("component", "version", "description", "owner", "source")}
    others = {name: value for name, value in tags.items() if name not in OF_EVENT}
    link = change.get("ticket_url")
    context = Context(api=Api.CHANGES, tags=others, ticket_url=link if isinstance(link, str) else None)
    values = {**given, "hosts": hosts_of(tags.get("hosts", "")), "timestamp": change.get("start")}
    present = {name: value for name, value in values.items() if value is not None}
    return replace(read(StartEvent, present), context=context)


def tags_of(change: Mapping[str, Any]) -> dict[str, str]:
    """Its tags; values that are no text as text."""
    tags = change.get("tags")
    return {str(name): str(value) for name, value in tags.items()} if isinstance(tags, Mapping) else {}


def hosts_of(tag: str) -> list[str]:
    """The hosts that its tag was made from: without the short names that stand beside the full ones."""
    found = [host for host in dict.fromkeys(tag.split(", ")) if host]
    added = {short for host in found for short in names([host])[1:]}
    return [host for host in found if host not in added]
