"""Any sequence of processes that come, go, sleep and lose the outbox, held to what BigPanda must have in the end.

When it fails, hypothesis prints the shortest sequence of steps that breaks it.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bigpanda_provider import state
from bigpanda_provider.delivery.attempt import Attempt, End
from bigpanda_provider.delivery.record import LEASE_S
from bigpanda_provider.delivery.takeover import Left
from bigpanda_provider.provider.last import Last, previous_of
from bigpanda_provider.state import Api

from .outboxes import InDatabase, InFile
from .postgres import PostgreSQL
from .processes import ELSEWHERE, HERE, NO_DEADLINE, STACK, Process, Weather, World, attempt, told

NAMES = ("web", "api")
QUIET_PASSES_S = 40.0
PLACES = st.sampled_from([HERE, ELSEWHERE])
WEATHERS = st.sampled_from([Weather.FINE, Weather.DOWN, Weather.LOSES_ANSWERS])
PAUSES = st.sampled_from([0.0, LEASE_S + 1, QUIET_PASSES_S])
ACTS = st.one_of(
    st.tuples(st.sampled_from(["a_deployment_runs", "a_deployment_runs", "a_completion_runs"]), st.sampled_from(NAMES)),
    st.tuples(
        st.sampled_from(
            ["nothing_changed", "the_outbox_is_locked_meanwhile", "a_machine_wakes", "connections_are_ended"]
        ),
        st.sampled_from(NAMES),
    ),
    st.tuples(st.just("the_weather_changes"), WEATHERS),
    st.tuples(st.just("time_passes"), PAUSES),
    st.tuples(st.just("somebody_flushes"), PLACES),
)
"""What may happen while an update runs, each the name of a method and what it is told."""


class Ending(enum.Enum):
    """How an update ends."""

    WELL = "well"
    FAILED = "a resource fails, and the program notes why"
    KILLED = "killed before the engine has stored anything"
    KILLED_AND_STORED = "killed after that"
    KILLED_AND_NOTED = "killed after everything had gone well"
    ASLEEP = "its machine sleeps"


ENDINGS = st.sampled_from([*Ending])


@dataclass
class Stored:
    """What Pulumi's state holds of one Deployment: its outputs, and those of its Completion."""

    deployment: Mapping[str, Any] | None = None
    completion: Mapping[str, Any] | None = None

    def previous(self) -> Attempt | None:
        """What the last checkpoint says of the last attempt."""
        if self.deployment is None:
            return None
        end = self.completion or {}
        same = end.get("attempt") == self.deployment["attempt"]
        known = {name: end.get(name) for name in ("status", "delivery", "errorMessage")} if same else {}
        return previous_of({"previous": {"attempt": self.deployment["attempt"], **known}}, "")


@dataclass
class Update:
    """An update of the stack, by one provider process.

    Attributes:
        process: the process.
        before: what state holds when it begins, by Deployment.
        after: what it has given back so far.
        open: the attempts that it began and has not ended, by Deployment.
        was_locked_out: whether it ended an attempt while the outbox could not be written.
    """

    process: Process
    before: dict[str, Stored]
    after: dict[str, Stored]
    open: dict[str, Attempt] = field(default_factory=dict)
    was_locked_out: bool = False


class Processes(RuleBasedStateMachine):
    """Updates of one stack with two Deployments, one after the other, and what may happen to them.

    Attributes:
        api: by which they are recorded.
        kept: the outbox, which is empty at the beginning of each sequence.
    """

    api = Api.DEPLOYMENTS
    kept: InFile | InDatabase

    def __init__(self) -> None:
        super().__init__()
        self.exits = contextlib.ExitStack()

    @initialize(may_be_lost=st.sampled_from([False, False, False, True]))
    def begin(self, may_be_lost: bool) -> None:
        """Nothing has happened so far; whether the outbox will be lost, after which less is known, is settled now."""
        self.may_be_lost = may_be_lost
        self.world = self.exits.enter_context(World(self.kept.location).running())
        self.state = {name: Stored() for name in NAMES}
        self.older = dict(self.state)
        self.update: Update | None = None
        self.sleeping: list[Update] = []
        self.newest = 0
        self.begun: dict[str, str] = {}  # the Deployment of each version that was begun
        self.went_well: set[str] = set()
        self.knowledge_was_lost = self.state_alone_knows = False

    def teardown(self) -> None:
        """In the end nothing is open; then leave nothing behind."""
        try:
            if hasattr(self, "world"):
                self.in_the_end_nothing_is_open()
        finally:
            self.exits.close()
            self.kept.empty()

    # -- the steps -----------------------------------------------------------------------------------------------------

    @rule(
        where=PLACES,
        weather=WEATHERS,
        after_s=PAUSES,
        acts=st.lists(ACTS, max_size=6),
        ending=st.sampled_from([*Ending]),
    )
    def an_update(
        self, where: str, weather: Weather, after_s: float, acts: list[tuple[str, Any]], ending: Ending
    ) -> None:
        """A stack has one update at a time."""
        self.an_update_begins(where, weather, after_s)
        for act, what in acts:
            getattr(self, act)(what)
        self.the_update_is_over(ending)

    @rule(where=PLACES)
    def a_flush(self, where: str) -> None:
        """Somebody flushes while no update runs."""
        self.somebody_flushes(where)

    @rule()
    def an_older_state(self) -> None:
        """`pulumi stack import` of an export of before the last update."""
        self.an_older_state_is_restored()

    @precondition(lambda self: self.may_be_lost)
    @rule()
    def no_outbox(self) -> None:
        """Somebody removes the outbox."""
        self.the_outbox_is_lost()

    # -- what an update does -------------------------------------------------------------------------------------------

    def an_update_begins(self, where: str, weather: Weather, after_s: float) -> None:
        """A stack has one update at a time; BigPanda may be as before or not, and some time may have passed."""
        self.world.bigpanda.weather = weather
        self.world.clock.time += after_s
        before = {name: replace(stored) for name, stored in self.state.items()}
        self.update = Update(self.world.process(where), before, {name: replace(one) for name, one in before.items()})

    def a_deployment_runs(self, name: str) -> None:
        """It starts a new version, once in an update."""
        update = self.update
        assert update is not None
        if update.after[name].deployment is not update.before[name].deployment:
            return
        stored = update.before[name]
        last = None if stored.deployment is None else Last.of(stored.deployment)
        left = Left() if last is None else last.left(self._previous(update, stored))
        self.newest += 1
        version = str(self.newest)
        self.begun[version] = name
        new = attempt(version, name, self.api)
        begun, backlog = update.process.delivery.start(STACK, name, new, left)
        outputs = Last(begun, [], None).after(left, begun, backlog).outputs()
        update.after[name] = replace(stored, deployment=outputs)
        update.open[name] = begun

    def nothing_changed(self, name: str) -> None:
        """A Deployment that is as it was sends what is left of it, if there is something."""
        update = self.update
        assert update is not None
        stored = update.before[name]
        if stored.deployment is None or update.after[name].deployment is not stored.deployment:
            return
        last = Last.of(stored.deployment)
        left = last.left(self._previous(update, stored))
        if update.process.delivery.has_left(STACK, name, left):
            sent, backlog = update.process.delivery.resend(STACK, name, last.attempt, left)
            update.after[name] = replace(stored, deployment=last.after(left, sent, backlog).outputs())

    def a_completion_runs(self, name: str) -> None:
        """Everything in the scope went well."""
        assert self.update is not None
        if name in self.update.open:
            self._complete(self.update, name)

    def the_update_is_over(self, ending: Ending) -> None:
        """In one of the ways in which updates end."""
        if ending in (Ending.WELL, Ending.FAILED):
            self.the_update_ends(ending is Ending.FAILED)
        elif ending is Ending.ASLEEP and self.update is not None and self.update.process.holder.machine == ELSEWHERE:
            self.the_machine_sleeps()
        else:
            self.the_update_is_killed(ending is Ending.KILLED_AND_STORED, ending is Ending.KILLED_AND_NOTED)

    def the_update_ends(self, noted: bool) -> None:
        """Well or not: the engine has asked every Deployment, and stored what it was given; the guard ends the rest."""
        for name in NAMES:
            self.nothing_changed(name)
        update, self.update = self.update, None
        assert update is not None
        for name, one in update.open.items():
            if noted:
                update.process.outbox.note(one.id, f"{name}: no space left")
        update.process.exit()
        self.older, self.state = self.state, update.after

    def the_update_is_killed(self, is_stored: bool, noted: bool) -> None:
        """All its processes, before or after the engine has stored what it was given, or a success was noted."""
        update, self.update = self.update, None
        assert update is not None
        for one in update.open.values() if noted else ():
            update.process.outbox.note(one.id, None)
            if update.process.outbox.trouble is None:
                self.went_well.add(one.id)
        update.process.kill()
        if is_stored:
            self.older, self.state = self.state, update.after
            self.state_alone_knows |= update.was_locked_out
        elif update.was_locked_out:  # neither state nor outbox could be told how an attempt ended
            self.knowledge_was_lost = True

    def the_machine_sleeps(self) -> None:
        """A laptop's lid is closed in the midst of an update, and somebody cancels it in the backend."""
        update, self.update = self.update, None
        assert update is not None
        self.sleeping.append(update)
        self.state = update.after

    def a_machine_wakes(self, _name: str = "") -> None:
        """It goes on as if nothing had been: the Completions run, then the process ends."""
        if not self.sleeping:
            return
        update = self.sleeping.pop(0)
        for record in update.process.outbox.unsettled():
            update.process.delivery.send_end(record.id, NO_DEADLINE)
        for name in list(update.open):
            self._complete(update, name)
        update.process.exit()

    # -- what else may happen ------------------------------------------------------------------------------------------

    def the_weather_changes(self, weather: Weather) -> None:
        """BigPanda goes away, loses answers, or is back."""
        self.world.bigpanda.weather = weather

    def time_passes(self, seconds: float) -> None:
        """Long enough for the circuit breaker or a lease, or not; who is awake renews its lease meanwhile."""
        if self.update is not None:
            self.update.process.outbox.renew()
        self.world.clock.time += seconds
        if self.update is not None:
            self.update.process.outbox.renew()

    def somebody_flushes(self, where: str) -> None:
        """`bigpanda-release flush`, of what no process looks after and no state holds."""
        process = self.world.process(where)
        now = self.world.clock()
        every = process.outbox.unsettled_of_all()
        in_state = {record.place for record in every if record.in_state}
        free = [r for r in every if r.is_free(now) and r.place not in in_state and not r.attempt.is_open]
        process.delivery.backlog.flush(free)
        process.outbox.close()
        process.kill()

    def the_outbox_is_lost(self) -> None:
        """Somebody removes the file, or the tables."""
        self.knowledge_was_lost = True
        self.kept.remove()

    def connections_are_ended(self, _name: str) -> None:
        """An administrator ends all connections to a database; nobody minds."""
        self.kept.end_connections()

    def the_outbox_is_locked_meanwhile(self, name: str) -> None:
        """While a Completion runs nothing can be written; and again after a while."""
        update = self.update
        assert update is not None
        if name in update.open and self.kept.is_there():
            with self.kept.locked():
                update.was_locked_out = True
                self._complete(update, name)

    def an_older_state_is_restored(self) -> None:
        """`pulumi stack import` of an export of before the last update."""
        self.state = self.older
        self.knowledge_was_lost |= self.state_alone_knows

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def every_end_has_its_start(self) -> None:
        """And nothing is sent that was not begun."""
        if not hasattr(self, "world"):
            return
        started = set()
        for kind, version in self.world.bigpanda.got:
            assert version in self.begun
            if kind == "start":
                started.add(version)
            else:
                assert version in started, f"{kind} {version} without its start"

    @invariant()
    def an_attempt_has_one_end(self) -> None:
        """One status, however often it is sent; unless the outbox, which knows of the first, is lost."""
        if not hasattr(self, "world") or self.knowledge_was_lost:
            return
        ends: dict[str, str] = {}
        for kind, version in self.world.bigpanda.got:
            if kind != "start":
                assert ends.setdefault(version, kind) == kind, f"{version} has two ends"
                assert kind == "success" or version not in self.went_well, f"{version} went well"

    @invariant()
    def nothing_is_overtaken(self) -> None:
        """No end of an older attempt comes for the first time after the start of a newer one of its Deployment."""
        if not hasattr(self, "world") or self.knowledge_was_lost:
            return
        newest = dict.fromkeys(NAMES, 0)
        ended: set[str] = set()
        for kind, version in self.world.bigpanda.got:
            name = self.begun[version]
            if kind == "start":
                newest[name] = max(newest[name], int(version))
            elif version not in ended:
                assert int(version) >= newest[name], f"{kind} {version} after start {newest[name]}"
                ended.add(version)

    def in_the_end_nothing_is_open(self) -> None:
        """Once BigPanda is back and each Deployment has run once more, every start has its end, and nothing waits."""
        while self.sleeping:
            self.a_machine_wakes()
        if self.update is not None:
            self.the_update_ends(False)
        for _ in range(2):  # what state and outbox hold of an attempt may need two runs: its start, then its Completion
            self.an_update_begins(HERE, Weather.FINE, QUIET_PASSES_S)
            for name in NAMES:
                self.a_deployment_runs(name)
                assert self.update is not None
                self._complete(self.update, name)
            self.the_update_ends(False)
        for holds in (self.every_end_has_its_start, self.an_attempt_has_one_end, self.nothing_is_overtaken):
            holds()
        got = self.world.bigpanda.got
        started = {version for kind, version in got if kind == "start"}
        ended = {version for kind, version in got if kind != "start"}
        if not self.knowledge_was_lost:
            assert started == ended, f"in progress for ever: {started - ended}"
            reader = self.world.process()
            waiting = [(record.id, record.attempt) for record in reader.outbox.unsettled_of_all()]
            reader.kill()
            assert waiting == []

    # -- -- ------------------------------------------------------------------------------------------------------------

    def _previous(self, update: Update, stored: Stored) -> Attempt | None:
        """As the lifecycle finds it: where state holds no end, as the outbox knows it."""
        previous = stored.previous()
        if previous is None or previous.end is not None:
            return previous
        end = update.process.delivery.how_it_ended(previous.id)
        return previous if end is None else previous.ended(end)

    def _complete(self, update: Update, name: str) -> None:
        one = update.open.pop(name)
        ended = update.process.delivery.end(STACK, name, told(one), End.success(), secret=False)
        assert ended.end is not None
        end = ended.end
        stored = {**state.ATTEMPT.to(one.id), "status": end.status.value, "delivery": end.delivery.value}
        update.after[name] = replace(update.after[name], completion={**stored, "errorMessage": end.reason})


class ProcessesOfChanges(Processes):
    """The same with the Changes API."""

    api = Api.CHANGES

    @invariant()
    def a_change_never_goes_back(self) -> None:
        """No start is posted once its end has been tried."""
        if hasattr(self, "world") and not self.knowledge_was_lost:
            ended: set[str] = set()
            for kind, version in self.world.bigpanda.got:
                assert kind != "start" or version not in ended, f"start {version} after its end"
                ended |= set() if kind == "start" else {version}


both_apis = pytest.mark.parametrize("machine", [Processes, ProcessesOfChanges], ids=["deployments", "changes"])


def run(machine: type[Processes], kept: InFile | InDatabase, examples: int) -> None:
    """Run so many sequences: the same ones in every run; `derandomize=False` looks for others."""
    how = settings(
        max_examples=examples,
        stateful_step_count=10,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(type(machine.__name__, (machine,), {"kept": kept}), settings=how)


@both_apis
def test_processes_that_share_a_file(machine: type[Processes]) -> None:
    """Whatever happens, every start has one end, and nothing is overtaken."""
    with InFile.made() as kept:
        run(machine, kept, 500)


@both_apis
def test_processes_that_share_a_database(
    machine: type[Processes], postgres: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds, also where connections are ended, however busy the machine is."""
    monkeypatch.setattr("bigpanda_provider.delivery.stored.postgres.QUICK_S", -1.0)  # no answer counts as quick
    with InDatabase.made(postgres) as kept:
        run(machine, kept, 60)
