"""Late changes: what the engine changes of a scope though its Deployment's start does not name it.

A Deployment says in its inputs what the program declares. What reaches a resource through an Output or a secret, drift
that is repaired, `--replace` or a provider's upgrade is known to the engine alone, and its before-hook tells. No host
changes unless a start of this run names it, and nothing covered changes unless its Deployment has a start in progress:
where none does, the hook sends one before the change goes on, and its end when what it was sent for is done.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from dataclasses import field
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_dry_run

from ..bigpanda.text import listed
from ..dataclass import dataclass
from ..errors import UndeliveredError
from ..hosts import named
from ..state import SECRETS
from .declared import Declared

if TYPE_CHECKING:
    from .recording import Recording
    from .reporter import Reported
    from .run import Run

GATHERING_S = 0.2
"""How long a start waits for what else is about to change: these share it."""
LINGERING_S = 1.0
"""How long an end waits for what may follow from what is done: it shares the attempt."""
SHOWN = 20


@dataclass(eq=False)
class LateAttempt:
    """An attempt for late changes of one scope.

    Attributes:
        sent: done once the start is sent or queued, or is not to be waited for; its exception is raised in the hooks.
        hosts: the hosts that it names; empty until it is sent.
        id: its id; None until it is sent, and where it could not be.
        changing: what of the scope changes under it and is not done.
        failed: whether something of that did not go well.
    """

    sent: asyncio.Future[None]
    hosts: frozenset[str] = frozenset()
    id: str | None = None
    changing: set[Declared] = field(default_factory=set)
    failed: bool = False

    @property
    def went_well(self) -> bool:
        """Whether all that it was sent for is done, and went well."""
        return self.id is not None and not self.changing and not self.failed


class LateChanges:
    """The late changes of a run.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._scopes: dict[Recording, ScopeChanges] = {}

    async def before(self, recording: Recording, declared: Declared) -> None:
        """A covered resource is about to be created or updated; returns once that may go on.

        Raises:
            UndeliveredError: delivery is required, and a start that is needed did not get through.
        """
        if recording not in self._scopes:
            self._scopes[recording] = ScopeChanges(self._run, recording)
        await self._scopes[recording].before(declared)

    async def failed(self, why: str, *, is_final: bool) -> None:
        """A resource failed: so does what is in progress, if that is final. Returns once that is noted or sent."""
        for changes in self._scopes.values():
            await changes.fail(why, is_final=is_final)

    async def finish(self) -> None:
        """The program has ended: end what went well, and leave the rest to the guard; in a preview, tell what it saw.

        Raises:
            UndeliveredError: delivery is required, and an end did not get through.
        """
        undelivered = [await changes.finish() for changes in self._scopes.values()]
        if told := next(filter(None, undelivered), None):
            raise UndeliveredError(told)


class ScopeChanges:
    """The late changes of one Deployment's scope.

    Args:
        run: the run.
        recording: the Deployment.
    """

    def __init__(self, run: Run, recording: Recording) -> None:
        self._run, self._recording, self._scope = run, recording, recording.scope
        self._reporter = run.reporter
        self._gathering: LateAttempt | None = None
        self._open: list[LateAttempt] = []
        self._foreseen: list[Declared] = []
        self._sending: set[asyncio.Future[None]] = set()
        self._watching: set[asyncio.Future[None]] = set()
        self._undelivered: str | None = None
        self._secrets: tuple[str, ...] = ()

    async def before(self, declared: Declared) -> None:
        """As `LateChanges.before`."""
        await self._recording.know_own_start()
        needed = self._scope.needs(declared)
        if self._scope.names(needed) or self._reporter.is_off:
            return
        if is_dry_run():
            self._foreseen.append(declared)
            return
        attempt = next((one for one in self._open if needed <= one.hosts), None) or self._gathered()
        attempt.changing.add(declared)
        _keep(self._watching, self._watch(attempt, declared))
        await asyncio.shield(attempt.sent)

    async def fail(self, why: str, *, is_final: bool) -> None:
        """Something failed while these were in progress.

        The engine kills the program once what is under way is done, so whatever the program alone can end is ended now.
        """
        for attempt in [one for one in self._open if one.id is not None]:
            assert attempt.id is not None
            if attempt not in self._open:
                continue  # it was ended while another one was
            if is_final and attempt.went_well:
                await self._end(attempt)
                continue
            await self._reporter.failed(attempt.id, why)
            if is_final and await self._reporter.broke_off(attempt.id, why) and attempt in self._open:
                self._open.remove(attempt)

    async def finish(self) -> str | None:
        """As `LateChanges.finish`; returns why the update fails."""
        self._tell_foreseen()
        if self._sending:  # what waits for a start is never let go on without it
            await asyncio.wait(self._sending)
        for task in self._watching:
            task.cancel()
        for attempt in list(self._open):
            if attempt.went_well:
                await self._end(attempt)
            elif attempt.id is not None:
                await self._reporter.broke_off(attempt.id, self._run.failure)
        return self._undelivered

    # -- an attempt, from its start to its end -------------------------------------------------------------------------

    def _gathered(self) -> LateAttempt:
        """The attempt that is to be started in a moment, for all that is about to change by then."""
        if self._gathering is None:
            self._gathering = LateAttempt(asyncio.get_running_loop().create_future())
            _keep(self._sending, self._send(self._gathering))
        return self._gathering

    async def _send(self, attempt: LateAttempt) -> None:
        """Send its start, then let go on what waits for it; if it does not get through where it has to, fail that."""
        await asyncio.sleep(GATHERING_S)
        self._gathering = None
        attempt.hosts = self._hosts(attempt.changing)
        self._open.append(attempt)
        try:
            event = await self._recording.event()
            self._secrets = tuple(SECRETS.of(event) or ())
            own, checkpoint = self._scope.own_start, await self._run.checkpoint()
            beside = None if own is None else own.attempt
            changing = sorted(one.key for one in attempt.changing)
            started = await self._reporter.start(event, changing, attempt.hosts, beside, checkpoint.sent)
            attempt.id = started.attempt
            self._tell(started)
            if own is not None and attempt.id is None:
                self._open.remove(attempt)  # the Deployment's own end is its end
                self._scope.own_start = own.with_hosts(attempt.hosts)
            elif attempt.id is not None and self._run.failure is not None:
                self._reporter.failed(attempt.id, self._run.failure)
            attempt.sent.set_result(None)
        except Exception as error:  # noqa: BLE001 - told below; every hook that waits is released
            self._open.remove(attempt)
            self._not_sent(attempt, error)

    def _not_sent(self, attempt: LateAttempt, error: Exception) -> None:
        """Tell why a start was not even recorded, and let go on what waits for it, or fail it."""
        if isinstance(error, UndeliveredError):
            attempt.sent.set_exception(error)
            return
        # What another error says may be secret: an event that cannot be sent, a file that cannot be read.
        names = listed(sorted(one.name for one in attempt.changing), SHOWN)
        name = self._scope.deployment.pulumi_resource_name
        told = f'Deployment "{name}": the change of {names} could not be reported ({type(error).__name__})'
        if self._reporter.is_required:
            attempt.sent.set_exception(UndeliveredError(f"{told}, and delivery is required, so nothing was changed"))
        else:
            attempt.sent.set_result(None)
            pulumi.log.warn(told)

    async def _watch(self, attempt: LateAttempt, declared: Declared) -> None:
        """Wait until a resource has changed; the last one that does well ends the attempt, if nothing follows."""
        went_well = False
        with contextlib.suppress(Exception):  # the engine has told the user why it failed
            went_well = await self._run.went_well(declared)
        attempt.failed |= not went_well
        attempt.changing.discard(declared)
        if attempt.went_well:
            await asyncio.sleep(LINGERING_S)
            if attempt.went_well and attempt in self._open:
                await self._end(attempt)

    async def _end(self, attempt: LateAttempt) -> None:
        """Send its end: a success. What did not go well is left to the guard, which knows of a cancellation too."""
        self._open.remove(attempt)
        assert attempt.id is not None
        ended = await asyncio.shield(self._reporter.succeeded(attempt.id, self._secrets))
        self._tell(ended)
        self._undelivered = self._undelivered or ended.undelivered

    def _tell(self, reported: Reported) -> None:
        if reported.line:
            pulumi.log.info(reported.line, self._scope.deployment)

    def _hosts(self, changing: Iterable[Declared]) -> frozenset[str]:
        """The hosts to name: those that are given, else those that change."""
        if not self._scope.finds_hosts:
            return self._scope.hosts
        return frozenset(named([one.key for one in changing], {one.key: self._scope.hosts_of(one) for one in changing}))

    def _tell_foreseen(self) -> None:
        """Tell, in a preview, what the update will report beside what the Deployment shows."""
        if not self._foreseen:
            return
        hosts, names = sorted(self._hosts(self._foreseen)), sorted({one.name for one in self._foreseen})
        changes = "changes" if len(names) == 1 else "change"
        through = f"{changes} through an Output" if all(one.takes for one in self._foreseen) else changes
        why = f"which {through}" if hosts == names else f"since {listed(names, SHOWN)} {through}"
        deployment = self._scope.deployment
        # With --diff the engine shows a message without what it is attached to, so it names that itself.
        told = f'Deployment "{deployment.pulumi_resource_name}" will also report {listed(hosts, SHOWN)}, {why}'
        pulumi.log.info(told, deployment)


def _keep(tasks: set[asyncio.Future[None]], work: Coroutine[Any, Any, None]) -> None:
    """Do the work in a task; it is among the tasks until it is done."""
    task = asyncio.ensure_future(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
