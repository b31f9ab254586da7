"""The web application: BigPanda's two calls, the Changes page, and the Changes as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from .bodies import EndBody, StartBody, WrongBodyError, parse
from .feed import Feed
from .pages import HERE, create_pages
from .store import Store

CREATED = 201
BAD_REQUEST = 400
UNAUTHORIZED = 401


def create_app(store: Store) -> FastAPI:
    """The application over one store."""
    app = FastAPI(title="BigPanda sandbox", docs_url=None, redoc_url=None)
    feed = Feed()
    app.include_router(create_pages(store, feed))
    app.mount("/static", StaticFiles(directory=HERE / "static"))

    @app.exception_handler(WrongBodyError)
    async def wrong_body(request: Request, error: WrongBodyError) -> JSONResponse:
        return JSONResponse({"error": "missing or wrong fields", "fields": error.fields}, BAD_REQUEST)

    @app.post("/data/events/deployments/start", status_code=CREATED, dependencies=[Depends(_authorized)])
    async def start(request: Request) -> dict[str, str]:
        await run_in_threadpool(store.start, *parse(StartBody, await request.body()))
        await feed.changed()
        return {"status": "created"}

    @app.post("/data/events/deployments/end", status_code=CREATED, dependencies=[Depends(_authorized)])
    async def end(request: Request) -> dict[str, str]:
        await run_in_threadpool(store.end, *parse(EndBody, await request.body()))
        await feed.changed()
        return {"status": "created"}

    @app.get("/changes")
    def changes(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100, offset: Annotated[int, Query(ge=0)] = 0
    ) -> dict[str, Any]:
        return {"changes": store.changes(limit, offset), "unmatchedEnds": store.events(unmatched_only=True)}

    @app.get("/events")
    def events() -> list[dict[str, Any]]:
        return store.events()

    return app


async def _authorized(request: Request) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token.strip():
        raise HTTPException(UNAUTHORIZED, "a bearer token is required")
