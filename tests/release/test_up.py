"""The life of a stack that the runner releases: preview, up, nothing to do, changed, failed, emptied."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.engine import TOKEN, Stack
from tests.faults import FaultyBigPanda
from tests.servers import Sandbox

from .command import EVENT, UP, Release, without_times

MakeRelease = Callable[[str], Release]

TWO = "a = Thing('a', value=config.get('value'))\nThing('b', opts=pulumi.ResourceOptions(depends_on=[a]))"


def test_create_preview_shows_the_event_and_sends_nothing(release: MakeRelease, bigpanda: Sandbox) -> None:
    """What changes, on which hosts, and what BigPanda will be told."""
    run = release(TWO)("preview", *EVENT)
    assert run.ok
    assert "start  shop 1 on a, b" in run.output
    assert " +  pulumi-python:dynamic:Resource a create\n" in run.output
    assert bigpanda.events() == []


def test_create_preview_as_json(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Standard output is one JSON object, whatever else there is to tell."""
    (planned,) = json.loads(release(TWO).printed("preview", *EVENT, "--json"))["releases"]
    assert [(change["op"], change["name"]) for change in planned["changes"]] == [("create", "a"), ("create", "b")]
    event = {"component": "shop", "version": "1", "hosts": ["a", "b"], "source": "pulumi"}
    assert planned["start"] == {**event, "api": "deployments"}
    assert planned["stack"] == "organization/test/dev"
    assert bigpanda.events() == []


def test_create_actual_is_recorded_from_start_to_end(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The start before anything is made, the end after everything is."""
    shop = release(TWO)
    run = shop(*UP, "--owner", "john", "--description", "New prices")
    assert run.ok, run.output
    (change,) = bigpanda.changes()
    assert (change["component"], change["version"], change["hosts"]) == ("shop", "1", ["a", "b"])
    assert (change["state"], change["owner"], change["description"]) == ("success", "john", "New prices")
    first, last = (at for _, _, at in shop.stack.did())
    start, end = bigpanda.events()
    assert start["received"] < first < last < end["received"]


def test_nothing_to_change_sends_nothing(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Also with a new version: nothing is deployed."""
    shop = release(TWO)
    assert shop(*UP).ok
    run = shop("up", "--yes", "--component", "shop", "--version", "2")
    assert run.ok
    assert "nothing changes, so nothing is sent" in run.output
    assert bigpanda.story() == ["start 1", "success 1"]


def test_an_update_names_the_hosts_that_change(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Those alone; what is removed is among them, and the end waits for its removal."""
    shop = release(TWO)
    assert shop(*UP).ok
    shop.stack.program("Thing('a', value='new')")
    assert shop("up", "--yes", "--component", "shop", "--version", "2").ok
    assert bigpanda.changes()[1]["hosts"] == ["a", "b"]
    assert shop.stack.did()[-1][:2] == ("delete", "b")
    assert shop.stack.did()[-1][2] < bigpanda.events()[-1]["received"]


def test_given_hosts_are_sent(release: MakeRelease, bigpanda: Sandbox) -> None:
    """In their order, and without a warning."""
    run = release(TWO)(*UP, "--host", "web-2", "--host", "web-1")
    assert bigpanda.changes()[0]["hosts"] == ["web-2", "web-1"]
    assert "warning" not in run.output


def test_a_resource_that_fails(release: MakeRelease, bigpanda: Sandbox) -> None:
    """The end is a failure with the resource and its error, and so is the exit code."""
    shop = release("Thing('a')\nThing('b', fail='disk full')")
    run = shop(*UP)
    assert run.code == 1
    assert "failed (N s): b: RuntimeError: disk full" in without_times(run.output)
    (change,) = bigpanda.changes()
    assert (change["state"], change["reason"]) == ("failure", "b: RuntimeError: disk full")
    shop.stack.program("Thing('a')\nThing('b')")
    assert shop(*UP).ok
    assert [change["state"] for change in bigpanda.changes()] == ["failure", "success"]


def test_a_secret_in_an_error_is_masked(release: MakeRelease, bigpanda: Sandbox) -> None:
    """In the event and in what is printed; the engine masks it as it is, the runner in other forms too."""
    shop = release("""
        from urllib.parse import quote
        password = pulumi.Config().require("password")
        Thing("a", fail="no: " + password + " " + quote(password, safe=""))
        """)
    shop.stack.pulumi("config", "set", "--secret", "password", "hunter2/hunter2")
    run = shop(*UP)
    assert run.code == 1
    assert "hunter2" not in run.output
    assert bigpanda.changes()[0]["reason"] == "a: RuntimeError: no: [secret] ***"


def test_a_program_that_raises_has_no_plan(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Nothing is begun, so nothing is sent; the sentence names the error."""
    run = release("raise ValueError('no such region')")(*UP)
    assert run.code == 1
    assert run.output.endswith("the preview of organization/test/dev failed: ValueError: no such region\n")
    assert bigpanda.events() == []


def test_a_program_with_a_deployment_is_not_recorded_twice(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Its own record is the one, and the runner says so."""
    shop = release("with bigpanda.Deployment('web', component='web', version='7', hosts=['w']):\n    Thing('a')")
    run = shop(*UP)
    assert run.ok
    assert "the program records this by its own Deployment, so the runner sends nothing" in run.output
    assert bigpanda.story() == ["start 7", "success 7"]


def test_destroy_is_recorded(release: MakeRelease, bigpanda: Sandbox) -> None:
    """Also of a program with a Deployment, which itself says nothing of it."""
    shop = release("with bigpanda.Deployment('web', component='web', version='7', hosts=['w']):\n    Thing('a')")
    assert shop(*UP).ok
    assert shop("destroy", "--yes", *EVENT).ok
    assert bigpanda.story() == ["start 7", "success 7", "start 1", "success 1"]
    assert bigpanda.changes()[1]["hosts"] == ["a"]
    assert not any("Resource::a" in resource["urn"] for resource in shop.stack.state())


def test_refresh_sends_nothing(release: MakeRelease, bigpanda: Sandbox) -> None:
    """It deploys nothing; it needs no component."""
    shop = release(TWO)
    assert shop(*UP).ok
    run = shop("refresh", "--yes")
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_refresh_shows_the_outputs_that_it_changes(release: MakeRelease) -> None:
    """Unchanged ones are left out: whether the engine prints them depends on which resource it refreshes first."""
    shop = release("Thing('a')\npulumi.export('url', config.get('url') or 'https://shop.example.com')")
    assert shop(*UP).ok
    assert "Outputs:" not in shop("refresh", "--yes").output
    shop.stack.config(url="https://new.example.com")
    run = shop("refresh", "--yes", "--", "--run-program")
    assert run.ok, run.output
    assert '  ~ url: "https://shop.example.com" => "https://new.example.com"' in run.output
    assert "only stack outputs changed" in run.output


def test_an_outage_never_fails_a_release(
    faulty_stack: Callable[[str], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """What could not be sent waits, is shown, and is sent by `flush`, as it was."""
    shop = Release(faulty_stack(TWO))
    faulty.go_away()
    run = shop(*UP)
    assert run.ok
    assert "events are queued and will be sent by the next" in run.output
    assert "queued" in shop("status").output
    assert shop("flush").code == 1
    faulty.come_back()
    run = shop("flush")
    assert run.ok
    assert run.output == "sent the start and the end of shop 1\n2 events sent\n"
    assert bigpanda.story() == ["start 1", "success 1"]
    assert bigpanda.unmatched() == []
    assert "nothing is in progress" in shop("status").output
    assert shop("flush").output == "nothing to send\n"


def test_the_next_release_sends_what_waits_first(
    faulty_stack: Callable[[str], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """An old end never closes a new deployment."""
    shop = Release(faulty_stack(TWO))
    faulty.go_away()
    assert shop(*UP).ok
    faulty.come_back()
    shop.stack.config(value="new")
    assert shop(*UP).ok
    assert bigpanda.story() == ["start 1", "success 1", "start 1", "success 1"]
    assert [change["hosts"] for change in bigpanda.changes()] == [["a", "b"], ["a"]]


def test_required_delivery_fails_before_anything_is_touched(
    faulty_stack: Callable[[str], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The exit code is its own, and nothing was made."""
    shop = Release(faulty_stack(TWO))
    faulty.go_away()
    run = shop(*UP, "--delivery", "required")
    assert run.code == 3
    assert "the start did not get through, and delivery is required" in run.output
    assert shop.stack.did() == []
    assert "nothing is in progress" in shop("status").output


def test_delivery_off_sends_and_keeps_nothing(release: MakeRelease, bigpanda: Sandbox) -> None:
    """For stacks that are nobody's business."""
    shop = release(TWO)
    assert shop(*UP, "--delivery", "off").ok
    assert bigpanda.events() == []
    assert shop("history").output == "nothing was sent\n"


def test_the_token_comes_from_a_file(release: MakeRelease, bigpanda: Sandbox) -> None:
    """It reaches the program too, which may have a Deployment of its own."""
    shop = release("with bigpanda.Deployment('web', component='web', version='7', hosts=['w']):\n    Thing('a')")
    del shop.stack.environment["BIGPANDA_API_TOKEN"]
    secret = shop.stack.folder.parent / "token"
    secret.write_text(f"{TOKEN}\n")
    assert shop(*UP, "--token-file", str(secret)).ok
    assert bigpanda.story() == ["start 7", "success 7"]


def test_the_token_comes_from_the_stacks_config(release: MakeRelease, bigpanda: Sandbox) -> None:
    """As a program finds it."""
    shop = release(TWO)
    del shop.stack.environment["BIGPANDA_API_TOKEN"]
    shop.stack.pulumi("config", "set", "--secret", "bigpanda:apiToken", TOKEN)
    assert shop(*UP).ok
    assert bigpanda.story() == ["start 1", "success 1"]


def test_a_setting_that_is_none_is_told(release: MakeRelease) -> None:
    """With the nearest one that is."""
    shop = release(TWO)
    shop.stack.pulumi("config", "set", "bigpanda:timeoutSecond", "5")
    run = shop("preview", *EVENT)
    assert "unknown setting bigpanda:timeoutSecond; did you mean bigpanda:timeoutSeconds?" in run.output


def test_the_selected_stack_stays_selected(release: MakeRelease) -> None:
    """A release of another one does not change what `pulumi` works on."""
    shop = release(TWO)
    shop.stack.pulumi("stack", "init", "other")
    assert shop("preview", "-s", "dev", *EVENT).ok
    assert shop.stack.pulumi("stack", "ls").output.count("other*") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("up", "--yes"), "--component and --version missing; pass a component and a version, or a release.yaml"),
        (("up", *EVENT), "not a terminal; pass --yes to confirm, or run `preview` first"),
        (
            ("up", "--yes", *EVENT, "-s", "nope"),
            'there is no stack "nope" in .; create it with `pulumi stack init nope`',
        ),
        (("up", "--yes", *EVENT, "-C", "state"), "there is no Pulumi.yaml in state; name the project's folder with -C"),
        (("up", "--yes", "--component", " ", "--version", "1"), 'component: is blank; write a value: "billing"'),
        (("up", "--yes", *EVENT, "--host", "a", "--host", "a"), "hosts: lists a host twice, as items 1 and 2; "),
        (("up", "--yes", *EVENT, "--token-file", "no"), "the token file no cannot be read: No such file or directory"),
        (
            ("up", "release.yaml", "--host", "a"),
            "--host cannot be combined with release.yaml; set the value there, or omit the file",
        ),
        (("history", "--since", "soon"), '--since "soon" is not a time; write it as 90m, 12h, 7d, or 2026-11-25T10:00'),
        (("up", "--yes", *EVENT, "--tag", "team"), '--tag number 1 has no "="; write it as --tag NAME=VALUE'),
        (("up", "--yes", *EVENT, "--tag", "a=1", "--tag", "a=2"), "--tag sets a twice; set each name once"),
        (
            ("up", "--yes", *EVENT, "--tag", "hosts=a"),
            "tags: has the name hosts, which is reserved for the event itself",
        ),
        (("up", "release.yaml", "--tag", "a=1"), "--tag cannot be combined with release.yaml; set the value there"),
        (
            ("up", "--yes", *EVENT, "--api", "change"),
            "--api: 'change' is not one of 'deployments', 'changes'; see `bigpanda-release up --help`",
        ),
        (
            ("up", "--yes", *EVENT, "--app-key-file", "no"),
            "the app key file no cannot be read: No such file or directory",
        ),
        (("histroy",), "no such command histroy; did you mean history?"),
        (("stat",), "no such command stat; did you mean status?"),
        (
            ("status", "--limit", "0"),
            "--limit: write a whole number of at least 1; see `bigpanda-release status --help`",
        ),
        (("up", "--componet", "shop"), "no such option --componet; did you mean --component?"),
        (
            ("up", "--replace", "x"),
            "no such option --replace; pass it to Pulumi after `--`: bigpanda-release up -- -",
        ),
    ],
)
def test_wrong_use_is_one_sentence(
    release: MakeRelease, bigpanda: Sandbox, arguments: tuple[str, ...], sentence: str
) -> None:
    """And exit code 2; nothing is sent."""
    run = release(TWO)(*arguments)
    assert run.code == 2
    assert sentence in run.output
    assert "Traceback" not in run.output
    assert bigpanda.events() == []


def test_no_engine_is_one_sentence(release: MakeRelease, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It says what to install."""
    run = release(TWO)(*UP, env={"PATH": str(tmp_path_factory.mktemp("empty"))})
    assert run.code == 1
    assert run.output == ("bigpanda-release: there is no `pulumi` on PATH; install the Pulumi CLI, 3.244 or newer\n")


def test_an_end_that_does_not_get_through_where_it_has_to(
    faulty_stack: Callable[[str], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """The update is done, the end waits, and the exit code says that it was not delivered."""
    shop = Release(faulty_stack("Thing('a', hold='a')"))
    with shop.running(*UP, "--delivery", "required") as update:
        shop.stack.wait_until_held("a")
        assert bigpanda.story() == ["start 1"]
        faulty.go_away()
        shop.stack.let_go("a")
        run = update.end()
    assert run.code == 3
    assert "the update is done, but its end did not get through: " in run.output
    faulty.come_back()
    assert shop("flush").ok
    assert bigpanda.story() == ["start 1", "success 1"]
