"""The outbox's tables, as they are made, and how those of an earlier version become these."""

from __future__ import annotations

from collections.abc import Iterator

VERSION = 7
"""The format of the tables, in a file and in a database."""

TABLES = """
CREATE TABLE bigpanda_attempt (
    id TEXT PRIMARY KEY,
    stack TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    recorder TEXT NOT NULL,
    holder TEXT NOT NULL,
    lease DOUBLE PRECISION NOT NULL,
    recorded DOUBLE PRECISION NOT NULL,
    start TEXT,                 -- none where the event has secret properties: it waits in state only
    start_delivery TEXT NOT NULL,
    status TEXT,                -- none: open
    reason TEXT,
    end_delivery TEXT,
    ended BIGINT,
    in_state INTEGER NOT NULL,
    in_doubt INTEGER NOT NULL,
    folder TEXT,
    why TEXT,                   -- why an event of it was not delivered when it was tried last
    machine TEXT,               -- who recorded it: the name of the machine,
    person TEXT,                -- the user there,
    job TEXT,                   -- the CI job,
    page TEXT                   -- and its page
);
CREATE TABLE bigpanda_note (
    attempt TEXT PRIMARY KEY,   -- or a Deployment's key, where the attempt is not known yet
    reason TEXT,                -- none: everything in the scope went well, but the Completion was no target
    written DOUBLE PRECISION NOT NULL
);
CREATE TABLE bigpanda_addition (
    {counted}
    attempt TEXT NOT NULL,
    hosts TEXT NOT NULL,        -- a list: hosts that the deployment affects beyond those of its start
    holder TEXT NOT NULL,       -- the process that sends them
    until DOUBLE PRECISION NOT NULL  -- until when at the latest that is under way
);
"""
INDEXES = """
CREATE INDEX bigpanda_unsettled ON bigpanda_attempt (stack, address, name, recorded)
    WHERE end_delivery IS NULL OR end_delivery = 'queued';
CREATE INDEX bigpanda_recorded ON bigpanda_attempt (recorded);
CREATE INDEX bigpanda_addition_of_attempt ON bigpanda_addition (attempt);
"""
COUNTED = "rowid BIGINT GENERATED ALWAYS AS IDENTITY,"
"""What tells the order of the additions, where a table does not have it by itself."""

UPGRADES = {
    1: "ALTER TABLE attempt ADD COLUMN stored INTEGER NOT NULL DEFAULT 0",
    2: "ALTER TABLE attempt ADD COLUMN folder TEXT",
    # A start of which it was not known whether it had arrived was open or ended as unconfirmed.
    3: """
       ALTER TABLE attempt RENAME COLUMN owner TO holder;
       ALTER TABLE attempt RENAME COLUMN start_state TO start_delivery;
       ALTER TABLE attempt RENAME COLUMN end_state TO end_delivery;
       ALTER TABLE attempt RENAME COLUMN stored TO in_state;
       ALTER TABLE attempt ADD COLUMN recorder TEXT NOT NULL DEFAULT 'deployment';
       ALTER TABLE attempt ADD COLUMN lease REAL NOT NULL DEFAULT 0;
       ALTER TABLE attempt ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0;
       UPDATE attempt SET holder = '//' || substr(holder, 1, instr(holder, ' ') - 1) || '/'
           || substr(holder, instr(holder, ' ') + 1);
       UPDATE attempt SET recorder = CASE WHEN stack = '' THEN 'person' WHEN folder IS NULL THEN 'deployment'
           ELSE 'runner' END;
       UPDATE attempt SET in_doubt = 1 WHERE start_delivery = 'queued'
           AND (status IS NULL OR reason LIKE 'BigPanda did not confirm the start%');
       DROP INDEX attempt_of_stack
       """,
    4: """
       ALTER TABLE attempt ADD COLUMN ended INTEGER;
       CREATE TABLE addition (attempt TEXT NOT NULL, hosts TEXT NOT NULL, holder TEXT NOT NULL, until REAL NOT NULL)
       """,
    5: "ALTER TABLE attempt ADD COLUMN why TEXT",
    6: f"""
       ALTER TABLE attempt RENAME TO bigpanda_attempt;
       ALTER TABLE note RENAME TO bigpanda_note;
       ALTER TABLE addition RENAME TO bigpanda_addition;
       ALTER TABLE bigpanda_attempt ADD COLUMN machine TEXT;
       ALTER TABLE bigpanda_attempt ADD COLUMN person TEXT;
       ALTER TABLE bigpanda_attempt ADD COLUMN job TEXT;
       ALTER TABLE bigpanda_attempt ADD COLUMN page TEXT;
       DROP INDEX IF EXISTS unsettled;
       DROP INDEX IF EXISTS addition_of_attempt;
       {INDEXES}
       """,
}
"""What brings the tables of that version to the next one. Those before 7 were only in files."""


def statements(version: int, *, counted: str = "") -> Iterator[str]:
    """What makes the tables of this version.

    Args:
        version: of the tables that are there; 0 where there are none.
        counted: the column that tells the order of the additions, where there is none by itself.
    """
    making = [TABLES.format(counted=counted), INDEXES]
    for script in making if version == 0 else [UPGRADES[step] for step in range(version, VERSION)]:
        yield from (statement for statement in script.split(";") if statement.strip())


def too_new(version: int) -> str:
    """Why an outbox of a later version is left alone."""
    return f"it was written by a newer version of this package, format {version}; upgrade bigpanda-provider"
