"""One patient before the start: what is done, what was found, what still blocks. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clinical.findings import Finding, Severity
from clinical.premedication import PremedicationDue, premedication_due
from core.actor import Actor
from infusion.bedside import Bedside, bedside
from infusion.before_start import PARTS, Judged, charted_by
from infusion.models import Infusion
from infusion.selectors_before import (
    on_record,
    patient_findings,
    premedication_findings,
    preparation_findings,
)
from infusion.selectors_codes import code_findings, known_codes
from scheduling.course_in_hand import read_courses
from scheduling.models import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeStart:
    """The page before the start. `at_the_chair` is what is missing there, or wrong with the bag
    or the premedication; `findings` is what the rules say about the patient."""

    bed: Bedside
    findings: tuple[Judged, ...]
    at_the_chair: tuple[Finding, ...]

    @property
    def open(self) -> bool:
        """Whether anything can still be prepared: the patient sits, and nothing runs."""
        infusion = self.bed.infusion
        return self.bed.here is not None and (
            infusion is None or infusion.status == Infusion.Status.PREPARING
        )

    @property
    def blockers(self) -> list[Finding]:
        """What nobody may go past as things stand, what is missing first."""
        chair = [item for item in self.at_the_chair if item.severity is not Severity.CAUTION]
        return [*chair, *(item.finding for item in self.findings if item.blocks)]

    @property
    def cautions(self) -> list[Finding]:
        """What the start goes past with a reason."""
        found = [*self.at_the_chair, *(item.finding for item in self.findings)]
        return [item for item in found if item.severity is Severity.CAUTION]

    @property
    def to_give(self) -> list[PremedicationDue]:
        """The required medicines still to be given, each with its window before the start as it
        is booked; none once that window is over, for then only a later start would fit."""
        bed = self.bed
        if bed.booking is None or bed.booking.period is None:
            return []
        start = bed.booking.period.lower + timedelta(minutes=bed.booking.premedication_minutes)
        return [
            due
            for due in premedication_due(bed.protocol, infusion_start=start)
            if due.kind in bed.ready.missing and due.closes_at >= bed.now
        ]

    def may_check(self, actor: Actor) -> bool:
        """Return whether there is a bag that `actor` had no hand in charting."""
        bag = self.bed.done.bag
        events = [entry.event for entry in self.bed.entries]
        return bag is not None and actor.user_id not in charted_by(bag, events)

    @property
    def parts_done(self) -> int:
        """How many parts are done, the premedication among them."""
        return self.bed.done.parts_done(premedicated=self.bed.ready.complete)

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return PARTS


def before_start(visit_id: UUID, actor: Actor, now: datetime) -> BeforeStart:
    """Return one visit of the actor's clinic before its start; NotFound for any other."""
    bed = bedside(visit_id, actor, now)
    course = Course.objects.select_related("clinic", "patient").get(pk=bed.visit.own_course.pk)
    [held] = read_courses([course], now=now)
    zone = bed.clinic.time_zone
    events = [entry.event for entry in bed.entries]
    return BeforeStart(
        bed=bed,
        findings=tuple(
            patient_findings(bed.protocol, held, bed.visit, on_record(held, now), bed.done, at=now)
        ),
        at_the_chair=(
            *preparation_findings(bed.protocol, bed.done, bed.plan, at=now, zone=zone),
            *premedication_findings(held, events, at=now),
            *code_findings(known_codes(bed.visit.clinic_id, bed.done.the_bag), bed.done.the_bag),
        ),
    )
