"""The board as a browser meets it: who sees what, what a poll brings, taps and their undoing."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from clinics.models import Clinic, Role
from core.actor import Actor
from core.models import AuditEntry
from infusion.models import InfusionEvent
from infusion.web.words import on_the_wall
from reminders.models import Reminder
from scheduling.models import Booking, Visit
from tests.infusion.builders import at, complete, expect, premedicate, running, seat
from tests.infusion.pages import Tablet, buttons_in, chairs_in, held
from tests.infusion.test_board import reminder, vitals
from tests.people import make_actor, make_clinic, make_user


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def poll(tablet: Tablet, minute: float, before: Any) -> Any:
    return tablet.get(minute, "board_live", htmx=True, **held(before))


def test_every_card_names_its_patient_by_more_than_a_name(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    """H3: the wrong patient's card."""
    running(seat(clinic), nurse)
    expect(clinic, position=2)
    page = tablet.get(45, "board").content.decode()
    for words in ("DOE, Jane", "Born", "04-Mar-1988", "MRN-1", "PATEL, Raj", "MRN-2"):
        assert words in page
    assert "<strong>ocrelizumab</strong> (Ocrevus), DOSE <strong>600\u00a0mg</strong>" in page
    assert "The pump governs" in page


def test_a_card_says_everything_that_is_due(tablet: Tablet, clinic: Clinic, nurse: Actor) -> None:
    """H5: the hour counts down in large, and the vital signs within it are named too."""
    infusion = running(seat(clinic), nurse)
    complete(infusion, nurse, minute=240)
    text = tablet.get(241, "board").content.decode()
    assert 'Vital signs at the end due <b class="num">14:00</b>' in text
    vitals(infusion, nurse, 241)
    text = tablet.get(271, "board").content.decode()
    assert 'Observe until <b class="num">15:00</b>' in text
    assert 'Vital signs after the end due <b class="num">14:30</b>' in text


def test_times_are_the_clinics_own(tablet: Tablet, clinic: Clinic) -> None:
    expect(clinic)  # at nine UTC, ten in Berlin
    assert '<b class="num">10:00</b>' in tablet.get(-10, "board").content.decode()


def test_the_title_names_no_patient(tablet: Tablet, clinic: Clinic) -> None:
    seat(clinic)
    page = tablet.get(5, "board").content.decode()
    title = page[page.index("<title>") : page.index("</title>")]
    assert "DOE" not in title
    assert "Doe" not in title


def test_only_nurses_see_acts_and_schedulers_see_arrivals(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    running(seat(clinic), nurse)
    expect(clinic, position=2)
    assert buttons_in(tablet.get(45, "board")) == {"vitals", "pause", "reaction", "arrive"}
    scheduler = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
    assert buttons_in(scheduler.get(45, "board")) == {"arrive"}
    prescriber = Tablet(clinic, make_user(clinic, Role.PRESCRIBER))
    assert buttons_in(prescriber.get(45, "board")) == set()
    auditor = Tablet(clinic, make_user(clinic, Role.AUDITOR))
    assert auditor.get(45, "board").status_code == 403


def test_another_clinics_board_is_not_there(tablet: Tablet) -> None:
    south = make_clinic("south")
    seat(south)
    tablet.clinic = south
    for name in ("board", "board_live"):
        assert tablet.get(5, name).status_code == 404


def test_a_poll_of_a_calm_room_is_empty(tablet: Tablet, clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    vitals(infusion, nurse, 30)
    before = tablet.get(31, "board")
    written = AuditEntry.objects.count()
    answer = poll(tablet, 32, before)
    assert (answer.status_code, answer.content) == (204, b"")
    assert AuditEntry.objects.count() == written, "nothing shown, nothing recorded"


def test_a_poll_brings_the_changed_card_and_the_strip_only(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    visit = seat(clinic)
    seat(clinic, mrn="MRN-2", position=2, patient={"family_name": "Okafor"})
    before = tablet.get(0, "board")
    premedicate(visit, nurse)
    answer = poll(tablet, 0.5, before)
    assert answer.status_code == 200
    assert chairs_in(answer) == ["Chair 1"]
    text = answer.content.decode()
    assert text.count('hx-swap-oob="true"') == 2
    assert 'id="next-due"' in text
    assert "csrfmiddlewaretoken" not in str(held(answer))


def test_time_alone_changes_a_card_when_something_falls_due(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    """H1: a stale board read as current."""
    infusion = running(seat(clinic), nurse)
    vitals(infusion, nurse, 30)
    before = tablet.get(54, "board")
    answer = poll(tablet, 55.5, before)
    assert chairs_in(answer) == ["Chair 1"]
    assert "Due soon" in answer.content.decode()


def test_what_one_nurse_does_the_next_poll_of_another_shows(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    visit = seat(clinic)
    other = Tablet(clinic, make_user(clinic, Role.NURSE, email="second@north.example"))
    before = other.get(1, "board")
    tablet.act(1, visit.pk, "premedicate", drug="methylprednisolone", dose_mg="100", route="IV")
    answer = poll(other, 1.2, before)
    assert "methylprednisolone" in answer.content.decode()
    assert poll(other, 1.3, answer).status_code == 200, "the layout was in the first page"


def test_another_set_of_cards_brings_the_whole_room(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    before = tablet.get(0, "board")
    seat(clinic)
    answer = poll(tablet, 1, before)
    assert chairs_in(answer) == ["Chair 1", "Chair 2", "Chair 3"]
    assert 'id="room" hx-swap-oob="true"' in answer.content.decode()
    assert poll(tablet, 1.1, answer).status_code == 204


def test_a_poll_keeps_no_session_alive(tablet: Tablet) -> None:
    assert resolve(tablet.address("board_live")).func.polled  # type: ignore[attr-defined]


def test_opening_the_board_is_recorded_with_whom_it_showed(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    here, coming = seat(clinic), expect(clinic, position=2)
    tablet.get(5, "board")
    entry = AuditEntry.objects.get(action="records.listed")
    assert entry.details == {
        "page": "board", "visits": sorted([str(here.pk), str(coming.pk)]),
    }  # fmt: skip
    assert entry.user_id == nurse.user_id


def test_a_poll_that_brings_a_card_is_recorded_with_that_card(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    visit = seat(clinic)
    seat(clinic, mrn="MRN-2", position=2)
    before = tablet.get(0, "board")
    premedicate(visit, nurse)
    poll(tablet, 0.5, before)
    newest = AuditEntry.objects.filter(action="records.listed").latest("id")
    assert newest.details == {"page": "board poll", "visits": [str(visit.pk)]}


def test_arriving_is_one_tap_and_can_be_taken_back(tablet: Tablet, clinic: Clinic) -> None:
    visit = expect(clinic)
    booking = Booking.objects.get(visit=visit)
    before = tablet.get(-2, "board")
    answer = tablet.post(-1, "board_arrived", booking.pk, htmx=True, **held(before))
    booking.refresh_from_db()
    assert (booking.status, booking.arrived_at) == (Booking.Status.ARRIVED, at(-1))
    text = answer.content.decode()
    assert "PATEL, Raj has arrived." in text
    undo = tablet.address("board_not_arrived", booking.pk)
    assert undo in text
    assert answer["HX-Reswap"] == "none"
    tablet.post(-0.9, "board_not_arrived", booking.pk, htmx=True)
    booking.refresh_from_db()
    visit.refresh_from_db()
    assert (booking.status, visit.status) == (Booking.Status.CONFIRMED, Visit.Status.BOOKED)


def test_arriving_works_without_scripts(tablet: Tablet, clinic: Clinic) -> None:
    booking = Booking.objects.get(visit=expect(clinic))
    answer = tablet.post(-1, "board_arrived", booking.pk)
    assert (answer.status_code, answer["Location"]) == (302, tablet.address("board"))
    assert "PATEL, Raj has arrived." in tablet.get(-1, "board").content.decode()


def test_a_refused_tap_says_so_and_shows_the_room_as_it_is(tablet: Tablet, clinic: Clinic) -> None:
    visit = expect(clinic)
    booking = Booking.objects.get(visit=visit)
    before = tablet.get(-2, "board")
    Booking.objects.update(status=Booking.Status.ARRIVED, arrived_at=at(-2))
    Visit.objects.filter(pk=visit.pk).update(status=Visit.Status.ARRIVED)
    answer = tablet.post(-1, "board_arrived", booking.pk, htmx=True, **held(before))
    text = answer.content.decode()
    assert "already arrived" in text
    assert "Premedication" in text
    assert answer.status_code == 200


def test_whoever_may_not_arrive_patients_is_refused(clinic: Clinic) -> None:
    booking = Booking.objects.get(visit=expect(clinic))
    prescriber = Tablet(clinic, make_user(clinic, Role.PRESCRIBER))
    assert prescriber.post(0, "board_arrived", booking.pk).status_code == 403
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED


def test_a_reminder_in_the_strip_goes_when_it_is_seen(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    infusion = running(seat(clinic), nurse)
    complete(infusion, nurse, minute=240)
    shown = reminder(clinic, infusion, due_at=at(300), void_after=at(500))
    before = tablet.get(301, "board")
    address = tablet.address("board_reminder_seen", shown.pk)
    assert address in before.content.decode()
    answer = tablet.post(302, "board_reminder_seen", shown.pk, htmx=True, **held(before))
    assert address not in answer.content.decode()
    shown.refresh_from_db()
    assert (shown.seen_at, shown.seen_by_id) == (at(302), nurse.user_id)
    assert Reminder.objects.filter(seen_at=None, pk=shown.pk).count() == 0


def test_the_strip_holds_everything_urgent_and_little_else(tablet: Tablet, nurse: Actor) -> None:
    clinic = make_clinic("busy", chairs=20)
    busy = Tablet.of(clinic, make_actor(clinic, Role.NURSE))
    for n in range(1, 10):
        seat(clinic, mrn=f"L-{n}", position=n)
    for n in range(10, 20):
        seat(clinic, mrn=f"S-{n}", position=n, from_minute=25, arrived_at=at(25))
    page = busy.get(10, "board").content.decode()
    assert page.count("next-due__item") == 9
    page = busy.get(0, "board").content.decode()
    assert page.count("next-due__item") == 9


def test_words_of_the_core_are_read_on_the_wall() -> None:
    with timezone.override("Europe/Berlin"):
        assert (
            on_the_wall("Observation runs until 2026-03-02T14:00:00+00:00, from the actual end.")
            == "Observation runs until 15:00, from the actual end."
        )
        assert on_the_wall("At 2026-07-02T14:00:00.250000+00:00.") == "At 16:00."
        assert on_the_wall("80 mL/h, 3-4 steps") == "80 mL/h, 3-4 steps"


@pytest.mark.parametrize("name", ["board", "board_live"])
def test_a_page_costs_the_same_at_any_size(name: str, db: None) -> None:
    counts = []
    for size in (2, 12):
        clinic = make_clinic(f"size-{size}", chairs=size)
        nurse = make_actor(clinic, Role.NURSE)
        for n in range(1, size + 1):
            running(seat(clinic, mrn=f"M-{n}", position=n), nurse)
        tablet = Tablet.of(clinic, nurse)
        tablet.get(45, name)
        with CaptureQueriesContext(connection) as queries:
            assert tablet.get(46, name).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nothing_charted_is_lost_when_a_page_is_opened_twice(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    running(seat(clinic), nurse)
    before = InfusionEvent.objects.count()
    tablet.get(45, "board")
    tablet.get(45, "board")
    assert InfusionEvent.objects.count() == before
