"""Every worked case, by its id. A case nobody runs fails the last test."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from clinical import beyond_use, eligibility, premedication, preparation, reactions
from clinical.calendar import (
    GivenDose,
    PlannedDose,
    add_months,
    check_date,
    earliest_allowed,
    gap_findings,
    project,
    roll_to_clinic_day,
)
from clinical.facts import Facts, HepatitisB, Immunoglobulins, Liver, TestResult, Vaccine
from clinical.findings import Severity, worst
from clinical.observation import check_discharge, observe_until
from clinical.protocol import Protocol, RateOption, ReactionSeverity, load
from clinical.run import Event, EventKind, replay
from clinical.titration import offered_options, seconds
from clinical.vaccination import earliest_start
from tests.clinical.cases import CASES, POLICIES, UTC, clock, instant, minutes, number, profile

Case = dict[str, Any]
RUNNERS: dict[str, Callable[[Case, Case], None]] = {}
D = date.fromisoformat


def case(*ids: str) -> Callable[[Callable[[Case, Case], None]], Callable[[Case, Case], None]]:
    def register(runner: Callable[[Case, Case], None]) -> Callable[[Case, Case], None]:
        RUNNERS.update(dict.fromkeys(ids, runner))
        return runner

    return register


def dose(number: int, day: str) -> GivenDose:
    return GivenDose(number=number, given_on=D(day), dose_mg=300 if number <= 2 else 600)


def planned(first: str, *given: GivenDose, until: str = "2029-01-01") -> dict[int, PlannedDose]:
    doses = project(load(), first_infusion=D(first), given=given, until=D(until))
    return {item.number: item for item in doses}


@case("D01")
def _first_year(given: Case, expected: Case) -> None:
    doses = planned(given["infusion1"])
    assert doses[1].due.isoformat() == expected["infusion1"]
    assert doses[2].due.isoformat() == expected["infusion2"]
    assert doses[3].due.isoformat() == expected["first_600"]
    assert doses[4].due.isoformat() == expected["second_600_planned"]
    assert f"{doses[3].due:%A}" == expected["first_600_weekday"]


@case("D02")
def _anchor(given: Case, expected: Case) -> None:
    ran = dose(1, given["infusion1"]), dose(2, given["infusion2_actual"])
    due = planned(given["infusion1"], *ran)[3].due
    assert due.isoformat() == expected["first_600"] != expected["not_equal"]
    assert (due - ran[0].given_on).days == expected["days_after_infusion1"]
    assert add_months(ran[1].given_on, 5).isoformat() == expected["five_months_after_infusion2"]
    found = check_date(load(), dose_number=3, on=due, given=ran, due=due)
    assert (found == []) is expected["first_600_respects_5_months_from_infusion2"]


@case("D03")
def _month_end(given: Case, expected: Case) -> None:
    doses = planned(given["infusion1"])
    assert doses[2].due.isoformat() == expected["infusion2"]
    assert doses[3].due.isoformat() == expected["first_600"]


@case("D05")
def _leap_day(given: Case, expected: Case) -> None:
    last = dose(3, given["last_dose"])
    assert planned("2027-01-01", last)[4].due.isoformat() == expected["next_due"]
    allowed = earliest_allowed(load(), dose_number=4, given=[last])
    assert str(allowed) == expected["earliest_allowed"]


@case("D07")
def _missed(given: Case, expected: Case) -> None:
    ran = dose(1, "2026-01-06"), dose(2, "2026-01-20"), dose(3, given["administered"])
    assert planned("2026-01-06", *ran[:2])[3].due.isoformat() == given["due"]
    due = planned("2026-01-06", *ran)[4].due.isoformat()
    assert due == expected["next_due"] != expected["must_not_be"]
    allowed = earliest_allowed(load(), dose_number=4, given=ran)
    assert str(allowed) == expected["earliest_allowed_next"]


@case("D08")
def _minimum(given: Case, expected: Case) -> None:
    last = dose(3, given["last_dose"])
    due = planned("2025-01-01", last)[4].due
    assert (
        str(earliest_allowed(load(), dose_number=4, given=[last])) == expected["earliest_allowed"]
    )
    for day in given["proposed"]:
        found = check_date(load(), dose_number=4, on=D(day), given=[last], due=due)
        decision = "BLOCK" if worst(found) is Severity.BLOCK else "ALLOW"
        assert decision == expected["decisions"][day], day


@case("D12")
def _weekend(given: Case, expected: Case) -> None:
    due = D(given["due"])
    assert f"{due:%A}" == expected["due_weekday"]
    booked = roll_to_clinic_day(
        due,
        is_open=lambda day: day.weekday() < 5,
        direction=given["roll"],
        not_before=D("2026-06-05"),
    )
    assert booked.isoformat() == expected["booked"]
    following = planned("2026-01-05", dose(3, booked.isoformat()))[4].due
    assert following.isoformat() == expected["next_due_if_given_on_booked"]


@case("D17")
def _contraception(given: Case, expected: Case) -> None:
    last = D(given["last_dose"])
    ends = {
        name: eligibility.contraception_until(load("ocrelizumab", name), last).isoformat()
        for name in ("default", "us", "eu")
    }
    assert ends == {
        "default": expected["article_6_months"],
        "us": expected["us_label_6_months"],
        "eu": expected["uk_eu_current_4_months"],
    }
    assert add_months(last, 12).isoformat() == expected["old_eu_12_months"]


@case("D18")
def _live_vaccine(given: Case, expected: Case) -> None:
    vaccine = Vaccine(name="yellow fever", live=True, on=D(given["live_vaccine"]))
    assert earliest_start(load(), vaccine).isoformat() == expected["earliest_start"]
    facts = well(vaccines=(vaccine,))
    for day in given["proposed_infusion1"]:
        found = eligibility.for_course(load(), facts, first_infusion=D(day))
        decision = {"hold": "HOLD", "clear": "ALLOW"}[found.decision]
        assert decision == expected["decisions"][day], day


@case("T01", "T03", "T05")
def _table(given: Case, expected: Case) -> None:
    made = profile(load(), given["profile"], given["volume_ml"])
    assert [
        {
            "step": step.number,
            "rate_ml_h": step.rate_ml_h,
            "start_min": minutes(step.starts_s),
            "end_min": minutes(step.ends_s),
            "step_volume_ml": step.volume_ml,
            "cumulative_ml": step.cumulative_ml,
        }
        for step in made.steps
    ] == expected["steps"]
    assert minutes(made.total_seconds) == expected["total_min"]
    assert str(made.total_duration) == expected["total_hms"]


@case("T02")
def _volume_at(given: Case, expected: Case) -> None:
    made = profile(load(), given["profile"])
    for minute in given["minutes"]:
        elapsed = timedelta(minutes=minute)
        assert made.volume_at(elapsed) == Fraction(str(expected["cumulative_ml"][str(minute)]))
        assert made.rate_at(elapsed) == expected["rate_ml_h"][str(minute)]


@case("T08")
def _drug_added(_: Case, expected: Case) -> None:
    for name, answer in expected.items():
        made = profile(load(), name, answer["volume_ml"])
        bag = preparation.prepare(load(), dose_mg=made.dose_mg, saline_removed=False)
        assert bag.total_ml == answer["volume_ml"]
        assert number(bag.mg_per_ml) == answer["concentration_mg_ml"]
        assert minutes(made.total_seconds) == answer["total_min"]
        assert str(made.total_duration) == answer["total_hms"]


@case("T10")
def _visit_timeline(given: Case, expected: Case) -> None:
    start = instant(given["infusion_start"])
    for name, answer in expected.items():
        due = {
            item.kind: item
            for item in premedication.premedication_due(load(), infusion_start=start)
        }
        antihistamine = due[premedication.PremedicationKind.ANTIHISTAMINE]
        window = [antihistamine.opens_at, antihistamine.closes_at]
        assert [clock(at)[11:] for at in window] == answer["antihistamine_window"]
        about = due[premedication.PremedicationKind.STEROID].about
        assert about is not None
        assert clock(about)[11:] == answer["methylprednisolone_about"]
        end = start + profile(load(), name).total_duration
        assert clock(end)[11:] == answer["infusion_end"]
        until = observe_until(load(), end)
        assert clock(until)[11:] == answer["observe_until"]
        chair = until - instant("2026-07-06T08:00:00")
        assert minutes(seconds(chair)) == answer["chair_min_from_0800"]


@case("T11")
def _allowed_profiles(given: Case, expected: Case) -> None:
    names = {
        "INIT_300_250": "initial",
        "MAINT_600_500_3H5": "standard",
        "MAINT_600_500_2H": "short",
    }
    for row, allowed in zip(given["rows"], expected["allowed"], strict=True):
        offer = offered_options(
            load(),
            dose_number={"infusion1": 1, "infusion2": 2, "maintenance": 3}[row["visit"]],
            prior_severe=row["prior_severe"],
            prior_serious=row["prior_serious"],
            age_years=row["age"],
        )
        assert [*offer.options] == [names[text.split(" ")[0]] for text in allowed]


@case("R01", "R02", "R04")
def _reaction(given: Case, expected: Case) -> None:
    free = given["symptom_free_after_min"]
    plan = profile(load(), given["profile"])
    outcome = reactions.what_if(
        load(),
        plan,
        onset=timedelta(minutes=given["onset_min"]),
        severity=ReactionSeverity(given["severity"]),
        symptom_free_after=None if free is None else timedelta(minutes=free),
    )
    assert number(outcome.rate_at_onset_ml_h) == expected["rate_at_onset"]
    assert number(outcome.volume_at_onset_ml) == expected["volume_at_onset_ml"]
    assert number(outcome.remaining_ml) == expected["remaining_ml"]
    assert number(outcome.new_rate_ml_h) == expected["new_rate"]
    assert minutes(outcome.restart_s) == expected["restart_min"]
    assert minutes(outcome.earliest_increase_s) == expected["earliest_increase_min"]
    at_increase = outcome.volume_at_earliest_increase_ml
    assert number(at_increase) == expected["volume_at_earliest_increase_ml"]
    assert minutes(outcome.original_end_s) == expected["original_end_min"]
    assert plan.volume_ml == expected["total_dose_unchanged_ml"]
    for name, policy in POLICIES.items():
        answer = expected["end_by_policy"][name]
        end = instant(given["start"]) + outcome.end(policy)
        assert clock(end) == answer["end_clock"]
        assert clock(observe_until(load(), end)) == answer["observe_until"]
        assert [
            {
                "start_min": minutes(part.starts_s),
                "end_min": minutes(part.ends_s),
                "rate_ml_h": number(part.rate_ml_h),
                "cumulative_ml": number(part.cumulative_ml),
            }
            for part in outcome.paths[policy]
        ] == answer["segments"]
        assert minutes(outcome.paths[policy][-1].ends_s) == answer["end_min"]
        delay = minutes(seconds(outcome.delay(policy)))
        assert delay == expected["delay_min_by_policy"][name]


@case("R10")
def _increase_gate(given: Case, expected: Case) -> None:
    start = instant("2026-07-06T09:00:00")
    reduced = start + timedelta(minutes=given["half_rate_since_min"])
    allowed = []
    for attempt in given["attempts"]:
        at = start + timedelta(minutes=attempt["at"])
        found = reactions.check_increase(
            load(),
            at=at,
            reduced_since=reduced,
            symptoms_resolved_at=None if attempt["symptoms"] else reduced,
        )
        allowed.append(found == [])
    assert allowed == expected["allowed"]


@case("R11")
def _grades(given: Case, expected: Case) -> None:
    said = {str(grade): reactions.severity_of_grade(load(), grade) for grade in given["grades"]}
    assert {key: value.upper() for key, value in said.items()} == expected["map"]


@case("R14")
def _observation(given: Case, expected: Case) -> None:
    def today(text: str) -> datetime:
        return instant(f"2026-07-06T{text}:00")

    end = today(given["actual_end"])
    assert observe_until(load(), end) == today(expected["observe_until"])
    vitals = [end + timedelta(minutes=30), end + timedelta(minutes=50)]
    for text in given["discharge_attempts"]:
        answer = check_discharge(load(), actual_end=end, at=today(text), vitals=vitals)
        assert answer.allowed is expected["allowed"][text], text


def start_event(at: datetime) -> Event:
    return Event(id="s", kind=EventKind.START, occurred_at=at, recorded_at=at)


@case("R16")
def _pause(given: Case, expected: Case) -> None:
    plan, start = profile(load(), given["profile"]), instant("2026-07-06T09:00:00")
    pause = start + timedelta(minutes=given["pause_start_min"])
    resume = pause + timedelta(minutes=given["pause_min"])
    events = [
        start_event(start),
        Event(id="r", kind=EventKind.RATE_CHANGED, occurred_at=start + timedelta(minutes=30),
              recorded_at=start, rate_ml_h=Fraction(60)),
        Event(id="q", kind=EventKind.RATE_CHANGED, occurred_at=start + timedelta(minutes=60),
              recorded_at=start, rate_ml_h=Fraction(90)),
        Event(id="p", kind=EventKind.PAUSED, occurred_at=pause, recorded_at=pause),
        Event(id="u", kind=EventKind.RESUMED, occurred_at=resume, recorded_at=resume),
    ]  # fmt: skip
    paused = replay(load(), plan, events, resume - timedelta(minutes=1))
    assert paused.volume_in_ml == expected["volume_at_pause_ml"]
    after = replay(load(), plan, events, resume)
    assert after.projected_end is not None
    assert minutes(seconds(after.projected_end - start)) == expected["end_min"]
    assert str(after.projected_end - start) == expected["end_hms"]


def kept(storage: list[list[str]]) -> list[beyond_use.Kept]:
    places = {"RT": beyond_use.Place.ROOM, "FRIDGE": beyond_use.Place.FRIDGE}
    return [
        beyond_use.Kept(place=places[place], since=instant(since)) for place, since, _ in storage
    ]


def use_by(given: Case, *, strict: bool = False) -> beyond_use.BeyondUse:
    return beyond_use.beyond_use(
        load(),
        prepared_at=instant(given["prepared"]),
        storage=kept(given["storage"]),
        strict=strict,
    )


@case("B01")
def _room_only(given: Case, expected: Case) -> None:
    until = use_by(given).must_finish_by
    assert clock(until) == expected["must_finish_by"]
    for name, latest in expected["latest_start"].items():
        start = beyond_use.latest_start(
            load(), profile(load(), name), must_finish_by=until, zone=UTC
        )
        assert clock(start) == latest


@case("B02")
def _fridge_then_room(given: Case, expected: Case) -> None:
    assert clock(use_by(given).must_finish_by) == expected["label_mode_must_finish_by"]
    strict = use_by(given, strict=True).must_finish_by
    assert clock(strict) == expected["strict_article_mode_must_finish_by"]


@case("B04")
def _mixed(given: Case, expected: Case) -> None:
    said = use_by(given)
    assert said.fridge_used == timedelta(hours=expected["fridge_hours"])
    assert said.room_used == timedelta(hours=expected["rt_hours_used_before"])
    assert clock(said.must_finish_by) == expected["label_mode_must_finish_by"]


@case("B05")
def _start_gate(given: Case, expected: Case) -> None:
    answers = zip(given["starts"], expected["planned_end"], expected["allowed"], strict=True)
    for (name, at), end, allowed in answers:
        plan, start = profile(load(), name), instant(f"2026-07-06T{at}:00")
        found = beyond_use.start_findings(
            load(), plan, start=start, must_finish_by=instant(given["must_finish_by"]), zone=UTC
        )
        assert clock(start + plan.total_duration)[11:] == end
        assert (found == []) is allowed, name


@case("B08")
def _bag(given: Case, expected: Case) -> None:
    for milligrams in given["doses_mg"]:
        removed = preparation.prepare(load(), dose_mg=milligrams)
        added = preparation.prepare(load(), dose_mg=milligrams, saline_removed=False)
        key = str(milligrams)
        assert removed.vials == expected["vials"][key]
        assert removed.drug_ml == expected["drug_ml"][key]
        assert removed.bag_ml == expected["bag_ml"][key]
        assert number(removed.mg_per_ml) == expected["mg_per_ml_if_total_equals_bag"][key]
        assert number(added.mg_per_ml) == expected["mg_per_ml_if_drug_added"][key]
        assert removed.diluent == expected["diluent"]
        assert [float(size) for size in removed.filter_micron] == expected["filter_micron"]
        assert removed.findings == added.findings == ()


def well(**changes: Any) -> Facts:
    """An adult about whom no rule has anything to say, but for `changes`."""
    facts: dict[str, Any] = {
        "age_years": 35,
        "indication": "RMS",
        "hepatitis_b": HepatitisB(hbsag=TestResult.NEGATIVE, anti_hbc=TestResult.NEGATIVE),
        "immunoglobulins": Immunoglobulins(low=False),
        "liver": Liver(tests_recorded=True),
        "active_infection": False,
        "pregnant": False,
        "prior_life_threatening_reaction": False,
    }
    return Facts(**{**facts, **changes})


def said(facts: Facts, edition: str = "default") -> eligibility.Eligibility:
    protocol = load("ocrelizumab", edition)
    return eligibility.for_visit(protocol, facts, dose_number=1, on=D("2026-07-06"))


RESULTS = {"neg": TestResult.NEGATIVE, "pos": TestResult.POSITIVE, None: None}


@case("E01")
def _all_clear(given: Case, expected: Case) -> None:
    facts = well(
        age_years=given["age"],
        indication=given["dx"],
        hepatitis_b=HepatitisB(hbsag=RESULTS[given["HBsAg"]], anti_hbc=RESULTS[given["anti_HBc"]]),
    )
    assert said(facts).findings == ()
    assert expected["decision"] == "ELIGIBLE"


@case("E02")
def _active_hepatitis(given: Case, expected: Case) -> None:
    screen = HepatitisB(
        hbsag=RESULTS[given["HBsAg"]],
        anti_hbc=RESULTS[given["anti_HBV_tests"]],
        active=given["active_HBV"],
    )
    answer = said(well(hepatitis_b=screen))
    assert answer.decision.upper() == expected["decision"]
    assert answer.ids == ("HBV-ACTIVE",)
    assert answer.findings[0].override_by == ()


@case("E03")
def _core_antibody(given: Case, expected: Case) -> None:
    screen = HepatitisB(hbsag=RESULTS[given["HBsAg"]], anti_hbc=RESULTS[given["anti_HBc"]])
    answer = said(well(hepatitis_b=screen))
    assert answer.decision.upper() == expected["decision"]
    assert "hepatology opinion and an HBV DNA monitoring plan" in answer.findings[0].words
    signed = replace(screen, hepatology_opinion=True, dna_monitoring_plan=True)
    assert said(well(hepatitis_b=signed)).ids == ("HBV-MONITOR",)


@case("E05")
def _infection(given: Case, expected: Case) -> None:
    answer = said(well(active_infection=given["active_infection"]))
    assert answer.decision.upper() == expected["decision"]
    assert answer.findings[0].clears_when == "the infection is resolved"


@case("E06")
def _low_igg(given: Case, expected: Case) -> None:
    def low(**done: bool) -> Facts:
        values = Immunoglobulins(
            igg_g_l=Fraction(str(given["IgG_g_l"])),
            lower_limit_g_l=Fraction(str(given["LLN_g_l"])),
            **done,
        )
        return well(immunoglobulins=values)

    assert expected["default"] == "HOLD_UNTIL_RISK_ASSESSMENT_DOCUMENTED"
    assert said(low()).decision is Severity.HOLD
    assert said(low(risk_assessment=True)).ids == ("IG-MONITOR",)
    assert expected["us_label"] == "HOLD_UNTIL_IMMUNOLOGY_CONSULT"
    assert said(low(risk_assessment=True), "us").ids == ("IG-LOW",)
    assert said(low(immunology_consultation=True), "us").ids == ("IG-MONITOR",)


@case("E08")
def _hys_law(given: Case, expected: Case) -> None:
    liver = Liver(
        alt_x_uln=Fraction(str(given["ALT_xULN"])),
        ast_x_uln=Fraction(str(given["AST_xULN"])),
        bilirubin_x_uln=Fraction(str(given["bilirubin_xULN"])),
        tests_recorded=True,
    )
    answer = said(well(liver=liver))
    assert answer.decision.upper() == expected["decision"]
    assert answer.ids == ("LIVER-HYS-LAW",)


@case("E11")
def _pregnancy(given: Case, expected: Case) -> None:
    facts = well(pregnant=given["pregnant"])
    assert said(facts).decision.upper() == expected["default"] == expected["article"]
    for edition in ("us", "eu"):
        answer = said(facts, edition)
        assert answer.decision is Severity.HOLD
        assert answer.findings[0].override_by == ("prescriber",)


@case("E13")
def _child(given: Case, expected: Case) -> None:
    facts = well(age_years=given["age"], weight_kg=given["weight_kg"], indication=given["dx"])
    assert said(facts).decision.upper() == expected["default"]
    us, answer = load("ocrelizumab", "us"), expected["us_may_2026"]
    assert (said(facts, "us").decision is Severity.CAUTION) is answer["eligible"]
    regimen = eligibility.regimen_for(us, facts)
    assert regimen is not None
    assert [regimen.initial_mg] * 2 == answer["initial_mg"]
    assert regimen.maintenance_mg == answer["maintenance_mg"]
    steroid = premedication.steroid_dose_mg(
        us, age_years=given["age"], weight_kg=Fraction(given["weight_kg"])
    )
    assert steroid == answer["methylprednisolone_mg"]
    offer = offered_options(
        us,
        dose_number=3,
        prior_severe=False,
        prior_serious=False,
        age_years=given["age"],
        dose_mg=regimen.maintenance_mg,
    )
    assert (RateOption.SHORT in offer.options) is answer["two_hour_option"]


@case("E16")
def _older(given: Case, expected: Case) -> None:
    answer = said(well(age_years=given["age"]))
    assert answer.ids == ("AGE-OLDER",)
    assert "infection" in answer.findings[0].words
    assert answer.decision is Severity.CAUTION
    regimen = eligibility.regimen_for(load(), well(age_years=given["age"]))
    assert (regimen != eligibility.regimen_for(load(), well())) is expected["dose_change"]


@case("E21")
def _premedication(given: Case, expected: Case) -> None:
    start = instant("2026-07-06T09:00:00")
    kinds = {
        "methylpred_min_before": (premedication.PremedicationKind.STEROID, "methylprednisolone"),
        "antihistamine_min_before": (
            premedication.PremedicationKind.ANTIHISTAMINE,
            "diphenhydramine",
        ),
    }
    words = {"PREMED-LATE": "WARN_TOO_LATE", "PREMED-EARLY": "WARN_TOO_EARLY"}
    for row, result in zip(given["rows"], expected["result"], strict=True):
        items = [
            premedication.PremedicationGiven(
                kind=kinds[key][0],
                drug=kinds[key][1],
                given_at=start - timedelta(minutes=before),
                dose_mg=Fraction(100),
            )
            for key, before in row.items()
            if before is not None
        ]
        found = premedication.check_premedication(load(), infusion_start=start, given=items)
        answers = [words.get(item.id, item.severity.upper()) for item in found]
        assert (answers or ["OK"]) == [result], row


@case("E22")
def _prolonged(given: Case, expected: Case) -> None:
    last, today = D(given["last_dose"]), D(given["today"])
    (found,) = gap_findings(load(), last_given=last, today=today)
    assert (found.severity, found.override_by) == (Severity.HOLD, ("prescriber",))
    assert "Nothing is booked by itself" in found.words
    assert list(load().calendar.restart_options) == expected["options"]
    visit = eligibility.for_visit(load(), well(last_dose_on=last), dose_number=5, on=today)
    assert visit.ids == ("GAP-PROLONGED",)


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_worked_case(case_id: str, protocol: Protocol) -> None:
    assert protocol is load()
    RUNNERS[case_id](CASES[case_id]["input"], CASES[case_id]["expected"])


def test_every_case_in_the_file_is_run() -> None:
    assert set(RUNNERS) == set(CASES)
