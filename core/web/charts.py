"""Geometry of bar charts: labels and values in, whole pixels out. The template only draws.

A chart is always shown with its table: `cells` are the very words of that table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

WIDTH, HEIGHT = 560, 180
TOP, BOTTOM, LEFT = 14, 24, 40
GAP = 0.28  # of a label's share of the width
LINES = 4


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars: its name, its values by label, and those values in words."""

    name: str
    values: tuple[float | None, ...]  # None where nothing is known
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the `series`-th row."""

    series: int
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across, or a word below."""

    at: int
    words: str


@dataclass(frozen=True)
class BarChart:
    """Grouped bars over `labels`; `reference` is a line worth comparing with."""

    title: str
    head: str  # what the labels are: the table's first column
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""
    reference: float | None = None
    reference_words: str = ""
    width: int = WIDTH
    height: int = HEIGHT

    @cached_property
    def top(self) -> float:
        """The value at the top of the picture: a round one."""
        known = [value for row in self.series for value in row.values if value is not None]
        return _round_up(max([*known, self.reference or 0, 0.001]))

    @cached_property
    def bars(self) -> list[Bar]:
        """One bar for every value that is not zero."""
        share = (WIDTH - LEFT) / max(len(self.labels), 1)
        width = share * (1 - GAP) / max(len(self.series), 1)
        found = []
        for n, row in enumerate(self.series):
            for at, value in enumerate(row.values):
                if value:
                    x = LEFT + share * at + share * GAP / 2 + width * n
                    y = self._y(value)
                    found.append(Bar(n, round(x), y, max(round(width) - 1, 2), HEIGHT - BOTTOM - y))
        return found

    @cached_property
    def lines(self) -> list[Mark]:
        """Lines across, with the value each stands for."""
        values = [self.top * n / LINES for n in range(LINES + 1)]
        return [Mark(self._y(value), f"{value:g}") for value in values]

    @cached_property
    def words(self) -> list[Mark]:
        """As many labels as have room below the bars."""
        share = (WIDTH - LEFT) / max(len(self.labels), 1)
        every = max(1, -(-len(self.labels) * 56 // (WIDTH - LEFT)))
        return [
            Mark(round(LEFT + share * (n + 0.5)), label)
            for n, label in enumerate(self.labels)
            if n % every == 0
        ]

    @property
    def reference_y(self) -> int | None:
        """Where the line worth comparing with lies."""
        return None if self.reference is None else self._y(self.reference)

    @property
    def rows(self) -> list[tuple[str, Sequence[str]]]:
        """The table: each label with its cells."""
        columns = zip(*(row.cells for row in self.series), strict=True)
        return list(zip(self.labels, columns, strict=True))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.bars

    def _y(self, value: float) -> int:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(value / self.top, 1))


def _round_up(value: float) -> float:
    """Return the next value of 1, 2, 4, 5 or 8 times a power of ten."""
    power = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 1.0
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value)
