"""Record deployments in BigPanda from Pulumi programs.

Resources that are declared in the `with` block of a Deployment wait for its start, and its end waits for all of them:

    import bigpanda_provider as bigpanda

    with bigpanda.Deployment("shop", component="shop", version="2.4.1", hosts=["web-1", "web-2"]):
        ...
"""

from .deployment import Completion, Deployment
from .errors import (
    BigPandaError,
    DeclarationError,
    DeliveryError,
    InvalidEventError,
    OutboxError,
    RefusedError,
    RejectedError,
    ReleaseError,
    SettingError,
    UnavailableError,
    UndeliveredError,
    WrongUseError,
)
from .hosts import host_name
from .program.arguments import DeploymentArgs
from .program.run import see_from_now as _see_from_now
from .record import record_program

__all__ = [
    "BigPandaError",
    "Completion",
    "DeclarationError",
    "DeliveryError",
    "Deployment",
    "DeploymentArgs",
    "InvalidEventError",
    "OutboxError",
    "RefusedError",
    "RejectedError",
    "ReleaseError",
    "SettingError",
    "UnavailableError",
    "UndeliveredError",
    "WrongUseError",
    "host_name",
    "record_program",
]

# A resource that is declared before the first Deployment may be the one that fails while it is open.
_see_from_now()
