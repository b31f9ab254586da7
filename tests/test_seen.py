"""What a user sees: a preview reads like the event, and says why it is sent. Golden output, word by word."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from . import faults
from .engine import Run, Stack
from .faults import FaultyBigPanda
from .servers import Sandbox
from .terminal import on_terminal, table

MakeStack = Callable[[str], Stack]

SHOP = """
    bigpanda.host_name("pulumi-python:dynamic:Resource", "name")
    outside = Thing("outside", config.get("outside"))
    with bigpanda.Deployment("shop", component="shop", version=config.get("version") or "2.4.1", owner="web team"):
        Thing("web-1", config.get("value"), fail=config.get("fail"))
        Thing("web-2", outside.value)
    """


def of(run: Run, kind: str) -> str:
    """What `--diff` shows of the Deployment or the Completion, without ids and URNs."""
    lines = run.output.splitlines()
    first = next(number for number, line in enumerate(lines) if f"bigpanda:{kind}: (" in line)
    rest = [number for number, line in enumerate(lines) if re.match(r" *[ +~-]? ?\S+:\S+: \(|Resources:|\S", line)]
    block = lines[first : next(number for number in rest if number > first)]
    margin = len(block[0]) - len(block[0].lstrip())
    return "".join(f"{line[margin:]}\n" for line in block if not re.search(r"\[(id|urn)=", line))


def on_screen(made: Stack, columns: int) -> list[str]:
    """The rows of ours in a preview's table, on a terminal of this width, without the lines of its tree."""
    lines = table(on_terminal(made, columns, "preview"))
    return [line[:2].strip() + line[line.index(" pulumi-") :] for line in lines if "bigpanda:" in line]


def assert_rows(made: Stack, deployment: str, completion: str) -> None:
    """The two rows of a preview's table on terminals of both widths, from the plan on."""
    begin = "pulumi-python:dynamic/bigpanda"
    signs = {"create": "+", "update": "~"}
    for columns in (100, 120):
        assert on_screen(made, columns) == [
            f"{signs[deployment.split()[0]]} {begin}:Deployment     shop      {deployment}",
            f"{signs[completion.split()[0]]} {begin}:Completion  shop      {completion}",
        ]


CREATE = """\
+ pulumi-python:dynamic/bigpanda:Deployment: (create)
    component : "shop"
    hosts     : [
        [0]: "web-1"
        [1]: "web-2"
    ]
    owner     : "web team"
    source    : "pulumi"
    version   : "2.4.1"
"""
END = """\
+ pulumi-python:dynamic/bigpanda:Completion: (create)
    component : "shop"
    hosts     : [
        [0]: "web-1"
        [1]: "web-2"
    ]
    status    : "success"
    version   : "2.4.1"
"""


def test_create(stack: MakeStack) -> None:
    """The event's own properties, as BigPanda calls them; the end's are status and what it takes from the start."""
    made = stack(SHOP).config(outside="a")
    preview = made.preview("--diff")
    assert of(preview, "Deployment") == CREATE
    assert of(preview, "Completion") == END
    assert_rows(made, "create", "create")


UPDATE = """\
~ pulumi-python:dynamic/bigpanda:Deployment: (update)
  {because}
    component: "shop"
  {hosts}
    owner    : "web team"
    source   : "pulumi"
  {version}
"""
BOTH = """\
  hosts    : [
        [0]: "web-1"
        [1]: "web-2"
    ]"""
WEB_1 = """\
~ hosts    : [
        [0]: "web-1"
      - [1]: "web-2"
    ]"""


def because(*lines: str) -> str:
    """The causes, where the last run had none."""
    shown = "\n".join(f'  +     [{number}]: "{line}"' for number, line in enumerate(lines))
    return f"+ because  : [\n{shown}\n    ]"


@pytest.mark.parametrize(
    ("changes", "causes", "hosts", "version"),
    [
        ({"version": "2.4.2"}, ["version 2.4.1 is now 2.4.2"], BOTH, '~ version  : "2.4.1" => "2.4.2"'),
        ({"value": "b"}, ["pulumi-python:dynamic:Resource web-1 changed"], WEB_1, '  version  : "2.4.1"'),
    ],
    ids=["version", "resource"],
)
def test_update(stack: MakeStack, changes: dict[str, str], causes: list[str], hosts: str, version: str) -> None:
    """What changes of the event, and why it is sent; in the short view both come first."""
    made = stack(SHOP).config(outside="a", value="a")
    assert made.up().ok
    assert made.up("--expect-no-changes").ok
    preview = made.config(**changes).preview("--diff")
    assert of(preview, "Deployment") == UPDATE.format(because=because(*causes), hosts=hosts, version=version)
    what = "version" if "version" in changes else "hosts"
    assert_rows(made, f"update     [diff: +because~{what}]", f"update     [diff: ~{what}]")


def test_after_a_failure(stack: MakeStack) -> None:
    """The causes of the last run stand beside those of this one."""
    made = stack(SHOP).config(outside="a", fail="no space left")
    assert not made.up().ok
    preview = made.config(fail="").preview("--diff")
    causes = """+ because  : [
  +     [0]: "pulumi-python:dynamic:Resource web-1 changed"
  +     [1]: "the last attempt failed"
    ]"""
    assert of(preview, "Deployment") == UPDATE.format(because=causes, hosts=BOTH, version='  version  : "2.4.1"')
    assert_rows(made, "update     [diff: +because]", "create")


def test_events_that_wait(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """How many; nothing of the event changes."""
    made = faulty_stack(SHOP).config(outside="a")
    faulty.go_away()
    assert made.up().ok
    faulty.come_back()
    preview = made.preview("--diff")
    shown = UPDATE.format(
        because=because("2 events are waiting to be sent"), hosts=BOTH, version='  version  : "2.4.1"'
    )
    assert of(preview, "Deployment") == shown
    assert_rows(made, "update     [diff: +because]", "update")
    assert '"2 events' not in made.config(version="3").up().output


def test_hosts_that_are_not_known(stack: MakeStack) -> None:
    """They may change."""
    made = stack(SHOP.replace('owner="web team"', "hosts=[Thing(config.get('host') or 'h').id]")).config(outside="a")
    assert made.up().ok
    preview = made.config(host="another").preview("--diff")
    assert '[0]: "hosts may change"' in of(preview, "Deployment")
    assert '~ [0]: "h" => [unknown]' in of(preview, "Deployment")
    assert_rows(made, "update     [diff: +because~hosts]", "update     [diff: ~hosts]")


def test_nothing_to_send(stack: MakeStack, bigpanda: Sandbox) -> None:
    """Nothing is shown."""
    made = stack(SHOP).config(outside="a")
    assert made.up().ok
    assert "bigpanda" not in made.preview("--diff").output
    assert [on_screen(made, columns) for columns in (100, 120)] == [[], []]


def test_a_late_change(stack: MakeStack) -> None:
    """What only the engine changes is told in a message, with its hosts; the Deployment itself does not change."""
    made = stack(SHOP).config(outside="a")
    assert made.up().ok
    told = 'Deployment "shop" will also report web-2, which changes through an Output'
    assert made.config(outside="b").preview("--diff").output.count(told) == 1
    for columns in (100, 120):
        shown = on_terminal(made, columns, "preview")
        assert on_screen(made, columns) == [
            " pulumi-python:dynamic/bigpanda:Deployment  shop                 1 message"
        ]
        assert f"  pulumi-python:dynamic/bigpanda:Deployment (shop):\r\n    {told}" in shown


# -- an update ---------------------------------------------------------------------------------------------------------


def told(run: Run) -> list[str]:
    """What the summary of an update says at the Deployment, and of warnings."""
    lines = [line.strip() for line in run.output.partition("Diagnostics:")[2].partition("\nResources:")[0].splitlines()]
    return [line for line in lines if re.match("Sent|Queued|The events|warning: ", line)]


def test_what_was_sent(stack: MakeStack) -> None:
    """A line for the start and one for the end: while the update runs, and once in its summary.

    The engine repeats a resource's last line with its next state. The line stands beside "created", and also beside
    "creating" if it reaches the engine before the provider's answer does.
    """
    run = stack(SHOP).config(outside="a").up(skip_preview=True)
    start, end = "Sent the start of shop 2.4.1 on web-1, web-2", "Sent the end of shop 2.4.1: success"
    assert told(run) == [start, end]
    rows = re.findall(rf"bigpanda:Deployment shop (creating|created) \(.*\) {start}\n", run.output)
    assert rows in (["created"], ["creating", "created"])
    assert run.output.partition("Diagnostics:")[0].count(start) == len(rows)


def test_what_was_sent_on_a_terminal(stack: MakeStack) -> None:
    """The same, at the Deployment."""
    made = stack(SHOP).config(outside="a")
    for columns, version in ((100, "1"), (120, "2")):
        shown = on_terminal(made.config(version=version), columns, "up", "--yes", "--skip-preview")
        _, _, summary = shown.rpartition("Diagnostics:")
        lines = f"Sent the start of shop {version} on web-1, web-2\r\n    Sent the end of shop {version}: success"
        assert f"  pulumi-python:dynamic/bigpanda:Deployment (shop):\r\n    {lines}\r\n" in summary


def test_what_was_sent_under_a_parent(stack: MakeStack) -> None:
    """The Deployment of a component is told of at its own URN."""
    text = """
        class Front(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("my:index:Front", name)
                own = pulumi.ResourceOptions(parent=self)
                with bigpanda.Deployment("shop", component="shop", version="1", hosts=["a"], opts=own):
                    Thing("web", opts=own)

        Front("front")
        """
    run = stack(text).up(skip_preview=True)
    assert told(run) == ["Sent the start of shop 1 on a", "Sent the end of shop 1: success"]
    assert "pulumi-python:dynamic/bigpanda:Deployment (shop):" in run.output.partition("Diagnostics:")[2]


def test_what_was_sent_of_a_failure(stack: MakeStack) -> None:
    """The end that the guard sends is told of as well."""
    run = stack(SHOP).config(outside="a", fail="no space left").up(skip_preview=True)
    assert told(run) == ["Sent the start of shop 2.4.1 on web-1, web-2", "Sent the end of shop 2.4.1: failure"]


def test_what_was_sent_for_a_late_change(stack: MakeStack) -> None:
    """A start and an end of the same Deployment, with the host that changes."""
    made = stack(SHOP).config(outside="a")
    assert made.up().ok
    run = made.config(outside="b").up(skip_preview=True)
    assert told(run) == ["Sent the start of shop 2.4.1 on web-2", "Sent the end of shop 2.4.1: success"]


def test_what_is_queued(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """The warning says why, and what sends it; the next update says that it did."""
    made = faulty_stack(SHOP).config(outside="a")
    faulty.go_away()
    warning, *lines = sorted(told(made.up(skip_preview=True)), key=lambda line: not line.startswith("warning"))
    assert lines == ["Queued the start of shop 2.4.1 on web-1, web-2", "Queued the end of shop 2.4.1: success"]
    assert warning.endswith(
        "; events are queued and will be sent by the next `pulumi up` or by `bigpanda-release flush`"
    )
    faulty.come_back()
    assert told(made.up(skip_preview=True)) == ["Sent the events of earlier updates"]


def test_what_is_slow(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """While BigPanda is waited for, the Deployment says how much longer; afterwards nothing is left of that."""
    made = faulty_stack(SHOP).config(outside="a")
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "6"
    faulty.script = [faults.hang]
    run = made.up(skip_preview=True)
    assert "waiting for BigPanda, 5 s left" in run.output
    assert "waiting for BigPanda" not in run.output.partition("Diagnostics:")[2]
    assert told(run) == ["Sent the start of shop 2.4.1 on web-1, web-2", "Sent the end of shop 2.4.1: success"]


def test_what_fails_the_update(faulty_stack: MakeStack, faulty: FaultyBigPanda) -> None:
    """An end that is required and not delivered is told of by the error alone."""
    made = faulty_stack(SHOP).config(outside="a")
    made.environment["BIGPANDA_DELIVERY"] = "required"
    faulty.script = [None, faults.answer(403)]
    run = made.up(skip_preview=True)
    assert not run.ok
    assert told(run) == ["Sent the start of shop 2.4.1 on web-1, web-2"]
    assert "the end of shop 2.4.1 did not get through, and delivery is required" in run.output


@pytest.mark.parametrize("delivery", ["bestEffort", "off"])
def test_nothing_was_sent(stack: MakeStack, delivery: str) -> None:
    """Nothing is said."""
    made = stack(SHOP).config(outside="a")
    made.environment["BIGPANDA_DELIVERY"] = delivery
    first = made.up(skip_preview=True)
    assert (told(first) == []) is (delivery == "off")
    assert told(made.up(skip_preview=True)) == []
