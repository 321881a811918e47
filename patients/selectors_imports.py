"""Reading imports: the clinic's runs, and what one of them refused."""

from datetime import datetime
from uuid import UUID

from clinics.permissions import PATIENTS_IMPORT
from core.actor import Actor
from core.errors import NotFound
from patients.models import ImportNote, ImportRun
from patients.services.import_runs import LOST_AFTER

RUNS_SHOWN = 20
NOTES_SHOWN = 200


def recent_runs(actor: Actor) -> list[ImportRun]:
    """Return the clinic's newest imports, newest first."""
    actor.require(PATIENTS_IMPORT)
    runs = ImportRun.objects.filter(clinic_id=actor.clinic_id).select_related("requested_by")
    return list(runs.order_by("-requested_at", "id")[:RUNS_SHOWN])


def run_of(actor: Actor, run_id: UUID) -> ImportRun:
    """Return one import. Raises NotFound for another clinic's."""
    actor.require(PATIENTS_IMPORT)
    run = (
        ImportRun.objects.filter(clinic_id=actor.clinic_id, pk=run_id)
        .select_related("requested_by")
        .first()
    )
    if run is None:
        raise NotFound
    return run


def notes_of(run: ImportRun, outcome: str, *, limit: int | None = None) -> list[ImportNote]:
    """Return a run's refusals or skips in the order of the input, at most `limit`."""
    return list(run.notes.filter(outcome=outcome).order_by("number")[:limit])


def is_lost(run: ImportRun, now: datetime) -> bool:
    """Whether nobody seems to be working on a run that is not over."""
    return not run.is_over and run.alive_at < now - LOST_AFTER
