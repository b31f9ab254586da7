"""The Changes page in a real browser, for tests: a headless Chromium, and pages that have nothing to complain of."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from .servers import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium")
LIMIT_MS = 30_000
needs_browser = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="NOT TESTED: no Chromium, or nothing to drive it; run `make browser` first",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser: Browser, bigpanda: Sandbox) -> Iterator[Callable[..., Page]]:
    """Open a page of the sandbox; none may show a dialog or complain in its console.

    The page is live then, and has made the fetch that follows: until something comes in it makes no other.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(path: str = "/", **options: Any) -> Page:
        contexts.append(browser.new_context(base_url=bigpanda.address, **options))
        page = contexts[-1].new_page()
        page.set_default_timeout(LIMIT_MS)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        with page.expect_event("requestfinished", lambda request: request.resource_type == "fetch"):
            page.goto(path)
        page.locator("#live", has_text="live").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
