"""An open page follows what comes in without losing its place, what is selected or typed, and catches up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .browsing import LIMIT_MS, needs_browser
from .servers import Sandbox, held_port, sandbox
from .test_browser_timeline import box, change, tip
from .test_page import deploy
from .test_sandbox import post

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_browser

HIDE = """
hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
"""The page is in a tab that nobody looks at, or is looked at again. A headless browser has all of its tabs in front."""


def refreshed(page: Page, bigpanda: Sandbox, component: str) -> None:
    """Have something come in, and wait until the page has it."""
    deploy(bigpanda, None, component=component)
    page.locator("tbody").get_by_text(component, exact=True).first.wait_for()


def requests(page: Page) -> list[str]:
    """What the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


MORPH = """
async rounds => {
    const { remember, update } = await import("/static/morph.js");
    let seed = 7;
    const pick = (most) => (seed = (seed * 16807) % 2147483647) % most;
    const make = (depth) => {
        const one = document.createElement(["div", "li", "tr", "details"][pick(4)]);
        if (pick(2)) one.id = `i${pick(30)}`;
        if (pick(2)) one.className = `c${pick(3)}`;
        for (let n = pick(depth * 3 + 1); n > 0; n -= 1) {
            one.append(pick(3) ? make(depth - 1) : document.createTextNode(` t${pick(3)} `));
        }
        return one;
    };
    const tree = () => {
        const root = document.createElement("div");
        for (let n = pick(8); n > 0; n -= 1) root.append(make(2), " ");
        root.normalize();
        return root;
    };
    let before = tree();
    const page = before.cloneNode(true);
    remember(before, page);
    for (let round = 0; round < rounds; round += 1) {
        const now = tree();
        const added = document.createElement("b");
        const home = [page, ...page.querySelectorAll("*")][pick(page.querySelectorAll("*").length + 1)];
        home.insertBefore(added, home.childNodes[pick(home.childNodes.length + 1)] ?? null);
        update(before, now);
        added.remove();
        if (!page.isEqualNode(now)) return `${round}: ${page.outerHTML} is not ${now.outerHTML}`;
        before = now;
    }
    return "";
}"""


def test_the_page_is_always_what_the_server_says(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """After any changes in any order, though a script has added something: random trees, one after another."""
    assert open_page().evaluate(MORPH, 2000) == ""


def test_the_place_on_the_page_is_kept(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """What one reads stays where it is, though rows come in above."""
    for number in range(40):
        change(bigpanda, f"c{number}", 3000 - number, 5)
    page = open_page(viewport={"width": 1280, "height": 500})
    row = page.locator(".change", has_text="c12").first
    row.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    before = box(row)["y"]
    for number in range(3):
        deploy(bigpanda, None, component=f"new-{number}")
    page.locator("tbody", has_text="new-2").wait_for()
    page.wait_for_timeout(200)
    assert abs(box(row)["y"] - before) < 2


def test_selected_text_stays_selected(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Also over several rows."""
    for component in ("first", "second"):
        change(bigpanda, component, 600, 5)
    page = open_page()
    page.evaluate(
        """() => {
            const texts = [...document.querySelectorAll("tbody td bdi, tbody td bdi a")]
                .map((one) => one.firstChild).filter((one) => one.nodeType === Node.TEXT_NODE);
            getSelection().setBaseAndExtent(texts[0], 1, texts.at(-1), 1);
        }"""
    )
    selected = page.evaluate("getSelection().toString()")
    assert "econd" in selected
    refreshed(page, bigpanda, "third")
    assert page.evaluate("getSelection().toString()") == selected


def test_what_is_typed_stays(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """In the filter and in the form of a period, with the cursor, and the fold that it is in stays open."""
    deploy(bigpanda, component="shop")
    page = open_page()
    page.get_by_label("Host").fill("web-")
    page.locator("#period summary").click()
    since = page.get_by_label("From (UTC)")
    since.fill("2026-01-02T03:04:05")
    refreshed(page, bigpanda, "billing")
    assert page.get_by_label("Host").input_value() == "web-"
    assert since.input_value() == "2026-01-02T03:04:05"
    assert since.is_visible()
    assert page.evaluate("document.activeElement.id") == "since"


def test_an_open_fold_stays_open(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """On a deployment's page, though it changes."""
    deploy(bigpanda, None, component="shop")
    page = open_page("/deployments/1")
    page.locator("details summary").first.click()
    shown = page.locator("details pre").first
    assert shown.is_visible()
    page.locator("h1").evaluate("e => e.dataset.same = 'yes'")
    event = {"component": "shop", "version": "1", "hosts": ["web-1"]}
    assert post(bigpanda.address, "end", event)[0] == 201
    page.locator("h1 .state.success").wait_for()
    assert shown.is_visible()
    assert page.locator("h1").get_attribute("data-same") == "yes"


def test_a_bar_keeps_focus_and_tooltip(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Though others come in before it, and it ends meanwhile; the time in the tooltip goes on."""
    deploy(bigpanda, None, component="shop", timestamp=int(time.time()) - 125)
    page = open_page("/?range=1h")
    page.locator(".bar").focus()
    page.keyboard.press("Home")
    first = tip(page)
    assert "in progress for 2 min" in first
    page.wait_for_function("first => document.querySelector('#tip').innerText !== first", arg=first)
    refreshed(page, bigpanda, "billing")
    assert page.evaluate("document.activeElement.id") == "b1"
    assert "in progress" in tip(page)
    assert post(bigpanda.address, "end", {"component": "shop", "version": "1", "hosts": ["web-1"]})[0] == 201
    page.locator(".bar.success").wait_for()
    assert page.evaluate("document.activeElement.id") == "b1"
    page.wait_for_function("document.querySelector('#tip').innerText.includes('succeeded after')")
    assert page.locator(".bar title").count() == 1  # that of the other bar


def test_a_drag_goes_on(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """What comes in while a range is selected does not end it."""
    change(bigpanda, "shop", 1800, 60)
    page = open_page("/?range=1h")
    plot = box(page.locator("#plot"))
    page.mouse.move(plot["x"] + 200, plot["y"] + 5)
    page.mouse.down()
    page.mouse.move(plot["x"] + 300, plot["y"] + 5, steps=3)
    refreshed(page, bigpanda, "billing")
    page.mouse.move(plot["x"] + 400, plot["y"] + 5, steps=3)
    assert abs(box(page.locator(".selection"))["width"] - 200) < 4
    page.mouse.up()
    page.wait_for_url(re.compile("since=.*until="))


def test_a_lost_connection_is_told_and_made_again(browser: Browser) -> None:
    """Wherever one has scrolled to. The page catches up, also after a server that answers with an error."""
    page = browser.new_page()
    with held_port() as port:
        with sandbox(port) as first:
            for number in range(30):
                deploy(first, component=f"c{number}")
            page.goto(first.address)
            page.locator("#live", has_text="live").wait_for()
            page.mouse.wheel(0, 500)
            page.wait_for_function("scrollY > 100")
        page.locator("#live.lost", has_text="Connection lost; trying again").wait_for()
        assert 0 <= box(page.locator("#live"))["y"] < 100
        with sandbox(port) as second:
            deploy(second, component="billing")
            page.locator("tbody", has_text="billing").wait_for(timeout=LIMIT_MS)
            page.locator("#live:not(.lost)", has_text="live").wait_for()
            page.route("**/stream", lambda route: route.fulfill(status=503))  # after which a browser gives up
            page.evaluate("dispatchEvent(new Event('online'))")
            page.locator("#live.lost").wait_for()
            deploy(second, component="shop")
            page.wait_for_timeout(1500)
            assert page.locator("tbody", has_text="shop").count() == 0
            page.unroute("**/stream")
            page.locator("tbody", has_text="shop").wait_for(timeout=LIMIT_MS)
    page.close()


def test_a_silent_connection_is_given_up(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """As after a laptop slept: nobody tells the page that its connection is gone."""
    page = open_page()
    asked = requests(page)
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 60_000; }")
    page.wait_for_timeout(3500)
    assert f"{bigpanda.address}/stream" in asked
    page.locator("#live:not(.lost)", has_text="live").wait_for()


def test_the_axis_goes_on_with_the_time(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Though nothing comes in; a page without a timeline, or of a period that is over, is left alone."""
    change(bigpanda, "shop", 1800, 60)
    over = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600))
    for path, expected in (("/?range=1h", 1), (f"/?until={over}", 0), ("/deployments/1", 0)):
        page = open_page(path)
        asked = requests(page)
        page.evaluate("() => { const now = Date.now; Date.now = () => now() + 35_000; }")
        page.wait_for_timeout(2500)
        assert [url.endswith(path) for url in asked] == [True] * expected


def test_a_page_that_nobody_sees_asks_for_nothing(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """And has all of it as soon as somebody looks."""
    page = open_page()
    page.evaluate(HIDE, True)
    asked = requests(page)
    deploy(bigpanda, component="shop")
    page.wait_for_timeout(1200)
    assert asked == []
    assert page.locator("tbody").count() == 0
    page.evaluate(HIDE, False)
    page.locator("tbody", has_text="shop").wait_for()
