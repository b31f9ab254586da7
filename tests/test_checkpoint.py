"""What the last checkpoint says of a Deployment's last attempt, worked out of plain maps."""

from __future__ import annotations

from typing import Any

import pytest

from bigpanda_provider.program.checkpoint import Checkpoint
from bigpanda_provider.state import COMPLETION_TYPE, DEPLOYMENT_TYPE


def checkpoint(start: dict[str, Any], end: dict[str, Any] | None = None, **others: dict[str, Any]) -> Checkpoint:
    """That of a stack with a Deployment, its Completion where there is one, and other resources by type."""
    resources = {"start": {"type": DEPLOYMENT_TYPE, "outputs": start}}
    if end is not None:
        resources["end"] = {"type": COMPLETION_TYPE, "outputs": end}
    return Checkpoint.of(resources | {kind: {"type": kind, "outputs": outputs} for kind, outputs in others.items()})


@pytest.mark.parametrize(
    ("end", "known"),
    [
        (None, {"status": "open"}),
        ({"attempt": "an earlier one", "status": "success", "delivery": "delivered"}, {"status": "open"}),
        ({"status": "success", "delivery": "delivered"}, None),
        ({"status": "success", "delivery": "queued"}, {"status": "success", "delivery": "queued", "waiting": 1}),
        ({"status": "success", "delivery": "rejected"}, None),
        (
            {"status": "failure", "delivery": "delivered", "errorMessage": "no \x1b[31mroom"},
            {"status": "failure", "delivery": "delivered", "errorMessage": "no room"},
        ),
        ({"status": "[secret]", "delivery": "delivered"}, {"delivery": "delivered"}),
    ],
)
def test_what_is_known_of_the_last_attempt(end: dict[str, Any] | None, known: dict[str, Any] | None) -> None:
    """Nothing has to be said of one that succeeded and arrived."""
    start = {"attempt": "a1", "delivery": "delivered"}
    found = checkpoint(start, None if end is None else {"attempt": "a1", **end})
    assert found.previous(["the new name", "start"]) == (None if known is None else {"attempt": "a1", **known})


def test_what_hosts_are_called() -> None:
    """By key: as their outputs say. A resource that was renamed has its old key there."""
    instance, prefix = "aws:ec2/instance:Instance", "urn:pulumi:prod::shop::"
    web = {"tags": {"Name": "web-1"}, "privateDns": "ip-1"}
    found = Checkpoint.of(
        {
            f"{prefix}{instance}::web": {"type": instance, "outputs": web},
            f"{prefix}acme:a:Fleet${instance}::web": {"type": instance, "outputs": {"privateDns": "ip-2"}},
            f"{prefix}{instance}::new": {"type": instance, "outputs": {}},
            f"{prefix}aws:s3/bucket:Bucket::web": {"type": "aws:s3/bucket:Bucket", "outputs": {"name": "b"}},
        }
    )
    assert found.names == {f"{instance}::web": "web-1", f"acme:a:Fleet${instance}::web": "ip-2"}
    assert found.called([f"{instance}::www", f"{instance}::web"]) == "web-1"
    assert found.called([f"{instance}::new"]) is None
    assert Checkpoint().called([f"{instance}::web"]) is None


def test_there_is_no_last_attempt() -> None:
    """Or nothing was sent of it; a checkpoint that could not be read is another thing."""
    assert checkpoint({"attempt": "a1", "delivery": "off"}).previous(["start"]) is None
    assert checkpoint({}).previous(["start"]) is None
    assert checkpoint({"attempt": "a1"}).previous(["another"]) is None
    assert Checkpoint().previous(["start"]) is None
    assert Checkpoint(was_read=False).previous(["start"]) == {"status": "unknown"}


@pytest.mark.parametrize(
    ("start", "end", "sent"),
    [
        ({"attempt": "a1", "delivery": "delivered"}, None, set()),
        ({"attempt": "a1"}, {"attempt": "a1", "delivery": "delivered"}, {"a1"}),
        ({"attempt": "a1"}, {"attempt": "a1", "delivery": "rejected"}, {"a1"}),
        ({"attempt": "a1"}, {"attempt": "a1", "delivery": "queued"}, set()),
        ({"attempt": "a1"}, {"attempt": "a1", "delivery": "off"}, set()),
        ({"attempt": "a1"}, {"delivery": "delivered"}, set()),
        ({"attempt": "a2", "settled": ["a0", "a1"]}, {"attempt": "a2", "delivery": "queued"}, {"a0", "a1"}),
        ({"attempt": "a2", "settled": ["a1"]}, {"attempt": "a2", "delivery": "delivered"}, {"a1", "a2"}),
        ({"attempt": "a2", "settled": "[secret]"}, None, set()),
    ],
)
def test_what_is_known_to_be_sent(start: dict[str, Any], end: dict[str, Any] | None, sent: set[str]) -> None:
    """Ends that arrived or were rejected, and what waited once and does not any more."""
    assert checkpoint(start, end).sent == sent


def test_other_resources_are_passed_over() -> None:
    """Whatever they hold under these names."""
    found = checkpoint({"attempt": "a1"}, **{"aws:s3/bucket:Bucket": {"attempt": "b", "settled": ["c"]}})
    assert found.attempts == {"a1"}
    assert found.sent == set()
