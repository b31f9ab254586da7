"""The timeline in a real browser: how it looks, its tooltip, its keys, and the range that is selected by dragging."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

import pytest

from bigpanda_provider.sandbox.times import parse_time
from bigpanda_provider.state import Status

from .browsing import needs_browser
from .servers import Sandbox
from .test_page import HOSTILE, deploy
from .test_sandbox_changes import take

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Locator, Page

pytestmark = needs_browser
MOST_PX = 120
MINUTE = 60
STATES = ("In Progress", "Done", "Canceled", "Planned")


def change(bigpanda: Sandbox, component: str, before: int, lasted: int, **more: Any) -> None:
    """Post a change that began so many seconds ago."""
    start = int(time.time()) - before
    tags = {"component": component, "version": "2.4.1", "hosts": "web-1, web-2", **more.pop("tags", {})}
    found = {"identifier": f"{component} {before}", "status": "Done", "start": start, "end": start + lasted, **more}
    take(bigpanda, summary="s", tags=tags, **found)


def box(one: Locator) -> FloatRect:
    """Where something is on the page."""
    found = one.bounding_box()
    assert found is not None
    return found


def tip(page: Page) -> str:
    """What the tooltip says."""
    said: str = page.locator("#tip").inner_text()
    return said


@pytest.mark.parametrize("width", [1280, 1000, 800, 390, 320])
@pytest.mark.parametrize("lanes", [1, 5, 8, 30])
def test_it_is_low_and_nothing_is_beside_it(
    open_page: Callable[..., Page], bigpanda: Sandbox, width: int, lanes: int
) -> None:
    """At most 120 px, with its axis, whatever there is to show, and as wide as the page."""
    for number in range(lanes * 2):
        change(bigpanda, f"{HOSTILE}{number % lanes}", 60 + number * MINUTE, 90, tags={"version": HOSTILE * 3})
    page = open_page("/?range=1h", viewport={"width": width, "height": 800})
    timeline = page.locator("#timeline")
    assert box(timeline)["height"] <= MOST_PX
    assert box(page.locator("#axis"))["y"] + 20 <= box(timeline)["y"] + MOST_PX
    assert box(timeline)["x"] + box(timeline)["width"] <= width
    assert page.locator(".unshown").inner_text() == (f"+{lanes - 8} components" if lanes > 8 else "")
    unshown = page.locator(".unshown")
    assert unshown.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_states_differ_without_color(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Each state but success has a mark of a shape of its own, and no two have the same filling and outline."""
    for number, status in enumerate(STATES):
        change(bigpanda, f"c{number}", 1200, 900, status=status)
    deploy(bigpanda, Status.FAILURE, component="c9", timestamp=int(time.time()) - 600)
    page = open_page("/?range=1h")
    marks = page.locator(".mark > *").evaluate_all(
        "found => found.map(one => one.getAttribute('d') ?? one.getAttribute('href'))"
    )
    assert len(set(marks)) == len(marks) == 4
    assert page.locator(".mark.success").count() == 0
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        looks = page.locator(".bar .span").evaluate_all(
            "found => found.map(one => [getComputedStyle(one).fill, getComputedStyle(one).strokeDasharray].join())"
        )
        assert len(set(looks)) == 5


def test_a_short_deployment_can_be_seen(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Also one that took no time."""
    change(bigpanda, "shop", 600, 0)
    page = open_page("/?range=24h")
    assert box(page.locator(".bar"))["width"] >= 4


def test_labels_that_do_not_fit_are_hidden(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """What is shown is whole; a wider window shows more."""
    change(bigpanda, "shop", 3000, 240)
    change(bigpanda, "shop", 600, 120)
    page = open_page("/?range=1h", viewport={"width": 320, "height": 700})
    narrow = page.locator(".label:not(.unfit)").count()
    page.set_viewport_size({"width": 1280, "height": 700})
    page.wait_for_function("before => document.querySelectorAll('.label:not(.unfit)').length > before", arg=narrow)
    for label in page.locator(".label:not(.unfit)").all():
        assert label.evaluate("e => e.firstElementChild.getComputedTextLength() < e.width.baseVal.value")


def test_pointing_at_a_bar_tells_all_about_it(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Component, version, state, duration, hosts, reason; it stays while it is pointed at, and Escape closes it."""
    reason = f"disk full {HOSTILE}"
    change(bigpanda, "shop", 1200, 185, status="Canceled", tags={"hosts": "a, b, c, d, e, f", "reason": reason})
    page = open_page("/?range=1h")
    page.locator(".bar .span").hover()
    lines = tip(page).replace("\u2068", "").replace("\u2069", "").split("\n")
    assert lines[:2] == ["shop 2.4.1", "was canceled after 3 min 5 s"]
    assert lines[3:] == ["on a, b, c, d +2", reason]
    assert page.locator(".bar title").count() == 0  # the browser's own tooltip would stand beside it
    page.locator("#tip").hover()
    page.wait_for_timeout(400)
    assert page.locator("#tip").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    assert page.locator(".bar title").count() == 1
    page.locator(".bar .span").hover(position={"x": 5, "y": 3})
    page.locator(".rows").hover()
    page.locator("#tip").wait_for(state="hidden")
    page.locator(".bar .span").click()
    page.wait_for_url("**/deployments/1?back=range%3D1h")


def test_bars_are_reached_from_the_keyboard(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """One stop of Tab; arrows, Home and End lead on, the tooltip follows, Enter opens the deployment."""
    for before in (1800, 1200, 600):
        change(bigpanda, "a", before, 60)
    change(bigpanda, "b", 1300, 60)
    page = open_page("/?range=1h")
    assert page.locator('.bar[tabindex="0"]').count() == 1
    page.locator("#period summary").focus()
    page.keyboard.press("Tab")
    places = []
    for key in ("Home", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        places.append(page.evaluate("document.activeElement.id"))
        assert page.locator("#tip").is_visible()
        assert page.evaluate("document.activeElement.getAttribute('aria-describedby')") == "tip"
    assert places == ["b1", "b2", "b4", "b4", "b2", "b3", "b3", "b2"]
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.bar')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "b2"
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert name.startswith("\u2068a\u2069 \u20682.4.1\u2069, succeeded after 1 min, ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/deployments/2?**")


def test_the_bar_with_the_focus_is_in_view(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """Above the axis, which stays in view too, from the first lane to the last."""
    for number in range(24):
        change(bigpanda, f"c{number:02}", 1800 - 20 * number, 60)
    page = open_page("/?range=1h")
    page.locator('.bar[tabindex="0"]').focus()
    page.keyboard.press("Home")
    for _ in range(24):
        page.keyboard.press("ArrowDown")
        bar, axis = box(page.locator(".bar:focus .span")), box(page.locator(".axis"))
        assert bar["y"] + bar["height"] <= axis["y"] + 1
    assert page.evaluate("document.activeElement.dataset.lane") == "23"


def test_a_touch_shows_the_tooltip_and_a_second_one_opens(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """A finger need not meet a bar of a few pixels."""
    change(bigpanda, "shop", 1800, 10)
    page = open_page("/?range=1h", viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    bar = box(page.locator(".bar .span"))
    x, y = bar["x"] + 12, bar["y"] + 18
    page.touchscreen.tap(x, y)
    page.locator("#tip", has_text="Tap again to open").wait_for()
    page.touchscreen.tap(200, 650)
    page.locator("#tip").wait_for(state="hidden")
    page.touchscreen.tap(x, y)
    page.locator("#tip", has_text="shop").wait_for()
    page.touchscreen.tap(x, y)
    page.wait_for_url("**/deployments/1?**")


@pytest.mark.parametrize("area", ["#plot", "#axis"])
def test_dragging_selects_a_range(open_page: Callable[..., Page], bigpanda: Sandbox, area: str) -> None:
    """The address has it, the list, counts and exports follow, and a link leads back to where one was."""
    for number, before in enumerate((3000, 1800, 600)):
        change(bigpanda, f"c{number}", before, 60)
    page = open_page("/?range=1h&host=web")
    first, last = (int(page.locator("#timeline").get_attribute(f"data-{end}") or 0) for end in ("first", "last"))
    plot, place = box(page.locator("#plot")), box(page.locator(area))
    y = place["y"] + place["height"] / 2
    page.mouse.move(plot["x"] + plot["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(plot["x"] + plot["width"] * 0.6, y, steps=4)
    assert page.locator(".selection").inner_text().count(":") == 4
    page.mouse.up()
    page.wait_for_url("**since=**")
    asked = parse_qs(urlsplit(page.url).query)
    assert asked["range"] == ["1h"]
    assert asked["host"] == ["web"]
    since, until = (parse_time(asked[name][0]) for name in ("since", "until"))
    assert abs(since - (first + (last - first) * 0.4)) <= 20
    assert abs(until - (first + (last - first) * 0.6)) <= 20
    assert page.locator(".change").count() == page.locator(".bar").count() == 1
    assert page.locator(".counts").inner_text().startswith("1 done, ")
    assert f"since={asked['since'][0]}" in (page.get_by_role("link", name="CSV").get_attribute("href") or "")
    page.get_by_role("link", name="back to the last 1 h").click()
    page.wait_for_url("**/?host=web&range=1h")
    assert page.locator(".bar").count() == 3


def test_a_drag_can_be_given_up(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """By Escape; a drag that began on a bar opens nothing, and one that goes nowhere is a click."""
    change(bigpanda, "shop", 1800, 600)
    page = open_page("/?range=1h")
    bar = box(page.locator(".bar .span"))
    x, y = bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=3)
    page.keyboard.press("Escape")
    assert page.locator(".selection").count() == 0
    page.mouse.up()
    assert urlsplit(page.url).query == "range=1h"
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2, y)
    page.mouse.up()
    page.wait_for_url("**/deployments/1?**")


@pytest.mark.parametrize("second", ["00", "30"])
def test_a_range_can_be_typed(open_page: Callable[..., Page], bigpanda: Sandbox, second: str) -> None:
    """From the keyboard alone, beginning with the times that are shown; the other filters stay."""
    for number, before in enumerate((3000, 600)):
        change(bigpanda, f"c{number}", before, 60)
    page = open_page("/?range=1h&component=c")
    page.locator("#period summary").press("Enter")
    until = time.strftime(f"%Y-%m-%dT%H:%M:{second}", time.gmtime(time.time() - 1800))
    page.get_by_label("To (UTC)").fill(until)
    page.get_by_label("To (UTC)").press("Enter")
    page.wait_for_url("**until=**")
    assert page.locator(".bar").count() == 1
    assert parse_qs(urlsplit(page.url).query)["component"] == ["c"]
    # Chromium leaves out the seconds of a full minute.
    assert datetime.fromisoformat(page.locator("#until").input_value()) == datetime.fromisoformat(until)


def test_more_than_it_draws_is_told(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """It has what is on other pages of the list too: the newest, up to 300."""
    for number in range(301):
        change(bigpanda, f"c{number % 3}", 600 + number, 5)
    page = open_page("/?range=1h")
    assert page.locator(".bar").count() == 300
    assert page.locator("#b1").count() == 1
    assert page.locator("#b301").count() == 0
    assert page.get_by_text("timeline: the newest 300").is_visible()


def test_it_works_without_scripts(open_page: Callable[..., Page], browser: Any, bigpanda: Sandbox) -> None:
    """Bars are links with titles."""
    change(bigpanda, "shop", 1800, 600)
    context = browser.new_context(base_url=bigpanda.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/?range=1h")
    assert "succeeded after 10 min" in (page.locator(".bar title").text_content() or "")
    page.get_by_role("link", name="succeeded after 10 min").click()
    page.wait_for_url("**/deployments/1?**")
    context.close()
