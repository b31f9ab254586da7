"""What git tells of a folder: real repositories, and a git that takes too long."""

from __future__ import annotations

import os
import pathlib
import subprocess
import time
from collections.abc import Callable

import pytest

from bigpanda_provider.delivery import git
from bigpanda_provider.delivery.git import Checkout, checkout

Git = Callable[..., str]


@pytest.fixture(autouse=True)
def _no_config(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' repositories see neither the machine's nor the user's configuration."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def run() -> Git:
    """Run git in a folder, and give what it prints."""

    def run(folder: pathlib.Path, *arguments: str) -> str:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@acme.com", "-c", "init.defaultBranch=main")
        files = ("-c", "protocol.file.allow=always")
        done = subprocess.run(["git", *who, *files, *arguments], cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run


@pytest.fixture
def shop(tmp_path: pathlib.Path, run: Git) -> pathlib.Path:
    """A repository with one commit, and a remote with a token in its address."""
    folder = tmp_path / "shop"
    folder.mkdir()
    run(folder, "init")
    (folder / "__main__.py").write_text("print(1)\n")
    run(folder, "add", ".")
    run(folder, "commit", "-m", "First")
    run(folder, "remote", "add", "upstream", "https://github.com/upstream/shop.git")
    run(folder, "remote", "add", "origin", "https://ann:s3cret@github.com/acme/shop.git")
    return folder


def test_commit_branch_and_repository_of_a_clean_checkout(shop: pathlib.Path, run: Git) -> None:
    """The repository is that of origin, without its token; a folder inside gives the same."""
    found = checkout(shop)
    assert found == Checkout(run(shop, "rev-parse", "HEAD"), "main", "github.com/acme/shop", dirty=False)
    (shop / "infra").mkdir()
    assert checkout(shop / "infra") == found


def test_dirty_means_that_tracked_files_changed(shop: pathlib.Path, run: Git) -> None:
    """A new file that git does not track is none; a changed, a staged and a removed one are."""
    (shop / "new.txt").write_text("new\n")
    assert _is_dirty(shop) is False
    run(shop, "add", "new.txt")
    assert _is_dirty(shop) is True
    run(shop, "commit", "-m", "Second")
    (shop / "__main__.py").write_text("print(2)\n")
    assert _is_dirty(shop) is True
    run(shop, "checkout", "__main__.py")
    assert _is_dirty(shop) is False
    (shop / "__main__.py").unlink()
    assert _is_dirty(shop) is True


def _is_dirty(folder: pathlib.Path) -> bool | None:
    found = checkout(folder)
    assert found is not None
    return found.dirty


def test_a_detached_head_has_no_branch(shop: pathlib.Path, run: Git) -> None:
    """As in most CI jobs."""
    run(shop, "checkout", "--detach")
    found = checkout(shop)
    assert found is not None
    assert (found.commit, found.branch) == (run(shop, "rev-parse", "HEAD"), None)


def test_a_branch_without_commits_has_none(tmp_path: pathlib.Path, run: Git) -> None:
    """`git init` was all so far."""
    run(tmp_path, "init")
    assert checkout(tmp_path) == Checkout(None, "main", None, dirty=False)


def test_without_origin_the_first_remote_counts(shop: pathlib.Path, run: Git) -> None:
    """And a remote that is a folder gives none."""
    run(shop, "remote", "remove", "origin")
    found = checkout(shop)
    assert found is not None
    assert found.repository == "github.com/upstream/shop"
    run(shop, "remote", "set-url", "upstream", "/home/ann/upstream.git")
    found = checkout(shop)
    assert found is not None
    assert found.repository is None


def test_a_worktree_has_its_own_branch(shop: pathlib.Path, run: Git) -> None:
    """And the repository's remotes."""
    run(shop, "worktree", "add", "-b", "login", "../login")
    commit = run(shop, "rev-parse", "HEAD")
    assert checkout(shop.parent / "login") == Checkout(commit, "login", "github.com/acme/shop", dirty=False)


def test_a_submodule_is_a_repository_of_its_own(shop: pathlib.Path, run: Git, tmp_path: pathlib.Path) -> None:
    """Changes inside make it dirty, and the repository around it only when another commit is checked out there."""
    outer = tmp_path / "outer"
    outer.mkdir()
    run(outer, "init")
    run(outer, "submodule", "add", str(shop), "shop")
    run(outer, "commit", "-m", "First")
    inner = outer / "shop"
    (inner / "__main__.py").write_text("print(2)\n")
    assert (_is_dirty(inner), _is_dirty(outer)) == (True, False)
    run(inner, "commit", "-am", "Second")
    assert (_is_dirty(inner), _is_dirty(outer)) == (False, True)


def test_what_is_no_checkout_gives_none(
    tmp_path: pathlib.Path, run: Git, shop: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No repository, a bare one, no folder, a file, somebody else's repository, no git at all."""
    plain, bare = tmp_path / "plain", tmp_path / "bare.git"
    plain.mkdir()
    run(tmp_path, "init", "--bare", str(bare))
    for folder in (plain, bare, tmp_path / "missing", shop / "__main__.py", pathlib.Path("nul\0")):
        assert checkout(folder) is None
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        assert checkout(shop) is None
    monkeypatch.setenv("PATH", str(plain))
    assert checkout(shop) is None


def test_the_folder_says_which_repository_is_meant(
    shop: pathlib.Path, tmp_path: pathlib.Path, run: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update that a git hook starts inherits variables that name the hook's repository."""
    run(tmp_path, "init", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / ".git" / "index"))
    found = checkout(shop)
    assert found is not None
    assert found.repository == "github.com/acme/shop"


def test_no_program_of_the_repository_runs_and_nothing_is_written(
    shop: pathlib.Path, run: Git, tmp_path: pathlib.Path
) -> None:
    """Neither a file system monitor nor a hook, and the index stays as it is."""
    ran = tmp_path / "ran"
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\necho $0 >> {ran}\n")
    monitor.chmod(0o755)
    (shop / ".git" / "hooks").mkdir(exist_ok=True)
    (shop / ".git" / "hooks" / "post-index-change").symlink_to(monitor)
    run(shop, "config", "core.fsmonitor", str(monitor))
    os.utime(shop / "__main__.py", (1, 1))  # so git would like to write the index
    index = (shop / ".git" / "index").read_bytes()
    assert _is_dirty(shop) is False
    assert not ran.exists()
    assert (shop / ".git" / "index").read_bytes() == index
    run(shop, "status")
    assert ran.exists(), "the test would pass with programs that never run"


def test_odd_names_of_branches_are_cleaned(shop: pathlib.Path, run: Git) -> None:
    """What changes the direction of text is left out, and a long name is cut."""
    run(shop, "checkout", "-b", "a\u202eb" + "c" * 220)
    found = checkout(shop)
    assert found is not None
    assert found.branch is not None
    assert found.branch.startswith("abccc")
    assert len(found.branch) == 200


@pytest.mark.parametrize(
    "script",
    [
        "sleep 60 & echo $! >> pids; echo $$ >> pids; wait",
        "sleep 60 & echo $! >> pids; exit 0",  # git is gone, but its child keeps the pipe open
        "trap '' TERM INT HUP; sleep 60 & echo $! >> pids; echo $$ >> pids; while :; do sleep 1; done",
    ],
)
def test_a_git_that_takes_too_long_is_killed_with_its_children(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """None after the limit, and no process stays behind."""
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\n{script}\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "LIMIT_S", 0.5)
    began = time.monotonic()
    assert checkout(tmp_path) is None
    assert time.monotonic() - began < 5
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert pids
    deadline = time.monotonic() + 5
    while any(_is_running(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")
