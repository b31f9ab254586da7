"""The web application: BigPanda's Deployments and Changes API, the Changes page, and what it lists as JSON."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool

from .at_page import create_at_page
from .bodies import EndBody, StartBody, parse, receive
from .changes_api import authorized, create_changes_api
from .errors import UNPROCESSABLE, Errors, tell_errors
from .export import create_exports
from .feed import Feed
from .hosts import LOOPBACK, AllowedHosts, HostCheck
from .listing import LARGEST, Cursor
from .pages import create_pages
from .rate import Rate
from .store import Store
from .view import State, View, asked

CREATED = 201
MOST_CHANGES = 1000
MOST_EVENTS = 10_000
"""Most that one answer holds."""
SHOWN = 100
"""How many it holds where no limit is given."""
Number = Annotated[int, Query(ge=0, le=LARGEST)]


def create_app(store: Store, allowed: AllowedHosts | None = None, changes_per_minute: int | None = None) -> FastAPI:
    """The application over one store.

    Args:
        store: what was sent.
        allowed: the hosts that a request may name; those of loopback, if None.
        changes_per_minute: how many posts of changes are taken in any 60 seconds; any number, if None.
    """
    app = FastAPI(
        title="BigPanda sandbox",
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": Errors}},
    )
    app.add_middleware(HostCheck, allowed=allowed or AllowedHosts.of(LOOPBACK))
    tell_errors(app)
    feed = app.state.feed = Feed()
    app.include_router(create_pages(store, feed))
    app.include_router(create_at_page(store))
    app.include_router(create_exports(store))
    app.include_router(create_changes_api(store, feed, Rate(changes_per_minute)))

    @app.post("/data/events/deployments/start", status_code=CREATED, dependencies=[Depends(authorized)])
    async def start(request: Request) -> dict[str, str]:
        await run_in_threadpool(store.start, *parse(StartBody, await receive(request)))
        await feed.changed()
        return {"status": "created"}

    @app.post("/data/events/deployments/end", status_code=CREATED, dependencies=[Depends(authorized)])
    async def end(request: Request) -> dict[str, str]:
        await run_in_threadpool(store.end, *parse(EndBody, await receive(request)))
        await feed.changed()
        return {"status": "created"}

    @app.get("/changes")
    def changes(
        view: Annotated[View, Depends(asked)],
        state: State = "",
        limit: Annotated[int, Query(ge=1, le=MOST_CHANGES)] = SHOWN,
        cursor: Annotated[str, Query(max_length=50)] = "",
        offset: Number = 0,
    ) -> dict[str, Any]:
        chosen, order = view.filter(int(time.time())), view.sorted()
        found = store.changes(limit + 1, offset, chosen, _cursor(cursor), order)
        states = store.states(chosen)
        return {
            "changes": found[:limit],
            "total": sum(states.values()),
            "states": states,
            "next": str(Cursor.of(found[limit - 1])) if len(found) > limit else None,
            "unmatchedEnds": store.unmatched(limit),
            "unmatchedTotal": store.count_unmatched(),
        }

    @app.get("/events")
    def events(limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = SHOWN, cursor: Number = 0) -> dict[str, Any]:
        found = store.events(limit + 1, cursor)
        return {
            "events": found[:limit],
            "total": store.count_events(),
            "next": str(found[limit - 1]["id"]) if len(found) > limit else None,
        }

    return app


def _cursor(text: str) -> Cursor | None:
    if not text:
        return None
    try:
        return Cursor.parse(text)
    except ValueError as error:
        raise HTTPException(UNPROCESSABLE, f"cursor: {error}") from None
