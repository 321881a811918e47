"""The start: the one act that turns a visit into a given dose."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from clinical.model import RateOption
from clinical.titration import rate_table
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, RuleBroken
from core.zones import day_span, local_date
from infusion.before_start import Judged, Prepared, missing_findings, prepared
from infusion.chart import Chart, Charted, Kind, Tap, check_tap, weigh
from infusion.models import Infusion
from infusion.selectors_before import (
    on_record,
    patient_findings,
    premedication_findings,
    preparation_findings,
)
from infusion.selectors_codes import code_findings, known_codes
from infusion.services.charting import arrived_booking, chart_of_visit, repeat_of, write
from patients.models import SignOff
from scheduling.models import Booking, Visit
from scheduling.services.desk import CourseInHand, take_dose
from scheduling.services.dosing import mark_given
from scheduling.treatment import choose_rate, rates_offered


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

    Raises Invalid without the identity check or for another day than the booking's; RuleBroken,
    naming all of it, for what is not prepared, what the rules hold against this patient or this
    bag, and a rate table this visit may not run; for a caution unless a `reason` is given;
    Conflict when it runs already. Everything gone past goes to the ledger: a caution with the
    reason given here, a hold with the prescriber's.
    """
    tap = Tap(event_id=event_id, kind=Kind.STARTED, occurred_at=occurred_at, actor=actor, now=now)
    check_tap(tap)
    held, visit = take_dose(visit_id, dates=None, actor=actor, now=now)
    if done := repeat_of(tap, visit.pk):
        return done
    booking = arrived_booking(held, visit)
    _check_bedside(tap, held, booking, two_identifiers_checked=two_identifiers_checked)
    chart = _prepared(visit)
    _use_table(tap, held, chart, visit, rate_option)
    found = _findings(tap, held, chart, visit)
    stops = [item.finding for item in found if item.sign_off is None]
    against = weigh(stops, reason=reason, words="It runs already.")
    fact = tap.fact(chart.infusion, _values(chart, rate_option, found), reason=reason)
    chart.infusion.status = Infusion.Status.RUNNING
    chart.infusion.started_at = occurred_at
    charted = write(tap, fact, against=against, signed=_signed(found))
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


def _prepared(visit: Visit) -> Chart:
    """Return the visit's chart; RuleBroken when nothing is prepared, Conflict when it has run."""
    chart = chart_of_visit(visit)
    if chart is None:
        findings = missing_findings(Prepared())
        raise RuleBroken("Nothing is charted for this visit yet.", findings)
    if chart.infusion.status != Infusion.Status.PREPARING:
        raise Conflict("The infusion runs already. Somebody else started it.")
    return chart


def _use_table(tap: Tap, held: CourseInHand, chart: Chart, visit: Visit, rate_option: str) -> None:
    """Put the infusion on the wanted rate table, if this visit may run it. Its volume is the
    bag's, charted with the bag."""
    day = local_date(tap.occurred_at, held.clinic.time_zone)
    offer = rates_offered(held.protocol, visit, held.patient, on=day)
    chart.infusion.rate_option = choose_rate(offer, rate_option)


def _signed(found: Sequence[Judged]) -> list[SignOff]:
    """Return the decisions this start rests on, one for each rule it goes past."""
    passed = {item.finding.id: item.sign_off for item in found if item.sign_off is not None}
    return [passed[rule_id] for rule_id in sorted(passed)]


def _values(chart: Chart, rate_option: str, found: Sequence[Judged]) -> dict[str, Any]:
    """Return the start as its event carries it: with what was found, and who let it pass."""
    first = rate_table(chart.protocol, RateOption(rate_option)).steps[0].rate_ml_h
    return {
        "rate_ml_h": str(first),
        "rate_option": rate_option,
        "two_identifiers_checked": True,
        "findings": list(dict.fromkeys(item.finding.id for item in found)),
        "signed_off": {each.rule_id: str(each.pk) for each in _signed(found)},
    }


def _findings(tap: Tap, held: CourseInHand, chart: Chart, visit: Visit) -> list[Judged]:
    """Return everything that stands in the way of this start, or that it goes past."""
    zone, at = held.clinic.time_zone, tap.occurred_at
    since = day_span(local_date(at, zone), zone)[0]
    done = prepared(chart.events, since=since, until=at)
    at_the_chair = [
        *preparation_findings(held.protocol, done, chart.plan, at=at, zone=zone),
        *premedication_findings(held, chart.events, at=at),
        *code_findings(known_codes(visit.clinic_id, done.the_bag), done.the_bag),
    ]
    patient = patient_findings(held.protocol, held, visit, on_record(held, tap.now), done, at=at)
    return [*(Judged(finding=item) for item in at_the_chair), *patient]
