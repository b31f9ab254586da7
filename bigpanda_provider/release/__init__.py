"""`bigpanda-release`: records whole updates of stacks, in any language, without touching their programs.

    cli/       what is typed -> calls of the modules below
    exits      exit codes
    file/      release.yaml -> releases
    releasing  plan, ask, run, tell
    order      which release runs when
    release    one release: what is asked for, planned, and how it went
    runner     runs it: plan, start, update, end
    carried    what a start carries beside what is asked for
    engine/    Pulumi's engine: its process, stacks, plans and progress
    shown/     lines, tables and JSON
    byhand/    one event by hand
    recorded/  what was recorded, what waits, what earlier runs left
    doctor/    what is needed, and how to fix what is missing

Nothing in the rest of the package imports it.
"""
