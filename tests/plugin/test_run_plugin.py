"""The plugin as a folder: a language host runs it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable

from tests.engine import ROOT, Stack
from tests.servers import Sandbox

from .program import PLUGIN, Resources, declare, shop

RUNTIME = {"runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}


def test_the_folder_is_a_plugin(yaml: Callable[[Resources], Stack], bigpanda: Sandbox) -> None:
    """A language host kills it without a signal, so a deployment that is open is ended when the engine says Cancel."""
    made = yaml({})
    (made.folder / "plugins" / PLUGIN).unlink()
    folder = shutil.copytree(ROOT / "plugin", made.folder / "plugin")
    (folder / "PulumiPlugin.yaml").write_text(json.dumps(RUNTIME))
    where = {"plugins": {"providers": [{"name": "bigpanda", "path": "plugin"}]}}
    run = declare(made, shop(), **where).up()
    assert run.ok, run.output
    made.environment["ECHO_FAIL"] = "::web$"
    assert not declare(made, shop("2"), **where).up(skip_preview=True).ok
    assert bigpanda.has() == [
        "shop 1 on web-1, web-2: success",
        "shop 2 on web-1, web-2: failure (the update ended before this deployment was complete)",
    ]
