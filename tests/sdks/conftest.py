"""Programs with the SDKs of clouds, and the stand-ins for their providers, are forked from a Python that has these."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator

import pytest

from tests import engine, warm

SDKS = (
    *("pulumi_aws.ec2:Instance", "pulumi_aws.iam:Role", "pulumi_aws.lambda_:Function", "pulumi_aws.lb:LoadBalancer"),
    *("pulumi_aws.rds:Instance", "pulumi_aws.s3:Bucket", "pulumi_aws.eks:Cluster"),
    *(
        "pulumi_kubernetes.apps.v1:Deployment",
        "pulumi_kubernetes.core.v1:Service",
        "pulumi_kubernetes.meta.v1:ObjectMetaArgs",
    ),
    *("pulumi_command.remote:Command", "pulumi_docker:Container", "pulumi_hcloud:Server"),
)
"""What takes long to import, of AWS alone a second, in the program and in each provider process.

They are named by a class each: an SDK reads a module when something of it is asked for.
"""


@pytest.fixture(scope="session")
def python_with_sdks() -> Iterator[dict[str, str]]:
    """A warm Python that has imported the SDKs that are installed."""
    with warm.running(*(name for name in SDKS if importlib.util.find_spec(re.split("[.:]", name)[0]))) as python:
        yield python


@pytest.fixture(autouse=True)
def quick_sdks(quick_engine: dict[str, str], python_with_sdks: dict[str, str]) -> Iterator[None]:
    """The processes of each test here are forked from it."""
    with engine.quick({**quick_engine, **python_with_sdks}):
        yield
