"""What Pulumi calls secret, and the token, stand in plain text nowhere but in the events that BigPanda is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pulumi
import pytest

from bigpanda_provider.program import secret_values

from . import faults
from .engine import TOKEN, Stack
from .faults import FaultyBigPanda
from .generated import PASSWORD
from .servers import Sandbox

pytestmark = pytest.mark.usefixtures("without_previews")
BOTH_APIS = True

MakeStack = Callable[[str], Stack]

SECRET = "Wohl#gehütet\\'\"<7>"
WEB = """
    hidden = config.require_secret("hidden")
    given = {"component": "web", "version": "1", "hosts": ["a", "b"], "description": "plain", "owner": "plain"}
    given["PROPERTY"] = VALUE
    with bigpanda.Deployment("web", **given):
        Thing("thing", hidden, fail="no {value}" if config.get_bool("fail") else None)
    """


def story(made: Stack, faulty: FaultyBigPanda, *arguments: str) -> None:
    """Everything that brings text out of the process: a preview, a failure, an outage, a resend, a refresh, the end."""
    assert made.preview(*arguments).ok
    assert not made.config(fail=True).up(*arguments).ok
    faulty.go_away()
    assert not made.up(*arguments).ok
    assert made.config(fail=False).up(*arguments).ok
    faulty.come_back()
    assert made.preview(*arguments).ok
    assert made.up(*arguments).ok
    assert made.refresh(*arguments).ok
    made.exported()
    assert made.destroy(*arguments).ok


@pytest.mark.parametrize(
    ("name", "value", "in_event"),
    [
        ("component", "hidden", SECRET),
        ("version", 'pulumi.Output.concat("1-", hidden)', "1-" + SECRET),
        ("hosts", '["a", hidden]', ["a", SECRET]),
        ("hosts", 'hidden.apply(lambda host: ["a", host])', ["a", SECRET]),
        ("description", "hidden", SECRET),
        ("owner", "hidden", SECRET),
        ("source", "hidden", SECRET),
        ("triggers", '[{"deep": [hidden]}]', None),
    ],
)
def test_a_secret_property(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox, name: str, value: str, in_event: Any
) -> None:
    """It is sent, since the user declared it so; state has it encrypted, and nothing else has it at all."""
    made = faulty_stack(WEB.replace("PROPERTY", name).replace("VALUE", value))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    story(made, faulty)
    for form in (SECRET, json.dumps(SECRET)[1:-1], "gehütet", "geh\\u00fctet"):
        assert made.tells(form) == []
    assert [change["state"] for change in bigpanda.changes()] == ["failure", "failure", "success"]
    assert bigpanda.unmatched() == []
    starts = [event["body"] for event in bigpanda.events() if event["kind"] == "start"]
    if in_event is not None:
        assert [start[name] for start in starts] == [in_event] * 3
    reasons = [change["reason"] for change in bigpanda.changes() if change["state"] == "failure"]
    assert reasons == ["thing: RuntimeError: no ***"] * 2


def test_a_property_was_secret_when_it_was_queued(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """What waits of that attempt stays secret, also where the property is plain now."""
    made = faulty_stack(WEB.replace("PROPERTY", "owner").replace("VALUE", "hidden"))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    faulty.go_away()
    assert made.up().ok
    made.program(WEB.replace("PROPERTY", "version").replace("VALUE", '"2"'))
    assert made.up().ok
    assert made.tells("gehütet") == []
    faulty.come_back()
    assert made.up().ok
    assert bigpanda.story() == ["start 1", "success 1", "start 2", "success 2"]


def test_a_secret_timestamp(stack: MakeStack, bigpanda: Sandbox) -> None:
    """It is encrypted under every name that state has it by."""
    made = stack("""
        bigpanda.Deployment("web", component="web", version="1", hosts=["a"],
                            timestamp=config.require_secret("when").apply(int))
        """)
    made.pulumi("config", "set", "--secret", "test:when", "1712345678")
    assert made.up().ok
    made.exported()
    assert made.tells("1712345678") == []
    assert bigpanda.events()[0]["body"]["timestamp"] == 1712345678


def test_a_secret_that_cannot_be_sent(stack: MakeStack) -> None:
    """The sentence that refuses it does not repeat it."""
    made = stack(WEB.replace("PROPERTY", "hosts").replace("VALUE", "[hidden, hidden]"))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    run = made.up()
    assert not run.ok
    assert "hosts" in run.output
    assert made.tells(SECRET) == []


@pytest.mark.parametrize("where", ["environment", "config"])
def test_the_token(faulty_stack: MakeStack, faulty: FaultyBigPanda, where: str) -> None:
    """Wherever it comes from, it is in no output, file or error, with the debug log too; export shows ciphertext."""
    made = faulty_stack(WEB.replace("PROPERTY", "owner").replace("VALUE", '"me"'))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    if where == "config":
        del made.environment["BIGPANDA_API_TOKEN"]
        made.pulumi("config", "set", "--secret", "bigpanda:apiToken", TOKEN)
    story(made, faulty, "--debug", "--logtostderr", "-v=9")
    assert made.tells(TOKEN) == []


@pytest.mark.parametrize("refused", ["start", "end"])
@pytest.mark.parametrize("name", ["component", "version", "hosts"])
def test_a_secret_property_of_a_required_event_that_is_refused(
    faulty_stack: MakeStack, faulty: FaultyBigPanda, name: str, refused: str
) -> None:
    """The sentence that fails the update, and state, name the event without it, also where BigPanda repeats it."""
    made = faulty_stack(WEB.replace("PROPERTY", name).replace("VALUE", "[hidden]" if name == "hosts" else "hidden"))
    made.pulumi("config", "set", "--secret", "test:hidden", SECRET)
    made.environment["BIGPANDA_DELIVERY"] = "required"
    answer = json.dumps({"error": "no access to " + "x" * 130 + SECRET + " here"}).encode()
    faulty.script = [faults.answer(403, answer)] if refused == "start" else [None, faults.answer(403, answer)]
    run = made.up()
    assert not run.ok
    assert "answered 403" in run.output
    if refused == "end":
        shown = {
            "component": "the end of (secret) 1",
            "version": "the end of web (secret)",
            "hosts": "the end of web 1",
        }
        assert f"{shown[name]} did not get through, and delivery is required" in run.output
    made.exported()
    for form in (SECRET, json.dumps(SECRET)[1:-1], "Wohl#", "geh\\u00fctet"):
        assert made.tells(form) == []


IN_TURN = """
    from tests.generated import PASSWORD, Database, Password
    password = Password("password")
    with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
        Database("db", VALUE)
    """


@pytest.mark.parametrize(
    "value",
    [
        'pulumi.Output.concat("postgres://u:", password.result, "@h")',
        "pulumi.Output.all(u=\"u\", p=password.result).apply(lambda a: f\"postgres://{a['u']}:{a['p']}@h\")",
        'pulumi.Output.format("postgres://{0}:{1}@h", "u", password.result)',
        'pulumi.Output.json_dumps({"user": "root", "deep": [password.result]})',
        'password.all.apply(lambda all: "hash " + all["users"][0]["hash"])',
        'pulumi.Output.concat("postgres://u:", pulumi.Output.secret(PASSWORD), "@h")',
        'pulumi.Output.secret({"deep": [PASSWORD]}).apply(lambda made: "p=" + made["deep"][0])',
        '"no secret of this one"',
    ],
)
def test_a_generated_secret_inside_a_longer_input(stack: MakeStack, bigpanda: Sandbox, value: str) -> None:
    """Where an error shows a part that was put together alone, it is masked; what is no secret in it stays."""
    made = stack(IN_TURN.replace("VALUE", value))
    made.environment["TEST_ERROR"] = f"u cannot log in with {PASSWORD} or {quote(PASSWORD)} at h"
    assert not made.up().ok
    (change,) = bigpanda.changes()
    assert change["reason"] == "db: RuntimeError: u cannot log in with *** or *** at h"
    assert PASSWORD not in json.dumps(bigpanda.events(), ensure_ascii=False)
    for file in made.folder.glob("outbox.db*"):
        assert PASSWORD.encode() not in file.read_bytes()


def test_the_secret_result_of_a_function(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What a function answers is secret where it was given a secret; each text in it is masked."""
    made = stack("""
        from tests.generated import Database
        found = pulumi.runtime.invoke_output(
            "pulumi:pulumi:readStackOutputs", {"name": pulumi.Output.secret("organization/test/dev")})
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            Database("db", found.apply(lambda found: f"at {found}"))
        """)
    made.environment["TEST_ERROR"] = "no such stack: organization/test/dev!"
    assert not made.up().ok
    assert bigpanda.changes()[0]["reason"] == "db: RuntimeError: no such stack: ***!"


def test_a_program_that_tells_a_secret_before_any_output_is_known(stack: MakeStack, bigpanda: Sandbox) -> None:
    """What the program called secret is masked in its own error."""
    made = stack("""
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            url = pulumi.Output.concat("postgres://u:", pulumi.Output.secret("hunter&2"), "@h")
            raise ValueError("cannot log in with hunter%262")
        """)
    assert not made.up(skip_preview=True).ok
    assert bigpanda.changes()[0]["reason"] == "ValueError: cannot log in with ***"


def test_short_secrets_leave_reasons_readable(stack: MakeStack, bigpanda: Sandbox) -> None:
    """A number or a letter in a secret is masked where it stands alone."""
    made = stack(
        WEB.replace("PROPERTY", "owner").replace("VALUE", '"me"').replace("no {value}", "i-a0: 10 tries, not 1")
    )
    made.pulumi("config", "set", "--secret", "test:hidden", '{"retries": 1, "flag": "a"}')
    assert not made.config(fail=True).up().ok
    assert bigpanda.changes()[0]["reason"] == "thing: RuntimeError: i-a0: 10 tries, not ***"


def test_the_door_to_what_becomes_secret_is_open() -> None:
    """The SDK still has what tells that a value became secret; else secret outputs of resources are all that is known.

    Seen in 3.260 to 3.272. A list that is secret because of one item is not: each item was seen for itself.
    """
    assert secret_values.watch()

    async def program() -> frozenset[str]:
        async def value() -> list[str]:
            return ["from a provider"]

        async def yes() -> bool:
            return True

        made = pulumi.Output.all("plain text", pulumi.Output.secret("hidden text"))
        await made.apply(lambda both: {"user": both[0], "derived": both[1]}).future()
        await pulumi.Output.concat("put ", pulumi.Output.secret("together")).future()
        await pulumi.Output(set(), value(), yes(), yes()).future()
        known = asyncio.get_running_loop().create_future()
        known.set_result(True)
        never: pulumi.Output[str] = pulumi.Output(set(), asyncio.Future(), known, known)
        assert not never._data.done()
        never._data.cancel()
        return secret_values.seen()

    assert asyncio.run(program()) == {"hidden text", "put together", "together", "from a provider"}


def test_the_door_to_what_becomes_secret_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the secret outputs of resources are masked; those that are not known yet are not waited for."""
    monkeypatch.setattr(secret_values, "watch", lambda: False)
    monkeypatch.setattr(secret_values, "_note", lambda _: None)

    class Database(pulumi.Resource):
        def __init__(self) -> None:
            self.plain = pulumi.Output.from_input("plain")
            self.password = pulumi.Output.secret({"deep": ["hidden"]})
            self.failed = pulumi.Output.secret("gone").apply(lambda _: 1 / 0)
            self.never = pulumi.Output.secret(asyncio.get_event_loop().create_future())

    async def program() -> frozenset[str]:
        database = Database()
        await database.password.future()
        await asyncio.sleep(0.01)
        seen = secret_values.seen([database])
        assert not database.never._data.done()
        database.never._data.cancel()
        return seen

    assert asyncio.run(program()) == {"hidden"}


def test_what_cannot_be_looked_into_is_no_obstacle() -> None:
    """Secrets of any kind: those that are no text, that hold themselves, or that fail."""
    assert secret_values.watch()

    class Fails:
        @property
        def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
            raise RuntimeError

    async def program() -> frozenset[str]:
        circle: list[Any] = [
            b"bytes",
            1.0,
            True,
            None,
            pulumi.StringAsset("asset"),
            {"map": 10**5000},
            '["json"]',
            Fails(),
        ]
        circle.append(circle)
        pulumi.Output.secret("a://b:password@c")
        pulumi.Output.secret("[" * 100_000)
        pulumi.Output.secret(float("nan"))
        secret_values._note(circle)
        return secret_values.seen()

    assert {"password", "json", "a://b:password@c"} <= asyncio.run(program())
