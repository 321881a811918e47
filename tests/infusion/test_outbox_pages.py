"""What a browser's outbox is answered: once per tap, in words it can keep, never for another."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Busy, Conflict, Forbidden, NotFound
from core.models import AuditEntry
from infusion.models import InfusionEvent
from infusion.services.discarding import ACTION, discard_entry
from infusion.web.context import sealing_key
from scheduling.models import Booking, Visit
from tests.infusion.builders import at, expect, running, seat
from tests.infusion.pages import HTMX, Tablet, held
from tests.people import make_clinic, make_user


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


@pytest.fixture
def visit(clinic: Clinic, nurse: Actor) -> Visit:
    visit = seat(clinic)
    running(visit, nurse)
    return visit


def send(
    tablet: Tablet, minute: float, visit_id: object, act: str, *, mode: str = "later",
    by: object = None, **data: Any,
) -> Any:  # fmt: skip
    """Send an entry as the outbox does."""
    fields = {"event_id": uuid4(), "back": "board", "at": "", "reason": "", **data}
    headers = {**HTMX, "X-Outbox": mode, "X-Charted-By": str(by or tablet.user.pk)}
    with time_machine.travel(at(minute), tick=False):
        tablet.get(minute, "needs_review")  # a session that is awake
        return tablet.client.post(
            tablet.address("chair_act", visit_id, act), fields, headers=headers
        )


def outcome(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.get("X-Outbox")


def taken() -> QuerySet[InfusionEvent]:
    """The vital signs charted since the start; the baseline is older."""
    return InfusionEvent.objects.filter(kind="vitals", occurred_at__gt=at(30))


def spo2(**changes: Any) -> dict[str, Any]:
    return {"spo2": "98", **changes}


def test_an_entry_counts_from_its_tap_and_is_marked_late(tablet: Tablet, visit: Visit) -> None:
    answer = send(tablet, 50, visit.pk, "vitals", **spo2(tapped_at=at(41).isoformat()))
    assert outcome(answer) == (200, "applied")
    event = taken().get()
    assert (event.occurred_at, event.recorded_at) == (at(41), at(50))
    page = tablet.get(51, "chair_side", visit.pk).content.decode()
    assert "Late entry" in page


def test_a_browser_a_moment_ahead_is_now_and_more_is_refused(tablet: Tablet, visit: Visit) -> None:
    """H6: the tablet's idea of the server's time is a guess by the way of one answer."""
    near = send(tablet, 50, visit.pk, "vitals", **spo2(tapped_at=at(50.15).isoformat()))
    assert outcome(near) == (200, "applied")
    assert taken().get().occurred_at == at(50)
    far = send(tablet, 50, visit.pk, "vitals", **spo2(tapped_at=at(50.2).isoformat()))
    assert outcome(far) == (422, "refused")
    assert "This time has not come yet." in " ".join(far.json()["words"])


def test_a_typed_time_is_read_on_the_day_of_the_tap(tablet: Tablet, visit: Visit) -> None:
    """Charted before midnight, sent after it."""
    answer = send(
        tablet, 16 * 60, visit.pk, "vitals",
        **spo2(tapped_at=at(60).isoformat(), at="10:40"),
    )  # fmt: skip
    assert outcome(answer) == (200, "applied")
    assert taken().get().occurred_at == at(40)


def test_the_same_entry_again_is_applied_once(tablet: Tablet, visit: Visit) -> None:
    entry = spo2(event_id=uuid4(), tapped_at=at(40).isoformat())
    for minute in (41, 42, 43):
        assert outcome(send(tablet, minute, visit.pk, "vitals", **entry)) == (200, "applied")
    assert taken().count() == 1


def test_other_ids_are_other_entries(tablet: Tablet, visit: Visit) -> None:
    """The negative control: without its id, a repeated tap would be charted twice."""
    for minute in (41, 42):
        send(tablet, minute, visit.pk, "vitals", **spo2(event_id=uuid4()))
    assert taken().count() == 2


def test_a_lost_answer_never_makes_a_charted_entry_look_refused(
    tablet: Tablet, visit: Visit
) -> None:
    """The pause was charted and its answer got lost: the form would not fit any more."""
    pause: dict[str, Any] = {
        "event_id": uuid4(),
        "reason": "Small veins",
        "tapped_at": at(45).isoformat(),
    }
    assert outcome(send(tablet, 46, visit.pk, "pause", **pause)) == (200, "applied")
    spoiled: dict[str, Any] = {**pause, "reason": ""}
    assert outcome(send(tablet, 47, visit.pk, "pause", **spoiled)) == (200, "applied")
    day_later = send(tablet, 46 + 25 * 60, visit.pk, "pause", **pause)
    assert outcome(day_later) == (200, "applied")
    assert InfusionEvent.objects.filter(kind="paused").count() == 1


def test_a_refusal_comes_in_words_and_with_its_form(tablet: Tablet, visit: Visit) -> None:
    answer = send(tablet, 50, visit.pk, "rate", other_rate="400", reason="Slip")
    assert outcome(answer) == (422, "refused")
    assert "above the maximum" in " ".join(answer.json()["words"])
    assert 'name="other_rate" value="400"' in answer.json()["html"]
    for name in ("Doe", "DOE", "MRN-1"):
        assert name not in " ".join(answer.json()["words"]), "these words are kept in the browser"


def test_a_field_that_is_wrong_is_named(tablet: Tablet, visit: Visit) -> None:
    answer = send(tablet, 50, visit.pk, "pause", reason="")
    assert outcome(answer) == (422, "refused")
    assert answer.json()["words"][0].startswith("Reason: ")


def test_a_stale_form_is_refused(tablet: Tablet, visit: Visit) -> None:
    """H1: the rate was confirmed by a colleague while this form was open without wifi."""
    first = send(tablet, 61, visit.pk, "rate", planned_rate="80")
    assert outcome(first) == (200, "applied")
    second = send(tablet, 63, visit.pk, "rate", planned_rate="80", tapped_at=at(62).isoformat())
    assert outcome(second) == (422, "refused")
    assert "already" in " ".join(second.json()["words"])


def test_an_entry_of_one_person_is_never_charted_as_another(
    tablet: Tablet, clinic: Clinic, visit: Visit
) -> None:
    second = make_user(clinic, Role.NURSE, email="second@north.example")
    answer = send(tablet, 50, visit.pk, "vitals", by=second.pk, **spo2())
    assert outcome(answer) == (401, None), "no word about the entry: it stays where it is"
    assert not taken().exists()


def test_what_the_door_refuses_is_refused_in_words(
    tablet: Tablet, clinic: Clinic, visit: Visit
) -> None:
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    gone = send(tablet, 50, stranger.pk, "vitals", **spo2())
    assert outcome(gone) == (404, "refused")
    scheduler = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
    with time_machine.travel(at(50), tick=False):
        scheduler.client.force_login(scheduler.user)
        barred = scheduler.client.post(
            scheduler.address("chair_act", visit.pk, "vitals"),
            spo2(),
            headers={"X-Outbox": "later"},
        )
    assert outcome(barred) == (403, "refused")
    assert barred.json()["words"]


def test_a_busy_server_settles_nothing(
    tablet: Tablet, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_given: object) -> None:
        raise Busy("Somebody else is writing here.")

    monkeypatch.setattr("infusion.web.pages.running.running.chart_vitals", busy)
    answer = send(tablet, 50, visit.pk, "vitals", **spo2())
    assert outcome(answer) == (503, None)


def test_who_waits_at_the_board_gets_what_changed(tablet: Tablet, visit: Visit) -> None:
    before = tablet.get(45, "board")
    now = send(tablet, 46, visit.pk, "vitals", mode="now", **spo2(), **held(before)).json()
    assert 'id="next-due"' in now["html"]
    assert "Vital signs charted: DOE, Chair 1" in now["html"]
    later = send(tablet, 47, visit.pk, "vitals", mode="later", **spo2(), **held(before)).json()
    assert later["html"] == ""


def test_a_form_kept_ready_is_the_form_and_keeps_no_session_alive(
    tablet: Tablet, visit: Visit
) -> None:
    answer = tablet.get(45, "chair_act_ready", visit.pk, "vitals", htmx=True, back="chair")
    assert "data-outbox" in answer.content.decode()
    assert 'name="back" value="chair"' in answer.content.decode()
    entry = AuditEntry.objects.get(action="record.read", details__page="act kept ready")
    assert entry.patient_id == visit.patient_id
    view = resolve(tablet.address("chair_act_ready", visit.pk, "vitals")).func
    assert getattr(view, "polled", False)
    assert tablet.get(45, "chair_act_ready", visit.pk, "dance").status_code == 404


class TestNeedsReview:
    def test_the_page_names_nobody_by_itself(self, tablet: Tablet, visit: Visit) -> None:
        text = tablet.get(45, "needs_review").content.decode()
        assert "MRN-1" not in text
        assert "<needs-review" in text

    def test_it_is_for_who_charts(self, clinic: Clinic) -> None:
        scheduler = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
        assert scheduler.get(45, "needs_review").status_code == 403

    def test_the_server_says_whose_an_entry_is_and_writes_it_down(
        self, tablet: Tablet, visit: Visit
    ) -> None:
        stranger = seat(make_clinic("south"), mrn="MRN-7")
        given = [visit.pk, stranger.pk, "nonsense"]
        answer = tablet.post(45, "needs_review_whose", visit=given)
        assert set(answer.json()) == {str(visit.pk)}
        assert answer.json()[str(visit.pk)] == "DOE, Jane · 04-Mar-1988 · MRN-1"
        entry = AuditEntry.objects.get(details__page="needs review")
        assert entry.details["patients"] == [str(visit.patient_id)]

    def test_it_costs_the_same_for_one_and_for_many(
        self, tablet: Tablet, clinic: Clinic, visit: Visit
    ) -> None:
        others = [seat(clinic, mrn=f"MRN-{n}", position=n) for n in (2, 3)]
        counts = []
        for visits in ([visit.pk], [visit.pk, *(each.pk for each in others)]):
            tablet.get(45, "needs_review")
            with CaptureQueriesContext(
                connection,
            ) as asked:
                tablet.post(45, "needs_review_whose", visit=visits)
            counts.append(len(asked))
        assert counts[0] == counts[1]

    def test_a_discard_is_written_down_once(self, tablet: Tablet, visit: Visit) -> None:
        told: dict[str, Any] = {
            "event_id": uuid4(), "visit": visit.pk, "act": "rate", "reason": "slip",
            "tapped_at": at(44).isoformat(),
        }  # fmt: skip
        for _ in range(2):
            answer = tablet.post(45, "needs_review_discarded", **told)
            assert outcome(answer) == (200, "applied")
        entry = AuditEntry.objects.get(action=ACTION)
        assert (entry.patient_id, entry.subject_id) == (visit.patient_id, visit.pk)
        assert entry.details == {
            "event": str(told["event_id"]), "act": "rate", "reason": "slip",
            "tapped_at": at(44).isoformat(),
        }  # fmt: skip

    @pytest.mark.parametrize(
        "spoil",
        [{"reason": "DOE was asleep"}, {"act": "dance"}, {"event_id": "x"}, {"tapped_at": ""}],
    )
    def test_a_discard_takes_no_words_of_its_own(
        self, tablet: Tablet, visit: Visit, spoil: dict[str, str]
    ) -> None:
        told: dict[str, Any] = {
            "event_id": uuid4(), "visit": visit.pk, "act": "rate", "reason": "slip",
            "tapped_at": at(44).isoformat(), **spoil,
        }  # fmt: skip
        assert tablet.post(45, "needs_review_discarded", **told).status_code == 422
        assert not AuditEntry.objects.filter(action=ACTION).exists()

    def test_what_is_charted_cannot_be_discarded(self, visit: Visit, nurse: Actor) -> None:
        charted = InfusionEvent.objects.filter(kind="started").values_list("pk", flat=True)[0]
        with pytest.raises(Conflict, match="in the record"):
            discard(charted, visit.pk, nurse)

    def test_others_discard_nothing(self, clinic: Clinic, visit: Visit, nurse: Actor) -> None:
        stranger = seat(make_clinic("south"), mrn="MRN-7")
        with pytest.raises(NotFound):
            discard(uuid4(), stranger.pk, nurse)
        with pytest.raises(Forbidden):
            discard(uuid4(), visit.pk, Actor(**{**vars_of(nurse), "permissions": frozenset()}))


def discard(event_id: UUID, visit_id: UUID, actor: Actor) -> None:
    discard_entry(
        event_id=event_id, visit_id=visit_id, act="rate", tapped_at=at(44), reason="slip",
        actor=actor, now=at(45),
    )  # fmt: skip


def vars_of(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in actor.__dataclass_fields__}


class TestWhatThePageBrings:
    def test_a_person_has_one_key_and_nobody_elses(self, clinic: Clinic, nurse: Actor) -> None:
        second = make_user(clinic, Role.NURSE, email="second@north.example")
        assert nurse.user_id is not None
        assert sealing_key(nurse.user_id) == sealing_key(nurse.user_id)
        assert sealing_key(nurse.user_id) != sealing_key(second.pk)

    def test_it_is_on_the_pages_of_who_charts(self, tablet: Tablet, clinic: Clinic) -> None:
        text = tablet.get(45, "board").content.decode()
        assert f'user="{tablet.user.pk}"' in text
        assert sealing_key(tablet.user.pk) in text
        names = json.loads(text.split('acts="', 1)[1].split('"', 1)[0].replace("&quot;", '"'))
        assert names["rate"] == "Rate"
        reader = Tablet(clinic, make_user(clinic, Role.SCHEDULER))
        assert "<out-box" not in reader.get(45, "board").content.decode()


def send_to(tablet: Tablet, minute: float, name: str, *args: object, **data: Any) -> Any:
    """Send a tap of the board as the outbox does."""
    headers = {**HTMX, "X-Outbox": "later", "X-Charted-By": str(tablet.user.pk)}
    with time_machine.travel(at(minute), tick=False):
        tablet.get(minute, "needs_review")
        return tablet.client.post(tablet.address(name, *args), data, headers=headers)


def test_an_arrival_counts_from_its_tap_and_is_one_however_often_it_is_sent(
    tablet: Tablet, clinic: Clinic
) -> None:
    booking = Booking.objects.get(visit=expect(clinic, mrn="MRN-9", position=2))
    tapped = {"event_id": uuid4(), "tapped_at": at(-5).isoformat()}
    for minute in (10, 12):
        assert outcome(send_to(tablet, minute, "board_arrived", booking.pk, **tapped)) == (
            200, "applied",
        )  # fmt: skip
    booking.refresh_from_db()
    assert (booking.status, booking.arrived_at) == (Booking.Status.ARRIVED, at(-5))
    assert AuditEntry.objects.filter(action="booking.arrived").count() == 1
    again = send_to(tablet, 14, "board_arrived", booking.pk, tapped_at=at(13).isoformat())
    assert outcome(again) == (409, "refused")
    assert "already arrived" in " ".join(again.json()["words"])


@pytest.mark.parametrize("tapped", [at(11).isoformat(), at(-1000).isoformat(), "soon"])
def test_an_arrival_at_a_time_that_cannot_be_is_refused(
    tablet: Tablet, clinic: Clinic, tapped: str
) -> None:
    booking = Booking.objects.get(visit=expect(clinic, mrn="MRN-9", position=2))
    answer = send_to(tablet, 10, "board_arrived", booking.pk, tapped_at=tapped)
    assert answer["X-Outbox"] == "refused"
    booking.refresh_from_db()
    assert booking.arrived_at is None


def test_an_undo_counts_from_its_tap(tablet: Tablet, visit: Visit) -> None:
    assert outcome(send(tablet, 50, visit.pk, "vitals", **spo2())) == (200, "applied")
    entry = taken().get()
    tapped = {"event_id": uuid4(), "tapped_at": (at(50) + timedelta(seconds=8)).isoformat()}
    for minute in (58, 59):
        answer = send_to(tablet, minute, "chair_undo", visit.pk, entry.pk, **tapped)
        assert outcome(answer) == (200, "applied")
    assert InfusionEvent.objects.filter(amends=entry, values__withdrawn=True).count() == 1


def test_an_undo_tapped_too_late_is_refused(tablet: Tablet, visit: Visit) -> None:
    send(tablet, 50, visit.pk, "vitals", **spo2())
    entry = taken().get()
    answer = send_to(
        tablet, 58, "chair_undo", visit.pk, entry.pk, event_id=uuid4(), tapped_at=at(52).isoformat()
    )
    assert outcome(answer) == (409, "refused")
