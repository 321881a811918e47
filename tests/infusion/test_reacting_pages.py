"""A reaction on the tablet: one tap from anywhere, then its steps, one by one."""

import re
from uuid import uuid4

import pytest

from clinics.models import Clinic
from core.actor import Actor
from infusion.models import Infusion
from scheduling.models import Course, Visit
from tests.infusion.builders import complete, premedicate, seat
from tests.infusion.builders import running as run_up
from tests.infusion.pages import Tablet, buttons_in


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def infusion(visit: Visit, nurse: Actor) -> Infusion:
    return run_up(visit, nurse)


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def tap(tablet: Tablet, visit: Visit, minute: float = 70) -> None:
    assert tablet.act(minute, visit.pk, "reaction", back="chair").status_code == 302


def text_of(page: object) -> str:
    return re.sub(r"\s+", " ", page.content.decode())  # type: ignore[attr-defined]


def test_the_reaction_is_one_tap_from_board_and_chair(
    tablet: Tablet, visit: Visit, infusion: Infusion
) -> None:
    del infusion
    events = []
    for page in (tablet.get(70, "board"), tablet.get(70, "chair_side", visit.pk)):
        [form] = re.findall(r"<form[^>]*chair/reaction/.*?</form>", text_of(page))
        events += re.findall(r'name="event_id" value="([0-9a-f-]{36})"', form)
        assert '<button class="button button--chairside' in form
    # What the form holds is all that is needed.
    assert len(set(events)) == 2
    data = {"event_id": events[0], "back": "chair"}
    answer = tablet.post(70, "chair_act", visit.pk, "reaction", htmx=True, **data)
    assert answer.headers["HX-Redirect"] == tablet.address("chair_side", visit.pk)
    assert Infusion.objects.get(visit=visit).events.filter(kind="reaction").count() == 1


def test_before_the_start_no_reaction_is_offered(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    premedicate(visit, nurse)
    assert "reaction" not in buttons_in(tablet.get(10, "chair_side", visit.pk))


def test_the_panel_says_what_to_do_now(tablet: Tablet, visit: Visit, infusion: Infusion) -> None:
    del infusion
    tap(tablet, visit)
    page = text_of(tablet.get(71, "chair_side", visit.pk))
    assert "Stop or slow the pump now." in page
    assert "Pump slowed to 20 mL/h at most, or stopped" in page
    assert "Not assessed" in page
    for act in ("pause", "vitals", "assess", "resolved"):
        assert f"chair/{act}/?back=chair" in page
    assert "Symptoms are not charted as resolved; the rate stays." in page


def test_the_steps_are_ticked_as_they_are_charted(
    tablet: Tablet, visit: Visit, infusion: Infusion
) -> None:
    del infusion
    tap(tablet, visit)
    tablet.act(71, visit.pk, "pause", reason="Reaction")
    tablet.act(72, visit.pk, "vitals", systolic="110", diastolic="70")
    tablet.act(73, visit.pk, "assess", signs=["rash"], grade="1", severity="")
    page = text_of(tablet.get(74, "chair_side", visit.pk))
    panel = page[page.index("reaction__steps") : page.index("</ol>")]
    assert re.findall(r'<b class="num">(\d\d:\d\d)</b>', panel) == ["11:11", "11:12", "11:13"]
    assert "Mild to moderate" in page
    tablet.act(80, visit.pk, "resolved")
    assert "reaction__steps" not in text_of(tablet.get(81, "chair_side", visit.pk))


def test_less_than_the_signs_say_is_explained(
    tablet: Tablet, visit: Visit, infusion: Infusion
) -> None:
    del infusion
    tap(tablet, visit)
    answer = tablet.act(
        72, visit.pk, "assess", signs=["dyspnoea"], grade="1", severity="mild_moderate"
    )
    assert answer.status_code == 422
    assert "Say why it is less." in answer.content.decode()
    assert re.search(r'value="dyspnoea"[^>]* checked', text_of(answer))


def test_life_threatening_is_confirmed_in_so_many_words(
    tablet: Tablet, visit: Visit, infusion: Infusion
) -> None:
    tap(tablet, visit)
    answer = tablet.act(72, visit.pk, "assess", signs=["anaphylaxis"], grade="", severity="")
    assert answer.status_code == 422
    assert "the treatment is over for good" in text_of(answer)
    assert Course.objects.get().status == Course.Status.ACTIVE
    done = tablet.act(
        73, visit.pk, "assess", signs=["anaphylaxis"], grade="", severity="", for_good="on"
    )
    assert done.status_code == 302
    infusion.refresh_from_db()
    assert infusion.status == Infusion.Status.OBSERVING
    assert Course.objects.get().status == Course.Status.PERMANENTLY_DISCONTINUED
    page = text_of(tablet.get(74, "chair_side", visit.pk))
    assert "Treatment is over for good." in page
    assert "resume" not in buttons_in(tablet.get(74, "chair_side", visit.pk))


def test_a_mild_one_is_never_asked_to_confirm(
    tablet: Tablet, visit: Visit, infusion: Infusion
) -> None:
    del infusion
    tap(tablet, visit)
    page = tablet.get(71, "chair_act", visit.pk, "assess", htmx=True)
    assert "for_good" not in page.content.decode()


def test_stopping_needs_volume_and_reason(tablet: Tablet, visit: Visit, infusion: Infusion) -> None:
    form = tablet.get(75, "chair_act", visit.pk, "stop", htmx=True)
    assert 'name="volume_ml" value="30.0"' in text_of(form)
    assert tablet.act(75, visit.pk, "stop", volume_ml="30.0").status_code == 422
    tablet.act(75, visit.pk, "stop", volume_ml="30.0", reason="The patient's wish")
    infusion.refresh_from_db()
    assert infusion.events.get(kind="stopped").values == {"volume_ml": "30.0"}


def test_in_the_hour_of_observation_a_reaction_is_still_one_tap_away(
    tablet: Tablet, visit: Visit, infusion: Infusion, nurse: Actor
) -> None:
    complete(infusion, nurse, minute=245)
    tap(tablet, visit, 260)
    page = text_of(tablet.get(261, "chair_side", visit.pk))
    assert "Pump looked at" in page


def test_the_panel_costs_no_further_queries(
    tablet: Tablet, visit: Visit, infusion: Infusion, django_assert_max_num_queries: object
) -> None:
    del infusion
    tap(tablet, visit)
    tablet.get(71, "chair_side", visit.pk)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        tablet.get(71, "chair_side", visit.pk)


def test_the_same_form_twice_is_one_reaction(
    tablet: Tablet, visit: Visit, infusion: Infusion
) -> None:
    event = uuid4()
    for _ in range(2):
        tablet.act(70, visit.pk, "reaction", event_id=event, back="chair")
    assert infusion.events.filter(kind="reaction").count() == 1


def test_of_two_reactions_the_one_shown_is_assessed(
    tablet: Tablet, visit: Visit, infusion: Infusion
) -> None:
    tap(tablet, visit, 70)
    tap(tablet, visit, 80)
    form = text_of(tablet.get(81, "chair_act", visit.pk, "assess", htmx=True))
    first, second = infusion.events.filter(kind="reaction").order_by("occurred_at")
    assert f'name="reaction_id" value="{first.pk}"' in form
    tablet.act(82, visit.pk, "assess", reaction_id=str(second.pk), grade="3", severity="")
    assert infusion.events.get(amends=second).values["severity"] == "severe"
    tablet.act(83, visit.pk, "assess", grade="1", severity="")
    assert infusion.events.get(amends=first).values["severity"] == "mild_moderate"
