"""Finding a slot: a visit's course and its clinic's days read once, then searched. Reading only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from uuid import UUID

from clinical.findings import Finding, Severity
from clinical.protocol import Protocol
from clinics.models import Chair, Clinic
from core.actor import Actor
from core.errors import Invalid
from core.rows import rows_by
from core.zones import local_date
from scheduling.ad_hoc import LONGEST, stay_ad_hoc
from scheduling.calendars import date_findings
from scheduling.capacity import Phases, load_of
from scheduling.course_in_hand import CourseInHand
from scheduling.days import bookings_of, capacity
from scheduling.in_hand import InHand
from scheduling.models import Booking, Visit
from scheduling.slot_search import Found, Sought, Wishes, search
from scheduling.slot_words import obstacles_of, reasons_for
from scheduling.standing import standing_of
from scheduling.stored_days import Span, close_for, nurse_on_duty, read_span
from scheduling.summary import waiting
from scheduling.taken_up import read_visit

LONGEST_SPAN = 400  # days that may be searched at once
BEYOND = timedelta(days=60)  # how far past the window to look when nothing fits inside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to look for: a span of days (the visit's window when None) and the patient's wishes."""

    first: date | None = None
    last: date | None = None
    weekdays: frozenset[int] = frozenset()
    half: str = ""
    arrives_from: time | None = None
    leaves_by: time | None = None
    nurse_id: UUID | None = None
    isolation: bool = False
    rate_option: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One proposed time, why it is proposed, and what the protocol asks to be careful about."""

    day: date
    start: datetime
    chair: Chair
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    in_window: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """The nearest miss of its kind: what stops it, and what would free it."""

    day: date
    start: datetime | None
    why: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """The answer: proposals, or misses and what comes after the window, or why never."""

    visit: Visit | None
    booking: Booking | None  # the visit's own, which the search leaves out
    rate_option: str
    rates: tuple[str, ...]
    minutes: int  # from arrival to the end of observation
    first: date
    last: date
    slots: tuple[Slot, ...] = ()
    later: tuple[Slot, ...] = ()  # only when the window has nothing
    missed: tuple[Missed, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One search over one span of days, with what its words need; nothing after `last`."""

    clinic: Clinic
    span: Span
    sought: Sought
    last: date = date.max
    findings: Callable[[date], tuple[Finding, ...]] = lambda _day: ()
    gap: Callable[[date], tuple[str, ...]] = lambda _day: ()

    def run(self) -> Found:
        """Search the span."""
        return search(
            self.span, self.sought, promised=self.span.promised,
            stops=lambda day: day > self.last or _stops(self.findings(day)) != "",
        )  # fmt: skip


def find_slots(actor: Actor, visit_id: UUID, asked: Asked, *, now: datetime) -> Slots:
    """Return the best times for `visit_id`; a constant number of queries.

    Raises NotFound for another clinic's visit, Invalid for a span that makes no sense or a rate
    this visit may not run.
    """
    held = read_visit(actor, visit_id, now=now)
    visit = held.visit(visit_id)
    visit.needs_isolation = visit.needs_isolation or asked.isolation
    first, last = _span_of(asked, visit, held.today)
    stay = held.stay(visit, on=first, wanted=asked.rate_option)
    phases = stay.phases(held.clinic)
    base = Slots(
        visit=visit, booking=held.bookings.get(visit.pk), rate_option=stay.rate_option,
        rates=stay.rates, minutes=phases.care, first=first, last=last,
    )  # fmt: skip
    why = held.why_never(visit, first)
    if why:
        return replace(base, why=why)
    found = answer_of(base, _own_task(held, visit, phases, asked, (first, last), now))
    if found.slots or asked.last is not None:
        return found
    after = (last + timedelta(days=1), last + BEYOND)
    later = answer_of(base, _own_task(held, visit, phases, asked, after, now))
    return replace(found, later=later.slots)


def _own_task(  # noqa: PLR0917 - private, and the one caller stands above
    held: InHand,
    visit: Visit,
    phases: Phases,
    asked: Asked,
    ends: tuple[date, date],
    now: datetime,
) -> Task:
    dates = _dates(*ends)
    span = _for_patient(held, visit, read_span(held.clinic, dates))
    return task_for(held, visit, phases, _wishes(held.clinic, asked, dates), ends, span, now)


def find_room(actor: Actor, minutes: int, asked: Asked, *, now: datetime) -> Slots:
    """Return the best times for a visit of `minutes` with a nurse's hands at its start, whoever
    it is for. Raises Invalid for a length no clinic day has."""
    if not 0 < minutes <= LONGEST:
        raise Invalid("How long?", {"minutes": [f"1 to {LONGEST} minutes."]})
    clinic = Clinic.objects.get(pk=actor.clinic_id)
    today = local_date(now, clinic.time_zone)
    first = max(asked.first or today, today)
    last = asked.last or first + BEYOND
    _check_span(first, last)
    phases = stay_ad_hoc(minutes, isolation=asked.isolation).phases(clinic)
    dates = _dates(first, last)
    sought = Sought(
        load=load_of(phases), due=first, earliest=first, latest=last, not_before=first, now=now,
        wishes=_wishes(clinic, asked, dates), is_asked_for=True,
    )  # fmt: skip
    base = Slots(
        visit=None, booking=None, rate_option="", rates=(), minutes=minutes, first=first, last=last
    )
    return answer_of(base, Task(clinic=clinic, span=read_span(clinic, dates), sought=sought))


def _span_of(asked: Asked, visit: Visit, today: date) -> tuple[date, date]:
    """Return the days to search: those asked for, else the window, else from today on."""
    first = max(asked.first or visit.earliest_on, today)
    last = asked.last or max(visit.latest_on, first)
    if asked.last is None and visit.latest_on < today:
        last = first + BEYOND
    _check_span(first, last)
    return first, last


def _check_span(first: date, last: date) -> None:
    if not first <= last <= first + timedelta(days=LONGEST_SPAN):
        words = f"The last day is today or later, and at most {LONGEST_SPAN} days after the first."
        raise Invalid("Which days?", {"to": [words]})


def _dates(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def task_for(  # noqa: PLR0917 - every caller is a search of this room
    held: InHand,
    visit: Visit,
    phases: Phases,
    wishes: Wishes,
    ends: tuple[date, date],
    span: Span,
    now: datetime,
) -> Task:
    """Return the search for a visit in hand between two days, both of them in `span`."""
    sought = Sought(
        load=load_of(phases), due=visit.due_on, earliest=visit.earliest_on,
        latest=visit.latest_on, not_before=ends[0], now=now, wishes=wishes,
        is_asked_for=visit.is_ad_hoc,
    )  # fmt: skip
    task = Task(clinic=held.clinic, span=span, sought=sought, last=ends[1])
    if not isinstance(held, CourseInHand):
        return task
    before = held.doses_before(visit)
    protocol, stretch = held.protocol, held.stretch

    @cache
    def findings(day: date) -> tuple[Finding, ...]:
        return tuple(date_findings(protocol, stretch, visit, day, before))

    return replace(
        task, findings=findings,
        gap=partial(
            gap_words, protocol, stretch.inward(visit.nth_dose),
            max((dose.given_on for dose in before), default=None),
        ),
    )  # fmt: skip


def gap_words(protocol: Protocol, number: int, last: date | None, day: date) -> tuple[str, ...]:
    """Say which interval `day` keeps to the dose before; `number` is the protocol's."""
    if last is None:
        return ()
    if number > protocol.dosing.initial_infusions:
        months = protocol.calendar.minimum_interval_months
        return (f"Keeps the minimum of {months} months.",)
    planned, apart = protocol.calendar.infusion_2_after.days, (day - last).days
    if apart == planned:
        return (f"Keeps the {planned}-day gap.",)
    return (f"{apart} days after infusion {number - 1}; {planned} are planned.",)


def _wishes(clinic: Clinic, asked: Asked, dates: Sequence[date]) -> Wishes:
    nurse = None
    if asked.nurse_id is not None:
        nurse = nurse_on_duty(clinic, asked.nurse_id, dates)
    return Wishes(
        weekdays=asked.weekdays, half=asked.half, arrives_from=asked.arrives_from,
        leaves_by=asked.leaves_by, nurse=nurse,
    )  # fmt: skip


def _for_patient(held: InHand, visit: Visit, span: Span) -> Span:
    """Return the span without the visit's own booking, when it has one on these days, and closed
    where the patient has another visit."""
    own = held.bookings.get(visit.pk)
    day = own.clinic_day.date if own is not None else None
    if own is not None and day is not None and day in span:
        bookings = bookings_of(held.clinic.pk, [day])[day]
        span.made[day] = capacity(held.clinic, span.roster.opening(day), bookings, without=own.pk)
        others = (standing_of(each) for each in bookings if each.pk != own.pk)
        span = replace(span, promised={**span.promised, day: waiting(others, held.clinic)})
    close_for(span, [visit])
    return span


def _stops(findings: Sequence[Finding]) -> str:
    stops = [each for each in findings if each.severity.rank >= Severity.HOLD.rank]
    return stops[0].words if stops else ""


def answer_of(base: Slots, task: Task) -> Slots:
    """Run a search and put what it found into words."""
    found = task.run()
    chairs = {chair.pk: chair for chair in rows_by(Chair, clinic_id=[task.clinic.pk])}
    labels = {pk: chair.label for pk, chair in chairs.items()}
    slots = tuple(
        Slot(
            day=each.day, start=_at(task, each.day, each.slot), chair=chairs[each.chair],
            reasons=(
                *task.gap(each.day),
                *reasons_for(each, task.span[each.day], task.sought, labels),
            ),
            findings=task.findings(each.day),
            in_window=task.sought.earliest <= each.day <= task.sought.latest,
        )
        for each in found.proposals
    )  # fmt: skip
    missed = []
    for miss in found.misses:
        stopped, remedy = obstacles_of(miss, task.span[miss.day], task.sought, labels)
        start = None if miss.slot is None else _at(task, miss.day, miss.slot)
        missed.append(Missed(day=miss.day, start=start, why=stopped, remedy=remedy))
    why = "" if slots or missed else _why_nothing(task)
    return replace(base, slots=slots, missed=tuple(missed), why=why)


def _at(task: Task, day: date, slot: int) -> datetime:
    return task.span[day].grid.instant(slot)


def _why_nothing(task: Task) -> str:
    """Say why no day was even looked at: the protocol forbids the last of them, or it is over."""
    last = min(max(task.span), task.last)
    return _stops(task.findings(last)) or "These days are over."
