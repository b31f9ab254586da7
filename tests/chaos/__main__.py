"""Run a campaign as the arguments say."""

from __future__ import annotations

import argparse
import pathlib
import random
import sys
import tempfile

from . import __doc__ as description
from .campaign import campaign


def main() -> int:
    """Run a campaign; 1 if something was found."""
    parser = argparse.ArgumentParser(
        "python -m tests.chaos", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=200, help="how many updates to run (200)")
    parser.add_argument("--seconds", type=float, default=1500, help="when to stop all the same (1500)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the sequence (a random one)")
    given = parser.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        made, found = campaign(pathlib.Path(folder) / "stack", given.seed, given.updates, given.seconds)
    print(f"seed {given.seed}: {made.updates} updates in {len(made.steps)} steps", *found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
