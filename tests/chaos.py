"""A campaign of random updates on the real engine, held against a model of what happened.

    python -m tests.chaos --updates 200 --seconds 1500 --seed 1

Each step changes the program or leaves it, picks a machine (an outbox), a command, an outage and a mishap, and runs it.
Every so often all is mended, and BigPanda is held to the model, which knows nothing of how the package works.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from . import faults, servers
from .engine import Run, Running, Stack, wait_until

COMPONENTS = ("web", "api", "db")
MACHINES = ("one", "two", "three")
STEPS_BETWEEN_CHECKS = 20
PROGRAM = """
    import json
    plan = json.load(open("plan.json"))
    for component, version in plan["versions"].items():
        with bigpanda.Deployment(component, component=component, version=str(version), hosts=[component, "h"]):
            Thing(f"{component}-1", version, sleep=1)
            if plan["raises"] == component:
                raise RuntimeError("the program itself")
            Thing(f"{component}-2", version, fail="mishap" if plan["fails"] == component else None)
    """
MISHAPS = ("none", "none", "none", "fails", "raises", "cancel", "cancel twice", "engine", "program", "provider", "all")
KILLS = frozenset({"cancel", "cancel twice", "engine", "program", "provider", "all"})
OUTAGES = ("none", "none", "none", "away", "503", "reset", "hang", "comes back", "goes away")
COMMANDS = ("up",) * 14 + ("target", "preview", "refresh", "destroy")

Key = tuple[str, str]
"""A component and its version. No version is used twice, so what BigPanda has of a key belongs to it."""


@dataclass
class Model:
    """What happened, as far as it can be known from outside.

    Attributes:
        clean: the keys whose last update succeeded: unchanged, they are not reported again.
        tried: how many updates may have reported the key.
        unsure: how many of these did not end well, or left its Completion out.
        targeted: the keys whose Deployment was a target without its Completion.
        must: the keys that an update deployed and that succeeded.
        done: what the covered resources did.
        repeats: how many ends may have been sent again, since nobody could know that they had arrived.
    """

    clean: set[Key] = field(default_factory=set)
    tried: Counter[Key] = field(default_factory=Counter)
    unsure: Counter[Key] = field(default_factory=Counter)
    targeted: set[Key] = field(default_factory=set)
    must: set[Key] = field(default_factory=set)
    done: dict[Key, set[str]] = field(default_factory=dict)
    repeats: int = 0

    def updated(self, declared: set[Key], did: set[str], *, ok: bool) -> None:
        """The whole program was run; its covered resources did what they wrote into the journal."""
        for key in declared - self.clean:
            self.tried[key] += 1
            self.done.setdefault(key, set()).update(name for name in did if name.startswith(key[0]))
            if ok:
                self.must.add(key)
            else:
                self.unsure[key] += 1
                self.repeats += 1
        self.clean = set(declared) if ok else self.clean & declared

    def target(self, key: Key) -> None:
        """The Deployment alone was updated."""
        if key not in self.clean:
            self.tried[key] += 1
            self.unsure[key] += 1
            self.targeted.add(key)
            self.repeats += 1

    def lies(self, bigpanda: servers.Sandbox) -> Iterator[str]:
        """What BigPanda has that is not so, once everything has been delivered."""
        states: dict[Key, list[str]] = {}
        for change in bigpanda.changes():
            states.setdefault((change["component"], change["version"]), []).append(change["state"])
        for key, had in states.items():
            failures = had.count("failure")
            if "in_progress" in had:
                yield f"{key} is still in progress"
            if len(had) > self.tried[key]:
                yield f"{key} is there {len(had)} times, and was tried {self.tried[key]} times"
            if failures > self.unsure[key]:
                yield f"{key} has {failures} failures, and {self.unsure[key]} updates that did not end well"
            if "success" in had and not self._may_have_succeeded(key):
                yield f"{key} has a success, and no update of it went well"
        yield from (
            f"{key} was deployed and has no success" for key in self.must if "success" not in states.get(key, ())
        )
        yield from (f"{key} was begun and is not there" for key, did in self.done.items() if did and key not in states)
        if len(bigpanda.unmatched()) > self.repeats:
            yield f"{len(bigpanda.unmatched())} ends matched nothing, and {self.repeats} may have been repeated"
        yield from self._started_twice(bigpanda)

    def _may_have_succeeded(self, key: Key) -> bool:
        whole = self.done.get(key, set()) >= {f"{key[0]}-1", f"{key[0]}-2"}
        return key in self.must or key in self.targeted or whole

    @staticmethod
    def _started_twice(bigpanda: servers.Sandbox) -> Iterator[str]:
        """A start while another of its key is in progress; the very same, sent again, is none."""
        going: dict[Key, object] = {}
        for event in bigpanda.events():
            body = event["body"]
            key = (body["component"], body["version"])
            if event["kind"] == "end":
                going.pop(key, None)
            elif going.setdefault(key, body) != body:
                yield f"{key} was started while it was in progress"


class Campaign:
    """One stack, one BigPanda, several machines, and a random sequence of what may happen to them.

    Args:
        folder: an empty folder.
        bigpanda: what gets the events.
        faulty: the server in front of it.
        seed: of the sequence; the processes' timing is their own.
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
        self._stack.environment["BIGPANDA_TIMEOUT_SECONDS"] = "1"
        self._versions: dict[str, int] = {}
        self._newest = 0
        self._machine = MACHINES[0]
        self._stays = False
        self._seen = 0

    def run(self, updates: int, limit_s: float) -> list[str]:
        """Run until that many updates were run or the time is up; what BigPanda has that is not so."""
        deadline = time.monotonic() + limit_s
        while self.updates < updates and time.monotonic() < deadline:
            self._step()
            if len(self.steps) % STEPS_BETWEEN_CHECKS == 0 and (found := self._checked()):
                return found
        return self._checked()

    def _step(self) -> None:
        self._change_the_program()
        if not self._stays:
            self._machine = self._random.choice(MACHINES)
        command, outage = self._random.choice(COMMANDS), self._random.choice(OUTAGES)
        mishap = self._random.choice(MISHAPS) if command == "up" else "none"
        with self._outage(outage):
            told = self._command(command, mishap)
        self.steps.append(f"{self._machine}: {command} {self._versions}, outage {outage}, mishap {mishap}: {told}")
        print(f"{len(self.steps):4} {self.steps[-1]}", file=sys.stderr, flush=True)

    def _change_the_program(self) -> None:
        for component in COMPONENTS:
            chance = self._random.random()
            if chance < (0.35 if component in self._versions else 0.5):
                self._deploy(component)
            elif chance > 0.93:
                self._versions.pop(component, None)

    def _deploy(self, component: str) -> None:
        self._newest += 1
        self._versions[component] = self._newest

    def _command(self, command: str, mishap: str) -> str:
        if command == "up":
            return self._up(mishap)
        if command == "target":
            return self._target()
        self._plan()
        run = getattr(self._stack, command)()
        assert run.ok, run.output
        if command == "destroy":
            self.model.clean.clear()
        return "ok"

    def _up(self, mishap: str) -> str:
        """Run the whole program; one that fails or raises does so in a component that is being deployed."""
        dirty = [name for name in self._versions if (name, str(self._versions[name])) not in self.model.clean]
        victim = self._random.choice(dirty) if dirty else None
        raises = victim if mishap == "raises" else None
        declared = self._plan(raises=raises, fails=victim if mishap == "fails" else None)
        run = self._killed(mishap) if mishap in KILLS else self._on_machine().up()
        if mishap in KILLS:
            self._stack.unlock()
            self.model.repeats += len(declared)
        assert run.ok or mishap != "none", run.output
        self.updates += 1
        self.model.updated(declared, self._did(), ok=run.ok)
        # What a killed update left may be known to this machine alone, until a whole update has gone through here.
        self._stays = (self._stays or mishap in KILLS) and not (run.ok and mishap not in KILLS)
        return "ok" if run.ok else "not ok"

    def _target(self) -> str:
        declared = sorted(self._plan())
        if not declared:
            return "nothing to target"
        key = self._random.choice(declared)
        run = self._on_machine().up("--target", f"**Deployment::{key[0]}")
        assert run.ok, run.output
        self.updates += 1
        self.model.target(key)
        return f"ok, {key[0]}"

    def _killed(self, mishap: str) -> Run:
        with self._on_machine().running() as update:
            time.sleep(self._random.uniform(0.8, 2.4))
            _hurt(update, mishap)
            run = update.end()
            # An engine that is killed before it calls its new provider process leaves it: our code is not there yet.
            with contextlib.suppress(AssertionError):
                wait_until(lambda: not update.provider() and not update.program(), limit_s=10)
            return run

    @contextlib.contextmanager
    def _outage(self, kind: str) -> Iterator[None]:
        """BigPanda misbehaves from now, or from or to a moment within the step."""
        faulty, moment = self._faulty, self._random.uniform(0.5, 2.5)
        turn = None
        if kind in ("away", "comes back"):
            faulty.go_away()
        if kind in ("comes back", "goes away"):
            turn = threading.Timer(moment, faulty.come_back if kind == "comes back" else faulty.go_away)
            turn.start()
        faulty.fault = {"503": faults.answer(503), "reset": faults.reset, "hang": faults.hang}.get(kind)
        try:
            yield
        finally:
            if turn is not None:
                turn.join()
            faulty.fault = None
            faulty.come_back()

    def _checked(self) -> list[str]:
        """Mend everything, let every machine send something once more, and hold BigPanda to the model.

        What waits of a Deployment that is gone from the program is sent when its machine sends anything.
        """
        for machine in sorted(MACHINES, key=lambda name: name != self._machine):
            self._machine = machine
            self._deploy(COMPONENTS[0])
            assert self._up("none") == "ok"
        again = self._on_machine().up("--expect-no-changes")
        found = [] if again.ok else [f"after all was mended there is still a change: {again.output}"]
        return [*found, *self.model.lies(self._bigpanda)]

    def _on_machine(self) -> Stack:
        self._stack.environment["BIGPANDA_OUTBOX"] = str(self._stack.folder / f"outbox-{self._machine}.db")
        return self._stack

    def _plan(self, raises: str | None = None, fails: str | None = None) -> set[Key]:
        """Write down what the program is to declare; the keys that it will come to."""
        plan = {"versions": self._versions, "raises": raises, "fails": fails}
        (self._stack.folder / "plan.json").write_text(json.dumps(plan))
        names = list(self._versions)
        return {(n, str(self._versions[n])) for n in (names[: names.index(raises) + 1] if raises else names)}

    def _did(self) -> set[str]:
        """What covered resources did since this was asked last."""
        did = self._stack.did()
        new, self._seen = did[self._seen :], len(did)
        return {name for operation, name, _ in new if operation in ("create", "update")}


def _hurt(update: Running, mishap: str) -> None:
    """Cancel the update, or kill what there is of its processes."""
    if update.process.poll() is not None:
        return
    if mishap.startswith("cancel"):
        update.signal(signal.SIGINT)
        if mishap == "cancel twice":
            time.sleep(0.3)
            update.signal(signal.SIGINT)
        return
    victims: dict[str, Callable[[], list[int]]] = {
        "engine": lambda: [update.process.pid],
        "program": update.program,
        "provider": update.provider,
        "all": lambda: [update.process.pid, *update.program(), *update.provider()],
    }
    if pids := victims[mishap]():
        update.kill(pids)


def campaign(folder: pathlib.Path, seed: int, updates: int, limit_s: float) -> tuple[Campaign, list[str]]:
    """Run one; it, and what BigPanda has in the end that is not so."""
    with servers.sandbox() as bigpanda, faults.faulty(bigpanda) as faulty:
        made = Campaign(folder, bigpanda, faulty, seed)
        return made, made.run(updates, limit_s)


def main() -> int:
    """Run a campaign as the arguments say; 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=200, help="how many updates to run (200)")
    parser.add_argument("--seconds", type=float, default=1500, help="when to stop all the same (1500)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the sequence (a random one)")
    given = parser.parse_args()
    print(f"seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        made, found = campaign(pathlib.Path(folder) / "stack", given.seed, given.updates, given.seconds)
    print(f"seed {given.seed}: {made.updates} updates in {len(made.steps)} steps", *found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
