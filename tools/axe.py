"""Get axe-core, by which the tests look for what keeps people out of the Changes page.

The npm package, pinned by its version and the hash of its file, lies in the user's cache folder, once per machine.

.venv/bin/python -m tools.axe    needs npm; `make browser` runs it
"""

from __future__ import annotations

import base64
import hashlib
import pathlib
import subprocess
import sys
import tarfile

from tools.engine import CACHE, EngineError, lock, partial

VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
SCRIPT = CACHE / f"axe-core-{VERSION}" / "axe.min.js"
"""Where it is, once it was had."""
LIMIT_S = 300


class AxeError(Exception):
    """It could not be had; the message says why."""


def main() -> int:
    """Make it available; print where it is. Exit code 1, with one sentence, where that fails."""
    try:
        if not SCRIPT.is_file():
            with lock():
                if not SCRIPT.is_file():
                    fetch()
    except (AxeError, EngineError, OSError) as error:
        print(f"axe-core: {error}; the tests with it will be skipped", file=sys.stderr)
        return 1
    print(f"axe-core: {SCRIPT}")
    return 0


def fetch() -> None:
    """Ask npm for the package, and keep its script and license."""
    print(f"Fetching axe-core {VERSION} (at most {LIMIT_S // 60} minutes)", flush=True)
    with partial(SCRIPT.parent) as folder:
        package = pack(folder)
        verify(package.read_bytes())
        with tarfile.open(package) as files:
            for name in (SCRIPT.name, "LICENSE"):
                member = files.extractfile(f"package/{name}")
                if member is None:
                    raise AxeError(f"the package has no {name}")
                (folder / name).write_bytes(member.read())
        package.unlink()


def pack(folder: pathlib.Path) -> pathlib.Path:
    """Let npm put the package's file into a folder."""
    command = ["npm", "pack", f"axe-core@{VERSION}", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, cwd=folder)
    except subprocess.TimeoutExpired:
        raise AxeError(f"npm took longer than {LIMIT_S} s") from None
    except OSError as error:
        raise AxeError(f"npm could not be started ({error})") from None
    if done.returncode:
        raise AxeError(f"npm failed ({(done.stderr.strip().splitlines() or ['no output'])[-1]})")
    return folder / f"axe-core-{VERSION}.tgz"


def verify(content: bytes) -> None:
    """Check a package's file.

    Raises:
        AxeError: it is another one than that which is pinned.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != INTEGRITY:
        raise AxeError(f"the package has another hash than {INTEGRITY}")


if __name__ == "__main__":
    sys.exit(main())
