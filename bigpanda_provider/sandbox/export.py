"""The list as a file: `GET /changes.json` and `GET /changes.csv`, of any length."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from .html import HEADERS
from .store import Store
from .times import iso
from .view import State, View, asked

PART = 500
"""So many are read from the database at once."""
TEXTS = ("component", "version", "hosts", "state", "owner", "source", "reason", "description", "summary")
LINKS = ("identifier", "ticket_url")
CSV_COLUMNS = ("id", "api", *TEXTS, "started", "ended", "duration_seconds", *LINKS)
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet computes a cell that begins with one of these, in its full width too."""


def create_exports(store: Store) -> APIRouter:
    """The two files over one store. They take the filters, range and order of the list, and have all of its pages."""
    router = APIRouter()

    @router.get("/changes.json")
    def as_json(view: Annotated[View, Depends(asked)], state: State = "") -> StreamingResponse:
        return _file("json", "application/json", json_lines(_items(store, view)))

    @router.get("/changes.csv")
    def as_csv(view: Annotated[View, Depends(asked)], state: State = "") -> StreamingResponse:
        return _file("csv", "text/csv; charset=utf-8; header=present", csv_lines(_items(store, view)))

    return router


def json_lines(parts: Iterator[Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """A JSON array with one deployment or change a line."""
    yield "["
    before = "\n"
    for part in parts:
        for change in part:
            yield before + json.dumps(change, ensure_ascii=False)
            before = ",\n"
    yield "\n]\n"


def csv_lines(parts: Iterator[Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """CSV as RFC 4180 has it, with a header."""
    yield _lines([CSV_COLUMNS])
    for part in parts:
        yield _lines([_cells(change) for change in part])


def harmless(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula: a quote mark stands before one that looks like it."""
    looks = text.lstrip().startswith(FORMULA) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if looks else text


def _cells(change: Mapping[str, Any]) -> list[str | int]:
    started, ended = change["started"], change["ended"]
    texts = {**change, "hosts": ", ".join(change["hosts"])}
    return [
        change["id"],
        change["api"],
        *(harmless(texts[name] or "") for name in TEXTS),
        iso(started),
        "" if ended is None else iso(ended),
        "" if ended is None else ended - started,
        *(harmless(texts[name] or "") for name in LINKS),
    ]


def _lines(rows: Sequence[Sequence[str | int]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _items(store: Store, view: View) -> Iterator[list[dict[str, Any]]]:
    # Which they are is settled at once, so that none is there twice or missing, whatever comes in meanwhile.
    numbers = store.numbers(view.filter(int(time.time())), view.sorted())
    return (store.items(numbers[begin : begin + PART]) for begin in range(0, len(numbers), PART))


def _file(ending: str, media_type: str, lines: Iterator[str]) -> StreamingResponse:
    name = f"changes-{time.strftime('%Y-%m-%d', time.gmtime())}.{ending}"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type=media_type, headers=headers)
