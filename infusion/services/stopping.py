"""The end before the bag is empty; and the end of the treatment itself."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5

from clinical.model import ReactionSeverity
from clinical.observation import observe_until
from clinical.run import RunStatus
from clinics.models import Role
from clinics.permissions import REACTIONS_CORRECT
from core.actor import Actor
from core.db import command, joins
from core.errors import Conflict, Invalid, NotFound
from infusion import record
from infusion.chart import OUT_OF_ORDER, Chart, Charted, Kind, Tap, check_correction, check_tap
from infusion.models import Infusion, InfusionEvent
from infusion.reminder_plans import plan_observation, tell_of_the_end
from infusion.segments import tenth_of_ml
from infusion.selectors import visit_of
from infusion.services.charting import open_chart, repeat_of, write
from scheduling.models import Course, Visit
from scheduling.services.attendance import observe_visit
from scheduling.services.desk import CourseInHand, take_dose
from scheduling.services.ending import end_course, reopen_course

WHY = "Life-threatening infusion reaction"
PERMANENT = "REACTION-PERMANENT"


@command
def stop_infusion(
    *,
    infusion_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    volume_ml: Decimal,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that the infusion was ended before the bag was empty; observation counts from it.

    `volume_ml` as the pump shows it, in millilitres. Raises Invalid without a reason or for more
    than the bag, Conflict unless it runs or is paused, or when something later is charted.
    """
    tap = Tap(event_id=event_id, kind=Kind.STOPPED, occurred_at=occurred_at, actor=actor, now=now)
    check_tap(tap)
    if not reason.strip():
        raise Invalid("Say why it was stopped.", {"reason": ["Say why."]})
    _, visit = take_dose(visit_of(infusion_id, actor), dates=None, actor=actor, now=now)
    chart = open_chart(infusion_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    if not 0 <= volume_ml <= chart.infusion.volume_ml:
        words = f"Between 0 and {chart.infusion.volume_ml.normalize():f} mL."
        raise Invalid("This volume cannot be right.", {"volume_ml": [words]})
    return _end(tap, chart, visit, volume_ml, reason)


@joins
def stop_for_good(tap: Tap, held: CourseInHand, chart: Chart) -> None:
    """Do what a life-threatening reaction asks for, inside the command that charts it.

    The infusion ends (at the pause when it stands still, else now), the course is discontinued for
    ever, every later booking is freed and its reminders withdrawn, and prescriber and scheduler
    are told. `held` is the course with its days, locked; `chart` has the reaction in it.
    """
    visit = held.visit(chart.infusion.visit_id)
    if chart.infusion.status == Infusion.Status.RUNNING:
        at = _stands_since(chart, tap) or tap.now
        given = tenth_of_ml(chart.run(at).volume_in_ml)
        stop = Tap(
            event_id=uuid5(tap.event_id, Kind.STOPPED), kind=Kind.STOPPED, occurred_at=at,
            actor=tap.actor, now=tap.now,
        )  # fmt: skip
        _end(stop, chart, visit, given, WHY)
    if held.course.status == Course.Status.ACTIVE:
        end_course(held, reason=WHY, permanently=True, actor=tap.actor, now=tap.now)
    tell_of_the_end(chart.infusion, tap.event_id, roles=(Role.PRESCRIBER, Role.SCHEDULER),
                    now=tap.now)  # fmt: skip


@command
def correct_life_threatening(
    *,
    reaction_id: UUID,
    event_id: UUID,
    severity: ReactionSeverity | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that a life-threatening reaction was an error of charting: it was `severity`, or none.

    A prescriber's act only; it goes to the ledger. The course is open again when no other such
    reaction stands, its doses are to be booked anew, and the infusion stays ended. Raises
    Forbidden for anybody else, Invalid without a reason or for the same severity, Conflict when it
    is corrected already.
    """
    actor.require(REACTIONS_CORRECT)
    old = InfusionEvent.objects.filter(
        pk=reaction_id, kind=Kind.REACTION, infusion__clinic_id=actor.clinic_id
    ).first()
    if old is None:
        raise NotFound
    tap = Tap(
        event_id=event_id, kind=Kind.REACTION, occurred_at=old.occurred_at, actor=actor, now=now
    )
    check_correction(tap, reason)
    held, visit = take_dose(visit_of(old.infusion_id, actor), actor=actor, now=now)
    chart = open_chart(old.infusion_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    _check_correction(old, chart, severity)
    values = {**old.values, "assessed": True}
    values |= {"withdrawn": True} if severity is None else {"severity": severity.value}
    fact = tap.fact(chart.infusion, values, reason=reason, amends=old.pk)
    charted = write(tap, fact, against=[PERMANENT])
    if not _another_stands(held.course) and held.course.end_reason == WHY:
        reopen_course(held, actor=actor, now=now)
    return charted


@joins
def _end(tap: Tap, chart: Chart, visit: Visit, volume_ml: Decimal, reason: str) -> Charted:
    fact = tap.fact(chart.infusion, {"volume_ml": str(volume_ml)}, reason=reason)
    if any(item.id == OUT_OF_ORDER for item in chart.objections(fact, now=tap.now)):
        raise Conflict("This does not fit: it does not run, or something later is charted.")
    chart.infusion.status = Infusion.Status.OBSERVING
    chart.infusion.ended_at = tap.occurred_at
    chart.infusion.observe_until = observe_until(chart.protocol, tap.occurred_at)
    charted = write(tap, fact)
    observe_visit(visit, now=tap.now)
    plan_observation(chart.infusion, now=tap.now)
    return charted


def _stands_since(chart: Chart, tap: Tap) -> datetime | None:
    """Return when the pump was paused, if it stands still and nothing is charted after that."""
    if chart.run(tap.now).status is not RunStatus.PAUSED:
        return None
    moves = [event for event in record.standing(chart.events) if event.kind in record.MOVES]
    paused = [event.occurred_at for event in moves if event.kind == Kind.PAUSED]
    last = max(event.occurred_at for event in moves)
    return paused[-1] if paused and paused[-1] == last else None


def _check_correction(old: InfusionEvent, chart: Chart, severity: ReactionSeverity | None) -> None:
    fatal = ReactionSeverity.LIFE_THREATENING
    if old.values.get("severity") != fatal.value or old.values.get("withdrawn"):
        raise Conflict("This reaction is not charted as life-threatening.")
    if severity is fatal:
        raise Invalid("Nothing would change.", {"severity": ["Choose what it really was."]})
    if any(event.amends_id == old.pk for event in chart.events):
        raise Conflict("This entry has been corrected already.")


def _another_stands(course: Course) -> bool:
    """Return whether a life-threatening reaction still stands anywhere in the course."""
    events = InfusionEvent.objects.filter(
        infusion__visit__course=course, kind=Kind.REACTION
    ).order_by("occurred_at")
    return any(
        event.values.get("severity") == ReactionSeverity.LIFE_THREATENING.value
        for event in record.standing(events)
    )
