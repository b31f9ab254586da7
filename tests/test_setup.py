"""The set-up: which engine is taken, and what a set-up that fails or is cut off leaves behind."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import sys

import pytest

from tools import axe, engine, languages


@pytest.fixture
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty cache folder, and a PATH with nothing on it but a folder `bin` beside it."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(engine, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(engine, "VENV_BIN", tmp_path / "venv")
    # The official build would be fetched where there is a way to it: minutes, and no test of ours.
    monkeypatch.setattr(engine, "install_official", lambda target: False)
    return tmp_path / "cache"


def command(cache: pathlib.Path, name: str, script: str) -> pathlib.Path:
    """Put a command on PATH."""
    path = cache.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_an_engine_on_path_is_taken_if_it_is_new_enough_and_runs_python(cache: pathlib.Path) -> None:
    """Both the version and the Python language host count."""
    pulumi = command(cache, "pulumi", "echo v3.243.9")
    assert engine.on_path() is None
    command(cache, "pulumi", "echo v3.244.0-alpha.1+dirty")
    assert engine.on_path() is None
    command(cache, "pulumi-language-python", "")
    assert engine.on_path() == pulumi


def test_an_engine_that_cannot_run_is_not_taken(cache: pathlib.Path) -> None:
    """A broken `pulumi` on PATH is passed over."""
    command(cache, "pulumi-language-python", "")
    command(cache, "pulumi", "exit 1")
    assert engine.on_path() is None


def test_a_build_that_fails_says_so_in_a_sentence_and_leaves_nothing(
    cache: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What went wrong and what to do; the cache has no half-made folder."""
    command(
        cache, "go", 'case "$1" in version) echo go1.26.7;; *) echo first >&2; echo "no network" >&2; exit 1;; esac'
    )
    assert engine.main() == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "the build of the Pulumi CLI failed (no network)" in sentence
    assert "install Pulumi 3.244 or newer on PATH" in sentence
    assert [path.name for path in cache.iterdir()] == ["lock"]


def test_what_a_killed_set_up_left_is_cleared_away(cache: pathlib.Path) -> None:
    """Read-only folders, as Go's module cache has them, included."""
    left = cache / "partial-x" / "module"
    left.mkdir(parents=True)
    (left / "file").touch()
    left.chmod(0o555)
    with engine.lock():
        assert [path.name for path in cache.iterdir()] == ["lock"]


def test_a_command_that_takes_too_long_is_ended() -> None:
    """Every step has its limit."""
    with pytest.raises(engine.EngineError, match=r"sleeping took longer than 0 s; run `make setup` again"):
        engine.run([sys.executable, "-c", "import time; time.sleep(60)"], limit_s=0.2, what="sleeping")


def test_a_folder_appears_whole_or_not_at_all(cache: pathlib.Path) -> None:
    """Work happens beside its place, and is moved there in one step."""
    cache.mkdir()
    with contextlib.suppress(RuntimeError), engine.partial(cache / "whole") as folder:
        (folder / "file").touch()
        raise RuntimeError
    assert not (cache / "whole").exists()
    with engine.partial(cache / "whole") as folder:
        (folder / "file").touch()
        assert not (cache / "whole").exists()
    assert (cache / "whole" / "file").exists()


NPM = f"""case "$1" in pack) echo other > "$5/axe-core-{axe.VERSION}.tgz";; esac"""


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (None, "axe-core: npm could not be started"),
        ("echo first >&2; echo 'no network' >&2; exit 1", "axe-core: npm failed (no network)"),
        (NPM, f"axe-core: the package has another hash than {axe.INTEGRITY}"),
    ],
    ids=["no npm", "no network", "another package"],
)
def test_an_axe_that_cannot_be_had_says_so_and_leaves_nothing(
    cache: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str | None,
    sentence: str,
) -> None:
    """Nor is a package taken that is not the one that is pinned."""
    monkeypatch.setattr(axe, "SCRIPT", cache / "axe-core" / "axe.min.js")
    if script is not None:
        command(cache, "npm", script)
    assert axe.main() == 1
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(sentence)
    assert told.endswith("the tests with it will be skipped")
    assert [path.name for path in cache.iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("script", "typescript", "go"),
    [
        (None, "npm ci could not be started", "there is no Go 1.26.6 or newer on PATH"),
        ("echo first >&2; echo 'no network' >&2; exit 1", "npm ci failed (no network)", "go mod failed (no network)"),
    ],
    ids=["no npm and no Go", "no network"],
)
def test_languages_that_cannot_be_had_say_so_and_leave_nothing(
    cache: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str | None,
    typescript: str,
    go: str,
) -> None:
    """A sentence for each, and the one does not keep the other from being tried."""
    for name in ("TYPESCRIPT", "GO", "GENERATOR"):
        monkeypatch.setattr(languages, name, cache / name.lower())
    languages.GENERATOR.mkdir(parents=True)
    shutil.copy("/bin/true", languages.GENERATOR / "generate")
    if script is not None:
        command(cache, "npm", script)
        command(cache, "go", f'case "$1" in version) echo go1.26.7;; *) {script};; esac')
    assert languages.main() == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"TypeScript: {typescript}")
    assert second.startswith(f"Go: {go}")
    assert first.endswith("; the tests with it will be skipped")
    assert sorted(path.name for path in cache.iterdir()) == ["generator", "lock"]
