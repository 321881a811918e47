"""A course's next two years proposed at once: read once, planned, explained. Reading only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from clinical.calendar import GivenDose
from clinical.findings import Finding, Severity
from clinics.models import Chair
from core.actor import Actor
from core.errors import NotFound
from scheduling import calendars, history
from scheduling.calendars import date_findings, given_doses
from scheduling.capacity import Load, load_of
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.models import Booking, Course, Visit
from scheduling.series_plan import OVERDUE_REACH, Path, Rules, Step, Window, plan_series
from scheduling.slot_search import Found, Sought, Wishes, search
from scheduling.slot_words import due_words, obstacles_of
from scheduling.stay import stay_of
from scheduling.stored_days import Span, close_for, read_span
from scheduling.treatment import regimen_for

AHEAD = timedelta(days=2 * 366 + 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesLine:
    """One dose of the series: its window after the dates before it, and where it is proposed."""

    visit: Visit
    booking: Booking | None  # the one that stands, kept or to be moved
    window: Window
    day: date | None  # None: no time was found, it stays on the due list
    start: datetime | None
    chair: Chair | None
    time_now: bool  # near enough for the time to be told, not only the day
    words: str  # how far from due, or what stops it and what would free it
    findings: tuple[Finding, ...]

    @property
    def stands(self) -> bool:
        """Whether the dose is booked and its booking still suits: nothing is to be done."""
        return self.booking is not None and self.booking.clinic_day.date == self.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All doses to come of one course, proposed together."""

    course: Course
    lines: tuple[SeriesLine, ...]
    why: str = ""

    @property
    def moved(self) -> bool:
        """Whether a standing booking no longer suits the dates before it."""
        return any(line.booking is not None and not line.stands for line in self.lines)


def propose_series(
    actor: Actor,
    course_id: UUID,
    *,
    now: datetime,
    pinned: Mapping[UUID, date] | None = None,
    wishes: Wishes | None = None,
) -> Series:
    """Propose a day and a time for every dose to come; a constant number of queries.

    Bookings that still suit stay where they are and the others follow them. `pinned` (by visit)
    keeps a day the person chose. Raises NotFound for another clinic's course.
    """
    course = (
        Course.objects.filter(pk=course_id, clinic_id=actor.clinic_id)
        .select_related("clinic", "patient")
        .first()
    )
    if course is None:
        raise NotFound
    [held] = read_courses([course], now=now)
    if course.status != Course.Status.ACTIVE:
        return Series(course=course, lines=(), why="This course has ended.")
    if held.gap_findings:
        return Series(course=course, lines=(), why=held.gap_findings[0].words)
    return _Planner(held, now, dict(pinned or {}), wishes or Wishes()).series()


class _Planner:
    """One proposal in the making: what was read, and the prices already asked for."""

    def __init__(
        self, held: CourseInHand, now: datetime, pinned: dict[UUID, date], wishes: Wishes
    ) -> None:
        self.held, self.now, self.wishes = held, now, wishes
        self.protocol, self.stretch = held.protocol, held.stretch
        self.regimen = regimen_for(held.protocol, held.patient, on=held.today)
        self.given = given_doses(held.visits, self.stretch)
        self.visits = {visit.nth_dose: visit for visit in held.pending}
        self.fixed = self._fixed(pinned)
        last = max([held.today, *(visit.latest_on for visit in held.pending)]) + OVERDUE_REACH
        span = min(last - held.today, AHEAD)
        days = [held.today + timedelta(days=n) for n in range(span.days + 1)]
        self.span: Span = read_span(held.clinic, days)
        close_for(self.span, held.visits)
        self.loads = self._loads()
        self.found: dict[tuple[int, date], Found] = {}

    def _fixed(self, pinned: Mapping[UUID, date]) -> dict[int, date]:
        """Return the dates that are not searched: chosen by a person, or booked and still good."""
        fixed = {}
        for number, visit in self.visits.items():
            booking = self.held.bookings.get(visit.pk)
            if visit.pk in pinned:
                fixed[number] = pinned[visit.pk]
            elif booking is not None and not self.held.findings(visit, booking.clinic_day.date):
                fixed[number] = booking.clinic_day.date
        return fixed

    def _loads(self) -> dict[int, Load]:
        known = history.of(self.held.patient.pk)
        return {
            number: load_of(
                stay_of(
                    self.protocol, visit, self.held.patient, on=visit.due_on, known=known
                ).phases(self.held.clinic)
            )
            for number, visit in self.visits.items()
        }

    def series(self) -> Series:
        """Plan all doses and put the answer into words."""
        rules = Rules(
            window=self._window, price=self._price, allowed=self._allowed, today=self.held.today
        )
        steps = plan_series(sorted(self.visits), rules, pinned=self.fixed)
        chairs = {chair.pk: chair for chair in Chair.objects.filter(clinic=self.held.clinic)}
        lines = [
            self._line(step, tuple(steps[:before]), chairs) for before, step in enumerate(steps)
        ]
        return Series(course=self.held.course, lines=tuple(lines))

    def _chain(self, path: Sequence[Step]) -> list[GivenDose]:
        return self.given + [
            GivenDose(
                number=self.stretch.inward(step.number), given_on=step.day,
                dose_mg=self.visits[step.number].milligrams,
            )
            for step in path
        ]  # fmt: skip

    def _window(self, number: int, path: Path) -> Window:
        """Return when the dose is due after the dates of `path`; as it stands when they are out
        of order, which the findings say."""
        visit = self.visits[number]
        dose = calendars.dose_after(
            self.protocol, self.stretch, number, self._chain(path), today=self.held.today,
            regimen=self.regimen,
        )  # fmt: skip
        if dose is not None:
            return Window(due=dose.due, earliest=dose.earliest, latest=dose.latest)
        return Window(due=visit.due_on, earliest=visit.earliest_on, latest=visit.latest_on)

    def _price(self, number: int, day: date) -> int | None:
        found = self._search(number, day)
        return found.proposals[0].cost if found.proposals else None

    def _search(self, number: int, day: date) -> Found:
        if (number, day) not in self.found:
            only = {day: self.span[day]} if day in self.span else {}
            self.found[number, day] = search(
                only, self._sought(number, day), promised=self.span.promised
            )
        return self.found[number, day]

    def _sought(self, number: int, day: date) -> Sought:
        return Sought(
            load=self.loads[number], due=day, earliest=day, latest=day, not_before=day,
            now=self.now, wishes=self.wishes,
        )  # fmt: skip

    def _findings(self, number: int, day: date, path: Path) -> tuple[Finding, ...]:
        visit = self.visits[number]
        chain = self._chain(path)
        return tuple(date_findings(self.protocol, self.stretch, visit, day, chain))

    def _allowed(self, number: int, day: date, path: Path) -> bool:
        if any(step.day >= day for step in path):
            return False
        # The visit's own due date may be older than the path: only what forbids a day counts.
        findings = self._findings(number, day, path)
        return all(each.severity.rank < Severity.HOLD.rank for each in findings)

    def _line(self, step: Step, path: Path, chairs: Mapping[UUID, Chair]) -> SeriesLine:
        visit = self.visits[step.number]
        booking = self.held.bookings.get(visit.pk)
        kept = booking is not None and booking.clinic_day.date == step.day
        found = None if kept or step.open else self._search(step.number, step.day)
        place = found.proposals[0] if found is not None and found.proposals else None
        findings = () if step.open else self._findings(step.number, step.day, path)
        days_before = timedelta(days=self.held.clinic.confirm_days_before)
        return SeriesLine(
            visit=visit,
            booking=booking,
            window=step.window,
            day=None if step.open else step.day,
            start=None if place is None else self.span[step.day].grid.instant(place.slot),
            chair=None if place is None else chairs[place.chair],
            time_now=step.day <= self.held.today + days_before,
            words=self._words(step, found, kept=kept, chairs=chairs),
            findings=tuple(each for each in findings if each.id not in _SAID_BY_THE_WINDOW),
        )

    def _words(
        self, step: Step, found: Found | None, *, kept: bool, chairs: Mapping[UUID, Chair]
    ) -> str:
        window = step.window
        asked = Sought(
            load=self.loads[step.number], due=window.due, earliest=window.earliest,
            latest=window.latest, not_before=self.held.today, now=self.now, wishes=self.wishes,
        )  # fmt: skip
        if kept or (found is not None and found.proposals):
            return due_words(step.day, asked)
        if found is None:
            span = {
                day: self.span[day] for day in self.span if window.earliest <= day <= window.latest
            }
            found = search(span, asked)
        labels = {pk: chair.label for pk, chair in chairs.items()}
        for miss in found.misses:
            why, remedy = obstacles_of(miss, self.span[miss.day], asked, labels)
            return f"{' '.join(why)} {remedy}"
        return "No day of its window can still be booked."


_SAID_BY_THE_WINDOW = {"WINDOW-EARLY", "WINDOW-LATE", "INFUSION-2-WINDOW"}
