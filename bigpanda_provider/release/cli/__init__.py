"""The command line of `bigpanda-release`: what is typed becomes calls of the modules beside this folder.

app       what all commands have in common: options, errors, exit codes
call      one call: where it prints, its outbox, its settings
help      how arguments are read and help is shown
options   the options that several commands have
updates   up, destroy, refresh, preview
events    start, end
recorded  status, history
waiting   queue, queue drop, flush
outbox    outbox, outbox copy
setup     doctor, sandbox
"""

from . import events, outbox, recorded, setup, updates, waiting  # they add their commands, in the order of the help
from .app import app, run

__all__ = ["app", "events", "outbox", "recorded", "run", "setup", "updates", "waiting"]
