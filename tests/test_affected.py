"""What changed in a scope and which hosts that affects, as pure functions of two runs' inputs."""

from __future__ import annotations

from typing import Any

import pytest

from bigpanda_provider.hosts import named
from bigpanda_provider.provider import affected
from bigpanda_provider.provider.affected import changed, reached

A, B, C = "t:m:T::a", "t:m:T::b", "t:m:T::c"
OLD = {
    "component": "web",
    "version": "1",
    "resources": {A: "1", B: "1"},
    "hostNames": {A: ["host-a"], B: ["host-b"]},
    "hosts": ["host-a", "host-b"],
}
NEW = {name: value for name, value in OLD.items() if name != "hosts"}


def worked_out(olds: dict[str, Any], news: dict[str, Any], *, failed: bool, unknown: Any) -> dict[str, Any]:
    """What follows from the inputs, with what changed between them."""
    changes = changed(olds.get("resources"), news.get("resources"), news.get("aliases", {}))
    return affected.worked_out(olds, news, changes, failed=failed, unknown=unknown)


@pytest.mark.parametrize(
    ("olds", "news", "aliases", "changes"),
    [
        ({A: "1"}, {A: "1"}, {}, []),
        ({A: "1"}, {A: "2"}, {}, [A]),
        ({A: "1"}, {A: "1", B: "1"}, {}, [B]),
        ({A: "1", B: "1"}, {A: "1"}, {}, [B]),
        ({A: "1"}, {B: "1"}, {B: [A]}, []),
        ({A: "1"}, {B: "2"}, {B: [A]}, [B]),
        ({A: "1", B: "1"}, {B: "1"}, {B: [A]}, [A]),
        ({B: "1"}, {B: "1"}, {B: [A]}, []),
        (None, {A: "1"}, {}, []),
        ({A: "1"}, None, {}, []),
    ],
    ids=[
        "same",
        "other inputs",
        "added",
        "removed",
        "renamed",
        "renamed and other inputs",
        "an alias of one that is still there",
        "an alias that has done its work",
        "nothing to compare with",
        "looks at nothing any more",
    ],
)
def test_changes(olds: Any, news: Any, aliases: Any, changes: list[str]) -> None:
    """Added, removed, or declared with other inputs; a rename is none of these."""
    assert changed(olds, news, aliases) == changes


def test_what_takes_an_output_of_a_change_is_reached() -> None:
    """Directly and through others."""
    assert reached([A], {B: [A], C: [B]}) == {A, B, C}
    assert reached([C], {B: [A]}) == {C}
    assert reached([], {B: [A]}) == set()


@pytest.mark.parametrize(
    ("olds", "news", "hosts"),
    [
        ({}, NEW, ["host-a", "host-b"]),
        (OLD, NEW, ["host-a", "host-b"]),
        ({**OLD, "hosts": ["host-a"]}, NEW, ["host-a"]),
        (OLD, {**NEW, "resources": {A: "2", B: "1"}}, ["host-a"]),
        (OLD, {**NEW, "resources": {A: "2", B: "1"}, "takes": {B: [A]}}, ["host-a", "host-b"]),
        (OLD, {**NEW, "resources": {A: "1"}, "hostNames": {A: ["host-a"]}}, ["host-b"]),
        (OLD, {**NEW, "version": "2", "resources": {A: "2", B: "1"}}, ["host-a", "host-b"]),
        (OLD, {**NEW, "version": "2", "versionFound": True, "resources": {A: "2", B: "1"}}, ["host-a"]),
        (OLD, {**NEW, "resources": {A: "1", B: "1", C: "1"}}, ["c"]),
        ({**OLD, "hostNames": {}}, {**NEW, "hostNames": {}, "resources": {A: "2", B: "1"}}, ["a"]),
        (OLD, {**NEW, "version": "?"}, ["host-a", "host-b"]),
    ],
    ids=[
        "new",
        "unchanged",
        "unchanged after a smaller change",
        "one changed",
        "one takes an Output of it",
        "one removed",
        "new version",
        "new version that was only found",
        "only one that is no host",
        "none is known as a host",
        "version not known yet",
    ],
)
def test_hosts(olds: dict[str, Any], news: dict[str, Any], hosts: list[str]) -> None:
    """Those of what is affected; all for a new Deployment and a new version; the last ones where nothing changed."""
    assert worked_out(olds, news, failed=False, unknown="?")["hosts"] == hosts


def test_hosts_of_an_attempt_that_failed_are_affected_too() -> None:
    """What it left half done is still to be told."""
    news = {**NEW, "resources": {A: "2", B: "1"}}
    assert worked_out({**OLD, "hosts": ["host-b"]}, news, failed=True, unknown="?")["hosts"] == ["host-a", "host-b"]


def test_given_hosts_are_what_is_sent() -> None:
    """Nothing is added to them."""
    news = {**OLD, "hosts": ["mine"], "resources": {A: "2"}}
    del news["hostNames"]
    assert worked_out(OLD, news, failed=False, unknown="?")["hosts"] == ["mine"]


def test_what_is_only_needed_to_work_it_out_is_not_kept() -> None:
    """State holds what the next run compares with."""
    kept = worked_out(OLD, {**NEW, "takes": {B: [A]}, "aliases": {B: [C]}}, failed=False, unknown="?")
    assert set(kept) == {"component", "version", "resources", "hostNames", "hosts"}


def test_without_a_resource_there_is_no_host() -> None:
    """The provider asks for one then."""
    news = {"component": "w", "version": "1", "resources": {}, "hostNames": {}}
    assert "hosts" not in worked_out({}, news, failed=False, unknown="?")


def test_names_that_hold_two_colons() -> None:
    """Where no host is known, the names of the resources are sent whole."""
    keys = ["pkg:mod:Type::web::1", "pkg:mod:Parent$pkg:mod:Type::db::1", "pkg:mod:Type::a:b"]
    assert named(keys, {}) == ["a:b", "db::1", "web::1"]
