"""What follows `--` goes to the engine, except for what the runner has to do itself."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Callable

import pytest

from bigpanda_provider.errors import WrongUseError
from bigpanda_provider.release.engine import files
from bigpanda_provider.release.engine import options as engine_options
from bigpanda_provider.release.engine.options import EngineOptions, by_name
from tests.engine import Stack
from tests.servers import Sandbox

from .command import EVENT, UP, Release

MakeRelease = Callable[[str], Release]

TWO = "Thing('a', value=config.get('value'))\nThing('b', value=config.get('value'))"
THING = "urn:pulumi:dev::test::pulumi-python:dynamic:Resource::"


@pytest.mark.parametrize(
    ("typed", "tokens"),
    [
        ("--target a --target=b", "--target=a --target=b"),
        ("-ta -t b -t=c", "--target=a --target=b --target=c"),
        ("-x a", "--exclude=a"),
        ("--refresh", "--refresh"),
        ("--refresh=false -r", "--refresh=false --refresh"),
        ("-drp4", "--debug --refresh --parallel=4"),
        ("--message --diff", "--message=--diff"),
        ("--config a=b=c", "--config=a=b=c"),
        ("--future", "--future"),
        ("--future value --diff", "--future value --diff"),
        ("--future=value -Zx -Z y", "--future=value -Zx -Z y"),
    ],
)
def test_options_are_read_as_the_engine_reads_them(typed: str, tokens: str) -> None:
    """Long and short, with their value after `=`, at once, or as the next argument; unknown ones stay as they are."""
    options = EngineOptions.of(typed.split()).options
    assert [token for one in options for token in one.tokens] == tokens.split()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("--target", "--target needs a value after it"),
        ("-dt", "-t needs a value after it"),
        ("--diff secret", "argument 2 after `--` is not an option"),
        ("-- --diff", "argument 1 after `--` is not an option"),
    ],
)
def test_what_is_no_option_is_refused(typed: str, told: str) -> None:
    """Without its text, which may be the value of a secret."""
    with pytest.raises(WrongUseError, match=re.escape(told)) as found:
        EngineOptions.of(typed.split())
    assert "secret" not in str(found.value)


@pytest.mark.parametrize("name", sorted(engine_options.REFUSED))
def test_what_the_runner_does_itself_is_refused(name: str) -> None:
    """In every form; the sentence names the option, the command, and what to do instead."""
    letter = (engine_options.VALUED | engine_options.SWITCHES)[name]
    for token in [f"--{name}=x", *([f"-{letter}x"] if name in engine_options.VALUED and letter else [])]:
        with pytest.raises(WrongUseError, match=f"^--{name} .*(omit|run|use|pass|must come before)"):
            EngineOptions.of([token]).check("up")


@pytest.mark.parametrize("command", ["up", "preview", "destroy", "refresh"])
def test_a_refresh_is_wanted_or_not(command: str) -> None:
    """The engine's parser takes any text, and its preview fails then; so it is refused before."""
    for typed in ("--refresh=maybe", "-r=maybe", "--refresh=tRuE"):
        with pytest.raises(WrongUseError, match=r"^--refresh takes true or false; pass --refresh or --refresh=false$"):
            EngineOptions.of([typed]).check(command)
    for typed in ("--refresh", "-r", "--refresh=", "--refresh=0", "--refresh=TRUE"):
        EngineOptions.of([typed]).check(command)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("--plan=no", "--plan no: no such file; the path is relative to {}"),
        ("--plan=/no/plan", "--plan /no/plan: no such file; name one that can be read"),
        ("--plan=pack", "--plan pack: not a file; the path is relative to {}"),
        ("--policy-pack=pack,no", "--policy-pack no: no such folder; the path is relative to {}"),
        ("--policy-pack-config=no", "--policy-pack-config no: no such file; the path is relative to {}"),
    ],
)
def test_a_file_that_is_not_there_is_refused(tmp_path: pathlib.Path, typed: str, told: str) -> None:
    """Seen from the project's folder, as the engine sees it."""
    (tmp_path / "pack").mkdir()
    with pytest.raises(WrongUseError) as found:
        files.check(EngineOptions.of([typed]), tmp_path)
    assert str(found.value) == told.format(tmp_path)


def test_files_that_are_there(tmp_path: pathlib.Path) -> None:
    """A comma in a name stands in quotes."""
    for name in ("plan", "a,b"):
        (tmp_path / name).touch()
    files.check(EngineOptions.of(["--plan=plan", '--policy-pack-config="a,b",plan', "--plan="]), tmp_path)


def test_each_run_gets_what_it_has() -> None:
    """A preview knows no plan and removes no stack; an update is not shown, and its message is the runner's."""
    options = EngineOptions.of(["--diff", "--plan=p", "--continue-on-error", "-m", "why", "--remove", "--refresh"])
    assert options.preview("up") == ("--diff", "--message=why", "--refresh")
    assert options.update("up") == ("--plan=p", "--continue-on-error", "--remove", "--refresh")
    assert options.preview("destroy") == ("--diff", "--plan=p", "--continue-on-error", "--message=why", "--refresh")
    assert options.update("refresh") == ("--plan=p", "--continue-on-error", "--remove")
    assert (options.message, options.diff) == ("why", True)
    assert not EngineOptions.of(["--diff", "--diff=false"]).diff


def test_config_is_known_before_the_engine_saves_it() -> None:
    """Settings may be among it; a key that is a path is for the engine to read."""
    assert EngineOptions.of(["-c", "bigpanda:delivery=off", "--config=a=b=c"]).config == {
        "bigpanda:delivery": "off",
        "a": "b=c",
    }
    assert EngineOptions.of(["-c", "a.b=c", "--config-path"]).config == {}


def test_options_by_name() -> None:
    """They are those of the engine."""
    assert by_name() == ()
    named = by_name(["a", "b"], refresh=True, diff=True, parallel=3)
    assert named == ("--target=a", "--target=b", "--refresh", "--diff", "--parallel=3")


def test_the_tables_are_those_of_the_engine() -> None:
    """Whichever is on PATH: the same options, letters and kinds, and the same differences between the commands."""
    of: dict[str, set[str]] = {}
    for command in ("up", "preview", "destroy", "refresh"):
        told = subprocess.run(["pulumi", command, "--help"], capture_output=True, text=True, check=True).stdout
        for line in told.split("Flags:", 1)[1].splitlines():
            found = re.match(r" +(?:-(\w), )?--([\w-]+)(?: (\S+))?(?:  |$)", line)
            if found is None:
                continue
            letter, name, kind = found.groups()
            switch = kind is None or "[" in kind or kind == "false"  # one's help has a word in the place of a type
            table = engine_options.SWITCHES if switch else engine_options.VALUED
            assert name in table, f"{command}: {line}"
            assert letter in (None, table[name]), f"{command}: {line}"
            of.setdefault(command, set()).add(name)
    refused = set(engine_options.REFUSED)
    assert of["up"] - of["preview"] - refused == engine_options.UPDATE_ALONE - {"plan"}  # which is not in the help
    assert of["preview"] - of["up"] - refused == engine_options.PREVIEW_ALONE
    hidden = {"client", "event-log", "exec-agent", "exec-kind", "output", "plan"}
    assert set.union(*of.values()) == {*engine_options.VALUED, *engine_options.SWITCHES} - hidden


def test_a_targeted_update(release: MakeRelease, bigpanda: Sandbox) -> None:
    """By name: the target alone is changed and recorded; the message goes in front of the mark."""
    shop = release(TWO)
    run = shop(*UP, "--target", f"{THING}a", "--parallel-operations", "1", "--diff", "--", "-m", "Fix login")
    assert run.ok, run.output
    assert [name for _, name, _ in shop.stack.did()] == ["a"]
    (change,) = bigpanda.changes()
    assert (change["hosts"], change["state"]) == (["a"], "success")
    (update,) = json.loads(shop.stack.pulumi("stack", "history", "--json").output)
    assert re.fullmatch(r"Fix login \[bigpanda \w{32}\]", update["message"])


def test_a_plan_and_config_of_one_run(release: MakeRelease, bigpanda: Sandbox) -> None:
    """What is saved by the preview constrains the update; config goes where Pulumi saves it, and counts at once."""
    shop = release(TWO)
    assert shop("preview", *EVENT, "--", "--save-plan", "plan.json", "-x", "**b").ok
    run = shop(*UP, "--", "--plan=plan.json", "--continue-on-error")
    assert run.code == 1  # of b there is nothing in the plan
    assert "violates plan" in run.output
    assert shop(*UP, "--", "--config", "bigpanda:delivery=off", "-c", "value=2").ok
    assert "test:value" in pathlib.Path(shop.stack.folder, "Pulumi.dev.yaml").read_text()
    assert bigpanda.story() == ["start 1", "failure 1"]


def test_a_refresh_finds_what_has_drifted(release: MakeRelease, bigpanda: Sandbox) -> None:
    """With `--refresh`, what the provider has now is compared with the program."""
    shop = release(TWO)
    assert shop(*UP).ok
    shop.stack.let_go("drift")
    assert "nothing changes" in shop("preview", *EVENT).output
    assert "~  pulumi-python:dynamic:Resource a update" in shop("preview", *EVENT, "--refresh").output
    assert "~  pulumi-python:dynamic:Resource a update" in shop("preview", *EVENT, "--", "-r").output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--foo", "bar"), "bigpanda-release: `pulumi up`: unknown flag: --foo; see `pulumi up --help`"),
        (("--parallel=many",), 'bigpanda-release: `pulumi up`: invalid argument "many" for "-p, --parallel" flag'),
        (
            ("--save-plan", "f"),
            "bigpanda-release: --save-plan is an option of previews; run `bigpanda-release preview`",
        ),
        (("-s", "prod"), "bigpanda-release: --stack must come before `--`: bigpanda-release up -s STACK"),
        (("--plan", "nofile"), "bigpanda-release: --plan nofile: no such file; the path is relative to /"),
    ],
)
def test_what_the_engine_does_not_take_sends_nothing(
    release: MakeRelease, bigpanda: Sandbox, options: tuple[str, ...], told: str
) -> None:
    """One sentence, wrong use, and no start."""
    shop = release(TWO)
    run = shop(*UP, "--", *options)
    assert run.code == 2
    assert run.output.startswith(told)
    assert run.output.count("\n") == 1
    assert bigpanda.events() == []
    if options[0] == "--plan":  # which a preview does not hand on
        assert shop("preview", *EVENT, "--", *options) == run


def test_options_go_to_every_release_of_a_file(make_stack: Callable[[str, str], Stack], bigpanda: Sandbox) -> None:
    """Beside what the file says; config of the file stays in a file of its own."""
    shop = Release(make_stack(bigpanda.address, TWO))
    shop.stack.folder.joinpath("release.yaml").write_text(
        "releases: [{component: shop, version: '1', stack: dev, config: {value: 3}}]"
    )
    run = shop("up", "release.yaml", "--yes", "--", "--exclude", "**b", "-c", "other=4")
    assert run.ok, run.output
    assert [name for _, name, _ in shop.stack.did()] == ["a"]
    assert "other" not in (shop.stack.folder / "Pulumi.dev.yaml").read_text()
