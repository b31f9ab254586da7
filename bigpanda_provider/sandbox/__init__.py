"""A local stand-in for BigPanda: its Deployments API, its Changes API, and the page of what was sent.

    python -m bigpanda_provider.sandbox --port 8080 --data changes.db

It imports nothing of the rest of the package, so that one mistake cannot hide in both.
"""
