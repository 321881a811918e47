"""Whether a viewer's chair side page is still current."""

from datetime import datetime
from hashlib import sha256

from infusion.bedside import Bedside

# The volume on the page may be this old before it is written anew, in mL.
VOLUME_STEP_ML = 10


def fingerprint(bed: Bedside) -> str:
    """Return a short fingerprint of everything the page says, but for what ticks by itself."""
    said = (
        bed.visit.status, bed.chair, bed.patient.updated_at, bed.here, bed.acts, bed.primary,
        bed.next_rate(), [entry.event.pk for entry in bed.entries], _run(bed),
    )  # fmt: skip
    return sha256(repr(said).encode()).hexdigest()[:12]


def _run(bed: Bedside) -> tuple[object, ...]:
    """What is computed from the record and moves with the time: to the minute, as it is shown."""
    run = bed.run
    if run is None:
        return ()
    ends = [_minute(at) for at in (run.projected_end, run.worst_case_end)]
    found = sorted({item.id for item in (*run.warnings, *run.why_not_sooner)})
    return (*ends, found, run.volume_left_ml // VOLUME_STEP_ML)


def _minute(at: datetime | None) -> datetime | None:
    return at and at.replace(second=0, microsecond=0)
