"""The view of an alert: what was in progress when it came, or had just ended."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse

from .around import SHOWN
from .errors import BAD_REQUEST
from .html import page
from .store import Store
from .times import parse_time
from .view import WORD_LIMIT, Part

WINDOW_MIN = 30
"""What ended within so many minutes before an alert is told of."""
LONGEST_MIN = 7 * 24 * 60
MOST_HOSTS = 100


def create_at_page(store: Store) -> APIRouter:
    """The page over one store."""
    router = APIRouter()

    @router.get("/at", response_class=HTMLResponse)
    def at(
        moment: Annotated[str, Query(alias="time", max_length=WORD_LIMIT)] = "",
        host: Annotated[list[Part], Query(max_length=MOST_HOSTS)] = [],  # noqa: B006 - FastAPI copies it
        window: Annotated[int, Query(ge=0, le=LONGEST_MIN)] = WINDOW_MIN,
    ) -> HTMLResponse:
        seconds = _seconds(moment)
        hosts = [name.strip() for name in host if name.strip()]
        found = store.around(seconds, window * 60, hosts)
        listed = {kind: store.items(numbers) for kind, numbers in vars(found).items()}
        return page("at.html", seconds=seconds, hosts=hosts, window=window, found=listed, most=SHOWN)

    return router


def _seconds(moment: str) -> int:
    if not moment.strip():
        return int(time.time())
    try:
        return parse_time(moment)
    except ValueError as error:
        raise HTTPException(BAD_REQUEST, f"time: {error}") from None
