"""What somebody has to look at in the weeks to come: without a name, found by a constant number
of queries. The page adds who it is, and writes down that it was read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet

from clinical.findings import Finding, Severity
from clinics.models import Clinic
from core import display
from core.zones import local_date
from scheduling import holds_ahead
from scheduling.disruption.affected import HERE
from scheduling.disruption.ahead import Ahead, look_ahead
from scheduling.disruption.words import CAPACITY, why_words
from scheduling.models import Booking, Visit
from scheduling.overruns import SLACK, leaving
from scheduling.taken_up import read_all

WEEKS = 6
UNCONFIRMED = timedelta(days=2)  # a time nobody has confirmed is a question by then
HOLDS_AHEAD = timedelta(days=7)  # holds are asked about so many days before the visit
CLOSED, CHAIR, NURSES, ROOM = "closed", "chair", "nurses", "room"
EARLY, WINDOW, HOLD, PROPOSAL, OVERRUN = "early", "window", "hold", "proposal", "overrun"
CANNOT_STAY = (CLOSED, CHAIR, NURSES, ROOM)
GRAVE = (*CANNOT_STAY, OVERRUN, EARLY)
Rows = QuerySet[Booking]
_KINDS = {"CLINIC-CLOSED": CLOSED, "CLINIC-HOURS": CLOSED, "DAY-FULL": ROOM} | dict.fromkeys(
    CAPACITY, NURSES
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One booking and one reason to look at it."""

    kind: str
    words: str
    booking_id: UUID
    day: date
    at: datetime | None  # arrival; None while only the day is held
    may_move: bool = True  # not once the patient is here

    @property
    def is_grave(self) -> bool:
        """Whether it cannot stay as it is, rather than ought to be looked at."""
        return self.kind in GRAVE

    @property
    def has_other_fixes(self) -> bool:
        """Whether another time or chair would mend it: not the record of who is here already."""
        return self.may_move or self.kind != HOLD


def find(clinic: Clinic, *, now: datetime, weeks: int = WEEKS) -> list[Trouble]:
    """Return what is wrong with the bookings from today on, the soonest first."""
    today = local_date(now, clinic.time_zone)
    dates = [today + timedelta(days=n) for n in range(weeks * 7)]
    active = Booking.objects.filter(
        clinic_day__clinic=clinic, clinic_day__date__range=(dates[0], dates[-1]),
        status__in=Booking.ACTIVE,
    )  # fmt: skip
    found = [
        *_cannot_stay(look_ahead(clinic, dates)),
        *_by_the_protocol(clinic, active, now),
        *_not_confirmed(active, now),
        *_kept_waiting(clinic, active, today, now),
        *_on_hold(active, today, now),
    ]
    return sorted(found, key=lambda each: (each.day, each.at or now, not each.is_grave, each.kind))


def _cannot_stay(ahead: Ahead) -> Iterator[Trouble]:
    for day, here in ahead.days.items():
        for each in here.affected:
            booking = ahead.bookings[each.sitting.booking_id]
            label = booking.chair.label if booking.chair is not None else ""
            yield _trouble(_KINDS.get(each.cause, CHAIR), why_words(each, label), booking, day)


def _by_the_protocol(clinic: Clinic, active: Rows, now: datetime) -> Iterator[Trouble]:
    """Yield what is booked too early for the protocol, and what is outside its window.

    A dose can only be too early when it is off its window, or when another dose of the same
    course is booked too: only those are looked at closely.
    """
    off = Q(clinic_day__date__lt=F("visit__earliest_on")) | Q(
        clinic_day__date__gt=F("visit__latest_on")
    )
    rows = active.filter(visit__given_on__isnull=True)
    pairs = (
        Booking.objects.filter(clinic=clinic, status__in=Booking.ACTIVE)
        .values("visit__course").annotate(n=Count("pk")).filter(n__gt=1).values("visit__course")
    )  # fmt: skip
    looked_at = list(
        rows.filter(off | Q(visit__course__in=pairs))
        .select_related("visit", "clinic_day").order_by("pk")
    )  # fmt: skip
    held = read_all([booking.visit_id for booking in looked_at], now=now)
    for booking in looked_at:
        visit, day = booking.visit, booking.clinic_day.date
        stops = _stops(held[visit.pk].findings(visit, day))
        if stops:
            yield _trouble(EARLY, stops[0].words, booking, day)
        elif not visit.earliest_on <= day <= visit.latest_on:
            yield _trouble(WINDOW, _window_words(visit), booking, day)


def _stops(findings: Sequence[Finding]) -> list[Finding]:
    return [each for each in findings if each.severity.rank >= Severity.HOLD.rank]


def _not_confirmed(active: Rows, now: datetime) -> Iterator[Trouble]:
    """Yield times that are only proposed and begin soon, and holds that are over."""
    proposed = active.filter(status=Booking.Status.PROPOSED)
    soon = Q(period__startswith__lte=now + UNCONFIRMED) | Q(hold_expires_at__lte=now)
    for booking in proposed.filter(soon).select_related("clinic_day").order_by("pk"):
        over = booking.hold_expires_at is not None and booking.hold_expires_at <= now
        words = "Held, and the hold is over." if over else "Proposed, and nobody has confirmed it."
        yield _trouble(PROPOSAL, words, booking, booking.clinic_day.date)


def _kept_waiting(clinic: Clinic, active: Rows, today: date, now: datetime) -> Iterator[Trouble]:
    """Yield who is booked today in a chair whose patient is expected to sit longer than that."""
    here = list(
        active.filter(clinic_day__date=today, period__isnull=False)
        .select_related("clinic_day", "chair").order_by("period", "pk")
    )  # fmt: skip
    sitting = {each.visit_id: each for each in here if each.status == HERE}
    for visit_id, leaves in (leaving(list(sitting), now=now) if sitting else {}).items():
        one = sitting[visit_id]
        free = leaves + timedelta(minutes=one.turnaround_minutes)
        label = one.chair.label if one.chair is not None else ""
        at = display.clinical_time(free, ZoneInfo(clinic.time_zone))
        for other in here:
            after = one.period.lower < other.period.lower < free - SLACK
            if other.chair_id == one.chair_id and after:
                words = f"{label} is expected to be free at {at} only."
                yield _trouble(OVERRUN, words, other, today)


def _on_hold(active: Rows, today: date, now: datetime) -> Iterator[Trouble]:
    """Yield visits of the next days whose infusion something on record holds up."""
    soon = active.filter(
        clinic_day__date__lte=today + HOLDS_AHEAD,
        visit__given_on__isnull=True,
        visit__course__isnull=False,
    ).select_related("clinic_day")
    bookings = {booking.visit_id: booking for booking in soon.order_by("pk")}
    for visit_id, count in holds_ahead.of(list(bookings), now=now).items():
        booking = bookings[visit_id]
        words = "A hold on record is" if count == 1 else f"{count} holds on record are"
        words += " not cleared: see Safety."
        yield _trouble(HOLD, words, booking, booking.clinic_day.date)


def _trouble(kind: str, words: str, booking: Booking, day: date) -> Trouble:
    return Trouble(
        kind=kind, words=words, booking_id=booking.pk, day=day,
        at=booking.period.lower if booking.period is not None else None,
        may_move=booking.status != HERE,
    )  # fmt: skip


def _window_words(visit: Visit) -> str:
    first, last = map(_shown, (visit.earliest_on, visit.latest_on))
    if first == last:
        return f"It is due on {first}."
    return f"Outside its window, {first} to {last}."


def _shown(day: date) -> str:
    return display.clinical_date(day, ZoneInfo("UTC"))
