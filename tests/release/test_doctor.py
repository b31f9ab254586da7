"""The doctor: each line is true, however a Python project is set up, and says how to fix what is wrong."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import metadata

import pytest
import yaml

from bigpanda_provider.release.doctor.check import MARGIN, Check
from bigpanda_provider.release.doctor.engine import language_checks
from bigpanda_provider.release.doctor.machine import git_check
from bigpanda_provider.release.doctor.project import Project
from bigpanda_provider.release.doctor.proxies import proxy_checks
from bigpanda_provider.release.doctor.python import of_program, of_provider, python_checks
from bigpanda_provider.settings import Settings
from tests.engine import ROOT, TOKEN, Stack
from tests.servers import Recorder, Sandbox

from .command import Release

MakeRelease = Callable[[str], Release]
MakeAnyStack = Callable[[str, str], Stack]
MakeProject = Callable[..., Project]

WEB = "with bigpanda.Deployment('web', component='web', version='7', hosts=['w-1']):\n    Thing('a')"
BIGPANDA = ("token", "app key", "api", "bigpanda")


# -- on the engine -----------------------------------------------------------------------------------------------------


def test_doctor_finds_all_well(release: MakeRelease, bigpanda: Sandbox) -> None:
    """A line for each thing, and no event."""
    told = json.loads(release(WEB).printed("doctor", "--json"))
    assert told["ok"]
    assert [one["name"] for one in told["checks"]] == [
        *("engine", "hooks", "project", "language", "dynamic", "python", "stack"),
        *("token", "api", "bigpanda", "git", "outbox"),
    ]
    assert all(one["ok"] and one["fix"] is None and one["found"] for one in told["checks"])
    assert bigpanda.events() == []


def test_doctor_says_how_to_mend(release: MakeRelease) -> None:
    """Each thing that is wrong has a line with what to do, and the exit code is 1."""
    shop = release(WEB)
    del shop.stack.environment["BIGPANDA_API_TOKEN"]
    bare = shop.stack.folder.parent / "bare"
    subprocess.run(["python3", "-m", "venv", "--without-pip", str(bare)], check=True, timeout=60)
    python = bare / "bare-python"  # without the packages that PYTHONPATH names
    python.write_text(f'#!/bin/sh\nPYTHONPATH= exec {bare}/bin/python "$@"\n')
    python.chmod(0o755)
    shop.stack.environment |= {"BIGPANDA_BASE_URL": "http://127.0.0.1:9", "PULUMI_PYTHON_CMD": str(python)}
    run = shop("doctor")
    assert run.code == 1
    wrong = [line.split()[1] for line in run.output.splitlines() if line.startswith("!!")]
    assert wrong == ["python", "token", "bigpanda"]
    assert f"-> {python} -m ensurepip && {python} -m pip install bigpanda-provider" in run.output
    assert "without bigpanda-provider, which a Deployment in the program needs" in run.output
    assert (
        "-> set one with `pulumi config set --secret bigpanda:apiToken` or `export BIGPANDA_API_TOKEN=...`"
        in run.output
    )


def changes_of(shop: Release) -> Release:
    """The runner with the Changes API as its setting."""
    shop.stack.environment |= {"BIGPANDA_API": "changes", "BIGPANDA_APP_KEY": "app-key-of-nobody"}
    return shop


def bigpanda_lines(shop: Release) -> dict[str, str]:
    """What the doctor says of BigPanda, by what it looked at; a fix stands behind an arrow."""
    lines = shop("doctor").output.replace("\n" + " " * MARGIN + "-> ", " -> ").splitlines()
    return {name: line[MARGIN:] for line in lines if (name := line[4:MARGIN].strip()) in BIGPANDA}


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
    assert found["app key"].startswith("not set -> set one with `pulumi config set --secret bigpanda:appKey`")
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
    (python,) = [line for line in shop("doctor").output.splitlines() if line.split()[1:2] == ["python"]]
    assert f"({sys.prefix}/bin/python, poetry's virtualenv)" in python


def test_the_doctor_outside_of_a_project(release: MakeRelease, bigpanda: Sandbox) -> None:
    """What is left out is said; an error only where a project was asked for."""
    shop = release(WEB)
    inside = shop.stack.folder / "src"
    inside.mkdir()
    run = shop("doctor", cwd=inside)
    assert run.ok, run.output
    told = "no Pulumi.yaml here, so language, Python and stack were not checked; name a project with -C .."
    assert f"--  project     {told}\n" in run.output
    assert not {"language", "python", "stack"} & {line.split()[1] for line in run.output.splitlines()}
    asked = shop("doctor", "-C", "src", "--quiet")
    assert asked.code == 1
    assert asked.output.splitlines() == [
        "!!  project     no Pulumi.yaml in src, so language, Python and stack were not checked",
        " " * MARGIN + "-> name a project with -C DIR",
    ]


def test_the_doctor_reads_the_settings_of_the_stack(release: MakeRelease, bigpanda: Sandbox) -> None:
    """A key that is unknown, and a token in plain text, which is shown nowhere."""
    shop = release(WEB)
    shop.stack.pulumi("config", "set", "bigpanda:apiToken", TOKEN)
    shop.stack.pulumi("config", "set", "bigpanda:reigon", "eu")
    told = json.loads(shop.run("doctor", "--json").stdout)
    wrong = {one["found"]: one["fix"] for one in told["checks"] if not one["ok"]}
    assert wrong == {
        "bigpanda:apiToken is stored in plain text": "fix it with `pulumi config set --secret bigpanda:apiToken`",
        "unknown setting bigpanda:reigon": "did you mean bigpanda:region?",
    }
    assert not told["ok"]
    assert TOKEN not in json.dumps(told)
    shop.stack.pulumi("config", "rm", "bigpanda:apiToken")


# -- which Python ------------------------------------------------------------------------------------------------------


@pytest.fixture
def make_project(tmp_path: pathlib.Path) -> MakeProject:
    """Make a project in a folder, with options of its language and files beside."""

    def make(files: Mapping[str, str] | None = None, *, main: str | None = None, **options: str) -> Project:
        folder = tmp_path / "work" / "shop"
        content = {"name": "shop", "runtime": {"name": "python", "options": options}}
        for name, text in {"shop/Pulumi.yaml": yaml.safe_dump({**content, "main": main}), **(files or {})}.items():
            file = folder.parent / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        project = Project.read(folder)
        assert project is not None
        return project

    return make


@pytest.mark.parametrize(
    ("files", "options", "environ", "program", "provider"),
    [
        ((), {"virtualenv": "venv"}, {}, "shop/venv", "shop/venv"),
        ((), {"virtualenv": "venv", "main": "src"}, {}, "shop/venv", "shop/src/venv"),
        ((), {"virtualenv": "../venv"}, {}, "venv", "venv"),
        ((), {"toolchain": "uv"}, {}, "shop/.venv", "shop/.venv"),
        (("shop/uv.lock",), {"toolchain": "uv"}, {}, "shop/.venv", "shop/.venv"),
        (("uv.lock", "shop/pyproject.toml"), {"toolchain": "uv"}, {}, ".venv", "shop/.venv"),
        (("pyproject.toml",), {"toolchain": "uv"}, {}, ".venv", "shop/.venv"),
        (("uv.lock",), {"toolchain": "uv", "virtualenv": "../.venv"}, {}, ".venv", ".venv"),
        ((), {"toolchain": "uv"}, {"UV_PROJECT_ENVIRONMENT": "env"}, "shop/env", "shop/.venv"),
        ((), {"toolchain": "uv", "virtualenv": "v"}, {"UV_PROJECT_ENVIRONMENT": "env"}, "shop/v", "shop/v"),
        ((), {"toolchain": "poetry"}, {}, "poetry", "poetry"),
        ((), {"toolchain": "poetry", "virtualenv": "venv"}, {}, "poetry", "shop/venv"),
    ],
)
def test_which_virtualenv_is_used(
    make_project: MakeProject,
    tmp_path: pathlib.Path,
    files: tuple[str, ...],
    options: dict[str, str],
    environ: dict[str, str],
    program: str,
    provider: str,
) -> None:
    """By the program, and by the process of a Deployment: the two are not always the same."""
    work = tmp_path / "work"
    project = make_project(dict.fromkeys(files, ""), **options)
    poetry = str(work / "poetry") if project.toolchain == "poetry" else None
    found = [one(project, environ, poetry).command for one in (of_program, of_provider)]
    assert [os.path.normpath(command) for command in found] == [
        str(work / one / "bin/python") for one in (program, provider)
    ]


def test_which_python_is_used_without_a_virtualenv(make_project: MakeProject) -> None:
    """The one that the environment names, else one on PATH."""
    project = make_project()
    assert of_program(project, {"PULUMI_PYTHON_CMD": "py"}, None).command == "py"
    assert of_provider(project, {"PULUMI_PYTHON_CMD": "py"}, None).command == "py"
    assert of_program(project, {}, None).command == "python3"
    assert of_provider(project, {}, None).command == "python3"
    assert of_provider(project, {"PULUMI_RUNTIME_VIRTUALENV": "/v"}, None).command == "/v/bin/python"


# -- what is in it: real virtualenvs of pip; uv and Poetry are scripts here, since CI has neither ----------------------


def virtualenv(folder: pathlib.Path, *, with_package: bool = False, pip: bool = False) -> None:
    """Make a virtualenv; with the package, it has that of this checkout and what that needs."""
    subprocess.run([sys.executable, "-m", "venv", *([] if pip else ["--without-pip"]), folder], check=True, timeout=120)
    if with_package:
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "tests.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")


@pytest.fixture
def tools(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a script on PATH, on which there is nothing else of Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("PYTHONPATH", raising=False)

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def told_by(project: Project) -> dict[str, Check]:
    """What the doctor says of a project's Pythons."""
    return {one.name: one for one in python_checks(project, {})}


def test_a_virtualenv_of_pip(make_project: MakeProject, tools: Callable[[str, str], None]) -> None:
    """Not made, no virtualenv, without the package, and with it."""
    project = make_project(virtualenv="venv")
    venv = project.folder / "venv"
    (missing,) = told_by(project).values()
    assert (missing.found, missing.fix) == (
        f"{venv} does not exist yet (the virtualenv in Pulumi.yaml)",
        f"cd {project.folder} && pulumi install",
    )
    venv.mkdir()
    (empty,) = told_by(project).values()
    assert empty.found == f"{venv} is no virtualenv (the virtualenv in Pulumi.yaml)"
    assert empty.fix == "set virtualenv under runtime.options in Pulumi.yaml to a virtualenv"
    virtualenv(venv, pip=True)
    (without,) = told_by(project).values()
    assert "without bigpanda-provider, which a Deployment in the program needs" in without.found
    assert without.fix == f"{venv}/bin/python -m pip install bigpanda-provider"
    (project.folder / "requirements.txt").write_text("pulumi\nbigpanda_provider>=1\n")
    assert told_by(project)["python"].fix == f"cd {project.folder} && pulumi install"
    virtualenv(venv, with_package=True)
    (good,) = told_by(project).values()
    version = metadata.version("bigpanda-provider")
    where = f"({venv}/bin/python, the virtualenv in Pulumi.yaml)"
    assert (good.fix, good.found) == (
        None,
        f"{'.'.join(map(str, sys.version_info[:3]))} with bigpanda-provider {version} {where}",
    )


def test_a_project_of_uv(make_project: MakeProject, tools: Callable[[str, str], None]) -> None:
    """Without uv; without the package; with the virtualenv of a workspace, where the provider does not look."""
    project = make_project({"uv.lock": "", "shop/pyproject.toml": ""}, toolchain="uv")
    missing = told_by(project)
    assert missing["toolchain"].found == "Pulumi.yaml sets the toolchain uv, which is not on PATH"
    assert missing["toolchain"].fix == "curl -LsSf https://astral.sh/uv/install.sh | sh"
    assert (missing["python"].left_out, missing["python"].found) == (True, "not checked, since uv is missing")
    tools("uv", "exit 1")
    virtualenv(project.folder.parent / ".venv")
    told = told_by(project)
    assert told["python"].fix == f"cd {project.folder} && uv add bigpanda-provider"
    assert told["provider"].found.startswith(f"Pulumi looks for the Deployment's provider in {project.folder}/.venv, ")
    assert told["provider"].fix == "set virtualenv under runtime.options in Pulumi.yaml to ../.venv"
    (project.folder / "pyproject.toml").write_text('dependencies = ["bigpanda-provider"]')
    assert told_by(project)["python"].fix == f"cd {project.folder} && uv sync"
    virtualenv(project.folder.parent / ".venv", with_package=True)
    (project.folder / ".venv").symlink_to(project.folder.parent / ".venv")
    assert [one.ok for one in told_by(project).values()] == [True, True, True]


def test_a_project_of_poetry(make_project: MakeProject, tools: Callable[[str, str], None]) -> None:
    """Without Poetry, without its virtualenv, without the package."""
    project = make_project(toolchain="poetry")
    assert told_by(project)["toolchain"].fix == "pipx install poetry"
    tools("poetry", "exit 1")
    assert told_by(project)["python"].found == f"poetry has no virtualenv for {project.folder}"
    assert told_by(project)["python"].fix == f"cd {project.folder} && pulumi install"
    virtualenv(project.folder / "env")
    tools("poetry", f"[ \"$*\" = 'env info --path' ] && echo {project.folder}/env")
    assert told_by(project)["python"].fix == f"cd {project.folder} && poetry add bigpanda-provider"
    assert list(told_by(project)) == ["toolchain", "python"]


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({}, "install Python 3.10 or newer, and set PULUMI_PYTHON_CMD to its path"),
        ({"toolchain": "uv"}, "uv python pin 3.12 && uv sync"),
        ({"virtualenv": "venv"}, "make the virtualenv again with Python 3.10 or newer: python3.12 -m venv --clear "),
    ],
)
def test_a_python_that_is_too_old(
    make_project: MakeProject, tools: Callable[[str, str], None], options: dict[str, str], fix: str
) -> None:
    """A script stands for it."""
    project = make_project(**options)
    told = json.dumps({"version": [3, 9, 18], "wrong": {"pulumi": "ImportError: no"}, "package": None})
    tools("uv", "exit 1")
    tools("python3", f"echo '{told}'")
    for name in ("venv", ".venv"):
        python = project.folder / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        shutil.copy(shutil.which("python3") or "", python)
    old = told_by(project)["python"]
    assert old.found.startswith("3.9.18 is too old for bigpanda-provider (")
    assert fix in (old.fix or "")


def test_a_python_that_the_system_manages(make_project: MakeProject, tools: Callable[[str, str], None]) -> None:
    """Pip would refuse to install anything in it."""
    told = {
        "version": [3, 12, 1],
        "wrong": {"pulumi": "ImportError: no"},
        "package": None,
        "pip": True,
        "managed": True,
    }
    tools("python3", f"echo '{json.dumps(told)}'")
    assert (told_by(make_project())["python"].fix or "").startswith(
        "the system manages this Python, so use a virtualenv"
    )


def test_what_is_wrong_with_a_python(make_project: MakeProject, tools: Callable[[str, str], None]) -> None:
    """It does not run, is not there, or the package in it cannot be imported."""
    project = make_project()
    assert told_by(project)["python"].found == "there is no python3"
    tools("python3", "exit 3")
    assert "does not run (IndexError)" in told_by(project)["python"].found
    told = {"version": [3, 12, 1], "wrong": {"bigpanda_provider": "ImportError: no hook"}, "package": "1.0"}
    tools("python3", f"echo '{json.dumps(told)}'")
    assert "3.12.1: bigpanda-provider cannot be imported (ImportError: no hook)" in told_by(project)["python"].found
    (unknown,) = told_by(make_project(toolchain="pipenv")).values()
    assert unknown == Check("toolchain", "pipenv in Pulumi.yaml is unknown", unknown.fix)


def test_a_language_without_its_host(tmp_path: pathlib.Path, tools: Callable[[str, str], None]) -> None:
    """Or no language at all; a host that `pulumi plugin install` has put into its folder counts."""
    file = tmp_path / "Pulumi.yaml"
    file.write_text("name: shop\nruntime: cobol\n")
    project = Project.read(tmp_path)
    assert project is not None
    environ = {"PULUMI_HOME": str(tmp_path / "home")}
    (missing,) = language_checks(project, environ)
    told = ("there is no pulumi-language-cobol", "put pulumi-language-cobol on PATH, beside pulumi")
    assert (missing.found, missing.fix) == told
    host = tmp_path / "home" / "plugins" / "language-cobol-v1.0.0" / "pulumi-language-cobol"
    host.parent.mkdir(parents=True)
    host.touch(mode=0o755)
    assert list(language_checks(project, environ)) == [Check("language", str(host))]
    (none,) = language_checks(replace(project, content={"name": "shop"}), environ)
    assert none.found == f"{file} names no runtime"


# -- the rest ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "lines"),
    [
        ({}, []),
        (
            {"HTTPS_PROXY": "http://ann:s3cret@proxy.acme.com:3128"},
            ["proxy.acme.com:3128, from HTTPS_PROXY (environment)"],
        ),
        ({"https_proxy": "ann:s3cret@proxy.acme.com"}, ["proxy.acme.com, from https_proxy (environment)"]),
        ({"ALL_PROXY": "socks5://proxy:1080", "HTTP_PROXY": "x"}, ["proxy:1080, from ALL_PROXY (environment)"]),
        ({"HTTPS_PROXY": "http://s3cret:port:"}, ["HTTPS_PROXY is not an address"]),
        (
            {"HTTPS_PROXY": "http://p", "NO_PROXY": "bigpanda.io"},
            ["HTTPS_PROXY is not used, since NO_PROXY names BigPanda's host"],
        ),
        ({"REQUESTS_CA_BUNDLE": __file__}, ["from REQUESTS_CA_BUNDLE (environment)"]),
        ({"REQUESTS_CA_BUNDLE": "/gone.pem"}, ["REQUESTS_CA_BUNDLE names no file"]),
    ],
)
def test_what_stands_in_between_is_told(environ: dict[str, str], lines: list[str]) -> None:
    """By variable and host; without user name and password."""
    found = list(proxy_checks("https://api.bigpanda.io", environ))
    assert [one.found for one in found] == lines
    assert not any("s3cret" in f"{one}" for one in found)


def test_what_git_tells(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That it is missing or has no checkout is no error: an update is recorded all the same."""
    settings = Settings.resolve({}, {})
    assert git_check(tmp_path, settings).found == f"no checkout in {tmp_path}, so commit and branch are not sent"
    subprocess.run(["git", "init", "-q", "-b", "trunk", tmp_path], check=True, timeout=60)
    assert git_check(tmp_path, settings) == Check("git", "commit none yet, branch trunk")
    none = Settings.resolve({"bigpanda:context": "none"}, {})
    assert git_check(tmp_path, none).found == "not needed: bigpanda:context sends nothing of git"
    monkeypatch.setenv("PATH", str(tmp_path))
    told = git_check(tmp_path, settings)
    assert (told.ok, told.left_out, told.found) == (
        True,
        True,
        "not on PATH, so commit, branch and repository are not sent",
    )


def test_a_project_file_that_cannot_be_read_is_told(release: MakeRelease, bigpanda: Sandbox) -> None:
    """With its line; the rest is checked all the same."""
    shop = release(WEB)
    (shop.stack.folder / "Pulumi.yaml").write_text("name: a\n  b: [\n")
    run = shop("doctor")
    assert run.code == 1
    assert re.search(
        r"^!!  project     Pulumi.yaml:2 is not valid YAML, so language, Python and stack were", run.output, re.M
    )
    assert re.search(r"^ok  bigpanda ", run.output, re.M)


def test_a_line_is_folded_between_words() -> None:
    """On a narrow terminal; what goes on stands below what was found."""
    check = Check("python", "/a/b/bin/python does not run (OSError)", "cd /a/b && pulumi install --and-more")
    assert check.lines(60) == (
        "!!  python      /a/b/bin/python does not run (OSError)\n"
        "                -> cd /a/b && pulumi install --and-more"
    )
    assert check.lines(40).splitlines() == [
        "!!  python      /a/b/bin/python does not",
        "                run (OSError)",
        "                -> cd /a/b && pulumi",
        "                   install --and-more",
    ]
    long = Check("dynamic", f"/opt/{'x' * 50}/pulumi").lines(40).splitlines()
    assert [(line[:MARGIN].split(), len(line)) for line in long[:2]] == [(["ok", "dynamic"], 40), ([], 40)]
