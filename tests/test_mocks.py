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

with bigpanda.Deployment("shop", component="shop", version="1", hosts=["w"]) as release:
    web = Thing("web", "v")
alone = bigpanda.Deployment("alone", component="alone", version="1", hosts=["w"])
bigpanda.record_program()
recorded = Thing("recorded", "v")
"""

TEST = """
import pulumi

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
        assert values == ["v", "1", ["w"]]
    return pulumi.Output.all(program.web.value, program.release.version, program.release.hosts).apply(check)
"""


def test_a_users_unit_tests_pass_and_send_nothing(bigpanda: Sandbox, tmp_path: pathlib.Path) -> None:
    """A program that is only imported under mocks behaves as without the package: no event, no hanging."""
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
    assert "1 passed" in done.stdout
    assert bigpanda.events() == []
