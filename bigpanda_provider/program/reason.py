"""Why a deployment fails: from an error to one line that may leave the process.

Everything secret that can be seen here is masked; where masking itself fails, the text is dropped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pulumi
from pulumi.runtime import is_config_secret

from ..bigpanda.text import clean
from ..delivery.stored import location
from ..settings import NAMESPACE, SECRET_KEYS, environment_name
from .sdk.engine import stack_config
from .secret_values import texts_in

LIMIT = 500


def line(text: str, secrets: Iterable[str]) -> str:
    """The last line of an error, without secrets and control characters, as UTF-8 of at most 500 characters.

    Args:
        text: the whole error.
        secrets: texts that must not be seen.
    """
    from ..bigpanda.masking import masked  # mostly nothing fails

    rows = (row.strip() for row in reversed(masked(text, secrets).splitlines()))
    return clean(next((row for row in rows if row), ""), LIMIT)


def of_program(error: BaseException, secrets: Iterable[str]) -> str:
    """The reason of a deployment whose program raised."""
    try:
        if isinstance(error, SystemExit):
            told = f": {error.code}" if isinstance(error.code, str) else f" with code {error.code}"
            return line(f"the program exited{told}", secrets)
        name = type(error).__name__
        told = line(str(error), secrets)
        return line(f"{name}: {told}" if told else name, secrets)
    except Exception:  # noqa: BLE001 - an error that cannot be shown must not hide itself behind ours
        return type(error).__name__


async def of_resource(args: pulumi.ErrorHookArgs, secrets: Iterable[str]) -> str:
    """The reason that an error hook is told: the failing resource, and the last line of its error.

    Args:
        args: what the hook is called with; what is secret in it is masked as well.
        secrets: further texts that must not be seen.
    """
    try:
        hidden = set(secrets)
        for inputs in (args.new_inputs, args.old_inputs, args.old_outputs):
            hidden |= await _secrets_in(inputs)
        newest = args.errors[0] if args.errors else args.failed_operation
        return line(f"{args.name}: {line(newest, hidden)}", hidden)
    except Exception:  # noqa: BLE001 - the hook must not raise, or it replaces the user's own error
        return "a resource failed"


def secrets_of_config() -> frozenset[str]:
    """Token and app key, and every secret value of the stack's config, as the program's process sees them."""
    return secrets_in(stack_config(), is_config_secret)


def secrets_in(config: Mapping[str, Any], is_secret: Callable[[str], bool]) -> frozenset[str]:
    """Token, app key and the outbox's password, and every secret value of a config, by keys with their namespaces."""
    ours = {f"{NAMESPACE}:{key}" for key in SECRET_KEYS}
    found = {os.environ.get(environment_name(key), "") for key in SECRET_KEYS} | location.secrets(os.environ)
    for key, value in config.items():
        if key in ours or is_secret(key):
            found |= {str(value), *texts_in(value)}
    return frozenset(text for text in found if text.strip())


async def _secrets_in(value: Any) -> set[str]:
    """The texts inside what is marked secret: the SDK hands such to a hook as Outputs."""
    if isinstance(value, pulumi.Output):
        return set(texts_in(await value.future()))
    if isinstance(value, Mapping):
        return {text for inner in value.values() for text in await _secrets_in(inner)}
    if isinstance(value, (list, tuple)):
        return {text for inner in value for text in await _secrets_in(inner)}
    return set()
