"""Who comes to the infusion room for no dose: on the board, on paper, and kept out of the chart."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from django.urls import URLPattern
from pytest_django import DjangoAssertNumQueries, Settings

from clinics.access import standing_of
from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import NotFound
from core.models import AuditEntry
from infusion.board import Act, ChairCard, Place, Seated, Urgency
from infusion.handover import handover
from infusion.holds_ahead import holds_ahead
from infusion.models import Infusion
from infusion.selectors import board
from infusion.services.premedication import give_premedication
from infusion.services.preparing import answer_questions, chart_baseline
from infusion.services.starting import start_infusion
from infusion.web import downtime
from infusion.web.cards import STRIP_AHEAD, lines, shown
from infusion.web.urls import urlpatterns
from scheduling.models import Booking, Visit
from tests.infusion.builders import NOTE, WELL, at, complete, errand, expect, running, seat
from tests.infusion.pages import Tablet, buttons_in, held
from tests.people import make_clinic, make_user


def card(actor: Actor, minute: float, *, position: int = 1) -> ChairCard:
    [found] = [each for each in board(actor, at(minute)).cards if each.label == f"Chair {position}"]
    return found


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split())


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (-31, (Place.FREE, None, None)),
        (-30, (Place.EXPECTED, None, Act.ARRIVE)),
        (1, (Place.LATE, Urgency.SOON, Act.ARRIVE)),
        (90, (Place.LATE, Urgency.SOON, Act.ARRIVE)),
    ],
)
def test_who_is_to_come_is_never_overdue(
    clinic: Clinic, nurse: Actor, minute: float, expected: tuple[object, ...]
) -> None:
    errand(clinic, here=False)
    found = card(nurse, minute)
    assert (found.place, found.urgency, found.primary) == expected
    assert found.coming is not None
    assert found.coming.errand is not None
    assert (found.coming.errand.purpose, found.coming.errand.length) == (
        "blood_test", timedelta(minutes=30),
    )  # fmt: skip
    assert (found.coming.parts, found.coming.arrives_at) == (0, at(0))


def test_a_late_errand_has_no_clock_that_runs_red(tablet: Tablet, clinic: Clinic) -> None:
    errand(clinic, here=False)
    assert "<due-clock" in tablet.get(-10, "board").content.decode()
    html = tablet.get(10, "board").content.decode()
    assert "Not here yet" in html
    assert "<due-clock" not in html


@pytest.mark.parametrize(
    ("minute", "urgency", "primary", "badge"),
    [
        (5, Urgency.LATER, None, "Here for a visit"),
        (28, Urgency.SOON, None, "Here for a visit"),
        (30, Urgency.SOON, Act.VISIT_OVER, "Time is up"),
        (240, Urgency.SOON, Act.VISIT_OVER, "Time is up"),
    ],
)
def test_who_is_here_may_leave_at_any_time_and_is_never_overdue(
    tablet: Tablet, minute: float, urgency: Urgency, primary: Act | None, badge: str
) -> None:
    errand(tablet.clinic)
    found = card(standing_of(tablet.user, tablet.clinic.slug).actor, minute)
    assert (found.place, found.urgency, found.primary) == (Place.VISITING, urgency, primary)
    assert [*filter(None, [found.primary]), *found.acts] == [Act.VISIT_OVER]
    page = tablet.get(minute, "board")
    assert f"{badge} OKAFOR, Jane" in words(page.content.decode())
    assert "is-overdue" not in page.content.decode()


@pytest.mark.parametrize(("came", "ends"), [(-10, 30), (0, 30), (12, 42)])
def test_the_end_is_reckoned_from_the_booked_time_or_a_later_arrival(
    clinic: Clinic, nurse: Actor, came: float, ends: float
) -> None:
    errand(clinic, arrived_at=at(came))
    here = card(nurse, 13).seated
    assert here is not None
    assert here.headline is not None
    assert (here.headline.act, here.headline.at) == (Act.VISIT_OVER, at(ends))
    assert (here.since, here.ends_at, here.medicine, here.infusion_id) == (
        at(came), None, None, None,
    )  # fmt: skip


def test_the_board_says_what_for_since_when_and_what_to_know(
    tablet: Tablet, clinic: Clinic
) -> None:
    errand(clinic)
    errand(clinic, position=2, here=False, from_minute=20)
    html = tablet.get(5, "board").content.decode()
    said = words(html)
    for each in ("OKAFOR, Jane", "04-Mar-1988", "MRN AH-1", f"Blood test , 30min {NOTE}",
                 "Here since 10:00", "Here until about 10:30", "Next 10:20", "MRN AH-2",
                 "Visit over : OKAFOR, Chair 1"):  # fmt: skip
        assert each in said, each
    for never in ("DOSE", "Before the start", "Premedication", "Infusion ended", "/chair/"):
        assert never not in said, never
    assert "/visits/" not in html[html.index('id="room"') : html.index("<live-poll")]


def test_nobody_sits_for_both_or_for_neither(clinic: Clinic, nurse: Actor) -> None:
    errand(clinic)
    here = card(nurse, 5).seated
    assert here is not None
    fields = {name: getattr(here, name) for name in Seated.__dataclass_fields__}
    with pytest.raises(ValueError, match="infusion or for an errand"):
        Seated(**(fields | {"errand": None}))


def test_the_strip_puts_every_infusion_first(clinic: Clinic, nurse: Actor) -> None:
    """Even one whose next step is minutes away, before a visit whose time is long up."""
    errand(clinic)
    running(seat(clinic, position=2), nurse)
    room = board(nurse, at(50))
    acts = [prompt.due.act for prompt in room.prompts(within=STRIP_AHEAD)]
    assert acts[-1] is Act.VISIT_OVER
    assert len(acts) > 1
    shown_lines = lines(room, clinic.slug, nurse)
    assert [str(line.what) for line in shown_lines][-1] == "end of the visit"
    assert (str(shown_lines[-1].over), shown_lines[-1].state) == ("Time is up", "due_soon")


def test_a_visit_whose_time_is_up_keeps_its_line_in_a_full_strip(
    clinic: Clinic, nurse: Actor
) -> None:
    busy = make_clinic("busy", chairs=12)
    actor = Tablet(busy, make_user(busy, Role.NURSE, email="busy@example.org"))
    errand(busy)
    for n in range(2, 12):
        seat(busy, mrn=f"S-{n}", position=n, from_minute=55, arrived_at=at(40))
    page = words(actor.get(40, "board").content.decode())
    assert page.count("premedication") == 5, "what comes later gives way"
    assert "Time is up Chair 1" in page


def test_only_who_notes_arrivals_ends_a_visit(tablet: Tablet, clinic: Clinic) -> None:
    booking = errand(clinic)
    assert buttons_in(tablet.get(5, "board")) == {"over"}
    scheduler = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
    assert buttons_in(scheduler.get(5, "board")) == {"over"}
    prescriber = Tablet(clinic, make_user(clinic, Role.PRESCRIBER))
    assert buttons_in(prescriber.get(5, "board")) == set()
    for call in (prescriber.get, prescriber.post):
        assert call(6, "board_visit_over", booking.pk).status_code == 403


def test_it_is_asked_by_chair_and_name_and_the_reading_recorded(
    tablet: Tablet, clinic: Clinic
) -> None:
    booking = errand(clinic)
    for asked in (True, False):
        page = tablet.get(20, "board_visit_over", booking.pk, htmx=asked)
        html = page.content.decode()
        said = words(html)
        for each in ("Visit over: OKAFOR, Chair 1", "04-Mar-1988", "AH-1", "needs the connection"):
            assert each in said, each
        assert "data-outbox" not in html[html.index('class="form chairside"') :]
    read = AuditEntry.objects.filter(action="record.read", details__page="visit over")
    assert [entry.subject_id for entry in read] == [booking.visit_id] * 2
    assert Booking.objects.get(pk=booking.pk).status == Booking.Status.ARRIVED, (
        "asking ends nothing"
    )


def test_the_visit_is_over_and_the_chair_free(tablet: Tablet, clinic: Clinic) -> None:
    booking = errand(clinic)
    before = tablet.get(20, "board")
    answer = tablet.post(25, "board_visit_over", booking.pk, htmx=True, **held(before))
    said = words(answer.content.decode())
    assert "OKAFOR, Jane: visit over." in said
    assert "Chair 1 Free" in said
    assert answer["HX-Trigger-After-Settle"] == "dialog:close"
    booking.refresh_from_db()
    assert (booking.status, booking.ended_at) == (Booking.Status.COMPLETED, at(25))
    assert Visit.objects.get(pk=booking.visit_id).status == Visit.Status.COMPLETED


def test_it_works_without_scripts_and_twice(tablet: Tablet, clinic: Clinic) -> None:
    booking = errand(clinic)
    for _twice in range(2):
        answer = tablet.post(25, "board_visit_over", booking.pk)
        assert (answer.status_code, answer["Location"]) == (302, tablet.address("board"))
    assert AuditEntry.objects.filter(action="visit.completed").count() == 1


def test_who_has_not_come_does_not_leave(tablet: Tablet, clinic: Clinic) -> None:
    booking = errand(clinic, here=False)
    answer = tablet.post(25, "board_visit_over", booking.pk, htmx=True)
    assert "The patient is not here." in words(answer.content.decode())
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED


def test_a_dose_and_another_clinics_visit_do_not_end_so(tablet: Tablet, clinic: Clinic) -> None:
    dose = Booking.objects.get(visit=seat(clinic))
    elsewhere = errand(make_clinic("south"))
    for booking in (dose, elsewhere):
        for call in (tablet.get, tablet.post):
            assert call(25, "board_visit_over", booking.pk).status_code == 404
        booking.refresh_from_db()
        assert booking.status == Booking.Status.ARRIVED


def test_arriving_and_taking_it_back_are_as_for_any_booking(tablet: Tablet, clinic: Clinic) -> None:
    booking = errand(clinic, here=False)
    said = words(tablet.post(-1, "board_arrived", booking.pk, htmx=True).content.decode())
    assert "OKAFOR, Jane has arrived." in said
    assert "Here for a visit" in said
    tablet.post(-0.5, "board_not_arrived", booking.pk, htmx=True)
    booking.refresh_from_db()
    assert (booking.status, booking.arrived_at) == (Booking.Status.CONFIRMED, None)


PAGES = [
    pattern for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and "<uuid:visit_id>" in str(pattern.pattern)
]  # fmt: skip


@pytest.mark.parametrize("pattern", PAGES, ids=[str(pattern.name) for pattern in PAGES])
def test_no_page_of_an_infusion_is_there_for_it(
    tablet: Tablet, clinic: Clinic, pattern: URLPattern
) -> None:
    booking = errand(clinic)
    given = {"visit_id": booking.visit_id, "event_id": uuid4(), "act": "premedicate"}
    ids = [given[name] for name in pattern.pattern.converters]
    prescriber = Tablet(clinic, make_user(clinic, Role.PRESCRIBER))
    answers = [
        call(5, str(pattern.name), *ids, htmx=htmx).status_code
        for who in (tablet, prescriber)
        for call in (who.get, who.post)
        for htmx in (True, False)
    ]
    assert set(answers) - {403, 405} == {404}
    assert not Infusion.objects.exists()


def test_there_are_pages_of_an_infusion_to_try() -> None:
    assert len(PAGES) >= 10


@pytest.mark.parametrize("act", [act.value for act in Act])
def test_no_act_at_a_chair_is_one_of_its(tablet: Tablet, clinic: Clinic, act: str) -> None:
    booking = errand(clinic)
    assert tablet.act(5, booking.visit_id, act).status_code == 404
    assert not Infusion.objects.exists()


def _medicine(visit: Visit, nurse: Actor) -> None:
    give_premedication(
        visit_id=visit.pk, event_id=uuid4(), drug="methylprednisolone", dose_mg=Decimal(100),
        route="IV", occurred_at=at(5), actor=nurse, now=at(5),
    )  # fmt: skip


def _questions(visit: Visit, nurse: Actor) -> None:
    answer_questions(
        visit_id=visit.pk, event_id=uuid4(), answers=WELL, notes={}, occurred_at=at(5),
        actor=nurse, now=at(5),
    )  # fmt: skip


def _baseline(visit: Visit, nurse: Actor) -> None:
    chart_baseline(
        visit_id=visit.pk, event_id=uuid4(), vitals={"heart_rate": 70}, occurred_at=at(5),
        actor=nurse, now=at(5),
    )  # fmt: skip


@pytest.mark.parametrize("service", [_medicine, _questions, _baseline])
def test_no_service_charts_an_infusion_for_it(
    clinic: Clinic, nurse: Actor, service: Callable[[Visit, Actor], None]
) -> None:
    with pytest.raises(NotFound):
        service(errand(clinic).visit, nurse)
    assert not Infusion.objects.exists()


def test_no_infusion_is_started_for_it(clinic: Clinic, nurse: Actor) -> None:
    with pytest.raises(Exception, match="something else than a dose"):
        start_infusion(
            visit_id=errand(clinic).visit_id, event_id=uuid4(), occurred_at=at(5),
            two_identifiers_checked=True, rate_option="standard", actor=nurse, now=at(5),
        )  # fmt: skip


def test_nothing_holds_it_up(clinic: Clinic) -> None:
    assert holds_ahead([errand(clinic).visit_id], at(0)) == {}


def test_the_room_costs_no_more_queries(
    clinic: Clinic, nurse: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    running(seat(clinic), nurse)
    errand(clinic, position=2)
    errand(clinic, position=3, here=False, from_minute=60)
    with django_assert_num_queries(7):
        for each in board(nurse, at(45)).cards:
            shown(each, clinic.slug, nurse, at(45))


def test_the_handover_says_what_for_and_until_when(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    errand(clinic)
    errand(clinic, position=2, here=False, from_minute=60)
    expect(clinic, position=3, from_minute=120)
    said = words(tablet.get(45, "handover").content.decode())
    here = f"AH-1 Blood test , 30min {NOTE} Here for a visit Here until about 10:30"
    for each in (here, f"AH-2 Blood test , 30min {NOTE}", "MRN-2 Infusion", "end of the visit"):
        assert each in said, each
    [line] = handover(board(nurse, at(300))).lines
    assert line.calm, "a visit that goes on longer is nothing to watch"


def test_the_downtime_sheet_has_it_without_a_rate_table(
    clinic: Clinic, nurse: Actor, settings: Settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.DOWNTIME_DIR = tmp_path
    monkeypatch.setattr(downtime, "pdf_of", lambda html: html.encode()[:20])
    errand(clinic, position=2, here=False, from_minute=60)
    assert downtime.write_sheets(at(5)) == 1
    html = (tmp_path / f"{clinic.pk}.html").read_text()
    said = words(html[html.index("Bookings of") :])
    assert "11:00 · Chair 2 · OKAFOR, Jane Born 04-Mar-1988 · MRN AH-2" in said
    assert f"AH-2 Blood test , 30min {NOTE}" in said
    assert "mL per hour" not in said
    assert "dose" not in said


def test_the_next_in_a_chair_may_come_for_no_dose(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    complete(running(seat(clinic), nurse), nurse, minute=240)
    errand(clinic, here=False, from_minute=360)
    said = words(tablet.get(250, "board").content.decode())
    assert "Next in this chair 16:00 OKAFOR, Jane" in said
    assert "Blood test" in said
