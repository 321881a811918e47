"""An infusion reaction: how bad, what it does to the rate, when the rate may rise again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from clinical.climb import Rung, Segment, climb, policies_for, rungs
from clinical.findings import Finding
from clinical.model import ClimbPolicy, Protocol, ReactionSeverity
from clinical.titration import RatePlan, duration_of, seconds, volume_in


def severity_of_grade(protocol: Protocol, grade: int) -> ReactionSeverity:
    """Return the label's band for a CTCAE grade (a convention); ValueError for no such grade."""
    for row in protocol.reaction.grades:
        if row.grade == grade:
            return row.severity
    known = ", ".join(str(row.grade) for row in protocol.reaction.grades)
    raise ValueError(f"grade {grade} is not one of {known}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the signs suggest; a clinician decides. `stop_for_good` is the leaflet's word for
    severe pulmonary symptoms and suspected hypersensitivity."""

    severity: ReactionSeverity
    stop_for_good: bool
    because: tuple[str, ...]
    findings: tuple[Finding, ...]


def _triggers(protocol: Protocol, signs: Collection[str]) -> dict[str, list[str]]:
    rules = protocol.reaction
    together = list(rules.severe_together)
    return {
        "severe": [sign for sign in rules.severe_any if sign in signs]
        + (together if set(together) <= set(signs) else []),
        "life_threatening": [sign for sign in rules.life_threatening_any if sign in signs],
        "for_good": [sign for sign in rules.permanent_any if sign in signs],
    }


def suggest(
    protocol: Protocol, *, signs: Collection[str] = (), grade: int | None = None
) -> Suggestion:
    """Return the severity that `grade` and the leaflet's trigger signs (EU-PL) suggest.

    Signs only ever raise what the grade says. Raises ValueError for an unknown sign or grade.
    """
    if strangers := sorted(set(signs) - set(protocol.reaction.signs)):
        raise ValueError(f"unknown sign {strangers[0]!r}")
    severity = ReactionSeverity.MILD_MODERATE
    if grade is not None:
        severity = severity_of_grade(protocol, grade)
    triggers = _triggers(protocol, signs)
    stop_for_good = bool(triggers["life_threatening"] or triggers["for_good"])
    reached = severity
    if triggers["severe"] or triggers["for_good"]:
        reached = max(reached, ReactionSeverity.SEVERE, key=lambda item: item.rank)
    if triggers["life_threatening"]:
        reached = ReactionSeverity.LIFE_THREATENING
    because = tuple(dict.fromkeys(sign for found in triggers.values() for sign in found))
    findings: list[Finding] = []
    if because:
        ending = "; the leaflet says: stop for good" if stop_for_good else ""
        signs_seen = ", ".join(because).replace("_", " ").capitalize()
        words = f"{signs_seen}: the leaflet names this {reached.words}{ending}."
        findings.append(protocol.finding("REACTION-SUGGESTED", words))
    return Suggestion(
        severity=reached,
        stop_for_good=stop_for_good or reached is ReactionSeverity.LIFE_THREATENING,
        because=because,
        findings=tuple(findings),
    )


def reduced_rate(protocol: Protocol, rate_ml_h: Fraction) -> Fraction:
    """Return the rate to go down to from the rate really running at onset, in mL/h, unrounded.

    Source: half, in the article and in both labels; "half of the original rate" is read as this.
    """
    return rate_ml_h * protocol.reaction.rate_fraction


def check_increase(
    protocol: Protocol,
    *,
    at: datetime,
    reduced_since: datetime,
    symptoms_resolved_at: datetime | None,
    hold: timedelta | None = None,
) -> list[Finding]:
    """Return why the rate may not rise at `at`; nothing when it may.

    Both are needed: the time at the present rate (`hold`, the reaction hold by default) and
    symptoms resolved by then. None for `symptoms_resolved_at` means they are still open.
    """
    findings: list[Finding] = []
    opens = reduced_since + (protocol.reaction.hold if hold is None else hold)
    if at < opens:
        words = f"The rate may rise from {opens.isoformat()}."
        findings.append(protocol.finding("INCREASE-TOO-SOON", words))
    if symptoms_resolved_at is None or at < symptoms_resolved_at:
        words = "Symptoms are not charted as resolved; the rate stays."
        findings.append(protocol.finding("INCREASE-SYMPTOMS", words))
    return findings


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionOutcome:
    """What a reaction at one minute of a plan leads to. Seconds count from the infusion's start.

    Without a restart (life-threatening, or severe with symptoms still open) everything from
    `restart_s` on is None and `paths` is empty; a life-threatening one has no new rate either.
    """

    severity: ReactionSeverity
    rate_at_onset_ml_h: Fraction
    volume_at_onset_ml: Fraction
    remaining_ml: Fraction
    original_end_s: Fraction
    new_rate_ml_h: Fraction | None
    restart_s: Fraction | None
    earliest_increase_s: Fraction | None
    volume_at_earliest_increase_ml: Fraction | None
    paths: Mapping[ClimbPolicy, tuple[Segment, ...]]

    def end(self, policy: ClimbPolicy) -> timedelta:
        """Return the time from the start to the empty bag under `policy`; KeyError without one."""
        return duration_of(self.paths[policy][-1].ends_s)

    def delay(self, policy: ClimbPolicy) -> timedelta:
        """Return how much later than planned the bag is empty under `policy`."""
        return duration_of(self.paths[policy][-1].ends_s - self.original_end_s)


def _path(
    protocol: Protocol,
    plan: RatePlan,
    policy: ClimbPolicy,
    *,
    onset_s: Fraction,
    begins: tuple[Fraction, Fraction],
) -> tuple[Segment, ...]:
    """Return the stretches from onset to the empty bag, a stop in front where there was one.

    `begins` is when the reduced rate starts and when it may first rise, in seconds.
    """
    (restart_s, increase_s), onset = begins, duration_of(onset_s)
    onset_ml_h, given_ml = plan.rate_at(onset), plan.volume_at(onset)
    reduced = reduced_rate(protocol, onset_ml_h)
    first = Rung(rate_ml_h=reduced, hold=duration_of(increase_s - restart_s))
    rising = rungs(plan.table, protocol.reaction, policy, rate_ml_h=reduced, onset_ml_h=onset_ml_h)
    risen = climb(first, rising, volume_ml=plan.volume_ml, left_ml=plan.volume_ml - given_ml)
    stretches = [
        replace(item, starts_s=restart_s + item.starts_s, ends_s=restart_s + item.ends_s)
        for item in risen
    ]
    if restart_s > onset_s:
        stop = Segment(
            rate_ml_h=Fraction(0), starts_s=onset_s, ends_s=restart_s, cumulative_ml=given_ml
        )
        stretches.insert(0, stop)
    return tuple(stretches)


def _restart(
    protocol: Protocol,
    severity: ReactionSeverity,
    onset_s: Fraction,
    symptom_free_after: timedelta | None,
) -> tuple[Fraction, Fraction] | None:
    """Return (seconds at which the reduced rate begins, seconds at which it may first rise)."""
    hold = seconds(protocol.reaction.hold)
    free = None if symptom_free_after is None else onset_s + seconds(symptom_free_after)
    if severity is ReactionSeverity.MILD_MODERATE:
        return onset_s, max(onset_s + hold, free or onset_s)
    if severity is ReactionSeverity.SEVERE and free is not None:
        return free, free + hold
    return None


def what_if(
    protocol: Protocol,
    plan: RatePlan,
    *,
    onset: timedelta,
    severity: ReactionSeverity,
    symptom_free_after: timedelta | None = None,
) -> ReactionOutcome:
    """Return what a reaction at `onset` of an infusion running to plan leads to.

    `symptom_free_after` counts from onset; None means "within the hold" for a mild to moderate
    reaction and "not yet" for a severe one. Raises ValueError when nothing runs at `onset`.
    """
    rate = plan.rate_at(onset)
    if rate == 0:
        raise ValueError("nothing is running at that minute")
    onset_s, given = seconds(onset), plan.volume_at(onset)
    begins = _restart(protocol, severity, onset_s, symptom_free_after)
    stopped_for_good = severity is ReactionSeverity.LIFE_THREATENING
    reduced, at_increase = reduced_rate(protocol, rate), None
    paths: dict[ClimbPolicy, tuple[Segment, ...]] = {}
    if begins is not None:
        held = volume_in(reduced, begins[1] - begins[0])
        at_increase = min(plan.volume_ml, given + held)
        paths = {
            policy: _path(protocol, plan, policy, onset_s=onset_s, begins=begins)
            for policy in policies_for(plan.table)
        }
    return ReactionOutcome(
        severity=severity,
        rate_at_onset_ml_h=rate,
        volume_at_onset_ml=given,
        remaining_ml=plan.volume_ml - given,
        original_end_s=plan.total_seconds,
        new_rate_ml_h=None if stopped_for_good else reduced,
        restart_s=begins[0] if begins else None,
        earliest_increase_s=begins[1] if begins else None,
        volume_at_earliest_increase_ml=at_increase,
        paths=paths,
    )
