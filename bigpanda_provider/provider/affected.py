"""What changed in a Deployment's scope since the last run, and which hosts that affects. No I/O and no Pulumi.

A resource is known by its key: its URN without stack and project. What the program says of its scope comes as inputs
(all absent where it looks at no resources):

    resources   {key: digest of its inputs}
    hostNames   {key: its host names} of those known as hosts; absent where `hosts` is given
    takes       {key: the keys of the resources that its inputs come from}
    aliases     {key: the keys that it had before}

From these and the inputs of the last run come `changed`, which is there where something was added, removed or declared
with other inputs, and `hosts`. `takes` and `aliases` are not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .. import state
from ..hosts import named


def worked_out(
    olds: Mapping[str, Any], news: Mapping[str, Any], changes: list[str], *, failed: bool, unknown: Any
) -> dict[str, Any]:
    """The inputs with what follows from them: `changed`, and `hosts` where they are not given.

    Args:
        olds: the inputs of the last run; empty for a new Deployment.
        news: the inputs as the program gave them.
        changes: the keys of what changed, as `changed` tells.
        failed: whether the last attempt did not succeed: then its hosts count as affected too.
        unknown: what stands for a value that is not known yet.
    """
    kept = {name: value for name, value in news.items() if name not in (state.TAKES.name, state.ALIASES.name)}
    if changes:
        kept.update(state.CHANGED.to(True))
    if news.get(state.HOSTS.name) is None and state.HOST_NAMES.of(news) is not None:
        hosts = _hosts(olds, news, changes, failed=failed, unknown=unknown)
        kept.update(state.HOSTS.to(hosts or None))
    return kept


def changed(
    olds: Mapping[str, str] | None, news: Mapping[str, str] | None, aliases: Mapping[str, Iterable[str]]
) -> list[str]:
    """The keys of what was added, removed or declared with other inputs; a rename with an alias is none of these.

    A Deployment that did not look at its resources before, or does not now, has nothing to compare.
    """
    if olds is None or news is None:
        return []
    renamed = {
        alias: key
        for key, former in aliases.items()
        for alias in former
        if key in news and key not in olds and alias not in news
    }
    before = {renamed.get(key, key): digest for key, digest in olds.items()}
    return sorted(key for key in {*before, *news} if before.get(key) != news.get(key))


def reached(changes: Iterable[str], takes: Mapping[str, Collection[str]]) -> set[str]:
    """The changes, and what takes an Output of one, directly or through others."""
    found = set(changes)
    while found:
        more = {key for key, sources in takes.items() if key not in found and found & set(sources)}
        if not more:
            break
        found |= more
    return found


def _hosts(
    olds: Mapping[str, Any], news: Mapping[str, Any], changes: list[str], *, failed: bool, unknown: Any
) -> list[str]:
    """The affected hosts; those of the last run where nothing changed."""
    names: Mapping[str, list[str]] = state.HOST_NAMES.of(news) or {}
    ever: Mapping[str, list[str]] = {**(state.HOST_NAMES.of(olds) or {}), **names}
    last = list(olds.get(state.HOSTS.name) or ())
    if not last or last == unknown or _is_new(olds, news):
        return named({*names, *(state.RESOURCES.of(news) or {}), *changes}, ever)  # what was removed changes too
    if not changes:
        return last
    hosts = named(reached(changes, state.TAKES.of(news) or {}), ever)
    return sorted({*hosts, *last}) if failed else hosts


def _is_new(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether component or version changed; a version that was only found does not count."""
    counted = [state.COMPONENT] if state.VERSION_FOUND.of(news) else [state.COMPONENT, state.VERSION]
    return any(olds.get(one.name) != news.get(one.name) for one in counted)
