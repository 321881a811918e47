"""Times one visit could have instead, the nearest to its own first, on days that fill up."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import UUID

from clinics.models import Chair, Clinic
from core.zones import local_date
from scheduling.capacity import Day, Load, fits, free_starts, mask, room_for, with_load
from scheduling.disruption.affected import HERE
from scheduling.disruption.words import elsewhen_words
from scheduling.grid import MINUTES
from scheduling.models import Booking, Visit
from scheduling.slot_search import Sought, search
from scheduling.stored_days import Span

RINGS = (7, 21)  # days around the booked one that are tried before any other inside the window
TRIES = 12  # starts of the same day tried against the days already promised to others


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One time and chair, and what it would mean."""

    day: date
    start: datetime
    chair: Chair
    words: str
    in_window: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants for one booking: a time and chair, or no day before one."""

    start: datetime | None = None
    chair_id: UUID | None = None
    not_before: date | None = None


@dataclass(slots=True, kw_only=True)
class Room:
    """The days as they fill up while one booking after the other finds a place."""

    clinic: Clinic
    span: Span
    chairs: Mapping[UUID, Chair]
    today: date
    now: datetime

    def take(self, choice: Choice, load: Load) -> None:
        """Take a place off the days that are left."""
        day = self.span[choice.day]
        slot = day.grid.slot_of(choice.start)
        if slot is not None and choice.chair.pk in day.chairs:
            self.span.made[choice.day] = with_load(day, load, slot, choice.chair.pk)

    def keeps_promises(self, day: Day, load: Load, slot: int, chair: UUID) -> bool:
        """Whether the visits that hold the day without a time still find room."""
        promised = self.span.promised.get(day.grid.day, ())
        return not promised or room_for(with_load(day, load, slot, chair), promised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeker:
    """One visit that looks for another time: on a day that `suits` the doses around it, or at
    least is `allowed`; and on none `before`."""

    room: Room
    booking: Booking
    visit: Visit
    load: Load
    before: date
    allowed: Callable[[date], bool]
    suits: Callable[[date], bool]

    @property
    def own_day(self) -> date:
        """The day it is booked for."""
        return self.booking.clinic_day.date

    def choices(self) -> Iterator[Choice]:
        """Yield times, the best first."""
        if self.booking.status == HERE:
            yield from self._other_chairs()
            return
        if self.own_day >= self.before and self.allowed(self.own_day):
            yield from self._same_day()
        yield from self._other_days()

    def as_asked(self, asked: Asked) -> Iterator[Choice]:
        """Yield the very time and chair asked for, when they can be had."""
        if asked.start is None or asked.chair_id is None:
            return
        day = self.room.span.get(local_date(asked.start, self.room.clinic.time_zone))
        slot = day.grid.slot_of(asked.start) if day is not None else None
        if day is None or slot is None or asked.chair_id not in self.room.chairs:
            return
        free = not fits(day, self.load, slot, asked.chair_id)
        if self.booking.status == HERE:
            free = any(each.chair.pk == asked.chair_id for each in self._other_chairs())
        if free and (self.booking.status == HERE or self.allowed(day.grid.day)):
            yield self._choice(day, slot, asked.chair_id)

    def _choice(self, day: Day, slot: int, chair: UUID) -> Choice:
        start = day.grid.instant(slot)
        found, period = self.room.chairs[chair], self.booking.period
        in_window = self.visit.earliest_on <= day.grid.day <= self.visit.latest_on
        words = elsewhen_words(
            self.own_day, None if period is None else period.lower, day.grid.day, start,
            in_window=in_window,
        )  # fmt: skip
        return Choice(day=day.grid.day, start=start, chair=found, words=words, in_window=in_window)

    def _other_chairs(self) -> Iterator[Choice]:
        """Yield the chairs in which somebody who is here could sit on."""
        day = self.room.span[self.own_day]
        slot, offset = divmod(day.grid.minute(self.booking.period.lower), MINUTES)
        wanted = mask(range(slot, slot + self.load.chair))
        for chair, taken in day.chairs.items():
            fit = not self.load.isolation or chair in day.isolation
            if not taken & wanted and fit and not offset:
                yield self._choice(day, slot, chair)

    def _same_day(self) -> Iterator[Choice]:
        """Yield the start nearest to the booked one. Today nobody is asked to come earlier."""
        day, period = self.room.span[self.own_day], self.booking.period
        if period is None:
            return
        own = day.grid.minute(period.lower) // MINUTES
        first = 0
        if self.own_day == self.room.today:
            first = max(own, day.grid.minute(self.room.now) // MINUTES + 1)
        starts = free_starts(day, self.load)
        near = sorted((abs(slot - own), slot) for slot in starts if slot >= first)
        for _, slot in near[:TRIES]:
            chairs = sorted(starts[slot], key=lambda chair: chair in day.isolation)
            if self.room.keeps_promises(day, self.load, slot, chairs[0]):
                yield self._choice(day, slot, chairs[0])
                return

    def _other_days(self) -> Iterator[Choice]:
        """Yield the best times of the nearest days inside the window, else of any other day."""
        window = (self.visit.earliest_on, self.visit.latest_on)
        sought = Sought(
            load=self.load, due=self.own_day, earliest=window[0], latest=window[1],
            not_before=self.before, now=self.room.now,
        )  # fmt: skip
        days = [day for day in self.room.span if day >= self.before and day != self.own_day]
        near = [
            [day for day in days if window[0] <= day <= window[1]
             and abs((day - self.own_day).days) <= reach]
            for reach in RINGS
        ]  # fmt: skip
        for ring, fit in [*((ring, self.suits) for ring in (*near, days)), (days, self.allowed)]:
            found = search(
                {day: self.room.span[day] for day in ring}, sought, stops=partial(_unfit, fit),
                promised=self.room.span.promised,
            )  # fmt: skip
            for each in found.proposals:
                yield self._choice(self.room.span[each.day], each.slot, each.chair)
            if found.proposals:
                return


def _unfit(fits_on: Callable[[date], bool], day: date) -> bool:
    return not fits_on(day)
