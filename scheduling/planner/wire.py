"""Shape and answers as plain JSON, for the pipe between the planner and its solver process."""

from typing import Any

from scheduling.planner.room import Places
from scheduling.planner.shape import Item, Pool, Shape, Use
from scheduling.planner.values import Bounds, Solved


def shape_to_json(shape: Shape) -> dict[str, Any]:
    """Return a shape as JSON values. Ids become positions: the solver needs no names."""
    return {
        "items": [
            [
                item.chair, item.care,
                [[use.resource, use.offset, use.length, use.amount] for use in item.uses],
                f"{item.allowed:x}", item.pools, item.weight, item.fixed, item.costs,
            ]
            for item in shape.items
        ],
        "pools": [[len(pool.chairs), f"{pool.usable:x}"] for pool in shape.pools],
        "limits": shape.limits,
        "numbers": [shape.horizon, shape.closes, shape.base_peak, shape.peak_cost],
    }  # fmt: skip


def shape_from_json(raw: dict[str, Any]) -> Shape:
    """Read a shape back."""
    items = tuple(
        Item(
            id=str(n), chair=chair, care=care, uses=tuple(Use(*use) for use in uses),
            allowed=int(allowed, 16), pools=tuple(pools), weight=weight, fixed=fixed,
            costs=tuple(costs),
        )
        for n, (chair, care, uses, allowed, pools, weight, fixed, costs)
        in enumerate(raw["items"])
    )  # fmt: skip
    pools = tuple(
        Pool(tuple(str(seat) for seat in range(count)), int(usable, 16))
        for count, usable in raw["pools"]
    )
    horizon, closes, base_peak, peak_cost = raw["numbers"]
    return Shape(
        items=items, pools=pools, limits=tuple(tuple(row) for row in raw["limits"]),
        horizon=horizon, closes=closes, base_peak=base_peak, peak_cost=peak_cost,
    )  # fmt: skip


def places_to_json(places: Places) -> list[list[int]]:
    """Return places as (position, start, pool) triples."""
    return [[n, start, pool] for n, (start, pool) in sorted(places.items())]


def places_from_json(raw: list[list[int]]) -> Places:
    """Read places back."""
    return {n: (start, pool) for n, start, pool in raw}


def solved_to_json(solved: Solved) -> dict[str, Any]:
    """Return an answer as JSON values."""
    bounds = solved.bounds
    return {
        "places": places_to_json(solved.places),
        "bounds": [bounds.unplaced, bounds.overtime, bounds.comfort],
    }


def solved_from_json(raw: dict[str, Any]) -> Solved:
    """Read an answer back."""
    return Solved(places_from_json(raw["places"]), Bounds(*raw["bounds"]))
