"""What the calls of both APIs take, as their documentation says, and nothing that only our client knows."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError, from_json
from starlette.requests import Request

BODY_LIMIT = 1024 * 1024
"""Most bytes of a body."""
PASSED_OVER = 16 * BODY_LIMIT
"""Of a body that is larger so much is read all the same: most clients look for an answer only after they have sent."""
LAST_SECOND = 253_402_300_799
"""The last second of the year 9999; what is later is no time in seconds."""

Hosts = Annotated[list[StrictStr], Field(min_length=1)]
Text = Annotated[StrictStr, Field(min_length=1)]
Seconds = Annotated[StrictInt, Field(ge=0, le=LAST_SECOND)]


class StartBody(BaseModel):
    """The body of `POST /data/events/deployments/start`."""

    model_config = ConfigDict(extra="allow")

    component: StrictStr
    version: StrictStr
    hosts: Hosts
    timestamp: Seconds | None = None
    description: StrictStr | None = None
    owner: StrictStr | None = None
    source: StrictStr | None = None


class EndBody(BaseModel):
    """The body of `POST /data/events/deployments/end`."""

    model_config = ConfigDict(extra="allow")

    component: StrictStr
    version: StrictStr
    hosts: Hosts
    status: Literal["success", "failure"] = "success"
    errorMessage: StrictStr | None = None  # noqa: N815 - the API's name


class ChangeBody(BaseModel):
    """The body of `POST /data/changes`: the whole change, each time."""

    model_config = ConfigDict(extra="allow")

    identifier: Text
    status: Literal["Planned", "In Progress", "Done", "Canceled"]
    summary: Text
    start: Seconds
    end: Seconds | None = None
    ticket_url: StrictStr | None = None
    tags: dict[StrictStr, StrictStr] | None = None
    metadata: dict[StrictStr, Any] | None = None

    @field_validator("end", "ticket_url", "tags", "metadata", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        # None stands for "was not sent"; the documentation has no null for any field.
        if value is None:
            raise PydanticCustomError("null", "Input should not be null; leave the field out")
        return value


Body = TypeVar("Body", StartBody, EndBody, ChangeBody)


class WrongBodyError(Exception):
    """A body that the API does not take.

    Attributes:
        errors: one sentence for each field that is missing or wrong, which begins with its name.
    """

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class TooLargeError(Exception):
    """A body of more than `BODY_LIMIT` bytes."""

    def __init__(self) -> None:
        super().__init__(f"the body is larger than {BODY_LIMIT} bytes")


async def receive(request: Request) -> bytes:
    """The body of a request.

    Raises:
        TooLargeError: it is larger than `BODY_LIMIT`. What is too much is not kept, and after `PASSED_OVER` not read.
    """
    asks_first = request.headers.get("Expect", "").lower() == "100-continue"
    if asks_first and int(request.headers.get("Content-Length", "0")) > BODY_LIMIT:
        raise TooLargeError
    body, size = bytearray(), 0
    async for part in request.stream():
        size += len(part)
        if size <= BODY_LIMIT:
            body += part
        elif size > PASSED_OVER:
            break
    if size > BODY_LIMIT:
        raise TooLargeError
    return bytes(body)


def parse(model: type[Body], raw: bytes) -> tuple[Body, dict[str, Any]]:
    """The body and the JSON object it came as.

    Raises:
        WrongBodyError: it is no JSON object, or fields are missing or wrong.
    """
    try:
        sent = from_json(raw, allow_inf_nan=False)
        json.dumps(sent, ensure_ascii=False, allow_nan=False).encode()  # what cannot be written again was not JSON
    except (ValueError, RecursionError) as error:
        raise WrongBodyError([f"body: not JSON ({error})"]) from None
    try:
        return model.model_validate(sent), sent
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise WrongBodyError([f"{_where(detail['loc'])}: {detail['msg']}" for detail in details]) from None


def _where(loc: tuple[int | str, ...]) -> str:
    """A field as a person writes it: `hosts[1]`; the whole is the body."""
    return "".join(f"[{part}]" if isinstance(part, int) else part for part in loc) or "body"
