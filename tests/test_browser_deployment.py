"""The page of one deployment in a real browser: copying its events, finding a host, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bigpanda_provider.sandbox.curl import curl

from .browsing import needs_browser
from .servers import Sandbox
from .test_page import HOSTILE, deploy

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_browser

CLIPBOARD = "navigator.clipboard.readText()"


def test_an_event_is_copied_as_a_command(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """By a key as well; the button says so for a moment, to those who listen too, and again after the page changes."""
    deploy(bigpanda, component=HOSTILE)
    page = open_page("/deployments/1", permissions=["clipboard-read", "clipboard-write"])
    commands = [curl(event) for event in bigpanda.posts()]
    page.get_by_role("button", name="Copy as curl").last.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copied").wait_for()
    assert page.get_by_role("status").filter(has_text="Copied").count() == 1
    assert page.evaluate(CLIPBOARD) == commands[1]
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].every(one => one.textContent === 'Copy as curl')"
    )
    deploy(bigpanda, component=HOSTILE, version="2")
    page.get_by_role("link", name=f"{HOSTILE} 2").first.wait_for()
    page.get_by_role("button", name="Copy as curl").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate(CLIPBOARD) == commands[0]


@pytest.mark.parametrize("can_copy", [True, False])
def test_a_command_is_copied_without_a_clipboard(
    open_page: Callable[..., Page],
    bigpanda: Sandbox,
    can_copy: bool,
) -> None:
    """As on a page by http from another machine; what cannot be copied is selected, and says what to press."""
    deploy(bigpanda, component="shop")
    page = open_page("/deployments/1", permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """can => {
        window.reading = navigator.clipboard.readText.bind(navigator.clipboard);
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        if (!can) document.execCommand = () => false;
    }""",
        can_copy,
    )
    page.get_by_role("button", name="Copy as curl").first.click()
    page.get_by_role("button", name="Copied" if can_copy else "Selected; press Ctrl+C").wait_for()
    (command, _) = [curl(event) for event in bigpanda.posts()]
    assert page.evaluate("getSelection().toString()").strip() == command
    if can_copy:
        assert page.evaluate("window.reading()") == command


def test_a_host_is_found_among_many(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Also a folded one; what was typed, and where, stays when the page changes."""
    deploy(bigpanda, None, component="shop", hosts=[f"web-{number}" for number in range(60)])
    page = open_page("/deployments/1")
    hosts = page.locator("#hosts li a")
    assert not hosts.nth(57).is_visible()
    page.get_by_label("Find a host").focus()
    page.keyboard.type("WEB-5")
    assert hosts.locator("visible=true").all_inner_texts() == ["web-5", *(f"web-5{number}" for number in range(10))]
    assert page.get_by_text("11 found").is_visible()
    deploy(bigpanda, component="shop", version="2")
    page.get_by_role("link", name="shop 2").first.wait_for()
    page.keyboard.type("7")
    assert hosts.locator("visible=true").all_inner_texts() == ["web-57"]
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.textContent") != "web-57":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?host=%3Dweb-57")
    assert page.locator(".change").count() == 1


def test_few_hosts_need_no_finding(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """There is nothing to type into, and nothing folded."""
    deploy(bigpanda, hosts=[f"web-{number}" for number in range(20)])
    page = open_page("/deployments/1")
    assert page.get_by_label("Find a host").count() == 0
    assert page.locator("#hosts li a").locator("visible=true").count() == 20


def test_without_scripts_nothing_is_offered_that_needs_them(browser: object, bigpanda: Sandbox) -> None:
    """All hosts and commands can be unfolded all the same."""
    deploy(bigpanda, hosts=[f"web-{number}" for number in range(30)])
    page = browser.new_page(java_script_enabled=False)  # type: ignore[attr-defined]
    page.goto(f"{bigpanda.address}/deployments/1")
    assert page.get_by_role("button").count() == 0
    assert not page.get_by_label("Find a host").is_visible()
    page.get_by_text("and 10 more").click()
    assert page.get_by_role("link", name="web-29").is_visible()
    page.get_by_text("start, ").click()
    page.get_by_text("as curl").first.click()
    assert page.get_by_text("--data-raw").first.is_visible()
    page.close()


def test_the_way_back_leads_to_the_alert(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """To its time, hosts and window, through another deployment of the component as well."""
    now = int(time.time())
    for version in ("1", "2"):
        deploy(bigpanda, component="shop", version=version, hosts=["web-1", "web-2"], timestamp=now - 60)
    alert = f"/at?time={now}&host=web-1&window=90"
    page = open_page(alert)
    page.get_by_role("link", name="shop 2").click()
    page.get_by_role("link", name="shop 1").first.click()
    page.get_by_role("heading", name="shop 1").wait_for()
    page.get_by_role("link", name="Back to").click()
    page.wait_for_url(f"**{alert}")
    page.get_by_role("link", name="web-2").first.click()
    page.wait_for_url(f"**/at?time={now}&host=web-2&window=90")
