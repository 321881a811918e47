"""The waitlist's pages: what came free and whom it fits, an offer in one press, and the answers."""

import csv
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinics.models import Role
from core.models import AuditEntry
from scheduling.models import Booking, Offer, PatientWishes, Visit, WaitlistEntry
from scheduling.services.bookings import cancel
from scheduling.services.waiting import Wished, join_waitlist, record_wishes
from tests.scheduling.builders import MONDAY, NOW, Desk, make_desk
from tests.scheduling.web.desk import signed_in, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("the_monday_before")]
LATER = MONDAY + timedelta(days=3)
WISHES = {"half": "", "notice_hours": "12", "note": "", "wanted_from": ""}


def freed(desk: Desk, mrn: str = "GONE", shown: str = "09:00", chair: int = 0) -> Booking:
    booking = desk.book(desk.visit(mrn), shown=shown, chair=chair)
    return cancel(booking_id=booking.pk, reason="Ill.", actor=desk.actor, now=NOW)


def waiting(desk: Desk, mrn: str = "WAITS", **wished: Any) -> WaitlistEntry:
    visit = desk.visit(mrn)
    return join_waitlist(
        visit_id=visit.pk, wished=Wished(**{"notice_hours": 4, **wished}), actor=desk.actor, now=NOW
    )


def shown(scheduler: Client, desk: Desk) -> str:
    answer = scheduler.get(url("waitlist", desk))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def press(page: str, nth: int = 0) -> dict[str, str]:
    """What the nth offer button of the page would send."""
    form = [part for part in page.split("<form ") if 'name="take"' in part][nth]
    fields = dict(re.findall(r'name="(chair|take)" value="([^"]*)"', form))
    return {**fields, "minutes": "240"}


def test_an_empty_list_says_how_somebody_gets_there(desk: Desk, scheduler: Client) -> None:
    page = words(shown(scheduler, desk))
    assert "No place has come free" in page
    assert "Nobody waits for a place" in page


def test_a_free_place_names_whom_it_fits_and_what_stops_the_others(
    desk: Desk, scheduler: Client
) -> None:
    freed(desk)
    waiting(desk, "FITS")
    waiting(desk, "WEDNESDAYS", weekdays=frozenset({2}))
    page = words(shown(scheduler, desk))
    assert "Monday 09-Mar-2026 08:00 \N{EN DASH} 18:00 Chair 1" in page
    assert "cancelled 02-Mar-2026 10:00" in page
    assert "Has no day yet. On the due date. Takes 4hr 45min of 10hr." in page
    assert "1 patient it does not fit" in page
    assert "MRN WEDNESDAYS Not one of their weekdays." in page
    listed = AuditEntry.objects.filter(action="records.listed", details__page="waitlist").get()
    assert len(listed.details["patients"]) == 2


def test_one_press_offers_and_the_answer_is_written_beside_it(
    desk: Desk, scheduler: Client
) -> None:
    freed(desk)
    entry = waiting(desk)
    answer = scheduler.post(url("waitlist_offer", desk), press(shown(scheduler, desk)), follow=True)
    page = words(answer.content.decode())
    assert "The place is kept until 14:00. Ask the patient." in page
    assert "Waiting for an answer" in page
    made = Offer.objects.get()
    assert f'due="{made.expires_at.isoformat("T", "milliseconds")}"' in answer.content.decode()
    assert 'name="take"' not in answer.content.decode(), "nobody is offered two places"
    answer = scheduler.post(url("waitlist_answer", desk, made.pk, "accept"), follow=True)
    page = words(answer.content.decode())
    assert "Booked and confirmed." in page
    assert "Accepted" in page.split("Answers of the last three days")[1]
    booking = Booking.objects.get(visit=entry.visit_id, status="confirmed")
    assert booking.clinic_day.date == MONDAY


@pytest.mark.parametrize(("what", "said"), [("decline", "Declined"), ("withdraw", "Withdrawn")])
def test_a_no_keeps_them_on_the_list(desk: Desk, scheduler: Client, what: str, said: str) -> None:
    freed(desk)
    waiting(desk)
    scheduler.post(url("waitlist_offer", desk), press(shown(scheduler, desk)))
    answer = scheduler.post(url("waitlist_answer", desk, Offer.objects.get().pk, what), follow=True)
    page = words(answer.content.decode())
    assert said in page.split("Answers of the last three days")[1]
    assert "MRN WAITS" in page.split("Everybody who waits")[-1]
    late = scheduler.post(
        url("waitlist_answer", desk, Offer.objects.get().pk, "accept"), follow=True
    )
    assert "This offer is answered already" in late.content.decode()
    assert (
        scheduler.post(url("waitlist_answer", desk, Offer.objects.get().pk, "eat")).status_code
        == 404
    )


def test_whoever_is_second_sees_why_and_the_page_as_it_is_now(
    desk: Desk, scheduler: Client
) -> None:
    freed(desk)
    waiting(desk, "FIRST")
    waiting(desk, "SECOND")
    old = shown(scheduler, desk)
    takes = re.findall(r'name="take" value="([^"]*)"', old)
    first, second = ({**press(old), "take": take} for take in takes)
    scheduler.post(url("waitlist_offer", desk), first)
    answer = scheduler.post(url("waitlist_offer", desk), second)
    assert answer.status_code == 422
    assert "That chair is taken from 08:00." in words(answer.content.decode())
    nonsense = scheduler.post(url("waitlist_offer", desk), {"take": "x", "chair": "y"})
    assert nonsense.status_code == 422
    assert "Choose somebody for the place." in nonsense.content.decode()


def test_a_cancellation_says_at_once_whom_the_place_fits(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit("GONE"), shown="09:00")
    data = {"reason": "Ill.", "version": "1"}
    entry = waiting(desk)
    answer = scheduler.post(url("booking_cancel", desk, booking.pk), data, follow=True)
    page = answer.content.decode()
    assert "The place fits 1 patient on the waitlist." in page
    assert f'<a href="{url("waitlist", desk)}">Waitlist</a>' in page
    WaitlistEntry.objects.filter(pk=entry.pk).delete()
    other = desk.book(desk.visit("OTHER"), shown="09:00")
    answer = scheduler.post(url("booking_cancel", desk, other.pk), data, follow=True)
    assert "waitlist." not in answer.content.decode()


def test_a_cancellation_nobody_can_take_says_so(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit("GONE"), shown="09:00")
    waiting(desk, weekdays=frozenset({2}))
    data = {"reason": "Ill.", "version": "1"}
    answer = scheduler.post(url("booking_cancel", desk, booking.pk), data, follow=True)
    assert "Nobody on the waitlist could take the place." in answer.content.decode()
    toast = desk.book(desk.visit("GRID"), shown="09:00")
    card = scheduler.post(url("booking_act", desk, toast.pk, "cancel"), data)
    assert "Nobody on the waitlist could take the place." in card.content.decode()


def test_a_move_says_at_once_whom_the_old_place_fits(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit("MOVES"), shown="09:00")
    waiting(desk)
    moved = {
        "day": LATER.isoformat(),
        "start": "10:00",
        "chair": str(desk.chairs[1]),
        "version": "1",
    }
    answer = scheduler.post(url("booking_what_if", desk, booking.pk), moved)
    assert "The place fits 1 patient on the waitlist." in answer.content.decode()


def test_a_dose_joins_with_its_wishes_and_is_changed_at_the_same_address(
    desk: Desk, scheduler: Client
) -> None:
    visit = desk.visit()
    address = url("visit_waitlist", desk, visit.pk)
    assert "Put on the waitlist" in scheduler.get(address).content.decode()
    assert 'value="24"' in scheduler.get(address).content.decode(), "a day's notice, unless told"
    wrong = scheduler.post(address, WISHES | {"notice_hours": "400", "note": "Rings at noon"})
    assert wrong.status_code == 422
    assert "Rings at noon" in wrong.content.decode(), "nothing typed is lost"
    scheduler.post(address, WISHES | {"weekdays": ["0", "2"], "note": "Rings at noon"})
    entry = WaitlistEntry.objects.get()
    assert (entry.visit_id, entry.note) == (visit.pk, "Rings at noon")
    page = scheduler.get(address).content.decode()
    assert "On the waitlist: DOE" in page
    assert len(re.findall(r'name="weekdays"[^>]*checked', page)) == 2
    scheduler.post(address, WISHES | {"version": "1", "wanted_from": LATER.isoformat()})
    entry.refresh_from_db()
    assert (entry.wanted_from, entry.note, entry.version) == (LATER, "", 2)
    stale = scheduler.post(address, WISHES | {"version": "1"})
    assert stale.status_code == 422
    assert "Somebody changed this in the meantime" in stale.content.decode()


def test_leaving_is_one_press_unless_a_place_is_on_offer(desk: Desk, scheduler: Client) -> None:
    freed(desk)
    entry = waiting(desk)
    scheduler.post(url("waitlist_offer", desk), press(shown(scheduler, desk)))
    refused = scheduler.post(url("waitlist_leave", desk, entry.pk), follow=True)
    assert "A place is on offer." in refused.content.decode()
    scheduler.post(url("waitlist_answer", desk, Offer.objects.get().pk, "withdraw"))
    left = scheduler.post(url("waitlist_leave", desk, entry.pk), follow=True)
    assert "Off the waitlist. What is booked stays." in left.content.decode()
    entry.refresh_from_db()
    assert entry.state == "left"


def test_wishes_are_kept_with_the_patient_and_start_every_search(
    desk: Desk, scheduler: Client
) -> None:
    first = desk.visit()
    desk.book(first)
    visit = Visit.objects.get(course=first.course_id, dose_number=2)
    address = url("patient_wishes", desk, visit.patient_id)
    assert scheduler.get(address).status_code == 200
    answer = scheduler.post(address, {"weekdays": ["1"], "half": "morning", "notice_hours": "24"})
    assert answer["Location"] == url("patient", desk, visit.patient_id)
    assert PatientWishes.objects.get().weekdays == [1]
    slots = url("visit_slots", desk, visit.pk)
    page = scheduler.get(slots).content.decode()
    assert "Searched by what suits the patient." in page
    days = set(re.findall(r'class="slot__day">(\w+)', page))
    assert days == {"Tuesday"}
    free = scheduler.get(f"{slots}?half=").content.decode()
    assert "Searched by what suits" not in free
    assert len(set(re.findall(r'class="slot__day">(\w+)', free))) > 1
    wrong = scheduler.post(
        address, {"notice_hours": "24", "arrives_from": "12:00", "leaves_by": "9:00"}
    )
    assert wrong.status_code == 422
    assert "Later than the arrival." in wrong.content.decode()


def test_the_due_list_says_who_is_on_the_waitlist(desk: Desk, scheduler: Client) -> None:
    waiting(desk, "WAITS")
    desk.visit("PLAIN")
    page = words(scheduler.get(url("due", desk)).content.decode())
    assert "On the waitlist" in page.split("MRN WAITS")[1].split("MRN PLAIN")[0]
    assert page.count("On the waitlist") == 1


def test_the_list_goes_to_a_spreadsheet(desk: Desk, scheduler: Client) -> None:
    waiting(desk, half="morning")
    answer = scheduler.get(url("waitlist_csv", desk))
    [row] = csv.DictReader(answer.content.decode().splitlines())
    assert (row["mrn"], row["urgency"], row["wishes"], row["on_offer"]) == (
        "WAITS", "coming", "morning; needs 4 hours' notice", "",
    )  # fmt: skip


def test_the_page_asks_the_same_few_questions_however_many_wait(
    desk: Desk, scheduler: Client
) -> None:
    shown(scheduler, desk)  # the session is written once
    counts = []
    for round_ in range(2):
        for n in range(1 + 3 * round_):
            freed(desk, f"GONE-{round_}-{n}", chair=n % 3, shown="12:00")
            waiting(desk, f"WAITS-{round_}-{n}")
        with CaptureQueriesContext(
            connection,
        ) as captured:
            shown(scheduler, desk)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_only_who_may_book_sees_it(desk: Desk) -> None:
    nurse = signed_in(desk, Role.NURSE)
    assert nurse.get(url("waitlist", desk)).status_code == 403
    assert "waitlist/" not in nurse.get(url("day", desk), follow=True).content.decode()


def test_wishes_of_another_clinics_patient_are_nothing(desk: Desk, scheduler: Client) -> None:
    other = make_desk("south")
    visit = other.visit("B")
    record_wishes(patient_id=visit.patient_id, wished=Wished(), actor=other.actor, now=NOW)
    assert scheduler.get(url("patient_wishes", desk, visit.patient_id)).status_code == 404
    assert scheduler.get(url("visit_waitlist", desk, visit.pk)).status_code == 404
