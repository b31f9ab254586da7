"""The view of an alert: what was in progress when it came, or had just ended."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse

from .alert import LONGEST_MIN, MOST_HOSTS, PATH, WINDOW_MIN, Alert
from .around import SHOWN
from .errors import BAD_REQUEST
from .html import page
from .store import Store
from .times import parse_time
from .view import WORD_LIMIT, Part


def create_at_page(store: Store) -> APIRouter:
    """The page over one store."""
    router = APIRouter()

    @router.get(PATH, response_class=HTMLResponse)
    def at(
        moment: Annotated[str, Query(alias="time", max_length=WORD_LIMIT)] = "",
        host: Annotated[list[Part], Query(max_length=MOST_HOSTS)] = [],  # noqa: B006 - FastAPI copies it
        window: Annotated[int, Query(ge=0, le=LONGEST_MIN)] = WINDOW_MIN,
    ) -> HTMLResponse:
        alert = Alert(_seconds(moment), tuple(name.strip() for name in host if name.strip()), window)
        found = store.around(alert.seconds, window * 60, alert.hosts)
        listed = {kind: store.items(numbers) for kind, numbers in vars(found).items()}
        return page("at.html", alert=alert, found=listed, most=SHOWN)

    return router


def _seconds(moment: str) -> int:
    if not moment.strip():
        return int(time.time())
    try:
        return parse_time(moment)
    except ValueError as error:
        raise HTTPException(BAD_REQUEST, f"time: {error}") from None
