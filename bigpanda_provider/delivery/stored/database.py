"""What the outbox's tables need of a database, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ...bigpanda.text import sendable
from ...dataclass import dataclass
from ...errors import OutboxError
from .location import Location, Url

LIMIT_S = 2.0
"""How long a transaction may take, with all that it waits for."""


@dataclass(frozen=True)
class Statement:
    """One statement of a transaction.

    Attributes:
        sql: the statement, with "?" in place of each value.
        values: texts, numbers and None.
    """

    sql: str
    values: Sequence[Any] = ()


@dataclass(frozen=True)
class Answer:
    """What a statement did.

    Attributes:
        rows: what it found.
        count: how many rows it changed.
    """

    rows: Sequence[Mapping[str, Any]]
    count: int


class Database(Protocol):
    """A database. Its user sees to it that one thread at a time calls it.

    Attributes:
        ahead_s: by how much its clock is ahead of this machine's, in seconds; None where that is not known yet.
        locking: the end of a SELECT whose rows nobody may change before the transaction is over.
    """

    ahead_s: float | None
    locking: str

    def run(self, statements: Sequence[Statement], *, writes: bool) -> list[Answer]:
        """Carry out statements in one transaction, within `LIMIT_S`.

        Args:
            statements: the statements; none may depend on what another one finds.
            writes: whether they change something.

        Raises:
            OutboxError: it cannot be used. A transaction that changes something may have been carried out all the same.
        """

    def try_again(self) -> None:
        """Forget that it could not be used just now."""

    def close(self) -> None:
        """Close what is open; it is opened again when it is used."""


def opened(location: Location, *, is_patient: bool = False) -> Database:
    """The database at a location; it is connected to when it is used first.

    Args:
        location: where it is.
        is_patient: whether a database that machines share may take longer.
    """
    if isinstance(location, Url):
        from .postgres import Postgres

        return Postgres(location, is_patient=is_patient)
    from .sqlite import Sqlite

    return Sqlite(location)


def unusable(location: Location, why: object) -> OutboxError:
    """The error of an outbox that cannot be used: where, why, and what to do."""
    told, advice = str(why), "set BIGPANDA_OUTBOX to another file, or remove this file"
    if isinstance(location, Url):
        told, advice = location.masked(told), "`bigpanda-release doctor` checks the database"
    return OutboxError(sendable(f"the outbox {location} cannot be used ({told})"), advice)
