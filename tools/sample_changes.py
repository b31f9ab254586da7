"""Half an hour of a shop's deployments, posted to a sandbox by its APIs: what the pictures of the Changes page show."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WEB = ("web-prod-1", "web-prod-2", "web-prod-3")
PAYMENTS = ("pay-prod-1", "pay-prod-2")
SEARCH = ("es-prod-1", "es-prod-2", "es-prod-3")
EDGE = ("edge-ams-1", "edge-ams-2", "edge-fra-1", "edge-fra-2", "edge-lhr-1")
DATABASE = ("pg-prod-1", "pg-prod-2")
HEADERS = {"Authorization": "Bearer any", "x-bp-app-key": "any", "Content-Type": "application/json"}
DEPLOYMENTS, CHANGES = "/data/events/deployments", "/data/changes"
ANSWER_LIMIT_S = 10
PULL_FAILED = (
    "checkout: [Pod checkout-6d5f7c9b8d-x2kqv]: containers with unready status: [checkout]"
    ' -- [ImagePullBackOff] Back-off pulling image "ghcr.io/acme/checkout:8.2.0"'
)


@dataclass(frozen=True)
class Sample:
    """One deployment, or one change if it has an identifier.

    Attributes:
        before: how long ago it started, in minutes and seconds: `"7:30"`; `"-7:30"` is still to come.
        lasted: how long it took; None if it is not over.
        reason: why it failed; None if it did not.
        identifier: that of a change.
        status: the status of a change, as the Changes API has it.
    """

    before: str
    lasted: str | None
    component: str
    version: str
    hosts: tuple[str, ...]
    owner: str
    description: str
    reason: str | None = None
    identifier: str = ""
    status: str = ""


SAMPLES = (
    Sample("191:20", "3:58", "checkout", "8.1.4", ("checkout",), "ana@acme.com", "Round discounts per line"),
    Sample("29:10", "3:05", "web", "5.18.0", WEB, "mia@acme.com", "Size guide on product pages"),
    Sample("27:30", "8:41", "payments", "3.9.2", PAYMENTS, "leo@acme.com", "Retry after a gateway timeout"),
    Sample("23:34", "6:58", "search", "2.41.0", SEARCH, "oliver@acme.com", "Synonyms for colours"),
    Sample(
        *("20:05", "2:20", "edge-cache", "2026.11.2", EDGE, "noor@acme.com", "Purge the edge caches in Europe"),
        reason="Canceled by noor: the purge would hit the sale",
        identifier="CHG-20418",
        status="Canceled",
    ),
    Sample("17:46", "5:04", "checkout", "8.2.0", ("checkout",), "ana@acme.com", "Apple Pay for guests", PULL_FAILED),
    Sample("15:20", "0:47", "billing-worker", "1.14.3", ("bill-prod-1",), "joy@acme.com", "Round VAT per invoice line"),
    Sample("13:02", "3:31", "search", "2.41.1", SEARCH, "oliver@acme.com", "Fix the synonyms for grey"),
    Sample("11:01", "4:36", "checkout", "8.2.1", ("checkout",), "ana@acme.com", "Apple Pay, image pushed"),
    Sample("8:12", "2:49", "web", "5.18.1", WEB, "mia@acme.com", "Fix the size guide on phones"),
    Sample("4:07", None, "payments", "3.9.3", PAYMENTS, "leo@acme.com", "Log the gateway's trace id"),
    Sample("1:50", None, "billing-worker", "1.14.4", ("bill-prod-1",), "joy@acme.com", "Invoices in Polish"),
    Sample(
        *("-4:00", "12:00", "orders-db", "15.6", DATABASE, "sam@acme.com", "Minor upgrade of Postgres"),
        identifier="CHG-20431",
        status="Planned",
    ),
)


class Clock:
    """A clock that shows the time that it is given."""

    time = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


def post(address: str, clock: Clock, now: float) -> None:
    """Post these deployments and changes, each at its time.

    Args:
        address: a sandbox.
        clock: the sandbox's clock: the Deployments API says of an end that it is now.
        now: the end of the half hour, in Unix seconds.
    """
    for clock.time, path, body in sorted(events(int(now)), key=lambda event: event[0]):
        request = urllib.request.Request(address + path, json.dumps(body).encode(), HEADERS, method="POST")
        urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S).close()
    clock.time = now


def events(now: int) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """When each event comes in, where it is posted, and its body."""
    for sample in SAMPLES:
        began = now - seconds(sample.before)
        place = {"component": sample.component, "version": sample.version, "hosts": sample.hosts}
        if sample.identifier:
            yield min(began, now), CHANGES, change(sample, began)
            continue
        about = {"description": sample.description, "owner": sample.owner, "source": "pulumi"}
        yield began, f"{DEPLOYMENTS}/start", {**place, "timestamp": began, **about}
        if sample.lasted is not None:
            reason = {"errorMessage": sample.reason} if sample.reason else {}
            status = "failure" if sample.reason else "success"
            yield began + seconds(sample.lasted), f"{DEPLOYMENTS}/end", {**place, "status": status, **reason}


def change(sample: Sample, began: int) -> dict[str, Any]:
    """The body of a change."""
    tags = {"component": sample.component, "version": sample.version, "hosts": ", ".join(sample.hosts)}
    tags |= {"owner": sample.owner} | ({"reason": sample.reason} if sample.reason else {})
    body = {"identifier": sample.identifier, "status": sample.status, "summary": sample.description, "start": began}
    return {**body, "end": began + seconds(sample.lasted or "0:00"), "tags": tags}


def seconds(text: str) -> int:
    """Minutes and seconds (`"7:30"`) in seconds."""
    minutes, rest = text.removeprefix("-").split(":")
    return (int(minutes) * 60 + int(rest)) * (-1 if text.startswith("-") else 1)
