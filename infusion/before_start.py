"""What must be there before the line runs, and what still stands in its way. Pure.

Everything that blocks is a finding with words: what the clinical core says about the patient and
the bag, and what this room asks for besides (the parts of the page, the second person).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum

from clinical.beyond_use import start_findings
from clinical.findings import Finding, Grade, Severity, by_severity
from clinical.model import Protocol
from clinical.titration import RatePlan
from infusion import record
from infusion.bag import Bag, bag_findings
from infusion.checklist import Answers, Question
from infusion.models import InfusionEvent
from patients.models import SignOff, Vaccination

Kind = InfusionEvent.Kind


class Part(StrEnum):
    """The parts of the page, in its order; each is charted by one act or more."""

    CHECKLIST = "checklist"
    ACCESS = "access"
    BAG = "bag"
    BAG_CHECK = "bag_check"
    VITALS = "vitals"


PARTS = len(Part) + 1  # and the premedication
MISSING = {
    Part.CHECKLIST: ("CHECKLIST-MISSING", "The safety questions of today are not answered."),
    Part.ACCESS: ("ACCESS-MISSING", "IV access is not charted."),
    Part.BAG: ("BAG-MISSING", "No bag is charted."),
    Part.BAG_CHECK: ("BAG-CHECK-MISSING", "A second person has not checked this bag."),
    Part.VITALS: ("VITALS-BASELINE-MISSING", "Baseline vital signs are not charted."),
}
UNRECORDED = "VACCINATION-UNRECORDED"
DECIDED = "PRESCRIBER-MUST-NOT"
PRESCRIBER = "prescriber"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What stands charted of this attendance, the last of each kind.

    `check` is there only when somebody checked this very bag who had no hand in charting it.
    """

    checklist: InfusionEvent | None = None
    access: InfusionEvent | None = None
    bag: InfusionEvent | None = None
    check: InfusionEvent | None = None
    vitals: InfusionEvent | None = None

    def event(self, part: Part) -> InfusionEvent | None:
        """Return what charts a part, None while it is not done."""
        return {
            Part.CHECKLIST: self.checklist,
            Part.ACCESS: self.access,
            Part.BAG: self.bag,
            Part.BAG_CHECK: self.check,
            Part.VITALS: self.vitals,
        }[part]

    @property
    def todo(self) -> tuple[Part, ...]:
        """The parts that are not done, in their order."""
        return tuple(part for part in Part if self.event(part) is None)

    def parts_done(self, *, premedicated: bool) -> int:
        """Return how many of the PARTS are done."""
        return PARTS - 1 - len(self.todo) + premedicated

    @property
    def answers(self) -> Answers | None:
        """Today's answers."""
        return None if self.checklist is None else Answers.read(self.checklist.values)

    @property
    def the_bag(self) -> Bag | None:
        """The bag in words of its own."""
        return None if self.bag is None else Bag.read(self.bag.values)


def prepared(
    events: Sequence[InfusionEvent], *, since: datetime, until: datetime | None = None
) -> Prepared:
    """Return what was prepared from `since` on, and by `until` when it is given.

    What was charted on another day belongs to an attendance on which nothing ran.
    """
    here = [
        event
        for event in record.standing(events)
        if event.occurred_at >= since and (until is None or event.occurred_at <= until)
    ]
    last = {Kind(event.kind): event for event in here}
    bag = last.get(Kind.BAG)
    return Prepared(
        checklist=last.get(Kind.CHECKLIST),
        access=last.get(Kind.ACCESS),
        bag=bag,
        check=None if bag is None else _check_of(bag, here, events),
        vitals=last.get(Kind.VITALS),
    )


def charted_by(fact: InfusionEvent, events: Iterable[InfusionEvent]) -> set[object]:
    """Return everybody who charted a fact or corrected it on its way to what it says now."""
    by_id = {event.pk: event for event in events}
    people: set[object] = {fact.recorded_by_id}
    older = fact
    while older.amends_id in by_id:
        older = by_id[older.amends_id]
        people.add(older.recorded_by_id)
    return people


def _check_of(
    bag: InfusionEvent, here: Sequence[InfusionEvent], events: Sequence[InfusionEvent]
) -> InfusionEvent | None:
    """A check is of one bag as it was charted: another bag, or a correction, ends it."""
    makers = charted_by(bag, events)
    checks = [
        event
        for event in here
        if event.kind == Kind.BAG_CHECKED
        and event.values.get("bag") == str(bag.pk)
        and not charted_by(event, events) & makers
    ]
    return checks[-1] if checks else None


def own_finding(rule_id: str, words: str, clears_when: str = "") -> Finding:
    """Return what this room itself asks for: nobody may go past it."""
    return Finding(
        id=rule_id, severity=Severity.BLOCK, words=words, source=("POLICY",), grade=Grade.POLICY,
        needs_sign_off=False, clears_when=clears_when, override_by=(),
    )  # fmt: skip


def missing_findings(done: Prepared) -> list[Finding]:
    """Return one finding for each part that is not done.

    A bag that is not there needs no check yet.
    """
    return [
        own_finding(*MISSING[part])
        for part in done.todo
        if part is not Part.BAG_CHECK or done.bag is not None
    ]


def vaccination_findings(
    protocol: Protocol,
    answers: Answers | None,
    vaccinations: Iterable[Vaccination],
    *,
    last_dose_on: date | None,
    on: date,
) -> list[Finding]:
    """Return VACCINATION-UNRECORDED when one is reported today that is not on record.

    Only a vaccine with its day can be judged. One since the last dose counts, before the first
    dose one within the longest interval the protocol keeps.
    """
    if answers is None or not answers.says(Question.VACCINATION):
        return []
    since = last_dose_on or on - protocol.eligibility.live_vaccine_before
    if any(
        row.status == Vaccination.Status.GIVEN and since <= row.occurred_on <= on
        for row in vaccinations
    ):
        return []
    words = "A vaccination is reported and not on record: which one, and when, decides."
    return [own_finding(UNRECORDED, words, "the vaccination is recorded with its day")]


def bag_start_findings(
    protocol: Protocol, bag: Bag | None, plan: RatePlan, *, start: datetime, zone: tzinfo
) -> list[Finding]:
    """Return what is wrong with a start on this bag: itself, and that it would not end in time."""
    if bag is None:
        return []
    found = bag_findings(protocol, bag, on=start.astimezone(zone).date(), at=start)
    late = start_findings(
        protocol, plan, start=start, must_finish_by=bag.use_by(protocol), zone=zone
    )
    known = {item.id for item in found}
    return [*found, *(item for item in late if item.id not in known)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A finding, and the decision of a prescriber that lets the infusion go past it."""

    finding: Finding
    sign_off: SignOff | None = None

    @property
    def blocks(self) -> bool:
        """Whether it still stands in the way; a caution is weighed with a reason instead."""
        return self.finding.severity is not Severity.CAUTION and self.sign_off is None

    @property
    def may_sign(self) -> bool:
        """Whether a prescriber's sign-off would clear it."""
        return self.blocks and signable(self.finding)


def signable(finding: Finding) -> bool:
    """Return whether a finding is a hold that a prescriber may go past. Nobody passes a block."""
    return finding.severity is Severity.HOLD and PRESCRIBER in finding.override_by


def judge(findings: Iterable[Finding], sign_offs: Iterable[SignOff], *, on: date) -> list[Judged]:
    """Return the findings, most severe first, each with the sign-off that clears it on `on`.

    Only the last decision on a rule counts. One that forbids blocks, whatever the rule says
    today, until a later one replaces it or its time is over.
    """
    valid = _decisions(sign_offs, on)
    judged = [
        Judged(finding=item, sign_off=_clearing(item, valid.get(item.id)))
        for item in by_severity(findings)
    ]
    forbidden = [
        Judged(finding=own_finding(DECIDED, f"{rule_id}: the prescriber decided not to proceed."))
        for rule_id, decision in sorted(valid.items())
        if decision.decision == SignOff.Decision.MUST_NOT
    ]
    return [*forbidden, *judged]


def _decisions(sign_offs: Iterable[SignOff], on: date) -> dict[str, SignOff]:
    last = {each.rule_id: each for each in sorted(sign_offs, key=lambda each: each.signed_at)}
    return {
        rule_id: each
        for rule_id, each in last.items()
        if each.until_date is None or each.until_date >= on
    }


def _clearing(finding: Finding, decision: SignOff | None) -> SignOff | None:
    if decision is None or not signable(finding):
        return None
    return decision if decision.decision == SignOff.Decision.MAY_PROCEED else None


def closed(finding: Finding) -> Finding:
    """Return a finding that no sign-off clears: it is settled elsewhere (a restart, a new day)."""
    return replace(finding, override_by=())
