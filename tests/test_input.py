"""What bad input gets: one clear sentence, in preview already, and no traceback."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

GOOD = {"component": "a", "version": "1", "hosts": ["h"]}


@pytest.mark.parametrize(
    ("properties", "sentences"),
    [
        (
            {"component": " ", "version": 1.2, "hosts": "web-1", "timestamp": 1700000000000, "owner": ["me"]},
            {
                "component": 'is blank; write a value: "billing"',
                "version": 'is a number; write it as text: "1.2.3"',
                "hosts": 'is text; write a list of host names: ["web-1", "web-2"]',
                "timestamp": "looks like milliseconds; divide by 1000 and drop the fraction",
                "owner": "is a list; write it as text, or leave it out",
            },
        ),
        (
            {"component": "", "hosts": ["a", "a"], "timestamp": True},
            {
                "component": 'is empty; write a value: "billing"',
                "hosts": "lists a host twice, as items 1 and 2; list each host once",
                "timestamp": "is a boolean; write whole Unix seconds",
            },
        ),
    ],
)
def test_preview_shows_what_is_wrong_on_its_property(
    stack: MakeStack, bigpanda: Sandbox, properties: dict[str, object], sentences: dict[str, str]
) -> None:
    """Each wrong property is a check failure of its own, shown before anything is sent."""
    made = stack(f'bigpanda.Deployment("wrong", **{GOOD | properties!r})')
    shown = made.preview()
    assert not shown.ok
    for name, sentence in sentences.items():
        assert re.search(f"property {name} value .* has a problem: .*{re.escape(sentence)}", shown.output), shown.output
    assert "Traceback" not in shown.output
    assert not made.up().ok
    assert bigpanda.events() == []


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        (
            'bigpanda.Deployment("a", component="a", version="1", hosts={"h"})',
            'Deployment "a": hosts has the type set, which Pulumi cannot carry; use text, numbers, lists and maps of '
            "them",
        ),
        (
            'import datetime; bigpanda.Deployment("a", component="a", version="1", hosts=["h"],'
            " timestamp=datetime.datetime(2026, 1, 1))",
            'Deployment "a": timestamp is a datetime without a time zone; add a time zone: datetime.now(timezone.utc)',
        ),
        (
            'bigpanda.Deployment("a", component="a", version="1", hosts=["h"], host=["h"])',
            'Deployment "a": unknown argument host; the arguments are component, version, hosts',
        ),
        (
            '[bigpanda.Deployment("a", component="a", version=v, hosts=["h"]) for v in "12"]',
            'Deployment "a" is declared twice in this program; give each its own name',
        ),
        (
            'bigpanda.Deployment("a", component="a", version="1", hosts=["h"],'
            ' opts=pulumi.ResourceOptions(import_="x"))',
            'Deployment "a": the option import_ cannot be used, since nothing can be read from BigPanda',
        ),
        (
            'd = bigpanda.Deployment("a", component="a", version="1", hosts=["h"]); d.complete(); d.complete()',
            'Deployment "a" is already completed; call complete() once',
        ),
    ],
)
def test_what_the_engine_cannot_show_is_a_sentence_of_ours(
    stack: MakeStack, bigpanda: Sandbox, program: str, sentence: str
) -> None:
    """A declaration that cannot work ends the program with the sentence alone."""
    shown = stack(program).preview()
    assert not shown.ok
    assert sentence in shown.output
    assert "Traceback" not in shown.output
    assert bigpanda.events() == []


def test_what_is_unknown_in_preview_is_checked_when_it_is_known(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Preview accepts a value that does not exist yet; the update refuses it where it turns out wrong."""
    made = stack("""
        thing = Thing("thing", config.get("value") or "v1")
        bigpanda.Deployment("a", component="a", version=thing.value, hosts=["h", thing.value])
        """)
    shown = made.preview()
    assert shown.ok, shown.output
    assert made.up().ok
    assert bigpanda.events()[0]["body"]["hosts"] == ["h", "v1"]
    made.config(value="h")
    refused = made.up()
    assert not refused.ok
    assert "lists a host twice, as items 1 and 2" in refused.output
    assert len(bigpanda.events()) == 2


def test_text_that_cannot_be_carried_is_repaired_visibly(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Control characters are removed, a lone surrogate becomes U+FFFD, what is cut ends in "…"."""
    made = stack("""
        bigpanda.Deployment("a", component="bill\\x00ing\\udc80", version="1\\n", hosts=["h\\n", "\\x1b[1mi\\tj"],
                            description="one\\ntwo\\x1b[31m\\u202e" + "x" * 10000)
        """)
    run = made.up()
    assert run.ok, run.output
    start, end = bigpanda.events()
    for body in (start["body"], end["body"]):
        assert (body["component"], body["version"], body["hosts"]) == ("billing\ufffd", "1", ["h", "i j"])
    assert start["body"]["description"] == "one\ntwo" + "x" * 4088 + "…"
    assert made.up("--expect-no-changes").ok


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("BIGPANDA_BASE_URL", "http://api.bigpanda.io", "BIGPANDA_BASE_URL (environment) uses http to another machine"),
        ("BIGPANDA_API_TOKEN", "tok\nen", "BIGPANDA_API_TOKEN (environment) contains a line break"),
    ],
)
def test_a_wrong_setting_is_told_in_preview(stack: MakeStack, variable: str, value: str, sentence: str) -> None:
    """A setting that cannot be used fails the check, names itself, and is not repeated."""
    made = stack('bigpanda.Deployment("a", component="a", version="1", hosts=["h"])')
    made.environment[variable] = value
    shown = made.preview()
    assert not shown.ok
    assert sentence in shown.output
    assert "tok\nen" not in shown.output
    assert "Traceback" not in shown.output


def test_without_a_token_preview_works_and_warns(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Where something is to be sent, preview says already that there is no token, and what to do."""
    made = stack("""
        bigpanda.Deployment("a", component="a", version=config.require("version"), hosts=["h"], watch=False)
        """)
    made.config(version="1")
    assert made.up().ok
    del made.environment["BIGPANDA_API_TOKEN"]
    quiet = made.preview()
    assert quiet.ok
    assert "warning" not in quiet.output
    told = made.config(version="2").preview()
    assert told.ok
    assert "pulumi config set --secret bigpanda:apiToken" in told.output
    assert "python -m bigpanda_provider.sandbox" in told.output
    assert len(bigpanda.events()) == 2


def test_what_is_odd_in_the_config_is_told_in_preview(stack: MakeStack) -> None:
    """A token in plain text and an unknown key get a warning each, and the token is not shown."""
    made = stack('bigpanda.Deployment("a", component="a", version="1", hosts=["h"])')
    made.pulumi("config", "set", "--plaintext", "bigpanda:apiToken", "plain-token")
    made.pulumi("config", "set", "bigpanda:baseURL", "https://api.bigpanda.io")
    shown = made.preview()
    assert shown.ok
    assert "fix it with `pulumi config set --secret bigpanda:apiToken`" in shown.output
    assert "unknown setting bigpanda:baseURL; did you mean bigpanda:baseUrl?" in shown.output
    assert "plain-token" not in shown.output
