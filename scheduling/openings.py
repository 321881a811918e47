"""The times a visit can still have on a day, or why there is none. Reading only."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from clinical.findings import Finding, Severity
from clinics.models import Chair
from core.actor import Actor
from core.display import duration
from core.errors import RuleBroken
from scheduling.capacity import Day, Load, Phases, fits, free_starts, load_of
from scheduling.days import bookings_of, capacity, elsewhere, openings
from scheduling.in_hand import InHand
from scheduling.models import Visit
from scheduling.taken_up import read_visit


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStart:
    """One time a visit can begin, and the chairs free for all of it."""

    start: datetime
    chairs: tuple[Chair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDay:
    """What a day has for one visit. `why` says in words why there is nothing."""

    visit: Visit
    day: date
    rate_option: str
    rates: tuple[str, ...]
    minutes: int  # from arrival to the end of observation
    starts: tuple[OpenStart, ...]
    findings: tuple[Finding, ...]
    why: str


def open_starts(
    actor: Actor,
    visit_id: UUID,
    day: date,
    *,
    now: datetime,
    rate_option: str | None = None,
    past_rules: bool = False,
) -> OpenDay:
    """Return the times `visit_id` can begin on `day`, leaving out its own booking.

    Past times are left out; with `past_rules` a finding that somebody may go past does not close
    the day. A constant number of queries. Raises NotFound for another clinic's visit, Invalid or
    RuleBroken for a rate this visit may not run.
    """
    held = read_visit(actor, visit_id, now=now)
    visit = held.visit(visit_id)
    stay = held.stay(visit, on=day, wanted=rate_option)
    phases = stay.phases(held.clinic)
    findings = tuple(held.findings(visit, day))
    why = _why_never(held, _standing(findings, past_rules=past_rules), day)
    starts: tuple[OpenStart, ...] = ()
    if not why:
        place = _capacity(held, visit, day)
        starts = _starts(place, load_of(phases), actor, now)
        why = "" if starts else _why_nowhere(place, load_of(phases), phases)
    return OpenDay(
        visit=visit, day=day, rate_option=stay.rate_option, rates=stay.rates,
        minutes=phases.care, starts=starts, findings=findings, why=why,
    )  # fmt: skip


def _standing(findings: tuple[Finding, ...], *, past_rules: bool) -> tuple[Finding, ...]:
    return tuple(each for each in findings if not (past_rules and each.override_by))


def _why_never(held: InHand, findings: tuple[Finding, ...], day: date) -> str:
    try:
        held.refuse_unfit(day)
    except RuleBroken as refusal:
        return refusal.message
    stops = [finding for finding in findings if finding.severity.rank >= Severity.HOLD.rank]
    return stops[0].words if stops else ""


def _capacity(held: InHand, visit: Visit, day: date) -> Day:
    own = held.bookings.get(visit.pk)
    offered = openings(held.clinic, [day])[day]
    place = capacity(
        held.clinic, offered, bookings_of(held.clinic.pk, [day])[day],
        without=own.pk if own is not None else None,
    )  # fmt: skip
    met = elsewhere([visit], [offered.grid]).get(day, 0)
    return replace(place, elsewhere=met)


def _starts(day: Day, load: Load, actor: Actor, now: datetime) -> tuple[OpenStart, ...]:
    chairs = {chair.pk: chair for chair in Chair.objects.filter(clinic_id=actor.clinic_id)}
    return tuple(
        OpenStart(start=day.grid.instant(slot), chairs=tuple(chairs[pk] for pk in free))
        for slot, free in free_starts(day, load).items()
        if day.grid.instant(slot + 1) > now
    )


def _why_nowhere(day: Day, load: Load, phases: Phases) -> str:
    """Say what stands in the way most often: one obstacle per start and chair, the worst first."""
    if not day.open:
        return day.closed_because
    if not any(day.nurses):
        return "No nurses are on duty that day."
    length = duration(timedelta(minutes=phases.care))
    last = day.open.stop - load.care
    if last < day.open.start:
        return f"This visit takes {length}, longer than the clinic is open."
    counts: dict[str, int] = {}
    for slot in range(day.open.start, last + 1):
        for chair in day.chairs:
            for obstacle in fits(day, load, slot, chair):
                counts[obstacle.id] = counts.get(obstacle.id, 0) + 1
    most = max(counts, key=lambda code: counts[code], default="CHAIR-OUT")
    return f"No room for {length}: {_MOSTLY[most]}"


_MOSTLY = {
    "CHAIR-ISOLATION": "it needs an isolation room.",
    "PHARMACY-FULL": "the pharmacy already has as many bags to make ready as it can.",
    "CHAIR-OUT": "no chair is in use.",
    "CHAIR-TAKEN": "the chairs are taken.",
    "PATIENT-ELSEWHERE": "the patient has another visit then.",
    "NURSES-NONE": "too few hours with a nurse on duty.",
    "NURSES-STARTS": "the nurses are already starting as many infusions as they can.",
    "NURSES-POINTS": "the nurses are already watching as many patients as they can.",
}
