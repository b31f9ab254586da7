"""A campaign of random updates on the real engine, held against a model of what happened.

    python -m tests.chaos --updates 200 --seconds 1500 --seed 1

Each step changes the program or leaves it, picks a machine (an outbox), a command, an outage and a mishap, and runs it.
Every so often all is mended, and BigPanda is held to the model, which knows nothing of how the package works.
"""
