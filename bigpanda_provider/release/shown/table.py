"""Tables that fit a terminal: a line for each row, whatever its width. No I/O.

Each column has a rank. Where the width is not enough, the columns of the highest ranks shrink first, then go away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.text import Text

from ...bigpanda.text import CUT, one_line
from ...dataclass import dataclass

GAP = 2
"""Spaces between two columns."""
UNFITTED = 40
"""The width to which a cell is filled up where nothing is cut: one that is longer does not widen all lines."""


@dataclass(frozen=True)
class Cell:
    """A text in a table, in one line.

    Attributes:
        text: the whole text.
        shorter: what to show instead where that is too wide, the longest first; the last one is cut.
        style: how it looks.
    """

    text: str
    shorter: tuple[str, ...] = ()
    style: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", one_line(self.text))

    def fitted(self, width: int) -> str:
        """The longest of its texts that fits into that many columns of the terminal; cut, if none does."""
        texts = (self.text, *self.shorter)
        return next((text for text in texts if cell_len(text) <= width), cut(texts[-1], width))


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: its heading.
        rank: how soon it shrinks and goes away: the highest first.
        least: the width, in columns of the terminal, below which it goes away rather than to shrink more.
        cells: its cells.
        most: the width above which it does not grow on a terminal; None for any.
    """

    name: str
    rank: int
    least: int
    cells: tuple[Cell, ...]
    most: int | None = None

    @property
    def narrowest(self) -> int:
        """Its least width; that of its heading, or of its widest cell, may be more or less."""
        return max(cell_len(self.name), min(self.least, self.widest))

    @property
    def widest(self) -> int:
        """The width in which nothing is cut."""
        return max(cell_len(text) for text in (self.name, *(cell.text for cell in self.cells)))

    def fitted(self, width: int) -> Column:
        """The column with texts that fit."""
        width = width if self.most is None else min(width, self.most)
        return replace(self, cells=tuple(Cell(cell.fitted(width), (), cell.style) for cell in self.cells))


def lines(columns: Sequence[Column], width: int | None) -> list[Text]:
    """The heading, and a line for each row.

    Args:
        columns: the columns, from left to right, each with as many cells.
        width: of the terminal; None where nothing is to be cut, and no column left out.
    """
    shown = list(columns) if width is None else _fitted(columns, width)
    widths = [column.widest if width is not None else min(column.widest, UNFITTED) for column in shown]
    heading = _line(widths, [Cell(column.name, style="bold") for column in shown])
    rows = zip(*(column.cells for column in shown), strict=True)
    return [heading, *(_line(widths, row) for row in rows)]


def _line(widths: Iterable[int], cells: Iterable[Cell]) -> Text:
    line = Text()
    for width, cell in zip(widths, cells, strict=True):
        line.append(cell.text, cell.style)
        line.append(" " * (max(width - cell_len(cell.text), 0) + GAP))
    line.rstrip()
    return line


def _fitted(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns that have room, with texts that fit into it. One in which nothing stands takes none."""
    by_rank = sorted((one for one in columns if any(cell.text for cell in one.cells)), key=lambda one: one.rank)
    narrowest = {one.name: one.narrowest for one in by_rank}
    while len(by_rank) > 1 and _total(narrowest[one.name] for one in by_rank) > width:
        by_rank.pop()
    left = width - _total(narrowest[one.name] for one in by_rank)
    fitted: dict[str, Column] = {}
    for column in by_rank:
        fitted[column.name] = column.fitted(min(narrowest[column.name] + max(left, 0), width))
        left -= fitted[column.name].widest - narrowest[column.name]
    return [fitted[column.name] for column in columns if column.name in fitted]


def _total(widths: Iterable[int]) -> int:
    each = list(widths)
    return sum(each) + GAP * (len(each) - 1)


def cut(text: str, width: int) -> str:
    """A text that fits into that many columns of the terminal; one that is wider ends in "…"."""
    if cell_len(text) <= width:
        return text
    kept, room = "", width - cell_len(CUT)
    for character in text:
        room -= cell_len(character)
        if room < 0:
            break
        kept += character
    return kept.rstrip() + CUT
