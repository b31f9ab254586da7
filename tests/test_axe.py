"""axe-core, a checker of accessibility, in a real browser: it finds nothing wrong on any page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bigpanda_provider.state import Status
from tools import axe

from .browsing import LIMIT_MS, needs_browser
from .servers import Sandbox
from .test_page import HOSTILE, deploy, post
from .test_sandbox_changes import take

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [
    needs_browser,
    pytest.mark.skipif(not axe.SCRIPT.is_file(), reason="NOT TESTED: no axe-core; run `make browser` first"),
]

RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
"""All that axe looks at unless it is told otherwise, its best practices too, and the size of targets."""


def violations(page: Page) -> list[str]:
    """What axe finds on a page, each with the element."""
    page.evaluate(axe.SCRIPT.read_text())  # beside the page's policy, which keeps its own scripts alone
    found: list[dict[str, Any]] = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{one['id']}: {node['html']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def fill(bigpanda: Sandbox) -> None:
    """A list of more than a page, with a deployment or change in each state and whatever a row can have."""
    now = int(time.time())
    for number in range(45):
        deploy(bigpanda, version=str(number), timestamp=now - 100 - number)
    hosts = [f"web-{number}" for number in range(30)]
    deploy(bigpanda, Status.FAILURE, "disk full " * 40, component="pay", hosts=hosts, owner="leo", source="pulumi")
    deploy(bigpanda, None, component="pay", version="2", hosts=hosts, description="Retry", owner="mia")
    deploy(bigpanda, None, component=HOSTILE, version=HOSTILE, hosts=[HOSTILE], owner=HOSTILE)
    post(bigpanda, "start", {"component": " ", "version": "", "hosts": [" "]})
    post(bigpanda, "start", {"component": "\u202e\u05d0\u05d1" * 40, "version": "v" * 300, "hosts": ["h" * 300] * 3})
    for number, status in enumerate(("Planned", "Canceled", "Done")):
        tags = {"hosts": "db-1, web-1", "reason": "late", "team": "a", "owner": "leo"}
        change = {"identifier": status, "status": status, "summary": "Restart", "start": now - number, "end": now + 60}
        take(bigpanda, **change, ticket_url="https://ci.example/1", tags=tags)
    post(bigpanda, "end", {"component": "ghost", "version": "1", "hosts": ["a"]})


FOLDS = "document.querySelectorAll('details').forEach(one => one.open = true)"
PAGES = (
    *("/", "/?component=%3Dpay&host=web&state=failure&owner=leo", "/?component=nothing", "/?sort=owner&page=2"),
    *("/deployments/46?back=state%3Dfailure", "/deployments/48", "/deployments/51", "/at?host=web-1&host=db-1"),
    "/unmatched",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_wrong(open_page: Callable[..., Page], bigpanda: Sandbox, width: int, scheme: str) -> None:
    """On an empty list, on each page, folded and with all that can be opened open, the tooltip too."""
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    assert violations(open_page(**options)) == []
    fill(bigpanda)
    assert violations(open_page("/deployments/46", **options)) == []
    for path in PAGES:
        page = open_page(path, **options)
        page.evaluate(FOLDS)
        assert violations(page) == [], path
        if page.locator(".bar").count():
            page.locator(".bar").last.press("Home")
            page.locator("#tip").wait_for()
            assert violations(page) == [], path


@pytest.mark.parametrize("path", ["/nowhere", "/?range=2h"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_an_error(browser: Any, bigpanda: Sandbox, path: str, scheme: str) -> None:
    """Which is a page as well."""
    page = browser.new_page(base_url=bigpanda.address, color_scheme=scheme)
    page.goto(path, timeout=LIMIT_MS)
    assert violations(page) == []
    page.close()


def test_axe_sees_what_is_wrong(open_page: Callable[..., Page], bigpanda: Sandbox) -> None:
    """A link without words, and words that are hardly there."""
    deploy(bigpanda)
    page = open_page()
    page.evaluate("""() => {
        document.querySelector('.open').replaceChildren();
        document.querySelector('caption').style.color = 'rgb(240, 240, 240)';
    }""")
    assert {re.split(":", one)[0] for one in violations(page)} == {"link-name", "color-contrast"}
