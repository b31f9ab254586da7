"""The list in a real browser: its rows at every width, what its links filter, and targets for fingers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bigpanda_provider.state import Status

from .browsing import needs_browser
from .servers import Sandbox
from .test_page import HOSTILE, deploy, post
from .test_sandbox_changes import take

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_browser

WIDTHS = (320, 390, 600, 800, 1000, 1280, 1920)
RTL, EMOJI = "\u202e\u05de\u05e2\u05e8\u05db\u05ea", "\U0001f680\U0001f469\u200d\U0001f469\u200d\U0001f467"


def fill(bigpanda: Sandbox) -> None:
    """Names and texts of every kind, long and hostile."""
    now = int(time.time())
    for text in (
        "x" * 300,
        f"{RTL} " * 40,
        EMOJI * 100,
        HOSTILE * 5,
        "many words in a name " * 15,
        "a-b_c.d/e" * 30,
        " ",
    ):
        body = dict.fromkeys(("component", "version", "owner", "source", "description"), text)
        start = {**body, "hosts": [f"{text}{number}" for number in range(30)], "timestamp": now - 100}
        post(bigpanda, "start", start)
        end = {name: start[name] for name in ("component", "version", "hosts")}
        post(bigpanda, "end", {**end, "status": "failure", "errorMessage": text * 3})
        tags = {"component": text, "reason": text, text: text}
        take(bigpanda, identifier=text, summary=text, ticket_url="https://" + "u" * 300, start=now - 50, tags=tags)
    post(bigpanda, "end", {"component": "x" * 300, "version": f"{RTL} " * 60, "hosts": ["h" * 300]})
    take(bigpanda, identifier="alone", summary="s" * 300, start=now - 50)
    usual(bigpanda)


def usual(bigpanda: Sandbox) -> None:
    """What an operator has."""
    now = int(time.time())
    hosts = [f"web-prod-{number}" for number in range(1, 6)]
    deploy(bigpanda, component="web", version="5.18.1", hosts=hosts, owner="oliver@acme.com", timestamp=now - 1325)
    deploy(bigpanda, None, component="billing-worker", version="1.14.3", hosts=hosts[:2], timestamp=now - 725)
    deploy(bigpanda, Status.FAILURE, "disk full", component="pay", version="2.41.0", hosts=["pay-prod-1"])


PATHS = (
    *("/", "/?component=%3D" + "x" * 300, "/deployments/1", "/deployments/2", "/deployments/3", "/deployments/10"),
    *("/at", f"/at?host={'x' * 300}0", "/unmatched"),
)

BROKEN = """() => {
    const found = [];
    const range = document.createRange();
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        if (node.parentElement.closest("pre, .unseen, option")) continue;
        for (const word of node.data.matchAll(/[\\p{L}\\p{N}]+/gu)) {
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
            if (lines.size > 1 && word[0].length < 25) found.push(word[0]);
        }
    }
    return found;
}"""
"""The words that stand on two lines, of those that fit in one at every width."""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:20])
def test_nothing_overflows_and_no_word_is_broken(
    open_page: Callable[..., Page],
    bigpanda: Sandbox,
    path: str,
) -> None:
    """At any width, whatever the names are, with every fold closed and open."""
    fill(bigpanda)
    page = open_page(path)
    for _ in range(2):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, width
            assert page.evaluate(BROKEN) == [], width
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def test_text_of_twice_the_size_fits(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """As for who zooms text alone: nothing overflows, and no word is broken."""
    fill(bigpanda)
    for width in (640, 1280):
        for path in ("/", "/deployments/1", "/at"):
            page = open_page(path, viewport={"width": width, "height": 800})
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.evaluate(BROKEN) == [], path


@pytest.mark.parametrize("width", [1000, 1280, 1920])
def test_a_row_is_one_line(open_page: Callable[..., Page], bigpanda: Sandbox, width: int) -> None:
    """Its cells stand beside each other, whole, and only what there is to tell besides is below."""
    usual(bigpanda)
    page = open_page("/?state=in_progress", viewport={"width": width, "height": 800})
    row = page.locator(".change")
    assert row.evaluate("one => one.getBoundingClientRect().height") < 40
    page = open_page("/", viewport={"width": width, "height": 800})
    cells = page.locator(".change tr:first-child td:not(:empty)")
    assert cells.count() == 19
    tops = page.locator(".change").evaluate_all(
        "rows => rows.map(row => new Set([...row.rows[0].cells].map(one => one.getBoundingClientRect().top)).size)"
    )
    assert tops == [1, 1, 1]
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    assert page.locator(".change a").evaluate_all(cut) == []
    assert page.locator(".change .note").all_inner_texts() == ["disk full"]
    assert page.locator(".change .few").nth(2).text_content() == "web-prod-1, web-prod-2 +3 more hosts"


def test_a_row_on_a_phone_is_two_lines(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """And the first look shows some of them: the filters are folded, and unfold without a script."""
    usual(bigpanda)
    page = open_page(viewport={"width": 390, "height": 844})
    heights = page.locator(".change tr:first-child").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert all(height <= 2 * 50 for height in heights)
    assert not page.get_by_label("Component", exact=True).is_visible()
    assert page.locator(".change").nth(1).evaluate("one => one.getBoundingClientRect().bottom") < 844
    page.get_by_text("Filter and sort").click()
    page.get_by_label("Sort by").select_option("component")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**sort=component**")
    assert [one.split()[0] for one in page.locator("td.c-component").all_inner_texts()] == [
        "billing-worker",
        "pay",
        "web",
    ]


SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")]
    .filter((one) => one.checkVisibility() && !one.closest(".skip, .timeline"))
    .map((one) => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
    .filter(([, box]) => box.width < 44 || box.height < 44)
    .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""


@pytest.mark.parametrize(
    "options",
    [{"viewport": {"width": 390, "height": 844}}, {"viewport": {"width": 1280, "height": 800}, "has_touch": True}],
    ids=["phone", "tablet"],
)
def test_targets_are_large_enough_for_a_finger(
    open_page: Callable[..., Page],
    bigpanda: Sandbox,
    options: dict[str, Any],
) -> None:
    """44 pixels in each direction: on each page, with every fold open."""
    usual(bigpanda)
    tags = {"hosts": ", ".join(f"h{number}" for number in range(30)), "component": "x", "version": "1"}
    take(bigpanda, start=int(time.time()), ticket_url="https://ci.example/1", tags=tags)
    for _ in range(48):
        deploy(bigpanda, component="x", hosts=["a"])
    for path in (
        "/",
        "/?component=%3Dx&state=success",
        "/?component=none",
        "/?page=2",
        "/deployments/4",
        "/at?host=h1",
    ):
        page = open_page(path, **options, is_mobile="has_touch" in options)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate(SMALL) == [], path


def test_names_in_a_row_filter(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Each in turn; the version opens the deployment, and the way back leads to the list as it was."""
    deploy(bigpanda, component="shop-front", hosts=["web-10"], owner="leonie")
    deploy(bigpanda, Status.FAILURE, "disk full", component="shop", version="2", hosts=["web-1", "web-10"], owner="leo")
    deploy(bigpanda, component="shop", version="1", hosts=["web-1"], owner="leo")
    page = open_page("/?range=7d&sort=version")
    for name, parameter, value, left in (
        *(("shop", "component", "=shop", 2), ("web-10", "host", "=web-10", 1), ("leo", "owner", "=leo", 1)),
        ("failure", "state", "failure", 1),
    ):
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_function("count => document.querySelectorAll('.change').length === count", arg=left)
        query = parse_qs(urlsplit(page.url).query)
        assert (query[parameter], query["range"], query["sort"]) == ([value], ["7d"], ["version"])
    filtered = page.url
    page.get_by_role("link", name="shop 2").click()
    page.get_by_role("heading", name="shop 2").wait_for()
    page.get_by_role("link", name="Back to the list").click()
    page.wait_for_url(filtered)
    page.get_by_role("link", name="host is web-10 (remove)").click()
    page.get_by_role("link", name="clear all").click()
    page.wait_for_function("() => document.querySelectorAll('.change').length === 3")
    assert parse_qs(urlsplit(page.url).query) == {"range": ["7d"], "sort": ["version"]}


def test_rows_work_from_a_keyboard(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Each link of a row comes in the order that it is read, can be seen, and stays in focus when the page changes."""
    usual(bigpanda)
    page = open_page()
    page.locator("#d1-state").focus()
    seen = []
    for _ in range(7):
        seen.append(page.evaluate("document.activeElement.id"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Tab")
    assert seen == ["d1-state", "d1-component", "d1", "d1-host1", "d1-host2", "d1-hosts", "d1-owner"]
    page.locator("#d1-owner").focus()
    deploy(bigpanda, None, component="new")
    page.locator(".change").nth(3).wait_for()
    assert page.evaluate("document.activeElement.id") == "d1-owner"
    page.keyboard.press("Enter")
    page.wait_for_url("**/?owner=%3Doliver%40acme.com")


def test_a_start_is_told_by_how_long_ago_it_was(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """It goes on by itself, without asking the server; the exact time is shown to who points at it."""
    started = int(time.time()) - 30
    deploy(bigpanda, timestamp=started)
    page = open_page()
    page.route("**/*", lambda route: route.abort())
    told = page.locator(".c-started time")
    first = told.inner_text()
    assert first.endswith(" s ago")
    page.wait_for_function("first => document.querySelector('.c-started time').textContent !== first", arg=first)
    exact = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(started))
    assert told.get_attribute("title") == exact
    assert told.get_attribute("datetime") == exact.replace(" UTC", "Z").replace(" ", "T")


def test_states_differ_by_more_than_colour(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """In the colours of the user's own as well, and on a phone, where their words are for those who listen."""
    now = int(time.time())
    deploy(bigpanda, timestamp=now - 50)
    deploy(bigpanda, Status.FAILURE, "disk full", timestamp=now - 60)
    take(bigpanda, status="Canceled", summary="Restart", start=now - 70)
    for options in ({}, {"viewport": {"width": 390, "height": 800}}):
        page = open_page(forced_colors="active", **options)
        icons = page.locator(".change .icon")
        pictures = {icons.nth(number).screenshot() for number in range(icons.count())}
        assert len(pictures) == icons.count() == 3
        for words in ("success", "failure", "canceled"):
            assert page.locator(".change").get_by_role("link", name=words, exact=True).count() == 1


def test_nothing_moves_for_who_does_not_want_it(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Neither transition nor animation."""
    deploy(bigpanda)
    page = open_page(reduced_motion="reduce")
    moving = "[...document.querySelectorAll('*')].filter(one => parseFloat(getComputedStyle(one).transitionDuration))"
    assert page.evaluate(f"{moving}.length") == 0
    assert open_page().evaluate(f"{moving}.length") > 0
