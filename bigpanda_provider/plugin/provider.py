"""Pulumi's calls, each handed to a thread: while BigPanda is slow, the others go on."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    GetSchemaRequest,
    GetSchemaResponse,
    PropertyDiff,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from .. import state
from ..errors import DeclarationError, Problem
from ..settings import KEYS
from . import schema
from .place import kind_of
from .values import Values, plain_map

if TYPE_CHECKING:
    from ..provider.service import Service
    from .completions import CompletionFront
    from .deployments import DeploymentFront

WORKERS = 64
"""How many calls run at one time; the engine makes no more than `--parallel` of them."""

T = TypeVar("T")


class BigPandaProvider(Provider):
    """What the engine calls; one process for each provider of a stack, and for each update."""

    def __init__(self) -> None:
        # Not the event loop's own: that one is waited for before the guard would act.
        self._workers = ThreadPoolExecutor(WORKERS, "bigpanda-call")
        self._explicit = False
        self._service: Service | None = None
        self._fronts: dict[str, DeploymentFront | CompletionFront] = {}
        self._declared: set[str] = set()

    async def get_schema(self, request: GetSchemaRequest) -> GetSchemaResponse:
        """What programs may declare."""
        return GetSchemaResponse(schema.text())

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        """Refuse a setting that cannot be used, with one sentence."""
        from . import configuration

        self._explicit = not configuration.is_default(request.urn)
        inputs, problems = await self._run(configuration.checked, request.urn, request.new_inputs)
        return CheckResponse(inputs, _failures(problems))

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Find the settings. Wrong ones are told by the checks, so a destroy goes on."""
        await self._run(self._configure, request.args)
        return ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Refuse what is no event, property by property."""
        self._declared.add(request.urn)
        known = schema.inputs_of(kind_of(request.urn))
        given = request.new_inputs.keys()
        wrong = [Problem(name, schema.unknown(name, known)) for name in sorted(given - known) if name[:2] != "__"]
        if wrong and known:
            return CheckResponse(request.new_inputs, _failures(wrong))
        check = self._front(request.urn).check
        inputs, problems = await self._run(check, request.urn, request.old_inputs, request.new_inputs)
        return CheckResponse(inputs, _failures(problems))

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """An update is shown exactly when it will send something, with the properties that are about that."""
        if request.urn not in self._declared:  # a refresh compares what state has with itself
            return DiffResponse(changes=False, diffs=[], detailed_diff={})
        diff = self._front(request.urn).diff
        sends, shown = await self._run(diff, request.urn, request.old_state, request.new_inputs)
        detailed = {name: PropertyDiff(kind, input_diff=True) for name, kind in shown.items()}
        return DiffResponse(changes=bool(sends), diffs=list(shown), detailed_diff=detailed)

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Send the first event; nothing in a preview."""
        create = partial(self._front(request.urn).create, preview=request.preview)
        outputs = await self._run(create, request.urn, request.properties)
        return CreateResponse("" if request.preview else str(uuid.uuid4()), outputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Send another event, or only what still waits; nothing in a preview."""
        update = partial(self._front(request.urn).update, preview=request.preview)
        return UpdateResponse(await self._run(update, request.urn, request.olds, request.news))

    async def read(self, request: ReadRequest) -> ReadResponse:
        """What was recorded is history: a refresh finds it as it is in state, and there is nothing to import.

        Raises:
            DeclarationError: it is to be imported, or read by its id.
        """
        if not request.properties:
            kind = kind_of(request.urn).rpartition(":")[2]
            raise DeclarationError(f"a {kind} cannot be imported, since nothing can be read from BigPanda; declare it")
        return ReadResponse(request.resource_id, request.properties, request.inputs)

    async def delete(self, request: DeleteRequest) -> None:
        """History stays; a deployment that is still open has failed."""
        await self._run(self._front(request.urn).delete, request.urn, request.properties)

    async def cancel(self) -> None:
        """Note that the update is over, or about to be.

        The engine then sends a signal, upon which the guard acts. A process of which a language host is the parent gets
        none, and is killed after this.
        """
        from ..provider import sdk

        sdk.note_cancel(time.time())
        if self._service is not None and not self._service.guard.sees_the_end:
            await self._run(self._service.guard.act)

    def engine_gone(self) -> None:
        """End this process, unless it has a guard, which does: nobody else would, once the engine was killed."""
        if self._service is None:
            os._exit(1)

    def _configure(self, args: Values) -> None:
        from ..provider.lifecycle import Completions, Deployments
        from ..provider.service import Service
        from .completions import CompletionFront
        from .configuration import places
        from .deployments import DeploymentFront

        given = {name: value for name, value in plain_map(args).items() if name in KEYS}
        config, arguments = places(given, explicit=self._explicit)
        self._service = Service(config, arguments, state.PLUGIN_DEPLOYMENT_TYPE)
        self._fronts = {
            state.PLUGIN_DEPLOYMENT_TYPE: DeploymentFront(Deployments(self._service)),
            state.PLUGIN_COMPLETION_TYPE: CompletionFront(Completions(self._service)),
        }

    def _front(self, urn: str) -> DeploymentFront | CompletionFront:
        kind = kind_of(urn)
        if kind not in self._fronts:
            raise DeclarationError(f"there is no resource type {kind}; use {' or '.join(self._fronts)}")
        return self._fronts[kind]

    async def _run(self, call: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._workers, partial(call, *args))


def _failures(problems: Iterable[Problem]) -> list[CheckFailure]:
    return [CheckFailure(one.property, one.reason) for one in problems]
