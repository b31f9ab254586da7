"""What the two calls of the API take, as its documentation says, and nothing that only our client knows."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError


class StartBody(BaseModel):
    """The body of `POST /data/events/deployments/start`."""

    model_config = ConfigDict(extra="allow")

    component: StrictStr
    version: StrictStr
    hosts: list[StrictStr]
    timestamp: StrictInt | None = None
    description: StrictStr | None = None
    owner: StrictStr | None = None
    source: StrictStr | None = None


class EndBody(BaseModel):
    """The body of `POST /data/events/deployments/end`."""

    model_config = ConfigDict(extra="allow")

    component: StrictStr
    version: StrictStr
    hosts: list[StrictStr]
    status: Literal["success", "failure"] = "success"
    errorMessage: StrictStr | None = None  # noqa: N815 - the API's name


Body = TypeVar("Body", StartBody, EndBody)


class WrongBodyError(Exception):
    """A body that the API does not take.

    Attributes:
        fields: the names of the fields that are missing or wrong, each with what is wrong.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {why}" for name, why in fields.items()))
        self.fields = fields


def parse(model: type[Body], raw: bytes) -> tuple[Body, dict[str, Any]]:
    """The body and the JSON object it came as.

    Raises:
        WrongBodyError: it is no JSON object, or fields are missing or wrong.
    """
    try:
        body = model.model_validate_json(raw)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise WrongBodyError({str((detail["loc"] or ("body",))[0]): detail["msg"] for detail in details}) from None
    return body, body.model_dump(mode="json", exclude_unset=True)
