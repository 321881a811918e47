"""Claim, tell, settle: told once while nothing breaks, and never lost when something does."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.test import override_settings

from patients.models import Patient
from reminders import kinds, outcomes
from reminders import sweep as module
from reminders.delivery import deliver
from reminders.mailing import Mailer
from reminders.models import Heartbeat, Reminder
from reminders.services import planning, sweeping
from reminders.services.sweeping import LEASE, claim, settle
from reminders.sweep import BATCH, sweep
from tests.people import make_clinic
from tests.reminders.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    make_reachable,
    make_reachable_clinic,
    plan,
)
from tests.reminders.conftest import smtp_on
from tests.reminders.post_offices import PostOffice, nobody_answers, nobody_listens, post_office

pytestmark = pytest.mark.django_db
S = Reminder.State


def sweep_at(now: datetime = NOW) -> Counter[str]:
    return sweep(driver="test", clock=lambda: now)


def test_only_what_is_due_is_lent_oldest_first_and_for_a_minute() -> None:
    clinic = make_clinic()
    second = plan(clinic, due_at=NOW - MINUTE)
    first = plan(clinic, due_at=NOW - HOUR)
    plan(clinic, due_at=NOW + MINUTE)
    plan(clinic, patient=make_reachable(clinic))
    lent = claim(channel="board", limit=9, now=NOW)
    assert [row.pk for row in lent] == [first.pk, second.pk]
    assert {row.leased_until for row in lent} == {NOW + LEASE}
    assert claim(channel="board", limit=9, now=NOW + LEASE - MINUTE / 60) == []


def test_of_more_than_a_batch_the_longest_due_are_lent_first() -> None:
    clinic = make_clinic()
    rows = [plan(clinic, due_at=NOW - n * MINUTE) for n in (2, 9, 1, 5)]
    lent = [claim(channel="board", limit=1, now=NOW)[0].pk for _ in rows]
    assert lent == [rows[n].pk for n in (1, 3, 0, 2)]


def test_a_reminder_is_too_late_at_the_very_moment_it_becomes_void() -> None:
    row = plan(make_clinic())
    assert deliver(row, Mailer(), row.void_after).state == S.EXPIRED
    assert deliver(row, Mailer(), row.void_after - MINUTE / 60_000).state == S.SENT


def test_a_batch_is_never_larger_than_asked_for() -> None:
    clinic = make_clinic()
    for _ in range(7):
        plan(clinic)
    assert [len(claim(channel="board", limit=3, now=NOW)) for _ in range(4)] == [3, 3, 1, 0]


def test_a_sender_that_died_is_replaced_and_cannot_settle_later() -> None:
    plan(make_clinic())
    [first] = claim(channel="board", limit=1, now=NOW)
    later = NOW + LEASE
    [second] = claim(channel="board", limit=1, now=later)
    assert (second.pk, second.attempts) == (first.pk, 2)

    def settled(row: Reminder) -> bool:
        return settle(
            reminder_id=row.pk, lease_token=row.lease_token, outcome=outcomes.sent(), now=later
        )

    assert not settled(first)
    assert settled(second)
    assert not settled(second)


def test_what_was_withdrawn_while_it_was_sent_stays_withdrawn() -> None:
    row = plan(make_clinic())
    [lent] = claim(channel="board", limit=1, now=NOW)
    planning.void(subject_id=row.subject_id, now=NOW)
    assert not settle(
        reminder_id=row.pk, lease_token=lent.lease_token, outcome=outcomes.sent(), now=NOW
    )
    row.refresh_from_db()
    assert row.state == S.VOID


def test_a_letter_goes_out_over_smtp_with_an_identity_that_says_nothing(
    office: PostOffice,
) -> None:
    clinic, patient = make_reachable_clinic()
    row = plan(clinic, patient=patient)
    assert sweep_at() == {"sent": 1}
    [mail] = office.mails
    assert mail["To"] == "mrn-1@post.example"
    assert mail["Subject"] == "Your visit at North"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "+49 30 1234567" in mail.get_content()
    row.refresh_from_db()
    assert (row.state, row.provider_id) == (S.SENT, mail["Message-ID"])
    assert row.settled_at is not None
    assert mail["Message-ID"].endswith("@clinic.example>")
    for secret in ("test.plain", str(row.subject_id), "MRN-1", "Doe"):
        assert secret not in mail.as_string()
    assert sweep_at(NOW + HOUR) == {}


def test_one_connection_carries_a_batch(office: PostOffice) -> None:
    clinic, patient = make_reachable_clinic()
    for _ in range(BATCH):
        plan(clinic, patient=patient)
    assert sweep_at() == {"sent": BATCH}
    assert (len(office.mails), office.connections) == (BATCH, 1)


def test_a_sweep_goes_on_until_nothing_is_left() -> None:
    clinic = make_clinic()
    for _ in range(2 * BATCH + 1):
        plan(clinic)
    assert sweep_at() == {"sent": 2 * BATCH + 1}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"channel": "none"}, "the patient wants no messages"),
        ({"email": "", "channel": "none"}, "the patient wants no messages"),
        ({"consented_at": None}, "the patient has not agreed to messages"),
        ({"consent_withdrawn_at": NOW}, "the patient has withdrawn consent"),
        ({"deceased_on": NOW.date()}, "the patient has died"),
    ],
)
def test_nobody_is_written_to_without_consent(
    office: PostOffice, changes: dict[str, object], problem: str
) -> None:
    clinic, patient = make_reachable_clinic()
    row = plan(clinic, patient=patient)
    Patient.objects.filter(pk=patient.pk).update(**changes)  # after it was planned
    assert sweep_at() == {"void": 1}
    assert office.connections == 0
    row.refresh_from_db()
    assert row.last_problem == problem
    assert row.settled_at is not None


def test_what_is_no_longer_true_is_not_told(office: PostOffice) -> None:
    clinic, patient = make_reachable_clinic()
    plan(clinic, patient=patient, kind="test.untrue")
    plan(clinic, kind="test.untrue")
    assert sweep_at() == {"void": 2}
    assert office.connections == 0


def test_what_would_come_too_late_is_shown_instead_of_sent(office: PostOffice) -> None:
    clinic, patient = make_reachable_clinic()
    row = plan(clinic, patient=patient, void_after=NOW + HOUR)
    assert sweep_at(NOW + HOUR) == {"expired": 1}
    assert office.mails == []
    row.refresh_from_db()
    assert row.last_problem == "too late to help"


def test_words_that_tell_too_much_never_leave(office: PostOffice) -> None:
    clinic, patient = make_reachable_clinic()
    row = plan(clinic, patient=patient, kind="test.telling")
    assert sweep_at() == {"failed": 1}
    assert office.mails == []
    row.refresh_from_db()
    assert row.last_problem == "the words would tell too much to be sent"


def test_poison_stops_nobody_else_and_its_words_reach_no_log(
    office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    clinic, patient = make_reachable_clinic()
    poison = plan(clinic, patient=patient, kind="test.raising", due_at=NOW - HOUR)
    unknown = plan(clinic, patient=patient, kind="of.tomorrow", due_at=NOW - HOUR)
    for _ in range(5):
        plan(clinic, patient=patient)
    assert sweep_at() == {"pending": 1, "failed": 1, "sent": 5}
    poison.refresh_from_db()
    unknown.refresh_from_db()
    assert poison.last_problem == "could not be composed (ZeroDivisionError)"
    assert unknown.last_problem == "this release does not know the kind"
    assert "Jane" not in caplog.text
    assert str(poison.pk) in caplog.text


def test_poison_is_tried_less_and_less_often_and_then_given_up() -> None:
    row = plan(make_clinic(), kind="test.raising", void_after=NOW + 30 * DAY)
    now, waits = NOW, []
    while sweep_at(now) == {"pending": 1}:
        row.refresh_from_db()
        assert row.settled_at is None
        waits.append(row.next_attempt_at - now)
        now = row.next_attempt_at
    row.refresh_from_db()
    assert (row.state, row.attempts) == (S.FAILED, outcomes.MAX_ATTEMPTS)
    assert len(waits) == outcomes.MAX_ATTEMPTS - 1
    assert all(later > earlier for earlier, later in pairwise(waits[:5]))
    assert timedelta(seconds=22) <= waits[0] <= timedelta(seconds=30)
    assert max(waits) <= timedelta(minutes=15)


def test_a_row_that_kills_its_sender_is_given_up_too() -> None:
    row = plan(make_clinic(), void_after=NOW + 30 * DAY)
    now = NOW
    for _ in range(outcomes.MAX_ATTEMPTS):
        assert claim(channel="board", limit=1, now=now)  # and never heard of again
        now += LEASE
    assert sweep_at(now) == {"failed": 1}
    row.refresh_from_db()
    assert row.last_problem == "the sender stopped each time it tried"


def test_an_outage_of_the_mail_server_is_waited_out_however_long() -> None:
    clinic, patient = make_reachable_clinic()
    rows = [plan(clinic, patient=patient, void_after=NOW + DAY) for _ in range(3)]
    with nobody_listens() as port, smtp_on(port):
        for minute in range(0, 60, 2):
            assert sweep_at(NOW + minute * MINUTE) == {"pending": 3}
    for row in rows:
        row.refresh_from_db()
        assert (row.attempts, row.last_problem) == (0, "the mail server cannot be reached")
    with post_office() as office, smtp_on(office.port):
        assert sweep_at(NOW + HOUR) == {"sent": 3}
    assert len(set(office.ids)) == 3


def test_an_outage_holds_up_no_nurse() -> None:
    clinic, patient = make_reachable_clinic()
    plan(clinic, patient=patient, due_at=NOW - HOUR)
    plan(clinic)
    with nobody_listens() as port, smtp_on(port):
        assert sweep_at() == {"sent": 1, "pending": 1}


def test_a_server_that_never_answers_is_asked_once_a_batch() -> None:
    clinic, patient = make_reachable_clinic()
    for _ in range(5):
        plan(clinic, patient=patient)
    with nobody_answers() as port, smtp_on(port), override_settings(EMAIL_TIMEOUT=0.2):
        assert sweep_at() == {"pending": 5}
    assert set(Reminder.objects.values_list("attempts", flat=True)) == {0}


def test_a_server_that_hangs_in_the_middle_costs_one_message_an_attempt() -> None:
    clinic, patient = make_reachable_clinic()
    for _ in range(4):
        plan(clinic, patient=patient)
    with (
        post_office() as office,
        smtp_on(office.port),
        override_settings(EMAIL_TIMEOUT=0.2),
    ):
        office.may_answer.clear()
        assert sweep_at() == {"pending": 4}
    assert sorted(Reminder.objects.values_list("attempts", flat=True)) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("answers", "state", "problem"),
    [
        ({"rcpt_answer": "550 no such box"}, S.FAILED, "the mail server refused the address"),
        ({"rcpt_answer": "450 later"}, S.PENDING, "the mail server put the address off"),
        ({"data_answer": "554 spam"}, S.FAILED, "the mail server refused the message"),
        ({"data_answer": "451 busy"}, S.PENDING, "the mail server put the message off"),
        ({"drops_after_data": True}, S.PENDING, "the mail server broke off"),
    ],
)
def test_what_a_server_says_decides_whether_to_try_again(
    answers: dict[str, object], state: str, problem: str
) -> None:
    clinic, patient = make_reachable_clinic()
    row = plan(clinic, patient=patient)
    with post_office(**answers) as office, smtp_on(office.port):
        assert sweep_at() == {state: 1}
    row.refresh_from_db()
    assert (row.last_problem, row.attempts) == (problem, 1)
    assert "post.example" not in row.last_problem


def test_a_message_taken_but_not_confirmed_goes_out_twice_as_the_same_message() -> None:
    clinic, patient = make_reachable_clinic()
    plan(clinic, patient=patient)
    with post_office(drops_after_data=True) as office, smtp_on(office.port):
        sweep_at()
        office.drops_after_data = False
        assert sweep_at(NOW + MINUTE) == {"sent": 1}
    assert len(office.ids) == 2
    assert len(set(office.ids)) == 1


def test_a_slow_sender_gives_back_what_it_has_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = make_clinic()
    for _ in range(5):
        plan(clinic)
    ticks = iter([0.0, 0.0, 10.0, 31.0])
    monkeypatch.setattr("reminders.sweep.monotonic", lambda: next(ticks, 0.0))
    tally: Counter[str] = Counter()
    assert module._batch("board", tally, module.never, lambda: NOW)
    assert tally == {"sent": 2}
    waiting = Reminder.objects.filter(state=S.PENDING)
    assert [(row.attempts, row.lease_token) for row in waiting] == [(0, None)] * 3


def test_a_sweep_asked_to_stop_gives_back_the_rest_at_once() -> None:
    clinic = make_clinic()
    for _ in range(5):
        plan(clinic)
    answers = iter([False, False, False, True])
    tally = sweep(driver="test", clock=lambda: NOW, stop=lambda: next(answers, True))
    assert tally == {"sent": 2}
    assert Reminder.objects.filter(state=S.PENDING, attempts=0).count() == 3


def test_a_finished_sweep_beats_for_its_driver() -> None:
    sweep_at()
    sweep_at(NOW + MINUTE)
    [heartbeat] = Heartbeat.objects.all()
    assert (heartbeat.driver, heartbeat.beat_at) == ("test", NOW + MINUTE)


def test_every_registered_kind_has_words_for_the_list() -> None:
    assert {name for name in kinds.names() if not name.startswith("test.")} == {
        "cancelled.call", "cancelled.patient", "initial.outside_window", "initial.overdue",
        "initial.to_book", "maintenance.invite", "maintenance.outside_window",
        "maintenance.overdue", "maintenance.to_book", "monitoring.begins", "monitoring.over",
        "moved.call", "moved.patient", "offer.lapsed", "offer.patient",
        "premedication.nurse", "premedication.patient", "treatment.ended",
    }  # fmt: skip
    assert all(kinds.label_of(name) != name for name in kinds.names())
    assert kinds.label_of("of.tomorrow") == "of.tomorrow"


def test_a_lost_lease_is_counted_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    row = plan(make_clinic())

    def void_meanwhile(_: kinds.Context) -> kinds.Message:
        planning.void(subject_id=row.subject_id, now=NOW)
        return kinds.Message("shown")

    kinds.register(kinds.Kind(name="test.plain", label="x", compose=void_meanwhile))
    assert sweep_at() == {"lease lost": 1}


def test_settling_somebody_elses_reminder_changes_nothing() -> None:
    row = plan(make_clinic())
    assert not sweeping.give_back(reminder_ids=[row.pk], lease_token=uuid4(), now=NOW)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (S.PENDING, 0)
