"""The Changes page in a real browser: it follows an update, by keyboard, on a phone, in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .browsing import LIMIT_MS, needs_browser
from .engine import Stack
from .servers import Sandbox, held_port, sandbox
from .test_page import HOSTILE, deploy
from .test_sandbox_changes import take

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_browser

SHOP = """
    with bigpanda.Deployment("shop", component="shop", version="1", hosts=["web-1"]):
        Thing("web", hold="web")
    """


def test_the_page_follows_an_update(
    open_page: Callable[..., Page], stack: Callable[[str], Stack], bigpanda: Sandbox
) -> None:
    """Open and empty before it, it shows the deployment in progress while it runs, and its success after."""
    made = stack(SHOP)
    page = open_page()
    assert page.get_by_text("No deployment yet").is_visible()
    with made.running() as update:
        page.locator(".state.in_progress").wait_for()
        assert page.get_by_role("link", name="shop 1").is_visible()
        first = page.locator("td [data-since]").inner_text()
        page.wait_for_function("first => document.querySelector('td [data-since]').textContent !== first", arg=first)
        made.let_go("web")
        assert update.end().ok
    page.locator(".state.success").wait_for()
    assert page.locator(".state.in_progress").count() == 0


def test_it_works_from_a_keyboard(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Past the header, into the filter, to a deployment; what is in focus stays so when the page changes."""
    deploy(bigpanda, component="shop")
    deploy(bigpanda, component="billing")
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("shop")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?component=shop**")
    link = page.get_by_role("link", name="shop 1")
    link.focus()
    deploy(bigpanda, component="shop", version="2")
    page.locator(".change").nth(1).wait_for()
    assert page.evaluate("document.activeElement.id") == "d1"
    page.keyboard.press("Enter")
    page.wait_for_url("**/deployments/1?back=**")


def test_it_fits_a_phone(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Nothing has to be scrolled sideways, however long the names."""
    deploy(bigpanda, component="c" * 300, version="v" * 300, hosts=["h" * 300], description="d" * 300)
    tags = {"component": "c" * 300, "t" * 300: "v" * 300}
    take(bigpanda, summary="s" * 300, ticket_url="https://" + "u" * 300, tags=tags)
    for path in (
        "/",
        "/?range=all&sort=version",
        "/deployments/1?back=range%3Dall",
        "/deployments/2",
        "/at?host=" + "h" * 300,
    ):
        page = open_page(path, viewport={"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(open_page: Callable[..., Page], bigpanda: Sandbox, scheme: str) -> None:
    """The ground is what the user's system wants."""
    page = open_page(color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 23)"}[scheme]


def test_what_is_sent_never_runs(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """A hostile component is text on every page, when it comes in live too."""
    page = open_page()
    deploy(bigpanda, component=HOSTILE, version=HOSTILE, hosts=[HOSTILE], description=HOSTILE)
    page.get_by_role("link", name=f"{HOSTILE} {HOSTILE}").wait_for()
    assert page.locator("td img").count() == 0
    page.get_by_role("link", name=f"{HOSTILE} {HOSTILE}").click()
    page.locator("h1", has_text=HOSTILE).wait_for()


def test_a_sandbox_that_is_gone_is_told(browser: Browser) -> None:
    """The page says that it is not live any more, and is again when the sandbox is back."""
    page = browser.new_page()
    with held_port() as port:
        with sandbox(port) as first:
            page.goto(first.address)
            page.locator("#live", has_text="live").wait_for()
        page.get_by_text("Connection lost; trying again").wait_for()
        with sandbox(port) as second:
            deploy(second, component="billing")
            page.get_by_role("link", name="billing 1").wait_for(timeout=LIMIT_MS)
    page.close()
