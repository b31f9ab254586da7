"""The transitions of the outbox, in SQL that a file and a database both take.

Each transition is one statement that says which state the record comes from, and tells whether it moved the record. So
of two processes that want to end, send or take over an attempt, one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from ...dataclass import dataclass
from ...errors import InvalidEventError
from ..holder import Holder
from ..record import Addition, Note, Place, Record
from . import rows
from .database import Answer, Statement, opened, unusable
from .history import Kept
from .location import Location

FORGET_EVERY = 500
"""What is too old is looked for when the first attempt of a process is settled, and then after so many."""
DAY_S = 86_400
PAGE = 1000
"""How many attempts are read at a time: a team may keep many."""

UNSETTLED = "(end_delivery IS NULL OR end_delivery = 'queued')"
END_IS_LOST = "(end_delivery IN ('rejected', 'off') AND start_delivery = 'delivered')"
SELECT = f"SELECT {rows.COLUMNS} FROM bigpanda_attempt WHERE"  # noqa: S608 - our own names
INSERT = f"""
INSERT INTO bigpanda_attempt ({rows.COLUMNS}) VALUES ({", ".join("?" * len(rows.COLUMNS.split(",")))})
ON CONFLICT (id) DO NOTHING
"""  # noqa: S608
# Its holder may have renewed the lease since the record was read: only another process minds that. A holder that takes
# it once more has not been told that it had taken it: the answer was lost.
MOVE = """
UPDATE bigpanda_attempt SET holder = ?, lease = ?, start_delivery = ?, status = ?, reason = ?, end_delivery = ?,
    ended = ?, in_state = ?, in_doubt = ?, address = ?, name = ?, why = ?, start = coalesce(?, start)
WHERE id = ? AND start_delivery = ? AND coalesce(status, '') = coalesce(?, '')
    AND coalesce(end_delivery, '') = coalesce(?, '') AND ((holder = ? AND lease = ?) OR holder = ?)
"""
RENEW = f"UPDATE bigpanda_attempt SET lease = ? WHERE id = ? AND holder = ? AND {UNSETTLED}"  # noqa: S608
IS_SETTLED_HERE = f"EXISTS (SELECT 1 FROM bigpanda_attempt WHERE id = ? AND holder = ? AND NOT {UNSETTLED})"  # noqa: S608
FORGET_OLD = f"DELETE FROM bigpanda_attempt WHERE recorded < ? AND NOT {UNSETTLED}"  # noqa: S608
FORGET_MORE = f"""
DELETE FROM bigpanda_attempt WHERE NOT {UNSETTLED} AND recorded <=
    (SELECT recorded FROM bigpanda_attempt WHERE NOT {UNSETTLED} ORDER BY recorded DESC LIMIT 1 OFFSET ?)
"""  # noqa: S608
ADD = """
INSERT INTO bigpanda_addition (attempt, hosts, holder, until)
    SELECT id, ?, ?, ? FROM bigpanda_attempt WHERE id = ? AND status IS NULL AND start IS NOT NULL"""
NOTE = "INSERT INTO bigpanda_note (attempt, reason, written) VALUES (?, ?, ?) ON CONFLICT (attempt) DO NOTHING"
NOTE_ANEW = NOTE.replace("NOTHING", "UPDATE SET reason = excluded.reason, written = excluded.written")

T = TypeVar("T")


@dataclass(frozen=True)
class Surroundings:
    """What the sending of a record's event takes besides the record.

    Attributes:
        records: those of its Deployment that are not settled, itself included, oldest first.
        additions: the hosts that were added to its attempt.
    """

    records: list[Record]
    additions: list[Addition]


class Tables:
    """The tables at a location. Their user sees to it that one thread at a time calls them.

    Each call is one transaction.

    Args:
        location: where they are; they are made when they are used first.
        kept: how much history is kept.
        is_patient: whether a database that machines share may take longer.

    Raises:
        OutboxError: from every method: they cannot be read or written; the sentence says why.
    """

    def __init__(self, location: Location, kept: Kept, *, is_patient: bool = False) -> None:
        self._location, self._kept = location, kept
        self._database = opened(location, is_patient=is_patient)
        self._settled = 0

    @property
    def ahead_s(self) -> float | None:
        """By how much the clock that leases are told by is ahead of this machine's, in seconds; None if not known."""
        return self._database.ahead_s

    def look_at_clock(self) -> None:
        """Find out `ahead_s`, as each transaction does."""
        self._database.run([], writes=False)

    # -- records -------------------------------------------------------------------------------------------------------

    def move(
        self, moves: Sequence[tuple[Record | None, Record]], now: float, sent_next: Record | None = None
    ) -> tuple[list[bool], Surroundings | None]:
        """Bring records from one state to the next.

        Args:
            moves: pairs of how a record is in the table (None: it is not there), and how it is to be.
            now: in Unix seconds.
            sent_next: the record of which an event is sent next; what else that takes is read in the same transaction.

        Returns:
            For each whether it was moved: one that was not is in another state by now, or has another holder. And the
            surroundings of the record that is sent next.
        """
        first = list[int]()
        statements = list[Statement]()
        # Two transactions that change the same rows in another order would stand in each other's way.
        ordered = sorted(range(len(moves)), key=lambda number: moves[number][1].id)
        for number in ordered:
            first.append(len(statements))
            statements += _moving(*moves[number])
        settled = sum(new.attempt.is_settled for _, new in moves)
        if (self._settled + settled - 1) // FORGET_EVERY > (self._settled - 1) // FORGET_EVERY:
            statements += self._forgetting(now)
        if sent_next is not None:
            place = sent_next.place
            statements += [_unsettled(place.stack, place.address, place.name), _additions(sent_next.id)]
        answers = self._write(*statements)
        moved = {number: answers[at].count == 1 for number, at in zip(ordered, first, strict=True)}
        self._settled += settled
        surroundings = None
        if sent_next is not None:
            surroundings = Surroundings(
                self._read_of(answers[-2], rows.record), self._read_of(answers[-1], rows.addition)
            )
        return [moved[number] for number in range(len(moves))], surroundings

    def _forgetting(self, now: float) -> list[Statement]:
        old = Statement(FORGET_OLD, (now - self._kept.days * DAY_S,))
        return [old] if self._kept.most is None else [old, Statement(FORGET_MORE, (self._kept.most,))]

    def forget(self, record: Record) -> bool:
        """Remove a record whose start cannot have arrived; whether it was still so."""
        statement = "DELETE FROM bigpanda_attempt WHERE id = ? AND holder = ? AND start_delivery <> 'delivered'"
        return self._write(Statement(statement, (record.id, str(record.holder))))[0].count == 1

    def remove(self, record: Record) -> None:
        """Remove a record of this process, with what belongs to it."""
        mine = (record.id, str(record.holder))
        is_mine = "EXISTS (SELECT 1 FROM bigpanda_attempt WHERE id = ? AND holder = ?)"
        self._write(
            Statement(f"DELETE FROM bigpanda_note WHERE attempt = ? AND {is_mine}", (record.id, *mine)),  # noqa: S608
            Statement(f"DELETE FROM bigpanda_addition WHERE attempt = ? AND {is_mine}", (record.id, *mine)),  # noqa: S608
            Statement("DELETE FROM bigpanda_attempt WHERE id = ? AND holder = ?", mine),
        )

    def renew(self, records: Iterable[Record], until: float) -> int:
        """Extend leases, of those that still have the holder that they had; how many these are.

        Args:
            records: whose leases.
            until: in Unix seconds.
        """
        ordered = sorted(records, key=lambda record: record.id)
        renewed = self._write(*(Statement(RENEW, (until, one.id, str(one.holder))) for one in ordered))
        return sum(answer.count for answer in renewed)

    def find(self, attempt: str) -> Record | None:
        """The record of this attempt."""
        found = self._select("id = ?", attempt)
        return found[0] if found else None

    def unsettled(self, stack: str, address: str, name: str | None = None) -> list[Record]:
        """The attempts of a stack to an address, or of one Deployment in it, that are open or wait, oldest first."""
        return self._read(_unsettled(stack, address, name), rows.record)

    def unsettled_of_all(self) -> list[Record]:
        """The attempts of every stack and address that are open or wait, oldest first."""
        return self._select(f"{UNSETTLED} ORDER BY recorded, id")

    def unended(self) -> list[Record]:
        """As `unsettled_of_all`, with those that BigPanda still has in progress, since their end will never arrive."""
        return self._select(f"{UNSETTLED} OR {END_IS_LOST} ORDER BY recorded, id")

    def latest(self, after: Record | None) -> list[Record]:
        """A page of all attempts that are kept, the newest first.

        Args:
            after: the last one of the page before; None for the first page.
        """
        order = "ORDER BY recorded DESC, id LIMIT ?"
        if after is None:
            return self._select(f"TRUE {order}", PAGE)
        where = f"recorded <= ? AND (recorded < ? OR id > ?) {order}"
        return self._select(where, after.recorded, after.recorded, after.id, PAGE)

    def last_of(self, place: Place) -> Record | None:
        """The record of a Deployment that was begun last, if it is kept."""
        where = "stack = ? AND address = ? AND name = ? ORDER BY recorded DESC, id LIMIT 1"
        found = self._select(where, place.stack, place.address, place.name)
        return found[0] if found else None

    def _select(self, where: str, *values: str | float) -> list[Record]:
        told = [rows.text(value) if isinstance(value, str) else value for value in values]
        return self._read(Statement(f"{SELECT} {where}", told), rows.record)

    # -- additions -----------------------------------------------------------------------------------------------------

    def add_hosts(self, attempt: str, hosts: Iterable[str], holder: Holder, until: float) -> bool:
        """Add hosts to an attempt, which that process is going to send; whether it is open, and its event known here.

        Args:
            attempt: the attempt's id.
            hosts: the hosts.
            holder: the process.
            until: when it has done so at the latest, in Unix seconds.
        """
        values = (rows.hosts_value(hosts), str(holder), until, rows.text(attempt))
        return self._write(Statement(ADD + self._database.locking, values))[0].count == 1

    def insert_additions(self, attempt: str, additions: Iterable[Addition]) -> None:
        """Write additions as they are."""
        insert = "INSERT INTO bigpanda_addition (attempt, hosts, holder, until) VALUES (?, ?, ?, ?)"
        values = [(attempt, rows.hosts_value(one.hosts), str(one.holder), one.until) for one in additions]
        if values:
            self._write(*(Statement(insert, one) for one in values))

    def addition_is_over(self, attempt: str, holder: Holder) -> None:
        """What that process was to send of the attempt's hosts is sent, or is not."""
        over = "UPDATE bigpanda_addition SET until = 0 WHERE attempt = ? AND holder = ?"
        self._write(Statement(over, (rows.text(attempt), str(holder))))

    def additions(self, attempt: str) -> list[Addition]:
        """What was added to the attempt, in its order."""
        return self._read(_additions(attempt), rows.addition)

    # -- notes ---------------------------------------------------------------------------------------------------------

    def note(self, attempt: str, note: Note) -> None:
        """Note, for whoever ends the attempt, why it fails, or that its scope went well. The first counts."""
        self._note(NOTE, attempt, note)

    def note_deployment(self, place: Place, note: Note) -> None:
        """Note why a Deployment fails whose attempt is not known yet. The last counts: others are of earlier runs."""
        self._note(NOTE_ANEW, _key(place), note)

    def _note(self, sql: str, key: str, note: Note) -> None:
        told = None if note.reason is None else rows.text(note.reason)
        self._write(Statement(sql, (rows.text(key), told, note.written)))

    def noted(self, attempt: str) -> Note | None:
        """What was noted of the attempt."""
        statement = Statement("SELECT reason, written FROM bigpanda_note WHERE attempt = ?", (rows.text(attempt),))
        found = self._read(statement, lambda row: Note(row["reason"], row["written"]))
        return found[0] if found else None

    def noted_of_deployment(self, place: Place) -> Note | None:
        """What was noted last of the Deployment."""
        return self.noted(_key(place))

    # -- the database --------------------------------------------------------------------------------------------------

    def check_writable(self) -> None:
        """Find out whether they can be written, without a change."""
        tables = (("attempt", "lease"), ("note", "written"), ("addition", "until"))
        self._write(*(Statement(f"UPDATE bigpanda_{one} SET {of} = {of} WHERE FALSE") for one, of in tables))  # noqa: S608

    def try_again(self) -> None:
        """Forget that they could not be used just now."""
        self._database.try_again()

    def close(self) -> None:
        """Close the database; it is opened again when it is used."""
        self._database.close()

    def _write(self, *statements: Statement) -> list[Answer]:
        return self._database.run(statements, writes=True)

    def _read(self, statement: Statement, make: Callable[[Any], T]) -> list[T]:
        return self._read_of(self._database.run([statement], writes=False)[0], make)

    def _read_of(self, answer: Answer, make: Callable[[Any], T]) -> list[T]:
        try:
            return [make(row) for row in answer.rows]
        except (ValueError, TypeError, InvalidEventError) as error:
            raise unusable(self._location, error) from None


def _moving(old: Record | None, new: Record) -> list[Statement]:
    """What moves a record, and removes what belonged to one that is settled then."""
    if old is None:
        return [Statement(INSERT, rows.all_values(new))]
    came_from = (new.id, *rows.state_values(old), str(old.holder), old.lease, str(new.holder))
    moving = Statement(MOVE, (*rows.new_values(old, new), *came_from))
    if not new.attempt.is_settled:
        return [moving]
    settled, key = (new.id, str(new.holder)), rows.text(_key(new.place))
    notes = f"DELETE FROM bigpanda_note WHERE attempt IN (?, ?) AND {IS_SETTLED_HERE}"  # noqa: S608
    additions = f"DELETE FROM bigpanda_addition WHERE attempt = ? AND {IS_SETTLED_HERE}"  # noqa: S608
    return [moving, Statement(notes, (new.id, key, *settled)), Statement(additions, (new.id, *settled))]


def _unsettled(stack: str, address: str, name: str | None) -> Statement:
    where = "stack = ? AND address = ?" + (" AND name = ?" if name is not None else "")
    values = [rows.text(value) for value in (stack, address, *([] if name is None else [name]))]
    return Statement(f"{SELECT} {where} AND {UNSETTLED} ORDER BY recorded, id", values)


def _additions(attempt: str) -> Statement:
    select = "SELECT hosts, holder, until FROM bigpanda_addition WHERE attempt = ? ORDER BY rowid"
    return Statement(select, (rows.text(attempt),))


def _key(place: Place) -> str:
    """What a Deployment's note stands under, whatever the address; no attempt's id has a line break."""
    return f"{place.stack}\n{place.name}"
