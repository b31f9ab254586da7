"""Whatever goes wrong while a scope is open or closed, the program comes to its end, and the user is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .engine import Stack
from .servers import Sandbox

MakeStack = Callable[[str], Stack]

WEB = """
    with bigpanda.Deployment("web", component="web", version="1"{hosts}):
        Thing("thing", config.get("value"), opts=pulumi.ResourceOptions({options}))
    Thing("after")
    """


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            "raise KeyError('zone')",
            "host_name of pulumi-python:dynamic:Resource: the function raised KeyError for 'thing'",
        ),
        (
            "import sys; sys.exit(3)",
            "host_name of pulumi-python:dynamic:Resource: the function raised SystemExit for 'thing'",
        ),
        ("return {'a': 'b'}", "host_name of pulumi-python:dynamic:Resource: the function raised TypeError for 'thing'"),
        ("return 5", "host_name of pulumi-python:dynamic:Resource: the function raised TypeError for 'thing'"),
    ],
)
def test_a_function_of_the_user_for_hosts_raises(stack: MakeStack, bigpanda: Sandbox, body: str, told: str) -> None:
    """The update goes on with the resource's name as host; a warning in preview names function and resource."""
    made = stack(
        f"""
    @bigpanda.host_name("pulumi-python:dynamic:Resource")
    def name(inputs):
        {body}
    """
        + WEB.format(hosts="", options="")
    )
    shown = made.preview()
    assert shown.ok, shown.output
    assert f'Deployment "web": "thing": it is reported by its name (DeclarationError: {told})' in shown.output
    assert made.up().ok
    assert [event["body"]["hosts"] for event in bigpanda.events()] == [["thing"], ["thing"]]


@pytest.mark.parametrize("path", ['""', '"."', '"[]"'])
def test_ignore_changes_names_nothing(stack: MakeStack, bigpanda: Sandbox, path: str) -> None:
    """A path without a property in it ignores nothing."""
    made = stack(WEB.format(hosts=', hosts=["a"]', options=f"ignore_changes=[{path}]"))
    run = made.preview()
    assert "Deployment" in run.output, run.output


CONTEXTS = {
    "a_generator": """
    def declared():
        with bigpanda.Deployment("web", component="web", version="1", hosts=["a"]):
            yield Thing("thing")
    generator = declared()
    next(generator)
    import contextvars
    contextvars.copy_context().run(lambda: list(generator))
    """,
    "another_task": """
    import asyncio, contextlib
    async def main():
        stack = contextlib.ExitStack()
        async def enter():
            stack.enter_context(bigpanda.Deployment("web", component="web", version="1", hosts=["a"]))
            Thing("thing")
        await asyncio.create_task(enter())
        stack.close()
    pulumi.run(main)
    """,
}


@pytest.mark.parametrize("program", CONTEXTS.values(), ids=CONTEXTS)
def test_a_scope_ends_in_another_context(stack: MakeStack, bigpanda: Sandbox, program: str) -> None:
    """As where a generator is gone through by another one: it ends as it went."""
    run = stack(program).up()
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]


DOORS = (
    "program.declared.Declared.digest",
    "program.declared.Declared.hosts",
    "program.declared.Declared.hosts_in_state",
    "program.declared.Declared.aliases",
    "program.declared.Declared.takes",
    "program.scope._sources",
    "program.scope.Scope._look",
    "program.scope.Scope.covered",
    "program.scope.Scope.inputs",
    "program.scope.Scope._host_names",
    "program.scope.Scope.add",
    "program.scope.is_registered",
    "program.covering.Covering.origins",
    "program.origins.Origins.of",
    "program.origins.Owners.learn",
    "program.origins.behind",
    "program.origins.own_states",
    "program.covering.Covering._transform",
    "program.closing.Scopes.add",
    "program.closing.Scopes.watch",
    "program.closing.Scopes.close",
    "program.closing.Scopes.end",
    "program.closing.until_still",
    "program.checkpoint.Checkpoint.of",
    "program.checkpoint.Checkpoint.previous",
    "program.checkpoint.Checkpoint.called",
    "program.lookup.checkpoint_outputs",
    "program.run.last_checkpoint",
    "program.run.Run.claim_name",
    "program.run.Run.record",
    "program.run.Run.registered",
    "program.recording.Recording._previous",
    "program.recording.Recording._reporting",
    "program.recording.Recording.inputs",
    "program.recording.Recording.registered",
    "program.recording.Recording.program_ended",
    "program.recording.Recording.program_settled",
    "program.recording.Notes.__init__",
    "program.ending.Ending._how_it_went",
    "program.ending.outstanding",
    "program.notes.Notes._learn",
    "program.reason.of_program",
)


ALSO_AT_THE_END = (
    "program.scope.Scope.covered",
    "program.closing.Scopes.close",
    "program.closing.Scopes.end",
    "program.closing.until_still",
    "program.ending.Ending._how_it_went",
    "program.recording.Recording.program_ended",
    "program.recording.Recording.program_settled",
    "program.run.Run.end_when_settled",
    "program.run.Run._settled",
)
"""Those that a Deployment which ends with the program goes through on a way of its own."""


@pytest.mark.parametrize(
    ("door", "entered"), [*((door, True) for door in DOORS), *((door, False) for door in ALSO_AT_THE_END)]
)
@pytest.mark.timeout(60)
def test_a_fault_of_ours_never_hangs_the_program(stack: MakeStack, door: str, entered: bool) -> None:
    """Each function of a scope's life raises in turn: the update ends, and the error is told or worked around."""
    package, module, path = door.split(".", 2)
    program = WEB.format(hosts=', hosts=["a"]' if "hosts" not in door else "", options="")
    if not entered:
        program = """
    bigpanda.Deployment("web", component="web", version="1", hosts=["a"])
    Thing("thing")
    """
    made = stack(
        f"""
    import bigpanda_provider.{package}.{module} as module

    def broken(*args, **kwargs):
        raise ZeroDivisionError("a fault of ours")
    target, name = module, "{path}"
    while "." in name:
        first, _, name = name.partition(".")
        target = getattr(target, first)
    assert hasattr(target, name)
    setattr(target, name, property(broken) if name in ("digest", "hosts", "takes") else broken)
    """
        + program
    )
    run = made.preview() if door.endswith("_reporting") else made.up(skip_preview=True)  # that is asked there alone
    assert run.ok or "a fault of ours" in run.output or "ZeroDivisionError" in run.output, run.output
    assert "AssertionError" not in run.output, run.output
