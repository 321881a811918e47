"""What is wrong or late with a running infusion at one moment."""

from dataclasses import dataclass
from datetime import datetime

from clinical.charting import rate_text
from clinical.findings import Finding
from clinical.model import ReactionSeverity
from clinical.timeline import Recovery, Timeline
from clinical.titration import duration_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Something that should have been done, and since when."""

    finding: Finding
    since: datetime


def needs_stop(timeline: Timeline, recovery: Recovery) -> bool:
    """Return whether a severe reaction still asks for the infusion to be stopped."""
    return recovery.severity is ReactionSeverity.SEVERE and not recovery.stopped


def reaction_overdue(timeline: Timeline) -> list[Overdue]:
    """Return what a charted reaction asks for that is not charted yet."""
    protocol, recovery = timeline.protocol, timeline.recovery
    if timeline.permanent_at is not None:
        words = "Life-threatening reaction: stop, treat, never give it again."
        finding = protocol.finding("REACTION-PERMANENT", words)
        return [Overdue(finding=finding, since=timeline.permanent_at)]
    if recovery is None or not timeline.flowing:
        return []
    since = recovery.reaction.at
    if needs_stop(timeline, recovery):
        words = "Severe reaction: stop the infusion now and treat."
        return [Overdue(finding=protocol.finding("REACTION-STOP", words), since=since)]
    if not recovery.reduced:
        words = f"Reduce the rate to {rate_text(recovery.ceiling_ml_h)} now."
        return [Overdue(finding=protocol.finding("REACTION-HALVE", words), since=since)]
    return []


def bag_findings(timeline: Timeline) -> list[Finding]:
    """Return VOLUME-EXCEEDS-BAG when the charted rates add up to more than the bag holds."""
    over = timeline.charted_ml - timeline.plan.volume_ml
    if timeline.started_at is None or timeline.empty_s is None:
        return []
    if over <= timeline.protocol.titration.volume_tolerance_ml:
        return []
    empty = timeline.started_at + duration_of(timeline.empty_s)
    words = (
        f"The charted rates empty the bag at {empty.isoformat()} and add up to "
        f"{float(over):.1f} mL more than it holds."
    )
    return [timeline.protocol.finding("VOLUME-EXCEEDS-BAG", words)]


def beyond_use_findings(
    timeline: Timeline,
    *,
    end: datetime | None,
    worst: datetime | None,
    must_finish_by: datetime | None,
) -> list[Finding]:
    """Return BEYOND-USE-PASSED or BEYOND-USE-RISK for an infusion that is not over yet."""
    if must_finish_by is None or end is None or worst is None or timeline.ended:
        return []
    limit = must_finish_by.isoformat()
    if end > must_finish_by:
        words = f"The expected end {end.isoformat()} is after the beyond-use time {limit}."
        return [timeline.protocol.finding("BEYOND-USE-PASSED", words)]
    if worst > must_finish_by:
        words = f"Held at this rate it would end at {worst.isoformat()}; beyond-use time {limit}."
        return [timeline.protocol.finding("BEYOND-USE-RISK", words)]
    return []


def charted_findings(timeline: Timeline) -> list[Finding]:
    """Return the findings of the charted events, each once, in the order they happened."""
    notes = dict.fromkeys((note.rule_id, note.words) for note in timeline.notes)
    return [timeline.protocol.finding(rule_id, words) for rule_id, words in notes]
