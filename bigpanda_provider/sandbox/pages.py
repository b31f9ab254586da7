"""The Changes page: a list with filters and a timeline, one deployment or change, and the ends that matched nothing."""

from __future__ import annotations

import pathlib
import time
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from .alert import Alert
from .feed import Feed
from .html import BACK_LIMIT, HEADERS, HERE, page
from .listing import NEWEST_FIRST, STATES, Filter, Order
from .store import Store
from .timeline import Timeline
from .times import iso, period
from .tip import tip
from .view import PAGE_RANGE, View, asked

PAGE_SIZE = 50
MOST_BARS = 300
"""The timeline shows the newest deployments and changes, at most so many."""
EVENTS_SHOWN = 200
"""How many events of one deployment, and how many ends that matched nothing, a page shows."""
OTHERS_SHOWN = 20
HOSTS_SHOWN = 20
"""How many hosts of one deployment are shown before the others are folded."""
NOT_FOUND = 404
ASSETS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
"""The media types of the files in `static`."""


def create_pages(store: Store, feed: Feed) -> APIRouter:
    """The pages over one store."""
    router = APIRouter()
    assets = {file.name: file.read_bytes() for file in (HERE / "static").iterdir() if file.suffix in ASSETS}

    @router.get("/", response_class=HTMLResponse)
    def changes(
        request: Request, view: Annotated[View, Depends(asked)], number: Annotated[int, Query(alias="page", ge=1)] = 1
    ) -> HTMLResponse:
        now = int(time.time())
        view = replace(view, state=view.state if view.state in STATES else "")
        chosen, order = view.filter(now, PAGE_RANGE), view.sorted()
        states = store.states(replace(chosen, state=""))
        total = states.get(view.state, 0) if view.state else sum(states.values())
        last = max(-(-total // PAGE_SIZE), 1)
        view = replace(view, page=min(number, last))
        newest = store.numbers(chosen, NEWEST_FIRST, MOST_BARS)
        first = (view.page - 1) * PAGE_SIZE
        if order == NEWEST_FIRST and first + PAGE_SIZE <= MOST_BARS:  # to look into all names takes a while
            found = store.items(newest[first : first + PAGE_SIZE])
        else:
            found = _part(store, chosen, order, first, total)
        drawn = store.outlines(newest)
        timeline = Timeline.of(drawn, now, chosen.since, chosen.until)
        return page(
            "changes.html",
            changes=found,
            view=view,
            range=view.range or PAGE_RANGE,
            order=order,
            states_found=states,
            total=total,
            last=last,
            before=0 if total or chosen.since is None else store.count(replace(chosen, since=None)),
            timeline=timeline,
            drawn=len(drawn),
            since=view.since or iso(timeline.axis.first if timeline else chosen.since or now),
            until=view.until or iso(min(timeline.axis.last, now) if timeline else now),
            tip=tip,
            period=period,
            unmatched=store.count_unmatched(),
            components=store.components(),
            origin=str(request.base_url).rstrip("/"),
        )

    @router.get("/deployments/{number}", response_class=HTMLResponse)
    def deployment(number: int, back: Annotated[str, Query(max_length=BACK_LIMIT)] = "") -> HTMLResponse:
        found = store.change(number)
        if found is None:
            raise HTTPException(NOT_FOUND, f"there is no deployment or change {number}")
        others = store.beside(found, int(time.time()))
        near = store.neighbours(found)
        named = {change["id"]: change for change in store.items([*{*vars(near).values()} - {None}])}
        alert = Alert.back(back)
        view = View() if alert else View.back(back)
        return page(
            "deployment.html",
            change=found,
            near={name: named.get(number) for name, number in vars(near).items()},
            others=store.items(others[:OTHERS_SHOWN]),
            more_others=max(len(others) - OTHERS_SHOWN, 0),
            at=Alert(found["started"], tuple(found["hosts"][:HOSTS_SHOWN])).address,
            shown=HOSTS_SHOWN,
            view=view,
            alert=alert,
            back=alert.address if alert else view.query(page=view.page),
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
        media_type = ASSETS[pathlib.PurePath(name).suffix]
        return Response(assets[name], media_type=media_type, headers={**HEADERS, "Cache-Control": "no-cache"})

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(feed.messages(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return router


def _part(store: Store, chosen: Filter, order: Order, offset: int, total: int) -> list[dict[str, Any]]:
    """The deployments and changes of a page, read from the end of the list that is nearer."""
    size = min(PAGE_SIZE, total - offset)
    if offset <= total // 2:
        return store.changes(PAGE_SIZE, offset, chosen, order=order)
    return store.changes(size, total - offset - size, chosen, order=replace(order, descending=not order.descending))[
        ::-1
    ]
