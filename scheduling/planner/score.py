"""How good a plan is: left out, then overtime, then comfort. Smaller is better, in that order."""

from scheduling.grid import MINUTES
from scheduling.planner.room import Places
from scheduling.planner.shape import Shape

Score = tuple[int, int, int]  # weight left out, minutes of overtime, cost

# What the search trades against each other; the order above decides between finished plans.
LEFT_OUT, OVERTIME = 20_000, 20


def score(shape: Shape, places: Places) -> Score:
    """Return what `places` reach."""
    dropped = sum(item.weight for n, item in enumerate(shape.items) if n not in places)
    return dropped, overtime(shape, places), comfort(shape, places)


def overtime(shape: Shape, places: Places) -> int:
    """Return by how many minutes the last patient outlasts closing time."""
    late = (shape.overtime(shape.items[n], start) for n, (start, _) in places.items())
    return max(late, default=0) * MINUTES


def comfort(shape: Shape, places: Places) -> int:
    """Return the cost of distances from wishes, of late chairs, and of the day's peak."""
    costs = sum(shape.items[n].costs[start] for n, (start, _) in places.items())
    seated = [0] * shape.horizon
    for n, (start, _) in places.items():
        for slot in range(start, start + shape.items[n].chair):
            seated[slot] += 1
    return costs + shape.peak_cost * max(0, max(seated, default=0) - shape.base_peak)


def weighed(reached: Score) -> int:
    """Return one number for the search to go down on."""
    dropped, late, cost = reached
    return LEFT_OUT * dropped + OVERTIME * late + cost
