"""How the pages of the sandbox are made: templates, headers, and how times and raw events read."""

from __future__ import annotations

import json
import pathlib
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse

from .changes import COPIED_TAGS
from .curl import curl
from .listing import ENDED, RANGES, SORTS, STATES, TOLD
from .times import iso

HERE = pathlib.Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Whatever a component is called, nothing that is not ours runs on the page."""

_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x20\x7f<>\"'`\\]+", re.IGNORECASE)
LIMITS = {"reason": 300, "summary": 160, "description": 160, "tag": 60}
"""Most characters of the texts below a row of a list, by their kind."""
TAGS_SHOWN = 3
IN_COLUMNS = (*COPIED_TAGS, "hosts")
"""The tags that columns of the list show."""
BACK_LIMIT = 10_000
"""Most characters of the place that a page leads back to."""
RANGE_WORDS = {name: re.sub("([0-9]+)", r"\1 ", name) for name in RANGES}
FIRST_STRONG, END = "\u2068", "\u2069"


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page made of a template of `templates`."""
    text = _environment.get_template(template).render(now=int(time.time()), **values)
    return HTMLResponse(text, status, HEADERS)


def moment(seconds: float | None) -> str:
    """A time as the page shows it; one that no calendar has is shown as its number."""
    if seconds is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + " UTC"
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s"


def duration(seconds: float) -> str:
    """A duration in its two largest units: "2 h 5 min"."""
    left = max(int(seconds), 0)
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2])


def ago(seconds: float, now: float) -> str:
    """How long before or after now a time is, in its largest unit: "5 min ago", "in 2 h"."""
    largest = " ".join(duration(abs(now - seconds)).split()[:2])
    return f"{largest} ago" if seconds <= now else f"in {largest}"


def at(change: Mapping[str, Any], seconds: int) -> str:
    """How far a deployment or change was at a time: how long before it it began, and how long before or after it ended.

    Args:
        change: the deployment or change.
        seconds: the time, in Unix seconds.
    """
    started, ended, state = change["started"], change["ended"], change["state"]
    before = f"{duration(seconds - started)} before"
    if state == "planned":
        return f"planned to start {before}" + ("" if ended is None else f", to end {duration(ended - seconds)} after")
    if state == "in_progress":
        return f"started {before}, still in progress"
    if ended is None:
        return f"started {before}, {ENDED[state]}; when is not known"
    if ended > seconds:
        return f"started {before}, {ENDED[state]} {duration(ended - seconds)} after"
    return f"{ENDED[state]} {duration(seconds - ended)} before, after {duration(ended - started)}"


def isolated(text: str) -> str:
    """A name whose direction cannot reach beyond it, for where no `<bdi>` can stand."""
    return FIRST_STRONG + _BIDI.sub("", text) + END


def indented(body: Mapping[str, Any]) -> str:
    """An event as JSON for reading; what would turn the direction of the text is escaped."""
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return _BIDI.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_web_address(text: str | None) -> bool:
    """Whether a text may become a link: `javascript:` and other schemes stay text."""
    return text is not None and _WEB_ADDRESS.fullmatch(text) is not None


def name(change: Mapping[str, Any]) -> str:
    """What a list calls a deployment or change: its component, which may be empty; the summary, if it has none."""
    return str(change["summary"] if change["component"] is None else change["component"])


def shown(name: str) -> str:
    """A name as a link's text, which must not be blank."""
    return name if name.strip() else "(no name)"


def way_back(place: str) -> str:
    """The query of a link whose page leads back to a place; none, where that is too long for an address."""
    return f"?{urlencode({'back': place})}" if 0 < len(place) <= BACK_LIMIT else ""


def cut(text: str, limit: int) -> str:
    """A text in one line, with at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def notes(change: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a list says below a deployment or change: kind and text of its reason, its other texts, and a few tags."""
    summary = None if change["component"] is None else change["summary"]
    texts = {"reason": change["reason"], "summary": summary, "description": change["description"]}
    found = [(kind, cut(text, LIMITS[kind])) for kind, text in texts.items() if text and text.strip()]
    tags = [(name, value) for name, value in (change["tags"] or {}).items() if name not in IN_COLUMNS and value.strip()]
    found += [("tag", f"{cut(name, LIMITS['tag'])}: {cut(value, LIMITS['tag'])}") for name, value in tags[:TAGS_SHOWN]]
    if len(tags) > TAGS_SHOWN:
        found.append(("tag", f"{len(tags) - TAGS_SHOWN} more tags"))
    return found


_environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
_environment.filters |= {"moment": moment, "duration": duration, "isolated": isolated, "indented": indented}
_environment.filters |= {"name": name, "notes": notes, "at": at, "iso": iso, "curl": curl}
_environment.filters |= {"ago": ago, "shown": shown, "way_back": way_back}
_environment.tests |= {"web_address": is_web_address}
_environment.globals |= {"states": STATES, "told": TOLD, "ended": ENDED, "ranges": RANGE_WORDS}
_environment.globals |= {"sorts": list(SORTS)}
