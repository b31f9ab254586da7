"""Half an hour of a shop's deployments, as BigPanda has them: what the pictures of the Changes page show."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

from bigpanda_provider.sandbox.bodies import EndBody, StartBody, parse
from bigpanda_provider.sandbox.store import Store

WEB = ("web-prod-1", "web-prod-2", "web-prod-3")
PAYMENTS = ("pay-prod-1", "pay-prod-2")
SEARCH = ("es-prod-1", "es-prod-2", "es-prod-3")


@dataclass(frozen=True)
class Sample:
    """One deployment.

    Attributes:
        before: how long ago it started, in minutes and seconds: `"7:30"`.
        lasted: how long it took; None if it is in progress.
        reason: why it failed; None if it did not.
    """

    before: str
    lasted: str | None
    component: str
    version: str
    hosts: tuple[str, ...]
    owner: str
    description: str
    reason: str | None = None


SAMPLES = (
    Sample("28:52", "3:05", "web", "5.18.0", WEB, "mia@acme.com", "Size guide on product pages"),
    Sample("27:10", "8:41", "payments", "3.9.2", PAYMENTS, "leo@acme.com", "Retry after a gateway timeout"),
    Sample("22:34", "5:58", "search", "2.41.0", SEARCH, "oliver@acme.com", "Synonyms for colours"),
    Sample(
        *("17:46", "5:04", "checkout", "8.2.0", ("checkout",), "ana@acme.com", "Apple Pay for guests"),
        reason="checkout: [Pod checkout-6d5f7c9b8d-x2kqv]: containers with unready status: [checkout]"
        ' -- [ImagePullBackOff] Back-off pulling image "ghcr.io/acme/checkout:8.2.0"',
    ),
    Sample(
        *("15:20", "0:47", "billing-worker", "1.14.3", ("billing-worker",)),
        *("joy@acme.com", "Round VAT per invoice line"),
    ),
    Sample("9:31", "1:36", "checkout", "8.2.1", ("checkout",), "ana@acme.com", "Apple Pay, image pushed"),
    Sample("7:12", "2:49", "web", "5.18.1", WEB, "mia@acme.com", "Fix the size guide on phones"),
    Sample("2:07", None, "payments", "3.9.3", PAYMENTS, "leo@acme.com", "Log the gateway's trace id"),
)


def write(file: pathlib.Path, now: float) -> None:
    """Write a data file of the sandbox with these deployments.

    Args:
        file: a file that does not exist.
        now: the end of the half hour, in Unix seconds.
    """
    clock = Clock()
    store = Store(str(file), clock)
    for clock.time, body in sorted(events(now), key=lambda event: event[0]):
        raw = json.dumps(body).encode()
        if "status" in body:
            store.end(*parse(EndBody, raw))
        else:
            store.start(*parse(StartBody, raw))
    store.close()


class Clock:
    """A clock that shows the time that it is given."""

    time = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


def events(now: float) -> Iterator[tuple[float, dict[str, object]]]:
    """When each start and end came in, and its body."""
    for sample in SAMPLES:
        began = int(now) - seconds(sample.before)
        place = {"component": sample.component, "version": sample.version, "hosts": sample.hosts}
        about = {"description": sample.description, "owner": sample.owner, "source": "pulumi"}
        yield began, {**place, "timestamp": began, **about}
        if sample.lasted is not None:
            reason = {"errorMessage": sample.reason} if sample.reason else {}
            status = "failure" if sample.reason else "success"
            yield began + seconds(sample.lasted), {**place, "status": status, **reason}


def seconds(text: str) -> int:
    """Minutes and seconds (`"7:30"`) in seconds."""
    minutes, rest = text.split(":")
    return int(minutes) * 60 + int(rest)
