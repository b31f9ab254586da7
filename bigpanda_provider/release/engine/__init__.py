"""Pulumi's engine, as the runner uses it: its process, one stack of a project, what it plans and does.

process     the `pulumi` process: how it is started, cancelled, waited for
options     what follows `--`; files: those that it names
stack       one stack of a project, through the Automation API
plan        a preview -> what changes, on which hosts; rows: as lines, printed: what the engine prints
progress    the engine's events -> steps, diagnostics, the reason of a failure; frames: tracebacks
cancelling  what is said when it is cancelled
system      signals and processes, as this operating system has them
"""
