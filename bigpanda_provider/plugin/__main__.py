"""`pulumi-resource-bigpanda`: the engine starts it."""

from __future__ import annotations

import contextlib
import sys


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit("pulumi-resource-bigpanda is started by Pulumi: declare a bigpanda:Deployment and run `pulumi up`")
    from .server import serve

    with contextlib.suppress(KeyboardInterrupt):
        serve()


if __name__ == "__main__":
    main()
