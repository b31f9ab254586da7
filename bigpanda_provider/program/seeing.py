"""Sees the resources of a program, from the import of this package on."""

from __future__ import annotations

from pulumi.runtime import get_root_resource

from .sdk.engine import start_dynamic_providers
from .sdk.run import when_run_begins


def see_from_now() -> None:
    """See every resource from now on: of the program that is running, else of each that this process runs."""
    if get_root_resource() is None:
        when_run_begins(_see)
    else:
        # Programs import this package for their Deployments, whose process takes longer to start than all that follows.
        # A process that runs inline programs may have imported it for another one of them, so that is not done above.
        start_dynamic_providers()
        _see()


def _see() -> None:
    from .run import current  # a process that runs no program, as the provider's, needs nothing of it

    current()
