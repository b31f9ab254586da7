"""What is published: a wheel that works in an empty environment, and a source archive that makes the same one."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tarfile
import urllib.request
import venv
import zipfile

from .engine import ROOT, Stack
from .servers import Sandbox

INSTALL_LIMIT_S = 240
PROGRAM = """
import bigpanda_provider as bigpanda

bigpanda.Deployment("shop", component="shop", version="1", hosts=["web-1"])
"""


def built(kind: str, source: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Build a `wheel` or an `sdist` of a source tree."""
    done(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder), cwd=source)
    (made,) = folder.iterdir()
    return made


def done(*command: str, cwd: pathlib.Path) -> str:
    """Run a command that has to succeed; returns what it printed."""
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_wheel_works_in_an_empty_environment(tmp_path: pathlib.Path, bigpanda: Sandbox) -> None:
    """Without the source tree and without development packages: a program, the runner, the sandbox."""
    wheel = built("wheel", ROOT, tmp_path / "dist")
    made = Stack(tmp_path / "stack", bigpanda.address)
    venv.create(made.folder / ".venv", with_pip=True)
    python = str(made.folder / ".venv" / "bin" / "python")
    locked = tmp_path / "constraints.txt"
    locked.write_text("\n".join(re.findall(r"^\S+==[^\\\n]+", (ROOT / "requirements.txt").read_text(), re.M)))
    install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(locked))
    done(*install, str(wheel), cwd=tmp_path)

    (made.folder / "Pulumi.yaml").write_text("name: test\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (made.folder / "__main__.py").write_text(PROGRAM)
    del made.environment["PYTHONPATH"], made.environment["PULUMI_PYTHON_CMD"]
    assert made.preview().ok
    run = made.up()
    assert run.ok, run.output
    assert bigpanda.story() == ["start 1", "success 1"]

    plugin = made.folder / ".venv" / "bin" / "pulumi-resource-bigpanda"
    asked = ["pulumi", "package", "get-schema", str(plugin)]
    shown = subprocess.run(
        asked, cwd=tmp_path, env=made.environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert '"bigpanda:index:Deployment"' in shown.stdout

    release = [python, "-m", "bigpanda_provider.release", "--help"]
    missing = subprocess.run(release, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert missing.returncode == 2
    assert "Traceback" not in missing.stderr
    assert "bigpanda-provider[cli]" in missing.stderr

    done(*install, f"{wheel}[cli,postgres,sandbox]", cwd=tmp_path)
    assert done(python, "-c", "import psycopg; print(psycopg.pq.__impl__)", cwd=tmp_path) == "binary\n"
    assert "Record updates of whole" in done(*release, cwd=tmp_path)
    with subprocess.Popen(
        [python, "-m", "bigpanda_provider.sandbox", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as sandbox:
        try:
            assert sandbox.stdout is not None
            address = sandbox.stdout.readline().split()[-1]
            with urllib.request.urlopen(address, timeout=30) as page:
                assert "<title>Changes" in page.read().decode()
        finally:
            sandbox.terminate()


def test_the_source_archive_makes_the_same_wheel(tmp_path: pathlib.Path) -> None:
    """And holds what is needed to test it."""
    archive = built("sdist", ROOT, tmp_path / "source")
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(tmp_path)
    (unpacked,) = tmp_path.glob("bigpanda_provider-*")
    assert (unpacked / "tests" / "conftest.py").exists()
    assert (unpacked / "LICENSE").exists()
    names = [
        zipfile.ZipFile(built("wheel", source, tmp_path / f"dist-{number}")).namelist()
        for number, source in enumerate((ROOT, unpacked))
    ]
    assert names[0] == names[1]
    assert {"py.typed", "pulumi-plugin.json"} <= {name.partition("/")[2] for name in names[0]}
    assert any(name.endswith("licenses/LICENSE") for name in names[0])
