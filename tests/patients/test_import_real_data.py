"""What an EHR's bulk export really holds, from the files to the tables and back again.

Every expected number is counted here from the raw JSON, by code that knows nothing of the import.
"""

import io
import json
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from clinics.models import Clinic
from core.models import AuditEntry
from patients.eligibility import NotBookable, bookable, why_not_bookable
from patients.models import Allergy, Patient, SourceLink, Vaccination
from patients.services.tally import Outcome
from tests.patients.builders import REAL, Heard, import_from
from tests.people import MONDAY_NINE, make_clinic

TODAY = MONDAY_NINE.date()
TABLES = ("patients_patient", "patients_allergy", "patients_vaccination", "patients_sourcelink")


def raw(name: str) -> list[dict[str, Any]]:
    """Return the resources of one file of the export."""
    lines = (REAL / f"{name}.000.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


def rows_as_stored() -> dict[str, Counter[str]]:
    """Return every row as text with its system columns: a row written again has another xmin."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT t.xmin::text || t.ctid::text || t::text FROM {table} t")
            found[table] = Counter(line for (line,) in cursor.fetchall())
    return found


def test_every_line_ends_as_a_record_or_as_a_named_skip(clinic: Clinic) -> None:
    heard = Heard()
    tally = import_from(REAL, clinic, heard)

    assert heard.refusals == []
    assert tally.of("Patient", Outcome.CREATED) == len(raw("Patient")) == 120
    assert tally.of("AllergyIntolerance", Outcome.CREATED) == len(raw("AllergyIntolerance")) == 75
    assert tally.of("Immunization", Outcome.CREATED) == len(raw("Immunization")) == 1818
    assert dict(tally.skips) == {
        ("Practitioner.000.ndjson", "Practitioner", "not a resource this import takes"): len(
            raw("Practitioner")
        )
    }
    assert tally.lines_read == sum(
        len((REAL / name).read_bytes().splitlines()) for name in sorted(REAL.glob("*.ndjson"))
    )
    assert (Patient.objects.count(), Allergy.objects.count(), Vaccination.objects.count()) == (
        120, 75, 1818,
    )  # fmt: skip


def test_people_arrive_as_they_were_written(clinic: Clinic) -> None:
    import_from(REAL, clinic)
    stored = {one.mrn: one for one in Patient.objects.all()}

    for person in raw("Patient"):
        found = stored[person["id"]]
        name = next(one for one in person["name"] if one["use"] == "official")
        assert found.family_name == name["family"]
        assert found.given_names == " ".join(name["given"])
        assert found.title == "".join(name.get("prefix", []))
        assert found.birth_date == date.fromisoformat(person["birthDate"])
        assert found.sex == person["gender"]
        assert found.telephone == person["telecom"][0]["value"]
        assert found.language == person["communication"][0]["language"]["coding"][0]["code"]
        died = person.get("deceasedDateTime")
        assert found.deceased_on == (date.fromisoformat(died[:10]) if died else None)
        assert (found.channel, found.consented_at, found.email) == ("none", None, "")
    assert "Concepción765" in {one.family_name for one in stored.values()}


def test_vaccines_are_live_or_not_by_their_code(clinic: Clinic) -> None:
    import_from(REAL, clinic)
    live_by_hand = {
        "03": True,
        "21": True,
        "119": True,
        "121": True,
    }  # MMR, varicella, rota, zoster
    expected: Counter[tuple[str, bool | None]] = Counter()
    for vaccine in raw("Immunization"):
        code = vaccine["vaccineCode"]["coding"][0]["code"]
        expected[code, live_by_hand.get(code, False)] += 1

    stored = Counter(Vaccination.objects.values_list("cvx", "is_live"))

    assert stored == expected
    assert sum(times for (_code, live), times in stored.items() if live) == 31 + 31 + 30 + 27
    assert set(Vaccination.objects.values_list("status", flat=True)) == {"given"}


def test_allergies_decide_the_four_state_answer(clinic: Clinic) -> None:
    import_from(REAL, clinic)
    expected: dict[str, set[str]] = defaultdict(set)
    for allergy in raw("AllergyIntolerance"):
        expected[allergy["patient"]["reference"].removeprefix("Patient/")].add(allergy["id"])

    known = Patient.objects.filter(allergy_status="known")

    assert len(expected) == 15
    assert set(known.values_list("mrn", flat=True)) == set(expected)
    assert Patient.objects.filter(allergy_status="not_recorded").count() == 120 - 15
    for mrn, ids in expected.items():
        rows = Allergy.objects.filter(patient__mrn=mrn)
        assert set(rows.values_list("source_id", flat=True)) == ids


def test_the_dead_and_the_young_are_here_and_never_bookable(clinic: Clinic) -> None:
    import_from(REAL, clinic)
    dead = {one["id"] for one in raw("Patient") if "deceasedDateTime" in one}
    young = {
        one["id"]
        for one in raw("Patient")
        if (int(one["birthDate"][:4]) + 18, one["birthDate"][5:]) > (TODAY.year, f"{TODAY:%m-%d}")
    }

    offered = set(Patient.objects.filter(bookable(TODAY)).values_list("mrn", flat=True))

    assert len(dead) == 20
    assert len(young) == 22
    assert offered == {one["id"] for one in raw("Patient")} - dead - young
    for patient in Patient.objects.all():
        reason = why_not_bookable(patient, TODAY)
        assert (reason is None) == (patient.mrn in offered)
        assert (reason is NotBookable.DECEASED) == (patient.mrn in dead)


def test_a_second_import_writes_nothing_at_all(clinic: Clinic) -> None:
    import_from(REAL, clinic)
    before, entries = rows_as_stored(), AuditEntry.objects.count()

    tally = import_from(REAL, clinic)

    assert [tally.total(outcome) for outcome in Outcome] == [0, 0, 120 + 75 + 1818, 0, 271]
    assert rows_as_stored() == before
    assert AuditEntry.objects.count() == entries


def test_every_change_is_in_the_ledger_without_names(clinic: Clinic) -> None:
    import_from(REAL, clinic)

    made = AuditEntry.objects.filter(action="patient.created")
    vaccinated = AuditEntry.objects.filter(action="patient.facts_imported")
    written = {
        one
        for details in vaccinated.values_list("details", flat=True)
        for ids in details.values()
        for one in ids
    }

    assert set(made.values_list("patient_id", flat=True)) == set(
        Patient.objects.values_list("pk", flat=True)
    )
    assert len(written) == 75 + 1818
    assert set(AuditEntry.objects.values_list("actor_kind", flat=True)) == {"system"}
    everything = json.dumps(list(AuditEntry.objects.values_list("details", flat=True)))
    assert not [one.family_name for one in Patient.objects.all() if one.family_name in everything]


def test_the_same_people_in_another_clinic_are_other_patients(clinic: Clinic) -> None:
    south = make_clinic("south")
    import_from(REAL, clinic)
    before = rows_as_stored()["patients_patient"]

    tally = import_from(REAL, south)

    assert tally.of("Patient", Outcome.CREATED) == 120
    assert Patient.objects.filter(clinic=south).count() == 120
    assert SourceLink.objects.filter(clinic=south, patient__clinic=clinic).count() == 0
    assert before <= rows_as_stored()["patients_patient"]


def test_a_patient_file_after_its_dependents_is_no_trouble(clinic: Clinic, tmp_path: Path) -> None:
    for name, renamed in (("Patient", "z"), ("AllergyIntolerance", "a")):
        (tmp_path / f"{renamed}.ndjson").write_bytes((REAL / f"{name}.000.ndjson").read_bytes())

    tally = import_from(tmp_path, clinic)

    assert tally.of("AllergyIntolerance", Outcome.CREATED) == 75
    assert tally.total(Outcome.REFUSED) == 0


def test_facts_may_come_days_after_their_people(clinic: Clinic) -> None:
    import_from(REAL / "Patient.000.ndjson", clinic)

    tally = import_from(REAL / "Immunization.000.ndjson", clinic)

    assert tally.of("Immunization", Outcome.CREATED) == 1818


def test_the_command_prints_what_became_of_every_line(clinic: Clinic) -> None:
    out = io.StringIO()

    call_command("import_patients", REAL, clinic=clinic.slug, stdout=out)

    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[0] == ["created", "updated", "unchanged", "refused", "skipped"]
    assert ["Patient", "120", "0", "0", "0", "0"] in lines
    assert ["Immunization", "1818", "0", "0", "0", "0"] in lines
    assert ["Practitioner", "0", "0", "0", "0", "271"] in lines
    assert "271 skipped: Practitioner: not a resource this import takes" in out.getvalue()
