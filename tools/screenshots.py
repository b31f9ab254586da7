"""`make screenshots`: pictures of the Changes page, with sample deployments.

.venv/bin/python -m tools.screenshots [FOLDER]    needs `make browser`; FOLDER is docs/images, if absent
"""

from __future__ import annotations

import pathlib
import shutil
import sys
import tempfile
import time
from typing import Literal

from playwright.sync_api import sync_playwright

from tools import sample_changes
from tools.programs import ROOT, sandbox

WIDTH, PHONE = 1180, 380
PICTURES: tuple[tuple[str, str, int, Literal["light", "dark"]], ...] = (
    ("changes-light", "/", WIDTH, "light"),
    ("changes-dark", "/", WIDTH, "dark"),
    ("changes-phone", "/", PHONE, "light"),
    ("deployment", "/?state=failure", WIDTH, "light"),
)
"""File, page, width and the user's wish."""


def main() -> int:
    """Take the pictures."""
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "images")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bigpanda-screenshots-") as name:
        data = pathlib.Path(name) / "changes.db"
        sample_changes.write(data, time.time())
        with sandbox(str(data)) as address:
            take(address, folder)
    return 0


def take(address: str, folder: pathlib.Path) -> None:
    """Take the pictures of the sandbox at an address."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for file, path, width, scheme in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": 480}, color_scheme=scheme)
            page.goto(address + path)
            page.locator("#live", has_text="live").wait_for()
            if file == "deployment":
                page.locator(".open").first.click()
                page.locator("h1").wait_for()
            page.screenshot(path=folder / f"{file}.png", full_page=file != "changes-phone")
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
