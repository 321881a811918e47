"""What a desk may do, worked out minute by minute from a dictionary of seats.

Shares no code with the program: not its slots, its masks, its phases or its queries. Days are
numbers, times are minutes from midnight; a visit is a first dose, or ad hoc for an hour and a half.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

OPENS, CLOSES = 8 * 60, (18 * 60, 14 * 60)  # a long day and a short one
TURNAROUND = 15
NURSES, POINTS_PER_NURSE, CHAIRS = 2, 3, 4
QUARTER = 15
HELD, PROPOSED, CONFIRMED, ARRIVED = "day_held", "proposed", "confirmed", "arrived"
EXPECTED = (PROPOSED, CONFIRMED)

Timed = tuple[int, int]  # chair, minute of arrival


class Kind(NamedTuple):
    """How long a visit takes, in minutes, and a nurse's points while it runs and after."""

    premedication: int
    infusion: int
    observation: int
    watched: int
    observed: int

    @property
    def care(self) -> int:
        return self.premedication + self.infusion + self.observation


FIRST_DOSE = Kind(premedication=60, infusion=159, observation=60, watched=2, observed=1)
AD_HOC = Kind(premedication=0, infusion=90, observation=0, watched=1, observed=0)
Taken = tuple[Timed, Kind]


@dataclass(frozen=True)
class Seat:
    """One patient's booking: a day, and unless that is only held, a chair and a time."""

    day: int
    status: str
    at: Timed | None = None


@dataclass
class Oracle:
    """Who is booked where, which days are closed, which chairs are out, and what time it is."""

    today: int = 0
    minute: int = 7 * 60
    seats: dict[int, Seat] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    out: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)  # day, chair
    ad_hoc: set[int] = field(default_factory=set)  # patients who come for no dose

    # What each act may do; each returns whether it is allowed, and then it has happened.

    def book(self, patient: int, day: int, at: Timed, status: str) -> bool:
        if patient in self.seats or not self._may_place(patient, day, at):
            return False
        self.seats[patient] = Seat(day, status, at)
        return True

    def hold(self, patient: int, day: int) -> bool:
        timed, waiting = self._others(patient, day)
        if patient in self.seats or day < self.today or day in self.closed:
            return False
        if not self._room(day, timed, [*waiting, self._kind(patient)]):
            return False
        self.seats[patient] = Seat(day, HELD)
        return True

    def confirm(self, patient: int) -> bool:
        return self._turn(patient, (PROPOSED,), CONFIRMED)

    def move(self, patient: int, day: int, at: Timed) -> bool:
        seat = self.seats.get(patient)
        if seat is None:
            return False
        if seat.status == ARRIVED:
            stays = seat.at is not None and (seat.day, seat.at[1]) == (day, at[1])
            if not stays or not self._fits_promises(patient, day, at):
                return False
        elif not self._may_place(patient, day, at):
            return False
        status = PROPOSED if seat.status == HELD else seat.status
        self.seats[patient] = Seat(day, status, at)
        return True

    def cancel(self, patient: int) -> bool:
        return self._leave(patient, (HELD, *EXPECTED))

    def arrive(self, patient: int) -> bool:
        seat = self.seats.get(patient)
        return (
            seat is not None and seat.day == self.today and self._turn(patient, EXPECTED, ARRIVED)
        )

    def unarrive(self, patient: int) -> bool:
        return self._turn(patient, (ARRIVED,), CONFIRMED)

    def no_show(self, patient: int) -> bool:
        seat = self.seats.get(patient)
        if seat is None or seat.at is None:
            return False
        has_begun = (self.today, self.minute) >= (seat.day, seat.at[1])
        return has_begun and self._leave(patient, EXPECTED)

    # The room of a day.

    def _turn(self, patient: int, before: tuple[str, ...], after: str) -> bool:
        seat = self.seats.get(patient)
        if seat is None or seat.status not in before:
            return False
        self.seats[patient] = replace(seat, status=after)
        return True

    def _leave(self, patient: int, before: tuple[str, ...]) -> bool:
        seat = self.seats.get(patient)
        if seat is None or seat.status not in before:
            return False
        del self.seats[patient]
        return True

    def _kind(self, patient: int) -> Kind:
        return AD_HOC if patient in self.ad_hoc else FIRST_DOSE

    def _others(self, patient: int, day: int) -> tuple[list[Taken], list[Kind]]:
        here = [
            (seat.at, self._kind(who))
            for who, seat in self.seats.items()
            if who != patient and seat.day == day
        ]
        return [(at, kind) for at, kind in here if at], [kind for at, kind in here if not at]

    def _may_place(self, patient: int, day: int, at: Timed) -> bool:
        is_past = (day, at[1] + QUARTER) <= (self.today, self.minute)
        return not is_past and self._fits_promises(patient, day, at)

    def _fits_promises(self, patient: int, day: int, at: Timed) -> bool:
        """Whether the time is free, and leaves their room to those whose day is held."""
        timed, waiting = self._others(patient, day)
        mine = at, self._kind(patient)
        if not self._fits(day, timed, mine):
            return False
        kept = self._room(day, [*timed, mine], waiting)
        return kept or not self._room(day, timed, waiting)

    def _room(self, day: int, timed: list[Taken], waiting: list[Kind]) -> bool:
        """Whether those who wait find a time one after another, the longest visit first, each as
        early as can be."""
        timed = list(timed)
        for kind in sorted(waiting, key=lambda each: -each.care):
            free = (
                ((chair, start), kind)
                for start in range(OPENS, CLOSES[day], QUARTER)
                for chair in range(CHAIRS)
                if self._fits(day, timed, ((chair, start), kind))
            )
            found = next(free, None)
            if found is None:
                return False
            timed.append(found)
        return True

    def _fits(self, day: int, timed: list[Taken], mine: Taken) -> bool:
        (chair, start), kind = mine
        leaves = start + kind.care
        if day in self.closed or start < OPENS or _quarter_after(leaves) > CLOSES[day]:
            return False
        free_again = leaves + TURNAROUND
        if any(
            seat == chair and begins < free_again and start < begins + other.care + TURNAROUND
            for (seat, begins), other in timed
        ):
            return False
        first, last = self.out.get((day, chair), (0, 0))
        if first < free_again and start < last:
            return False
        everybody = [*timed, mine]
        return all(
            sum(
                0 <= minute - begins - each.premedication < QUARTER
                for (_, begins), each in everybody
            )
            <= NURSES
            and sum(_dearest(minute - begins, each) for (_, begins), each in everybody)
            <= NURSES * POINTS_PER_NURSE
            for minute in range(start, _quarter_after(leaves), QUARTER)
        )


def _quarter_after(minute: int) -> int:
    return -(-minute // QUARTER) * QUARTER


def _dearest(after: int, kind: Kind) -> int:
    """Return the points a visit costs at its dearest in the quarter-hour that begins `after`
    minutes from its arrival."""
    return max(_points(minute, kind) for minute in range(after, after + QUARTER))


def _points(after: int, kind: Kind) -> int:
    if kind.premedication <= after < kind.premedication + kind.infusion:
        return kind.watched
    return kind.observed if kind.premedication + kind.infusion <= after < kind.care else 0
