"""A Completion of a plugin: what the engine hands over, for the lifecycle, and what that answers, for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import PropertyDiffKind

from .. import state
from ..dataclass import dataclass
from ..errors import Problem, UndeliveredError
from ..provider.lifecycle import Completions, Sends
from ..provider.unknown import UNKNOWN
from ..state import Property, Status, unpacked
from . import start
from .values import Values, changes, plain, plain_map, secret_names, wrapped_map

NO_START = "is not the start of a Deployment; pass the Deployment's output of that name"
OTHER_PROVIDER = "start comes from a Deployment with another provider; give both the same provider"
_JOINING = (state.COMPONENT, state.VERSION, state.HOSTS)


@dataclass(frozen=True)
class CompletionFront:
    """Pulumi's calls for a Completion.

    Args:
        lifecycle: what they mean.
    """

    lifecycle: Completions

    def check(self, _urn: str, _olds: Values, news: Values) -> tuple[Values, list[Problem]]:
        """The inputs, and what is wrong with them."""
        news = {state.STATUS.name: PropertyValue(Status.SUCCESS.value), **news}
        given = plain(news[state.START.name]) if state.START.name in news else None
        if given != UNKNOWN and start.taken(given) is None:
            return news, [Problem(state.START.name, NO_START)]
        props = _props(news)
        if given != UNKNOWN and self.lifecycle.service.delivery.is_another_s(props[state.ATTEMPT.name]):
            return news, [Problem("", OTHER_PROVIDER)]  # with a property, the engine would show all of its value
        return news, self.lifecycle.check({}, props).failures

    def diff(self, _urn: str, olds: Values, news: Values) -> tuple[Sends, dict[str, PropertyDiffKind]]:
        """What an update will send, and the properties that show it."""
        before, props = plain_map(olds), _props(news)
        sends = self.lifecycle.diff(before, props)
        if not sends.anew:
            return sends, {}

        def differing(*properties: Property[Any]) -> list[str]:
            return [one.name for one in properties if before.get(one.name) != props.get(one.name)]

        parts = [] if props[state.ATTEMPT.name] == UNKNOWN else differing(state.ATTEMPT, *_JOINING)
        shown = [f"{state.START.name}.{name}" for name in parts] or [state.START.name]
        own = changes(differing(state.STATUS, state.ERROR_MESSAGE), olds, news)
        return sends, {**dict.fromkeys(shown, PropertyDiffKind.UPDATE), **own}

    def create(self, _urn: str, news: Values, *, preview: bool) -> Values:
        """Send the end; its outputs."""
        return _foreseen(news) if preview else _outputs(self.lifecycle.create(_props(news)), news)

    def update(self, _urn: str, olds: Values, news: Values, *, preview: bool) -> Values:
        """Send the end of another attempt, or the same again; the outputs."""
        before, props = plain_map(olds), _props(news)
        if not preview:
            return _outputs(self.lifecycle.update(before, props), news)
        if self.lifecycle.diff(before, props).anew:
            return _foreseen(news)
        return {**olds, state.DELIVERY.name: PropertyValue(UNKNOWN)}

    def delete(self, _urn: str, olds: Values) -> None:
        """Let the delete of its Deployment know that the attempt has its end."""
        self.lifecycle.delete(plain_map(olds))


def _outputs(stored: Mapping[str, Any], news: Values) -> Values:
    """What state holds.

    Raises:
        UndeliveredError: delivery is required, and the end did not get through; the next update sends it.
    """
    props = unpacked(stored)
    told = state.UNDELIVERED.of(props)
    if told is not None:
        raise UndeliveredError(told)
    secrets = state.SECRETS.of(props) or ()
    return wrapped_map(stored, [*secrets, *secret_names(news), *([state.MACHINE.name] if secrets else [])])


def _props(news: Values) -> dict[str, Any]:
    """The properties as the lifecycle has them: what of its Deployment is in `start` stands beside the own ones."""
    props = plain_map(news)
    own = start.taken(props.pop(state.START.name))
    if own is None:  # it is not known yet
        own = {one.name: UNKNOWN for one in (state.ATTEMPT, *_JOINING)}
    secrets = [*(state.SECRETS.of(own) or ()), *(name for name in secret_names(news) if name != state.START.name)]
    return {**own, **props, **state.SECRETS.to(secrets or None)}


def _foreseen(news: Values) -> Values:
    """What a preview says of the outputs."""
    told = {name: value for name, value in news.items() if name != state.START.name}
    unknown = [one.name for one in (state.ATTEMPT, state.DELIVERY, *_JOINING)]
    return {**told, **dict.fromkeys(unknown, PropertyValue(UNKNOWN))}
