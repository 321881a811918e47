"""The readers by themselves: no database, files in, records out."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients.fhir import codes
from patients.fhir.reading import read_resource
from patients.fhir.records import (
    AllergyRecord,
    ConditionRecord,
    Item,
    PatientRecord,
    Place,
    Refused,
    ResultRecord,
    Skipped,
    Unusable,
    VaccinationRecord,
)
from patients.fhir.repeats import without_repeats
from patients.fhir.source import open_source
from patients.fhir.table import HEADER, read_table
from patients.models import Condition
from tests.patients.builders import REAL, allergy, condition, observation, patient, vaccination

HERE = Place("in.ndjson", 1)
ROOT = Path(__file__).resolve().parents[2]


def person(**changes: Any) -> PatientRecord:
    found = read_resource(patient(**changes), HERE)
    assert isinstance(found, PatientRecord), found
    return found


def test_the_readers_need_neither_django_nor_a_database() -> None:
    program = "import sys, patients.fhir.source; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


IDENTIFIERS: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "the typed one": (
        [{"value": "x"}, {"type": {"coding": [{"code": "MR"}]}, "value": "7"}], "7"
    ),
    "typed before usual": (
        [{"use": "usual", "value": "x"}, {"type": {"coding": [{"code": "MR"}]}, "value": "7"}], "7"
    ),
    "the usual one": ([{"value": "x"}, {"use": "usual", "value": "7"}], "7"),
    "the only one": ([{"value": "7"}], "7"),
    "an old one never": (
        [{"use": "old", "type": {"coding": [{"code": "MR"}]}, "value": "x"}, {"value": "7"}], "7"
    ),
    "one of two is a guess": ([{"value": "7"}, {"value": "8"}], None),
    "a passport never": ([{"type": {"coding": [{"code": "PPN"}]}, "value": "7"}], None),
    "a typed one without a value": (
        [{"type": {"coding": [{"code": "MR"}]}}, {"value": "x"}], None
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IDENTIFIERS)
def test_which_identifier_is_the_record_number(case: str) -> None:
    identifiers, expected = IDENTIFIERS[case]

    found = read_resource(patient(identifier=identifiers), HERE)

    assert getattr(found, "mrn", None) == expected


NAMES: dict[str, tuple[list[dict[str, Any]], tuple[str, str, str | None]]] = {
    "official before maiden": (
        [{"use": "maiden", "family": "Old"}, {"use": "official", "family": "New", "given": ["A"]}],
        ("New", "A", None),
    ),
    "usual when nothing is official": (
        [{"family": "X"}, {"use": "usual", "family": "Y"}], ("Y", "", None)
    ),
    "one name only": ([{"given": ["Madonna"]}], ("", "Madonna", None)),
    "in one piece": ([{"text": "Jane Doe"}], ("Jane Doe", "", None)),
    "as written": (
        [{"family": "O’Brien-Łuk", "given": ["Zoë", "de la"], "prefix": ["Dr.", "Ms."]}],  # noqa: RUF001
        ("O’Brien-Łuk", "Zoë de la", "Dr. Ms."),  # noqa: RUF001
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NAMES)
def test_which_name_is_taken(case: str) -> None:
    names, expected = NAMES[case]
    found = person(name=names)
    assert (found.family_name, found.given_names, found.title) == expected


def test_how_somebody_is_reached() -> None:
    found = person(
        telecom=[
            {"system": "phone", "use": "home", "value": "1"},
            {"system": "phone", "use": "mobile", "value": "2"},
            {"system": "phone", "use": "old", "value": "3"},
            {"system": "email", "value": "b@example.org", "rank": 2},
            {"system": "email", "value": "a@example.org", "rank": 1},
        ],
        communication=[
            {"language": {"coding": [{"code": "en"}]}},
            {"language": {"coding": [{"code": "pl"}]}, "preferred": True},
        ],
    )
    assert (found.telephone, found.email, found.language) == ("2", "a@example.org", "pl")


def test_what_is_not_mentioned_is_not_known() -> None:
    found = person(gender=None, telecom=None)
    assert (found.sex, found.telephone, found.email, found.died) == (None, None, None, None)


def test_a_record_that_was_replaced_is_refused() -> None:
    merged = patient(active=False, link={"other": {"reference": "Patient/2"}})
    assert isinstance(read_resource(merged, HERE), Refused)


@pytest.mark.parametrize(
    ("coding", "cvx", "live"),
    [
        ({"system": codes.CVX, "code": "03"}, "03", True),
        ({"system": codes.CVX, "code": "3"}, "03", True),
        ({"system": codes.CVX, "code": "140"}, "140", False),
        ({"system": codes.CVX, "code": "999"}, "999", None),
        ({"system": "http://hl7.org/fhir/sid/ndc", "code": "03"}, "", None),
    ],
)
def test_live_or_not_by_code_and_never_by_guess(
    coding: dict[str, str], cvx: str, *, live: bool | None
) -> None:
    found = read_resource(vaccination(vaccineCode={"coding": [coding], "text": "A vaccine"}), HERE)
    assert isinstance(found, VaccinationRecord)
    assert (found.cvx, found.is_live, found.occurred_on) == (cvx, live, date(2019, 5, 6))


def test_no_code_is_both_live_and_not() -> None:
    table = codes._load("cvx")
    assert not set(table["live"]) & set(table["not_live"])
    assert len(set(table["live"])) == len(table["live"])
    assert len(set(table["not_live"])) == len(table["not_live"])


def test_every_vaccine_of_the_real_export_is_known() -> None:
    lines = (REAL / "Immunization.000.ndjson").read_text(encoding="utf-8").splitlines()
    found = {json.loads(line)["vaccineCode"]["coding"][0]["code"] for line in lines}
    assert [code for code in found if codes.is_live(code) is None] == []


def test_every_condition_of_the_table_is_one_we_keep() -> None:
    kinds = set(codes._conditions()) - {"progressive_multifocal_leukoencephalopathy"}
    assert kinds <= set(Condition.Kind.values)


RESULTS: dict[str, tuple[dict[str, Any], tuple[Decimal | None, str, str]]] = {
    "a number": ({}, (Decimal("7.5"), "", "g/L")),
    "a number from its code": (
        {"valueQuantity": {"value": 0.1, "code": "g/L"}}, (Decimal("0.1"), "", "g/L")
    ),
    "a concept": (
        {"valueQuantity": None, "valueCodeableConcept": {"coding": [{"code": "260385009"}]}},
        (None, "negative", ""),
    ),
    "a word": (
        {"valueQuantity": None, "valueString": " Non-reactive "}, (None, "negative", "")
    ),
    "a bound with its meaning": (
        {
            "valueQuantity": {"value": 20, "comparator": "<"},
            "interpretation": [{"coding": [{"code": "ND"}]}],
        },
        (None, "negative", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RESULTS)
def test_what_a_result_says(case: str) -> None:
    changes, expected = RESULTS[case]
    found = read_resource(observation(**changes), HERE)
    assert isinstance(found, ResultRecord), found
    assert (found.value, found.finding, found.unit) == expected
    assert (found.reference_low, found.reference_high) == (Decimal(7), Decimal(16))
    assert found.collected == datetime(2026, 1, 5, 7, 30, tzinfo=UTC)


def test_a_result_on_a_day_waits_for_the_clinics_zone() -> None:
    found = read_resource(observation(effectiveDateTime="2026-01-05"), HERE)
    assert isinstance(found, ResultRecord)
    assert found.collected == date(2026, 1, 5)


LEFT_OUT: dict[str, dict[str, Any]] = {
    "another test": observation(code={"coding": [{"system": codes.LOINC, "code": "8302-2"}]}),
    "our code in another system": observation(code={"coding": [{"system": "x", "code": "2465-3"}]}),
    "not final yet": observation(status="preliminary"),
    "another diagnosis": condition(code={"coding": [{"system": codes.SNOMED, "code": "1"}]}),
    "another resource": {"resourceType": "Encounter"},
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_left_out_says_why(case: str) -> None:
    found = read_resource(LEFT_OUT[case], HERE)
    assert isinstance(found, Skipped)
    assert found.reason


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "pregnancy"),
        ({"code": {"coding": [{"system": codes.ICD10[1], "code": "C50.9"}]}}, "malignancy"),
        ({"code": {"coding": [{"system": codes.SNOMED, "code": "22255007"}]}}, "suspected_pml"),
        (
            {
                "code": {"coding": [{"system": codes.SNOMED, "code": "22255007"}]},
                "verificationStatus": {"coding": [{"code": "confirmed"}]},
            },
            "confirmed_pml",
        ),
    ],
)
def test_which_state_a_diagnosis_means(changes: dict[str, Any], kind: str) -> None:
    found = read_resource(condition(**changes), HERE)
    assert isinstance(found, ConditionRecord)
    assert (found.kind, found.from_date, found.until_date) == (kind, date(2026, 1, 15), None)


def test_a_condition_with_a_span_ends_with_it() -> None:
    found = read_resource(
        condition(
            onsetDateTime=None, onsetPeriod={"start": "2026-01-01", "end": "2026-01-09"},
            clinicalStatus={"coding": [{"code": "resolved"}]},
        ),
        HERE,
    )  # fmt: skip
    assert isinstance(found, ConditionRecord)
    assert (found.from_date, found.until_date) == (date(2026, 1, 1), date(2026, 1, 9))


def test_an_allergy_keeps_the_coding_that_decides() -> None:
    found = read_resource(
        allergy(code={"coding": [{"system": "local", "code": "x"},
                                 {"system": codes.SNOMED, "code": "716186003"}], "text": "None"}),
        HERE,
    )  # fmt: skip
    assert isinstance(found, AllergyRecord)
    assert (found.code_system, found.code) == (codes.SNOMED, "716186003")


Tree = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "code", "system", "value", "reference", "start", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
MAKERS = [patient, allergy, vaccination, observation, condition]


@settings(max_examples=600, deadline=None)
@given(data=st.data(), make=st.sampled_from(MAKERS), junk=Tree)
def test_whatever_stands_in_an_element_ends_as_something(data: Any, make: Any, junk: Any) -> None:
    good = make()
    more = ["deceasedBoolean", "deceasedDateTime", "telecom", "communication", "interpretation",
            "verificationStatus", "abatementDateTime", "onsetPeriod", "valueString"]  # fmt: skip
    name = data.draw(st.sampled_from(sorted({*good, *more} - {"resourceType"})))

    found = read_resource(good | {name: junk}, HERE)

    assert found.resource == good["resourceType"]


def table(folder: Path, contents: str | bytes, name: str = "in.csv") -> Path:
    path = folder / name
    path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    return path


def test_a_table_is_read_line_by_line(tmp_path: Path) -> None:
    text = (
        "\ufeffMRN;family_name;given_names;birth_date;deceased;sex\r\n"
        "1;Ångström;Ída;1988-03-04;;Female\r\n"
        '2;"de la ""Cruz""; y";José;1990-12-31;2020-01-02;\r\n'
        "3;Open;\"Jane;1988-03-04;;\r\n"
        "4;Doe;Jane;1988-03-04;yes;\r\n"
        "5;Doe;Jane;1988-03-04\r\n"
        "6;Doe;Jane;04/03/1988;;\r\n"
        "7;Doe;Jane;1988-03-04;maybe;\r\n"
        ";Doe;Jane;1988-03-04;no;\r\n"
    )  # fmt: skip
    found = list(read_table(table(tmp_path, text)))

    people = [one for one in found if isinstance(one, PatientRecord)]
    assert [(one.mrn, one.family_name, one.sex) for one in people] == [
        ("1", "Ångström", "female"), ("2", 'de la "Cruz"; y', None), ("4", "Doe", None),
    ]  # fmt: skip
    assert [(one.died, one.died_on) for one in people] == [
        (None, None), (True, date(2020, 1, 2)), (True, None),
    ]  # fmt: skip
    assert [(one.place.number, one.reason) for one in found if isinstance(one, Refused)] == [
        (4, "a quote is open, or stands where none may"),
        (6, "4 fields where the header has 6"),
        (7, "birth_date: a whole date is needed, as 1988-03-04"),
        (8, "deceased: a whole date is needed, as 1988-03-04"),
        (9, "mrn: missing"),
    ]


HEADERS = {
    "nothing at all but a line": ("\n", "the file is empty"),
    "a person instead of a header": ("1,Doe,Jane,1988-03-04\n", "the header lacks mrn"),
    "an unknown column": (
        "mrn,family_name,given_names,birth_date,Jane\n", "column 5 of the header is not a known one"
    ),
    "a column twice": (
        "mrn,family_name,given_names,birth_date,mrn\n", "the header names a column twice"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_that_will_not_do_stops_before_any_line(case: str, tmp_path: Path) -> None:
    text, words = HEADERS[case]
    with pytest.raises(Unusable, match=words) as stopped:
        list(open_source(table(tmp_path, text)).items())
    assert "Jane" not in str(stopped.value)


cells = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)
days = st.dates(min_value=date(1000, 1, 1)).map(date.isoformat)


@given(
    rows=st.lists(st.tuples(cells, cells, cells, days), max_size=8), delimiter=st.sampled_from(",;")
)
def test_what_a_spreadsheet_writes_is_what_is_read(
    rows: list[tuple[str, str, str, str]], delimiter: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["mrn", "family_name", "given_names", "birth_date"])
    writer.writerows(rows)
    path = table(tmp_path_factory.mktemp("csv"), out.getvalue())

    found = list(read_table(path))

    assert [one.place.number for one in found] == list(range(2, len(rows) + 2))
    for (mrn, family, given_names, born), one in zip(rows, found, strict=True):
        if isinstance(one, PatientRecord):
            assert (one.mrn, one.family_name, one.given_names, str(one.birth_date)) == (
                mrn.strip(), family.strip(), given_names.strip(), born,
            )  # fmt: skip
        else:
            assert not mrn.strip() or not (family.strip() or given_names.strip())


@given(junk=st.binary(max_size=300))
def test_any_bytes_after_a_good_header_end_as_something(
    junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    header = ",".join(HEADER).encode() + b"\n"
    path = table(tmp_path_factory.mktemp("csv"), header + junk)

    found = list(read_table(path))

    assert len(found) <= junk.count(b"\n") + 1
    assert all(isinstance(one, PatientRecord | Refused) for one in found)


@given(junk=st.binary(max_size=300), suffix=st.sampled_from([".ndjson", ".json", ".csv", ".bin"]))
def test_any_file_is_read_or_named_unusable(
    junk: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = table(tmp_path_factory.mktemp("any"), junk, f"in{suffix}")
    try:
        found = list(open_source(path).items())
    except Unusable:
        return
    assert all(isinstance(one, Refused | Skipped) for one in found)


SOURCES: dict[str, tuple[str, str, int]] = {
    "NDJSON by its name": ("a.ndjson", json.dumps(patient()), 1),
    "NDJSON called JSON": ("a.json", json.dumps(patient()) + "\n" + json.dumps(patient("2")), 2),
    "NDJSON without a name": ("upload", json.dumps(patient()), 1),
    "a Bundle in one line": (
        "a.json", json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient()}]}), 1
    ),
    "a Bundle over many lines": (
        "upload",
        json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient()}] * 3}, indent=2),
        3,
    ),
    "a Bundle whose type comes last": (
        "a.json",
        json.dumps({"entry": [{"resource": patient()}], "resourceType": "Bundle"}, indent=2),
        1,
    ),
    "CSV without a name": ("upload", "mrn,family_name,given_names,birth_date\n1,D,J,1988-03-04", 1),
}  # fmt: skip


@pytest.mark.parametrize("case", SOURCES)
def test_the_format_is_found_by_looking(case: str, tmp_path: Path) -> None:
    name, contents, people = SOURCES[case]
    found = list(open_source(table(tmp_path, contents, name)).items())
    assert [type(one) for one in found] == [PatientRecord] * people


def test_a_folder_is_read_in_order_and_other_files_are_not(tmp_path: Path) -> None:
    table(tmp_path, json.dumps(patient("B")), "b.ndjson")
    table(tmp_path, json.dumps(patient("A")), "a.ndjson")
    table(tmp_path, "Read me", "README.md")
    found: list[Item] = list(open_source(tmp_path).items())
    assert [getattr(one, "mrn", None) for one in found] == ["A", "B"]


def test_nothing_to_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="in this folder"):
        open_source(tmp_path)
    with pytest.raises(Unusable, match="no such file"):
        open_source(tmp_path / "nowhere")
    with pytest.raises(Unusable, match="empty"):
        open_source(table(tmp_path, ""))


def test_a_repeat_is_told_from_a_contradiction() -> None:
    items = [
        read_resource(patient(), Place("a", 1)),
        read_resource(patient(), Place("b", 9)),
        read_resource(patient(gender="male"), Place("c", 2)),
        read_resource(vaccination("V", "M1"), Place("d", 1)),
        read_resource(vaccination("V", "M2"), Place("d", 2)),
    ]

    kinds = [type(one).__name__ for one in without_repeats(items)]

    assert kinds == [
        "PatientRecord", "Repeated", "Refused", "VaccinationRecord", "VaccinationRecord",
    ]  # fmt: skip


def test_the_documented_header_is_the_one_that_is_read() -> None:
    assert ",".join(HEADER) in (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
