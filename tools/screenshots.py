"""`make screenshots`: pictures of the Changes page, of real runs of the sample program.

.venv/bin/python -m tools.screenshots [FOLDER]    needs `make browser`; FOLDER is docs/images, if absent
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Literal

from playwright.sync_api import sync_playwright

from tools.demo import ROOT, STEP_LIMIT_S, DemoError, Stack, sandbox

WIDTH, PHONE = 1180, 380
PICTURES: tuple[tuple[str, str, int, Literal["light", "dark"]], ...] = (
    ("changes-light", "/", WIDTH, "light"),
    ("changes-dark", "/", WIDTH, "dark"),
    ("changes-phone", "/", PHONE, "light"),
    ("deployment", "/?state=failure", WIDTH, "light"),
)
"""File, page, width and the user's wish."""


def main() -> int:
    """Run the sample program a few times, and take the pictures."""
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "images")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bigpanda-screenshots-") as name, sandbox() as address:
        runs(pathlib.Path(name), address)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for file, path, width, scheme in PICTURES:
                page = browser.new_page(viewport={"width": width, "height": 480}, color_scheme=scheme)
                page.goto(address + path)
                page.locator("#live", has_text="live").wait_for()
                if file == "deployment":
                    page.get_by_role("link", name="billing").first.click()
                    page.locator("h1").wait_for()
                page.screenshot(path=folder / f"{file}.png", full_page=file != "changes-phone")
            browser.close()
    return 0


def runs(folder: pathlib.Path, address: str) -> None:
    """A release that works, one that does not, one that mends it, and one that is in progress."""
    pulumi = Stack(folder, address)
    pulumi.run("stack", "init", "demo")
    pulumi.set("billing:fleet", str(folder / "fleet"))
    for version in ("1.2.3", "1.2.5", "1.2.4"):
        pulumi.set("billing:version", version)
        with contextlib.suppress(DemoError):  # there is no archive of 1.2.5
            pulumi.run("up", "--yes", "--skip-preview")
    shop = (
        "--component",
        "shop",
        "--version",
        "2.4.1",
        "--host",
        "web-1",
        "--host",
        "web-2",
        "--owner",
        "jane@acme.com",
    )
    subprocess.run(
        [sys.executable, "-m", "bigpanda_provider.release", "start", *shop],
        env=pulumi.environment,
        timeout=STEP_LIMIT_S,
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
