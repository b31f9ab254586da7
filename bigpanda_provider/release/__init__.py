"""`bigpanda-release`: records whole updates of stacks, in any language, without touching their programs.

    cli/       what is typed -> calls of the modules below
    exits      exit codes
    file       release.yaml -> releases; document: its lines, variables: its ${NAME}, entries: its keys
    releasing  plan, ask, run, tell
    order      which release runs when
    runner     one release: plan, start, update, end
    carried    what a start carries beside what is asked for
    stack      one stack of a project, through the Automation API
    plan       the engine's preview -> what changes, on which hosts
    progress   the engine's events -> lines, and the reason of a failure
    engine     the `pulumi` process: how it is started, cancelled, waited for
    cancelling  what is said when it is cancelled
    engine_options  what follows `--`
    system     signals and processes, as this operating system has them
    display    where lines are shown; show: how things look
    byhand     one event by hand; sought: which start is ended, unmatched: why none is, handed: what is said of it
    leftover   what earlier runs left open or waiting
    records    the outbox as `status` and `history` show it
    remote     what BigPanda itself has in progress
    doctor/    what is needed, and how to fix what is missing

Nothing in the rest of the package imports it.
"""
