"""Faults planted in an import, each among good lines: one refusal, and nothing else is lost."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clinics.models import Clinic
from core.errors import Forbidden
from patients.fhir.records import PatientLink, PatientRecord, Place, ResultRecord
from patients.fhir.source import open_source
from patients.importing import rehearse_import
from patients.models import Allergy, Patient, Vaccination
from patients.models import TestResult as Result
from patients.services.importing import import_batch
from patients.services.tally import Outcome
from tests.patients.builders import (
    Heard,
    allergy,
    bundle,
    condition,
    import_from,
    importer,
    ndjson,
    observation,
    patient,
    vaccination,
)
from tests.people import MONDAY_NINE, make_actor, make_clinic, make_patient

PERSON = PatientRecord(
    place=Place("in.ndjson", 1), mrn="M1", source_ids=("M1",), family_name="Doe",
    given_names="Jane", title=None, birth_date=date(1988, 3, 4), sex="female", died=None,
    died_on=None, language=None, telephone=None, email=None,
)  # fmt: skip
RESULT = ResultRecord(
    place=Place("in.ndjson", 2), patient=PatientLink("mrn", "M1"), source_id="O1",
    loinc="2465-3", label="IgG", value=Decimal("7.5"), finding="", unit="g/L",
    reference_low=None, reference_high=None, collected=date(2026, 1, 5),
)  # fmt: skip

NOT_A_DAY = "birthDate: there is no such day"
NOT_WHOLE = "birthDate: a whole date is needed, as 1988-03-04"
FAULTS: dict[str, tuple[Any, str]] = {
    "JSON that breaks off": ('{"resourceType":"Patient","id":', "not JSON, from column 32"),
    "not JSON at all": ("Doe, Jane, 1988", "not JSON, from column 1"),
    "a list": ("[1, 2]", "not a FHIR resource"),
    "a number": ("7", "not a FHIR resource"),
    "no type": ('{"id":"x"}', "not a FHIR resource"),
    "a type that is no text": ('{"resourceType":["Patient"]}', "not a FHIR resource"),
    "a NUL byte in the line": ('{"resourceType":"Pat\x00ient"}', "not JSON, from column 21"),
    "a NUL in a name": (
        patient("M2", name=[{"family": "D\x00oe"}]),
        "name.family: holds a control character or a broken one",
    ),
    "half a surrogate pair": (
        '{"resourceType":"Patient","id":"M2","birthDate":"1988-03-04","name":[{"family":"\\ud800"}]}',
        "not JSON, from column",
    ),
    "no birth date": (patient("M2", birthDate=None), "birthDate: missing"),
    "a birth year alone": (patient("M2", birthDate="1988"), NOT_WHOLE),
    "a birth date as a number": (patient("M2", birthDate=19880304), NOT_WHOLE),
    "the year 0": (patient("M2", birthDate="0000-01-01"), NOT_A_DAY),
    "31 February": (patient("M2", birthDate="1988-02-31"), NOT_A_DAY),
    "a birth to come": (patient("M2", birthDate="2031-01-01"), "birthDate: in the future"),
    "a birth long ago": (patient("M2", birthDate="1088-03-04"), "birthDate: before 1850"),
    "death before birth": (
        patient("M2", deceasedDateTime="1987-01-01"), "deceasedDateTime: before birthDate"
    ),
    "death to come": (
        patient("M2", deceasedDateTime="2031-01-01"), "deceasedDateTime: in the future"
    ),
    "death as a word": (
        patient("M2", deceasedBoolean="yes"), "deceasedBoolean: not true or false"
    ),
    "no name": (patient("M2", name=[]), "name: missing"),
    "a name that is a word": (patient("M2", name="Doe"), "name: not a list of objects"),
    "a family name that is a list": (
        patient("M2", name=[{"family": ["Doe"]}]), "name.family: not text"
    ),
    "given names that are a word": (
        patient("M2", name=[{"family": "Doe", "given": "Jane"}]), "name.given: not a list of texts"
    ),
    "a name without end": (
        patient("M2", name=[{"family": "D" * 121}]), "name.family: longer than 120 characters"
    ),
    "no identifier": (patient("M2", identifier=[]), "identifier: no medical record number"),
    "a social security number only": (
        patient("M2", identifier=[{"type": {"coding": [{"code": "SS"}]}, "value": "999"}]),
        "identifier: no medical record number",
    ),
    "a record number without end": (
        patient("M2", identifier=[{"value": "9" * 65}]),
        "identifier.value: longer than 64 characters",
    ),
    "a sex nobody defined": (
        patient("M2", gender="F"), "gender: not one of female, male, other, unknown"
    ),
    "a sex that is a list": (
        patient("M2", gender=[]), "gender: not one of female, male, other, unknown"
    ),
    "a status that is a list": (
        observation("O2", status=[]),
        "status: withdrawn by its source; if it was imported before, correct it by hand",
    ),
    "no id": (
        patient("M2", id=None), "id: missing, so it could not be recognised a second time"
    ),
    "an e-mail without @": (
        patient("M2", telecom=[{"system": "email", "value": "jane"}]),
        "telecom.email: not an e-mail address",
    ),
    "a vaccine on no day": (
        vaccination("V2", occurrenceDateTime=None), "occurrenceDateTime: missing"
    ),
    "a vaccine in words": (
        vaccination("V2", status="done"),
        "status: not one of completed, not-done, entered-in-error",
    ),
    "an allergy to nothing": (allergy("A2", code={}), "code: missing"),
    "an allergy of nobody": (
        allergy("A2", patient={"display": "Jane"}), "patient: does not say which patient"
    ),
    "an allergy of a device": (
        allergy("A2", patient={"reference": "Device/1"}),
        "patient.reference: not a reference to a patient",
    ),
    "an allergy of somebody unknown": (
        allergy("A2", "nobody"), "patient: not known here, and not taken from this import"
    ),
    "a result that is a bound": (
        observation("O2", valueQuantity={"value": 20, "comparator": "<"}),
        "valueQuantity.comparator: a bound is not a number, and nothing says what it means",
    ),
    "a result that says nothing": (
        observation("O2", valueQuantity=None, valueString="see report"),
        "value: neither a number nor positive, negative or indeterminate",
    ),
    "a result too exact to keep": (
        observation("O2", valueQuantity={"value": 0.00001}),
        "valueQuantity.value: more than four digits after the point",
    ),
    "a result too large to keep": (
        observation("O2", valueQuantity={"value": 1e300}),
        "valueQuantity.value: not a number that can be kept",
    ),
    "a result taken back": (
        observation("O2", status="entered-in-error"),
        "status: withdrawn by its source; if it was imported before, correct it by hand",
    ),
    "a result at a time without a zone": (
        observation("O2", effectiveDateTime="2026-01-05T08:30:00"),
        "effectiveDateTime: a time needs its offset from UTC",
    ),
    "a result before all time": (
        observation("O2", effectiveDateTime="0001-01-01T00:00:00+14:00"),
        "effectiveDateTime: there is no such day",
    ),
    "a condition that ended before it began": (
        condition("C2", abatementDateTime="2025-01-01"), "abatementDateTime: before onsetDateTime"
    ),
    "a condition that ended on no day": (
        condition("C2", clinicalStatus={"coding": [{"code": "resolved"}]}),
        "abatementDateTime: missing for a condition that is over",
    ),
}  # fmt: skip


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_refusal_with_its_line(fault: str, clinic: Clinic, tmp_path: Path) -> None:
    bad, reason = FAULTS[fault]
    heard = Heard()
    path = ndjson(
        tmp_path, patient(), vaccination("V1"), bad, patient("M9"), vaccination("V9", "M9")
    )

    tally = import_from(path, clinic, heard)

    assert [str(one.place) for one in heard.refusals] == ["in.ndjson:3"]
    assert heard.refusals[0].reason.startswith(reason)
    assert set(Patient.objects.values_list("mrn", flat=True)) == {"M1", "M9"}
    assert set(Vaccination.objects.values_list("source_id", flat=True)) == {"V1", "V9"}
    assert (tally.total(Outcome.CREATED), tally.total(Outcome.REFUSED)) == (4, 1)


def test_a_reason_never_repeats_what_stood_in_the_line(clinic: Clinic, tmp_path: Path) -> None:
    secret = "Xyzzy"
    lines = []
    for number, fault in enumerate(FAULTS.values()):
        bad = fault[0] if isinstance(fault[0], str) else json.dumps(fault[0] | {"id": f"F{number}"})
        lines.append(
            bad.replace("Doe", secret).replace("jane", secret).replace("see report", secret)
        )
    elements = ("birthDate", "gender", "name", "identifier", "telecom", "communication")
    lines += [json.dumps(patient(f"P{n}", **{one: secret})) for n, one in enumerate(elements)]
    heard = Heard()

    import_from(ndjson(tmp_path, *lines), clinic, heard)

    assert len(heard.refusals) > 40
    assert not [line for line in heard.lines() if secret in line]


def write(path: Path, contents: bytes) -> Path:
    path.write_bytes(contents)
    return path


GOOD = json.dumps(patient(), ensure_ascii=False).encode()
SECOND = json.dumps(patient("M2")).encode()
LAYOUTS: dict[str, bytes] = {
    "byte order mark": b"\xef\xbb\xbf" + GOOD + b"\n" + SECOND + b"\n",
    "CRLF": GOOD + b"\r\n" + SECOND + b"\r\n",
    "no newline at the end": GOOD + b"\n" + SECOND,
    "blank lines": b"\n\n" + GOOD + b"\n   \n" + SECOND + b"\n\n",
    "a line of a megabyte": GOOD[:-1] + b', "note": "' + b"x" * 1_000_000 + b'"}\n' + SECOND,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_that_other_systems_write(layout: str, clinic: Clinic, tmp_path: Path) -> None:
    heard = Heard()

    import_from(write(tmp_path / "in.ndjson", LAYOUTS[layout]), clinic, heard)

    assert heard.lines() == []
    assert list(Patient.objects.order_by("mrn").values_list("mrn", "family_name")) == [
        ("M1", "Ångström"), ("M2", "Ångström"),
    ]  # fmt: skip


def test_a_line_that_would_fill_the_memory_is_passed_over(clinic: Clinic, tmp_path: Path) -> None:
    heard = Heard()
    huge = b'{"resourceType":"Patient","note":"' + b"x" * (9 * 1024 * 1024) + b'"}'

    import_from(write(tmp_path / "in.ndjson", GOOD + b"\n" + huge + b"\n" + SECOND), clinic, heard)

    assert heard.lines() == ["in.ndjson:2: (unreadable): the line is too long"]
    assert Patient.objects.count() == 2


def test_bytes_that_are_not_utf_8_refuse_their_own_line(clinic: Clinic, tmp_path: Path) -> None:
    heard = Heard()
    latin = json.dumps(patient("M3"), ensure_ascii=False).encode("latin-1")

    import_from(write(tmp_path / "in.ndjson", GOOD + b"\n" + latin + b"\n" + SECOND), clinic, heard)

    assert [str(one.place) for one in heard.refusals] == ["in.ndjson:2"]
    assert Patient.objects.count() == 2


def test_a_truncated_bundle_keeps_what_came_before(clinic: Clinic, tmp_path: Path) -> None:
    path = bundle(tmp_path, patient(), patient("M2"), patient("M3"))
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[: whole.index('"M3"', whole.index('"id": "M3"')) + 2], encoding="utf-8")
    heard = Heard()

    import_from(path, clinic, heard)

    assert heard.lines() == [
        "in.json:entry 3: (unreadable): the Bundle breaks off here: nothing after it could be read"
    ]
    assert Patient.objects.count() == 2


def test_a_bundle_may_name_people_by_urn_or_by_record_number(
    clinic: Clinic, tmp_path: Path
) -> None:
    path = bundle(
        tmp_path,
        allergy("A1", patient={"reference": "urn:uuid:M1"}),
        vaccination("V1", patient={"identifier": {"value": "M1"}}),
        vaccination("V2", patient={"reference": "Patient?identifier=urn:x|M1"}),
        vaccination("V3", patient={"reference": "https://ehr.example/fhir/Patient/M1/_history/3"}),
        patient(),
    )
    heard = Heard()

    tally = import_from(path, clinic, heard)

    assert heard.lines() == []
    assert tally.total(Outcome.CREATED) == 5


def test_the_same_number_twice_with_other_contents_keeps_the_first(
    clinic: Clinic, tmp_path: Path
) -> None:
    path = ndjson(tmp_path, patient(), patient(), patient(gender="male"), vaccination(),
                  vaccination(status="not-done"))  # fmt: skip
    heard = Heard()

    first = import_from(path, clinic, heard)
    second = import_from(path, clinic)

    assert heard.lines() == [
        "in.ndjson:3: Patient: identifier: came before with other contents, at in.ndjson:1",
        "in.ndjson:5: Immunization: id: came before with other contents, at in.ndjson:4",
    ]
    assert (first.of("Patient", Outcome.CREATED), first.of("Patient", Outcome.UNCHANGED)) == (1, 1)
    assert Patient.objects.get().sex == "female"
    assert second.total(Outcome.UPDATED) == 0


def test_one_id_under_two_record_numbers_is_never_merged(clinic: Clinic, tmp_path: Path) -> None:
    import_from(ndjson(tmp_path, patient("M1", id="ehr-7")), clinic)
    heard = Heard()

    import_from(ndjson(tmp_path, patient("M2", id="ehr-7")), clinic, heard)

    assert heard.lines() == [
        "in.ndjson:1: Patient: id: known here under another medical record number"
    ]
    assert Patient.objects.count() == 1


def test_a_change_at_the_source_updates_only_that_and_says_so(
    clinic: Clinic, tmp_path: Path
) -> None:
    import_from(ndjson(tmp_path, patient(), patient("M2")), clinic)
    Patient.objects.update(email="jane@example.org", telephone="030 1234")

    married = patient(name=[{"use": "maiden", "family": "Old"}, {"family": "New"}])
    tally = import_from(ndjson(tmp_path, married, patient("M2")), clinic)

    changed, other = Patient.objects.order_by("mrn")
    assert (changed.family_name, changed.given_names, changed.version) == ("New", "", 2)
    assert (changed.email, changed.telephone) == ("jane@example.org", "030 1234")
    assert other.version == 1
    assert (tally.total(Outcome.UPDATED), tally.total(Outcome.UNCHANGED)) == (1, 1)


def test_a_death_without_a_day_is_kept_and_can_be_taken_back(
    clinic: Clinic, tmp_path: Path
) -> None:
    import_from(ndjson(tmp_path, patient(deceasedBoolean=True)), clinic)
    assert Patient.objects.get().is_deceased

    import_from(ndjson(tmp_path, patient(deceasedDateTime="2026-01-02T23:00:00-05:00")), clinic)
    assert Patient.objects.get().deceased_on == date(2026, 1, 2)

    import_from(ndjson(tmp_path, patient(deceasedBoolean=True)), clinic)
    assert Patient.objects.get().deceased_on == date(2026, 1, 2)

    import_from(ndjson(tmp_path, patient(deceasedBoolean=False)), clinic)
    assert not Patient.objects.get().is_deceased

    import_from(ndjson(tmp_path, patient(deceasedDateTime="2025")), clinic)
    assert (Patient.objects.get().deceased_on, Patient.objects.get().deceased_undated) == (
        None, True,
    )  # fmt: skip


NONE_KNOWN = {"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}]}
NO_INFORMATION = {
    "coding": [
        {
            "system": "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
            "code": "no-allergy-info",
        }
    ]
}
RESOLVED = {"coding": [{"code": "resolved"}]}
REFUTED = {"coding": [{"code": "refuted"}]}
ALLERGIES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "nothing came": ([], "not_recorded"),
    "an active one": ([allergy()], "known"),
    "without a status": ([allergy(clinicalStatus=None)], "known"),
    "a resolved one": ([allergy(clinicalStatus=RESOLVED)], "not_recorded"),
    "a refuted one": ([allergy(verificationStatus=REFUTED)], "not_recorded"),
    "none known": ([allergy(code=NONE_KNOWN)], "none_known"),
    "nobody can say": ([allergy(code=NO_INFORMATION)], "unavailable"),
    "none known, and one": ([allergy("A1", code=NONE_KNOWN), allergy("A2")], "known"),
    "one, and then none known": ([allergy("A1"), allergy("A2", code=NONE_KNOWN)], "known"),
    "none known beats nobody can say": (
        [allergy("A1", code=NO_INFORMATION), allergy("A2", code=NONE_KNOWN)], "none_known"
    ),
    "no known drug allergy says too little": (
        [allergy(code={"coding": [{"system": "http://snomed.info/sct", "code": "409137002"}]})],
        "not_recorded",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ALLERGIES)
def test_the_four_answers_to_any_allergies(case: str, clinic: Clinic, tmp_path: Path) -> None:
    resources, expected = ALLERGIES[case]

    import_from(ndjson(tmp_path, patient(), *resources), clinic)

    assert Patient.objects.get().allergy_status == expected


def test_an_allergy_closed_at_the_source_changes_the_answer(clinic: Clinic, tmp_path: Path) -> None:
    import_from(ndjson(tmp_path, patient(), allergy()), clinic)

    tally = import_from(ndjson(tmp_path, allergy(clinicalStatus=RESOLVED)), clinic)

    assert tally.of("AllergyIntolerance", Outcome.UPDATED) == 1
    assert Allergy.objects.get().clinical_status == "resolved"
    assert Patient.objects.get().allergy_status == "not_recorded"


def test_the_database_refusing_one_record_takes_no_other(clinic: Clinic) -> None:
    make_patient(clinic, "M1")
    wordless = replace(RESULT, place=Place("in.ndjson", 4), source_id="O4", value=None)
    too_long = replace(RESULT, place=Place("in.ndjson", 5), source_id="O5", unit="u" * 21)
    good = [replace(RESULT, source_id=f"G{n}") for n in range(40)]
    records = [*good[:7], wordless, *good[7:23], too_long, *good[23:]]

    result = import_batch(records=records, actor=importer(clinic), now=MONDAY_NINE)

    assert {str(one.place): one.reason for one in result.refusals} == {
        "in.ndjson:4": "refused by the database (result_says_something)",
        "in.ndjson:5": "refused by the database (22001)",
    }
    assert Result.objects.count() == 40


def test_a_rehearsal_says_what_would_happen_and_changes_nothing(
    clinic: Clinic, tmp_path: Path
) -> None:
    path = ndjson(tmp_path, vaccination(), patient(), allergy(), "broken")
    heard = Heard()

    tally = rehearse_import(
        source=open_source(path), actor=importer(clinic), now=MONDAY_NINE, listener=heard
    )

    assert (tally.total(Outcome.CREATED), tally.total(Outcome.REFUSED)) == (3, 1)
    assert len(heard.refusals) == 1
    assert not Patient.objects.exists()
    assert tally.counts == import_from(path, clinic).counts


@pytest.mark.parametrize("role", ["nurse", "prescriber", "pharmacist", "auditor"])
def test_only_who_may_import_can(role: str, clinic: Clinic) -> None:
    with pytest.raises(Forbidden):
        import_batch(records=[PERSON], actor=make_actor(clinic, role), now=MONDAY_NINE)
    assert not Patient.objects.exists()


def test_a_batch_costs_the_same_whatever_its_size(
    clinic: Clinic, django_assert_num_queries: Callable[..., Any]
) -> None:
    def batch(size: int, prefix: str) -> list[PatientRecord]:
        return [
            replace(PERSON, mrn=f"{prefix}{n}", source_ids=(f"{prefix}{n}",)) for n in range(size)
        ]

    def results(size: int, prefix: str) -> list[ResultRecord]:
        return [
            replace(RESULT, patient=PatientLink("id", f"{prefix}{n}"), source_id=f"{prefix}{n}")
            for n in range(size)
        ]

    actor = importer(clinic)
    for size, prefix in ((2, "few"), (120, "many")):
        with django_assert_num_queries(10):
            import_batch(records=batch(size, prefix), actor=actor, now=MONDAY_NINE)
        with django_assert_num_queries(10):
            import_batch(records=results(size, prefix), actor=actor, now=MONDAY_NINE)
