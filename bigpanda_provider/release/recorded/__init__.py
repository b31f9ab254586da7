"""What was recorded: on this machine, in its outbox, and in BigPanda.

records     the outbox as it is listed; choice: which of it
remote      what BigPanda itself has in progress
leftover    what earlier runs left open or waiting: ends and sends it; flushed: what became of it
drop        removes what waits
"""
