"""A user's own unit tests, under Pulumi's mocks."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from .engine import ROOT
from .servers import Sandbox

PROGRAM = """
import pulumi
import bigpanda_provider as bigpanda
from tests.things import Thing

bigpanda.host_name("pulumi-python:dynamic:Resource", "name")

class Front(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("my:index:Front", name)
        self.web = Thing("inner", opts=pulumi.ResourceOptions(parent=self))

with bigpanda.Deployment("shop", component="shop", version="1") as shop:
    web = Thing("web", "v")
    Thing("taker", web.value)
    front = Front("front")
with bigpanda.Deployment("given", component="given", version="1", hosts=["w"]) as given:
    Thing("other", "v")
alone = bigpanda.Deployment("alone", component="alone", version="1", hosts=["a"])
by_hand = bigpanda.Deployment("by-hand", component="by-hand", version="1")
late = Thing("late", "v", opts=pulumi.ResourceOptions(depends_on=[by_hand]))
by_hand.complete(after=[late])
rest = bigpanda.record_program()
recorded = Thing("recorded", "v")
"""

TEST = """
import pulumi
import pytest

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        return f"{args.name}-id", args.inputs
    def call(self, args):
        raise NotImplementedError(args.token)

pulumi.runtime.set_mocks(Mocks())
import program

@pulumi.runtime.test
def test_web_has_its_value():
    def check(values):
        assert values == ["v", "1"]
    return pulumi.Output.all(program.web.value, program.shop.version).apply(check)

@pulumi.runtime.test
def test_hosts():
    def check(hosts):
        assert hosts == {
            "shop": ["inner", "taker", "web"],
            "given": ["w"],
            "alone": ["a"],
            "by_hand": ["late"],
            "rest": ["recorded"],
        }
    return pulumi.Output.all(**{name: vars(program)[name].hosts for name in
                                ("shop", "given", "alone", "by_hand", "rest")}).apply(check)
"""


def test_a_users_unit_tests_pass_and_send_nothing(bigpanda: Sandbox, tmp_path: pathlib.Path) -> None:
    """A program that is only imported under mocks sends nothing and hangs nowhere; its hosts can be tested."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "test_program.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{ROOT}:{tmp_path}",
            "BIGPANDA_BASE_URL": bigpanda.address,
            "BIGPANDA_API_TOKEN": "t",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert bigpanda.events() == []
