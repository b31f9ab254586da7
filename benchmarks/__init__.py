"""What it costs: `make bench` measures, and writes RESULTS.md.

measure      runs in pairs (A B A B ...), medians and their spread
updates      updates of covered resources, with the package and without
deployments  many Deployments, a slow BigPanda, one that is down
local        import, digests, a backlog, the sandbox
__main__     all of it within a time, and the table
"""
