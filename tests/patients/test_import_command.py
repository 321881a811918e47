"""The command: what it prints, when it stops, and with which exit code."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clinics.models import Clinic
from core.errors import Busy
from patients.fhir.table import HEADER
from patients.management.commands import import_patients
from patients.models import Patient
from tests.patients.builders import allergy, ndjson, patient
from tests.people import make_clinic

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


def run(*args: Any, **options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("import_patients", *args, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_each_refusal_stands_under_the_counts(clinic: Clinic, tmp_path: Path) -> None:
    path = ndjson(tmp_path, patient(), "broken", allergy("A", "nobody"), {"resourceType": "Group"})

    out, _err = run(path, clinic=clinic.slug)

    lines = out.splitlines()
    assert lines[-3:] == [
        "in.ndjson: 1 skipped: Group: not a resource this import takes",
        "in.ndjson:2: (unreadable): not JSON, from column 1",
        "in.ndjson:3: AllergyIntolerance: patient: not known here, and not taken from this import",
    ]


def test_a_dry_run_says_so_and_changes_nothing(clinic: Clinic, tmp_path: Path) -> None:
    out, _err = run(ndjson(tmp_path, patient()), "--dry-run", clinic=clinic.slug)

    assert out.startswith("Nothing was changed.")
    assert ["Patient", "1", "0", "0", "0", "0"] in [line.split() for line in out.splitlines()]
    assert not Patient.objects.exists()


def test_the_header_is_printed_for_whoever_asks() -> None:
    assert run("--csv-header")[0].strip() == ",".join(HEADER)


def test_progress_is_told_where_nobody_watches(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_patients, "TELL_EVERY", 2)
    monkeypatch.setattr("patients.importing.BATCH", 1)
    people = [patient(f"M{n}") for n in range(6)]

    _out, err = run(ndjson(tmp_path, *people), clinic=clinic.slug)

    assert err.split() == ["2", "lines", "4", "lines", "6", "lines"]


UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no path": ({"path": None}, "Give a PATH and --clinic SLUG."),
    "no clinic": ({"clinic": None}, "Give a PATH and --clinic SLUG."),
    "no such clinic": ({"clinic": "nowhere"}, "There is no clinic with that slug."),
    "no such file": ({"path": "nowhere.ndjson"}, "there is no such file or folder"),
    "an empty folder": ({"path": "."}, "in this folder"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_input_is_one_line_and_exit_code_2(
    case: str, clinic: Clinic, tmp_path: Path
) -> None:
    changes, words = UNUSABLE[case]
    (tmp_path / "empty").mkdir()
    wanted: dict[str, Any] = {"path": "in.ndjson", "clinic": clinic.slug} | changes
    path = wanted["path"] and (tmp_path / "empty" / wanted["path"])

    with pytest.raises(CommandError, match=words) as stopped:
        run(*([path] if path else []), clinic=wanted["clinic"])

    assert stopped.value.returncode == 2
    assert "\n" not in str(stopped.value)


def test_a_record_kept_locked_stops_it_with_exit_code_1(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**_: Any) -> None:
        raise Busy("Someone else is changing this. Please try again.")

    monkeypatch.setattr("patients.importing.import_batch", busy)
    with pytest.raises(CommandError, match="run the import again") as stopped:
        run(ndjson(tmp_path, patient()), clinic=clinic.slug)
    assert stopped.value.returncode == 1


def test_the_shell_sees_the_exit_code() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "import_patients"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.strip() == "CommandError: Give a PATH and --clinic SLUG."
