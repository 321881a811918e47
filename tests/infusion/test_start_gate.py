"""What stands between a patient and the line: parts, findings, decisions. Nobody passes a block."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from clinical.beyond_use import Kept, Place
from clinical.findings import Severity
from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Invalid, RuleBroken
from core.models import AuditEntry
from infusion.before_start import Part, judge, own_finding, signable
from infusion.models import Infusion, InfusionEvent
from infusion.services.preparing import answer_questions, check_bag
from infusion.services.starting import start_infusion
from patients.models import Allergy, Condition, SignOff, Vaccination
from patients.models import TestResult as Result
from patients.services.sign_offs import sign_off
from scheduling.models import Override, Visit
from tests.infusion.builders import (
    TODAY,
    WELL,
    at,
    bag_at_chair,
    colleague,
    premedicate,
    prepare,
    seat,
)
from tests.people import make_actor

MISSING = {
    "checklist": {"CHECKLIST-MISSING", "INFECTION-UNCHECKED", "PREGNANCY-UNCHECKED"},
    "access": {"ACCESS-MISSING"},
    "bag": {"BAG-MISSING"},
    "bag_check": {"BAG-CHECK-MISSING"},
    "vitals": {"VITALS-BASELINE-MISSING"},
}


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def prescriber(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.PRESCRIBER)


def ready(visit: Visit, nurse: Actor, **changes: Any) -> None:
    prepare(visit, nurse, **changes)
    premedicate(visit, nurse)


def begin(visit: Visit, nurse: Actor, *, minute: float = 30, **changes: Any) -> InfusionEvent:
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "two_identifiers_checked": True, "rate_option": "standard", "actor": nurse,
        "now": at(minute),
    }  # fmt: skip
    return InfusionEvent.objects.get(pk=start_infusion(**(fields | changes)).event_id)


def stops(visit: Visit, nurse: Actor, **changes: Any) -> set[str]:
    """The rules that refuse a start; the start is refused whole."""
    with pytest.raises(RuleBroken) as refused:
        begin(visit, nurse, **changes)
    assert not InfusionEvent.objects.filter(kind="started").exists()
    visit.refresh_from_db()
    assert (visit.status, visit.given_on) == (Visit.Status.ARRIVED, None)
    return {finding.id for finding in refused.value.findings}


def decide(visit: Visit, prescriber: Actor, rule_id: str, decision: str = "may_proceed",
           **changes: Any) -> SignOff:  # fmt: skip
    fields: dict[str, Any] = {
        "patient_id": visit.patient_id, "rule_id": rule_id, "decision": decision,
        "reason": "Weighed with the patient", "until_date": None, "actor": prescriber,
        "now": at(20),
    }  # fmt: skip
    return sign_off(**(fields | changes))


def ill(visit: Visit, kind: str) -> Condition:
    return Condition.objects.create(
        patient_id=visit.patient_id, source_id=str(uuid4()), kind=kind,
        from_date=TODAY - timedelta(days=9), recorded_at=at(-900), recorded_by=None,
    )  # fmt: skip


def test_with_everything_in_place_it_starts_without_a_word(visit: Visit, nurse: Actor) -> None:
    ready(visit, nurse)
    event = begin(visit, nurse)
    assert (event.values["findings"], event.values["signed_off"], event.reason) == ([], {}, "")
    assert not Override.objects.exists()


@pytest.mark.parametrize("part", sorted(MISSING))
def test_each_part_is_needed_and_no_reason_goes_past_it(
    visit: Visit, nurse: Actor, part: str
) -> None:
    ready(visit, nurse, without={part})
    for reason in ("", "The patient is in a hurry"):
        unasked = {"CONTRACEPTION"} if part == "checklist" and not reason else set()
        assert stops(visit, nurse, reason=reason) == MISSING[part] | unasked


def test_everything_that_is_missing_is_named_at_once(visit: Visit, nurse: Actor) -> None:
    ready(visit, nurse, without={"access", "bag", "vitals"})
    assert stops(visit, nurse) == {"ACCESS-MISSING", "BAG-MISSING", "VITALS-BASELINE-MISSING"}


def test_nothing_at_all_is_refused_in_words(visit: Visit, nurse: Actor) -> None:
    assert stops(visit, nurse) >= {"CHECKLIST-MISSING", "BAG-MISSING"}
    assert not Infusion.objects.exists()


def test_what_was_done_after_the_start_does_not_count(visit: Visit, nurse: Actor) -> None:
    ready(visit, nurse, without={"vitals"})
    prepare(visit, nurse, minute=40, without={"checklist", "access", "bag"})
    assert stops(visit, nurse, now=at(45)) == {"VITALS-BASELINE-MISSING"}


def test_h3_without_two_identifiers_nothing_runs(visit: Visit, nurse: Actor) -> None:
    """H3: the wrong patient's card."""
    ready(visit, nurse)
    with pytest.raises(Invalid) as refused:
        begin(visit, nurse, two_identifiers_checked=False, reason="I know her")
    assert set(refused.value.fields) == {"two_identifiers_checked"}


def hang(visit: Visit, nurse: Actor, minute_made: float, *, minute: float = 1) -> None:
    """Hang a bag made at `minute_made`, in place of another, checked by the second nurse."""
    bag = bag_at_chair(
        visit, nurse, minute=minute, prepared_at=at(minute_made),
        storage=(Kept(place=Place.ROOM, since=at(minute_made)),),
    )  # fmt: skip
    check_bag(
        visit_id=visit.pk, event_id=uuid4(), bag_id=bag, all_match=True,
        occurred_at=at(minute), actor=colleague(visit.clinic), now=at(minute),
    )  # fmt: skip


def test_h15_a_start_ends_by_the_bags_time_to_the_minute(visit: Visit, nurse: Actor) -> None:
    """H15: 210 minutes of infusion from half past nine, eight hours from when it was made."""
    ready(visit, nurse, without={"bag"})
    last = 30 + 210 - 8 * 60
    hang(visit, nurse, last - 1)
    assert stops(visit, nurse, reason="It is nearly enough") == {"BAG-BEYOND-USE"}
    hang(visit, nurse, last, minute=2)
    assert begin(visit, nurse)


def test_the_short_table_fits_where_the_standard_one_does_not(visit: Visit, nurse: Actor) -> None:
    ready(visit, nurse, without={"bag"})
    hang(visit, nurse, 30 + 120 - 8 * 60)
    assert stops(visit, nurse) == {"BAG-BEYOND-USE"}
    assert begin(visit, nurse, rate_option="short")


def test_a_fuller_bag_runs_longer(visit: Visit, nurse: Actor) -> None:
    ready(visit, nurse, without={"bag", "bag_check"})
    bag = bag_at_chair(visit, nurse, volume_ml=520)
    check_bag(
        visit_id=visit.pk, event_id=uuid4(), bag_id=bag, all_match=True, occurred_at=at(1),
        actor=colleague(visit.clinic), now=at(1),
    )  # fmt: skip
    begin(visit, nurse)
    assert Infusion.objects.get().volume_ml == 520


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (Condition.Kind.PREGNANCY, "PREGNANT"),
        (Condition.Kind.HEPATITIS_B, "HBV-ACTIVE"),
        (Condition.Kind.CONFIRMED_PML, "PML-CONFIRMED"),
        (Condition.Kind.INFECTION, "INFECTION-ACTIVE"),
        (Condition.Kind.SUSPECTED_PML, "PML-SUSPECTED"),
    ],
)
def test_what_nobody_may_pass_nobody_passes(
    visit: Visit, nurse: Actor, prescriber: Actor, kind: str, rule: str
) -> None:
    ready(visit, nurse)
    ill(visit, kind)
    assert stops(visit, nurse, reason="It is only mild") == {rule}
    decide(visit, prescriber, rule)
    assert stops(visit, nurse, reason="The doctor said so") == {rule}


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (Condition.Kind.MALIGNANCY, "MALIGNANCY-ACTIVE"),
        (Condition.Kind.LACTATION, "LACTATION"),
        (Condition.Kind.LIVER_INJURY, "LIVER-SYMPTOMS"),
        (Condition.Kind.IMMUNOCOMPROMISE, "IMMUNOCOMPROMISED"),
    ],
)
def test_a_hold_waits_for_the_prescribers_name(
    visit: Visit, nurse: Actor, prescriber: Actor, kind: str, rule: str
) -> None:
    ready(visit, nurse)
    ill(visit, kind)
    assert stops(visit, nurse, reason="I asked around") == {rule}
    signed = decide(visit, prescriber, rule)
    event = begin(visit, nurse)
    assert event.values["signed_off"] == {rule: str(signed.pk)}
    assert event.values["findings"] == [rule]
    [gone_past] = Override.objects.all()
    assert (gone_past.rule_id, gone_past.reason, gone_past.visit_id, gone_past.overridden_at) == (
        rule, signed.reason, visit.pk, event.recorded_at,
    )  # fmt: skip
    assert gone_past.overridden_by_id == prescriber.user_id, "who decided, not who tapped"
    written = AuditEntry.objects.get(action="infusion.started")
    assert written.details["overrides"] == [rule]


def test_a_decision_nothing_rests_on_is_no_override(
    visit: Visit, nurse: Actor, prescriber: Actor
) -> None:
    ready(visit, nurse)
    ill(visit, Condition.Kind.MALIGNANCY)
    decide(visit, prescriber, "MALIGNANCY-ACTIVE")
    decide(visit, prescriber, "LACTATION")
    assert not Override.objects.exists(), "nobody has gone past anything yet"
    begin(visit, nurse)
    assert [row.rule_id for row in Override.objects.all()] == ["MALIGNANCY-ACTIVE"]


@pytest.mark.parametrize(
    ("until", "holds"), [(TODAY - timedelta(days=1), True), (TODAY, False), (None, False)]
)
def test_a_sign_off_lasts_to_the_end_of_its_day(
    visit: Visit, nurse: Actor, prescriber: Actor, until: Any, *, holds: bool
) -> None:
    ready(visit, nurse)
    ill(visit, Condition.Kind.MALIGNANCY)
    decide(visit, prescriber, "MALIGNANCY-ACTIVE", until_date=until, now=at(-3 * 24 * 60))
    if holds:
        assert stops(visit, nurse) == {"MALIGNANCY-ACTIVE"}
    else:
        assert begin(visit, nurse)


def test_the_last_decision_counts(visit: Visit, nurse: Actor, prescriber: Actor) -> None:
    ready(visit, nurse)
    ill(visit, Condition.Kind.MALIGNANCY)
    decide(visit, prescriber, "MALIGNANCY-ACTIVE")
    decide(visit, prescriber, "MALIGNANCY-ACTIVE", "must_not", now=at(25))
    assert stops(visit, nurse) == {"MALIGNANCY-ACTIVE", "PRESCRIBER-MUST-NOT"}
    decide(visit, prescriber, "MALIGNANCY-ACTIVE", now=at(27))
    assert begin(visit, nurse)


def test_a_prescriber_may_forbid_what_the_rules_allow(
    visit: Visit, nurse: Actor, prescriber: Actor
) -> None:
    ready(visit, nurse)
    decide(visit, prescriber, "AGE-OLDER", "must_not")
    assert stops(visit, nurse, reason="She feels well") == {"PRESCRIBER-MUST-NOT"}


def test_a_sign_off_of_another_rule_clears_nothing(
    visit: Visit, nurse: Actor, prescriber: Actor
) -> None:
    ready(visit, nurse)
    ill(visit, Condition.Kind.MALIGNANCY)
    decide(visit, prescriber, "IMMUNOCOMPROMISED")
    assert stops(visit, nurse) == {"MALIGNANCY-ACTIVE"}


def test_a_caution_is_weighed_with_a_reason_in_the_nurses_name(visit: Visit, nurse: Actor) -> None:
    ready(visit, nurse)
    ill(visit, Condition.Kind.COLITIS)
    assert stops(visit, nurse) == {"DIARRHOEA"}
    begin(visit, nurse, reason="Colitis excluded last week")
    written = Override.objects.values_list("rule_id", "reason", "overridden_by", "visit")
    assert list(written) == [
        ("DIARRHOEA", "Colitis excluded last week", nurse.user_id, visit.pk),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        ("infection", "INFECTION-ACTIVE"),
        ("pregnancy", "PREGNANT"),
        ("neurological", "PML-SUSPECTED"),
        ("diarrhoea", "DIARRHOEA"),
        ("vaccination", "VACCINATION-UNRECORDED"),
        ("liver", "LIVER-SYMPTOMS"),
    ],
)
def test_a_yes_today_stands_in_the_way(
    visit: Visit, nurse: Actor, question: str, rule: str
) -> None:
    ready(visit, nurse, without={"checklist"})
    answer_questions(
        visit_id=visit.pk, event_id=uuid4(), answers=WELL | {question: "yes"},
        notes={question: "Since Monday"}, occurred_at=at(2), actor=nurse, now=at(2),
    )  # fmt: skip
    assert stops(visit, nurse) == {rule}


@pytest.mark.parametrize(("days", "live", "rule"), [
    (27, True, "VACCINE-LIVE-RECENT"), (28, True, None), (3, False, None),
])  # fmt: skip
def test_a_vaccination_reported_and_on_record_is_judged_by_its_day(
    visit: Visit, nurse: Actor, days: int, rule: str | None, *, live: bool
) -> None:
    ready(visit, nurse, without={"checklist"})
    Vaccination.objects.create(
        patient_id=visit.patient_id, source_id="v", name="MMR", is_live=live,
        status=Vaccination.Status.GIVEN, occurred_on=TODAY - timedelta(days=days),
    )  # fmt: skip
    answer_questions(
        visit_id=visit.pk, event_id=uuid4(), answers=WELL | {"vaccination": "yes"},
        notes={"vaccination": "At the pharmacy"}, occurred_at=at(2), actor=nurse, now=at(2),
    )  # fmt: skip
    if rule:
        assert stops(visit, nurse) == {rule}
    else:
        assert begin(visit, nurse)


def test_screening_that_was_never_done_holds_and_nobody_signs_it_away(
    visit: Visit, nurse: Actor, prescriber: Actor
) -> None:
    ready(visit, nurse)
    Result.objects.filter(loinc="5196-1").delete()
    assert stops(visit, nurse) == {"HBV-SCREEN-MISSING"}
    decide(visit, prescriber, "HBV-SCREEN-MISSING")
    assert stops(visit, nurse, reason="Tomorrow") == {"HBV-SCREEN-MISSING"}


def test_the_tests_before_a_course_are_asked_for_before_its_first_dose_only(
    clinic: Clinic, nurse: Actor
) -> None:
    first = seat(clinic, number=1, dose_mg=300)
    ready(first, nurse)
    Result.objects.exclude(loinc__in=["5196-1", "16933-4"]).delete()
    assert stops(first, nurse, rate_option="initial") == {"IG-MISSING", "LIVER-TESTS-MISSING"}
    later = seat(clinic, mrn="MRN-7", position=2)
    ready(later, nurse)
    Result.objects.exclude(loinc__in=["5196-1", "16933-4"]).delete()
    assert begin(later, nurse)


def test_h13_a_dose_too_early_does_not_start_whoever_signs(
    visit: Visit, nurse: Actor, prescriber: Actor
) -> None:
    """H13: the day of the dose before is five months away at least, and one day less is not."""
    ready(visit, nurse)
    before = Visit.objects.get(course=visit.course, dose_number=1)
    assert before.given_on is not None
    Visit.objects.filter(course=visit.course, dose_number=2).update(
        given_on=TODAY - timedelta(days=140)
    )
    Visit.objects.filter(pk=before.pk).update(given_on=TODAY - timedelta(days=149))
    found = stops(visit, nurse, reason="The chair is free")
    assert "INTERVAL-MINIMUM" in found
    decide(visit, prescriber, "INTERVAL-MINIMUM")
    assert "INTERVAL-MINIMUM" in stops(visit, nurse, reason="The doctor said so")


def test_an_allergy_to_the_drug_ends_it_here(visit: Visit, nurse: Actor) -> None:
    ready(visit, nurse)
    Allergy.objects.create(
        patient_id=visit.patient_id, source_id="a", substance="Ocrelizumab",
        clinical_status="active",
    )  # fmt: skip
    assert stops(visit, nurse, reason="It was a rash") == {"HYPERSENSITIVITY"}


def test_whoever_reacted_for_their_life_is_never_started_again(
    clinic: Clinic, visit: Visit, nurse: Actor
) -> None:
    earlier = seat(clinic, mrn="MRN-8", position=2)
    ready(earlier, nurse)
    begin(earlier, nurse)
    ran = Infusion.objects.get(visit=earlier)
    assert nurse.user_id is not None
    InfusionEvent.objects.create(
        id=uuid4(), infusion=ran, kind="reaction", occurred_at=at(40), recorded_at=at(40),
        recorded_by_id=nurse.user_id, values={"severity": "life_threatening"},
    )  # fmt: skip
    Infusion.objects.filter(pk=ran.pk).update(patient_id=visit.patient_id)
    ready(visit, nurse)
    with pytest.raises(RuleBroken) as refused:
        begin(visit, nurse, reason="Years ago")
    assert "REACTION-LIFE-THREATENING" in {item.id for item in refused.value.findings}


def test_only_a_hold_that_names_the_prescriber_can_be_signed() -> None:
    def finding(severity: Severity, *roles: str) -> Any:
        own = own_finding("ANY-RULE", "Words.")
        return type(own)(**{
            name: getattr(own, name) for name in own.__dataclass_fields__
        } | {"severity": severity, "override_by": roles})  # fmt: skip

    assert signable(finding(Severity.HOLD, "prescriber"))
    assert not signable(finding(Severity.HOLD))
    assert not signable(finding(Severity.HOLD, "nurse"))
    assert not signable(finding(Severity.BLOCK, "prescriber"))
    assert not judge([finding(Severity.BLOCK, "prescriber")], [], on=TODAY)[0].may_sign


def test_the_parts_have_their_words() -> None:
    assert set(MISSING) == {part.value for part in Part}
