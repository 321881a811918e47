"""When a clinic is open and how many nurses are there, before anything is booked.

Hours, closures, public holidays, shifts and absences are read for any number of days in one query:
a search over six months asks the same questions as the lock of one day.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from clinics.models import Absence, Clinic, HeadCount, Shift
from clinics.public_holidays import holiday
from core.prepared import array, ask
from scheduling.grid import MINUTES, Grid, grid_of

USUAL = 96  # slots of a day without a clock change


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One day of a clinic before anything is booked: its hours and its nurses by slot."""

    grid: Grid
    opens_at: datetime | None
    closes_at: datetime | None
    closed_because: str
    nurses: tuple[int, ...]

    @property
    def slots(self) -> range:
        """The slots between opening and closing; none while the clinic is closed."""
        if self.opens_at is None or self.closes_at is None:
            return range(0)
        first = -(-self.grid.minute(self.opens_at) // MINUTES)
        return range(first, self.grid.minute(self.closes_at) // MINUTES)


class Duty(NamedTuple):
    """So many nurses between two wall times, less a break and the times they are `away`.

    Below zero: so many of the others are missing.
    """

    starts: time
    ends: time
    break_starts: time | None
    break_ends: time | None
    nurses: int
    away: tuple[tuple[time, time], ...] = ()


class Away(NamedTuple):
    """One absence: a nurse by name, or so many of whoever is there."""

    day: date
    nurse_id: UUID | None
    starts: time
    ends: time
    nurses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """What was read about a clinic's days: hours by weekday, closed days, who is on duty."""

    zone: str
    hours: Mapping[int, tuple[time, time]]
    shut: Mapping[date, str]
    duties: Mapping[date, tuple[Duty, ...]]

    def opening(self, day: date) -> Opening:
        """Return what one of the days read offers."""
        grid = grid_of(day, self.zone)
        nurses = on_duty(grid, self.duties[day])
        if day in self.shut:
            why = f"The clinic is closed on {day:%d-%b-%Y}: {self.shut[day]}."
        elif day.weekday() not in self.hours:
            why = f"The clinic is closed on {day:%A}s."
        else:
            opens, closes = self.hours[day.weekday()]
            return Opening(
                grid=grid, opens_at=grid.wall(opens), closes_at=grid.wall(closes),
                closed_because="", nurses=nurses,
            )  # fmt: skip
        return Opening(grid=grid, opens_at=None, closes_at=None, closed_because=why, nurses=nurses)


def openings(clinic: Clinic, dates: Collection[date]) -> dict[date, Opening]:
    """Return what each of `dates` offers: one query, two when a nurse is away by name."""
    return ask_openings(clinic, dates)()


def ask_openings(clinic: Clinic, dates: Collection[date]) -> Callable[[], dict[date, Opening]]:
    """Ask as `openings` does and return what reads the answer: for use within `core.together`."""
    facts = _ask_facts(clinic, dates)

    def read() -> dict[date, Opening]:
        known = _roster(clinic, dates, facts(), ())
        return {day: known.opening(day) for day in dates}

    return read


# Hours by weekday, closures, opened holidays, shifts added up, absences and head-counts by weekday,
# in one statement: every booking asks for all of it under its lock.
_ROSTER = """
    SELECT 'hours', NULL::date, weekday::int, opens, closes, NULL::time, NULL::time, 0, '',
        NULL::uuid
    FROM clinics_openinghours WHERE clinic_id = %(clinic)s
    UNION ALL
    SELECT 'shut', date, 0, NULL, NULL, NULL, NULL, 0, reason, NULL
    FROM clinics_closure WHERE clinic_id = %(clinic)s AND date = ANY(%(dates)s::date[])
    UNION ALL
    SELECT 'opened', date, 0, NULL, NULL, NULL, NULL, 0, '', NULL
    FROM clinics_holidayopening WHERE clinic_id = %(clinic)s AND date = ANY(%(dates)s::date[])
    UNION ALL
    (SELECT 'shift', date, 0, starts, ends, break_starts, break_ends, sum(nurses), '', NULL
     FROM clinics_shift WHERE clinic_id = %(clinic)s AND date = ANY(%(dates)s::date[])
     GROUP BY date, starts, ends, break_starts, break_ends
     ORDER BY date, starts, ends, break_starts, break_ends)
    UNION ALL
    SELECT 'away', date, 0, starts, ends, NULL, NULL, nurses, '', nurse_id
    FROM clinics_absence WHERE clinic_id = %(clinic)s AND date = ANY(%(dates)s::date[])
    UNION ALL
    SELECT 'standing', NULL, weekday, NULL, NULL, NULL, NULL, nurses, half, NULL
    FROM clinics_headcount WHERE clinic_id = %(clinic)s AND %(by_heads)s
"""


class _Fact(NamedTuple):
    """One row of _ROSTER; which columns say something depends on its kind."""

    kind: str
    day: date
    weekday: int
    starts: time
    ends: time
    break_starts: time | None
    break_ends: time | None
    nurses: int
    words: str
    nurse_id: UUID | None


def roster(clinic: Clinic, dates: Collection[date], *, also: Collection[Away] = ()) -> Roster:
    """Read what `openings` needs, for days that are asked for one by one, as `openings` does.

    `also` are absences nobody has written down: what if.
    """
    return _roster(clinic, dates, _ask_facts(clinic, dates)(), also)


def _roster(
    clinic: Clinic,
    dates: Collection[date],
    facts: Mapping[str, list[_Fact]],
    also: Collection[Away],
) -> Roster:
    hours = {fact.weekday: (fact.starts, fact.ends) for fact in facts["hours"]}
    shut = _holidays(clinic, dates, {fact.day for fact in facts["opened"]})
    shut |= {fact.day: fact.words for fact in facts["shut"]}
    return Roster(
        zone=clinic.time_zone, hours=hours, shut=shut,
        duties=_duties(clinic, dates, facts, _standing(clinic, hours, facts["standing"]), also),
    )  # fmt: skip


def _ask_facts(clinic: Clinic, dates: Collection[date]) -> Callable[[], Mapping[str, list[_Fact]]]:
    asked = {
        "clinic": clinic.pk, "dates": array(dates),
        "by_heads": clinic.nurse_rule == Clinic.NurseRule.HEAD_COUNT,
    }  # fmt: skip
    answer = ask(_ROSTER, asked)

    def facts() -> Mapping[str, list[_Fact]]:
        found: dict[str, list[_Fact]] = defaultdict(list)
        for row in answer():
            found[row[0]].append(_Fact(*row))
        return found

    return facts


def _holidays(clinic: Clinic, dates: Iterable[date], opened: Container[date]) -> dict[date, str]:
    """Return the public holidays on which the clinic stays shut, by name."""
    if clinic.opens_on_holidays:
        return {}
    names = {day: holiday(clinic.country, clinic.subdivision, day) for day in dates}
    return {day: name for day, name in names.items() if name and day not in opened}


def absences(clinic: Clinic, dates: Collection[date]) -> list[Away]:
    """Return who is away on each of `dates`: one query."""
    rows = Absence.objects.filter(clinic=clinic, date__in=dates)
    return [Away(*row) for row in rows.values_list("date", "nurse", "starts", "ends", "nurses")]


def _duties(
    clinic: Clinic,
    dates: Collection[date],
    facts: Mapping[str, list[_Fact]],
    standing: Mapping[int, tuple[Duty, ...]],
    also: Collection[Away],
) -> Mapping[date, tuple[Duty, ...]]:
    """Return who is on duty each day: shifts added up, else the standing head-count; less who
    is missing."""
    found: dict[date, list[Duty]] = defaultdict(list)
    for fact in facts["shift"]:
        found[fact.day].append(Duty(*fact[3:8]))
    missing = [
        Away(fact.day, fact.nurse_id, fact.starts, fact.ends, fact.nurses) for fact in facts["away"]
    ]
    missing += also
    _take_out(clinic, found, missing)
    fewer: dict[date, list[Duty]] = defaultdict(list)
    for away in missing:
        if away.nurse_id is None:
            fewer[away.day].append(Duty(away.starts, away.ends, None, None, -away.nurses))
    return {
        day: (
            *(found[day] if day in found else standing.get(day.weekday(), ())),
            *fewer.get(day, ()),
        )
        for day in dates
    }


_COLUMNS = ("date", "starts", "ends", "break_starts", "break_ends")


def _take_out(clinic: Clinic, found: dict[date, list[Duty]], missing: Iterable[Away]) -> None:
    """Take the nurses who are away by name out of their own shifts: a query when there are any."""
    gone: dict[tuple[date, UUID], list[tuple[time, time]]] = defaultdict(list)
    for away in missing:
        if away.nurse_id is not None:
            gone[away.day, away.nurse_id].append((away.starts, away.ends))
    if not gone:
        return
    days, nurses = {day for day, _ in gone}, {nurse for _, nurse in gone}
    own = Shift.objects.filter(clinic=clinic, date__in=days, nurse__in=nurses)
    for nurse, day, *columns in own.values_list("nurse", *_COLUMNS):
        if (day, nurse) in gone:
            duty = next(each for each in found[day] if list(each[:4]) == columns and not each.away)
            found[day].remove(duty)
            others = duty._replace(nurses=duty.nurses - 1)
            alone = duty._replace(nurses=1, away=tuple(gone[day, nurse]))
            found[day] += [others, alone]


def _standing(
    clinic: Clinic, hours: Mapping[int, tuple[time, time]], counts: Iterable[_Fact]
) -> dict[int, tuple[Duty, ...]]:
    """Return the standing head-counts of the weekdays on which the clinic opens."""
    found: dict[int, tuple[Duty, ...]] = {}
    for fact in counts:
        if fact.weekday not in hours:
            continue
        opens, closes = hours[fact.weekday]
        middle = min(max(clinic.midday, opens), closes)
        first, last = (opens, middle) if fact.words == HeadCount.Half.MORNING else (middle, closes)
        duty = Duty(first, last, None, None, fact.nurses)
        found[fact.weekday] = (*found.get(fact.weekday, ()), duty)
    return found


def on_duty(grid: Grid, duties: Iterable[Duty]) -> tuple[int, ...]:
    """Return how many nurses are on duty in each slot: whole slots of a duty, less any slot
    that a break or an absence touches."""
    return _usual(tuple(duties)) if _is_usual(grid) else _count(grid, duties)


def _is_usual(grid: Grid) -> bool:
    """Whether the wall clock runs evenly all day, as it does but twice a year."""
    noon = grid.midnight + timedelta(hours=12)
    return grid.count == USUAL and grid.wall(time(12)) == noon


@lru_cache(maxsize=1024)  # a roster repeats itself
def _usual(duties: tuple[Duty, ...]) -> tuple[int, ...]:
    return _count(grid_of(date(2001, 1, 1), "UTC"), duties)


def _count(grid: Grid, duties: Iterable[Duty]) -> tuple[int, ...]:
    count = [0] * grid.count
    for duty in duties:
        for slot in _slots(grid, duty):
            count[slot] += duty.nurses
    return tuple(max(nurses, 0) for nurses in count)


def _slots(grid: Grid, duty: Duty) -> Iterable[int]:
    if duty.nurses < 0:
        return grid.touching(duty.starts, duty.ends)
    slots = set(grid.inside(duty.starts, duty.ends))
    if duty.break_starts is not None and duty.break_ends is not None:
        slots -= set(grid.touching(duty.break_starts, duty.break_ends))
    for span in duty.away:
        slots -= set(grid.touching(*span))
    return slots
