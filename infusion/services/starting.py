"""The start: the one act that turns a visit into a given dose."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from clinical.findings import Finding
from clinical.model import RateOption
from clinical.premedication import check_premedication
from clinical.titration import rate_table
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, RuleBroken
from core.zones import day_span, local_date
from infusion import record
from infusion.chart import Chart, Charted, Kind, Tap, check_tap, weigh
from infusion.models import Infusion
from infusion.services.charting import arrived_booking, chart_of_visit, repeat_of, write
from scheduling.models import Booking, Visit
from scheduling.services.desk import CourseInHand, take_visit
from scheduling.services.dosing import mark_given
from scheduling.treatment import age_on, choose_rate, rates_offered


@command
def start_infusion(
    *,
    visit_id: UUID,
    event_id: UUID,
    occurred_at: datetime,
    two_identifiers_checked: bool,
    rate_option: str,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that the line runs at the plan's first rate; the dose counts as given that day.

    Raises Invalid without the identity check or for another day than the booking's; RuleBroken
    without both mandatory medicines, for a rate table this visit may not run, and for
    premedication out of its window unless a `reason` is given; Conflict when it runs already.
    """
    tap = Tap(event_id=event_id, kind=Kind.STARTED, occurred_at=occurred_at, actor=actor, now=now)
    check_tap(tap)
    held, visit = take_visit(visit_id, dates=None, actor=actor, now=now)
    if done := repeat_of(tap, visit.pk):
        return done
    booking = arrived_booking(held, visit)
    _check_bedside(tap, held, booking, two_identifiers_checked=two_identifiers_checked)
    chart = _prepared(held, visit)
    _use_table(tap, held, chart, visit, rate_option)
    fact = tap.fact(chart.infusion, _values(chart, rate_option), reason=reason)
    against = weigh(_findings(tap, held, chart), reason=reason, words="It runs already.")
    chart.infusion.status = Infusion.Status.RUNNING
    chart.infusion.started_at = occurred_at
    charted = write(tap, fact, against=against)
    day = local_date(occurred_at, held.clinic.time_zone)
    mark_given(held, visit, given_on=day, actor=actor, now=now)
    return charted


def _check_bedside(
    tap: Tap, held: CourseInHand, booking: Booking, *, two_identifiers_checked: bool
) -> None:
    if not two_identifiers_checked:
        words = "Check two identifiers with the patient first."
        raise Invalid(words, {"two_identifiers_checked": [words]})
    if local_date(tap.occurred_at, held.clinic.time_zone) != booking.clinic_day.date:
        words = f"This booking is for {booking.clinic_day.date:%d-%b-%Y}."
        raise Invalid(words, {"occurred_at": [words]})


def _prepared(held: CourseInHand, visit: Visit) -> Chart:
    """Return the visit's chart; RuleBroken when nothing was given, Conflict when it has run."""
    chart = chart_of_visit(visit)
    if chart is None:
        findings = check_premedication(held.protocol, infusion_start=visit.updated_at, given=[])
        raise RuleBroken("Premedication is not charted for this visit.", findings)
    if chart.infusion.status != Infusion.Status.PREPARING:
        raise Conflict("The infusion runs already. Somebody else started it.")
    return chart


def _use_table(tap: Tap, held: CourseInHand, chart: Chart, visit: Visit, rate_option: str) -> None:
    """Put the infusion on the wanted rate table, if this visit may run it."""
    day = local_date(tap.occurred_at, held.clinic.time_zone)
    offer = rates_offered(held.protocol, visit, held.patient, on=day)
    option = choose_rate(offer, rate_option)
    volume = rate_table(held.protocol, option).volume_ml
    chart.infusion.rate_option = option
    chart.infusion.volume_ml = Decimal(volume.numerator) / volume.denominator


def _values(chart: Chart, rate_option: str) -> dict[str, str | bool]:
    first = rate_table(chart.protocol, RateOption(rate_option)).steps[0].rate_ml_h
    return {"rate_ml_h": str(first), "rate_option": rate_option, "two_identifiers_checked": True}


def _findings(tap: Tap, held: CourseInHand, chart: Chart) -> list[Finding]:
    zone = held.clinic.time_zone
    day = local_date(tap.occurred_at, zone)
    weight = held.patient.weight_kg
    return check_premedication(
        held.protocol,
        infusion_start=tap.occurred_at,
        given=record.premedication(chart.events, since=day_span(day, zone)[0]),
        age_years=age_on(held.patient.birth_date, day),
        weight_kg=None if weight is None else Fraction(weight),
    )
