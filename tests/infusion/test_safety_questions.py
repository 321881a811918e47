"""The questions before every infusion: each has its answer, and each worry its words."""

from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.models import AuditEntry
from infusion.chart import Charted
from infusion.checklist import WORRIES, Answers, Question, check_answers
from infusion.iv_access import MOST_ATTEMPTS, Access, read_access
from infusion.models import Infusion, InfusionEvent
from infusion.services.preparing import answer_questions, chart_access, chart_baseline
from scheduling.models import Visit
from tests.infusion.builders import WELL, at, expect, running, seat
from tests.people import make_actor, make_clinic

CANNULA = Access(device="cannula", site=" left  forearm ", gauge="22 G", attempts=2)


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


def ask(visit: Visit, nurse: Actor, *, minute: float = 2, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "answers": WELL, "notes": {},
        "occurred_at": at(minute), "actor": nurse, "now": at(minute),
    }  # fmt: skip
    return answer_questions(**(fields | changes))


@pytest.mark.parametrize("question", list(Question))
def test_no_question_is_left_out(question: Question) -> None:
    for said in ("", "perhaps", None):
        answers: dict[str, Any] = WELL | {question.value: said}
        with pytest.raises(Invalid) as refused:
            check_answers(answers, {}, before=None)
        assert set(refused.value.fields) == {question.value}


@pytest.mark.parametrize("question", sorted(WORRIES))
def test_a_yes_is_put_into_words(question: Question) -> None:
    answers = WELL | {question.value: "yes"}
    for nothing in ({}, {question.value: "  "}):
        with pytest.raises(Invalid) as refused:
            check_answers(answers, nothing, before=None)
        assert set(refused.value.fields) == {f"{question.value}_note"}
    said = check_answers(answers, {question.value: " since \n Monday "}, before=None)
    assert said == {"answers": answers, "notes": {question.value: "since Monday"}}
    assert Answers.read(said).worries() == [question]


def test_contraception_is_no_worry_when_it_is_used() -> None:
    assert check_answers(WELL | {"contraception": "yes"}, {}, before=None)["notes"] == {}
    note = {"contraception": "Asked not to write this down"}
    assert check_answers(WELL | {"contraception": "no"}, note, before=None)["notes"] == {}


@pytest.mark.parametrize("question", sorted(WORRIES))
def test_a_worry_that_is_gone_says_what_became_of_it(question: Question) -> None:
    """Nobody makes a yes disappear by asking again."""
    worried = check_answers(WELL | {question.value: "yes"}, {question.value: "new"}, before=None)
    before = Answers.read(worried)
    with pytest.raises(Invalid) as refused:
        check_answers(WELL, {}, before=before)
    assert set(refused.value.fields) == {f"{question.value}_note"}
    assert check_answers(WELL, {question.value: "Seen by the doctor, settled"}, before=before)


@pytest.mark.parametrize("question", [Question.INFECTION, Question.LIVER, Question.VACCINATION])
def test_only_pregnancy_may_not_apply(question: Question) -> None:
    with pytest.raises(Invalid):
        check_answers(WELL | {question.value: "not_applicable"}, {}, before=None)
    fits = WELL | {"pregnancy": "not_applicable", "contraception": "not_applicable"}
    assert Answers.read(check_answers(fits, {}, before=None)).says(Question.PREGNANCY) is None


def test_the_answers_are_a_fact_and_the_first_entry_makes_the_row(
    visit: Visit, nurse: Actor
) -> None:
    charted = ask(visit, nurse)
    assert Infusion.objects.get().pk == charted.infusion_id
    event = InfusionEvent.objects.get()
    assert (event.kind, event.values) == ("checklist", {"answers": WELL, "notes": {}})
    entry = AuditEntry.objects.get(action="infusion.checklist")
    assert (entry.user_id, entry.patient_id) == (nurse.user_id, visit.patient_id)
    assert "infection" not in str(entry.details), "the ledger holds no answers"


def test_the_same_tap_is_the_same_answer(visit: Visit, nurse: Actor) -> None:
    tap = uuid4()
    assert not ask(visit, nurse, event_id=tap).repeated
    assert ask(visit, nurse, event_id=tap, minute=9).repeated
    assert InfusionEvent.objects.count() == 1


def test_a_worry_of_this_morning_is_remembered_by_the_service(visit: Visit, nurse: Actor) -> None:
    ask(visit, nurse, answers=WELL | {"infection": "yes"}, notes={"infection": "Sore throat"})
    with pytest.raises(Invalid):
        ask(visit, nurse, minute=5)
    assert ask(visit, nurse, minute=5, notes={"infection": "Dr Ruiz: an allergy, no infection"})


def test_answers_for_an_earlier_minute_would_count_for_nothing(visit: Visit, nurse: Actor) -> None:
    """A yes at ten past nine is not undone by a no that claims to be older."""
    ask(visit, nurse, answers=WELL | {"infection": "yes"}, notes={"infection": "Sore throat"})
    with pytest.raises(Invalid) as refused:
        ask(visit, nurse, occurred_at=at(1), minute=5, notes={"infection": "It is nothing"})
    assert set(refused.value.fields) == {"occurred_at"}


def test_an_access_keeps_what_was_typed_without_its_loose_ends(visit: Visit, nurse: Actor) -> None:
    chart_access(
        visit_id=visit.pk, event_id=uuid4(), access=CANNULA, occurred_at=at(4), actor=nurse,
        now=at(4),
    )  # fmt: skip
    kept = read_access(InfusionEvent.objects.get(kind="access").values)
    assert kept == Access(device="cannula", site="left forearm", gauge="22 G", attempts=2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"device": "needle"}, "device"),
        ({"site": "  "}, "site"),
        ({"gauge": ""}, "gauge"),
        ({"gauge": "21 G"}, "gauge"),
        ({"device": "port", "gauge": ""}, "gauge"),
        ({"attempts": 0}, "attempts"),
        ({"attempts": MOST_ATTEMPTS + 1}, "attempts"),
    ],
)
def test_an_access_that_is_not_complete_names_its_field(
    visit: Visit, nurse: Actor, changes: dict[str, Any], field: str
) -> None:
    good: dict[str, Any] = {
        "device": "cannula",
        "site": "left hand",
        "gauge": "22 G",
        "attempts": 1,
    }
    fields = good | changes
    with pytest.raises(Invalid) as refused:
        chart_access(
            visit_id=visit.pk, event_id=uuid4(), access=Access(**fields), occurred_at=at(4),
            actor=nurse, now=at(4),
        )  # fmt: skip
    assert set(refused.value.fields) == {field}
    assert not Infusion.objects.exists()


@pytest.mark.parametrize("device", ["picc", "midline"])
def test_a_line_that_lies_there_needs_no_size(device: str) -> None:
    access = Access(device=device, site="right arm", gauge="", attempts=MOST_ATTEMPTS)
    assert access.values()["gauge"] == ""


def every_act(visit: Visit, actor: Actor, minute: float) -> list[Any]:
    when: dict[str, Any] = {
        "visit_id": visit.pk, "occurred_at": at(minute), "actor": actor, "now": at(minute),
    }  # fmt: skip
    return [
        lambda: answer_questions(event_id=uuid4(), answers=WELL, notes={}, **when),
        lambda: chart_access(event_id=uuid4(), access=CANNULA, **when),
        lambda: chart_baseline(event_id=uuid4(), vitals={"systolic": 120}, **when),
    ]


def test_baseline_signs_need_no_entry_before_them(visit: Visit, nurse: Actor) -> None:
    for act in every_act(visit, nurse, 3)[::-1]:
        act()
    assert Infusion.objects.count() == 1
    assert set(InfusionEvent.objects.values_list("kind", flat=True)) == {
        "vitals", "access", "checklist",
    }  # fmt: skip


@pytest.mark.parametrize("role", [each for each in Role.values if each != Role.NURSE])
def test_only_nurses_prepare(clinic: Clinic, visit: Visit, role: str) -> None:
    actor = make_actor(clinic, role)
    for act in every_act(visit, actor, 3):
        with pytest.raises(Forbidden):
            act()


def test_another_clinics_visit_is_not_there(visit: Visit) -> None:
    for act in every_act(visit, make_actor(make_clinic("south"), Role.NURSE), 3):
        with pytest.raises(NotFound):
            act()


def test_nothing_is_prepared_for_somebody_who_has_not_come(clinic: Clinic, nurse: Actor) -> None:
    for act in every_act(expect(clinic), nurse, 3):
        with pytest.raises(Conflict, match="arrived"):
            act()
    assert not Infusion.objects.exists()


def test_nothing_is_prepared_once_the_line_runs(visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    for act in every_act(visit, nurse, 31):
        with pytest.raises(Conflict, match="has started"):
            act()
