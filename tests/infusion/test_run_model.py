"""A whole infusion through every door, against the core alone.

Hypothesis taps at random: through the services, through the pages, through the API. Beside it runs
a shadow that knows only `clinical.run.replay` and a list of events. What the shadow allows must be
charted, what it does not must leave nothing behind, and after every tap the program says what the
shadow says; so does the API, in its answer to what it charted or refused.

A few runs of twenty taps go with the other tests; BATTERY=full (`make battery`) is 500 runs of 50.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinical.findings import Severity
from clinical.model import RateOption, ReactionSeverity
from clinical.protocol import load
from clinical.run import Event, EventKind, RunState, replay
from clinical.titration import plan
from clinics.models import Role
from core import display
from core.actor import Actor
from core.errors import Refusal
from infusion.bedside import bedside
from infusion.models import Infusion
from infusion.services import ending, reacting, running, stopping
from infusion.services.reacting import Assessment
from scheduling.models import Visit
from tests.api.test_infusions import Person
from tests.infusion.builders import at, seat
from tests.infusion.builders import running as run_up
from tests.infusion.pages import Tablet
from tests.people import make_actor, make_clinic

FULL = os.environ.get("BATTERY") == "full"
RUNS, STEPS = (500, 50) if FULL else (8, 20)
STARTED = 30  # minutes after nine, as the builder does it
MILD, SEVERE, _ = ReactionSeverity
PLAN = plan(load(), dose_mg=600, option=RateOption.STANDARD)
BAG_RUNS_OUT = {"BEYOND-USE-RISK", "BEYOND-USE-PASSED"}

taps = st.lists(
    st.tuples(
        st.sampled_from(["rate", "rate", "rate", "pause", "resume", "vitals", "mild", "severe",
                         "resolved", "stop", "complete"]),
        st.integers(1, 40),  # minutes until the tap arrives
        st.sampled_from([0, 0, 0, 1, 5, 20]),  # how long before that it happened
        st.sampled_from(["next", "next", "half", 40, 85, 140, 170, 200, 75, 20, 400]),
        st.sampled_from(["", "As the prescriber said"]),
        st.sampled_from(["service", "page", "api"]),
    ),
    min_size=STEPS // 2, max_size=STEPS,
)  # fmt: skip


@dataclass
class Shadow:
    """The chart as the core alone would keep it."""

    events: list[Event] = field(default_factory=list)

    def state(self, minute: int, *more: Event) -> RunState:
        return replay(load(), PLAN, [*self.events, *more], at(minute))

    def new_findings(self, event: Event, now: int) -> list[Any]:
        before = Counter(item.id for item in self.state(now).warnings)
        after = self.state(now, event)
        overdue = {item.finding.id for item in after.overdue}
        found = []
        for item in after.warnings:
            if before[item.id]:
                before[item.id] -= 1
            elif item.id not in overdue:
                found.append(item)
        return found

    def allows(self, event: Event, now: int, reason: str) -> bool:
        found = self.new_findings(event, now)
        if any(item.id == "EVENT-ORDER" for item in found):
            return False
        if event.kind in {EventKind.VITALS, EventKind.REACTION}:
            return event.kind is EventKind.VITALS or event.occurred_at >= at(STARTED)
        if event.kind is EventKind.PAUSED and not reason:
            return False
        if event.kind in {EventKind.STOPPED, EventKind.COMPLETED, EventKind.SYMPTOMS_RESOLVED}:
            return event.kind is not EventKind.STOPPED or bool(reason)
        standing = self.state(minutes(event))
        if event.kind is EventKind.RATE_CHANGED and standing.rate_ml_h == event.rate_ml_h:
            return False
        return all(item.severity is Severity.CAUTION and reason for item in found)


def minutes(event: Event) -> int:
    return int((event.occurred_at - at(0)).total_seconds() // 60)


KINDS = {
    "rate": EventKind.RATE_CHANGED, "pause": EventKind.PAUSED, "resume": EventKind.RESUMED,
    "vitals": EventKind.VITALS, "mild": EventKind.REACTION, "severe": EventKind.REACTION,
    "resolved": EventKind.SYMPTOMS_RESOLVED, "stop": EventKind.STOPPED,
    "complete": EventKind.COMPLETED,
}  # fmt: skip


@dataclass(frozen=True)
class Tap:
    """One act, as both sides understand it."""

    what: str
    now: int
    happened: int
    rate: Fraction
    reason: str

    def event(self) -> Event:
        severities = {"mild": MILD, "severe": SEVERE}
        return Event(
            id=str(uuid4()), kind=KINDS[self.what], occurred_at=at(self.happened),
            recorded_at=at(self.now), severity=severities.get(self.what),
            rate_ml_h=self.rate if self.what in {"rate", "resume"} else None,
        )  # fmt: skip


API_KINDS = {
    "rate": "rate_changed", "pause": "paused", "resume": "resumed", "vitals": "vitals",
    "mild": "reaction", "severe": "reaction", "resolved": "symptoms_resolved", "stop": "stopped",
    "complete": "completed",
}  # fmt: skip


def heard(run: dict[str, Any]) -> dict[str, object]:
    """What the API says of the run, as plain values."""
    instants = ("projected_end", "worst_case_end", "vitals_due")
    return {
        **{name: run[name] and datetime.fromisoformat(run[name]) for name in instants},
        **{name: run[name] for name in ("status", "step", "vitals_why", "symptoms_open")},
        "rate": Fraction(run["rate_ml_h"]), "action": run["next"]["action"],
        "warnings": [item["id"] for item in run["warnings"] if item["id"] not in BAG_RUNS_OUT],
    }  # fmt: skip


def told(state: RunState) -> dict[str, object]:
    """What the API should say of a state."""
    return {
        "projected_end": state.projected_end, "worst_case_end": state.worst_case_end,
        "vitals_due": state.vitals_due, "vitals_why": state.vitals_why and state.vitals_why.value,
        "status": state.status.value, "step": state.step, "symptoms_open": state.symptoms_open,
        "rate": state.rate_ml_h, "action": state.next_action.action.value,
        "warnings": [item.id for item in state.warnings if item.id not in BAG_RUNS_OUT],
    }  # fmt: skip


@dataclass
class Program:
    """The program side: one visit, one nurse, three doors."""

    visit: Visit
    nurse: Actor
    tablet: Tablet
    person: Person

    def charts(self, tap: Tap, door: str, expected: RunState) -> bool:
        """Chart it through a door; return whether it was charted."""
        if door == "api":
            return self.by_api(tap, expected)
        return self.by_service(tap) if door == "service" else self.by_page(tap)

    def by_api(self, tap: Tap, expected: RunState) -> bool:
        """Chart it as a program of the nurse's would; its answer holds the state, either way."""
        rate = {"rate_ml_h": display.number(tap.rate)}
        severities = {"mild": MILD, "severe": SEVERE}
        values: dict[str, dict[str, str]] = {
            "rate": rate, "resume": rate, "vitals": {"spo2": "98"}, "stop": {"volume_ml": "10"},
            "complete": {"volume_ml": "500"},
            **{name: {"severity": severity.value} for name, severity in severities.items()},
        }  # fmt: skip
        infusion = Infusion.objects.get(visit=self.visit)
        answer = self.person.chart(
            tap.now, infusion, API_KINDS[tap.what], occurred_at=at(tap.happened).isoformat(),
            values=values.get(tap.what, {}), **({"reason": tap.reason} if tap.reason else {}),
        )  # fmt: skip
        assert answer.status_code in {201, 400, 409, 422}, answer.content
        body = answer.json()
        run = body.get("current", body).get("run")
        if answer.status_code in {201, 409}:
            assert heard(run) == told(expected), (tap, answer.status_code)
        return bool(answer.status_code == 201)

    def by_service(self, tap: Tap) -> bool:
        """Chart it through its service; return whether it was charted."""
        rate, reason = {"rate_ml_h": decimal(tap.rate)}, {"reason": tap.reason}
        assess = {"mild": MILD, "severe": SEVERE}.get(tap.what, MILD)
        jobs: dict[str, tuple[Callable[..., object], dict[str, Any]]] = {
            "rate": (running.change_rate, rate | reason),
            "pause": (running.pause, reason),
            "resume": (running.resume, rate | reason),
            "vitals": (running.chart_vitals, {"vitals": {"spo2": 98}}),
            "mild": (reacting.chart_reaction, {"assessment": Assessment(severity=assess)}),
            "severe": (reacting.chart_reaction, {"assessment": Assessment(severity=assess)}),
            "resolved": (reacting.chart_symptoms_resolved, {}),
            "stop": (stopping.stop_infusion, {"volume_ml": Decimal(10)} | reason),
            "complete": (ending.complete_infusion, {"volume_ml": Decimal(500)} | reason),
        }
        service, fields = jobs[tap.what]
        try:
            service(
                infusion_id=Infusion.objects.get(visit=self.visit).pk, event_id=uuid4(),
                occurred_at=at(tap.happened), actor=self.nurse, now=at(tap.now), **fields,
            )  # fmt: skip
        except Refusal:
            return False
        return True

    def by_page(self, tap: Tap) -> bool:
        """Chart it through the form of its act; return whether the form was taken."""
        zone = ZoneInfo(self.visit.clinic.time_zone)
        wall = f"{at(tap.happened).astimezone(zone):%H:%M}" if tap.happened != tap.now else ""
        fields: dict[str, dict[str, str]] = {
            "rate": {"other_rate": str(decimal(tap.rate))},
            "resume": {"other_rate": str(decimal(tap.rate))},
            "vitals": {"spo2": "98"}, "stop": {"volume_ml": "10"}, "complete": {"volume_ml": "500"},
        }  # fmt: skip
        act = "reaction" if tap.what in {"mild", "severe"} else tap.what
        data: dict[str, Any] = {"at": wall, "reason": tap.reason, **fields.get(tap.what, {})}
        taken = bool(self.tablet.act(tap.now, self.visit.pk, act, **data).status_code == 302)
        if taken and tap.what in {"mild", "severe"}:
            grade = {"mild": "1", "severe": "3"}[tap.what]
            answer = self.tablet.act(tap.now, self.visit.pk, "assess", grade=grade, severity="")
            assert answer.status_code == 302
        return taken


def decimal(rate: Fraction) -> Decimal:
    return Decimal(rate.numerator) / rate.denominator


def said(state: RunState) -> dict[str, object]:
    """Everything a nurse reads off a state, but for the bag's own margins."""
    return {
        "status": state.status, "rate": state.rate_ml_h, "in": state.volume_in_ml,
        "step": state.step, "next": replace(state.next_action), "projected": state.projected_end,
        "worst": state.worst_case_end, "vitals": (state.vitals_due, state.vitals_why),
        "open": state.symptoms_open,
        "until": state.observe_until, "earliest": state.earliest_increase,
        "warnings": [item.id for item in state.warnings if item.id not in BAG_RUNS_OUT],
        "ran": state.ran, "reactions": [item.severity for item in state.reactions],
    }  # fmt: skip


class RunModel(TestCase):
    """One infusion, whatever is tapped, through whichever door."""

    @settings(
        max_examples=RUNS, deadline=None, database=None, print_blob=False,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(taps)
    def test_every_door_says_what_the_core_says(self, script: list[Any]) -> None:
        program, shadow, now = self._begin()
        for what, wait, before, rate, reason, door in script:
            now += wait
            tap = Tap(what, now, max(now - before, 0), ml_h(shadow, now, rate), reason)
            event = tap.event()
            expected = shadow.allows(event, now, reason)
            after = shadow.state(now, event) if expected else shadow.state(now)
            taken = program.charts(tap, door, after)
            assert taken == expected, (tap, door)
            if taken:
                shadow.events.append(event)
            shown = bedside(program.visit.pk, program.nurse, at(now)).run
            assert shown is not None
            assert said(shown) == said(shadow.state(now)), (tap, door)

    def _begin(self) -> tuple[Program, Shadow, int]:
        clinic = make_clinic()
        nurse = make_actor(clinic, Role.NURSE)
        visit = seat(clinic)
        infusion = run_up(visit, nurse)
        shadow = Shadow()
        for event in infusion.events.filter(kind__in=["started", "vitals"]):
            kind = EventKind.START if event.kind == "started" else EventKind.VITALS
            shadow.events.append(
                Event(
                    id=str(event.pk), kind=kind, occurred_at=event.occurred_at,
                    recorded_at=event.recorded_at,
                )
            )  # fmt: skip
        assert at(STARTED) - timedelta(minutes=STARTED) == at(0)
        doors = Tablet.of(clinic, nurse), Person(nurse, clinic)
        return Program(visit, nurse, *doors), shadow, STARTED


def ml_h(shadow: Shadow, now: int, wanted: str | int) -> Fraction:
    """Return the rate to tap: the plan's next, half of what runs, or a number."""
    state = shadow.state(now)
    if wanted == "next":
        return state.next_action.rate_ml_h or state.next_rate_ml_h or Fraction(40)
    if wanted == "half":
        return (state.rate_ml_h or Fraction(40)) / 2
    return Fraction(wanted)
