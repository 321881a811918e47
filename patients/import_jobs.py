"""Working on an import somebody asked for, in a Celery worker or, when there is none, in place."""

import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

from clinics.permissions import PATIENTS_IMPORT
from core import clock
from core.actor import Actor, ActorKind
from core.errors import Refusal
from patients import uploads
from patients.fhir.records import Refused, Unusable
from patients.fhir.source import open_source
from patients.importing import import_everything
from patients.models import ImportRun
from patients.services.import_runs import fail_import, finish_import, move_import_on, take_import
from patients.services.tally import Tally

TASK = "patients.tasks.run_import"
# What a web process may work on by itself without keeping the person waiting for long.
SMALL_BYTES = 5 * 1024 * 1024
BROKEN = "Something unexpected stopped it. What was imported until then is kept."

logger = logging.getLogger(__name__)


def start(run: ImportRun) -> None:
    """Hand a run to a worker; without a broker, work on a small one here and now."""
    try:
        current_app.send_task(TASK, [str(run.pk)], retry=False)
    except OperationalError:
        logger.warning("no broker: import %s is not handed to a worker", run.pk)
        if run.size_bytes <= SMALL_BYTES:
            work_on(run.pk)


def work_on(run_id: UUID, now: Callable[[], datetime] = clock.now) -> None:
    """Import the upload of a waiting run, and close the run whatever happens.

    Does nothing when the upload is not on this machine: another process may have it. Raises
    NotFound when the run is not waiting.
    """
    path = uploads.find(run_id)
    if path is None:
        logger.warning("import %s: its upload is not on this machine", run_id)
        return
    run = take_import(run_id=run_id, now=now())
    progress = _Progress(run_id, now)
    try:
        tally = import_everything(
            source=open_source(path), actor=_asker(run), now=now(), listener=progress
        )
        finish_import(run_id=run_id, tally=tally, next_number=progress.noted, now=now())
    except Unusable as exc:
        fail_import(run_id=run_id, problem=str(exc), now=now())
    except Refusal as exc:
        fail_import(run_id=run_id, problem=exc.message, now=now())
    except Exception:
        fail_import(run_id=run_id, problem=BROKEN, now=now())
        raise
    finally:
        uploads.remove(run_id)


def _asker(run: ImportRun) -> Actor:
    """The person who asked, with the one permission they showed when they did."""
    return Actor(
        kind=ActorKind.USER,
        clinic_id=run.clinic_id,
        user_id=run.requested_by_id,
        permissions=frozenset({PATIENTS_IMPORT}),
    )


class _Progress:
    """Keeps what the page shows while the import runs."""

    def __init__(self, run_id: UUID, now: Callable[[], datetime]) -> None:
        self.run_id = run_id
        self.now = now
        self.noted = 0
        self.fresh: list[Refused] = []

    def refused(self, refusal: Refused) -> None:
        self.fresh.append(refusal)

    def progressed(self, tally: Tally) -> None:
        move_import_on(
            run_id=self.run_id, tally=tally, refused=self.fresh, first_number=self.noted,
            now=self.now(),
        )  # fmt: skip
        self.noted += len(self.fresh)
        self.fresh = []
