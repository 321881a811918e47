"""What an import did, in numbers: small, whatever the size of the input."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from patients.fhir.records import Record, Refused, Skipped


class Outcome(StrEnum):
    """How one line or entry ended."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    SKIPPED = "skipped"


@dataclass(slots=True)
class Tally:
    """Counts by resource and outcome, and what was left out, by file and reason."""

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    skips: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    lines_read: int = 0

    def count(self, resource: str, outcome: Outcome, times: int = 1) -> None:
        """Add `times` lines that ended as `outcome`."""
        self.counts[resource, outcome] += times
        self.lines_read += times

    def skip(self, item: Skipped) -> None:
        """Add a line that was left out, with its reason."""
        self.count(item.resource, Outcome.SKIPPED)
        self.skips[item.place.file, item.resource, item.reason] += 1

    def of(self, resource: str, outcome: Outcome) -> int:
        """Return how many lines of `resource` ended as `outcome`."""
        return self.counts[resource, outcome]

    def total(self, outcome: Outcome) -> int:
        """Return how many lines ended as `outcome`, of any resource."""
        return sum(times for (_name, ended), times in self.counts.items() if ended == outcome)

    def by_resource(self) -> dict[str, dict[str, int]]:
        """Return resource -> outcome -> how many, every outcome named, for showing and keeping."""
        names = sorted({name for name, _outcome in self.counts})
        return {
            name: {str(outcome): self.counts[name, outcome] for outcome in Outcome}
            for name in names
        }


@dataclass(slots=True)
class BatchResult:
    """How each record of one batch ended."""

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    refusals: list[Refused] = field(default_factory=list)

    def count(self, record: Record, outcome: Outcome) -> None:
        """Add one record that ended as `outcome`."""
        self.counts[record.resource, outcome] += 1

    def refuse(self, record: Record, reason: str) -> None:
        """Add one record that was refused, and why."""
        self.refusals.append(Refused(record.place, record.resource, reason))

    def add(self, other: "BatchResult") -> None:
        """Take in the result of a part of the batch."""
        self.counts.update(other.counts)
        self.refusals.extend(other.refusals)
