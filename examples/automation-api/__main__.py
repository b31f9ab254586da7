"""The Automation API: the program is a function of this script.

python . dev 2.4.1
"""

import pathlib
import sys

import pulumi_docker as docker
from pulumi import automation

import bigpanda_provider as bigpanda


def main() -> None:
    """Bring the stack to a version."""
    stack_name, version = sys.argv[1:]

    def program() -> None:
        with bigpanda.Deployment("shop", component="shop", version=version):
            docker.Container("shop", name=f"shop-{stack_name}", image=f"shop:{version}")

    stack = automation.create_or_select_stack(
        stack_name,
        project_name="automation-api",
        program=program,
        work_dir=str(pathlib.Path(__file__).parent),  # where the provider process can import the package from
    )
    print(stack.up(show_secrets=False).summary.result)


if __name__ == "__main__":
    main()
