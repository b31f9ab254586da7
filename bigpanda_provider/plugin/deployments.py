"""A Deployment of a plugin: what the engine hands over, for the lifecycle, and what that answers, for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import PropertyDiffKind

from .. import state
from ..bigpanda.events import HOSTS_FORM, same_hosts
from ..bigpanda.hidden import in_text
from ..dataclass import dataclass
from ..errors import Problem
from ..provider.lifecycle import Deployments, Sends
from ..provider.unknown import UNKNOWN
from ..state import packed, unpacked
from . import start
from .place import place_of
from .values import Values, changes, plain, plain_map, secret_names, wrapped_map

SHOWN = (
    *(state.COMPONENT, state.VERSION, state.HOSTS, state.DESCRIPTION, state.OWNER, state.SOURCE, state.TAGS),
    state.TRIGGERS,
)
INPUTS = (*SHOWN, state.TIMESTAMP)
DEFAULT_SOURCE = "pulumi"
_FOR_MACHINES = (state.BACKLOG, state.SETTLED, state.GIVEN_TIMESTAMP)
_NOT_NAMED = (state.START.name, state.MACHINE.name)
"""These hold parts of the event under other names, so they are secret where any part is."""


@dataclass(frozen=True)
class DeploymentFront:
    """Pulumi's calls for a Deployment.

    Args:
        lifecycle: what they mean.
    """

    lifecycle: Deployments

    def check(self, urn: str, olds: Values, news: Values) -> tuple[Values, list[Problem]]:
        """The inputs with why it reports, and what is wrong with them."""
        news = {state.SOURCE.name: PropertyValue(DEFAULT_SOURCE), **_masked(news)}
        given = self._props(urn, news)
        given.update(self._last_here(given[state.STACK.name], given[state.NAME.name]))
        before = {**plain_map(olds), **state.SECRETS.to(secret_names(olds) or None)} if olds else {}
        checked = self.lifecycle.check(before, given)
        because = state.BECAUSE.of(checked.inputs)
        failures = checked.failures
        if state.HOSTS.name not in given:  # the lifecycle would have taken them from the scope, which there is none of
            others = [one for one in failures if one.property != state.HOSTS.name]
            failures = [*others, Problem(state.HOSTS.name, f"is missing; {HOSTS_FORM}")]
        return {**news, **wrapped_map(state.BECAUSE.to(because))}, failures

    def diff(self, urn: str, olds: Values, news: Values) -> tuple[Sends, dict[str, PropertyDiffKind]]:
        """What an update will send, and the properties that show it."""
        before = plain_map(olds)
        props = self._after(urn, before, news)
        sends = self.lifecycle.diff(before, props)
        if not sends:
            return sends, {}
        if not sends.anew:
            return sends, changes([state.BECAUSE.name] if state.BECAUSE.name in props else [], olds, news)
        shown = [one.name for one in SHOWN if _differs(one.name, before, props)]
        if state.TIMESTAMP.of(props) not in (None, state.GIVEN_TIMESTAMP.of(unpacked(before))):
            shown.append(state.TIMESTAMP.name)
        return sends, changes([*shown, *([state.BECAUSE.name] if state.BECAUSE.name in props else [])], olds, news)

    def create(self, urn: str, news: Values, *, preview: bool) -> Values:
        """Send the first start; its outputs."""
        props = self._props(urn, news)
        if preview:
            return _foreseen(news)
        return _outputs(self.lifecycle.create(props))

    def update(self, urn: str, olds: Values, news: Values, *, preview: bool) -> Values:
        """Send another start, or what waits; the outputs."""
        before = plain_map(olds)
        props = self._after(urn, before, news)
        if not preview:
            return _outputs(self.lifecycle.update(before, props))
        if self.lifecycle.diff(before, props).anew:
            return _foreseen(news)
        return {**olds, state.DELIVERY.name: PropertyValue(UNKNOWN)}

    def delete(self, urn: str, olds: Values) -> None:
        """End what is open, and send what waits."""
        self.lifecycle.delete({**unpacked(plain_map(olds)), **place_of(urn)})

    def _last_here(self, stack: str, name: str) -> dict[str, Any]:
        """What the outbox knows of the last attempt: a check is not told what state has of it."""
        delivery = self.lifecycle.service.delivery
        last = delivery.last_attempt(stack, name)
        if last is None:
            return {}
        waiting = delivery.waiting(stack, name, in_state=True)
        return state.PREVIOUS.to({**state.ATTEMPT.to(last), **state.WAITING.to(waiting)})

    def _props(self, urn: str, news: Values) -> dict[str, Any]:
        return {**plain_map(news), **place_of(urn), **state.SECRETS.to(secret_names(news) or None)}

    def _after(self, urn: str, before: Mapping[str, Any], news: Values) -> dict[str, Any]:
        """The new inputs, with what is known here of the last attempt: that of another machine may not be.

        How an attempt of which nothing is known ended is not asked for: it counts as a success. Only where its start
        waits, which state says, its end is not known.
        """
        last, props = state.ATTEMPT.of(before) or "", self._props(urn, news)
        if self.lifecycle.service.delivery.outbox.find(last) is not None:
            return {**props, **state.PREVIOUS.to(state.ATTEMPT.to(last))}
        if state.DELIVERY.of(before) is state.DeliveryStatus.QUEUED:
            return {**props, **{state.PREVIOUS.name: {}}}
        return props


def _differs(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    old, new = before.get(name), after.get(name)
    if name == state.HOSTS.name and isinstance(old, list) and isinstance(new, list) and UNKNOWN not in new:
        return not same_hosts(old, new)
    return bool((old or None) != (new or None))


def _masked(news: Values) -> Values:
    """The inputs with stars for what is secret in the tags; other secrets are sent as they are, and encrypted."""
    tags = news.get(state.TAGS.name)
    if tags is None or not tags.contains_secret() or not isinstance(tags.value, Mapping):
        return news
    shown = {name: _hidden(one) if tags.is_secret or one.is_secret else one for name, one in tags.value.items()}
    return {**news, state.TAGS.name: PropertyValue(shown)}


def _hidden(value: PropertyValue) -> PropertyValue:
    """The value with stars; one that is too short to be masked in a text, or not known yet, stays secret."""
    text = plain(value)
    shown = in_text(text, [text]) if isinstance(text, str) and text != UNKNOWN else text
    return value.with_secret(True) if shown == text else PropertyValue(shown)


def _outputs(stored: Mapping[str, Any]) -> Values:
    """What state holds: what the lifecycle stores, and the start for a Completion."""
    props = unpacked(stored)
    secrets = state.SECRETS.of(props) or []
    outputs = {**packed(props, *_FOR_MACHINES), state.START.name: start.given(props)}
    return wrapped_map(outputs, [*secrets, *(_NOT_NAMED if secrets else ())])


def _foreseen(news: Values) -> Values:
    """What a preview says of the outputs: the inputs, and that the others are not known yet."""
    told = {name: value for name, value in news.items() if name != state.BECAUSE.name}
    unknown = [
        one.name for one in (state.ATTEMPT, state.DELIVERY, state.START, state.TIMESTAMP) if one.name not in told
    ]
    return {**told, **dict.fromkeys(unknown, PropertyValue(UNKNOWN))}
