"""An import as a scheduler made it this morning: two referrals taken, three lines refused."""

from datetime import datetime, timedelta

from clinics.models import Role
from infusion.demo.setting import Setting
from patients import import_jobs, uploads
from patients.fhir.table import HEADER
from patients.models import ImportRun
from patients.services.import_runs import request_import

FILE_NAME = "referrals.csv"
LINES = (
    "R-1001,Example,Ada,1984-02-11,Ms,female,,en,,",
    "R-1002,Example,Bela,1991-30-07,Mr,male,,en,,",
    "R-1003,Example,Cleo,,Ms,female,,en,,",
    "R-1004,Example,Dara,1979-09-23,,other,,en,,",
    ",Example,Enno,1990-12-01,Mr,male,,de,,",
)


def hand_in_referrals(setting: Setting, now: datetime) -> ImportRun:
    """Hand in a file with faults through the import page's own services, two hours before `now`."""
    at = now - timedelta(hours=2)
    data = "\n".join((",".join(HEADER), *LINES)).encode()
    run = request_import(
        file_name=FILE_NAME, size_bytes=len(data), actor=setting.actor(Role.SCHEDULER), now=at
    )
    uploads.keep(run.pk, run.file_name, [data])
    import_jobs.work_on(run.pk, now=lambda: at)
    run.refresh_from_db()
    return run
