"""A host of the sample's fleet: a folder with its releases, and a link `current` to the one that is live."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tarfile
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

CHECK_LIMIT_S = 30


class ReleaseProvider(ResourceProvider):
    """Unpacks a release archive on a host, checks it, and switches the host to it."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        moved = olds["folder"] != news["folder"]
        return DiffResult(changes=moved or olds["version"] != news["version"], replaces=["folder"] if moved else [])

    def create(self, props: dict[str, Any]) -> CreateResult:
        put_live(pathlib.Path(props["folder"]), pathlib.Path(props["archive"]), props["version"])
        return CreateResult(props["folder"], dict(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        put_live(pathlib.Path(news["folder"]), pathlib.Path(news["archive"]), news["version"])
        return UpdateResult(dict(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        shutil.rmtree(props["folder"], ignore_errors=True)


class Release(Resource):
    """One release, live on one host.

    Args:
        resource_name: the host's name.
        folder: the host's folder.
        archive: the release archive (`.tar.gz`).
        version: the version that the archive must turn out to be.
    """

    def __init__(
        self, resource_name: str, *, folder: str, archive: str, version: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {"folder": folder, "archive": archive, "version": version}
        super().__init__(ReleaseProvider(), resource_name, props, opts)


def put_live(folder: pathlib.Path, archive: pathlib.Path, version: str) -> None:
    """Unpack, check, switch: `current` points to a release that works, at every moment."""
    release = folder / "releases" / version
    shutil.rmtree(release, ignore_errors=True)
    release.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Pythons before 3.10.12 and 3.11.4 have none
        tar.extractall(release)  # noqa: S202 - filtered, and our own
    check(release, version)
    switch = folder / "next"
    switch.unlink(missing_ok=True)
    switch.symlink_to(release)
    switch.replace(folder / "current")


def check(release: pathlib.Path, version: str) -> None:
    """Ask the unpacked service for its version."""
    asked = subprocess.run(
        [release / "bin" / "billing", "--version"], capture_output=True, text=True, timeout=CHECK_LIMIT_S, check=False
    )
    if asked.returncode or asked.stdout.strip() != f"billing {version}":
        raise RuntimeError(f"{release.name} does not work: it answered {(asked.stderr or asked.stdout).strip()!r}")
