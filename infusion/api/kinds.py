"""Every kind of entry: what its `values` hold, and the service that charts it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clinical.model import RateOption, ReactionSeverity
from clinical.premedication import PremedicationKind
from core.actor import Actor
from core.api.query import (
    Parameter,
    a_decimal,
    a_flag,
    a_number,
    an_id,
    one_of,
    read_body,
    some_text,
)
from core.errors import Invalid
from infusion.api.nested import BAG, bag_of, codes, names, texts
from infusion.chart import Charted, Kind
from infusion.iv_access import MOST_ATTEMPTS, Access
from infusion.leaving import Leaving
from infusion.services import ending, preparing, reacting, running, stopping
from infusion.services.amending import amend_event
from infusion.services.premedication import give_premedication
from infusion.services.starting import start_infusion
from infusion.vitals import RANGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An entry as a client sent it, its values read."""

    infusion_id: UUID
    visit_id: UUID
    started: bool
    event_id: UUID
    occurred_at: datetime | None
    reason: str
    amends: UUID | None
    withdrawn: bool
    values: Mapping[str, Any]
    actor: Actor
    now: datetime

    def who(self) -> dict[str, Any]:
        """Return what every service takes."""
        return {"event_id": self.event_id, "actor": self.actor, "now": self.now}

    def tap(self) -> dict[str, Any]:
        """Return what every charting service takes; now is when it happened, unless said."""
        return {**self.who(), "occurred_at": self.occurred_at or self.now}

    def on_visit(self) -> dict[str, Any]:
        """Return the tap of what is charted before the start."""
        return {**self.tap(), "visit_id": self.visit_id}

    def on_infusion(self) -> dict[str, Any]:
        """Return the tap of what is charted on the infusion."""
        return {**self.tap(), "infusion_id": self.infusion_id}


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind: the fields of its values, and how it is charted."""

    fields: tuple[Parameter, ...]
    chart: Callable[[Posted], Charted]


RATE = a_decimal("rate_ml_h", "The pump's rate in mL/h.", required=True)
VOLUME = a_decimal("volume_ml", "mL given, as the pump shows it.", required=True)
SIGNS = tuple(a_decimal(name, f"{sign.label}, {sign.unit}.") for name, sign in RANGES.items())
ASSESSED = (
    one_of("severity", names(ReactionSeverity), "Not given: charted in one tap, assessed later."),
    a_number("grade", "1 to 4.", minimum=1, maximum=4, default=0),
    codes("signs", "What was seen, by the protocol's names."),
    a_flag("serious", "An axis of its own, beside the grade."),
)
PREMEDICATION = (
    some_text("drug", "Generic name.", longest=80, required=True),
    a_decimal("dose_mg", "In mg.", required=True),
    some_text("route", "How it was given.", longest=20, required=True),
    one_of("purpose", names(PremedicationKind), "What the protocol gives it for."),
)
ACCESS = (
    some_text("device", "What lies in the vein.", longest=20, required=True),
    some_text("site", "Where.", longest=80, required=True),
    some_text("gauge", "Its size.", longest=10),
    a_number("attempts", "How often it was tried.", minimum=1, maximum=MOST_ATTEMPTS, default=1),
)


def _vitals(said: Posted) -> Charted:
    if said.started:
        return running.chart_vitals(vitals=said.values, **said.on_infusion())
    return preparing.chart_baseline(vitals=said.values, **said.on_visit())


def _reaction(said: Posted) -> Charted:
    assessment = _assessment(said)
    if said.amends is None:
        return reacting.chart_reaction(assessment=assessment, **said.on_infusion())
    if assessment is None:
        words = "Say how severe it was."
        raise Invalid(words, {"severity": [words]})
    return reacting.assess_reaction(reaction_id=said.amends, assessment=assessment, **said.who())


def _assessment(said: Posted) -> reacting.Assessment | None:
    values = said.values
    if values["severity"] is None:
        return None
    return reacting.Assessment(
        severity=ReactionSeverity(values["severity"]), grade=values["grade"] or None,
        signs=values["signs"], serious=values["serious"], note=said.reason,
    )  # fmt: skip


def _access(said: Posted) -> Charted:
    access = Access(**{**said.values, "gauge": said.values["gauge"] or ""})
    return preparing.chart_access(access=access, **said.on_visit())


def _bag(said: Posted) -> Charted:
    return preparing.chart_bag(
        bag=bag_of(said.values), replaces=said.values["replaces"], **said.on_visit()
    )


KINDS: dict[str, Entry] = {
    Kind.CHECKLIST: Entry(
        (texts("answers", "yes, no or not_applicable, by question."),
         texts("notes", "By question.")),
        lambda said: preparing.answer_questions(**said.values, **said.on_visit()),
    ),
    Kind.ACCESS: Entry(ACCESS, _access),
    Kind.BAG: Entry((*BAG, an_id("replaces", "The bag charted before this one.")), _bag),
    Kind.BAG_CHECKED: Entry(
        (an_id("bag_id", "The entry of the bag.", required=True),
         a_flag("all_match", "Every line was compared and is right.", required=True)),
        lambda said: preparing.check_bag(**said.values, **said.on_visit()),
    ),
    Kind.PREMEDICATION: Entry(
        PREMEDICATION, lambda said: give_premedication(**said.values, **said.on_visit())
    ),
    Kind.STARTED: Entry(
        (a_flag("two_identifiers_checked", "Asked for name and date of birth.", required=True),
         one_of("rate_option", names(RateOption), "The rate table.", required=True)),
        lambda said: start_infusion(**said.values, reason=said.reason, **said.on_visit()),
    ),
    Kind.RATE_CHANGED: Entry((RATE,), lambda said: running.change_rate(
        **said.values, reason=said.reason, **said.on_infusion())),
    Kind.PAUSED: Entry((), lambda said: running.pause(reason=said.reason, **said.on_infusion())),
    Kind.RESUMED: Entry((RATE,), lambda said: running.resume(
        **said.values, reason=said.reason, **said.on_infusion())),
    Kind.VITALS: Entry(SIGNS, _vitals),
    Kind.REACTION: Entry(ASSESSED, _reaction),
    Kind.SYMPTOMS_RESOLVED: Entry(
        (), lambda said: reacting.chart_symptoms_resolved(**said.on_infusion())
    ),
    Kind.STOPPED: Entry((VOLUME,), lambda said: stopping.stop_infusion(
        **said.values, reason=said.reason, **said.on_infusion())),
    Kind.COMPLETED: Entry((VOLUME,), lambda said: ending.complete_infusion(
        **said.values, reason=said.reason, **said.on_infusion())),
    Kind.DISCHARGED: Entry(
        (a_flag("line_removed", "Done at the door.", required=True),
         a_flag("advice_given", "Done at the door.", required=True),
         an_id("agreed_by", "Who agreed to a shorter stay.")),
        lambda said: ending.discharge(
            leaving=Leaving(**said.values), reason=said.reason, **said.on_infusion()),
    ),
}  # fmt: skip


def values_of(kind: str, given: object) -> dict[str, Any]:
    """Return the values of an entry, read. Raises Invalid naming each that is wrong."""
    return read_body(KINDS[kind].fields, given)


def chart(kind: str, said: Posted) -> Charted:
    """Chart an entry; one that amends another corrects its time or takes it back.

    Raises whatever the service of the kind raises.
    """
    if said.amends is None or kind == Kind.REACTION:
        return KINDS[kind].chart(said)
    return amend_event(
        amends=said.amends, reason=said.reason, occurred_at=said.occurred_at,
        withdrawn=said.withdrawn, **said.who(),
    )  # fmt: skip
