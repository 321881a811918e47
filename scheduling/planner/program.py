"""The day as a binary program: one column per visit, start and pool, one row per limit and slot.

Time-indexed, because its relaxation is tight: interval models of the same day prove next to
nothing in the same time. Lists only; the solver module turns them into its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from scheduling.planner.room import Places
from scheduling.planner.shape import Item, Shape, bits

EVER = float("inf")


@dataclass(frozen=True, slots=True)
class Column:
    """Visit `item` begins in `start`, in a chair of `pool`."""

    item: int
    start: int
    pool: int


@dataclass(slots=True)
class Program:
    """Columns: the starts, then one `left out` per unpromised visit, then the peak.

    Rows are equal to or below `upper`; the last row is the weight of those left out.
    """

    shape: Shape
    columns: list[Column] = field(default_factory=list)
    drops: list[int] = field(default_factory=list)  # the items that may be left out
    entries: list[list[tuple[int, int]]] = field(default_factory=list)  # by row: (column, value)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.columns) + len(self.drops) + 1

    @property
    def peak(self) -> int:
        """The column of the day's peak of chairs in use."""
        return self.width - 1

    def comfort(self) -> list[float]:
        """Return the cost of each column in the last tier, above the constant of the base peak."""
        items = self.shape.items
        starts = [float(items[one.item].costs[one.start]) for one in self.columns]
        return [*starts, *(0.0 for _ in self.drops), float(self.shape.peak_cost)]

    def dropping(self) -> list[float]:
        """Return the cost of each column in the first tier."""
        weights = [float(self.shape.items[n].weight) for n in self.drops]
        return [*(0.0 for _ in self.columns), *weights, 0.0]

    def ending_after(self, slots: int) -> list[bool]:
        """Return which start columns need more than `slots` of overtime."""
        shape = self.shape
        return [shape.overtime(shape.items[one.item], one.start) > slots for one in self.columns]

    def vector(self, places: Places) -> list[float]:
        """Return the columns' values in a plan."""
        chosen = {(n, start, pool) for n, (start, pool) in places.items()}
        values = [float((one.item, one.start, one.pool) in chosen) for one in self.columns]
        seated = [0] * self.shape.horizon
        for n, (start, _) in places.items():
            for slot in range(start, start + self.shape.items[n].chair):
                seated[slot] += 1
        peak = max([self.shape.base_peak, *seated])
        return [*values, *(float(n not in places) for n in self.drops), float(peak)]

    def places(self, values: list[float]) -> Places:
        """Return the plan that column values stand for."""
        return {
            one.item: (one.start, one.pool)
            for one, value in zip(self.columns, values, strict=False)
            if value > 0.5
        }


def program_of(shape: Shape) -> Program:
    """Write the rows of a day."""
    program = Program(shape)
    program.columns = [
        Column(n, start, pool)
        for n, item in enumerate(shape.items)
        for pool in item.pools
        for start in bits(item.allowed)
    ]
    program.drops = [n for n, item in enumerate(shape.items) if not item.fixed]
    _assign(program)
    _limits(program)
    _chairs(program)
    out = {item: at for at, item in enumerate(program.drops, start=len(program.columns))}
    _row(program, [(out[n], shape.items[n].weight) for n in program.drops], -EVER, EVER)
    return program


def _row(program: Program, entries: list[tuple[int, int]], lower: float, upper: float) -> None:
    program.entries.append(entries)
    program.lower.append(lower)
    program.upper.append(upper)


def _assign(program: Program) -> None:
    """Every visit begins once or is left out. Without a start the row is empty and infeasible:
    leaving it away would lose the patient without a word."""
    rows: list[list[tuple[int, int]]] = [[] for _ in program.shape.items]
    for at, column in enumerate(program.columns):
        rows[column.item].append((at, 1))
    for at, item in enumerate(program.drops, start=len(program.columns)):
        rows[item].append((at, 1))
    for row in rows:
        _row(program, row, 1.0, 1.0)


def _limits(program: Program) -> None:
    """Nurses' hands, points of watching, hoods: one row per slot in which they can run out."""
    shape = program.shape
    for resource, limit in enumerate(shape.limits):
        rows: list[list[tuple[int, int]]] = [[] for _ in range(shape.horizon)]
        for at, column in enumerate(program.columns):
            for slot, amount in _spent(shape.items[column.item], column.start, resource):
                rows[slot].append((at, amount))
        for slot, row in enumerate(rows):
            if _most(program, row) > limit[slot]:
                _row(program, row, -EVER, float(limit[slot]))


def _spent(item: Item, start: int, resource: int) -> Iterator[tuple[int, int]]:
    for use in item.uses:
        if use.resource == resource:
            first = start + use.offset
            for slot in range(first, first + use.length):
                yield slot, use.amount


def _most(program: Program, row: list[tuple[int, int]]) -> int:
    """Return the most a row can add up to: each visit begins once."""
    most: dict[int, int] = {}
    for at, amount in row:
        item = program.columns[at].item
        most[item] = max(most.get(item, 0), amount)
    return sum(most.values())


def _chairs(program: Program) -> None:
    """Chairs of each pool, and all together under the peak, which is at most all there are."""
    shape = program.shape
    everywhere: list[list[tuple[int, int]]] = [[] for _ in range(shape.horizon)]
    by_pool = [[list[tuple[int, int]]() for _ in range(shape.horizon)] for _ in shape.pools]
    for at, column in enumerate(program.columns):
        for slot in range(column.start, column.start + shape.items[column.item].chair):
            everywhere[slot].append((at, 1))
            by_pool[column.pool][slot].append((at, 1))
    for row in everywhere:
        if _most(program, row) > shape.base_peak:
            _row(program, [*row, (program.peak, -1)], -EVER, 0.0)
    for pool, rows in zip(shape.pools, by_pool, strict=True):
        for slot, row in enumerate(rows):
            limit = len(pool.chairs) if pool.usable >> slot & 1 else 0
            if (len(shape.pools) > 1 and _most(program, row) > limit) or (row and not limit):
                _row(program, row, -EVER, float(limit))
