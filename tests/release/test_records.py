"""What was recorded, and by hand: status, history, start, end, flush, doctor, sandbox."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable

import pytest

from tests.engine import TOKEN, Stack, wait_until
from tests.faults import FaultyBigPanda, answer
from tests.servers import Recorder, Sandbox

from .command import COMMAND, UP, Release, without_times

MakeRelease = Callable[[str], Release]
MakeStack = Callable[[str], Stack]
MakeAnyStack = Callable[[str, str], Stack]

WEB = "with bigpanda.Deployment('web', component='web', version='7', hosts=['w-1']):\n    Thing('a')"
HANDS = ("--component", "db", "--version", "9", "--host", "db-1", "--host", "db-2")


def test_an_event_by_hand_and_its_end(release: MakeRelease, bigpanda: Sandbox) -> None:
    """In progress until its end, whatever else is called; the end has the hosts in the start's order."""
    shop = release(WEB)
    assert shop("start", *HANDS, "--owner", "john").output == "start sent\n"
    assert "in progress" in shop("status").output
    assert "it is in progress until `bigpanda-release end` is called for it" in shop("flush").output
    ended = shop("end", "--component", "db", "--version", "9", "--host", "db-2", "--host", "db-1")
    assert ended.output == "end sent\n"
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
    assert "start queued; send it with `bigpanda-release flush`" in shop("start", *HANDS).output
    assert "end queued; send it with `bigpanda-release flush`" in shop("end", *HANDS).output
    assert bigpanda.events() == []
    faulty.come_back()
    assert shop("flush").output == "1 sent\n"
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
    assert run.output.endswith("0 sent, 1 rejected\n")
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
    assert (record["state"], record["startDelivery"]) == ("rejected", "rejected")
    assert re.search(r"db +9 +db-1, db-2 +rejected ", recorder_shop("history").output)
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
    assert record["state"] == "rejected"


def test_a_program_whose_start_was_rejected_is_no_success(recorder_shop: Release) -> None:
    """While its update runs, and after."""
    recorder_shop.stack.program(WEB)
    assert recorder_shop.stack.up().ok
    (record,) = json.loads(recorder_shop.printed("history", "--json"))
    assert (record["component"], record["state"]) == ("web", "rejected")


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
    assert "in progress, end rejected" in shop("history").output
    assert [change["state"] for change in bigpanda.changes()] == ["in_progress"]
    assert shop("end", "--component", "shop").ok
    assert [change["state"] for change in bigpanda.changes()] == ["success"]


def test_a_start_that_waits_is_queued(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """BigPanda does not have it in progress yet."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop("start", *HANDS).ok
    (record,) = json.loads(shop.printed("status", "--json"))
    assert (record["state"], record["status"]) == ("queued", None)


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
    shown = shop("history").output
    assert re.search(r"web +7 +w-1 +success .* organization/test/dev web", shown)
    assert re.search(r"shop +1 +a +success .* organization/test/dev ", shown)
    assert re.search(r"db +9 +db-1, db-2 +in progress .* by hand", shown)


def test_flush_sends_what_a_programs_update_left(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The state holds it too; the next update finds it sent."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop.stack.up().ok
    faulty.come_back()
    assert shop("flush").output == "1 sent\n"
    assert bigpanda.story() == ["start 7", "success 7"]
    assert shop.stack.up().ok
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
    assert "dropped: organization/test/dev web, which another machine has sent already" in run.output
    assert bigpanda.story() == ["start 7", "success 7"]


def test_flush_sends_to_one_address_alone(faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox) -> None:
    """A token goes to no other BigPanda than the one that it is set for."""
    shop = Release(faulty_stack(WEB))
    faulty.go_away()
    assert shop("start", *HANDS).ok
    run = shop("flush", env={"BIGPANDA_BASE_URL": bigpanda.address})
    assert f"kept: the events for {faulty.address}; set BIGPANDA_BASE_URL to send them there" in run.output
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
    assert shop("flush", "-s", "dev").output == "1 sent\n"
    assert bigpanda.story() == ["start 7", "success 7"]


def test_doctor_finds_all_well(release: MakeRelease, bigpanda: Sandbox) -> None:
    """A line for each thing, and no event."""
    run = release(WEB)("doctor")
    assert run.ok, run.output
    assert [line.split()[1] for line in run.output.splitlines()] == [
        *("engine", "hooks", "language", "dynamic", "python", "stack", "token", "api", "bigpanda", "outbox")
    ]
    assert bigpanda.events() == []


def test_doctor_says_how_to_mend(release: MakeRelease) -> None:
    """Each thing that is wrong has a line with what to do, and the exit code is 1."""
    shop = release(WEB)
    del shop.stack.environment["BIGPANDA_API_TOKEN"]
    bare = shop.stack.folder.parent / "bare"
    subprocess.run(["python3", "-m", "venv", "--without-pip", str(bare)], check=True, timeout=60)
    shop.stack.environment |= {
        "BIGPANDA_BASE_URL": "http://127.0.0.1:9",
        "PULUMI_PYTHON_CMD": str(bare / "bin" / "python"),
        "PYTHONPATH": "",
    }
    run = shop("doctor")
    assert run.code == 1
    wrong = [line.split()[1] for line in run.output.splitlines() if line.startswith("!!")]
    assert wrong == ["python", "token", "bigpanda"]
    assert "-> " + str(bare / "bin" / "python") + " -m pip install bigpanda-provider" in run.output
    assert "-> there is no BigPanda token, so no event can be sent. Set one with" in run.output


def changes_of(shop: Release) -> Release:
    """The runner with the Changes API as its setting."""
    shop.stack.environment |= {"BIGPANDA_API": "changes", "BIGPANDA_APP_KEY": "app-key-of-nobody"}
    return shop


def bigpanda_lines(shop: Release) -> dict[str, str]:
    """What the doctor says of BigPanda, by what it looked at; a fix stands behind an arrow."""
    lines = shop("doctor").output.replace("\n              -> ", " -> ").splitlines()
    known = {"token": 9, "app key": 9, "api": 9, "bigpanda": 9}
    return {name: line[4 + width + 1 :] for line in lines for name, width in known.items() if line[4:].startswith(name)}


def test_doctor_reads_changes_with_the_token(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Where the Changes API is used; nothing is sent, and the app key is in no output."""
    shop = changes_of(release(WEB))
    assert bigpanda_lines(shop) == {
        "token": "from BIGPANDA_API_TOKEN (environment)",
        "app key": "from BIGPANDA_APP_KEY (environment); whether BigPanda accepts it shows only when an event is sent",
        "api": "changes, from BIGPANDA_API (environment)",
        "bigpanda": f"{bigpanda.address}, from BIGPANDA_BASE_URL (environment), accepts the token: it may read changes",
    }
    assert bigpanda.posts() == []
    assert shop.stack.tells("app-key-of-nobody") == []


def test_doctor_says_which_key_the_changes_api_takes(make_stack: MakeAnyStack, recorder: Recorder) -> None:
    """A token of the Deployments API is of another kind."""
    recorder.status, recorder.body = 401, TOKEN.encode()
    shop = changes_of(Release(make_stack(recorder.address, WEB)))
    found = bigpanda_lines(shop)["bigpanda"]
    assert "does not let the token read changes -> " in found
    assert "answered 401: ***. BigPanda's Changes API takes a User API key, not the organization's token." in found
    (request,) = recorder.requests
    assert re.fullmatch(r"/resources/v2.0/changes\?start_time_frame=\d{10}&end_time_frame=\d{10}&limit=1", request.path)


def test_doctor_misses_the_app_key_and_the_network(release: MakeRelease) -> None:
    """Each with its fix."""
    shop = changes_of(release(WEB))
    shop.stack.environment |= {"BIGPANDA_APP_KEY": "", "BIGPANDA_BASE_URL": "http://127.0.0.1:9"}
    found = bigpanda_lines(shop)
    assert found["app key"].startswith("not set -> there is no app key")
    assert "http://127.0.0.1:9 could not be reached: Connection refused -> check bigpanda:baseUrl" in found["bigpanda"]


def test_doctor_asks_poetry_for_its_environment(release: MakeRelease) -> None:
    """As the script that starts the provider process does. A script stands for Poetry here."""
    shop = release(WEB)
    tools = shop.stack.folder / "tools"
    tools.mkdir()
    (tools / "poetry").write_text(f"#!/bin/sh\n[ \"$*\" = 'env info --path' ] && echo {sys.prefix}\n")
    (tools / "poetry").chmod(0o755)
    shop.stack.environment["PATH"] = f"{tools}:{shop.stack.environment['PATH']}"
    (shop.stack.folder / "Pulumi.yaml").write_text(
        "name: test\nruntime: {name: python, options: {toolchain: poetry}}\n"
    )
    (python,) = [line for line in shop("doctor").output.splitlines() if line.split()[1] == "python"]
    assert f"{sys.prefix}/bin/python, the virtualenv that Pulumi.yaml names" in python


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
