"""What happened in a campaign, as far as it can be known from outside, and what BigPanda has that is not so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .. import posts
from ..replay import Event, State, deployments
from .plan import Key


@dataclass
class Model:
    """What happened.

    Attributes:
        clean: the keys whose last update succeeded: unchanged, they are not reported again.
        tried: how many updates may have reported the key.
        unsure: how many of these did not end well, or left its Completion out.
        targeted: the keys whose Deployment was a target without its Completion.
        must: the keys that an update deployed and that succeeded.
        done: what the covered resources did.
        repeats: how many ends may have been sent again, since nobody could know that they had arrived.
        waits_at: the machines where something of the key may wait.
        again: how often it may have been sent again: another machine has removed the component, and state, which it was
            told then, knows nothing of it any more.
    """

    clean: set[Key] = field(default_factory=set)
    tried: Counter[Key] = field(default_factory=Counter)
    unsure: Counter[Key] = field(default_factory=Counter)
    targeted: set[Key] = field(default_factory=set)
    must: set[Key] = field(default_factory=set)
    done: dict[Key, set[str]] = field(default_factory=dict)
    repeats: int = 0
    waits_at: dict[Key, set[str]] = field(default_factory=dict)
    again: Counter[Key] = field(default_factory=Counter)

    def ran(self, machine: str, keys: Iterable[Key], *, is_fine: bool, removed: Iterable[str]) -> None:
        """A machine has run something.

        Args:
            machine: the machine.
            keys: what it may have reported.
            is_fine: whether BigPanda took everything, and nothing went wrong.
            removed: the components that are not in state any more.
        """
        for key in () if is_fine else {*keys, *self.waits_at}:
            self.waits_at.setdefault(key, set()).add(machine)
        gone = set(removed)
        for key, machines in self.waits_at.items():
            if key[0] in gone:
                self.again[key] += self.tried[key] * len(machines - {machine})

    def updated(self, declared: Iterable[Key], did: set[str], *, ok: bool) -> None:
        """The whole program was run; its covered resources did what they wrote into the journal."""
        declared = set(declared)
        for key in declared - self.clean:
            self.tried[key] += 1
            self.done.setdefault(key, set()).update(name for name in did if name.startswith(f"{key[0]}-"))
            if ok:
                self.must.add(key)
            else:
                self.unsure[key] += 1
                self.repeats += 1
        self.clean = declared if ok else self.clean & declared

    def target(self, key: Key) -> None:
        """The Deployment alone was updated."""
        if key not in self.clean:
            self.tried[key] += 1
            self.unsure[key] += 1
            self.targeted.add(key)
            self.repeats += 1

    def destroyed(self) -> None:
        """Nothing is deployed any more: what is declared again is reported again."""
        self.clean.clear()

    def lies(self, events: Sequence[Event]) -> Iterator[str]:
        """What BigPanda has that is not so, once everything has been delivered."""
        states: dict[Key, list[State]] = {}
        unmatched = 0
        of_changes = posts.deployments(events)
        for has in (*deployments(event for event in events if event["kind"] != "change"), *of_changes):
            if has.state is State.UNMATCHED:
                unmatched += 1
            else:
                states.setdefault((has.component, has.version), []).append(has.state)
        for key, had in states.items():
            failures = had.count(State.FAILURE)
            if State.IN_PROGRESS in had:
                yield f"{key} is still in progress"
            if len(had) > self.tried[key] + self.again[key]:
                yield f"{key} is there {len(had)} times, and was tried {self.tried[key]} times"
            if failures > self.unsure[key] + self.again[key]:
                yield f"{key} has {failures} failures, and {self.unsure[key]} updates that did not end well"
            if State.SUCCESS in had and not self._may_have_succeeded(key):
                yield f"{key} has a success, and no update of it went well"
        yield from (
            f"{key} was deployed and has no success" for key in self.must if State.SUCCESS not in states.get(key, ())
        )
        yield from (f"{key} was begun and is not there" for key, did in self.done.items() if did and key not in states)
        repeats = self.repeats + sum(self.again.values())
        if unmatched > repeats:
            yield f"{unmatched} ends matched nothing, and {repeats} may have been repeated"
        yield from _started_twice(event for event in posts.told(events) if not self.again[key_of(event)])
        yield from (f"an older state of {identifier} came after a newer one" for identifier in posts.reopened(events))

    def _may_have_succeeded(self, key: Key) -> bool:
        whole = self.done.get(key, set()) >= {f"{key[0]}-1", f"{key[0]}-2"}
        return key in self.must or key in self.targeted or whole


def key_of(event: Event) -> Key:
    """What an event belongs to."""
    return event["body"]["component"], event["body"]["version"]


def out_of_order(events: Iterable[Event], nested: Iterable[tuple[Key, Key]]) -> Iterator[str]:
    """Where an inner deployment was not within its outer one.

    Args:
        events: what one undisturbed update has sent.
        nested: pairs of an outer and an inner deployment that this update declared.
    """
    places = {(event["kind"], key_of(event)): place for place, event in enumerate(events)}
    for outer, inner in nested:
        order = [places.get(at) for at in (("start", outer), ("start", inner), ("end", inner), ("end", outer))]
        known = [place for place in order if place is not None]
        if len(known) == len(order) and known != sorted(known):
            yield f"{inner} was not within {outer}"


def _started_twice(events: Iterable[Event]) -> Iterator[str]:
    """A start while another of its key is in progress; the very same, sent again, is none."""
    going: dict[tuple[object, Key], object] = {}  # by API: in the one no end can be mistaken for one of the other
    for event in events:
        place = event.get("api"), key_of(event)
        if event["kind"] == "end":
            going.pop(place, None)
        elif going.setdefault(place, event["body"]) != event["body"]:
            yield f"{key_of(event)} was started while it was in progress"
