"""What the engine prints of a preview and of an update, taken apart: the texts are the engine's, printed by 3.274."""

from __future__ import annotations

from bigpanda_provider.release.engine import printed

PREVIEW = """\
Previewing update (dev):

@ previewing update....
 +  pulumi:pulumi:Stack shop-dev create
 +  pulumi-python:dynamic:Resource web-1 create
 +  pulumi:pulumi:Stack shop-dev create
Diagnostics:
  pulumi:pulumi:Stack (shop-dev):
    warning: the region is deprecated
    Outputs: none

Outputs:
    pw : [secret]
    url: "https://shop.example.com/hunter2"

Resources:
    + 2 to create

"""

DIFF = """\
Previewing update (dev):
warning: the region is deprecated
  pulumi:pulumi:Stack: (same)
    [urn=urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev]
    ~ pulumi-python:dynamic:Resource: (update)
        [urn=urn:pulumi:dev::shop::pulumi-python:dynamic:Resource::web-1]
      ~ value: "1" => "2"
    ~ pulumi-python:dynamic:Resource: (update)
        [urn=urn:pulumi:dev::shop::pulumi-python:dynamic:Resource::web-2]
      ~ value: "1" => "2"
    --outputs:--
  ~ url: "https://shop.example.com/" => "https://shop.example.com/q"
Resources:
    ~ 2 to update
    1 unchanged
"""

UP = """\
Updating (dev):

 ~  pulumi-python:dynamic:Resource web-1 updated (0.50s) [diff: ~value]
Outputs:
  ~ url: "https://shop.example.com/" => "https://shop.example.com/q"

Resources:
    ~ 1 updated

Duration: 2s
"""


def test_a_plan_has_the_rows_and_what_the_engine_sums_up() -> None:
    """Title and dots are left out, diagnostics are shown elsewhere, and a secret that the engine does not know of."""
    assert printed.plan(PREVIEW, [" +  docker:index:Container hunter2 create"], {"hunter2"}) == [
        " +  docker:index:Container *** create",
        "Outputs:",
        "    pw : [secret]",
        '    url: "https://shop.example.com/***"',
        "Resources:",
        "    + 2 to create",
    ]


def test_a_part_with_nothing_in_it_is_left_out() -> None:
    """A destroy of nothing counts nothing."""
    assert printed.plan("Previewing destroy (dev):\n\nResources:\n\n", (), ()) == []
    assert printed.outputs("Destroying (dev):\n\nOutputs:\n\nResources:\n", ()) == []


def test_a_plan_in_full_keeps_lines_that_are_equal() -> None:
    """They belong to two resources; the warning that was told is left out."""
    found = printed.plan(DIFF, [" ~  row"], (), ["warning: the region is deprecated"])
    assert found == [line.rstrip() for line in DIFF.splitlines()[2:]]


def test_a_plan_in_full_may_name_resources_by_urn() -> None:
    """With `--urns`."""
    text = "    +-urn:pulumi:dev::shop::my:x:Y::first one: (replace)\n      ~ value: 1 => 2"
    assert printed.plan(f"Previewing update (dev):\n{text}\n", [" +- row"], ()) == text.splitlines()


def test_the_outputs_of_an_update() -> None:
    """As the engine prints them; an update without any has none."""
    assert printed.outputs(UP, ()) == [
        "Outputs:",
        '  ~ url: "https://shop.example.com/" => "https://shop.example.com/q"',
    ]
    assert printed.outputs("Updating (dev):\n\nResources:\n    1 unchanged\n", ()) == []


def test_no_escape_sequence_of_a_resource_reaches_the_terminal() -> None:
    """What a provider or a program says is shown as plain text."""
    text = "    + my:x:Y: (create)\n        [urn=urn:pulumi:dev::shop::my:x:Y::fi\x1b[31mrst]\n"
    assert printed.plan(text, (), ()) == [line.replace("\x1b[31m", "") for line in text.splitlines()]
