"""What bookings and visits cause to be told: when, to whom, and until when it is true."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from clinics.models import Clinic, Role
from patients.models import Patient
from reminders.models import Reminder
from reminders.sweep import sweep
from scheduling.models import Booking, Course, Visit
from scheduling.reminder_plans import (
    plan_booking,
    plan_visit,
    plan_visits,
    void_booking,
    void_visit,
)
from tests.people import make_clinic, make_patient, make_user
from tests.reminders.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    make_booking,
    make_reachable,
    make_reachable_clinic,
    make_visit,
)
from tests.reminders.post_offices import PostOffice

pytestmark = pytest.mark.django_db
S = Reminder.State
BERLIN = ZoneInfo("Europe/Berlin")
DUE = date(2026, 6, 15)
NEXT_WEEK = datetime(2026, 3, 9, 8, tzinfo=UTC)  # a Monday, 09:00 in Berlin


@pytest.fixture
def visit() -> Visit:
    _, patient = make_reachable_clinic()
    return make_visit(patient, due_on=DUE)


def waiting() -> dict[str, Reminder]:
    return {row.kind: row for row in Reminder.objects.filter(state=S.PENDING)}


def kinds_of(rows: Iterable[Reminder]) -> set[str]:
    return {row.kind for row in rows}


def berlin(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN)  # type: ignore[misc,arg-type]


def move(booking: Booking, arrival: datetime) -> Booking:
    booking.period = DateTimeTZRange(arrival, arrival + timedelta(hours=5, minutes=30))
    booking.version += 1
    booking.save()
    return booking


def sweep_at(now: datetime) -> dict[str, int]:
    return sweep(driver="test", clock=lambda: now)


class TestABooking:
    def test_tells_the_patient_the_day_before_and_the_nurse_when_the_window_opens(
        self, visit: Visit
    ) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK), now=NOW)
        rows = waiting()
        assert set(rows) == {"premedication.patient", "premedication.nurse"}
        patient, nurse = rows["premedication.patient"], rows["premedication.nurse"]
        assert patient.due_at == berlin(2026, 3, 8, 10)
        assert patient.void_after == NEXT_WEEK
        assert (patient.channel, patient.recipient_patient) == ("email", visit.patient)
        # The widest premedication window opens 60 minutes before the line runs, as they arrive.
        assert nurse.due_at == NEXT_WEEK
        assert nurse.void_after == NEXT_WEEK + HOUR
        assert (nurse.channel, nurse.recipient_role) == ("board", Role.NURSE)

    def test_opens_the_window_by_the_protocol_and_not_at_arrival(self, visit: Visit) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK, premedication_minutes=90), now=NOW)
        assert waiting()["premedication.nurse"].due_at == NEXT_WEEK + 30 * MINUTE

    def test_never_opens_the_window_before_the_patient_is_there(self, visit: Visit) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK, premedication_minutes=45), now=NOW)
        nurse = waiting()["premedication.nurse"]
        assert (nurse.due_at, nurse.void_after) == (NEXT_WEEK, NEXT_WEEK + 45 * MINUTE)

    def test_made_late_tells_the_patient_at_once(self, visit: Visit) -> None:
        now = NEXT_WEEK - 2 * HOUR
        plan_booking(make_booking(visit, NEXT_WEEK), now=now)
        assert waiting()["premedication.patient"].due_at == now

    def test_made_when_the_patient_is_already_here_writes_no_letter(self, visit: Visit) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK), now=NEXT_WEEK + 5 * MINUTE)
        assert kinds_of(waiting().values()) == {"premedication.nurse"}

    def test_withdraws_the_reminders_to_book_but_not_the_invitation(self, visit: Visit) -> None:
        plan_visit(visit, now=NOW)
        plan_booking(make_booking(visit, NEXT_WEEK), now=NOW)
        assert {kind for kind in waiting() if kind.startswith("maintenance")} == {
            "maintenance.invite"
        }

    def test_without_a_time_plans_nothing(self, visit: Visit) -> None:
        held = make_booking(visit, NEXT_WEEK, status="day_held", period=None, chair=None)
        plan_booking(held, now=NOW)
        assert waiting() == {}

    def test_moved_replaces_what_was_planned(self, visit: Visit) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        plan_booking(booking, now=NOW)
        plan_booking(move(booking, NEXT_WEEK + 2 * DAY), now=NOW)
        assert Reminder.objects.filter(state=S.VOID).count() == 2
        assert waiting()["premedication.patient"].due_at == berlin(2026, 3, 10, 10)
        assert waiting()["premedication.nurse"].due_at == NEXT_WEEK + 2 * DAY

    def test_moved_away_and_back_is_told_again(self, visit: Visit) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        plan_booking(booking, now=NOW)
        plan_booking(move(booking, NEXT_WEEK + DAY), now=NOW)
        plan_booking(move(booking, NEXT_WEEK), now=NOW)
        assert waiting()["premedication.patient"].due_at == berlin(2026, 3, 8, 10)
        assert len(waiting()) == 2

    def test_planned_twice_is_one_of_each(self, visit: Visit) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        plan_booking(booking, now=NOW)
        plan_booking(booking, now=NOW)
        assert sorted(Reminder.objects.values_list("state", flat=True)) == [S.PENDING] * 2

    def test_in_another_chair_is_no_news_to_a_patient_who_was_told(
        self, visit: Visit, office: PostOffice
    ) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        plan_booking(booking, now=NOW)
        eve = NEXT_WEEK - 12 * HOUR
        sweep_at(eve)
        booking.chair = visit.clinic.chairs.last()
        booking.version += 1
        booking.save()
        plan_booking(booking, now=eve)
        sweep_at(eve + HOUR)
        assert len(office.mails) == 1
        assert waiting()["premedication.nurse"].due_at == NEXT_WEEK

    def test_at_another_time_is_news_and_so_is_the_first_time_again(
        self, visit: Visit, office: PostOffice
    ) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        eve = NEXT_WEEK - 12 * HOUR
        for n, arrival in enumerate((NEXT_WEEK, NEXT_WEEK + HOUR, NEXT_WEEK)):
            plan_booking(move(booking, arrival), now=eve)
            sweep_at(eve + n * MINUTE)
        times = [mail.get_content().split(" at ")[1][:5] for mail in office.mails]
        assert times == ["09:00", "10:00", "09:00"]
        assert len(set(office.ids)) == 3

    def test_cancelled_withdraws_both(self, visit: Visit) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        plan_booking(booking, now=NOW)
        void_booking(booking, now=NOW)
        assert waiting() == {}

    def test_no_longer_active_plans_nothing_and_withdraws(self, visit: Visit) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        plan_booking(booking, now=NOW)
        booking.status, booking.ended_at = Booking.Status.CANCELLED, NOW
        booking.save()
        plan_booking(booking, now=NOW)
        assert waiting() == {}

    def test_of_a_patient_who_is_here_keeps_the_nurses_reminder(self, visit: Visit) -> None:
        booking = make_booking(visit, NEXT_WEEK, status=Booking.Status.ARRIVED, arrived_at=NOW)
        plan_booking(booking, now=NEXT_WEEK - 10 * MINUTE)
        assert "premedication.nurse" in waiting()


class TestALetterOfTheDayBefore:
    def test_gives_day_and_time_on_the_clinics_wall(self, visit: Visit, office: PostOffice) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK), now=NOW)
        sweep_at(berlin(2026, 3, 8, 10).astimezone(UTC))
        [mail] = office.mails
        assert "your visit on 09 March 2026 at 09:00" in mail.get_content()
        assert "call +49 30 1234567" in mail.get_content()

    @pytest.mark.parametrize("status", ["proposed", "arrived"])
    def test_is_sent_for_a_confirmed_time_only(
        self, visit: Visit, office: PostOffice, status: str
    ) -> None:
        booking = make_booking(visit, NEXT_WEEK)
        plan_booking(booking, now=NOW)
        Booking.objects.update(status=status)
        assert sweep_at(NEXT_WEEK - HOUR) == {"void": 1}
        assert office.mails == []

    def test_comes_when_the_time_is_confirmed_after_all(
        self, visit: Visit, office: PostOffice
    ) -> None:
        booking = make_booking(visit, NEXT_WEEK, status=Booking.Status.PROPOSED)
        plan_booking(booking, now=NOW)
        sweep_at(NEXT_WEEK - 20 * HOUR)
        booking.status = Booking.Status.CONFIRMED
        booking.version += 1
        booking.save()
        plan_booking(booking, now=NEXT_WEEK - 10 * HOUR)
        assert sweep_at(NEXT_WEEK - 10 * HOUR) == {"sent": 1}
        assert len(office.mails) == 1

    def test_that_was_held_up_until_the_visit_is_not_sent(
        self, visit: Visit, office: PostOffice
    ) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK), now=NOW)
        tally = sweep_at(NEXT_WEEK)
        assert tally == {"expired": 1, "sent": 1}  # the nurse's own reminder is in time
        assert office.mails == []


class TestTheNursesWindow:
    @pytest.mark.parametrize("status", [Visit.Status.COMPLETED, Visit.Status.INFUSING])
    def test_is_not_announced_once_the_line_runs(self, visit: Visit, status: str) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK), now=NEXT_WEEK + MINUTE)
        Visit.objects.update(status=status, given_on=NEXT_WEEK.date())
        assert sweep_at(NEXT_WEEK + 2 * MINUTE) == {"void": 1}

    def test_that_nobody_was_told_in_time_is_shown_as_too_late(self, visit: Visit) -> None:
        plan_booking(make_booking(visit, NEXT_WEEK), now=NEXT_WEEK + MINUTE)
        assert sweep_at(NEXT_WEEK + HOUR) == {"expired": 1}


class TestAMaintenanceVisit:
    def test_is_told_to_schedulers_and_to_the_patient(self, visit: Visit) -> None:
        plan_visit(visit, now=NOW)
        rows = waiting()
        spans = {kind: (row.due_at, row.void_after) for kind, row in rows.items()}
        assert spans == {
            "maintenance.to_book": (berlin(2026, 4, 20, 8), berlin(2026, 6, 16, 8)),
            "maintenance.invite": (berlin(2026, 5, 18, 10), berlin(2026, 6, 15)),
            "maintenance.overdue": (berlin(2026, 6, 16, 8), berlin(2026, 7, 14, 8)),
            "maintenance.outside_window": (berlin(2026, 7, 14, 8), berlin(2026, 10, 12, 8)),
        }
        assert {row.recipient_role for kind, row in rows.items() if "invite" not in kind} == {
            Role.SCHEDULER
        }

    def test_planned_late_is_told_at_once_but_the_patient_not_at_night(self, visit: Visit) -> None:
        night = berlin(2026, 6, 1, 23).astimezone(UTC)
        plan_visit(visit, now=night)
        assert waiting()["maintenance.to_book"].due_at == night
        assert waiting()["maintenance.invite"].due_at == berlin(2026, 6, 2, 10)

    def test_that_is_overdue_is_told_as_overdue_only(self, visit: Visit) -> None:
        now = berlin(2026, 6, 20, 12)
        plan_visit(visit, now=now)
        rows = waiting()
        assert set(rows) == {"maintenance.overdue", "maintenance.outside_window"}
        assert rows["maintenance.overdue"].due_at == now

    def test_first_doses_have_no_invitation(self) -> None:
        _, patient = make_reachable_clinic()
        plan_visits(
            [make_visit(patient, due_on=DUE + n * DAY * 14, dose_number=n) for n in (1, 2)],
            now=NOW,
        )
        assert set(waiting()) == {"initial.to_book", "initial.overdue", "initial.outside_window"}
        assert Reminder.objects.count() == 6

    def test_with_another_date_replaces_what_was_planned(self, visit: Visit) -> None:
        plan_visit(visit, now=NOW)
        visit.due_on, visit.latest_on = DUE + 3 * DAY, visit.latest_on + 3 * DAY
        visit.version += 1
        visit.save()
        plan_visit(visit, now=NOW)
        assert waiting()["maintenance.overdue"].due_at == berlin(2026, 6, 19, 8)
        assert len(waiting()) == 4
        assert Reminder.objects.filter(state=S.VOID).count() == 4

    def test_missed_by_a_patient_is_told_to_the_schedulers_again(self, visit: Visit) -> None:
        """H14: the dose that is never booked again after a no-show."""
        at = berlin(2026, 5, 1, 8)
        plan_visit(visit, now=NOW)
        sweep_at(at)
        user = make_user(visit.clinic)
        Reminder.objects.filter(state=S.SENT).update(seen_at=at, seen_by=user)
        booking = make_booking(visit, at + DAY)
        plan_booking(booking, now=at)
        visit.refresh_from_db()
        visit.status, visit.version, visit.no_shows = Visit.Status.PLANNED, 2, 1
        visit.save()
        void_booking(booking, now=at + DAY)
        plan_visit(visit, now=at + DAY)
        assert waiting()["maintenance.to_book"].due_at == at + DAY

    @pytest.mark.parametrize("status", [Visit.Status.CANCELLED, Visit.Status.COMPLETED])
    def test_that_is_over_plans_nothing(self, visit: Visit, status: str) -> None:
        plan_visit(visit, now=NOW)
        visit.status = status
        visit.given_on = DUE if status == Visit.Status.COMPLETED else None
        visit.save()
        plan_visit(visit, now=NOW)
        assert waiting() == {}

    def test_of_a_stopped_course_plans_nothing(self, visit: Visit) -> None:
        Course.objects.update(status=Course.Status.STOPPED, ended_on=DUE)
        plan_visit(visit, now=NOW)
        assert waiting() == {}

    def test_withdrawn_leaves_nothing_waiting(self, visit: Visit) -> None:
        plan_visit(visit, now=NOW)
        void_visit(visit, now=NOW)
        assert waiting() == {}

    @pytest.mark.parametrize("count", [1, 8])
    def test_any_number_costs_the_same(self, count: int) -> None:
        clinic = make_clinic()
        visits = [
            make_visit(make_patient(clinic, f"MRN-{n}"), due_on=DUE + n * DAY) for n in range(count)
        ]
        with CaptureQueriesContext(connection) as queries:
            plan_visits(visits, now=NOW)
        assert len(queries) == 4  # withdraw, read, insert, anything to revive?


class TestTheListOfTheSchedulers:
    def test_shows_a_dose_until_it_is_booked(self, visit: Visit) -> None:
        plan_visit(visit, now=NOW)
        at = berlin(2026, 4, 20, 8)
        assert sweep_at(at) == {"sent": 1}
        [row] = Reminder.objects.filter(state=S.SENT)
        plan_booking(make_booking(visit, at + 30 * DAY), now=at)
        row.refresh_from_db()
        assert row.state == S.VOID

    @pytest.mark.parametrize("why", ["booked", "stopped", "dead"])
    def test_shows_nothing_that_is_no_longer_to_be_booked(self, visit: Visit, why: str) -> None:
        plan_visit(visit, now=NOW)
        if why == "booked":
            Visit.objects.update(status=Visit.Status.BOOKED)
        elif why == "stopped":
            Course.objects.update(status=Course.Status.STOPPED, ended_on=DUE)
        else:
            Patient.objects.update(deceased_on=NOW.date())
        assert sweep_at(berlin(2026, 4, 20, 8)) == {"void": 1}


class TestAnInvitation:
    AT = berlin(2026, 5, 18, 10)

    def test_asks_to_arrange_a_time(self, visit: Visit, office: PostOffice) -> None:
        plan_visit(visit, now=NOW)
        sweep_at(self.AT)
        [mail] = office.mails
        assert "is due around 15 June 2026" in mail.get_content()
        assert "Please contact us to arrange a time." in mail.get_content()

    def test_gives_the_time_when_there_is_one(self, visit: Visit, office: PostOffice) -> None:
        plan_visit(visit, now=NOW)
        plan_booking(make_booking(visit, berlin(2026, 6, 11, 9)), now=NOW)
        sweep_at(self.AT)
        [mail] = office.mails
        assert "your next visit with us is on 11 June 2026 at 09:00." in mail.get_content()
        assert "arrange" not in mail.get_content()

    @pytest.mark.parametrize("status", ["proposed", "day_held"])
    def test_says_nothing_of_a_time_that_is_not_certain(
        self, visit: Visit, office: PostOffice, status: str
    ) -> None:
        plan_visit(visit, now=NOW)
        make_booking(visit, berlin(2026, 6, 11, 9), status=status)
        sweep_at(self.AT)
        assert office.mails == []

    def test_is_not_sent_once_the_visit_is_over(self, visit: Visit, office: PostOffice) -> None:
        plan_visit(visit, now=NOW)
        Visit.objects.update(status=Visit.Status.CANCELLED)
        sweep_at(self.AT)
        assert office.mails == []


def test_a_clinic_elsewhere_has_its_own_mornings() -> None:
    clinic: Clinic = make_clinic("west", time_zone="America/New_York")
    visit = make_visit(make_reachable(clinic), due_on=DUE)
    # 20:30 on Sunday in New York is already Monday in UTC: the day before is Saturday.
    plan_booking(make_booking(visit, datetime(2026, 3, 9, 0, 30, tzinfo=UTC)), now=NOW)
    due = waiting()["premedication.patient"].due_at.astimezone(ZoneInfo("America/New_York"))
    assert (due.date(), due.time()) == (date(2026, 3, 7), time(10))
