"""What was recorded, and by hand: status, history, start, end, flush, sandbox."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable

import pytest

from tests.engine import TOKEN, Stack, wait_until
from tests.faults import FaultyBigPanda, answer
from tests.servers import Sandbox

from .command import COMMAND, UP, Release, without_times

pytestmark = pytest.mark.usefixtures("without_previews")

MakeRelease = Callable[[str], Release]
MakeStack = Callable[[str], Stack]
MakeAnyStack = Callable[[str, str], Stack]

WEB = "with bigpanda.Deployment('web', component='web', version='7', hosts=['w-1']):\n    Thing('a')"
HANDS = ("--component", "db", "--version", "9", "--host", "db-1", "--host", "db-2")


def test_an_event_by_hand_and_its_end(release: MakeRelease, bigpanda: Sandbox) -> None:
    """In progress until its end, whatever else is called; the end has the hosts in the start's order."""
    shop = release(WEB)
    assert shop("start", *HANDS, "--owner", "john").output.startswith("start sent: db 9 on db-1, db-2 (attempt ")
    assert "in progress" in shop("status").output
    assert shop("flush").output == "nothing to send\n"
    ended = shop("end", "--component", "db", "--version", "9", "--host", "db-2", "--host", "db-1")
    assert ended.output.startswith("end sent: db 9 on db-1, db-2 (attempt ")
    (change,) = bigpanda.changes()
    assert (change["state"], change["hosts"], change["owner"]) == ("success", ["db-1", "db-2"], "john")
    assert shop("status").output == "nothing is in progress, and nothing is queued\n"


def test_an_end_by_hand_from_another_machine(release: MakeRelease, bigpanda: Sandbox) -> None:
    """It is sent as it is given, with `--force`: this machine knows of no such start."""
    shop = release(WEB)
    assert shop("start", *HANDS).ok
    shop.stack.elsewhere()
    assert shop("end", *HANDS, "--status", "failure", "--reason", "disk full").code == 2
    assert shop("end", *HANDS, "--status", "failure", "--reason", "disk full", "--force").ok
    assert [(c["state"], c["reason"]) for c in bigpanda.changes()] == [("failure", "disk full")]
    assert bigpanda.unmatched() == []


def test_events_by_hand_wait_for_bigpanda_in_their_order(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Both are queued, and `flush` sends the start first."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop("start", *HANDS).output.startswith("start queued: db 9 on db-1, db-2 (attempt ")
    assert shop("end", *HANDS).output.startswith("end queued: db 9 on db-1, db-2 (attempt ")
    assert bigpanda.events() == []
    faulty.come_back()
    assert shop("flush").output == "sent the start and the end of db 9\n2 events sent\n"
    assert bigpanda.story() == ["start 9", "success 9"]


def test_flush_tells_what_bigpanda_rejected(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """A rejected event is not counted as sent."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    shop("start", *HANDS)
    shop("end", *HANDS)
    faulty.come_back()
    faulty.script = [answer(400, b"hosts missing")]
    run = shop("flush")
    assert "BigPanda rejected the start of db 9 (400: hosts missing)" in run.output
    assert run.output.endswith("0 events sent, 1 rejected\n")
    assert faulty.asked == ["start"]


def test_required_events_by_hand(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """A start that does not get through was not made; an end that does not waits. Both exit with 3."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop("start", *HANDS, "--delivery", "required").code == 3
    assert shop("status").output == "nothing is in progress, and nothing is queued\n"
    faulty.come_back()
    assert shop("start", *HANDS).ok
    faulty.go_away()
    assert shop("end", *HANDS, "--delivery", "required").code == 3
    assert "queued" in shop("status").output


def test_a_rejected_event_by_hand(recorder_shop: Release) -> None:
    """BigPanda's own words are shown, and it does not wait."""
    run = recorder_shop("start", *HANDS)
    assert run.code == 1
    assert "BigPanda rejected the start of " in run.output
    assert recorder_shop("flush").output == "nothing to send\n"
    (record,) = json.loads(recorder_shop.printed("history", "--json"))
    assert (record["delivery"], record["startDelivery"]) == ("start rejected", "rejected")
    assert (record["rejected"], record["waits"]) == ("400: no such field", None)
    assert re.search(r"db +9 +db-1, db-2 +failure +start rejected ", recorder_shop("history").output)
    assert recorder_shop("status").output == "nothing is in progress, and nothing is queued\n"
    assert "no open start matches db 9" in recorder_shop("end", *HANDS).output


def test_a_release_whose_start_was_rejected_is_no_success(recorder_shop: Release) -> None:
    """The update succeeds; its summary, `status` and `history` say that BigPanda has nothing of it."""
    recorder_shop.stack.program("Thing('a')")
    run = recorder_shop(*UP)
    assert run.ok
    assert without_times(run.output).endswith(
        "succeeded (N s): 1 created\n"
        "rejected: BigPanda rejected the start of shop 1, so it has no record of this update\n"
    )
    (record,) = json.loads(recorder_shop.printed("history", "--json"))
    assert (record["state"], record["delivery"]) == ("success", "start rejected")


def test_a_program_whose_start_was_rejected_is_no_success(recorder_shop: Release) -> None:
    """While its update runs, and after."""
    recorder_shop.stack.program(WEB)
    assert recorder_shop.stack.up().ok
    (record,) = json.loads(recorder_shop.printed("history", "--json"))
    assert (record["component"], record["state"], record["delivery"]) == ("web", "success", "start rejected")


@pytest.mark.parametrize(("delivery", "code"), [("bestEffort", 0), ("required", 3)])
def test_a_release_whose_end_was_rejected_is_in_progress(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, delivery: str, code: int
) -> None:
    """So BigPanda has it; the summary says how to end it. Where delivery is required, an event did not get through."""
    shop = Release(faulty_stack("Thing('a')"))
    faulty.script = [None, answer(422, b"no")]
    run = shop(*UP, "--delivery", delivery)
    assert run.code == code
    assert (
        "rejected: BigPanda rejected the end of shop 1, so it shows shop 1 in progress; send another end with "
        "`bigpanda-release end --component shop`\n"
    ) in run.output
    assert re.search(r"success +end rejected +.* 422: no ", shop("history").output)
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress"]
    assert shop("end", "--component", "shop").ok
    assert [change["state"] for change in bigpanda.changes()] == ["success"]


def test_a_start_that_waits_is_queued(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """BigPanda does not have it in progress yet."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop("start", *HANDS).ok
    (record,) = json.loads(shop.printed("status", "--json"))
    assert (record["state"], record["delivery"], record["status"]) == ("in progress", "start queued", None)
    assert record["waits"] == f"{faulty.address} could not be reached: Connection refused"


def test_without_a_token_events_wait(release: MakeRelease, bigpanda: Sandbox) -> None:
    """With the commands that set one."""
    shop = release(WEB)
    del shop.stack.environment["BIGPANDA_API_TOKEN"]
    run = shop("start", *HANDS)
    assert run.ok
    assert "there is no BigPanda token" in run.output
    assert bigpanda.events() == []


def test_history_shows_what_was_sent_and_filters(release: MakeRelease, bigpanda: Sandbox) -> None:
    """By programs, by the runner and by hand, the newest first."""
    shop = release(WEB)
    assert shop.stack.up().ok
    shop.stack.program("Thing('a', value='new')")
    assert shop(*UP).ok
    assert shop("start", *HANDS).ok

    def components(*options: str) -> list[str]:
        return [record["component"] for record in json.loads(shop.printed("history", "--json", *options))]

    assert components() == ["db", "shop", "web"]
    assert components("--component", "web") == ["web"]
    assert components("--host", "db-2") == ["db"]
    assert components("--since", "1h", "--limit", "2") == ["db", "shop"]
    assert components("--since", "2100-01-01") == []
    assert components("--stack", "test/dev") == ["shop", "web"]
    assert components("--state", "in-progress") == ["db"]
    shown = shop("history").output
    assert re.search(r"web +7 +w-1 +success +delivered .* test/dev web\n", shown)
    assert re.search(r"shop +1 +a +success +delivered .* test/dev\n", shown)
    assert re.search(r"db +9 +db-1, db-2 +in progress +delivered .* by hand\n", shown)


def test_flush_sends_what_a_programs_update_left(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The state holds it too; the next update finds it sent."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop.stack.up().ok
    faulty.come_back()
    assert shop("flush").output == "sent the start and the end of web 7\n2 events sent\n"
    assert bigpanda.story() == ["start 7", "success 7"]
    assert "Sent the events of earlier updates" in shop.stack.up().output
    assert bigpanda.story() == ["start 7", "success 7"]


def test_flush_sends_nothing_that_another_machine_has_sent(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The stack's state says that it does not wait any more: an old end would close a new deployment."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop.stack.up().ok
    assert shop("flush").code == 1
    faulty.come_back()
    here = shop.stack.outbox.rename(shop.stack.outbox.with_name("here.db"))
    assert shop.stack.up().ok  # on another machine, with another outbox
    assert bigpanda.story() == ["start 7", "success 7"]
    shop.stack.environment["BIGPANDA_OUTBOX"] = str(here)
    run = shop("flush")
    assert "not sent: the start and the end of web 7, which another machine has sent already" in run.output
    assert bigpanda.story() == ["start 7", "success 7"]


def test_flush_sends_to_one_address_alone(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """A token goes to no other BigPanda than the one that it is set for."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop("start", *HANDS).ok
    run = shop("flush", env={"BIGPANDA_BASE_URL": bigpanda.address})
    assert run.output == (
        f"1 event for {faulty.address} stays queued: this call sends to {bigpanda.address} (BIGPANDA_BASE_URL); to "
        f"send it, run `bigpanda-release flush` with BIGPANDA_BASE_URL={faulty.address}\n"
    )
    assert bigpanda.events() == []


def test_flush_takes_the_settings_of_a_stack(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """Where the token stands in its config."""
    shop = Release(faulty_stack(WEB))
    del shop.stack.environment["BIGPANDA_API_TOKEN"]
    assert shop.stack.up().ok
    shop.stack.pulumi("config", "set", "--secret", "bigpanda:apiToken", TOKEN)
    assert shop("flush").code == 1
    assert shop("flush", "-s", "dev").output.endswith("2 events sent\n")
    assert bigpanda.story() == ["start 7", "success 7"]


def test_the_sandbox_is_a_command(release: MakeRelease) -> None:
    """It serves until it is told to stop."""
    shop = release(WEB)
    with subprocess.Popen(
        [COMMAND, "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True, env=shop.stack.environment
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("BigPanda sandbox: ").strip()
        with urllib.request.urlopen(f"{address}/changes", timeout=10) as answer:
            assert json.load(answer)["changes"] == []
        process.send_signal(signal.SIGINT)
        wait_until(lambda: process.poll() is not None)


def test_an_outbox_that_cannot_be_used_is_one_warning(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The release is recorded all the same."""
    shop = release("Thing('a')")
    shop.stack.environment["BIGPANDA_OUTBOX"] = "/proc/nowhere/outbox.db"
    run = shop(*UP)
    assert run.ok, run.output
    assert run.output.count("warning: the outbox") == 1
    assert bigpanda.story() == ["start 1", "success 1"]
    assert shop("history").code == 1


def test_what_the_system_refuses_is_one_sentence(recorder_shop: Release) -> None:
    """A full disk, or standard output that somebody has closed."""
    environment = recorder_shop.stack.environment
    for target, code, told in (
        ("> /dev/full", 1, "bigpanda-release: the system refuses to go on: No space left"),
        (">&-", 0, ""),
    ):
        done = subprocess.run(
            f"{COMMAND} history {target}",
            shell=True,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code
        assert done.stderr.startswith(told)
        assert len(done.stderr.splitlines()) <= 1


def test_an_outbox_that_cannot_be_read_is_told_once(recorder_shop: Release) -> None:
    """As an error: what lists it can do nothing without it."""
    for command in ("status", "history", "queue"):
        run = recorder_shop(command, env={"BIGPANDA_OUTBOX": "/dev/null/no"})
        assert run.code == 1
        assert len(run.output.splitlines()) == 1
