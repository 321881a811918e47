"""One reviewed step after a disruption: it is written down, and everybody it affects is moved,
cancelled or left, in one transaction or not at all.

What was reviewed is what is saved: under the locks it is worked out again who cannot stay, and
when that is not exactly who was on the page, at the same versions, nothing is saved.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from clinics.models import Clinic
from clinics.permissions import BOOKINGS_CHANGE, DISRUPTIONS_RECORD
from clinics.selectors import clinic_by_id
from core import audit
from core.actor import Actor
from core.db import command, is_broken, joins
from core.errors import Conflict, Invalid, Refusal, RuleBroken, Stale
from scheduling.change_plans import Way, tell_cancelled, tell_moved
from scheduling.disruption.ahead import look_ahead
from scheduling.disruption.checking import checked
from scheduling.disruption.what import Disruption
from scheduling.in_hand import InHand
from scheduling.models import Booking
from scheduling.placement import local_day
from scheduling.reasons import checked_reason
from scheduling.reminder_plans import plan_visit
from scheduling.services.desk_many import take_many
from scheduling.services.disruptions import write_disruption
from scheduling.services.placing import put_elsewhere
from scheduling.services.rows import release

MOST = 120  # visits of one step
CHANGED = "Something has changed since you looked, so nothing is saved. Below is how it is now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one booking that cannot stay: moved, cancelled, or left for now."""

    booking_id: UUID
    version: int
    start: datetime | None = None
    chair_id: UUID | None = None
    cancel: bool = False

    @property
    def moves(self) -> bool:
        """Whether it gets another time or chair."""
        return not self.cancel and self.start is not None and self.chair_id is not None


@dataclass(slots=True, kw_only=True)
class Rebooked:
    """What one step did, in numbers."""

    moved: int = 0
    cancelled: int = 0
    left: int = 0
    told: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))


@command
def rebook(
    *,
    what: Disruption | None,
    dates: Collection[date],
    decisions: Sequence[Decision],
    reason: str,
    actor: Actor,
    now: datetime,
) -> Rebooked:
    """Write down `what` has happened, if anything new has, and settle everybody it affects.

    Without `what`, those are settled who cannot stay on `dates` as things are. `reason` goes with
    each cancellation, and is needed for one. Raises Stale when those affected are not the
    bookings of `decisions` at their versions; what refuses a move, with the booking in its
    details; Invalid for what makes no sense. Then nothing at all is saved.
    """
    clinic = clinic_by_id(actor.clinic_id)
    what = _checked(clinic, what, decisions, actor, now)
    if any(each.cancel for each in decisions):
        reason = checked_reason(reason)
    hit = sorted(what.days(clinic.time_zone) if what is not None else set(dates))
    visits = dict(
        Booking.objects.filter(
            pk__in=[each.booking_id for each in decisions], clinic=clinic
        ).values_list("pk", "visit")
    )
    to = [local_day(each.start, clinic) for each in decisions if each.moves and each.start]
    days, courses = take_many(list(visits.values()), dates=[*hit, *to], actor=actor, now=now)
    if what is not None:
        write_disruption(clinic, what, days, actor=actor, now=now)
    bookings = _as_reviewed(clinic, hit, decisions, visits, courses)
    done = _settle(decisions, bookings, courses, reason, actor=actor, now=now)
    audit.record(
        "disruption.settled", clinic, actor=actor, now=now, days=hit, moved=done.moved,
        cancelled=done.cancelled, left=done.left,
    )  # fmt: skip
    return done


@joins
def _settle(
    decisions: Sequence[Decision],
    bookings: Mapping[UUID, Booking],
    courses: Mapping[UUID, InHand],
    reason: str,
    *,
    actor: Actor,
    now: datetime,
) -> Rebooked:
    """Cancel, then move: a place that is given up may be where another goes."""
    done = Rebooked()
    for each in decisions:
        if each.cancel:
            booking = bookings[each.booking_id]
            _cancel(courses[booking.visit_id], booking, reason, done, actor, now)
    _move_all([each for each in decisions if each.moves], bookings, courses, done, actor, now)
    done.left = len(decisions) - done.moved - done.cancelled
    return done


def _checked(
    clinic: Clinic,
    what: Disruption | None,
    decisions: Sequence[Decision],
    actor: Actor,
    now: datetime,
) -> Disruption | None:
    if len({each.booking_id for each in decisions}) < len(decisions) or len(decisions) > MOST:
        raise Invalid(f"Each visit once, and at most {MOST} in one step.")
    if what is not None:
        actor.require(DISRUPTIONS_RECORD)
        what = checked(clinic, what, now)
    if what is None or any(each.moves or each.cancel for each in decisions):
        actor.require(BOOKINGS_CHANGE)
    return what


@joins
def _as_reviewed(
    clinic: Clinic,
    hit: Sequence[date],
    decisions: Sequence[Decision],
    visits: Mapping[UUID, UUID],
    courses: Mapping[UUID, InHand],
) -> dict[UUID, Booking]:
    """Return the locked bookings; raises Stale unless they are exactly those who cannot stay."""
    affected = look_ahead(clinic, _span(hit), among=hit).affected
    found: dict[UUID, Booking] = {}
    for each in decisions:
        visit = visits.get(each.booking_id)
        held = courses.get(visit) if visit is not None else None
        booking = held.bookings.get(visit) if held is not None and visit is not None else None
        if booking is None or booking.pk != each.booking_id or booking.version != each.version:
            raise Stale(CHANGED)
        found[booking.pk] = booking
    if set(affected) != set(found):
        raise Stale(CHANGED)
    return found


def _span(hit: Sequence[date]) -> list[date]:
    first, last = min(hit), max(hit)
    return [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]


@joins
def _cancel(  # noqa: PLR0917 - private, and the one caller stands above
    held: InHand, booking: Booking, reason: str, done: Rebooked, actor: Actor, now: datetime
) -> None:
    was = booking.status
    if was == Booking.Status.ARRIVED:
        raise Conflict("The patient has arrived: give them another chair.", booking=str(booking.pk))
    release(held, booking, status=Booking.Status.CANCELLED, reason=reason, now=now)
    plan_visit(held.visit(booking.visit_id), now=now)
    audit.record("booking.cancelled", booking, actor=actor, now=now, patient_id=booking.patient_id)
    booking.clinic = held.clinic
    done.told[tell_cancelled(booking, held.patient, was=was, now=now)] += 1
    done.cancelled += 1


@joins
def _move_all(  # noqa: PLR0917 - private, and the one caller stands above
    moves: Sequence[Decision],
    bookings: Mapping[UUID, Booking],
    courses: Mapping[UUID, InHand],
    done: Rebooked,
    actor: Actor,
    now: datetime,
) -> None:
    """Move each once its new place is free: one may wait for another to leave it first."""
    waiting = list(moves)
    while waiting:
        stuck: list[tuple[Decision, Refusal]] = []
        for each in waiting:
            booking = bookings[each.booking_id]
            try:
                way = _move(courses[booking.visit_id], booking, each, actor, now)
            except (Conflict, RuleBroken, Invalid) as refusal:
                if is_broken():  # a constraint spoke: nothing more can be asked
                    raise _named(refusal, each) from refusal
                stuck.append((each, refusal))
            else:
                done.told[way] += 1
                done.moved += 1
        if len(stuck) == len(waiting):
            raise _named(stuck[0][1], stuck[0][0])
        waiting = [each for each, _ in stuck]


@joins
def _move(held: InHand, booking: Booking, wanted: Decision, actor: Actor, now: datetime) -> Way:
    assert wanted.start is not None
    assert wanted.chair_id is not None
    was, period = booking.status, booking.period
    put_elsewhere(held, booking, chair_id=wanted.chair_id, start=wanted.start, actor=actor, now=now)
    if period is not None and period.lower == wanted.start:
        return Way.NOT  # another chair is no news
    return tell_moved(booking, held.patient, was=was, now=now)


def _named(refusal: Refusal, wanted: Decision) -> Refusal:
    """Return the refusal with the booking it is about in its details."""
    booking = str(wanted.booking_id)
    if isinstance(refusal, RuleBroken):
        return RuleBroken(refusal.message, refusal.findings, booking=booking)
    return Conflict(refusal.message, booking=booking)
