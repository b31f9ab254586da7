"""Resources of the tests' programs that make a secret, and that tell one in their error."""

from __future__ import annotations

import os
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider

PASSWORD = "Zufall&4711 ü"


class PasswordProvider(ResourceProvider):
    """Makes a password."""

    def create(self, _props: dict[str, Any]) -> CreateResult:
        """Answer with the password, alone and in a list with other things."""
        return CreateResult("password", {"result": PASSWORD, "all": {"users": [{"name": "root", "hash": PASSWORD}]}})


class Password(Resource):
    """As a RandomPassword: its outputs are secret, its inputs do not hold them."""

    result: pulumi.Output[str]
    all: pulumi.Output[Any]

    def __init__(self, name: str) -> None:
        secret = pulumi.ResourceOptions(additional_secret_outputs=["result", "all"])
        super().__init__(PasswordProvider(), name, {"result": None, "all": None}, secret)


class DatabaseProvider(ResourceProvider):
    """Cannot log in."""

    def create(self, _props: dict[str, Any]) -> CreateResult:
        """Fail with an error that holds what stands in the environment, as a database's own error would."""
        raise RuntimeError(os.environ["TEST_ERROR"])


class Database(Resource):
    """A resource that takes an address and fails."""

    def __init__(self, name: str, url: pulumi.Input[Any]) -> None:
        super().__init__(DatabaseProvider(), name, {"url": url})
