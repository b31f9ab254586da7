"""One stack, one BigPanda, several machines, and a random sequence of what may happen to them."""

from __future__ import annotations

import contextlib
import pathlib
import random
import sys
import time

from bigpanda_provider.state import Api

from .. import faults, servers
from ..engine import APP_KEY, Run, Stack, wait_until
from .mishaps import KILLS, MISHAPS, OUTAGES, hurt, outage
from .model import Model, out_of_order
from .plan import OUTER, PROGRAM, Key, Plan

MACHINES = ("one", "two", "three")
STEPS_BETWEEN_CHECKS = 20
COMMANDS = ("up",) * 12 + ("target", "preview", "refresh", "destroy", "destroy", "rebuild")
NO_TARGET = "was not specified in --target list"
WITH_PREVIEW = 0.5
"""How many of the updates have their preview."""


SWITCHES = 0.3
"""How often it is drawn anew which of BigPanda's APIs is set."""


class Campaign:
    """A campaign.

    Args:
        folder: an empty folder.
        bigpanda: what gets the events.
        faulty: the server in front of it.
        seed: of the sequence; the processes' timing is their own.

    Attributes:
        model: what happened.
        steps: what was done, a line for each.
        updates: how many updates were run.
    """

    def __init__(
        self, folder: pathlib.Path, bigpanda: servers.Sandbox, faulty: faults.FaultyBigPanda, seed: int
    ) -> None:
        self.model = Model()
        self.steps: list[str] = []
        self.updates = 0
        self._random = random.Random(seed)
        self._bigpanda, self._faulty = bigpanda, faulty
        self._stack = Stack(folder, faulty.address).program(PROGRAM)
        self._stack.environment["BIGPANDA_TIMEOUT_SECONDS"] = str(faults.EVENT_LIMIT_S)
        self._plan = Plan()
        self._machine = MACHINES[0]
        self._stays = False
        self._there: set[str] = set()  # the components that state may hold
        self._seen = 0
        self._found: list[str] = []

    def run(self, updates: int, limit_s: float) -> list[str]:
        """Run until that many updates were run or the time is up; what BigPanda has that is not so."""
        deadline = time.monotonic() + limit_s
        while self.updates < updates and time.monotonic() < deadline:
            self._step()
            if len(self.steps) % STEPS_BETWEEN_CHECKS == 0 and (found := self._checked()):
                return found
        return self._checked()

    def _step(self) -> None:
        self._plan.change(self._random)
        if not self._stays:
            self._machine = self._random.choice(MACHINES)
        if self._random.random() < SWITCHES:
            self._stack.environment |= {"BIGPANDA_API": self._random.choice([*Api]).value, "BIGPANDA_APP_KEY": APP_KEY}
        command, weather = self._random.choice(COMMANDS), self._random.choice(OUTAGES)
        mishap = self._random.choice(MISHAPS) if command == "up" else "none"
        before, nested = len(self._bigpanda.events()), self._nested()
        there = set(self._there)
        with outage(self._faulty, weather, self._random.uniform(0.5, 3.5)):
            told = self._command(command, mishap)
        if weather == mishap == "none" and command != "target":  # the guard ends those, all at once
            self._found += out_of_order(self._bigpanda.events()[before:], nested)
        self._now_there(
            there, is_fine=weather == mishap == "none" and command != "target", is_rebuilt=command == "rebuild"
        )
        api = self._stack.environment.get("BIGPANDA_API", Api.DEPLOYMENTS.value)
        self._note(f"{command} {self._plan} by {api}, outage {weather}, mishap {mishap}: {told}")

    def _now_there(self, before: set[str], *, is_fine: bool, is_rebuilt: bool = False) -> None:
        removed = before if is_rebuilt else before - self._there
        self.model.ran(self._machine, self._plan.declared(), is_fine=is_fine, removed=removed)

    def _note(self, what: str) -> None:
        self.steps.append(f"{self._machine}: {what}")
        print(f"{len(self.steps):4} {self.steps[-1]}", file=sys.stderr, flush=True)

    def _nested(self) -> list[tuple[Key, Key]]:
        """Pairs of an outer and an inner deployment of which nothing can have been sent so far."""
        new = {key[0]: key for key in self._plan.declared() if not self.model.tried[key]}
        return [(new[outer], new[name]) for name in new if (outer := self._plan.outer(name)) in new and outer]

    def _command(self, command: str, mishap: str) -> str:
        if command == "up":
            return self._up(mishap)
        if command == "target":
            return self._target()
        self._plan.write(self._stack.folder)
        if command == "rebuild":
            self._destroy()
            return self._up("none")
        if command == "destroy":
            return self._destroy()
        run: Run = getattr(self._on_machine(), command)()
        assert run.ok, run.output
        return "ok"

    def _destroy(self) -> str:
        run = self._on_machine().destroy(skip_preview=self._random.random() > WITH_PREVIEW)
        assert run.ok, run.output
        self.model.destroyed()
        self._there.clear()
        return "ok"

    def _up(self, mishap: str) -> str:
        """Run the whole program; one that fails or raises does so in a component that is being deployed."""
        dirty = [name for name, version in self._plan.declared() if (name, version) not in self.model.clean]
        victim = self._random.choice(dirty) if dirty else None
        raises = victim if mishap == "raises" else None
        self._plan.write(self._stack.folder, raises=raises, fails=victim if mishap == "fails" else None)
        declared = self._plan.declared(until=raises)
        preview = self._random.random() < WITH_PREVIEW and not raises  # which would be the end of it
        run = self._hurt(mishap, preview) if mishap in KILLS else self._on_machine().up(skip_preview=not preview)
        if mishap in KILLS:
            self._stack.unlock()
            self.model.repeats += len(declared)
        assert run.ok or mishap != "none", run.output
        self.updates += 1
        for outer in self._plan.around(raises) if raises else ():  # what it declares after the inner scope is missing
            self.model.clean.discard((outer, str(self._plan.versions[outer])))
        self.model.updated(declared, self._did(), ok=run.ok)
        there = {component for component, _ in declared}
        self._there = there if run.ok else self._there | there
        # What a killed update left may be known to this machine alone, until a whole update has gone through here.
        self._stays = (self._stays or mishap in KILLS) and not (run.ok and mishap not in KILLS)
        return ("ok" if run.ok else "not ok") + (f", in {victim}" if victim and mishap in ("fails", "raises") else "")

    def _target(self) -> str:
        """Update one Deployment, and those around it, without anything else."""
        self._plan.write(self._stack.folder)
        keys = dict(self._plan.declared())
        if not keys:
            return "nothing to target"
        name = self._random.choice(list(keys))
        targets: list[str] = []
        for target in (name, *self._plan.around(name)):
            targets += ["--target", f"**Deployment::{target}"]
            self.model.target((target, keys[target]))
        run = self._on_machine().up(*targets, skip_preview=self._random.random() > WITH_PREVIEW)
        self.updates += 1
        # What a killed update left in state may need a deletion, which the engine refuses where that is no target.
        assert run.ok or NO_TARGET in run.output, run.output
        return f"ok, {name}" if run.ok else f"refused by the engine, {name}"

    def _hurt(self, mishap: str, preview: bool) -> Run:
        with self._on_machine().running(skip_preview=not preview) as update:
            time.sleep(self._random.uniform(0.8, 5.0 if preview else 3.0))
            hurt(update, mishap)
            run = update.end()
            # An engine that is killed before it calls its new provider process leaves it: our code is not there yet.
            with contextlib.suppress(AssertionError):
                wait_until(lambda: not update.provider() and not update.program(), limit_s=10)
            return run

    def _checked(self) -> list[str]:
        """Mend everything, let every machine send something once more, and hold BigPanda to the model.

        What waits of a Deployment that is gone from the program is sent when its machine sends anything.
        """
        for machine in sorted(MACHINES, key=lambda name: name != self._machine):
            self._machine = machine
            self._plan.deploy(OUTER[0])
            assert self._up("none") == "ok"
        again = self._on_machine().up("--expect-no-changes")
        if not again.ok:
            self._found.append(f"after all was mended there is still a change: {again.output}")
        return [*self._found, *self.model.lies(self._bigpanda.posts())]

    def _on_machine(self) -> Stack:
        self._stack.environment["BIGPANDA_OUTBOX"] = str(self._stack.folder / f"outbox-{self._machine}.db")
        return self._stack

    def _did(self) -> set[str]:
        """What covered resources did since this was asked last."""
        did = self._stack.did()
        new, self._seen = did[self._seen :], len(did)
        return {name for operation, name, _ in new if operation in ("create", "update")}


def campaign(folder: pathlib.Path, seed: int, updates: int, limit_s: float) -> tuple[Campaign, list[str]]:
    """Run one; it, and what BigPanda has in the end that is not so."""
    with servers.sandbox() as bigpanda, faults.faulty(bigpanda) as faulty:
        made = Campaign(folder, bigpanda, faulty, seed)
        return made, made.run(updates, limit_s)
