"""The Changes page: a list with filters and a timeline, one deployment or change, and the ends that matched nothing."""

from __future__ import annotations

import time
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from .feed import Feed
from .html import HEADERS, HERE, page
from .listing import STATES, Filter
from .store import Store
from .timeline import Timeline

PAGE_SIZE = 50
EVENTS_SHOWN = 200
"""How many events of one deployment, and how many ends that matched nothing, a page shows."""
NOT_FOUND = 404
ASSETS = {"changes.css": "text/css", "changes.js": "text/javascript", "icon.svg": "image/svg+xml"}
Part = Annotated[str, Query(max_length=1000)]


def create_pages(store: Store, feed: Feed) -> APIRouter:
    """The pages over one store."""
    router = APIRouter()
    assets = {name: (HERE / "static" / name).read_bytes() for name in ASSETS}

    @router.get("/", response_class=HTMLResponse)
    def changes(
        component: Part = "",
        host: Part = "",
        state: str = "",
        number: Annotated[int, Query(alias="page", ge=1)] = 1,
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
            raise HTTPException(NOT_FOUND, f"there is no deployment or change {number}")
        return page(
            "deployment.html",
            change=found,
            events=store.events_of(number, EVENTS_SHOWN),
            more=store.count_events_of(number) - EVENTS_SHOWN,
        )

    @router.get("/unmatched", response_class=HTMLResponse)
    def unmatched() -> HTMLResponse:
        events = store.unmatched(EVENTS_SHOWN)[::-1]
        return page("unmatched.html", events=events, more=store.count_unmatched() - len(events))

    @router.get("/static/{name}")
    def asset(name: str) -> Response:
        if name not in assets:
            raise HTTPException(NOT_FOUND)
        return Response(assets[name], media_type=ASSETS[name], headers={**HEADERS, "Cache-Control": "no-cache"})

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(feed.messages(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return router
