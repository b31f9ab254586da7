"""What the tooltip of a bar of the timeline says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .html import cut, duration, isolated, moment, name
from .listing import ENDED

HOSTS_SHOWN = 4
REASON_LIMIT = 240
NAME_LIMIT = 80


def tip(change: Mapping[str, Any], now: int) -> str:
    """Name and version, state and duration, times, hosts, and the reason: a line each.

    Args:
        change: the deployment or change.
        now: in Unix seconds.
    """
    started, ended, hosts = change["started"], change["ended"], change["hosts"]
    lines = [" ".join(isolated(cut(text, NAME_LIMIT)) for text in (name(change), change["version"]) if text)]
    lines.append(_state(change, now))
    lines.append(moment(started) if ended is None else f"{moment(started).removesuffix(' UTC')} to {_end(change)}")
    if hosts:
        more = f" +{len(hosts) - HOSTS_SHOWN}" if len(hosts) > HOSTS_SHOWN else ""
        lines.append("on " + ", ".join(isolated(cut(host, NAME_LIMIT)) for host in hosts[:HOSTS_SHOWN]) + more)
    if change["reason"]:
        lines.append(isolated(cut(change["reason"], REASON_LIMIT)))
    return "\n".join(lines)


def _state(change: Mapping[str, Any], now: int) -> str:
    if change["state"] == "in_progress":
        return f"in progress for {duration(now - change['started'])}"
    if change["state"] == "planned":
        return "planned"
    if change["ended"] is None:
        return ENDED[change["state"]]
    return f"{ENDED[change['state']]} after {duration(change['ended'] - change['started'])}"


def _end(change: Mapping[str, Any]) -> str:
    """The end's time of day, with its date where that is not the start's."""
    first, last = moment(change["started"]), moment(change["ended"])
    day, _, clock = last.partition(" ")
    return clock if first.startswith(day + " ") else last
