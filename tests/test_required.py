"""Delivery is required, and nobody knows whether a start arrived: it fails the update, and is never forgotten."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bigpanda_provider.bigpanda.events import StartEvent, read
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.delivery import UNANSWERED, Delivery
from bigpanda_provider.delivery.outbox import Outbox
from bigpanda_provider.errors import DeliveryError, RejectedError
from bigpanda_provider.provider.telling import warn
from bigpanda_provider.release.byhand import events as byhand
from bigpanda_provider.settings import Settings
from bigpanda_provider.state import Api, DeliveryStatus, Status

from . import faults
from .engine import Stack
from .faults import Fault, FaultyBigPanda
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
BOTH_APIS = True

MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version=config.get("version") or "1", hosts=["a"]):
        Thing("thing")
    """
STACK = "acme/shop/prod"
START = read(StartEvent, {"component": "shop", "version": "2.6.1", "hosts": ["a"], "timestamp": 1700000000})


def required(made: Stack) -> Stack:
    """The stack, whose events have to get through."""
    made.environment["BIGPANDA_DELIVERY"] = "required"
    return made


def rejects_a_repeated_start(api: Api) -> list[Fault | None]:
    """What the first request of the next run is answered: with the Changes API that is the end, which says all."""
    return [faults.answer(400)] if api is Api.DEPLOYMENTS else []


def goes_on(made: Stack, bigpanda: Sandbox, failed: list[str]) -> None:
    """Mended, the next update records a success; what came before it has failed, and nothing is in progress."""
    run = made.up()
    assert run.ok, run.output
    assert [change["state"] for change in bigpanda.changes()] == ["failure"] * len(failed) + ["success"]
    assert [change["reason"] for change in bigpanda.changes()] == [*failed, None]
    assert bigpanda.unmatched() == []
    again = made.up("--expect-no-changes")
    assert again.ok, again.output


@pytest.mark.parametrize(
    ("then", "sentence", "story"),
    [
        ([faults.answer(400, b"seen")], "answered 400: seen", ["start 1", "failure 1"]),
        ([faults.answer(401)], "Check the token in BIGPANDA_API_TOKEN", ["start 1", "start 1", "failure 1"]),
        ([faults.answer(404)], "Check BIGPANDA_BASE_URL (environment)", ["start 1", "start 1", "failure 1"]),
        ([faults.answer(503, Retry_After="60")], "answered 503", ["start 1", "start 1", "failure 1"]),
    ],
    ids=["rejected", "token", "address", "busy"],
)
def test_a_start_whose_answer_was_lost_is_ended_whatever_a_second_try_is_answered(
    faulty_stack: MakeStack,
    faulty: FaultyBigPanda,
    bigpanda: Sandbox,
    then: list[Fault],
    sentence: str,
    story: list[str],
    api: Api,
) -> None:
    """The update fails before it touches what is covered, and BigPanda has nothing in progress when it is over."""
    made = required(faulty_stack(WEB))
    faults.lose_answers(faulty, 1)
    faulty.script = [None, *then]
    run = made.up()
    assert not run.ok
    assert sentence in run.output
    assert "Traceback" not in run.output
    assert made.did() == []
    assert bigpanda.story() == (story if api is Api.DEPLOYMENTS else ["start 1", "failure 1"])  # whose end says all
    assert [change["state"] for change in bigpanda.changes()] == ["failure"]
    goes_on(made, bigpanda, [UNANSWERED])


@pytest.mark.parametrize(
    ("fault", "existing"), [(faults.answer(401), False), (faults.reset, False), (faults.answer(504), True)]
)
def test_a_start_in_doubt_that_cannot_be_ended_at_once_is_ended_by_the_next_run(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, fault: Fault, existing: bool
) -> None:
    """Before its own start; also where the Deployment exists already, and the program goes back to what it was."""
    made = required(faulty_stack(WEB))
    if existing:
        assert made.up().ok
        made.config(version="2")
    faults.lose_answers(faulty, 1)
    faulty.script, faulty.fault = [None], fault
    assert not made.up().ok
    assert bigpanda.changes()[-1]["state"] == "in_progress"
    faulty.fault = None
    if not existing:
        goes_on(made, bigpanda, [UNANSWERED])
        return
    assert made.config(version="1").up().ok
    assert [change["state"] for change in bigpanda.changes()] == ["success", "failure"]
    assert bigpanda.unmatched() == []
    assert made.up("--expect-no-changes").ok


def test_a_start_in_doubt_that_is_rejected_by_the_next_run_is_ended(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, api: Api
) -> None:
    """It is rejected when it is sent once more, perhaps since it arrived the first time."""
    made = required(faulty_stack(WEB))
    faults.lose_answers(faulty, 1)
    faulty.script, faulty.fault = [None], faults.answer(500)
    assert not made.up().ok
    faulty.script, faulty.fault = rejects_a_repeated_start(api), None
    goes_on(made, bigpanda, [UNANSWERED])


def test_a_required_start_whose_processes_are_killed_before_its_answer(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, api: Api
) -> None:
    """The next run ends it, even where BigPanda rejects its start when that is sent once more."""
    made = required(faulty_stack(WEB))
    with made.running() as update:

        def kill() -> None:
            faulty.before_answer = None
            update.kill([update.process.pid, *update.provider(), *update.program()])

        faulty.before_answer = kill
        assert not update.end().ok
    made.unlock()
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress"]
    faulty.script = rejects_a_repeated_start(api)
    goes_on(made, bigpanda, ["the deployment did not complete"])


def test_a_required_start_in_doubt_is_ended_without_an_outbox(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, tmp_path: pathlib.Path
) -> None:
    """The guard knows of it from memory; its reason is the general one."""
    made = required(faulty_stack(WEB))
    (tmp_path / "file").write_text("")
    made.environment["BIGPANDA_OUTBOX"] = str(tmp_path / "file" / "outbox.db")
    faults.lose_answers(faulty, 1)
    faulty.script = [None, faults.answer(400)]
    assert not made.up().ok
    goes_on(made, bigpanda, ["the update ended before this deployment was complete"])


def test_a_required_start_in_doubt_with_secret_properties_is_ended(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """By the guard, while the process that knows its properties is there."""
    made = required(faulty_stack(WEB.replace('component="web"', 'component=config.require_secret("hidden")')))
    made.pulumi("config", "set", "--secret", "test:hidden", "hush-hush")
    faults.lose_answers(faulty, 1)
    faulty.script = [None, faults.answer(401, b"hush-hush is not for you")]
    assert not made.up().ok
    assert [change["state"] for change in bigpanda.changes()] == ["failure"]
    goes_on(made, bigpanda, [UNANSWERED])
    assert made.tells("hush-hush") == []


def test_a_secret_required_start_is_ended_though_no_start_is_answered(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Nobody could send that start later, so its end is sent though nobody knows whether it arrived."""

    def lose_starts() -> None:
        if faulty.asked[-1] == "start":
            raise ConnectionAbortedError

    made = required(faulty_stack(WEB.replace('component="web"', 'component=config.require_secret("hidden")')))
    made.pulumi("config", "set", "--secret", "test:hidden", "hush-hush")
    faulty.before_answer = lose_starts
    assert not made.up(skip_preview=True).ok
    assert {change["state"] for change in bigpanda.changes()} == {"failure"}
    faulty.before_answer = None
    assert made.up().ok
    assert [change["state"] for change in bigpanda.changes()][-1] == "success"
    assert "in_progress" not in [change["state"] for change in bigpanda.changes()]


def test_a_best_effort_start_that_is_rejected_after_a_lost_answer_is_ended(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """It may have arrived the first time, so its end is sent."""
    made = faulty_stack(WEB)
    faults.lose_answers(faulty, 1)
    faulty.script = [None, faults.answer(400)]
    assert made.up().ok
    assert [change["state"] for change in bigpanda.changes()] == ["success"]
    assert made.up("--expect-no-changes").ok


# -- without the engine ------------------------------------------------------------------------------------------------


@pytest.fixture
def delivery(faulty: FaultyBigPanda, tmp_path: pathlib.Path) -> Iterator[Delivery]:
    """One whose events have to get through, within one second each."""
    config = {"bigpanda:delivery": "required", "bigpanda:timeoutSeconds": "1", "bigpanda:baseUrl": faulty.address}
    with Outbox(tmp_path / "outbox.db") as outbox:
        yield Delivery(Settings.resolve(config, {"BIGPANDA_API_TOKEN": "t"}), outbox, warn)


def test_a_start_that_another_thread_has_sent_meanwhile_is_not_forgotten(
    delivery: Delivery, faulty: FaultyBigPanda, bigpanda: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another Deployment's event got through and took along what waits, and the answer to that was lost."""
    queue = delivery._queue
    send: Callable[..., Any] = queue.send
    faults.lose_answers(faulty, 1)
    faulty.script, faulty.fault = [None], faults.answer(500)

    def late(*args: Any) -> Any:
        monkeypatch.undo()
        send(*args)
        faulty.fault = faults.answer(401)
        return send(*args)

    monkeypatch.setattr(queue, "send", late)
    with pytest.raises(DeliveryError) as error:
        delivery.start(STACK, "web", Attempt("one", START))
    assert not error.value.perhaps_arrived
    assert delivery.open_attempts() == ["one"]
    faulty.fault = None
    assert delivery.end_now("one", End.failure(UNANSWERED)).is_settled
    assert [change["state"] for change in bigpanda.changes()] == ["failure"]


def test_a_start_that_was_never_sent_is_forgotten(
    delivery: Delivery, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Nothing of it is kept, and nothing of it is sent later."""
    faulty.fault = faults.answer(401)
    with pytest.raises(DeliveryError):
        delivery.start(STACK, "web", Attempt("one", START))
    assert delivery.open_attempts() == []
    faulty.fault = None
    delivery.start(STACK, "api", Attempt("two", replace(START, component="api")))
    assert bigpanda.story() == ["start 2.6.1"]
    assert bigpanda.changes()[0]["component"] == "api"


def test_a_rejected_end_whose_answer_was_lost_counts_as_delivered(
    delivery: Delivery, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """BigPanda may reject the second one since the first one has ended the deployment."""
    attempt, _ = delivery.start(STACK, "web", Attempt("one", START))
    faults.lose_answers(faulty, 1)
    faulty.script = [None, faults.answer(400)]
    ended = delivery.end(STACK, "web", attempt, End.success(), secret=False)
    assert ended.end is not None
    assert (ended.end.status, ended.end.delivery) == (Status.SUCCESS, DeliveryStatus.DELIVERED)
    assert [change["state"] for change in bigpanda.changes()] == ["success"]


def test_a_start_by_hand_in_doubt_is_ended(delivery: Delivery, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """The command fails, so nobody will call for its end."""
    faults.lose_answers(faulty, 1)
    faulty.script = [None, faults.answer(400)]
    with pytest.raises(RejectedError):
        byhand.start(delivery, byhand.attempt_of(START))
    assert [(change["state"], change["reason"]) for change in bigpanda.changes()] == [("failure", UNANSWERED)]
