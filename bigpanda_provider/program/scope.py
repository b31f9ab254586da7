"""A scope: the resources that one Deployment covers, and what its Deployment says of them.

The Deployment is registered when its scope is closed, since it carries what the scope declares. The resources in it
wait for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pulumi

from ..dataclass import dataclass
from ..hosts import named
from ..state import ALIASES, HOST_NAMES, RESOURCES, SCOPE, TAKES
from .checkpoint import Checkpoint
from .declared import Declared
from .origins import Origins
from .sdk.resources import is_registered

T = TypeVar("T")
UNSEEN = "?"
"""Stands for the digest of a resource whose inputs could not be looked at."""


@dataclass(frozen=True)
class Unseen:
    """What could not be found out of a scope; its Deployment says the rest.

    Attributes:
        what: what it is, and what stands for it.
        error: why.
    """

    what: str
    error: Exception


@dataclass(frozen=True)
class OwnStart:
    """The start that a Deployment itself sends in this run.

    Attributes:
        attempt: its attempt; None in a preview, which makes none.
        hosts: the hosts that it names; None where they are not known yet.
    """

    attempt: str | None
    hosts: frozenset[str] | None

    def with_hosts(self, more: Collection[str]) -> OwnStart:
        """With hosts that were added to it."""
        return replace(self, hosts=None if self.hosts is None else self.hosts | {*more})


class Scope:
    """The resources that one Deployment covers: they wait for its start, and its end waits for them.

    Args:
        deployment: the Deployment.
        watch: whether to look at what the resources are declared with.
        find_hosts: whether the hosts are to be found among them.

    Attributes:
        otherwise: the host to name where there is no resource at all.
        closed: whether the Deployment has said what it covers.
        ended: whether nothing more belongs into it.
        own_start: the Deployment's start of this run, once it is known; None where it sends none.
        hosts: the Deployment's hosts, once they are known.
        registered: the Deployment, once a preview knows these two; None in an update.
        left_out: the names of resources that came when it was closed already.
        unseen: what could not be found out of it.
        finds_hosts: whether the hosts are found among its resources.
    """

    def __init__(self, deployment: pulumi.Resource, *, watch: bool, find_hosts: bool) -> None:
        self.deployment = deployment
        self.watch = watch
        self.closed = self.ended = False
        self.own_start: OwnStart | None = None
        self.hosts: frozenset[str] = frozenset()
        self.registered: asyncio.Future[pulumi.Resource] | None = None
        self.left_out: list[str] = []
        self.unseen: list[Unseen] = []
        self.finds_hosts = find_hosts
        self._looked_at: frozenset[str] = frozenset()
        self._known_hosts: Mapping[str, list[str]] = {}
        self.otherwise: str | None = None
        self._resources: list[pulumi.Resource] = []
        self._members: list[Declared] = []
        self._unnamed: dict[str, Declared] = {}
        self._seen: asyncio.Future[Mapping[str, Any]] = asyncio.Future()
        if not watch:
            self.close()

    def inputs(self, checkpoint: Callable[[], Awaitable[Checkpoint]]) -> dict[str, Any]:
        """The Deployment's inputs that are known when the scope is closed.

        Args:
            checkpoint: reads the last checkpoint, for the names of hosts that their inputs do not tell.
        """
        others = {one.name: self._input(one.name) for one in SCOPE if one is not HOST_NAMES}
        return {**others, HOST_NAMES.name: self._host_names(checkpoint)}

    async def _input(self, name: str) -> Any:
        return (await self._seen).get(name)

    async def _host_names(self, checkpoint: Callable[[], Awaitable[Checkpoint]]) -> Any:
        """The names of the hosts; of those that inputs do not name, as the last checkpoint has them."""
        seen = await self._seen
        names: Mapping[str, list[str]] | None = seen.get(HOST_NAMES.name)
        self._known_hosts = names or {}
        if not self._unnamed:
            return names
        last = Checkpoint()
        with contextlib.suppress(Exception):  # the names in the program are known all the same
            last = await checkpoint()
        aliases = ALIASES.of(seen) or {}
        called = {
            key: member.hosts_in_state(last.called([key, *aliases.get(key, ())]))
            for key, member in self._unnamed.items()
        }
        self._known_hosts = {**(names or {}), **_filled(called)}
        return self._known_hosts

    def hosts_of(self, declared: Declared) -> list[str]:
        """The hosts that a resource is, as the Deployment knows them; none where it is not known as one."""
        if declared.key in self._looked_at or not self.finds_hosts:
            return self._known_hosts.get(declared.key, [])
        hosts = self._told(declared, _hosts, None, "it is reported by its name")
        return [] if hosts is None else hosts or declared.hosts_in_state(None)

    def all_hosts(self) -> list[str]:
        """The hosts of all that has been covered so far."""
        members = {one.key: self.hosts_of(one) for one in self._members}
        if not members and self.otherwise is not None:
            return [self.otherwise]
        return named(members, members)

    def needs(self, declared: Declared) -> frozenset[str]:
        """The hosts that a start has to name before a resource changes; none where any start of the Deployment will do.

        That is so where the hosts are given, and for what is no host in a scope that has known ones. In one that has
        none the resources' names stand for hosts.
        """
        if not self.finds_hosts:
            return frozenset()
        hosts = self.hosts_of(declared)
        return frozenset([declared.name] if not hosts and not self._known_hosts else hosts)

    def names(self, hosts: frozenset[str]) -> bool:
        """Whether the Deployment's own start of this run names these hosts; also where its hosts are not known yet."""
        own = self.own_start
        return own is not None and (own.hosts is None or hosts <= own.hosts)

    def add(self, resource: pulumi.Resource, declared: Declared | None) -> None:
        """Take a resource in; one that comes when the scope is closed is waited for, but not looked at."""
        self._resources.append(resource)
        if declared is not None and self.closed and self.watch:
            self.left_out.append(declared.name)
        elif declared is not None:
            self._members.append(declared)

    def hand_over(self, declared: Declared) -> None:
        """Leave it to another scope to look at a resource; it is waited for all the same."""
        if declared in self._members:
            self._members.remove(declared)

    def covered(self) -> list[pulumi.Resource]:
        """What the end has to wait for. A resource whose constructor raised has no URN and is left out."""
        return [self.deployment, *(resource for resource in self._resources if is_registered(resource))]

    def close(self, origins: Callable[[], Origins] = lambda: Origins({}, {})) -> None:
        """Say what is covered; once only.

        Whatever goes wrong, something is said: the Deployment and all that it covers would wait for it for ever. What
        could not be found out is in `unseen` then.

        Args:
            origins: tells which resources Outputs come from.
        """
        if self.closed:
            return
        self.closed = True
        seen: Mapping[str, Any] = {}
        try:
            if self.watch:
                seen = self._look(origins())
        except Exception as error:  # noqa: BLE001 - told as a warning; the user's deployment goes on
            self.unseen.append(Unseen("its resources cannot be examined", error))
        finally:
            if not self._seen.done():
                self._seen.set_result(seen)

    def _look(self, origins: Origins) -> dict[str, Any]:
        """What is to be said of the resources, by property; of one that cannot be looked at, what can be."""
        by_key = {member.key: member for member in self._members if is_registered(member.resource)}
        resources: dict[str, str] = {}
        names: dict[str, list[str]] = {}
        takes: dict[str, list[str]] = {}
        aliases: dict[str, list[str]] = {}
        unnamed: dict[str, Declared] = {}
        for key, member in by_key.items():
            resources[key] = self._told(member, lambda one: one.digest, UNSEEN, "its changes cannot be detected")
            aliases[key] = self._told(member, lambda one: list(one.aliases()), [], "its aliases cannot be read")
            if not self.finds_hosts:
                continue
            own: list[str] | None = [member.name]
            hosts: list[str] | None = self._told(member, _hosts, own, "it is reported by its name")
            names[key] = list(hosts or ())
            if hosts == []:
                unnamed[key] = member
            takes[key] = self._told(member, lambda one: _sources(one, by_key, origins), [], "its inputs are ignored")
        seen = {**RESOURCES.to(resources), **ALIASES.to(_filled(aliases) or None)}
        if self.finds_hosts:
            if not by_key and self.otherwise is not None:
                names = {"": [self.otherwise]}
            seen |= {**HOST_NAMES.to(_filled(names)), **TAKES.to(_filled(takes) or None)}
        self._unnamed, self._looked_at = unnamed, frozenset(by_key)
        return seen

    def _told(self, member: Declared, tell: Callable[[Declared], T], otherwise: T, instead: str) -> T:
        try:
            return tell(member)
        except Exception as error:  # noqa: BLE001 - a user's function, or a value that nobody thought of
            self.unseen.append(Unseen(f'"{member.name}": {instead}', error))
            return otherwise


def _hosts(member: Declared) -> list[str] | None:
    return member.hosts


def _filled(lists: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {key: items for key, items in lists.items() if items}


def _sources(member: Declared, by_key: Mapping[str, Declared], origins: Origins) -> list[str]:
    """The keys of the scope's resources that its inputs come from, also through resources outside the scope."""
    found: set[str] = set()
    todo, seen = [member], {member}
    while todo:
        for source in {source for taken in todo.pop().takes for source in origins.of(taken)} - seen:
            seen.add(source)
            if by_key.get(source.key) is source:
                found.add(source.key)
            else:
                todo.append(source)
    return sorted(found)


_open: contextvars.ContextVar[Scope | None] = contextvars.ContextVar("bigpanda_scope", default=None)


def enter(scope: Scope) -> contextvars.Token[Scope | None]:
    """Open a scope: what is declared from here on is covered by its Deployment."""
    return _open.set(scope)


def leave(token: contextvars.Token[Scope | None]) -> None:
    """Leave the scope that `enter` opened.

    A `with` may end in another context than it began in, as in a generator or another task: then there is nothing to
    leave.
    """
    with contextlib.suppress(ValueError):
        _open.reset(token)


def entered() -> Scope | None:
    """The innermost scope that is open here."""
    return _open.get()
