"""How the sandbox tells what is wrong: `{"errors": ["..."]}`, and a page where a browser asked.

The calls of the Changes API have a `status` beside the errors, as BigPanda documents it.
"""

from __future__ import annotations

import http
import sqlite3
from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from .bodies import TooLargeError, WrongBodyError
from .html import HEADERS, page

BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, NOT_ALLOWED = 400, 401, 404, 405
TOO_LARGE, UNPROCESSABLE, TOO_MANY = 413, 422, 429
FAILED, UNAVAILABLE = 500, 503

CHANGES, RECORDS = "/data/changes", "/resources/v2.0/changes"
"""The paths of the Changes API."""
NOTHING_HERE = (
    "nothing is here; the API is POST /data/events/deployments/start and /end, POST /data/changes, "
    "GET /resources/v2.0/changes, GET /changes (also .json and .csv) and GET /events, and the pages are / and /at"
)


class Errors(BaseModel):
    """The body of every answer that is no success."""

    errors: list[str]


def answer(request: Request, status: int, errors: Sequence[str], headers: Mapping[str, str] | None = None) -> Response:
    """The answer that tells of errors, as JSON or, where a browser asked, as a page.

    Args:
        request: what it answers.
        status: the HTTP status.
        errors: one sentence for each thing that is wrong.
        headers: further headers.
    """
    if _asks_for_a_page(request.headers.get("Accept", "")):
        title = f"{status} {http.HTTPStatus(status).phrase}"
        response: Response = page("error.html", status, title=title, errors=errors)
    else:
        of_status = {"status": status} if request.url.path in (CHANGES, RECORDS) else {}
        response = JSONResponse({**of_status, "errors": list(errors)}, status, HEADERS)
    response.headers.update(headers or {})
    return response


def tell_errors(app: FastAPI) -> None:
    """Let the application answer every error in this shape."""

    @app.exception_handler(WrongBodyError)
    async def wrong_body(request: Request, error: WrongBodyError) -> Response:
        return answer(request, BAD_REQUEST, error.errors)

    @app.exception_handler(TooLargeError)
    async def too_large(request: Request, error: TooLargeError) -> Response:
        return answer(request, TOO_LARGE, [str(error)])

    @app.exception_handler(RequestValidationError)
    async def wrong_query(request: Request, error: RequestValidationError) -> Response:
        if any(detail["loc"][0] == "path" for detail in error.errors()):
            return answer(request, NOT_FOUND, [NOTHING_HERE])
        status = BAD_REQUEST if request.url.path == RECORDS else UNPROCESSABLE
        return answer(request, status, [f"{detail['loc'][-1]}: {detail['msg']}" for detail in error.errors()])

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        status, headers, told = error.status_code, error.headers or {}, error.detail
        if (status, told) == (NOT_FOUND, "Not Found"):
            told = NOTHING_HERE
        if status == NOT_ALLOWED:
            told = f"this path does not take {request.method}; use {headers.get('Allow', 'GET')}"
        return answer(request, status, [told], headers)

    @app.exception_handler(sqlite3.Error)
    async def unusable(request: Request, error: sqlite3.Error) -> Response:
        return answer(request, UNAVAILABLE, [f"the data file cannot be used: {error}"])

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return answer(request, BAD_REQUEST, ["the body is incomplete"])  # nobody is left to read it

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return answer(request, FAILED, [f"the sandbox failed ({type(error).__name__}); its own output says where"])


def _asks_for_a_page(accept: str) -> bool:
    """Whether an `Accept` header prefers HTML to JSON; `*/*` alone does not."""
    page_weight, json_weight = _weight(accept, "text/html"), _weight(accept, "application/json")
    return page_weight > 0 and page_weight >= json_weight


def _weight(accept: str, media_type: str) -> float:
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name == media_type:
            given = next((value[2:] for value in parameters if value.startswith("q=")), "1")
            try:
                return float(given)
            except ValueError:
                return 0.0
    return 0.0
