"""BigPanda is slow, down or refusing: no update waits for long, and afterwards everything is there, in order."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from bigpanda_provider.state import Api

from . import faults
from .engine import Stack
from .faults import Fault, FaultyBigPanda
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
BOTH_APIS = True

MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing", sleep=config.get_float("sleep"), hold=config.get("hold"))
    """


def held_up(made: Stack, faulty: FaultyBigPanda) -> float:
    """How many seconds passed between the first request and the first covered resource."""
    return made.did()[0][2] - faulty.asked_at[0]


def next_run_makes_it_whole(made: Stack, bigpanda: Sandbox, story: list[str], has: list[str]) -> None:
    """The next run shows the pending change, sends what waits and nothing else, and then there is no change."""
    assert made.preview().operations()["Deployment web"] == "update"
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.story() == story
    again = made.up("--expect-no-changes")
    assert again.ok, again.output
    assert bigpanda.story() == story
    assert bigpanda.has() == has


@pytest.mark.parametrize("elsewhere", [False, True])
def test_down_for_the_whole_update(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, elsewhere: bool
) -> None:
    """The update succeeds with one warning; the next one sends start and end, with the first timestamp."""
    made = faulty_stack(WEB)
    faulty.go_away()
    run = made.up()
    assert run.ok
    assert (
        run.output.count("events are queued and will be sent by the next") == 2
    )  # once as it goes, once in the summary
    recorded = int(time.time())
    faulty.come_back()
    time.sleep(2)
    if elsewhere:
        made.elsewhere()
    next_run_makes_it_whole(made, bigpanda, ["start 1", "success 1"], ["web 1 on a: success"])
    assert bigpanda.events()[0]["body"]["timestamp"] <= recorded


@pytest.mark.parametrize("fault", [faults.reset, faults.hang, faults.trickle, faults.garbage, faults.answer(503)])
def test_misbehaving_for_the_whole_update(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, fault: Fault
) -> None:
    """Whatever it does instead of answering, it costs one time limit, and nothing is lost."""
    made = faulty_stack(WEB)
    faulty.fault = fault
    assert made.up().ok
    assert held_up(made, faulty) < 6
    assert "end" not in faulty.asked
    faulty.fault = None
    next_run_makes_it_whole(made, bigpanda, ["start 1", "success 1"], ["web 1 on a: success"])


@pytest.mark.parametrize("elsewhere", [False, True])
def test_down_for_the_end_only(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, elsewhere: bool
) -> None:
    """The end waits, and is sent by the next run."""
    made = faulty_stack(WEB).config(sleep=1)
    faulty.script = [None]
    faulty.fault = faults.answer(500)
    assert made.up().ok
    assert bigpanda.story() == ["start 1"]
    faulty.fault = None
    if elsewhere:
        made.elsewhere()
    next_run_makes_it_whole(made, bigpanda, ["start 1", "success 1"], ["web 1 on a: success"])


def test_back_between_start_and_end(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """Start and end are sent once each, in order; the next run has nothing to send and shows no change."""
    made = faulty_stack(WEB).config(hold="thing")
    faulty.go_away()
    with made.running() as update:
        update.wait_for_line("events are queued")
        faulty.come_back()
        time.sleep(faults.QUIET_S)
        made.let_go("thing")
        assert update.end().ok
    assert bigpanda.story() == ["start 1", "success 1"]
    assert made.up("--expect-no-changes").ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_back_between_two_deployments(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """What waits of the one is sent when the other finds BigPanda back; the next run sends nothing."""
    made = faulty_stack("""
        with bigpanda.Deployment("one", component="one", version="one", hosts=["a"]) as one:
            Thing("quick")
        pause = Thing("pause", hold="pause", opts=pulumi.ResourceOptions(depends_on=[one._recording._completion]))
        with bigpanda.Deployment("two", component="two", version="two", hosts=["a"],
                                 opts=pulumi.ResourceOptions(depends_on=[pause])):
            Thing("other")
        """)
    faulty.go_away()
    with made.running() as update:
        update.wait_for(lambda: [name for _, name, _ in made.did()] == ["quick"])
        faulty.come_back()
        time.sleep(faults.QUIET_S)
        made.let_go("pause")
        assert update.end().ok
    assert sorted(bigpanda.has()) == ["one one on a: success", "two two on a: success"]
    assert made.up().ok
    assert len(bigpanda.events()) == 4
    assert made.up("--expect-no-changes").ok


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_end_was_refused_and_something_changes(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, elsewhere: bool
) -> None:
    """The old end comes before the new start, although component, version and hosts are the same."""
    made = faulty_stack(WEB.replace('hosts=["a"]', 'hosts=["a"], triggers=[config.get("trigger")]'))
    faulty.script = [None, faults.answer(401)]
    assert made.up().ok
    assert bigpanda.story() == ["start 1"]
    if elsewhere:
        made.elsewhere()
    assert made.config(trigger="new").up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 1", "success 1"]
    assert bigpanda.has() == ["web 1 on a: success", "web 1 on a: success"]
    assert made.up("--expect-no-changes").ok


@pytest.mark.parametrize("elsewhere", [False, True])
def test_down_over_several_changes(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, elsewhere: bool
) -> None:
    """What waits piles up in order, on whatever machine the runs are, and is sent in order."""
    made = faulty_stack(WEB)
    faulty.go_away()
    for version in ("1", "2", "3"):
        assert made.config(version=version).up().ok
        if elsewhere:
            made.elsewhere()
    faulty.come_back()
    story = [f"{kind} {version}" for version in "123" for kind in ("start", "success")]
    next_run_makes_it_whole(made, bigpanda, story, [f"web {version} on a: success" for version in "123"])
    stamps = [event["body"]["timestamp"] for event in bigpanda.events() if event["kind"] == "start"]
    assert stamps == sorted(set(stamps))


def test_back_before_a_failure_is_told(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """The guard sends what waits of earlier updates before the end that it is there for."""
    made = faulty_stack(WEB)
    faulty.go_away()
    assert made.up().ok
    made.program(WEB.replace('"thing",', '"thing", fail="no space left",')).config(version="2", hold="thing")
    with made.running() as update:
        update.wait_for_line("events are queued")
        faulty.come_back()
        time.sleep(faults.QUIET_S)
        made.let_go("thing")
        assert not update.end().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "failure 2"]
    made.program(WEB)
    has = [
        "web 1 on a: success",
        "web 2 on a: failure (thing: RuntimeError: no space left)",
        "web 2 on a: success",
    ]
    next_run_makes_it_whole(made, bigpanda, [*bigpanda.story(), "start 2", "success 2"], has)


def test_killed_after_others_were_queued(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """What the killed update left is not sent before what state holds, by an update of another Deployment either."""
    made = faulty_stack(
        WEB
        + """
    bigpanda.Deployment("other", component="other", version=config.get("other") or "o1", hosts=["a"])
    """
    )
    faulty.go_away()
    assert made.up().ok
    with made.config(version="2", hold="thing").running() as update:
        update.wait_for_line("Deployment web updated")
        update.kill([update.process.pid, *update.provider(), *update.program()])
    faulty.come_back()
    made.unlock().config(other="o2").let_go("thing")
    assert made.up("--target", "**Deployment::other").ok
    assert made.up().ok
    of_web = [event for event in bigpanda.story() if event[-2] != "o"]
    assert of_web == ["start 1", "success 1", "start 2", "failure 2", "start 2", "success 2"]
    assert [line for line in bigpanda.has() if line.startswith("web")] == [
        "web 1 on a: success",
        "web 2 on a: failure (the deployment did not complete)",
        "web 2 on a: success",
    ]


def test_another_machine_has_sent_what_waits_here(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """A machine whose update was queued and which runs again after others have gone on sends nothing twice."""
    made = faulty_stack(WEB)
    here = made.outbox
    faulty.go_away()
    assert made.up().ok
    faulty.come_back()
    made.environment["BIGPANDA_OUTBOX"] = str(here.with_name("other.db"))
    for version in ("2", "3"):
        assert made.config(version=version).up().ok
    made.environment["BIGPANDA_OUTBOX"] = str(here)
    assert made.up("--expect-no-changes").ok
    assert made.config(version="4").up().ok
    assert bigpanda.story() == [f"{kind} {version}" for version in "1234" for kind in ("start", "success")]


def test_another_machine_has_sent_the_start_that_waits_here(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, api: Api
) -> None:
    """State knows of it, this machine's outbox does not: no start is sent again; an end may be, as documented."""
    made = faulty_stack(WEB)
    here = made.outbox
    faulty.go_away()
    assert made.up().ok
    faulty.come_back()
    made.environment["BIGPANDA_OUTBOX"] = str(here.with_name("other.db"))
    assert made.up("--target", "**Deployment::web").ok  # so state does not know that the end arrived, too
    assert bigpanda.story() == ["start 1", "success 1"]
    made.environment["BIGPANDA_OUTBOX"] = str(here)
    assert made.config(version="2").up().ok
    assert bigpanda.story().count("start 1") == 1
    repeated = ["web 1 on a: matches nothing"] if api is Api.DEPLOYMENTS else []  # to the Changes API it is an update
    assert bigpanda.has() == ["web 1 on a: success", *repeated, "web 2 on a: success"]


@pytest.mark.parametrize(
    ("fault", "answer"),
    [(faults.answer(400, b"no such component"), "400: no such component"), (faults.answer(422), "422")],
)
def test_rejected(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, fault: Fault, answer: str
) -> None:
    """What BigPanda will never take is named and given up, and no end follows a rejected start."""
    made = faulty_stack(WEB)
    faulty.fault = fault
    run = made.up()
    assert run.ok
    assert f"BigPanda rejected the start of web 1 ({answer}); it will not be retried" in run.output
    assert faulty.asked == ["start"]
    faulty.fault = None
    assert made.up("--expect-no-changes").ok
    assert faulty.asked == ["start"]


def test_a_rejected_end_is_named(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """With its component and version, like a start."""
    made = faulty_stack(WEB)
    faulty.script = [None, faults.answer(400, b"no such deployment")]
    run = made.up()
    assert run.ok
    assert "BigPanda rejected the end of web 1 (400: no such deployment); it will not be retried" in run.output


@pytest.mark.parametrize("mode", ["bestEffort", "required"])
@pytest.mark.parametrize("kind", ["start", "end"])
def test_a_rejected_event_with_secret_properties_is_told_without_them(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, kind: str, mode: str
) -> None:
    """BigPanda's own text may repeat them, so it is left out too."""
    made = faulty_stack(WEB.replace('component="web"', 'component=config.require_secret("hidden")'))
    made.pulumi("config", "set", "--secret", "test:hidden", "hush-hush")
    made.environment["BIGPANDA_DELIVERY"] = mode
    faulty.script = [*([None] if kind == "end" else []), faults.answer(400, b"no such component: hush-hush")]
    run = made.up()
    sentence = f"BigPanda rejected the {kind} of a deployment that has secret properties (400); it will not be retried"
    assert sentence in run.output
    assert made.tells("hush-hush") == []


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (faults.answer(401), "Check the token in BIGPANDA_API_TOKEN (environment)"),
        (faults.answer(403), "Check the token's permissions"),
        (faults.answer(404), "Check BIGPANDA_BASE_URL (environment)"),
        (faults.answer(307, Location="http://localhost:9/data"), "a redirect, which is not followed"),
    ],
)
def test_refused_for_what_can_be_mended(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, fault: Fault, advice: str
) -> None:
    """It is asked once, told how to be mended, and everything is sent by the next run."""
    made = faulty_stack(WEB)
    faulty.fault = fault
    run = made.up()
    assert run.ok
    assert advice in run.output
    assert faulty.asked == ["start"]
    faulty.fault = None
    next_run_makes_it_whole(made, bigpanda, ["start 1", "success 1"], ["web 1 on a: success"])


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_2xx_without_a_body_is_success(faulty_stack: MakeStack, faulty: FaultyBigPanda, status: int) -> None:
    """Each event is sent once, and nothing waits."""
    made = faulty_stack(WEB)
    faulty.fault = faults.answer(status)
    run = made.up()
    assert run.ok
    assert "warning" not in run.output
    assert made.up("--expect-no-changes").ok
    assert faulty.asked == ["start", "end"]


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry_After": "1"}, True),
        ({"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, True),
        ({"Retry_After": "86400"}, False),
        ({"Retry_After": "Fri, 31 Dec 2100 23:59:59 GMT"}, False),
        ({"Retry_After": "soon"}, True),
    ],
)
def test_asked_to_come_back_later(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, headers: dict[str, str], waits: bool
) -> None:
    """`Retry-After` is honoured in both forms within the time limit; beyond it the event waits for the next run."""
    made = faulty_stack(WEB)
    faulty.script = [faults.answer(429, b"", **headers)]
    assert made.up().ok
    assert held_up(made, faulty) < 6
    assert bigpanda.has() == (["web 1 on a: success"] if waits else [])
    if headers == {"Retry_After": "1"}:
        assert faulty.asked_at[1] - faulty.asked_at[0] >= 1


def test_errors_and_then_success(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """A few 500s are tried over within the limit."""
    made = faulty_stack(WEB)
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "5"
    faulty.script = [faults.answer(500), faults.reset, faults.answer(502)]
    run = made.up()
    assert run.ok
    assert "warning" not in run.output
    assert bigpanda.story() == ["start 1", "success 1"]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (faults.answer(401), "answered 401. Check the token in BIGPANDA_API_TOKEN (environment)."),
        (faults.answer(503), "answered 503"),
        (faults.answer(400, b"bad"), "answered 400: bad"),
        (None, "could not be reached: Connection refused"),
    ],
)
def test_required_fails_before_the_scope_is_touched(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, fault: Fault | None, sentence: str
) -> None:
    """The sentence alone is shown; nothing of the scope is made, and nothing waits; mended, it goes on."""
    made = faulty_stack(WEB)
    made.environment["BIGPANDA_DELIVERY"] = "required"
    faulty.fault = fault
    if fault is None:
        faulty.go_away()
    run = made.up()
    assert not run.ok
    assert sentence in run.output
    assert "Traceback" not in run.output
    assert made.did() == []
    faulty.fault = None
    faulty.come_back()
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"]
    assert made.up("--expect-no-changes").ok


@pytest.mark.parametrize("back", [True, False])
def test_required_start_that_nobody_confirmed(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, back: bool, api: Api
) -> None:
    """The start may have arrived though its answer was lost: so it gets its end, at once or in the next run."""
    made = faulty_stack(WEB)
    made.environment["BIGPANDA_DELIVERY"] = "required"
    start = iter(["start"])

    def late() -> None:
        if next(start, None) is not None or not back:
            time.sleep(faults.EVENT_LIMIT_S + 1)

    faulty.before_answer = late
    run = made.up()
    assert not run.ok
    assert re.search(rf"could not be reached: timed out|did not answer within {faults.EVENT_LIMIT_S} s", run.output)
    assert made.did() == []
    is_ended = back or api is Api.CHANGES  # the end says all that the start does, so it needs no start that arrived
    unconfirmed = "BigPanda did not confirm the start, and delivery is required"
    assert bigpanda.has() == [f"web 1 on a: failure ({unconfirmed})" if is_ended else "web 1 on a: in progress"]
    faulty.before_answer = None
    assert made.up().ok
    assert bigpanda.has() == [f"web 1 on a: failure ({unconfirmed})", "web 1 on a: success"]
    assert made.up("--expect-no-changes").ok


def test_required_end_that_waits_fails_the_update(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The end waits and fails the update; the next run sends it, without a new attempt."""
    made = faulty_stack(WEB)
    made.environment["BIGPANDA_DELIVERY"] = "required"
    faulty.script = [None]
    faulty.fault = faults.answer(503)
    run = made.up()
    assert not run.ok
    assert "the end of web 1 did not get through, and delivery is required; the next update sends it" in run.output
    assert "Traceback" not in run.output
    assert len(made.did()) == 1
    faulty.fault = None
    next_run_makes_it_whole(made, bigpanda, ["start 1", "success 1"], ["web 1 on a: success"])


def test_off_sends_nothing_and_leaves_nothing(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """While delivery is off changes are recorded and not sent; on again, it is as if nothing had been left open."""
    made = faulty_stack(WEB)
    assert made.up().ok
    made.environment["BIGPANDA_DELIVERY"] = "off"
    assert made.config(version="2").up().ok
    assert not made.program(WEB.replace('"thing"', '"thing", fail="x"')).config(version="3").up().ok
    assert made.program(WEB).up().ok
    del made.environment["BIGPANDA_DELIVERY"]
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1"]
    assert made.config(version="4").up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 4", "success 4"]
