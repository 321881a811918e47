"""What is prepared before the line runs: questions, IV access, the bag, its check, vital signs.

Every entry is a fact of its own; the last of its kind counts, and all of them stay on record.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clinical.beyond_use import Place
from clinical.findings import Severity
from clinics.permissions import BAGS_CHECK, INFUSIONS_CHART
from core.actor import Actor
from core.db import command
from core.errors import Conflict, Invalid, RuleBroken
from core.zones import day_span, local_date
from infusion.bag import Bag, bag_findings
from infusion.before_start import Prepared, charted_by, own_finding, prepared
from infusion.chart import Chart, Charted, Kind, Tap, check_tap
from infusion.checklist import check_answers
from infusion.iv_access import Access
from infusion.models import InfusionEvent
from infusion.selectors_codes import code_findings, known_codes, unknown_vials
from infusion.services.charting import lock_visit, preparing_chart, repeat_of, write
from infusion.vitals import check_vitals
from scheduling.models import Visit

SOMEBODY_ELSE = "The second check is by somebody else than who charted the bag."


@command
def answer_questions(
    *,
    visit_id: UUID,
    event_id: UUID,
    answers: Mapping[str, str],
    notes: Mapping[str, str],
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart what the patient answered to the questions of infusion.checklist.

    Raises Invalid for a question left out, and for a worry, or one that is gone, without a note;
    Conflict unless the patient has arrived and nothing runs yet.
    """
    tap = _tap(Kind.CHECKLIST, event_id, occurred_at, actor, now)
    visit = lock_visit(visit_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    chart = preparing_chart(visit, now=now)
    standing = _prepared(chart, visit, now)
    _refuse_before(tap, standing.checklist)
    values = check_answers(answers, notes, before=standing.answers)
    return write(tap, tap.fact(chart.infusion, values))


@command
def chart_access(
    *,
    visit_id: UUID,
    event_id: UUID,
    access: Access,
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart the IV access. Raises Invalid when it is not complete, Conflict unless the patient
    has arrived and nothing runs yet."""
    tap = _tap(Kind.ACCESS, event_id, occurred_at, actor, now)
    values = access.values()
    visit = lock_visit(visit_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    chart = preparing_chart(visit, now=now)
    _refuse_before(tap, _prepared(chart, visit, now).access)
    return write(tap, tap.fact(chart.infusion, values))


@command
def chart_bag(
    *,
    visit_id: UUID,
    event_id: UUID,
    bag: Bag,
    replaces: UUID | None,
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart the bag at the chair, in place of the bag `replaces` when there was one.

    Raises RuleBroken for the wrong product (H17), a bag past its use-by time or an expired vial
    (H15), and whatever else the protocol finds wrong with it; Invalid for another dose than the
    visit's, without its filter or its own line, and for a storage that cannot be; Conflict when
    somebody charted a bag meanwhile.
    """
    tap = _tap(Kind.BAG, event_id, occurred_at, actor, now)
    visit = lock_visit(visit_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    chart = preparing_chart(visit, now=now)
    standing = _prepared(chart, visit, now).bag
    if (standing.pk if standing else None) != replaces:
        raise Conflict("Somebody charted a bag for this patient meanwhile. Look at it first.")
    _refuse_before(tap, standing)
    _check_bag(chart, visit, bag, occurred_at)
    volume = bag.volume_ml
    chart.infusion.volume_ml = Decimal(volume.numerator) / volume.denominator
    return write(tap, tap.fact(chart.infusion, bag.values()))


@command
def check_bag(
    *,
    visit_id: UUID,
    event_id: UUID,
    bag_id: UUID,
    all_match: bool,
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart that a second person compared the bag `bag_id` with patient and prescription.

    `all_match` says they found two identifiers, drug, dose, volume, lots and times as charted.
    A nurse, a pharmacist or a prescriber may be that person. Raises RuleBroken for anybody who
    charted or corrected this bag, Invalid unless all matches, Conflict when this is not the bag
    at the chair (any more).
    """
    tap = _tap(Kind.BAG_CHECKED, event_id, occurred_at, actor, now, permission=BAGS_CHECK)
    if not all_match:
        words = "Compare every line, then confirm. If one does not match, the bag is not used."
        raise Invalid(words, {"all_match": [words]})
    visit = lock_visit(visit_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    chart = preparing_chart(visit, now=now)
    standing = _prepared(chart, visit, now).bag
    if standing is None or standing.pk != bag_id:
        raise Conflict("This is not the bag at the chair. Look at the bag that is.")
    if tap.user_id in charted_by(standing, chart.events):
        raise RuleBroken(SOMEBODY_ELSE, [own_finding("BAG-CHECK-SAME-PERSON", SOMEBODY_ELSE)])
    if occurred_at < standing.occurred_at:
        words = "The bag was charted later than this."
        raise Invalid(words, {"occurred_at": [words]})
    return write(tap, tap.fact(chart.infusion, {"bag": str(bag_id), "all_match": True}))


@command
def chart_baseline(
    *,
    visit_id: UUID,
    event_id: UUID,
    vitals: Mapping[str, Decimal | int | None],
    occurred_at: datetime,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart vital signs before the start; they need no entry before them.

    Raises as `running.chart_vitals`, and Conflict once the infusion has started.
    """
    tap = _tap(Kind.VITALS, event_id, occurred_at, actor, now)
    values = check_vitals(vitals)
    visit = lock_visit(visit_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    return write(tap, tap.fact(preparing_chart(visit, now=now).infusion, values))


def _tap(
    kind: str,
    event_id: UUID,
    at: datetime,
    actor: Actor,
    now: datetime,
    *,
    permission: str = INFUSIONS_CHART,
) -> Tap:
    tap = Tap(event_id=event_id, kind=kind, occurred_at=at, actor=actor, now=now)
    check_tap(tap, permission)
    return tap


def _refuse_before(tap: Tap, standing: InfusionEvent | None) -> None:
    """The last of a kind counts by when it happened: an entry before it would count for nothing."""
    if standing is not None and tap.occurred_at < standing.occurred_at:
        words = "The entry this one replaces is charted for later than this."
        raise Invalid(words, {"occurred_at": [words]})


def _prepared(chart: Chart, visit: Visit, now: datetime) -> Prepared:
    zone = visit.clinic.time_zone
    events: list[InfusionEvent] = chart.events
    return prepared(events, since=day_span(local_date(now, zone), zone)[0])


def _check_bag(chart: Chart, visit: Visit, bag: Bag, at: datetime) -> None:
    _refuse_incomplete(chart, visit, bag, at)
    on = local_date(at, visit.clinic.time_zone)
    found = bag_findings(chart.protocol, bag, on=on, at=at)
    known = known_codes(visit.clinic_id, bag)
    found += code_findings(known, bag)
    stops = [item for item in found if item.severity is not Severity.CAUTION]
    if stops:
        raise RuleBroken(stops[0].words, stops)
    _refuse_unread_codes(unknown_vials(known, bag), bag)


def _refuse_unread_codes(vials: Sequence[int], bag: Bag) -> None:
    """A number that is on no list says nothing: somebody reads the vial, and says so."""
    if not vials or bag.codes_checked:
        return
    numbers = ", ".join(str(each) for each in vials)
    words = (
        f"Unknown code on vial {numbers}: check the vial. Read name, strength and route on it, "
        "then confirm."
    )
    raise Invalid(words, {"codes_checked": [words]})


def _refuse_incomplete(chart: Chart, visit: Visit, bag: Bag, at: datetime) -> None:
    rules, problems = chart.protocol.preparation, dict[str, list[str]]()
    if bag.drug.strip().lower() not in {chart.protocol.drug.lower(), chart.protocol.brand.lower()}:
        problems["drug"] = [f"This visit is for {chart.protocol.drug}."]
    if bag.labelled_mg not in {rules.vial_mg, rules.subcutaneous_mg}:
        problems["labelled_mg"] = [f"A vial of this drug holds {rules.vial_mg} mg."]
    if bag.dose_mg != visit.dose_mg:
        problems["dose_mg"] = [f"The dose of this visit is {visit.dose_mg} mg."]
    if bag.volume_ml <= 0:
        problems["volume_ml"] = ["Above 0."]
    if bag.filter_micron not in {str(float(size)) for size in rules.filter_micron}:
        problems["filter_micron"] = ["An in-line filter is needed."]
    if not bag.dedicated_line:
        problems["dedicated_line"] = ["The bag runs through a line of its own."]
    problems |= _storage_problems(chart, bag, at)
    if problems:
        raise Invalid("This bag is not complete.", problems)


def _storage_problems(chart: Chart, bag: Bag, at: datetime) -> dict[str, list[str]]:
    if any(kept.since > at for kept in bag.storage):
        return {"storage": ["These times lie after the bag came to the chair."]}
    try:
        bag.use_by(chart.protocol)
    except ValueError:
        return {"storage": ["Say where the bag was from its preparation on, in the order of time."]}
    if bag.storage[-1].place is not Place.ROOM:
        return {"storage": ["Say when the bag was taken out of the fridge."]}
    return {}
