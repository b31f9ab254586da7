"""The client certificate: whether its files can be used, before anything is sent.

OpenSSL would ask for the passphrase of an encrypted key on the terminal, and tells of a wrong file by its own codes.
"""

from __future__ import annotations

import pathlib
import re
import stat

from ..errors import SettingError
from ..settings import ClientCertificate, Mode, Settings

SIZE_LIMIT_BYTES = 1024 * 1024
PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")

_CERTIFICATE = re.compile(b"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_KEY = re.compile(b"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")
_ENCRYPTED = re.compile(b"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: *4, *ENCRYPTED", re.MULTILINE)

_TWO_FILES = "cert.pem,key.pem"


class _Wrong(Exception):  # noqa: N818 - never seen outside
    """Why the files cannot be used, and what to write: the rest of a sentence that begins with the setting."""


def check(settings: Settings) -> None:
    """See that the files of the client certificate can be used; not while nothing is sent.

    Raises:
        SettingError: they cannot be; the sentence repeats neither their contents nor the setting's value, in which a
            passphrase may stand.
    """
    setting = settings.client_certificate
    if setting.value is None or settings.delivery.value is Mode.OFF:
        return
    try:
        _load(setting.value)
    except _Wrong as wrong:
        raise SettingError(f"{setting} {wrong}") from None


def project_folder(inside: pathlib.Path) -> pathlib.Path:
    """The folder that relative paths count from: the nearest one upwards with a Pulumi.yaml, else the given one.

    A program may run in a folder of its project: the one that `main` in Pulumi.yaml names.
    """
    folders = (folder for folder in (inside, *inside.parents) if any((folder / f).is_file() for f in PROJECT_FILES))
    return next(folders, inside)


def _load(files: ClientCertificate) -> None:
    certificate = _read(files.certificate, "certificate")
    key = certificate if files.key is None else _read(files.key, "key")
    if not _CERTIFICATE.search(certificate):
        raise _Wrong("names a file without a PEM certificate; write the path of a file with one")
    if not _KEY.search(key):
        where = (
            "add the key to the certificate's file, or write both paths"
            if files.key is None
            else "write the path of a file with one"
        )
        raise _Wrong(f"names a file without a PEM private key; {where}: {_TWO_FILES}")
    if _ENCRYPTED.search(key):
        raise _Wrong(_IS_ENCRYPTED)
    import ssl  # which takes a while, and hardly anybody has a client certificate

    try:
        ssl.create_default_context().load_cert_chain(files.certificate, files.key, _refuse_to_ask)
    except OSError as error:  # which errors of ssl are
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        if "MISMATCH" in reason:
            raise _Wrong(
                f"names a private key that does not match the certificate; write a matching pair: {_TWO_FILES}"
            ) from None
        raise _Wrong(f"names files that cannot be used ({reason}); write PEM files: {_TWO_FILES}") from None


_IS_ENCRYPTED = "names an encrypted private key; decrypt it: `openssl pkey -in key.pem -out decrypted.pem`"


def _refuse_to_ask() -> str:
    raise _Wrong(_IS_ENCRYPTED)


def _read(path: str, what: str) -> bytes:
    """The beginning of a file, which would hold nobody up: one that is no regular file is not opened."""
    try:
        file = pathlib.Path(path)
        if not stat.S_ISREG(file.stat().st_mode):
            raise _Wrong(f"names a {what} file that is not a regular file; write the path of a PEM file")
        with file.open("rb") as opened:
            return opened.read(SIZE_LIMIT_BYTES)
    except OSError as error:
        raise _Wrong(
            f"names a {what} file that cannot be read ({error.strerror}); write the path of a PEM file, absolute or "
            "relative to the folder of Pulumi.yaml"
        ) from None
