"""What it costs: `make bench` measures, and writes RESULTS.md.

    __main__     all of it within a time, and the table
    updates      updates of covered resources, with the package and without
    deployments  many Deployments, a BigPanda that is far away, one that is down
    local        import, digests, a backlog, the sandbox
    measure      runs in pairs (A B A B ...), medians and their spread
    distant      the BigPanda that is far away; shell: the usual way to send events

Nothing of the package imports it.
"""
