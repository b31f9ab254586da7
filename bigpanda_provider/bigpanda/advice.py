"""What to do about an answer of BigPanda's, by the names of the settings that it depends on. No I/O."""

from __future__ import annotations

from ..dataclass import dataclass
from ..settings import Settings, Source
from ..state import Api

UNAUTHORIZED, FORBIDDEN, GONE = 401, 403, 410


@dataclass(frozen=True)
class Advice:
    """The settings' names and where they were found, as a sentence shows them.

    Attributes:
        token: of the API token.
        is_in_config: whether the token is from the stack's config.
        app_key: of the app key.
        base_url: of BigPanda's address.
        region: of the region.
        certificate: of the client certificate.
        api: which of BigPanda's APIs answers.
    """

    token: str = "bigpanda:apiToken"  # noqa: S105 - a name
    is_in_config: bool = True
    app_key: str = "bigpanda:appKey"
    base_url: str = "bigpanda:baseUrl"
    region: str = "bigpanda:region"
    certificate: str = "bigpanda:clientCertificate"
    api: Api = Api.DEPLOYMENTS

    @classmethod
    def of(cls, settings: Settings, api: Api) -> Advice:
        """For what is sent with these settings by that API."""
        return cls(
            token=str(settings.token),
            is_in_config=settings.token.source is Source.CONFIG,
            app_key=str(settings.app_key),
            base_url=str(settings.base_url),
            region=str(settings.region),
            certificate=str(settings.client_certificate),
            api=api,
        )

    @property
    def on_address(self) -> str:
        """What to do about an answer that is not BigPanda's."""
        return f"Check {self.base_url}."

    @property
    def on_certificate(self) -> str:
        """What to do about an answer that says that the client certificate is missing or not accepted."""
        return f"Check {self.certificate}."

    def on_post(self, status: int) -> str:
        """What to do about the answer to a post."""
        if status == UNAUTHORIZED:
            how = ": `pulumi config set --secret bigpanda:apiToken`" if self.is_in_config else f" in {self.token}"
            return self._with_keys(f"Check the token{how}.")
        if status == FORBIDDEN:
            return self._with_keys("Check the token's permissions.")
        if status == GONE:
            return f"Check {self.base_url}, and {self.app_key} for the Changes API."
        return self.on_address

    def on_read(self, status: int) -> str:
        """What to do about the answer to a read."""
        if status not in (UNAUTHORIZED, FORBIDDEN):
            return self.on_address
        return (
            "BigPanda's Changes API takes a User API key, not the organization's token. Check "
            f"{self.token}, and that {self.region} is where the key is from."
        )

    def _with_keys(self, told: str) -> str:
        if self.api is not Api.CHANGES:
            return told
        return f"{told} BigPanda's Changes API takes a User API key, and the app key in {self.app_key}."
