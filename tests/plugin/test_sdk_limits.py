"""Limits of `pulumi.provider.experimental` that the plugin works around.

A test that fails with a new SDK says which way around is not needed any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.provider.experimental.provider import CheckRequest

from bigpanda_provider.plugin.place import kind_of, place_of
from bigpanda_provider.plugin.values import plain, wrapped
from bigpanda_provider.provider.unknown import UNKNOWN
from tests.engine import Stack
from tests.faults import FaultyBigPanda
from tests.servers import Sandbox

from .program import Resources, completion, deployment

URN = "urn:pulumi:prod::shop::my:index:App$bigpanda:index:Deployment::front"


def test_a_type_has_the_types_of_the_parents() -> None:
    """The own one is what stands last; in the name by which the outbox has it they make it unique."""
    assert CheckRequest(URN, {}, {}, b"").type == "my:index:App$bigpanda:index:Deployment"
    assert kind_of(URN) == "bigpanda:index:Deployment"
    assert place_of(URN) == {"stack": "organization/shop/prod", "name": "my:index:App::front"}
    assert place_of(URN.replace("my:index:App$", ""))["name"] == "front"


def test_an_unknown_output_cannot_be_marshalled() -> None:
    """The engine's marker stands for it, both ways."""
    with pytest.raises(ValueError, match="Unsupported value type"):
        PropertyValue(Computed()).marshal()
    assert plain(PropertyValue.unmarshal(wrapped(UNKNOWN).marshal())) == UNKNOWN


def test_a_whole_number_is_refused() -> None:
    """The protocol has only floats; so they are what comes back."""
    with pytest.raises(TypeError):
        PropertyValue(cast("Any", 1))
    assert plain(wrapped({"number": 1, "flag": True, "list": [2], "none": None})) == {
        "number": 1.0,
        "flag": True,
        "list": [2.0],
    }


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        ({"shop": {**deployment(), "options": {"import": "x"}}}, "a Deployment cannot be imported, since nothing can"),
        ({"shop": deployment(hosts=[])}, "is an empty list"),
        ({"done": {"type": "bigpanda:Completion", "properties": {"start": "1"}}}, "is not the start of a Deployment"),
    ],
    ids=["import", "hosts", "start"],
)
def test_an_error_is_one_sentence(yaml: Callable[[Resources], Stack], resources: Resources, told: str) -> None:
    """The SDK adds a stack trace to every exception."""
    run = yaml(resources).preview()
    assert not run.ok
    assert told in run.output, run.output
    assert 'File "' not in run.output


def test_required_delivery_fails_with_a_sentence(yaml: Callable[[Resources], Stack]) -> None:
    """Before the covered resource is touched, with what to do."""
    made = yaml({"shop": deployment(), "done": completion(after="shop")})
    made.environment |= {"BIGPANDA_DELIVERY": "required", "BIGPANDA_BASE_URL": "http://127.0.0.1:9"}
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "1"
    run = made.up(skip_preview=True)
    assert not run.ok
    assert "the start of shop 1 did not get through, and delivery is required" in run.output, run.output
    assert 'File "' not in run.output


def test_a_slow_bigpanda_holds_up_no_other_deployment(
    yaml_at: Callable[[str, Resources], Stack], faulty: FaultyBigPanda, bigpanda: Sandbox
) -> None:
    """There is one event loop: no start is answered here before all of them are under way."""
    count = 8
    together = threading.Barrier(count, timeout=60)
    resources: Resources = {}
    for number in range(count):
        resources[f"d{number}"] = deployment(component=f"c{number}")
        resources[f"e{number}"] = completion(f"d{number}", f"d{number}")
    made = yaml_at(faulty.address, resources)
    made.environment["BIGPANDA_TIMEOUT_SECONDS"] = "200"
    faulty.before_answer = together.wait
    run = made.up("--parallel", str(count), skip_preview=True)
    assert run.ok, run.output
    assert not together.broken
    assert len(bigpanda.has()) == count
