"""Any taps, in any order, at any minute: the record, its columns and the visit never disagree."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinical.run import RunStatus
from clinics.models import Role
from core.actor import Actor
from core.errors import Refusal
from infusion import record
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.selectors import board
from infusion.services import ending, running
from infusion.services.amending import amend_event
from infusion.services.premedication import give_premedication
from infusion.services.starting import start_infusion
from scheduling.models import Booking, Visit
from tests.infusion.builders import DONE_AT_THE_DOOR, at, premedicate, prepare, seat
from tests.people import make_actor, make_clinic

VISIT_OF = {
    Infusion.Status.PREPARING: Visit.Status.ARRIVED,
    Infusion.Status.RUNNING: Visit.Status.INFUSING,
    Infusion.Status.OBSERVING: Visit.Status.OBSERVING,
    Infusion.Status.DISCHARGED: Visit.Status.COMPLETED,
}
RUN_OF = {
    Infusion.Status.PREPARING: {RunStatus.NOT_STARTED},
    Infusion.Status.RUNNING: {RunStatus.RUNNING, RunStatus.PAUSED},
    Infusion.Status.OBSERVING: {RunStatus.COMPLETED},
    Infusion.Status.DISCHARGED: {RunStatus.COMPLETED},
}
ACTS = ("premedicate", "start", "rate", "pause", "resume", "vitals", "complete", "discharge",
        "withdraw", "retime")  # fmt: skip
Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.integers(0, 45),  # minutes until the next tap arrives
        st.integers(0, 20),  # how long before that it happened
        st.sampled_from([40, 80, 120, 160, 200, 75, 400]),
    ),
    min_size=4,
    max_size=24,
)


class AnyOrder(TestCase):
    """One visit, whatever is tapped."""

    @settings(max_examples=12, deadline=None)
    @given(STEPS)
    def test_the_record_never_contradicts_itself(self, steps: list[Step]) -> None:
        clinic = make_clinic()
        nurse = make_actor(clinic, Role.NURSE)
        visit = seat(clinic)
        prepare(visit, nurse)
        premedicate(visit, nurse)
        now = at(25)
        for act, wait, before, ml_h in steps:
            now += timedelta(minutes=wait, seconds=1)
            tap, charted_before = uuid4(), InfusionEvent.objects.count()
            fields: dict[str, Any] = {
                "event_id": tap, "occurred_at": now - timedelta(minutes=before), "actor": nurse,
                "now": now,
            }  # fmt: skip
            try:
                answer = perform(act, visit, ml_h, fields)
            except Refusal:
                assert InfusionEvent.objects.count() == charted_before
            else:
                assert InfusionEvent.objects.count() == charted_before + 1
                repeat(act, visit, ml_h, fields, answer)
            agree(visit.pk, nurse, now)


def perform(act: str, visit: Visit, ml_h: int, fields: dict[str, Any]) -> Charted:
    infusion = Infusion.objects.get(visit=visit)
    reason: dict[str, Any] = {"reason": "As the prescriber said"}
    if act == "premedicate":
        return give_premedication(
            visit_id=visit.pk, drug="cetirizine", dose_mg=Decimal(10), route="oral", **fields
        )
    if act == "start":
        return start_infusion(
            visit_id=visit.pk, two_identifiers_checked=True, rate_option="standard", **reason,
            **fields,
        )  # fmt: skip
    if act == "vitals":
        return running.chart_vitals(infusion_id=infusion.pk, vitals={"spo2": 98}, **fields)
    if act in {"rate", "resume"}:
        service = running.change_rate if act == "rate" else running.resume
        return service(infusion_id=infusion.pk, rate_ml_h=Decimal(ml_h), **reason, **fields)
    if act in {"withdraw", "retime"}:
        return correct(infusion, ml_h, fields, withdrawn=act == "withdraw")
    if act == "complete":
        fields = fields | {"volume_ml": Decimal(ml_h)}
    if act == "discharge":
        fields = fields | {"leaving": DONE_AT_THE_DOOR}
    services: dict[str, Callable[..., Charted]] = {
        "pause": running.pause, "complete": ending.complete_infusion, "discharge": ending.discharge,
    }  # fmt: skip
    return services[act](infusion_id=infusion.pk, **reason, **fields)


def correct(infusion: Infusion, choice: int, fields: dict[str, Any], *, withdrawn: bool) -> Charted:
    events = sorted(infusion.events.all(), key=lambda event: (event.recorded_at, event.kind))
    chosen = events[choice % len(events)]
    return amend_event(amends=chosen.pk, reason="A slip", withdrawn=withdrawn, **fields)


def repeat(act: str, visit: Visit, ml_h: int, fields: dict[str, Any], first: Charted) -> None:
    """The same tap a minute later is the same fact."""
    if act in {"withdraw", "retime"}:
        return
    later: dict[str, Any] = fields | {"now": fields["now"] + timedelta(minutes=1)}
    count = InfusionEvent.objects.count()
    again = perform(act, visit, ml_h, later)
    assert (again.repeated, again.event_id) == (True, first.event_id)
    assert InfusionEvent.objects.count() == count


def agree(visit_id: UUID, nurse: Actor, now: datetime) -> None:
    """The columns, the visit and the board say what the replayed record says."""
    infusion = Infusion.objects.select_related("visit__course").get(visit=visit_id)
    events = list(infusion.events.all())
    run = record.run_state(infusion, infusion.visit.own_course, events, now=now)
    status = Infusion.Status(infusion.status)
    assert run.status in RUN_OF[status]
    assert (run.started_at, run.ended_at) == (infusion.started_at, infusion.ended_at)
    assert run.observe_until == infusion.observe_until
    assert infusion.visit.status == VISIT_OF[status]
    sits = status != Infusion.Status.DISCHARGED
    assert Booking.objects.filter(visit=visit_id, status="arrived").exists() is sits
    shown = [card for card in board(nurse, now).cards if card.seated]
    assert [card.seated.visit_id for card in shown if card.seated] == [visit_id] * sits
    if status == Infusion.Status.RUNNING:
        assert shown[0].seated is not None
        assert shown[0].seated.rate_ml_h == run.rate_ml_h
