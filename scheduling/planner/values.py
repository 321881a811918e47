"""What the planner is given and what it answers. Minutes count from local midnight."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import sub

from scheduling.capacity import Phases
from scheduling.grid import MINUTES

ORDINARY = frozenset({"chair", "bed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanVisit:
    """A visit that wants a start. `confirmed` is a start that is promised and does not move."""

    id: str
    phases: Phases
    earliest: int | None = None  # not before this minute
    latest: int | None = None  # not to begin after this minute
    preferred: int | None = None
    priority: int = 1
    first: bool = False  # a first dose: reactions are most frequent then
    kinds: frozenset[str] = ORDINARY
    confirmed: int | None = None
    chair: str | None = None  # where it is planned now: kept where that costs nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChair:
    """A chair in use, and the spans of minutes in which it is not to be had."""

    id: str
    kind: str = "chair"
    taken: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDay:
    """What one day offers. Sequences run over quarter-hours from local midnight.

    Patients have left by `hard_close`; minutes after `closes` are overtime. `taken_starts` and
    `taken_points` are what patients need who are there already and take no part in the plan;
    `bagless` are those of the starts that need no bag.
    """

    opens: int
    closes: int
    hard_close: int
    chairs: tuple[PlanChair, ...]
    nurses: tuple[int, ...]
    starts_per_nurse: int = 1
    points_per_nurse: int = 4
    taken_starts: tuple[int, ...] = ()
    taken_points: tuple[int, ...] = ()
    bagless: tuple[int, ...] = ()
    pharmacy_limit: int = 0  # bags the pharmacy makes ready per quarter-hour; 0 is no limit
    clock_ahead: int = 0  # minutes the wall clock was put forward in the night (back: below 0)

    def shows(self, minute: int) -> str:
        """Return what the wall clock shows by day, `minute` minutes after midnight: "10:15"."""
        return clock_words(minute + self.clock_ahead)

    @property
    def taken_bags(self) -> tuple[int, ...]:
        """How many bags the pharmacy makes ready for who is there already, by quarter-hour."""
        starts = self.taken_starts or (0,) * self.slots
        return tuple(map(sub, starts, self.bagless)) if self.bagless else starts

    @property
    def slots(self) -> int:
        """How many quarter-hours the day has."""
        return len(self.nurses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a good plan is, after nobody is left out and overtime is least (in that order).

    Costs are points per minute; for who has no wish, points per quarter-hour after opening. They
    weigh people's wishes against the end of the day and a level load; no source fixes them, a
    clinic may choose its own.
    """

    deviation: int = 1  # from the preferred start
    far_deviation: int = 3  # the same, for what is beyond `far`
    far: int = 60
    late: int = 2  # chair-minutes after closing
    early: int = 1  # for who has no wish: the day ends sooner, with room for what goes wrong
    peak: int = 30  # for each chair in use at once above the day's mean


FINISH_ON_TIME = Policy()


@dataclass(frozen=True, slots=True)
class Tier:
    """One aim, what the plan reaches, what no plan can beat, and whether they meet."""

    name: str  # unplaced, overtime, comfort
    value: int
    bound: int | None = None
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a visit found no time, in words; `day` is the position of the day they are about."""

    visit: str
    words: str
    day: int | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """Something in a plan that the day does not allow."""

    minute: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Starts and chairs by visit. `solver` names what found it."""

    starts: dict[str, int]
    chairs: dict[str, str]
    unplaced: tuple[Reason, ...] = ()
    tiers: tuple[Tier, ...] = ()
    expected_overtime_p90: int | None = None
    solver: str = "heuristic"

    def tier(self, name: str) -> Tier:
        """Return one tier by its name."""
        return next(tier for tier in self.tiers if tier.name == name)


class InfeasibleInput(Exception):
    """What is promised already cannot be kept. `words` says where, one sentence each."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(" ".join(words))
        self.words = tuple(words)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a solver has proven so far; None where it has proven nothing."""

    unplaced: int | None = None  # weighted by priority
    overtime: int | None = None  # minutes, given that no more are left out than in its answer
    comfort: int | None = None  # cost, given the unplaced and the overtime of its answer


@dataclass(frozen=True, slots=True)
class Solved:
    """A solver's answer: (start slot, pool) by position of the visit, and its bounds."""

    places: dict[int, tuple[int, int]]
    bounds: Bounds = field(default_factory=Bounds)


def clock_words(minute: int) -> str:
    """Return minutes from midnight as a time of day: "10:15"."""
    return f"{minute // 60:02}:{minute % 60:02}"


def quarter(minutes: int) -> int:
    """Return minutes as quarter-hours, rounded up."""
    return -(-minutes // MINUTES)
