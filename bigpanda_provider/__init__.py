"""Record deployments in BigPanda from Pulumi programs.

Resources that are declared in the `with` block of a Deployment wait for its start, and its end waits for all of them:

    import bigpanda_provider as bigpanda

    with bigpanda.Deployment("shop", component="shop", version="2.4.1", hosts=["web-1", "web-2"]):
        ...
"""

import importlib as _importlib
import typing as _typing

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
from .program.seeing import see_from_now as _see_from_now

if _typing.TYPE_CHECKING:
    from .deployment import Completion, Deployment
    from .hosts import host_name
    from .program.arguments import DeploymentArgs
    from .record import record_program
else:
    # The provider process imports this package too, for one of its modules, and needs none of these.
    _MODULE_OF = {
        "Completion": ".deployment",
        "Deployment": ".deployment",
        "DeploymentArgs": ".program.arguments",
        "host_name": ".hosts",
        "record_program": ".record",
    }

    def __getattr__(name):
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(_importlib.import_module(_MODULE_OF[name], __name__), name)
        return value

    def __dir__():
        return sorted({*globals(), *_MODULE_OF})


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
