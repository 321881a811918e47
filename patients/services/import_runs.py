"""The life of an import somebody asked for: requested, taken up, moved on, over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from clinics.permissions import PATIENTS_IMPORT
from core import audit
from core.actor import Actor
from core.db import command, refusing
from core.errors import Conflict, Forbidden, NotFound
from patients.fhir.records import Refused
from patients.models import ImportNote, ImportRun
from patients.services.tally import Tally

# A run that nobody has moved on for so long has lost whoever worked on it.
LOST_AFTER = timedelta(minutes=3)
LOST = "It stopped half-way. Import the file again: what is here already is left as it is."

State = ImportRun.State


@command
def request_import(*, file_name: str, size_bytes: int, actor: Actor, now: datetime) -> ImportRun:
    """Open a run for one upload.

    Raises Forbidden, and Conflict while another import of the clinic is on its way. One that has
    stopped moving is declared failed first.
    """
    actor.require(PATIENTS_IMPORT)
    if actor.user_id is None:
        raise Forbidden("Only a person can ask for an import.")
    stuck = ImportRun.objects.filter(
        clinic_id=actor.clinic_id,
        state__in=[State.WAITING, State.RUNNING],
        alive_at__lt=now - LOST_AFTER,
    )
    stuck.update(state=State.FAILED, finished_at=now, problem=LOST)
    run = ImportRun(
        clinic_id=actor.clinic_id,
        requested_at=now,
        requested_by_id=actor.user_id,
        alive_at=now,
        file_name=file_name,
        size_bytes=size_bytes,
    )
    with refusing(
        import_run_one_at_a_time=Conflict("An import of this clinic is already on its way.")
    ):
        run.save(force_insert=True)
    audit.record("import.requested", run, actor=actor, now=now)
    return run


@command
def take_import(*, run_id: UUID, now: datetime) -> ImportRun:
    """Take up a waiting run. Raises NotFound when somebody else has, so two never work on one."""
    taken = ImportRun.objects.filter(pk=run_id, state=State.WAITING).update(
        state=State.RUNNING, alive_at=now
    )
    if not taken:
        raise NotFound
    return ImportRun.objects.get(pk=run_id)


@command
def move_import_on(
    *, run_id: UUID, tally: Tally, refused: Sequence[Refused], first_number: int, now: datetime
) -> None:
    """Keep how far a run is, and the refusals since the last time."""
    ImportNote.objects.bulk_create(
        ImportNote(
            run_id=run_id,
            number=number,
            outcome=ImportNote.Outcome.REFUSED,
            place=str(one.place),
            resource=one.resource,
            reason=one.reason,
        )
        for number, one in enumerate(refused, first_number)
    )
    ImportRun.objects.filter(pk=run_id, state=State.RUNNING).update(
        alive_at=now, lines_read=tally.lines_read, counts=tally.by_resource()
    )


@command
def finish_import(*, run_id: UUID, tally: Tally, next_number: int, now: datetime) -> None:
    """Close a run whose input was read to its end, with what was left out and why."""
    ImportNote.objects.bulk_create(
        ImportNote(
            run_id=run_id,
            number=number,
            outcome=ImportNote.Outcome.SKIPPED,
            place=file,
            resource=resource,
            reason=reason,
            times=times,
        )
        for number, ((file, resource, reason), times) in enumerate(
            sorted(tally.skips.items()), next_number
        )
    )
    ImportRun.objects.filter(pk=run_id, state=State.RUNNING).update(
        state=State.DONE, alive_at=now, finished_at=now,
        lines_read=tally.lines_read, counts=tally.by_resource(),
    )  # fmt: skip


@command
def fail_import(*, run_id: UUID, problem: str, now: datetime) -> None:
    """Close a run that could not go on, with one line for the person who asked."""
    ImportRun.objects.filter(pk=run_id, state__in=[State.WAITING, State.RUNNING]).update(
        state=State.FAILED, finished_at=now, problem=problem[:300]
    )
