"""`bigpanda-release end`: which open start it ends, and what it says where that is not certain."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable

import pytest

from bigpanda_provider.bigpanda.events import StartEvent
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.file import OutboxFile
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import LEASE_S, Place, Record, Recorder
from bigpanda_provider.state import DeliveryStatus, Status
from tests.engine import Stack
from tests.faults import FaultyBigPanda, answer
from tests.servers import Sandbox

from .command import Release

MakeRelease = Callable[[str], Release]
MakeStack = Callable[[str], Stack]

GONE = Holder(0, "a process that is gone")
STACK = "organization/shop/prod"


@pytest.fixture
def shop(release: MakeRelease) -> Release:
    """The runner in a folder whose stack nobody updates."""
    return release("pass")


def started(shop: Release, component: str, version: str, *hosts: str) -> None:
    """Send a start by hand."""
    named = [option for host in hosts for option in ("--host", host)]
    assert shop("start", "--component", component, "--version", version, *named).ok


def refused(shop: Release, *options: str) -> str:
    """What `end` says, which has to exit with 2 and send nothing."""
    run = shop("end", *options)
    assert run.code == 2, run.output
    return run.output.removeprefix("bigpanda-release: ").strip()


def recorded(
    shop: Release,
    holder: Holder = GONE,
    *,
    by_hand: bool = False,
    secret: bool = False,
    address: str = "",
    **values: str,
) -> str:
    """An open attempt in the outbox, as an update has left it; its id."""
    address = address or shop.stack.environment["BIGPANDA_BASE_URL"]
    start = StartEvent(component="pay", version=values.get("version", "7"), hosts=("pay-1",), timestamp=1)
    attempt = Attempt(uuid.uuid4().hex, start, DeliveryStatus.DELIVERED)
    recorder, stack = (Recorder.PERSON, "") if by_hand else (Recorder.DEPLOYMENT, STACK)
    place, now = Place(stack, "pay", address), time.time()
    # An outbox that is closed lets go of what it holds, so the file is written itself.
    file = OutboxFile(shop.stack.outbox)
    assert file.move([(None, Record(attempt, place, recorder, holder, now + LEASE_S, now, is_secret=secret))]) == [True]
    file.close()
    return attempt.id


def found(shop: Release, attempt: str) -> Record:
    """What the outbox has of an attempt."""
    with Outbox(shop.stack.outbox) as outbox:
        record = outbox.find(attempt)
    assert record is not None
    return record


def test_the_component_alone_finds_the_one_that_is_open(shop: Release, bigpanda: Sandbox) -> None:
    """Another component, and what has ended, is not looked at."""
    started(shop, "shop", "2.4.0", "web-1")
    assert shop("end", "--component", "shop").output == "end sent\n"
    started(shop, "shop", "2.4.1", "web-1", "web-2")
    started(shop, "billing", "1", "api-1")
    assert shop("end", "--component", "shop", "--status", "failure", "--reason", "disk full").output == "end sent\n"
    states = [(c["component"], c["version"], c["state"], c["reason"]) for c in bigpanda.changes()]
    assert states == [
        ("shop", "2.4.0", "success", None),
        ("shop", "2.4.1", "failure", "disk full"),
        ("billing", "1", "in_progress", None),
    ]
    assert bigpanda.unmatched() == []


def test_several_that_are_open_are_listed(shop: Release, bigpanda: Sandbox) -> None:
    """What tells them apart has to be given; those that nothing tells apart are one."""
    started(shop, "shop", "2.4.1", "web-1")
    started(shop, "shop", "2.4.2", "web-1")
    assert refused(shop, "--component", "shop") == (
        "several open starts match shop: shop 2.4.1 on web-1; shop 2.4.2 on web-1; "
        "add --version and --host to choose one"
    )
    started(shop, "shop", "2.4.2", "web-1")
    assert shop("end", "--component", "shop", "--version", "2.4.2").ok
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress", "in_progress", "success"]


@pytest.mark.parametrize(
    ("options", "described"),
    [
        (("--component", "shop", "--version", "2.4.0"), "shop 2.4.0"),
        (("--component", "shop", "--host", "web-1"), "shop on web-1"),
        (("--component", "shop", "--version", "2.4.1", "--host", "web-3"), "shop 2.4.1 on web-3"),
        (("--component", "shopp"), "shopp"),
    ],
)
def test_what_is_given_may_not_contradict_the_one_that_is_found(
    shop: Release, bigpanda: Sandbox, options: tuple[str, ...], described: str
) -> None:
    """The sentence names the nearest ones, and nothing is sent."""
    started(shop, "shop", "2.4.1", "web-1", "web-2")
    started(shop, "billing", "1", "api-1")
    assert refused(shop, *options) == (
        f"no open start matches {described}: the nearest open ones are shop 2.4.1 on web-1, web-2; billing 1 on api-1; "
        "name one of them, or pass --force to send the end anyway"
    )
    assert len(bigpanda.events()) == 2


def test_force_sends_the_end_as_it_is_given(shop: Release, bigpanda: Sandbox) -> None:
    """It was started on another machine; so version and hosts have to be given too."""
    given = ("--component", "shop", "--version", "2.4.1", "--host", "web-2", "--host", "web-1")
    assert refused(shop, *given) == (
        "no open start matches shop 2.4.1 on web-2, web-1: none is open on this machine; if it was started on another "
        "machine, pass --force to send the end anyway"
    )
    assert refused(shop, "--component", "shop", "--force") == (
        "no open start matches shop; to send its end anyway, --force needs --version and --host"
    )
    assert shop("end", *given, "--force").output == "end sent\n"
    assert [end["body"]["hosts"] for end in bigpanda.unmatched()] == [["web-2", "web-1"]]


def test_force_needs_no_outbox(shop: Release, bigpanda: Sandbox) -> None:
    """Without it, one that cannot be read is an error."""
    shop.stack.environment["BIGPANDA_OUTBOX"] = "/proc/nowhere/outbox.db"
    given = ("--component", "shop", "--version", "2.4.1", "--host", "web-1")
    assert shop("end", *given).code == 1
    assert bigpanda.events() == []
    assert shop("end", *given, "--force").ok
    assert len(bigpanda.events()) == 1


def test_one_that_a_running_update_will_end_needs_force(shop: Release, bigpanda: Sandbox) -> None:
    """While its process lives; the sentence says whose it is."""
    attempt = recorded(shop, Holder.current())
    assert refused(shop, "--component", "pay") == (
        "pay 7 on pay-1 is being deployed by shop/prod pay, which will send the end itself; pass --force to send it now"
    )
    assert shop("end", "--component", "pay", "--force").output == "end sent\n"
    record = found(shop, attempt)
    end = record.attempt.end
    assert end is not None
    assert (end.status, end.delivery) == (Status.SUCCESS, DeliveryStatus.DELIVERED)
    assert (record.place.stack, record.place.name) == (STACK, "pay")


def test_one_that_a_killed_update_left_is_ended_alone(shop: Release, bigpanda: Sandbox) -> None:
    """What else is left of its stack is for the next update, or for another `end`."""
    recorded(shop, version="7")
    other = recorded(shop, version="8")
    assert shop("end", "--component", "pay", "--version", "7").ok
    assert bigpanda.story() == ["success 7"]
    assert found(shop, other).attempt.is_open


def test_one_whose_end_waits_is_told(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """It has its end already, which `flush` sends."""
    shop = Release(faulty_stack("pass"))
    faulty.go_away()
    started(shop, "shop", "2.4.1", "web-1")
    assert "end queued" in shop("end", "--component", "shop").output
    assert refused(shop, "--component", "shop", "--status", "failure") == (
        "the end of shop 2.4.1 on web-1 is already queued, as a success; send it with `bigpanda-release flush`, or "
        "pass --force to send the end anyway"
    )
    faulty.come_back()
    assert shop("flush").ok
    assert bigpanda.story() == ["start 2.4.1", "success 2.4.1"]


def test_secret_ones_are_counted(shop: Release, bigpanda: Sandbox) -> None:
    """The outbox does not hold what they are, so none can be ended by hand."""
    recorded(shop, secret=True)
    assert refused(shop, "--component", "pay") == (
        "no open start matches pay: none is open on this machine; if it was started on another machine, pass --force "
        "to send the end anyway (1 more is open with secret properties, which only the next update of the stack can "
        "end)"
    )


def test_one_at_another_bigpanda_is_told(shop: Release, bigpanda: Sandbox) -> None:
    """With the setting that ends it there."""
    recorded(shop, by_hand=True, address="https://eu-api.bigpanda.io")
    assert refused(shop, "--component", "pay") == (
        "pay 7 on pay-1 is open at https://eu-api.bigpanda.io; set BIGPANDA_BASE_URL to end it there"
    )


def test_an_end_that_was_rejected_can_be_given_anew(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """BigPanda has the deployment in progress until then, and so `status` and `history` say."""
    shop = Release(faulty_stack("pass"))
    started(shop, "shop", "2.4.1", "web-1")
    faulty.script = [answer(400, b"errorMessage: no such field")]
    assert shop("end", "--component", "shop", "--status", "failure", "--reason", "disk full").code == 1
    for command in ("status", "history"):
        (record,) = json.loads(shop.printed(command, "--json"))
        assert (record["state"], record["delivery"], record["endDelivery"]) == ("failure", "end rejected", "rejected")
        assert record["rejected"] == "400: errorMessage: no such field"
        assert "end rejected" in shop(command).output
    assert shop("end", "--component", "shop", "--status", "failure").output == "end sent\n"
    assert shop("status").output == "nothing is in progress, and nothing is queued\n"
    assert [change["state"] for change in bigpanda.changes()] == ["failure"]


def test_an_end_is_not_sent_where_delivery_is_off(shop: Release, bigpanda: Sandbox) -> None:
    """And the start stays open."""
    started(shop, "shop", "2.4.1", "web-1")
    off = ("--delivery", "off")
    assert shop("end", "--component", "shop", *off).output == "end not sent, since delivery is off\n"
    assert shop("end", "--component", "shop").output == "end sent\n"
