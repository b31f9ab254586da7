"""`make screenshots`: pictures of the Changes page, with sample deployments.

.venv/bin/python -m tools.screenshots [FOLDER]    needs `make browser`; FOLDER is docs/images, if absent
"""

from __future__ import annotations

import pathlib
import shutil
import sys
import time
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from bigpanda_provider.sandbox.store import Store
from tests.servers import sandbox
from tools import sample_changes
from tools.programs import ROOT

DESK, LOW, PHONE = (1000, 770), (1000, 480), (390, 780)
PICTURES: tuple[tuple[str, str, tuple[int, int], Literal["light", "dark"]], ...] = (
    ("changes-light", "/?range=1h", DESK, "light"),
    ("timeline", "/?range=1h", LOW, "light"),
    ("changes-dark", "/?range=1h", DESK, "dark"),
    ("changes-phone", "/?range=1h", PHONE, "light"),
    ("deployment", "/?state=failure", DESK, "light"),
)
"""File, page, width and height of the window, and the user's wish."""
SCALES = {DESK: 1.2, LOW: 1.5, PHONE: 2}
"""Pixels of a picture for one of the page: so many that each file is smaller than 200 kB."""


def main() -> int:
    """Take the pictures."""
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "images")
    folder.mkdir(parents=True, exist_ok=True)
    clock = sample_changes.Clock()
    with sandbox(store=Store(":memory:", clock)) as running:
        sample_changes.post(running.address, clock, time.time())
        take(running.address, folder)
    return 0


def take(address: str, folder: pathlib.Path) -> None:
    """Take the pictures of the sandbox at an address."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for file, path, size, scheme in PICTURES:
            page = browser.new_page(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=scheme,
                device_scale_factor=SCALES[size],
            )
            page.goto(address + path)
            page.locator("#live", has_text="live").wait_for()
            point(page, file)
            page.screenshot(path=folder / f"{file}.png", full_page=file == "deployment")
        browser.close()


def point(page: Page, file: str) -> None:
    """Open what a picture is about."""
    if file == "deployment":
        page.locator(".bar.failure").press("Enter")
        page.locator("h1").wait_for()
    elif file == "timeline":
        page.locator(".bar.failure .span").hover()


if __name__ == "__main__":
    sys.exit(main())
