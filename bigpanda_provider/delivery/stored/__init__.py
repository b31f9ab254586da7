"""How the outbox is kept: in a file, or in a database that a team shares.

`tables.py` has the transitions, in SQL that both take; `sqlite.py` and `postgres.py` carry it out, `schema.py` makes
the tables, `rows.py` turns records into rows and back, `location.py` reads `BIGPANDA_OUTBOX`. Only `outbox.py` uses it.
"""
