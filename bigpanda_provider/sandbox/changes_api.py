"""The calls of BigPanda's Changes API: one takes changes, one returns them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from . import changes
from .bodies import ChangeBody, parse, receive
from .errors import BAD_REQUEST, CHANGES, RECORDS, TOO_MANY, UNAUTHORIZED
from .feed import Feed
from .listing import LARGEST, Cursor
from .rate import Rate
from .store import Store

NO_CONTENT = 204
MOST_RECORDS = 999
"""Most changes that one answer holds."""
RECORDS_SHOWN = 200
"""How many it holds where no limit is given."""

Seconds = Annotated[int, Query(ge=0, le=LARGEST)]


def create_changes_api(store: Store, feed: Feed, rate: Rate) -> APIRouter:
    """The two calls over one store.

    Args:
        store: what was sent.
        feed: is told of each change.
        rate: how many posts are taken.
    """
    router = APIRouter()

    @router.post(CHANGES, status_code=NO_CONTENT, dependencies=[Depends(authorized), Depends(_names_integration)])
    async def post(request: Request) -> Response:
        raw = await receive(request)  # first of all: many clients look for an answer only after they have sent
        if not rate.takes():
            raise HTTPException(TOO_MANY, "too many changes in the last minute; send this one again later")
        await run_in_threadpool(store.post, *parse(ChangeBody, raw))
        await feed.changed()
        return Response(status_code=NO_CONTENT)

    @router.get(RECORDS, dependencies=[Depends(authorized)])
    def records(
        request: Request,
        response: Response,
        start_time_frame: Seconds,
        end_time_frame: Seconds,
        search: Annotated[str, Query(max_length=1000)] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_RECORDS)] = RECORDS_SHOWN,
        cursor: Annotated[str, Query(max_length=50)] = "",
    ) -> dict[str, Any]:
        asked = changes.Query(start_time_frame, end_time_frame, _unquoted(search), limit, _place(cursor))
        found, more = store.records(asked)
        if more is not None:
            # The cursor stands last, since BigPanda's own client reads it as what is between `cursor=` and `>`.
            address = request.url.remove_query_params("cursor").include_query_params(cursor=str(more))
            response.headers["Link"] = f'<{address}>; rel="next"'
        return {"results": found}

    return router


async def authorized(request: Request) -> None:
    """Refuse a request without a bearer token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token.strip():
        raise HTTPException(UNAUTHORIZED, "a bearer token is required: Authorization: Bearer TOKEN")


async def _names_integration(request: Request) -> None:
    if not request.headers.get("x-bp-app-key", "").strip():
        raise HTTPException(UNAUTHORIZED, "the app key of an integration is required: x-bp-app-key: KEY")


def _unquoted(search: str) -> str:
    """The text that is looked for."""
    if not search:
        return ""
    if len(search) < len('""') or not (search.startswith('"') and search.endswith('"')):
        raise HTTPException(BAD_REQUEST, 'search: not in double quotes; write search="TEXT"')
    return search[1:-1]


def _place(cursor: str) -> Cursor | None:
    if not cursor:
        return None
    try:
        return Cursor.parse(cursor)
    except ValueError:
        raise HTTPException(
            BAD_REQUEST, "cursor: not a cursor; pass on the one in the Link header of the answer before"
        ) from None
