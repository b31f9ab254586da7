"""`bigpanda-release end`: which open start it ends, and what it says where that is not certain."""

from __future__ import annotations

import json
import pathlib
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bigpanda_provider.bigpanda.events import Context, StartEvent
from bigpanda_provider.delivery.attempt import Attempt
from bigpanda_provider.delivery.delivery import Delivery
from bigpanda_provider.delivery.holder import Holder
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.delivery.record import LEASE_S, Place, Record, Recorder
from bigpanda_provider.errors import WrongUseError
from bigpanda_provider.release.byhand import events as byhand
from bigpanda_provider.release.byhand.sought import Sought, options
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import Api, DeliveryStatus, Status
from tests.engine import TOKEN, Stack
from tests.faults import FaultyBigPanda, answer
from tests.outboxes import fill
from tests.servers import Sandbox

from .command import EVENT, Release

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


def said(shop: Release, *options: str) -> str:
    """What `end` says, without the attempt, which has to be shown."""
    told = shop("end", *options).output.strip()
    return re.sub(r" \(attempt [0-9a-f]{8}\)", "", told)


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
    fill(shop.stack.outbox, Record(attempt, place, recorder, holder, now + LEASE_S, now, is_secret=secret))
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
    assert said(shop, "--component", "shop") == "end sent: shop 2.4.0 on web-1"
    started(shop, "shop", "2.4.1", "web-1", "web-2")
    started(shop, "billing", "1", "api-1")
    given = ("--component", "shop", "--status", "failure", "--reason", "disk full")
    assert said(shop, *given) == "end sent: shop 2.4.1 on web-1, web-2"
    states = [(c["component"], c["version"], c["state"], c["reason"]) for c in bigpanda.changes()]
    assert states == [
        ("shop", "2.4.0", "success", None),
        ("shop", "2.4.1", "failure", "disk full"),
        ("billing", "1", "in_progress", None),
    ]
    assert bigpanda.unmatched() == []


def test_several_that_are_open_are_listed(shop: Release, bigpanda: Sandbox) -> None:
    """What tells them apart has to be given: their attempts, where that is all."""
    started(shop, "shop", "2.4.1", "web-1")
    started(shop, "shop", "2.4.2", "web-1")
    assert refused(shop, "--component", "shop") == (
        "several open starts match shop: shop 2.4.1 on web-1; shop 2.4.2 on web-1; "
        "add --version and --host to choose one"
    )
    started(shop, "shop", "2.4.2", "web-1")
    alike = refused(shop, "--component", "shop", "--version", "2.4.2")
    first = r"several open starts match shop 2\.4\.2: shop 2\.4\.2 on web-1 \(attempt (\w{8})\); "
    told = re.fullmatch(first + r"shop 2\.4\.2 on web-1 \(attempt \w{8}\); choose one with --attempt", alike)
    assert told
    assert shop("end", "--attempt", told[1]).ok
    assert shop("end", "--component", "shop", "--version", "2.4.2").ok  # only one is left
    assert [change["state"] for change in bigpanda.changes()].count("in_progress") == 1


@pytest.mark.parametrize("api", ["deployments", "changes"])
def test_those_that_are_alike_are_told_apart_by_their_attempts(hand: Delivery, api: str) -> None:
    """With either API, unless the order of the hosts tells; an update that runs ends its own."""
    context = Context(api=Api(api))
    for name, hosts, by in (("c1", "xy", 1), ("c2", "xy", 1), ("c3", "yx", 1), ("c4", "zw", 1), ("c5", "zw", 0)):
        start = StartEvent(component="db", version="9", hosts=tuple(hosts), context=context)
        recorder = Recorder.PERSON if by else Recorder.RUNNER
        place = Place("" if by else STACK, name, hand.address)
        hand.outbox.begin(place, Attempt(name, start, DeliveryStatus.DELIVERED), recorder=recorder)
    two = "db 9 on x, y (attempt c1); db 9 on x, y (attempt c2)"
    for given, told in (
        ((None, "db", "9", ["x", "y"]), f"several open starts match db 9 on x, y: {two}; choose one with --attempt"),
        (("c", "db", "9", ["x", "y"]), f"match db 9 on x, y (attempt c): {two}; write more of the attempt's id"),
    ):
        with pytest.raises(WrongUseError) as error:
            byhand.find(hand, Sought.told(*given), force=False)
        assert str(error.value).endswith(told)
    assert byhand.find(hand, Sought.told(None, "db", "9", ["y", "x"]), force=False).attempt.id == "c3"
    assert byhand.find(hand, Sought.told(None, "db", "9", ["w", "z"]), force=False).attempt.id == "c4"
    assert byhand.find(hand, Sought.told("c2", None, None, None), force=False).attempt.id == "c2"


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
    assert said(shop, *given, "--force") == "end sent: shop 2.4.1 on web-2, web-1"
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
    assert said(shop, "--component", "pay", "--force") == "end sent: pay 7 on pay-1"
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
    assert re.fullmatch(
        rf"end queued: shop 2.4.1 on web-1, since {faulty.address} could not be reached: .+; "
        "send it with `bigpanda-release flush`",
        said(shop, "--component", "shop"),
    )
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
    assert said(shop, "--component", "shop", "--status", "failure") == "end sent: shop 2.4.1 on web-1"
    assert shop("status").output == "nothing is in progress, and nothing is queued\n"
    assert [change["state"] for change in bigpanda.changes()] == ["failure"]


def test_an_end_is_not_sent_where_delivery_is_off(shop: Release, bigpanda: Sandbox) -> None:
    """And the start stays open."""
    started(shop, "shop", "2.4.1", "web-1")
    off = ("--component", "shop", "--delivery", "off")
    told = "shop 2.4.1 on web-1; delivery is off, pass --delivery bestEffort to send it"
    assert said(shop, *off) == f"end not sent: {told}"
    shown = json.loads(shop.printed("end", *off, "--json"))
    assert (shown["state"], shown["endDelivery"], shown["status"]) == ("in progress", "off", None)
    shown = json.loads(shop.printed("start", *EVENT, "--host", "web-1", "--delivery", "off", "--json"))
    assert (shown["attempt"], shown["state"], shown["startDelivery"]) == (None, None, "off")
    assert said(shop, "--component", "shop") == "end sent: shop 2.4.1 on web-1"


# -- which start is meant ----------------------------------------------------------------------------------------------

OPEN = {"a1": ("shop", "2", ("web-1", "web-2")), "a2": ("shop", "3", ("web-1",)), "b1": ("pay", "2", ("pay-1",))}
GIVEN = [
    (component, version, hosts, attempt)
    for component in (None, "shop", "pay")
    for version in (None, "2", "3")
    for hosts in (None, ["web-2", "web-1"], ["web-1"], ["pay-1"])
    for attempt in (None, "a", "a1", "b", "pulumi-b1")
    if (component, version, hosts, attempt) != (None, None, None, None)
]


@pytest.fixture
def hand(tmp_path: pathlib.Path) -> Iterator[Delivery]:
    """Delivery on an outbox with three open starts; nothing is sent."""
    with Outbox(tmp_path / "outbox.db") as outbox:
        delivery = Delivery(Settings.resolve({}, {}), outbox, lambda *_, **__: None)
        for name, (component, version, hosts) in OPEN.items():
            start = StartEvent(component=component, version=version, hosts=hosts)
            place = Place("", component, delivery.address)
            outbox.begin(place, Attempt(name, start, DeliveryStatus.DELIVERED), recorder=Recorder.PERSON)
        yield delivery


def test_the_only_start_that_fits_what_is_given_is_found(hand: Delivery) -> None:
    """In every combination; where none fits, or several do, the sentence says so."""
    for component, version, hosts, attempt in GIVEN:
        fitting = [
            name
            for name, (its, of, on) in OPEN.items()
            if component in (None, its)
            and version in (None, of)
            and (hosts is None or {*hosts} == {*on})
            and name.startswith((attempt or "").removeprefix("pulumi-"))
        ]
        try:
            found = byhand.find(hand, Sought.told(attempt, component, version, hosts), force=False).attempt.id
        except WrongUseError as error:
            found = str(error).partition(" match")[0]
        wanted = fitting[0] if len(fitting) == 1 else "several open starts" if fitting else "no open start"
        assert found == wanted, (component, version, hosts, attempt)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((None, None, "2", None), "several open starts match version 2: shop 2 on web-1, web-2; pay 2 on pay-1; add "),
        ((None, None, "9", None), "no open start matches version 9: the nearest open ones are "),
        ((None, None, None, ["x"]), "no open start matches a deployment on x: the nearest open ones are "),
        (("a", None, None, None), "several open starts match attempt a: shop 2 on web-1, web-2; shop 3 on web-1; add "),
        (("b1", "shop", None, None), "no open start matches shop (attempt b1): that attempt is pay 2 on pay-1; omit "),
        (("c", None, "2", None), "no open start matches version 2 (attempt c): none is open on this machine; "),
    ],
)
def test_what_is_said_where_no_start_is_meant_for_certain(
    hand: Delivery, given: tuple[str | None, str | None, str | None, list[str] | None], sentence: str
) -> None:
    """With what was given, and what is open."""
    with pytest.raises(WrongUseError) as told:
        byhand.find(hand, Sought.told(*given), force=False)
    assert str(told.value).startswith(sentence)


def test_what_tells_them_apart_is_asked_for() -> None:
    """The options that are not given yet; and at least one has to be."""
    assert options(Sought.told(None, None, "2", None).missing) == "--component and --host"
    assert options(Sought.told("a", None, None, None).missing) == "--component, --version and --host"
    assert options(Sought.told(None, "shop", "2", None).missing) == "--host"
    for empty in ("", " ", "pulumi-"):
        with pytest.raises(WrongUseError, match="--attempt is empty; write the attempt's id, or its beginning"):
            Sought.told(empty, "shop", None, None)
    with pytest.raises(WrongUseError, match="pass --component, --version, --host or --attempt to say which start"):
        Sought.told(None, None, None, [])


# -- dry runs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["deployments", "changes"])
def test_a_dry_run_shows_the_requests_that_are_sent(shop: Release, bigpanda: Sandbox, api: str) -> None:
    """With their address and without secrets; nothing is sent, and nothing is recorded."""
    shop.stack.environment |= {"BIGPANDA_API": api, "BIGPANDA_APP_KEY": "app-key-of-nobody"}
    told = (*EVENT, "--host", "web-1", "--description", f"with {TOKEN}")
    begun = json.loads(shop.printed("start", *told, "--dry-run", "--json"))
    shown = shop.printed("start", *told, "--dry-run")
    first, address, body = shown.split("\n", 2)
    assert first == "dry run: the start of shop 1 on web-1 is neither sent nor recorded"
    assert address == f"POST {begun['post']['url']}"
    assert timeless(json.loads(body)) == timeless(begun["post"]["body"])
    assert (begun["dryRun"], begun["attempt"], begun["state"], begun["waits"]) == (True, None, None, None)
    assert shop("status").output == "nothing is in progress, and nothing is queued\n"
    sent = json.loads(shop.printed("start", *told, "--json"))
    assert (sent["dryRun"], sent["post"], sent["startDelivery"]) == (False, None, "delivered")
    ended = json.loads(
        shop.printed("end", "--host", "web-1", "--status", "failure", "--reason", TOKEN, "--dry-run", "--json")
    )
    assert (ended["attempt"], ended["state"], ended["endDelivery"]) == (sent["attempt"], "in progress", None)
    assert shop("end", "--host", "web-1", "--status", "failure", "--reason", TOKEN).ok
    paths = (
        ["/data/changes"] * 2 if api == "changes" else [f"/data/events/deployments/{kind}" for kind in ("start", "end")]
    )
    assert [urlsplit(one["post"]["url"]).path for one in (begun, ended)] == paths
    dry = [timeless(one["post"]["body"]) for one in (begun, ended)]
    assert [timeless(post["body"]) for post in bigpanda.posts()] == dry
    assert not {TOKEN, "app-key-of-nobody"} & set(re.split(r"\W+", json.dumps([begun, ended]) + shown))


def timeless(body: dict[str, Any]) -> dict[str, Any]:
    """A request without what differs each time: its time, and the attempt that it is made in."""
    return {name: value for name, value in body.items() if name not in ("timestamp", "identifier", "start", "end")}


def test_a_dry_run_says_what_is_in_the_way(shop: Release, bigpanda: Sandbox) -> None:
    """No token, or delivery that is off."""
    told = ("start", *EVENT, "--host", "web-1", "--dry-run")
    assert (
        "warning: delivery is off, so without --dry-run nothing would be sent" in shop(*told, "--delivery=off").output
    )
    assert "warning: there is no BigPanda token" in shop(*told, env={"BIGPANDA_API_TOKEN": ""}).output
    assert bigpanda.events() == []


def test_what_became_of_a_start_is_told(recorder_shop: Release) -> None:
    """With its reason, and what to do next; each has its exit code."""
    told = ("start", *EVENT, "--host", "web-1")
    rejected = recorder_shop(*told)
    assert rejected.code == 1
    assert "warning: BigPanda rejected the start of shop 1 (400: no such field); it will not be" in rejected.output
    assert re.search(r"start rejected: shop 1 on web-1 \(attempt \w{8}\); fix what BigPanda rejects", rejected.output)
    away = {"BIGPANDA_BASE_URL": "http://127.0.0.1:9"}
    required = recorder_shop(*told, "--delivery", "required", env=away)
    assert required.code == 3
    assert required.output.startswith("bigpanda-release: the start of shop 1 did not get through, and delivery is req")
    tokenless = recorder_shop(*told, env={"BIGPANDA_API_TOKEN": ""})
    assert "since there is no BigPanda token, so no event can be sent; send it with `" in tokenless.output
    refused = recorder_shop(*told, "--delivery", "required", env={"BIGPANDA_API_TOKEN": ""})
    for run in (tokenless, refused):
        assert run.output.count("To try without BigPanda") == 1
