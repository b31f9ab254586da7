"""The geometry of the timeline: its axis, its lanes, and where bars and labels stand; and what a bar's tooltip says."""

from __future__ import annotations

from typing import Any

import pytest

from bigpanda_provider.sandbox.axis import WIDTH, Axis, Span
from bigpanda_provider.sandbox.timeline import (
    AFTER,
    BEFORE,
    HEIGHT,
    INSIDE,
    LEAST_HEIGHT,
    MOST_LANES,
    Bar,
    Label,
    Timeline,
)
from bigpanda_provider.sandbox.tip import tip

MINUTE, HOUR, DAY = 60, 3600, 86_400
NOW = 1_795_791_600  # 2026-11-27 15:00 UTC


def change(started: int, ended: int | None = None, component: str | None = "shop", **more: Any) -> dict[str, Any]:
    """A deployment, as the store has it."""
    state = "success" if ended is not None else "in_progress"
    found = {"id": 1, "component": component, "version": "1", "hosts": ["a"], "state": state, "started": started}
    return {**found, "ended": ended, "reason": None, "summary": None, **more}


def timeline(*changes: dict[str, Any], since: int | None = NOW - HOUR, until: int | None = NOW) -> Timeline:
    """The timeline of some deployments, of the last hour unless said otherwise."""
    found = Timeline.of([{**one, "id": number} for number, one in enumerate(changes)], NOW, since, until)
    assert found is not None
    return found


def bars(found: Timeline) -> list[Bar]:
    """Its bars, lane by lane."""
    return [bar for lane in found.lanes for bar in lane.bars]


def labels(found: Timeline) -> list[tuple[str, str] | None]:
    """The labels of its bars, with their places."""
    return [(bar.label.text, bar.label.place) if bar.label else None for bar in bars(found)]


def test_bars_are_to_scale() -> None:
    """From start to end; one that is in progress lasts until now, and one without an end shows its start."""
    found = timeline(
        change(NOW - HOUR, NOW - HOUR // 2),
        change(NOW - HOUR // 4),
        change(NOW - HOUR // 2, None, state="canceled"),
        until=None,
    )
    unit = WIDTH / (found.axis.last - found.axis.first)
    places = [(bar.x, bar.width) for bar in bars(found)]
    assert places == [
        (0, pytest.approx(HOUR / 2 * unit, abs=0.01)),
        (pytest.approx(HOUR / 2 * unit, abs=0.01), 0),
        (pytest.approx(HOUR * 3 / 4 * unit, abs=0.01), pytest.approx(HOUR / 4 * unit, abs=0.01)),
    ]


def test_what_is_outside_of_the_axis_stands_at_its_edge() -> None:
    """What began before it, and what is planned for later, squash nothing."""
    long = change(10, NOW - HOUR // 2)
    planned = change(NOW + DAY, NOW + 2 * DAY, state="planned")
    first, last = bars(timeline(long, planned))
    assert (first.x, first.width) == (0, 50)
    assert WIDTH - 1 < last.x + last.width <= WIDTH


@pytest.mark.parametrize(("ahead", "part"), [(0, 60), (5 * MINUTE, 8), (DAY, 8)])
def test_an_axis_that_ends_now_leaves_room_for_what_is_planned(ahead: int, part: int) -> None:
    """More of it where something is; now is marked."""
    spans = [Span(NOW - MINUTE, NOW), Span(NOW + ahead, NOW + ahead)]
    axis = Axis.of(spans, NOW, NOW - HOUR)
    assert axis.first == NOW - HOUR
    assert axis.last == NOW + HOUR // part
    assert axis.now == pytest.approx(axis.at(NOW), abs=0.01)
    assert Axis.of(spans, NOW, NOW - HOUR, NOW - MINUTE).now is None


def test_one_outlier_does_not_squash_the_rest() -> None:
    """On an axis of all there is: neither a very old one nor one planned for next year, nor a wrong clock's."""
    spans = [Span(NOW - minute * MINUTE, NOW - minute * MINUTE + 30) for minute in range(20)]
    assert Axis.of(spans, NOW).last < NOW + 5 * MINUTE
    for outlier in (Span(0, 5), Span(NOW - 400 * DAY, NOW - 399 * DAY), Span(NOW + 400 * DAY, NOW + 400 * DAY)):
        axis = Axis.of([*spans, outlier], NOW)
        assert axis.first == NOW - 19 * MINUTE
        assert NOW <= axis.last < NOW + 5 * MINUTE
    half = [Span(span.first - DAY, span.last - DAY) for span in spans]
    assert Axis.of([*spans, *half], NOW).first == half[-1].first
    assert Axis.of(spans[:2], NOW).first == NOW - MINUTE


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (NOW - 5 * MINUTE, NOW, ["14:55", "14:56", "14:57", "14:58", "14:59"]),
        (NOW - 40, NOW - 10, ["14:59:20", "14:59:25", "14:59:30", "14:59:35", "14:59:40", "14:59:45", "14:59:50"]),
        (NOW - HOUR, NOW, ["14:00", "14:10", "14:20", "14:30", "14:40", "14:50"]),
        (NOW - DAY, NOW, ["16:00", "20:00", "27 Nov", "04:00", "08:00", "12:00"]),
        (NOW - DAY - HOUR, NOW - DAY, ["26 Nov 14:00", "14:10", "14:20", "14:30", "14:40", "14:50", "15:00"]),
        (NOW - 7 * DAY, NOW, [f"{day} Nov" for day in range(21, 28)]),
        (NOW - 100 * DAY, NOW, ["Sep 2026", "Oct 2026", "Nov 2026"]),
        (NOW - 3000 * DAY, NOW, ["2020", "2022", "2024", "2026"]),
        (0, HOUR, ["1 Jan 1970", "00:10", "00:20", "00:30", "00:40", "00:50", "01:00"]),
        (2**62, 2**62 + 10, ["", "", "", "", "", ""]),
        (0, 2**62, []),
    ],
    ids=["5 min", "30 s", "1 h", "24 h", "yesterday", "7 d", "months", "years", "1970", "no calendar", "for ever"],
)
def test_ticks_are_round_times(since: int, until: int, expected: list[str]) -> None:
    """With the date only where it changes or is not today's, and the year where it is not this one."""
    axis = Axis.of([Span(since, until)], NOW, since, until)
    assert [tick.label for tick in axis.ticks] == expected
    assert all(0 <= tick.x <= WIDTH for tick in axis.ticks)
    assert [tick.x for tick in axis.ticks] == sorted({tick.x for tick in axis.ticks})


def test_each_component_has_a_lane() -> None:
    """In the order of their names, so that lanes stay where they are; changes without a component share the last."""
    found = timeline(
        change(NOW - 60, NOW, "web"),
        change(NOW - 50, NOW, None, summary="Restart"),
        change(NOW - 600, NOW - 500, "API"),
        change(NOW - 900, NOW - 700, "web"),
        change(NOW - 40, NOW, None, summary="Failover"),
    )
    assert [(lane.name, [bar.change["id"] for bar in lane.bars]) for lane in found.lanes] == [
        *(("API", [2]), ("web", [3, 0]), (None, [1, 4]))
    ]
    assert found.hidden == 0


@pytest.mark.parametrize("lanes", [1, 4, 5, 6, 7, 8, 9, 40])
def test_the_lanes_in_view_have_the_same_height_at_most(lanes: int) -> None:
    """No bar is outside of its lane, however many overlap; the others are counted."""
    found = timeline(*(change(NOW - 600 - n % 7, NOW, f"c{n % lanes:02}") for n in range(lanes * 30)))
    assert min(len(found.lanes), MOST_LANES) * found.pitch <= HEIGHT
    assert found.hidden == max(lanes - MOST_LANES, 0)
    for number, lane in enumerate(found.lanes):
        assert all(bar.height >= LEAST_HEIGHT for bar in lane.bars)
        assert min(bar.y for bar in lane.bars) >= number * found.pitch
        assert max(bar.y + bar.height for bar in lane.bars) < (number + 1) * found.pitch


def test_what_somebody_has_to_look_at_is_in_view() -> None:
    """Of many components those in progress or failed, the latest start first, then those that ended last.

    What nobody has ended for ages does not hide the others.
    """
    quiet = [change(NOW - 600 - n, NOW - 500 - n, f"quiet-{n:02}") for n in range(20)]
    open_one = change(NOW - 3000, None, "zebra")
    failed = change(NOW - 3000, NOW - 2900, "yak", state="failure")
    shown = [lane.name for lane in timeline(*quiet, open_one, failed).lanes][:MOST_LANES]
    assert shown == [*(f"quiet-{n:02}" for n in range(6)), "yak", "zebra"]
    forgotten = [change(NOW - 90_000 - n, None, f"forgotten-{n:02}") for n in range(20)]
    shown = [lane.name for lane in timeline(*quiet, *forgotten, open_one, failed).lanes][:MOST_LANES]
    assert {"yak", "zebra"} < {*shown}


def test_those_that_overlap_share_the_lane() -> None:
    """In rows that do not touch; one beside them has the whole height."""
    times = ((3000, 2000), (2500, 1900), (1950, 1500))
    found = timeline(*(change(NOW - first, NOW - last) for first, last in times), change(NOW - 900))
    first, second, third, alone = bars(found)
    assert first.y == third.y < first.y + first.height < second.y
    assert first.height == second.height < alone.height
    assert second.y + second.height <= alone.y + alone.height


def test_labels_stand_where_there_is_room() -> None:
    """In the bar, after it, before it, or nowhere; never over another bar."""
    wide = timeline(change(NOW - 1800, NOW, version="2.4.1"))
    assert labels(wide) == [("2.4.1", INSIDE)]
    narrow = timeline(change(NOW - 1800, NOW - 1790, version="2.4.1"), change(NOW - 30, NOW, version="2.4.2"))
    assert labels(narrow) == [("2.4.1", AFTER), ("2.4.2", BEFORE)]
    crowded = timeline(*(change(NOW - 600 + 40 * n, NOW - 590 + 40 * n, version="2.4.1") for n in range(5)))
    assert labels(crowded)[1:-1] == [None] * 3
    for found in (wide, narrow, crowded):
        for bar in bars(found):
            if bar.label and bar.label.place != INSIDE:
                assert not [one for one in bars(found) if one is not bar and _overlaps(one, bar.label)]
    long = timeline(change(NOW - 1800, NOW - 1790, version="v" * 300))
    assert labels(long) == [("v" * 23 + "…", AFTER)]


def _overlaps(bar: Bar, label: Label) -> bool:
    return bar.x < label.x + label.width and label.x < bar.x + bar.width


def test_nothing_comes_of_nothing() -> None:
    """And a single deployment without a duration has an axis."""
    assert Timeline.of([], NOW) is None
    found = timeline(change(100, 100), since=None, until=None)
    assert (found.axis.first, found.axis.last) == (100, 101)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"ended": NOW + 185, "state": "success"},
            "\u2068shop\u2069 \u20681\u2069|succeeded after 3 min 5 s|2026-11-27 15:00:00 to 15:03:05 UTC"
            "|on \u2068a\u2069",
        ),
        (
            {"ended": NOW + DAY, "state": "failure", "reason": "disk\nfull", "hosts": list("abcdef"), "version": None},
            "\u2068shop\u2069|failed after 1 d|2026-11-27 15:00:00 to 2026-11-28 15:00:00 UTC"
            "|on \u2068a\u2069, \u2068b\u2069, \u2068c\u2069, \u2068d\u2069 +2|\u2068disk full\u2069",
        ),
        ({"hosts": []}, "\u2068shop\u2069 \u20681\u2069|in progress for 5 min|2026-11-27 15:00:00 UTC"),
        (
            {"component": None, "summary": "s" * 99, "version": None, "hosts": [], "state": "planned"},
            f"\u2068{'s' * 79}…\u2069|planned|2026-11-27 15:00:00 UTC",
        ),
        ({"hosts": [], "state": "canceled"}, "\u2068shop\u2069 \u20681\u2069|was canceled|2026-11-27 15:00:00 UTC"),
    ],
    ids=["success", "failure", "in progress", "planned", "canceled"],
)
def test_a_tooltip_tells_all_that_an_operator_asks(values: dict[str, Any], expected: str) -> None:
    """Component and version, state and duration, times, hosts, reason: each a line."""
    assert tip({**change(NOW), **values}, NOW + 300) == expected.replace("|", "\n")
