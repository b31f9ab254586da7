"""What the address of a list asks for, and the addresses that ask for the same with something changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import HTTPException, Query

from .errors import BAD_REQUEST
from .listing import RANGES, SORTS, STATES, WHOLE_NAME, Filter, Order
from .times import iso, parse_time

PAGE_RANGE, WHOLE = "24h", "all"
"""The range of a page is the last day unless another is asked for, as an operator looks for what is going on.

A program that asks for the list gets all of it, as it always did.
"""
ORDERS = ("asc", "desc")
DESCENDING = ("started", "duration")
"""Sorted by one of these, the largest is first unless the other order is asked for."""
NAME_LIMIT = 1000
"""Most characters of a component, host or owner that is looked for."""
WORD_LIMIT = 100

Part = Annotated[str, Query(max_length=NAME_LIMIT)]
Word = Annotated[str, Query(max_length=WORD_LIMIT)]
State = Literal["", "in_progress", "success", "failure", "canceled", "planned"]


@dataclass(frozen=True)
class Wanted:
    """What one filter asks for.

    Attributes:
        field: what it looks at.
        whole: whether that has to be all that is there, and not a part of it.
        words: what has to be there.
        without: the query of the view without this filter.
    """

    field: str
    whole: bool
    words: str
    without: str

    @classmethod
    def of(cls, field: str, value: str, without: str) -> Wanted:
        """What a filter asks for whose field has a value."""
        if field == "state":
            return cls(field, True, STATES.get(value, value), without)
        return cls(field, value.startswith(WHOLE_NAME), value.removeprefix(WHOLE_NAME), without)


@dataclass(frozen=True)
class View:
    """A part of the list, in an order. What is empty was not asked for.

    Attributes:
        component: a part of the component's name, or `=` and the whole name.
        host: a part of a host's name, or `=` and the whole name.
        owner: a part of an owner's name, or `=` and the whole name.
        state: a state.
        range: one of `RANGES`.
        sort: one of `SORTS`.
        order: one of `ORDERS`.
        page: the number of the page, from 1.
        since: a time in ISO 8601; it and `until` count instead of the range, which is what one goes back to.
        until: a time in ISO 8601.
    """

    component: str = ""
    host: str = ""
    owner: str = ""
    state: str = ""
    range: str = ""
    sort: str = ""
    order: str = ""
    page: int = 1
    since: str = ""
    until: str = ""

    def filter(self, now: int, default: str = WHOLE) -> Filter:
        """What it holds.

        Args:
            now: the end of the time range, in Unix seconds.
            default: the range where none is asked for.
        """
        if self.has_period:
            since, until = (parse_time(text) if text else None for text in (self.since, self.until))
        else:
            length, until = RANGES[self.range or default], None
            since = None if length is None else now - length
        return Filter(self.component, self.host, self.state, since, self.owner, until)

    def sorted(self) -> Order:
        """The order of its list."""
        sort = self.sort or "started"
        return Order(sort, self.order == "desc" if self.order else sort in DESCENDING)

    @property
    def has_period(self) -> bool:
        """Whether times are asked for, instead of a range that ends now."""
        return bool(self.since or self.until)

    @property
    def filters(self) -> bool:
        """Whether only a part of what is in the time range is asked for."""
        return bool(self.component or self.host or self.owner or self.state)

    def query(self, **changed: str | int) -> str:
        """The query of the same view with something changed; it begins at the first page, unless that is changed."""
        other = {**vars(self), "page": 1, **changed}
        return urlencode({name: value for name, value in other.items() if value not in ("", 1)}, safe=":")

    def only(self, field: str, name: str) -> str:
        """The address of the same list with what has this name alone; empty, where the name is too long for one.

        Args:
            field: component, host or owner, or state.
            name: the whole name, or the state.
        """
        wanted = name if field == "state" else WHOLE_NAME + name
        return "/?" + self.query(**{field: wanted}) if len(wanted) <= NAME_LIMIT else ""

    def wanted(self) -> list[Wanted]:
        """What its filters ask for, each of them with the way to the same view without it."""
        asked_for = {field: str(getattr(self, field)) for field in FIELDS[:4]}
        return [Wanted.of(field, value, self.query(**{field: ""})) for field, value in asked_for.items() if value]

    def by(self, sort: str) -> str:
        """The query of the same view sorted by a column: the other way round, if it is already."""
        if self.sorted().sort == sort:
            return self.query(sort=sort, order="asc" if self.sorted().descending else "desc")
        return self.query(sort=sort, order="")

    @classmethod
    def back(cls, query: str) -> View:
        """The view of a page that a link back leads to; what is wrong in it is left out."""
        given = dict(parse_qsl(query.removeprefix("?")))
        page = given.pop("page", "")
        known = {name: value for name, value in given.items() if value in KNOWN.get(name, (value,)) and name in FIELDS}
        for name in PERIOD:
            try:
                known[name] = _time(known.get(name, ""))
            except ValueError:
                del known[name]
        return cls(**known, page=max(int(page), 1) if page.isdecimal() and len(page) < WORD_LIMIT else 1)


FIELDS = ("component", "host", "owner", "state", "range", "sort", "order", "since", "until")
PERIOD = ("since", "until")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "state": tuple(STATES),
    "range": tuple(RANGES),
    "sort": tuple(SORTS),
    "order": ORDERS,
}
"""What a word of an address can be."""
NOUNS = {"range": "time range", "sort": "column to sort by", "order": "order"}


def asked(
    component: Part = "",
    host: Part = "",
    owner: Part = "",
    state: Word = "",
    time_range: Annotated[str, Query(alias="range", max_length=WORD_LIMIT)] = "",
    since: Word = "",
    until: Word = "",
    sort: Word = "",
    order: Word = "",
) -> View:
    """The view that a request asks for.

    Raises:
        HTTPException: a word is none of those that are known, or a time is none.
    """
    for name, value in (("range", time_range), ("sort", sort), ("order", order)):
        if value and value not in KNOWN[name]:
            *first, last = KNOWN[name]
            raise HTTPException(
                BAD_REQUEST,
                f'{name}: "{value}" is not a{"n" if name == "order" else ""} {NOUNS[name]}; '
                f"write {', '.join(first)} or {last}",
            )
    period = []
    for name, value in (("since", since), ("until", until)):
        try:
            period.append(_time(value))
        except ValueError as error:
            raise HTTPException(BAD_REQUEST, f"{name}: {error}") from None
    if all(period) and parse_time(period[0]) > parse_time(period[1]):
        raise HTTPException(BAD_REQUEST, f"since: {period[0]} is later than until, {period[1]}; swap them")
    return View(_name(component), _name(host), _name(owner), state, time_range, sort, order, 1, *period)


def _name(given: str) -> str:
    """What is looked for. In a whole name, blanks at its ends count."""
    return given if given.startswith(WHOLE_NAME) else given.strip()


def _time(text: str) -> str:
    """A time as addresses have it, or the empty text.

    Raises:
        ValueError: it is none.
    """
    return iso(parse_time(text)) if text.strip() else ""
