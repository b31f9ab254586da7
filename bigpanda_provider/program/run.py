"""One run of a Pulumi program, with its Deployments: it sees each resource, what fails, and the program's end.

Everything here is kept per run: two inline programs of the Automation API may run in two threads of one process.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import get_root_resource, is_config_secret, is_dry_run

from ..errors import DeclarationError
from ..settings import complaints
from . import reason, secret_values
from .checkpoint import Checkpoint
from .closing import Scopes
from .covering import Covering
from .hooks import Hooks
from .late import LateChanges
from .lookup import last_checkpoint
from .mocked import MockedRun
from .recording import Recording
from .reporter import Reporter
from .sdk.engine import stack_config, start_dynamic_providers
from .sdk.resources import has_values
from .sdk.run import Calls, Steps, has_ended, under_mocks, when_program_ends, when_settled
from .without import WithoutRun

if TYPE_CHECKING:
    from ..deployment import Deployment
    from .arguments import Given
    from .declared import Declared
    from .ending import Complete


class Run:
    """The run of a program.

    Args:
        root: the stack.

    Attributes:
        can_send: whether anything may be sent.
        stack: the stack's full name.
        ended: whether the program's last statement has run.
        covering: its resources, and what covers each.
        scopes: closes what covers them.
        reporter: sends what this process itself has to send.
        late: what changes without being declared.
        failure: why the first resource that failed did; None where none did.
    """

    can_send = True

    def __init__(self, root: pulumi.Resource) -> None:
        self.stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        self.ended = has_ended(root)
        self.covering = Covering(Hooks(self))
        self.scopes = Scopes(self)
        self._secrets = reason.secrets_of_config()
        self._names: set[tuple[type, str, int]] = set()
        self._recordings: list[Recording] = []
        self._settling: list[Recording] = []
        self.failure: str | None = None
        self._checkpoint: asyncio.Future[Checkpoint] | None = None
        self._calls: Calls | None = None
        self.reporter = Reporter()
        self.late = LateChanges(self)
        self._failed: set[str] = set()
        steps = Steps(self._settled, self._finish, self.reporter.abandon)
        self._settles = not self.ended and when_settled(root, steps)
        self.covering.begin(root)
        when_program_ends(root, self._end)

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that must not leave the process, as far as they are known now."""
        return self._secrets | secret_values.seen(self.covering.resources)

    # -- its Deployments -----------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """The program declares a Deployment: what is wrong with the stack's config is of interest now."""
        if self._calls is None:
            self._calls = Calls.of(asyncio.get_event_loop())
            for complaint in complaints(stack_config(), is_config_secret):
                pulumi.log.warn(complaint)

    def claim_name(self, where: str, kind: type, name: str, parent: pulumi.Resource | None) -> None:
        """Note that a resource of this name is there.

        Raises:
            DeclarationError: there is one of this type and name under the same parent already. The engine would say
                so too, but with a traceback.
        """
        key = (kind, name, id(parent))
        if key in self._names:
            raise DeclarationError(f"{where} is declared twice in this program; give each its own name")
        self._names.add(key)

    def declared_before(self) -> list[str]:
        """The names of the resources that have been declared so far."""
        return self.covering.declared_before()

    def record(self, deployment: Deployment, given: Given, complete: Complete) -> Recording:
        """Take on a Deployment that is being declared; the arguments are those of `Recording`."""
        recording = Recording(self, deployment, given, complete)
        self.scopes.add(recording.scope)
        return recording

    def registered(self, recording: Recording) -> None:
        """The Deployment is handed to the engine: from here on it is told of failures and of the program's end."""
        if self.failure is not None:
            recording.failed(self.failure)
        start_dynamic_providers()  # an inline program: the import came before it, see `seeing.py`
        if self._calls is not None:
            self.scopes.watch(self._calls)
        self._recordings.append(recording)
        if self.ended:
            # In an `apply`: its own `with` block may follow in the callback that is running.
            asyncio.get_event_loop().call_soon(recording.program_ended, None)

    def end_when_settled(self, recording: Recording) -> None:
        """End it once everything that the program has begun is done; where that cannot be seen, now."""
        if self._settles:
            self._settling.append(recording)
        else:
            recording.program_settled(None)

    async def checkpoint(self) -> Checkpoint:
        """The last checkpoint; read once, before any Deployment of this run is registered, since each waits for it."""
        if self._checkpoint is None:
            self._checkpoint = asyncio.ensure_future(last_checkpoint(self.stack))
        return await self._checkpoint

    async def reports(self, deployment: Any) -> bool:
        """Whether the Deployment sends something in this run: its attempt is a new one, or not known yet in preview."""
        if is_dry_run():
            return not await deployment.attempt.is_known()
        return await deployment.attempt.future() not in (await self.checkpoint()).attempts

    # -- what happens to it --------------------------------------------------------------------------------------------

    async def failed(self, why: str, key: str) -> None:
        """A resource failed in an update, given by its key: every Deployment that is open fails with it.

        Returns once that is written down, for whoever ends them. One that may be tried again may do well yet.
        """
        self.failure = self.failure or why
        self._failed.add(key)
        for recording in self._recordings:
            recording.failed(why)
        await self.late.failed(why, is_final=not self.covering.may_be_tried_again(key))

    async def went_well(self, declared: Declared) -> bool:
        """Whether the engine created or updated a resource, once it is done with it.

        Raises:
            Exception: it failed, and the update ends.
        """
        if await declared.resource.urn.future() is None:
            return False
        # One that fails with --continue-on-error has its URN all the same; one that is tried again may do well.
        return declared.key not in self._failed or await has_values(declared.resource)

    async def before_change(self, urn: str) -> None:
        """A covered resource is about to be created or updated; returns once that may go on.

        Raises:
            UndeliveredError: delivery is required, and a start that is needed did not get through.
        """
        found = self.covering.find(urn.split("::", 2)[2])
        if found is None:
            return
        scope, declared = found
        recording = next((one for one in self._recordings if one.scope is scope), None)
        if recording is not None:
            await self.late.before(recording, declared)

    async def _finish(self) -> None:
        """Everything is done, or the program failed: nothing follows."""
        try:
            await self.late.finish()
        finally:
            await self.reporter.close()

    def _end(self, error: BaseException | None) -> None:
        """The program's last statement has run: whatever goes wrong here, no scope stays open."""
        self.ended = True
        actions: list[Callable[[], object]] = [partial(self.scopes.close, scope) for scope in self.scopes.open]
        actions += [partial(recording.program_ended, error) for recording in self._recordings]
        went_wrong: list[Exception] = []
        for action in actions:
            try:
                action()
            except Exception as one:  # noqa: BLE001 - raised below, unless it would hide the user's own
                went_wrong.append(one)
        for scope in self.scopes.open:
            scope.close()
        if went_wrong and error is None:
            raise went_wrong[0]

    def _settled(self, error: BaseException | None) -> bool:
        """End the next Deployment that ends with the program, an inner scope before an outer one.

        Args:
            error: that of a callback that raised.

        Returns:
            Whether there was one.
        """
        if self._settling:
            self._settling.pop().program_settled(error)
            return True
        return False


_runs: weakref.WeakKeyDictionary[pulumi.Resource, Run | MockedRun] = weakref.WeakKeyDictionary()


def current() -> Run | WithoutRun:
    """The run of the program that is running; a stand-in outside of one."""
    root = get_root_resource()
    if root is None:
        return WithoutRun()
    if root not in _runs:
        secret_values.watch()
        _runs[root] = MockedRun(root) if under_mocks() else Run(root)
    return _runs[root]
