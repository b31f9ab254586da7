"""The Changes page: a list with filters and a timeline, one deployment, and the ends that matched nothing."""

from __future__ import annotations

import json
import pathlib
import time
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse, StreamingResponse
from jinja2 import Environment, FileSystemLoader

from .feed import Feed
from .store import STATES, Filter, Store
from .timeline import Timeline

HERE = pathlib.Path(__file__).parent
PAGE_SIZE = 50
NOT_FOUND = 404
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""Whatever a component is called, nothing that is not ours runs on the page."""


def create_pages(store: Store, feed: Feed) -> APIRouter:
    """The pages over one store."""
    router = APIRouter()
    environment = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
    environment.filters |= {"moment": moment, "duration": duration}
    environment.globals |= {"states": STATES}

    def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
        text = environment.get_template(template).render(now=int(time.time()), **values)
        return HTMLResponse(text, status, HEADERS)

    @router.get("/", response_class=HTMLResponse)
    def changes(
        component: str = "", host: str = "", state: str = "", number: Annotated[int, Query(alias="page", ge=1)] = 1
    ) -> HTMLResponse:
        chosen = Filter(component.strip(), host.strip(), state if state in STATES else "")
        total = store.count(chosen)
        last = max(-(-total // PAGE_SIZE), 1)
        number = min(number, last)
        found = store.changes(PAGE_SIZE, (number - 1) * PAGE_SIZE, chosen)
        return page(
            "changes.html",
            changes=found,
            filter=chosen,
            total=total,
            number=number,
            last=last,
            timeline=Timeline.of(found, int(time.time())),
            unmatched=store.count_unmatched(),
            components=store.components(),
            link=lambda page: "?" + urlencode({**chosen.chosen(), "page": page}),
        )

    @router.get("/deployments/{number}", response_class=HTMLResponse)
    def deployment(number: int) -> HTMLResponse:
        found = store.change(number)
        if found is None:
            raise HTTPException(NOT_FOUND, f"there is no deployment {number}")
        events = [{**event, "text": _indented(event["body"])} for event in store.events_of(number)]
        return page("deployment.html", change=found, events=events)

    @router.get("/unmatched", response_class=HTMLResponse)
    def unmatched() -> HTMLResponse:
        events = [{**event, "text": _indented(event["body"])} for event in store.events(unmatched_only=True)]
        return page("unmatched.html", events=events[::-1])

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(feed.messages(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return router


def moment(seconds: float | None) -> str:
    """A time as the page shows it."""
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + " UTC"


def duration(seconds: float) -> str:
    """A duration in its two largest units: "2 h 5 min"."""
    left = max(int(seconds), 0)
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2])


def _indented(body: Mapping[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)
