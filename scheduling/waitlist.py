"""The waitlist as a page or a client reads it: free places with whom they fit, offers, everybody
who waits. A constant number of queries for any number of patients and places."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from clinics.models import Clinic
from core.actor import Actor
from core.audit import audited_rows
from core.zones import local_date
from scheduling import history
from scheduling.backfill import Fit, Gap, Misfit, Waiting, free_runs, match
from scheduling.backfill_words import reasons, why_not
from scheduling.course_in_hand import CourseInHand, read_courses
from scheduling.grid import MINUTES, SLOT
from scheduling.models import Booking, Course, FreedPlace, Offer, PatientWishes, WaitlistEntry
from scheduling.stored_days import Span, read_span
from scheduling.urgency import Urgency
from scheduling.waitlist_values import as_waiting, declined_days
from scheduling.wishes import in_words, wishes_by_patient

AHEAD = 28  # days: what comes free later finds its patient by the due list
SHOWN = 200
RECENT = timedelta(days=3)  # how long an answered offer stays on the page


class EntryRow(NamedTuple):
    """One dose that waits, and whose it is."""

    entry_id: UUID
    version: int
    wanted_from: date | None
    note: str
    joined_at: datetime
    visit_id: UUID
    course_id: UUID
    dose_number: int
    dose_mg: int
    due_on: date
    earliest_on: date
    latest_on: date
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str


ENTRY_COLUMNS = (
    "id", "version", "wanted_from", "note", "joined_at", "visit_id", "visit__course_id",
    "visit__dose_number", "visit__dose_mg", "visit__due_on", "visit__earliest_on",
    "visit__latest_on", "patient_id", "patient__family_name", "patient__given_names",
    "patient__birth_date", "patient__mrn",
)  # fmt: skip


class OfferRow(NamedTuple):
    """One offer, open or answered a short while ago, and whose it is."""

    offer_id: UUID
    version: int
    state: str
    expires_at: datetime
    answered_at: datetime | None
    entry_id: UUID
    visit_id: UUID
    period: Any  # a range of instants
    chair_id: UUID
    chair_label: str
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: date
    mrn: str

    @property
    def badge(self) -> str:
        """A code of core.states; `expired` is a mail's there."""
        return "unanswered" if self.state == Offer.State.EXPIRED else self.state


OFFER_COLUMNS = (
    "id", "hold__version", "state", "expires_at", "answered_at", "entry_id", "entry__visit_id",
    "hold__period", "hold__chair_id", "hold__chair__label", "entry__patient_id",
    "entry__patient__family_name", "entry__patient__given_names", "entry__patient__birth_date",
    "entry__patient__mrn",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Somebody who waits: what they have, what suits them, whether they are being asked."""

    row: EntryRow
    booking: Booking | None  # with clinic_day and chair
    wishes: tuple[str, ...]
    urgency: Urgency
    offered: bool
    days_past_due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suited:
    """Somebody a free place fits, from when to when, and what speaks for asking them."""

    line: Line
    start: datetime
    leaves: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuited:
    """Somebody a free place does not fit, and why."""

    line: Line
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A place that came free, how, and whom it fits, the first to be asked first."""

    day: date
    chair_id: UUID
    chair_label: str
    starts: datetime
    ends: datetime
    freed_at: datetime
    cause: str
    suited: tuple[Suited, ...]
    unsuited: tuple[Unsuited, ...]

    @property
    def length(self) -> timedelta:
        """How long the chair is free."""
        return self.ends - self.starts


@dataclass(frozen=True, slots=True, kw_only=True)
class Waitlist:
    """Everything the page shows."""

    free: tuple[Free, ...]
    lines: tuple[Line, ...]
    open_offers: tuple[OfferRow, ...]
    answered: tuple[OfferRow, ...]


def read_waitlist(actor: Actor, *, now: datetime, days: Collection[date] | None = None) -> Waitlist:
    """Return the clinic's waitlist and the places that came free in the coming days.

    `days` narrows the places to some days. Whose rows were read is recorded.
    """
    clinic = Clinic.objects.get(pk=actor.clinic_id)
    rows, offers = _entries(actor, now), _offers(actor, now)
    asked = {offer.entry_id for offer in offers if offer.state == Offer.State.OFFERED}
    people = _people(rows, asked, now)
    lines = tuple(
        sorted((one.line for one in people), key=lambda line: (line.urgency, line.row.joined_at))
    )
    return Waitlist(
        free=tuple(_free(clinic, people, now, days)),
        lines=lines,
        open_offers=tuple(one for one in offers if one.state == Offer.State.OFFERED),
        answered=tuple(one for one in offers if one.state != Offer.State.OFFERED),
    )


def _entries(actor: Actor, now: datetime) -> list[EntryRow]:
    rows = (
        WaitlistEntry.objects.filter(clinic_id=actor.clinic_id, state=WaitlistEntry.State.WAITING)
        .order_by("joined_at", "pk")
        .values_list(*ENTRY_COLUMNS)[:SHOWN]
    )
    column = ENTRY_COLUMNS.index("patient_id")
    found = audited_rows(rows, patient_column=column, actor=actor, now=now, page="waitlist")
    return [EntryRow(*row) for row in found]


def _offers(actor: Actor, now: datetime) -> list[OfferRow]:
    """Return open offers, the first to expire first, then what was answered of late."""
    rows = (
        Offer.objects.filter(
            Q(state=Offer.State.OFFERED) | Q(answered_at__gt=now - RECENT),
            clinic_id=actor.clinic_id,
        )
        .order_by("-answered_at", "expires_at", "pk")
        .values_list(*OFFER_COLUMNS)[:SHOWN]
    )
    column = OFFER_COLUMNS.index("entry__patient_id")
    found = audited_rows(rows, patient_column=column, actor=actor, now=now, page="offers")
    return [OfferRow(*row) for row in found]


@dataclass(frozen=True, slots=True)
class _Person:
    """One who waits, as the page shows and as the matching takes them."""

    line: Line
    waiting: Waiting


def _people(rows: Sequence[EntryRow], asked: Collection[UUID], now: datetime) -> list[_Person]:
    if not rows:
        return []
    patients = {row.patient_id for row in rows}
    courses = Course.objects.filter(pk__in={row.course_id for row in rows})
    held = {
        one.course.pk: one
        for one in read_courses(list(courses.select_related("clinic", "patient")), now=now)
    }
    wishes, known = wishes_by_patient(patients), history.of_many(patients)
    declined = declined_days([row.entry_id for row in rows])
    return [
        _person(
            row, held[row.course_id], wishes.get(row.patient_id), known[row.patient_id],
            declined.get(row.entry_id, ()), offered=row.entry_id in asked,
        )
        for row in rows
    ]  # fmt: skip


def _person(
    row: EntryRow,
    held: CourseInHand,
    wishes: PatientWishes | None,
    known: history.ReactionHistory,
    declined: Collection[date],
    *,
    offered: bool,
) -> _Person:
    entry = WaitlistEntry(
        pk=row.entry_id, visit_id=row.visit_id, wanted_from=row.wanted_from,
        joined_at=row.joined_at,
    )  # fmt: skip
    waiting = as_waiting(held, entry, wishes, known=known, declined=declined, offered=offered)
    line = Line(
        row=row, booking=held.bookings.get(row.visit_id), wishes=in_words(wishes),
        urgency=waiting.urgency, offered=offered,
        days_past_due=(held.today - row.due_on).days,
    )  # fmt: skip
    return _Person(line, waiting)


def _free(
    clinic: Clinic, people: Sequence[_Person], now: datetime, days: Collection[date] | None
) -> Iterator[Free]:
    """Yield what came free and still is, the soonest first."""
    today = local_date(now, clinic.time_zone)
    places = [
        place
        for place in _places(clinic, today, now)
        if days is None or place.clinic_day.date in days
    ]
    if not places:
        return
    dates = [today + timedelta(days=n) for n in range(AHEAD + 1)]
    span = read_span(clinic, dates)
    by_key = {one.waiting.key: one.line for one in people}
    seen: dict[tuple[UUID, date], Mapping[str, int]] = {}
    waiting = [one.waiting for one in people]
    for place, gap in _gaps(span, places, now):
        fits, misfits = match(
            gap, waiting, today=today, now=now, seen=seen,
            promised=span.promised.get(gap.day.grid.day, ()),
        )  # fmt: skip
        yield _told(place, gap, by_key, fits, misfits, now)


def _places(clinic: Clinic, today: date, now: datetime) -> list[FreedPlace]:
    """Return what came free and is not over, by time; of two in one place the newest counts."""
    return list(
        FreedPlace.objects.filter(
            clinic_day__clinic=clinic,
            clinic_day__date__range=(today, today + timedelta(days=AHEAD)),
            period__endswith__gt=now,
        )
        .select_related("clinic_day", "chair")
        .order_by("clinic_day__date", "period", "chair__position", "-freed_at")
    )


def _gaps(
    span: Span, places: Iterable[FreedPlace], now: datetime
) -> Iterator[tuple[FreedPlace, Gap]]:
    known: set[tuple[date, UUID, int]] = set()
    for place in places:
        date_ = place.clinic_day.date
        day = span[date_]
        first, last = (day.grid.minute(end) for end in (place.period.lower, place.period.upper))
        freed = range(max(first // MINUTES, 0), -(-last // MINUTES))
        for run in free_runs(day, place.chair_id, freed, now):
            if (date_, place.chair_id, run.start) not in known:
                known.add((date_, place.chair_id, run.start))
                yield place, Gap(day=day, chair=place.chair_id, run=run)


def _told(  # noqa: PLR0917 - private, and the one caller stands above
    place: FreedPlace,
    gap: Gap,
    lines: Mapping[UUID, Line],
    fits: Iterable[Fit],
    misfits: Iterable[Misfit],
    now: datetime,
) -> Free:
    grid = gap.day.grid
    return Free(
        day=grid.day, chair_id=gap.chair, chair_label=place.chair.label,
        starts=grid.instant(gap.run.start), ends=grid.instant(gap.run.stop),
        freed_at=place.freed_at, cause=place.cause,
        suited=tuple(
            Suited(
                line=lines[fit.one.key], start=grid.instant(fit.slot),
                leaves=grid.instant(fit.slot) + fit.one.load.care * SLOT,
                reasons=reasons(fit, gap),
            )
            for fit in fits
        ),
        unsuited=tuple(
            Unsuited(line=lines[misfit.one.key], why=why_not(misfit, gap, now))
            for misfit in misfits
        ),
    )  # fmt: skip
