"""The outbox as one process uses it: what other processes have left in it, and how their attempts ended.

An update goes on without an outbox that cannot be used.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Container, Iterable, Iterator
from typing import TypeVar

from ..bigpanda.events import Status
from ..errors import OutboxError
from ..provider.log import Warn
from .attempt import INCOMPLETE, Attempt, Previous, State
from .outbox import Note, Outbox, Place, Row
from .owner import Owner

OTHER_OWNER_LIMIT_S = 6.0
"""How long to wait for another process that is still ending an attempt: an engine gives its provider 5 s."""

T = TypeVar("T")


class Ledger:
    """One outbox, for one BigPanda.

    Args:
        outbox: the record of all processes of this machine.
        address: BigPanda's base URL.
        warn: tells the user, once, that the outbox cannot be used.
    """

    def __init__(self, outbox: Outbox, address: str, warn: Warn) -> None:
        self._outbox: Outbox | None = outbox
        self._address = address
        self._warn = warn

    def use(self, use: Callable[[Outbox], T]) -> T | None:
        """Use the outbox; one that cannot be used is a warning and None, and not tried again by this process."""
        if self._outbox is None:
            return None
        try:
            return use(self._outbox)
        except OutboxError as error:
            self._outbox = None
            self._warn(str(error), about="outbox")
            return None

    @contextlib.contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep this thread's connection meanwhile."""
        with contextlib.nullcontext() if self._outbox is None else self._outbox.kept_open():
            yield

    def find(self, attempt: str) -> Row | None:
        """What is known of the attempt."""
        return self.use(lambda outbox: outbox.find(attempt))

    def noted(self, attempt: str) -> Note | None:
        """What the program's process has noted of the attempt."""
        return self.use(lambda outbox: outbox.noted(attempt))

    def noted_of_deployment(self, place: Place) -> Note | None:
        """What the program's process has noted last of a Deployment whose attempt it did not know yet."""
        return self.use(lambda outbox: outbox.noted_of_deployment(place))

    def unsettled(self, stack: str) -> list[Row]:
        """What other processes have that is not settled, oldest first."""
        return self.use(lambda outbox: outbox.unsettled(stack, self._address, besides=Owner.current())) or []

    def unsettled_of(self, place: Place) -> list[Row]:
        """What other processes have of a Deployment that is not settled, oldest first."""
        return [row for row in self.unsettled(place.stack) if row.place == place]

    @staticmethod
    def left_behind(rows: Iterable[Row], known: Container[str]) -> list[Row]:
        """Those that the outbox alone has, of processes that are gone.

        What state holds is left to the run that finds it there: another machine may have sent it in the meantime. How
        an update ended that the release runner left open is for the runner to find out.

        Args:
            rows: what is not settled.
            known: the ids of the attempts that this process sees to already.
        """
        unheld = (row for row in rows if not row.stored and row.start is not None and row.id not in known)
        ours = (row for row in unheld if row.status is not None or (row.left_open and row.folder is None))
        return [row for row in ours if not row.owner.alive]

    def finished(self, attempt: str) -> Row | None:
        """What is known of the attempt, once no other process is busy with it; waits for one for a limited time."""
        deadline = time.monotonic() + OTHER_OWNER_LIMIT_S
        while True:
            row = self.find(attempt)
            mine = row is None or row.owner == Owner.current()
            if row is None or mine or row.end_state not in (None, State.QUEUED) or not row.owner.alive:
                return row
            if time.monotonic() > deadline:
                return row
            time.sleep(0.1)

    def ended(self, attempt: Attempt) -> Attempt:
        """An attempt of an earlier run with its end: what was noted before that run was killed, else a failure."""
        note = None if attempt.status is not None else self.noted(attempt.id)
        return attempt.ended(Status.FAILURE, INCOMPLETE) if note is None else attempt.ended(*note.end)

    def how_it_ended(self, attempt: str) -> Previous | None:
        """How an attempt of an earlier run ended; None where that is not known.

        One whose scope went well is a success, though its process may be at that end still, or was killed before.
        """
        row = self.find(attempt)
        if row is not None and row.status is None:
            note = self.noted(attempt)
            if note is None or note.reason is not None:
                return None
            row = self.finished(attempt)
            if row is None or row.status is None:
                return Previous(attempt, Status.SUCCESS, State.QUEUED)
        return None if row is None or row.status is None else Previous(row.id, row.status, row.end_state, row.reason)
