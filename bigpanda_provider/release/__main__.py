"""`bigpanda-release`, and `python -m bigpanda_provider.release`."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("rich", "typer", "yaml")
"""What the extra `cli` installs."""


def main() -> int:
    """Run the command line; one sentence where the extra that it needs is not installed."""
    missing = next((name for name in NEEDED if find_spec(name) is None), None)
    if missing is not None:
        print(f"{missing} is missing; install it with: pip install 'bigpanda-provider[cli]'", file=sys.stderr)
        return 2
    try:
        from .cli import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are loaded
        print("bigpanda-release: cancelled", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
