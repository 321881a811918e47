"""The pages: say what happened, look it over, save it; and the conflicts of the weeks to come."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client

from clinics.models import Absence, ChairOutage, Closure, Role
from core.models import AuditEntry
from reminders.models import Reminder
from scheduling.disruption import troubles
from scheduling.models import Booking, Visit
from tests.scheduling.builders import MONDAY, NOW, Desk, at
from tests.scheduling.web.desk import signed_in, url

pytestmark = pytest.mark.django_db
ROW = re.compile(r'name="row" value="([0-9a-f-]{36})"')
CLOSING = {"day": MONDAY.isoformat(), "reason": "Burst pipe"}


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def look(client: Client, desk: Desk, kind: str = "closing", **fields: Any) -> Any:
    return client.post(url("disruption", desk, kind), {**CLOSING, "act": "look", **fields})


def as_shown(page: str) -> dict[str, Any]:
    """What a browser would send for a preview that nobody has touched."""
    hidden = re.findall(r'name="((?:version|after)-[^"]+)" value="([^"]*)"', page)
    lists = re.findall(r'<select[^>]+name="(to-[^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL)
    fields: dict[str, Any] = {"row": ROW.findall(page), "why": "Burst pipe", **dict(hidden)}
    for name, options in lists:
        [fields[name]] = re.findall(r'<option value="([^"]+)" selected', options)
    return fields


def save(client: Client, desk: Desk, fields: dict[str, Any], kind: str = "closing") -> Any:
    return client.post(url("disruption", desk, kind), {**CLOSING, **fields, "act": "save"})


def test_say_what_happened_look_it_over_save_it(desk: Desk, scheduler: Client) -> None:
    bookings = [desk.book(desk.visit(f"M{n}"), chair=n) for n in range(3)]
    assert scheduler.get(url("disruption", desk, "closing")).status_code == 200
    page = look(scheduler, desk).content.decode()
    assert set(ROW.findall(page)) == {str(booking.pk) for booking in bookings}
    assert "Nothing is saved yet." in page
    assert not Closure.objects.exists()
    answer = save(scheduler, desk, as_shown(page))
    assert answer["Location"] == url("conflicts", desk)
    answer = scheduler.get(answer["Location"])
    text = answer.content.decode()
    assert "Moved: 3, cancelled: 0" in text
    assert "3 patients to telephone" in text
    assert Closure.objects.count() == 1
    assert not Booking.objects.filter(clinic_day__date=MONDAY, status="confirmed").exists()


def test_the_preview_is_written_down_as_read(desk: Desk, scheduler: Client) -> None:
    desk.book(desk.visit())
    look(scheduler, desk)
    [entry] = AuditEntry.objects.filter(action="records.listed", details__page="disruption")
    assert entry.details["patients"] == [str(Booking.objects.get().patient_id)]


def test_each_row_can_be_changed_or_skipped(desk: Desk, scheduler: Client) -> None:
    one, two = desk.book(desk.visit("A")), desk.book(desk.visit("B"), chair=1)
    page = look(scheduler, desk).content.decode()
    options = re.findall(rf'name="to-{one.pk}".*?</select>', page, re.S)[0]
    values = re.findall(r'<option value="([^"]+)"', options)
    assert len(values) >= 4
    assert values[-2:] == ["cancel", "leave"]
    fields = as_shown(page) | {f"to-{one.pk}": values[1], f"to-{two.pk}": "cancel"}
    save(scheduler, desk, fields)
    for booking in (one, two):
        booking.refresh_from_db()
    assert one.period.lower.isoformat() == values[1].split(" ")[0]
    assert (two.status, two.end_reason) == (Booking.Status.CANCELLED, "Burst pipe")


def test_not_before_a_day_and_propose_again(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    day = MONDAY + timedelta(days=9)
    page = look(scheduler, desk, row=str(booking.pk), **{f"after-{booking.pk}": day.isoformat()})
    chosen = as_shown(page.content.decode())[f"to-{booking.pk}"]
    assert chosen >= day.isoformat()


def test_a_stale_preview_is_refused_and_nothing_chosen_is_lost(
    desk: Desk, scheduler: Client
) -> None:
    one, other = desk.book(desk.visit("A")), desk.visit("B")
    page = look(scheduler, desk).content.decode()
    fields = as_shown(page) | {f"to-{one.pk}": "cancel", "why": "Flooded cellar"}
    late = desk.book(other, chair=1)
    answer = save(scheduler, desk, fields)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Something has changed since you looked" in text
    assert as_shown(text)[f"to-{one.pk}"] == "cancel"
    assert "Flooded cellar" in text
    assert str(late.pk) in ROW.findall(text)
    assert not Closure.objects.exists()


def test_a_time_somebody_took_is_named_in_its_row(desk: Desk, scheduler: Client) -> None:
    one, two = desk.book(desk.visit("A")), desk.book(desk.visit("B"), chair=1)
    page = look(scheduler, desk).content.decode()
    fields = as_shown(page)
    fields[f"to-{two.pk}"] = fields[f"to-{one.pk}"]
    answer = save(scheduler, desk, fields)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert any(f'id="problem-{booking.pk}"' in text for booking in (one, two))
    assert not Closure.objects.exists()


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("closing", {"day": "2026-02-27"}, "That day is over"),
        ("closing", {"reason": ""}, "This field is required"),
        ("closing", {"day": "soon"}, "Enter a valid date"),
        ("nurses", {"nurses": "9"}, "are on duty then"),
        ("nurses", {"nurses": "1", "starts": "12:00", "ends": "11:00"}, "Choose a later time"),
        ("chair", {"first": "2026-03-10", "last": "2026-03-09"}, "Choose a later time"),
        ("chair", {"first": "2026-03-29", "starts": "02:30", "last": "2026-03-30"}, "clocks go"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_stays_on_the_form(
    desk: Desk, scheduler: Client, kind: str, fields: dict[str, str], words: str
) -> None:
    asked = {"chair": str(desk.chairs[0]), "nurse": "", **fields}
    answer = look(scheduler, desk, kind, **asked)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert asked.get("reason", "Burst pipe") in text


def test_a_chair_and_a_nurse_by_the_page(desk: Desk, scheduler: Client) -> None:
    desk.book(desk.visit())
    for kind, fields in (
        ("chair", {"chair": str(desk.chairs[0]), "first": "2026-03-09", "last": "2026-03-09"}),
        ("nurses", {"day": "2026-03-10", "nurse": "", "nurses": "2", "ends": "12:00"}),
    ):
        page = look(scheduler, desk, kind, **fields).content.decode()
        assert save(scheduler, desk, {**fields, **as_shown(page)}, kind).status_code == 302
    assert (ChairOutage.objects.count(), Absence.objects.count()) == (1, 1)
    assert Booking.objects.get().chair_id != desk.chairs[0]
    listed = scheduler.get(url("disruptions", desk)).content.decode()
    assert "Chair 1 out of use" in listed
    assert "2 nurses away" in listed


def test_taken_back(desk: Desk, scheduler: Client) -> None:
    look(scheduler, desk, act="save", why="x")
    closure = Closure.objects.get()
    scheduler.post(url("disruption_back", desk, "closing", closure.pk))
    assert not Closure.objects.exists()
    assert scheduler.post(url("disruption_back", desk, "flood", closure.pk)).status_code == 404
    assert scheduler.get(url("disruption", desk, "flood")).status_code == 404


def test_a_manager_writes_it_down_and_moves_nobody(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    manager = signed_in(desk, Role.MANAGER)
    page = look(manager, desk).content.decode()
    assert "a scheduler rebooks" in page
    assert "<select" not in page.split("<main")[1]
    fields = {"row": str(booking.pk), f"version-{booking.pk}": "1", f"to-{booking.pk}": "leave"}
    save(manager, desk, {**fields, "why": "-"})
    assert Closure.objects.count() == 1
    booking.refresh_from_db()
    assert booking.version == 1


# Conflicts


def test_conflicts_name_everybody_who_cannot_stay_with_what_can_be_done(
    desk: Desk, scheduler: Client
) -> None:
    booking = desk.book(desk.visit())
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Flood")
    text = scheduler.get(url("conflicts", desk)).content.decode()
    assert "Flood" in text
    for link in (
        url("rebook_day", desk, MONDAY), url("booking_move", desk, booking.pk),
        url("visit_slots", desk, booking.visit_id), url("booking_cancel", desk, booking.pk),
    ):  # fmt: skip
        assert link in text
    assert "1 conflict" in scheduler.get(url("conflicts_count", desk)).content.decode()
    assert "Flood" in scheduler.get(url("conflicts_csv", desk)).content.decode()


def test_affected_already_they_are_rebooked_from_the_conflicts(
    desk: Desk, scheduler: Client
) -> None:
    booking = desk.book(desk.visit())
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Flood")
    address = url("rebook_day", desk, MONDAY)
    page = scheduler.get(address).content.decode()
    assert scheduler.post(address, as_shown(page) | {"act": "save"}).status_code == 302
    booking.refresh_from_db()
    assert booking.clinic_day.date != MONDAY


def kinds(desk: Desk, now: Any = NOW) -> list[tuple[str, UUID]]:
    """What is found, without the holds of new patients whose tests are not on record yet."""
    found = troubles.find(desk.clinic, now=now)
    return [(each.kind, each.booking_id) for each in found if each.kind != troubles.HOLD]


def test_no_conflicts_on_a_day_that_carries_everybody(desk: Desk, scheduler: Client) -> None:
    day = MONDAY + timedelta(days=7)
    for n in range(3):
        desk.book(desk.visit(f"M{n}", first=day), day, chair=n)
    assert troubles.find(desk.clinic, now=NOW) == []
    page = scheduler.get(url("conflicts", desk)).content.decode()
    assert "Everybody booked in these weeks can come" in page


def test_fewer_nurses_are_a_conflict_of_whoever_was_promised_last(desk: Desk) -> None:
    one = desk.book(desk.visit("A"))
    two = desk.book(desk.visit("B"), chair=1, now=NOW + timedelta(minutes=1))
    assert one.pk != two.pk
    Absence.objects.create(
        clinic=desk.clinic, date=MONDAY, starts="08:00", ends="18:00", nurses=3, reason="Ill"
    )
    assert kinds(desk) == [("nurses", two.pk)]


def test_a_chair_out_of_use_is_a_conflict(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    ChairOutage.objects.create(
        chair_id=desk.chairs[0], period=(at(MONDAY, "10:00"), at(MONDAY, "11:00")), reason="Motor"
    )
    assert kinds(desk) == [("chair", booking.pk)]


def test_a_dose_outside_its_window_and_one_too_early(desk: Desk) -> None:
    visit = desk.visit("A")
    outside = desk.book(visit)
    Visit.objects.filter(pk=visit.pk).update(
        due_on=MONDAY + timedelta(days=30), earliest_on=MONDAY + timedelta(days=20),
        latest_on=MONDAY + timedelta(days=40),
    )  # fmt: skip
    first = desk.visit("B")
    second = Visit.objects.get(course=first.course_id, dose_number=2)
    early = desk.book(second, MONDAY + timedelta(days=14), chair=1)
    desk.book(first, MONDAY + timedelta(days=21), chair=1)
    found = {booking: kind for kind, booking in kinds(desk)}
    assert found[outside.pk] == "window"
    assert found[early.pk] == "early"


def test_a_proposal_that_is_not_confirmed_in_time(desk: Desk) -> None:
    booking = desk.book(desk.visit(), status=Booking.Status.PROPOSED)
    assert kinds(desk) == []
    assert kinds(desk, at(MONDAY - timedelta(days=1), "09:00")) == [("proposal", booking.pk)]


def test_conflicts_cost_the_same_however_many(
    desk: Desk, scheduler: Client, django_assert_max_num_queries: Any
) -> None:
    Closure.objects.create(clinic=desk.clinic, date=MONDAY + timedelta(days=1), reason="Flood")
    desk.book(desk.visit("A"))
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Flood")
    scheduler.get(url("conflicts", desk))
    with django_assert_max_num_queries(40) as few:
        scheduler.get(url("conflicts", desk))
    Closure.objects.filter(date=MONDAY).delete()
    for n in range(2):
        desk.book(desk.visit(f"M{n}"), chair=n + 1)
    Closure.objects.create(clinic=desk.clinic, date=MONDAY, reason="Flood")
    with django_assert_max_num_queries(len(few.captured_queries)):
        scheduler.get(url("conflicts", desk))


def test_whom_to_telephone_until_somebody_has(desk: Desk, scheduler: Client) -> None:
    booking = desk.book(desk.visit())
    fields = {"row": str(booking.pk), f"version-{booking.pk}": "1", f"to-{booking.pk}": "cancel"}
    look(scheduler, desk, act="save", why="Burst pipe", **fields)
    assert "1 patient to telephone" in scheduler.get(url("conflicts", desk)).content.decode()
    row = Reminder.objects.get(kind="cancelled.call")
    Reminder.objects.filter(pk=row.pk).update(state="sent", settled_at=NOW)
    assert "Telephoned" in scheduler.get(url("conflicts", desk)).content.decode()
    scheduler.post(url("conflicts_telephoned", desk, row.pk))
    assert "to telephone" not in scheduler.get(url("conflicts", desk)).content.decode()
