"""release.yaml: what it says, what is wrong with it, and in which order it runs."""

from __future__ import annotations

import json
import pathlib
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from bigpanda_provider.errors import WrongUseError
from bigpanda_provider.release.engine.stack import Kind
from bigpanda_provider.release.file.entries import SCHEMA_FILE, schema
from bigpanda_provider.release.file.releases import Loaded
from bigpanda_provider.release.file.releases import load as load_chosen
from bigpanda_provider.release.file.variables import Variables
from bigpanda_provider.release.order import backwards, in_order
from bigpanda_provider.release.release import Release as Asked
from tests.engine import HEADER, Stack, write_program
from tests.servers import Sandbox

from .command import Release, without_times

Write = Callable[[str], pathlib.Path]

THREE = """
    releases:
      - stack: prod
        project: network
        component: network
        version: "7"
      - {stack: prod, project: shop, component: shop, version: "2.4.1", hosts: [web-1], after: [network]}
      - stack: front
        project: shop
        component: front
        version: "2.4.1"
        after: [shop/prod]
        config: {size: 2}
        tags: {team: payments}
        targets: ["urn:pulumi:front::shop::t:i:T::cdn", "**web*"]
        refresh: true
    """


@pytest.fixture
def write(tmp_path: pathlib.Path) -> Write:
    """Write a release.yaml in a folder of projects."""
    for folder in (".", "network", "api", "shop", "db"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "Pulumi.yaml").touch()

    def write(text: str) -> pathlib.Path:
        file = tmp_path / "release.yaml"
        file.write_text(textwrap.dedent(text).lstrip())
        return file

    return write


def load(file: pathlib.Path) -> list[Asked]:
    """All releases of a file."""
    return load_chosen(file).releases


def test_a_file_with_everything(write: Write) -> None:
    """`after` takes a component, a stack, or project/stack; a folder is seen from the file."""
    file = write(THREE)
    network, shop, front = load(file)
    assert (network.folder, network.stack, network.version) == (file.parent / "network", "prod", "7")
    assert (shop.hosts, shop.after) == (("web-1",), ("network",))
    assert (front.after, front.config, front.label) == (("shop",), {"size": 2}, "front")
    assert (shop.tags, front.tags) == (None, {"team": "payments"})
    assert shop.engine == ()
    assert front.engine == ("--target", "urn:pulumi:front::shop::t:i:T::cdn", "--target", "**web*", "--refresh")


def test_the_order_is_that_of_after_and_backwards_for_destroy(write: Write) -> None:
    """Whatever the order in the file."""
    network, shop, front = load(write(THREE))
    assert [release.label for release in in_order([front, network, shop])] == ["network", "shop", "front"]
    assert [r.label for r in in_order(backwards([front, network, shop]))] == ["front", "shop", "network"]


def test_components_of_several_stacks_are_told_apart(write: Write) -> None:
    """A label names the stack too where the component alone does not do."""
    file = write("""
        releases:
          - {stack: eu, component: shop, version: "1"}
          - {stack: us, component: shop, version: "1", after: [eu]}
        """)
    assert [release.label for release in load(file)] == ["shop of ./eu", "shop of ./us"]
    assert load(file)[1].after == ("shop of ./eu",)


ENTRY = '{stack: prod, component: shop, version: "1"'


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("releases: [", 1, "not valid YAML: "),
        ("- a", 1, "not a map; start with `releases:` and a list of releases"),
        ("", 1, "not a map; start with `releases:` and a list of releases"),
        ("releases: []", 1, "releases is not a list with items; write at least one item"),
        ("releases:\n  - 7", 2, "releases[0] is not a map; write keys with values"),
        ("releases:\n  - stack: prod\n    component: shop", 2, "releases[0].version is missing"),
        (
            "releases:\n  - stack: prod\n    component: shop\n    version: 1.10",
            4,
            'releases[0].version is a number; write it as text: "1.2.3"',
        ),
        ("releases:\n  - stack: 7\n    component: shop\n    version: '1'", 2, "releases[0].stack is not text; "),
        (f"releases:\n  - {ENTRY}, hots: [a]}}", 2, "releases[0].hots is an unknown key; did you mean hosts?"),
        (f"release:\n  - {ENTRY}}}", 1, "release is an unknown key; did you mean releases?"),
        (f"releases:\n  - {ENTRY}, hosts: []}}", 2, "releases[0].hosts is an empty list; "),
        (f"releases:\n  - {ENTRY}, hosts: web}}", 2, "releases[0].hosts is text; write a list"),
        (f"releases:\n  - {ENTRY}, after: web}}", 2, "releases[0].after is not a list; write a list"),
        (f"releases:\n  - {ENTRY}, config: [a]}}", 2, "releases[0].config is not a map; write keys with values"),
        ("releases:\n  - stack: a\n    stack: b", 3, "releases[0].stack is set twice; remove one"),
        (
            f"releases:\n  - {ENTRY}, after: [pay]}}",
            2,
            'releases[0].after names "pay", which is not a release of this file',
        ),
        (f"releases:\n  - {ENTRY}, tags: [a]}}", 2, "releases[0].tags is a list; write a map of text: "),
        (f"releases:\n  - {ENTRY},\n     tags: {{a: 1}}}}", 3, "releases[0].tags has a number as a; write a map of "),
        (
            f"releases:\n  - {ENTRY}, tags: {{result: good}}}}",
            2,
            "releases[0].tags has the name result, which is reserved for the event itself; write another name",
        ),
        (f"releases:\n  - {ENTRY}, targets: [web]}}", 2, "releases[0].targets[0] is not a URN; copy it from "),
        (f"releases:\n  - {ENTRY}, refresh: later}}", 2, "releases[0].refresh is neither true nor false; write one"),
        (f"releases:\n  - {ENTRY}, hosts: [${{A}}]}}", 2, "not valid YAML: expected ',' or ']', but got '{'; put a "),
        (f"releases:\n  - {ENTRY}, after: [shop]}}", 2, "releases[0].after is a circular dependency: shop after shop"),
        (
            f"releases:\n  - {ENTRY}}}\n  - {ENTRY}}}",
            3,
            'releases[1].stack "prod" of this project is already released above',
        ),
        (
            f"releases:\n  - {ENTRY}}}\n  - stack: prod\n    component: pay\n    version: '1'\n    project: zz",
            6,
            "releases[1].project: there is no Pulumi.yaml in {folder}/zz; name the project's folder, relative to this ",
        ),
        (
            f"releases:\n  - {ENTRY}, hosts: [a]}}\n  - {{stack: b, component: shop, version: '1', hosts: [a]}}",
            3,
            'releases[1].component "shop" has the same version and hosts as a release above',
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_key(write: Write, text: str, line: int, sentence: str) -> None:
    """And with what to write instead."""
    file = write(text)
    with pytest.raises(WrongUseError) as told:
        load(file)
    assert f"{file}:{line}: {sentence}".replace("{folder}", str(file.parent)) in str(told.value)


def test_everything_that_is_wrong_is_told_at_once(write: Write) -> None:
    """A line for each, in the order of the file."""
    with pytest.raises(WrongUseError) as told:
        load(write("releases:\n  - stack: prod\n    version: 2\n  - component: 3"))
    assert len(str(told.value).splitlines()) == 5


def test_a_file_that_is_not_there() -> None:
    """The sentence names it."""
    with pytest.raises(WrongUseError, match=r"nope\.yaml cannot be read: No such file or directory"):
        load(pathlib.Path("nope.yaml"))


def test_the_shipped_schema_is_the_models() -> None:
    """`python -m bigpanda_provider.release.file.entries` writes it."""

    def said(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Older pydantics do not say that more properties are allowed where any are."""
        return {name: value for name, value in pairs if (name, value) != ("additionalProperties", True)}

    shipped, made = (json.loads(text, object_pairs_hook=said) for text in (SCHEMA_FILE.read_text(), schema()))
    assert shipped == made
    assert set(made["$defs"]["Entry"]["required"]) == {"stack", "component", "version"}


# -- a part of a file --------------------------------------------------------------------------------------------------


def chosen(write: Write, *only: str, **variables: str) -> Loaded:
    """A part of three releases: api comes after network, shop after api; the version of the first is a variable."""
    file = write("""
        releases:
          - {stack: prod, project: network, component: network, version: "${NETWORK}"}
          - {stack: prod, project: api, component: api, version: "1", after: [network]}
          - {stack: prod, project: shop, component: shop, version: "${SHOP}", after: [api]}
        """)
    return load_chosen(file, Variables(variables), only)


def test_those_that_are_chosen_keep_their_order(write: Write) -> None:
    """Also where what is between them is not chosen; it counts as done, which is said."""
    loaded = chosen(write, "shop", "network", NETWORK="1", SHOP="1")
    assert [(one.label, one.after) for one in loaded.releases] == [("network", ()), ("shop", ("network",))]
    assert loaded.notes(Kind.UP) == ["shop runs after api, which is not part of this run"]
    assert loaded.notes(Kind.DESTROY) == ["network is destroyed after api, which is not part of this run"]
    assert chosen(write, NETWORK="1", SHOP="1").notes(Kind.UP) == []


def test_a_project_has_to_be_there_for_what_is_chosen_alone(write: Write) -> None:
    """A part of a file may run where the rest is not checked out; all that is missing is told at once."""
    file = write("""
        releases:
          - {stack: prod, component: shop, version: "1"}
          - {stack: prod, project: x, component: x, version: "1"}
          - {stack: prod, project: y, component: y, version: "1"}
        """)
    assert [one.place for one in load_chosen(file, only=["shop"]).releases] == [f"{file}:2"]
    with pytest.raises(WrongUseError) as told:
        load(file)
    assert [line.split(": ")[1] for line in str(told.value).splitlines()] == [
        "releases[1].project",
        "releases[2].project",
    ]


def test_a_variable_has_to_be_set_for_what_is_chosen_alone(write: Write) -> None:
    """Whoever runs a part of a file need not know the versions of the rest."""
    assert [release.version for release in chosen(write, "shop", SHOP="7").releases] == ["7"]
    with pytest.raises(WrongUseError, match=r":2: releases\[0\]\.version: NETWORK is not set; set it, or pass --var N"):
        chosen(write, SHOP="7")


@pytest.mark.parametrize(("name", "hint"), [("shp", "did you mean shop"), ("x", "the components are api, network, sh")])
def test_a_component_that_is_not_in_the_file_is_refused(write: Write, name: str, hint: str) -> None:
    """With the nearest one that is."""
    with pytest.raises(WrongUseError, match=rf"--only {name} is not a component of .*; {hint}"):
        chosen(write, name)


def test_all_stacks_of_a_component_are_chosen(write: Write) -> None:
    """A component is released to several of them."""
    file = write("""
        releases:
          - {stack: eu, component: shop, version: "1"}
          - {stack: us, component: shop, version: "1", after: [./eu]}
          - {stack: eu, project: db, component: db, version: "1"}
        """)
    assert [one.label for one in load_chosen(file, only=["shop"]).releases] == ["shop of ./eu", "shop of ./us"]


# -- variables ---------------------------------------------------------------------------------------------------------


def test_a_variable_is_text_wherever_it_stands(write: Write) -> None:
    """It is put in after the file was read, so it can add no key; numbers stay text, and true is true."""
    file = write("""
        releases:
          - stack: ${STACK}
            component: shop
            version: ${N}
            hosts: ["${N}.example.com"]
            config: {"size": 2, "list": ["${N}"], "map": {"${N}": "${EVIL}"}}
            refresh: ${YES}
        """)
    given = {"STACK": "prod", "N": "7", "EVIL": "x\nversion: 8", "YES": "true"}
    (release,) = load_chosen(file, Variables({"N": "7"}, {**given, "N": "8"})).releases
    assert (release.stack, release.version, release.hosts) == ("prod", "7", ("7.example.com",))
    assert release.config == {"size": 2, "list": ["7"], "map": {"${N}": "x\nversion: 8"}}
    assert release.engine == ("--refresh",)


def test_what_is_wrong_with_a_variable_is_told_beside_the_rest(write: Write) -> None:
    """Each thing once, and with no value of a variable, which may be secret."""
    file = write("""
        releases:
          - stack: prod
            component: shop
            version: ${VERSION}
            refresh: ${REFRESH}
            owner: ${PASSWORD}
            config: [a]
        """)
    with pytest.raises(WrongUseError) as told:
        load_chosen(file, Variables({"PASSWORD": "hunter2"}))
    assert [line.split(": ", 1)[1] for line in str(told.value).splitlines()] == [
        "releases[0].version: VERSION is not set; set it, or pass --var VERSION=...",
        "releases[0].refresh: REFRESH is not set; set it, or pass --var REFRESH=...",
        "releases[0].config is not a map; write keys with values",
    ]


def test_a_value_for_a_name_that_is_not_in_the_file_is_refused(write: Write) -> None:
    """It may be misspelt, and the environment's version be released in place of it."""
    with pytest.raises(WrongUseError, match=r"^--var SHPO is not used in the file; did you mean SHOP\?$"):
        chosen(write, SHPO="2", SHOP="1", NETWORK="1")


# -- on the engine -----------------------------------------------------------------------------------------------------

NETWORK = "Thing('net', value=config.get('size'))"
SHOP = "Thing('web')"
FRONT = "Thing('cdn', sleep=config.get_float('sleep'))"


@pytest.fixture
def fleet(tmp_path: pathlib.Path, bigpanda: Sandbox) -> Release:
    """Three projects with a stack each in one backend, and a release.yaml: shop and front come after network."""
    first = Stack(tmp_path / "stack", bigpanda.address)
    for name, program in {"network": NETWORK, "shop": SHOP, "front": FRONT}.items():
        project(first, name, program)
    entries = [
        {"stack": "dev", "project": "front", "component": "front", "version": "1", "after": ["network"]},
        {"stack": "dev", "project": "shop", "component": "shop", "version": "1", "after": ["network"]},
        {"stack": "dev", "project": "network", "component": "network", "version": "1", "config": {"size": "7"}},
    ]
    (first.folder / "release.yaml").write_text(json.dumps({"releases": entries}))
    return Release(first)


def project(stack: Stack, name: str, program: str) -> None:
    """Make a project beside the stack's, whose config namespace is its own name."""
    folder = stack.folder / name
    if not folder.exists():
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        stack.pulumi("stack", "init", "dev", "--cwd", str(folder))
    write_program(folder, HEADER.replace('"test"', f'"{name}"') + program)


def test_a_whole_plan_is_previewed_in_order(fleet: Release, bigpanda: Sandbox) -> None:
    """Each release with its changes and its events; nothing is sent."""
    run = fleet("preview", "release.yaml")
    assert run.ok, run.output
    shown = [line for line in run.output.splitlines() if "up of" in line]
    assert shown[0] == "up of network/dev:"
    assert sorted(shown[1:]) == [
        "up of front/dev:",
        "up of shop/dev:",
    ]
    assert bigpanda.events() == []
    told = "no changed resource is of a known host type"
    warnings = [line for line in run.output.splitlines() if told in line]
    assert sorted(line.split(told)[0] for line in warnings) == [
        "warning: front: ",
        "warning: network: ",
        "warning: shop: ",
    ]


def test_releases_run_in_order_and_again_send_nothing(fleet: Release, bigpanda: Sandbox) -> None:
    """What comes after something starts when that has ended; unchanged stacks are left as they are."""
    run = fleet("up", "release.yaml", "--yes", "--parallel", "2")
    assert run.ok, run.output
    told = [(e["kind"], e["body"]["component"]) for e in bigpanda.events()]
    assert told[:2] == [("start", "network"), ("end", "network")]
    assert sorted(told[2:]) == [("end", "front"), ("end", "shop"), ("start", "front"), ("start", "shop")]
    assert "3 releases in " in run.output
    again = fleet("up", "release.yaml", "--yes", "--only", "shop")
    assert again.output.startswith("shop runs after network, which is not part of this run\n")
    assert again.output.count("nothing changes, so nothing is sent") == 1
    assert "releases in " not in again.output
    summary = json.loads(fleet.printed("up", "release.yaml", "--yes", "--only", "shop", "--json").splitlines()[-1])
    assert summary["type"] == "summary"
    assert [(one["release"], one["outcome"]) for one in summary["releases"]] == [("shop", "unchanged")]
    assert fleet("up", "release.yaml", "--yes").output.count("nothing changes, so nothing is sent") == 3
    assert len(bigpanda.events()) == 6


def test_config_counts_for_the_release_alone(fleet: Release) -> None:
    """The program sees it, and the stack's own file stays as it is."""
    assert fleet("up", "release.yaml", "--yes").ok
    state = fleet.stack.pulumi("stack", "export", "--cwd", str(fleet.stack.folder / "network"), "--stack", "dev")
    assert '"value": "7"' in state.output
    assert "size" not in (fleet.stack.folder / "network" / "Pulumi.dev.yaml").read_text()


def test_what_depends_on_a_failed_release_is_skipped(fleet: Release, bigpanda: Sandbox) -> None:
    """And says so; once that is mended, the same command goes on where it stopped."""
    project(fleet.stack, "network", "Thing('net', fail='no more addresses')")
    run = fleet("up", "release.yaml", "--yes", "--parallel", "2")
    assert run.code == 1
    assert "[network] failed (N s): net: RuntimeError: no more addresses" in without_times(run.output)
    assert "[shop] skipped: runs after network (failed)" in run.output
    assert "1 failed, 2 skipped" in run.output
    project(fleet.stack, "network", NETWORK)
    assert fleet("up", "release.yaml", "--yes").ok
    components = [(change["component"], change["state"]) for change in bigpanda.changes()]
    assert components[:2] == [("network", "failure"), ("network", "success")]
    assert len(components) == 4


def test_what_does_not_depend_on_a_failed_release_goes_on(fleet: Release, bigpanda: Sandbox) -> None:
    """One that cannot even be planned has failed like any other."""
    project(fleet.stack, "shop", "raise ValueError('no such region')")
    run = fleet("up", "release.yaml", "--yes")
    assert run.code == 1
    assert "[shop] failed: the preview of organization/shop/dev failed: ValueError: no such region" in run.output
    assert sorted(change["component"] for change in bigpanda.changes()) == ["front", "network"]


def test_destroy_goes_backwards(fleet: Release, bigpanda: Sandbox) -> None:
    """What came last goes first."""
    assert fleet("up", "release.yaml", "--yes").ok
    assert fleet("destroy", "release.yaml", "--yes").ok
    told = [(e["kind"], e["body"]["component"]) for e in bigpanda.events()[6:]]
    assert told[-2:] == [("start", "network"), ("end", "network")]
    assert len(told) == 6


def test_wrong_use_of_a_file_has_its_exit_code(fleet: Release) -> None:
    """Before anything is begun."""
    (fleet.stack.folder / "release.yaml").write_text("releases:\n  - stack: prod\n")
    run = fleet("up", "release.yaml", "--yes")
    assert run.code == 2
    assert run.output.startswith("bigpanda-release: release.yaml:2: releases[0].component is missing\n")
    network = {"stack": "dev", "component": "net", "project": "network", "version": "1"}
    entries = [network, {**network, "stack": "prdo", "component": "shop", "after": ["net"]}]
    (fleet.stack.folder / "release.yaml").write_text(json.dumps({"releases": entries}, indent=2))
    told = 'release.yaml:10: {}there is no stack "prdo" in network; create it with `pulumi stack init prdo`'
    run = fleet("preview", "release.yaml")
    assert (run.code, run.output.splitlines()[-1]) == (2, f"bigpanda-release: {told.format('shop: ')}")
    run = fleet("up", "release.yaml", "--yes", "--only", "shop")
    assert (run.code, run.output.splitlines()[-1]) == (2, f"[shop] failed: {told.format('')}")
    for option, value in (("--var", "A=1"), ("--only", "shop")):
        told = f"bigpanda-release: {option} is only for a release.yaml; name the file, or omit {option}\n"
        assert fleet("preview", option, value).output == told
