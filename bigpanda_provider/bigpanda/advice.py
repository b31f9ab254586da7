"""What to check after an answer of BigPanda's, by the names of the settings and where they were found. No I/O."""

from __future__ import annotations

from ..dataclass import dataclass
from ..settings import Settings, Source
from ..state import Api

UNAUTHORIZED, FORBIDDEN, GONE = 401, 403, 410


@dataclass(frozen=True)
class Advice:
    """The last sentence of an error about BigPanda's answer.

    Args:
        settings: what the request was sent with.
        api: the API that answered.
    """

    settings: Settings
    api: Api = Api.DEPLOYMENTS

    @property
    def on_address(self) -> str:
        """For an answer that is not BigPanda's."""
        return f"Check {self.settings.base_url}."

    @property
    def on_certificate(self) -> str:
        """For a client certificate that is missing or not accepted."""
        return f"Check {self.settings.client_certificate}."

    def on_post(self, status: int) -> str:
        """For the answer to a post."""
        if status == UNAUTHORIZED:
            return self._with_keys(f"Check the token{self._where_token_is}.")
        if status == FORBIDDEN:
            return self._with_keys("Check the token's permissions.")
        if status == GONE:
            return f"Check {self.settings.base_url}, and {self.settings.app_key} for the Changes API."
        return self.on_address

    def on_read(self, status: int) -> str:
        """For the answer to a read."""
        if status not in (UNAUTHORIZED, FORBIDDEN):
            return self.on_address
        return (
            "BigPanda's Changes API takes a User API key, not the organization's token. Check "
            f"{self.settings.token}, and that {self.settings.region} is where the key is from."
        )

    @property
    def _where_token_is(self) -> str:
        token = self.settings.token
        if token.source in (Source.CONFIG, Source.DEFAULT):
            return ": `pulumi config set --secret bigpanda:apiToken`"
        return f" in {token}"

    def _with_keys(self, told: str) -> str:
        if self.api is not Api.CHANGES:
            return told
        return f"{told} BigPanda's Changes API takes a User API key, and the app key in {self.settings.app_key}."
