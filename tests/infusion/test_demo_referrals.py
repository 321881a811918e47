"""The demo's import page has something on it: what was taken, what was refused, and why."""

from pathlib import Path
from typing import Any

from clinics.models import Clinic, Role, User
from infusion.demo.referrals import FILE_NAME, hand_in_referrals
from infusion.demo.setting import Setting
from patients import uploads
from patients.models import ImportNote, ImportRun, Patient
from tests.people import MONDAY_NINE, make_user


def test_the_referrals_are_taken_or_refused_by_name(
    clinic: Clinic, tmp_path: Path, settings: Any
) -> None:
    settings.IMPORT_DIR = tmp_path
    users: dict[str, User] = {Role.SCHEDULER: make_user(clinic, Role.SCHEDULER)}
    run = hand_in_referrals(Setting(clinic, [], users), MONDAY_NINE)
    assert (run.state, run.file_name) == (ImportRun.State.DONE, FILE_NAME)
    assert set(Patient.objects.values_list("mrn", flat=True)) == {"R-1001", "R-1004"}
    refused = ImportNote.objects.filter(run=run, outcome=ImportNote.Outcome.REFUSED)
    assert [note.place.rsplit(":", 1)[-1].strip() for note in refused] == ["3", "4", "6"]
    assert uploads.find(run.pk) is None
