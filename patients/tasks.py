"""What Celery carries for this room: the id of an import to work on, and nothing else."""

from uuid import UUID

from celery import shared_task

from core.errors import NotFound
from patients.import_jobs import TASK, work_on


@shared_task(name=TASK)
def run_import(run_id: str) -> None:
    """Work on an import. A second delivery of the same id finds nothing left to do."""
    try:
        work_on(UUID(run_id))
    except NotFound:
        return
