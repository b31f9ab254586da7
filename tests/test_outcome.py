"""What became of events, as an update tells it: of a start and an end one line each."""

from __future__ import annotations

import threading
import time

import pytest

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery import outcome
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.provider.telling import counted_down, urn
from bigpanda_provider.state import DeliveryStatus, Status

START = StartEvent(component="shop", version="2.4.1", hosts=("web-1", "web-2"))


def attempt(start: StartEvent, delivery: str, end: End | None = None) -> Attempt:
    """An attempt whose start became this."""
    return Attempt("id", start, DeliveryStatus(delivery), end)


@pytest.mark.parametrize(
    ("delivery", "line"),
    [
        ("delivered", "Sent the start of shop 2.4.1 on web-1, web-2"),
        ("queued", "Queued the start of shop 2.4.1 on web-1, web-2"),
        ("rejected", None),
        ("off", None),
    ],
)
def test_a_start(delivery: str, line: str | None) -> None:
    """What is rejected has a warning of its own, and where nothing is sent nothing is said."""
    assert outcome.of(attempt(START, delivery)) == line


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (End(Status.SUCCESS, delivery=DeliveryStatus.DELIVERED), "Sent the end of shop 2.4.1: success"),
        (End(Status.FAILURE, "why", DeliveryStatus.DELIVERED), "Sent the end of shop 2.4.1: failure"),
        (End(Status.SUCCESS, delivery=DeliveryStatus.QUEUED), "Queued the end of shop 2.4.1: success"),
        (End(Status.SUCCESS, delivery=DeliveryStatus.REJECTED), None),
    ],
)
def test_an_end(end: End, line: str | None) -> None:
    """Its status is BigPanda's; the reason stands beside it already, as the error of a resource."""
    assert outcome.of(attempt(START, "delivered", end)) == line


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "h0"),
        (6, "h0, h1, h2, h3, h4, h5"),
        (7, "h0, h1, h2, h3, h4 and 2 more"),
        (500, "h0, h1, h2, h3, h4 and 495 more"),
    ],
)
def test_many_hosts(count: int, shown: str) -> None:
    """The first few are named."""
    start = StartEvent(component="shop", version="1", hosts=tuple(f"h{number}" for number in range(count)))
    assert outcome.of(attempt(start, "delivered")) == f"Sent the start of shop 1 on {shown}"


def test_secret_properties() -> None:
    """They are shown nowhere."""
    assert outcome.of(attempt(START, "delivered"), ["version"]) == "Sent the start of shop (secret) on web-1, web-2"
    assert outcome.of(attempt(START, "delivered"), ["hosts"]) == "Sent the start of shop 2.4.1 on (secret)"
    assert outcome.of(attempt(START, "queued"), outcome.ALL_SECRET) == "Queued the start of (secret) on (secret)"


OWN = "pulumi-python:dynamic/bigpanda:Deployment"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web", f"{OWN}::web"),
        ("a::b", f"{OWN}::a::b"),
        ("my:index:App::front::web", f"my:index:App${OWN}::web"),
        ("my:index:App$aws:ec2/vpc:Vpc::front::web::1", f"my:index:App$aws:ec2/vpc:Vpc${OWN}::web::1"),
    ],
)
def test_where_a_line_is_shown(name: str, expected: str) -> None:
    """At the Deployment, whose URN follows from its name in the stack."""
    assert urn("organization/test/dev", name) == f"urn:pulumi:dev::test::{expected}"


def test_where_a_line_is_shown_without_a_stack() -> None:
    """State of an early version does not name it; then the line is shown at no resource."""
    assert urn("", "web") == f"urn:pulumi:::::{OWN}::web"


def test_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is sent without a countdown then, and does not wait for one."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    began = time.monotonic()
    with counted_down(5, urn("organization/test/dev", "web")):
        assert time.monotonic() - began < 1
