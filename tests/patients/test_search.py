"""Finding patients: what matches, in which order, at what cost, and who never sees it."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from clinics.models import Clinic
from core.actor import Actor
from core.errors import Forbidden, NotFound
from core.models import AuditEntry
from patients import selectors
from patients.eligibility import bookable, latest_adult_birthday, why_not_bookable
from patients.finding import birth_dates, cleaned
from patients.models import Patient
from patients.selectors import PatientPage, bookable_patients, open_record, search
from tests.people import MONDAY_NINE, make_actor, make_clinic, make_patient

FOURTH_OF_MARCH = date(1988, 3, 4)
THIRD_OF_APRIL = date(1988, 4, 3)


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def nurse(clinic: Clinic) -> Actor:
    return make_actor(clinic, "nurse")


@pytest.fixture
def find(clinic: Clinic, nurse: Actor) -> Callable[..., PatientPage]:
    def run(typed: str = "", after: UUID | None = None) -> PatientPage:
        return search(actor=nurse, clinic=clinic, typed=typed, after=after, now=MONDAY_NINE)

    return run


PEOPLE = [
    ("A-1", "Ångström", "Ída", FOURTH_OF_MARCH),
    ("A-2", "O'Brien", "Seán", THIRD_OF_APRIL),
    ("B-3", "Łukasik-Weiß", "Zoë", date(1990, 12, 31)),
    ("B-4", "de la Cruz", "María José", date(1990, 12, 31)),
    ("1988-A", "Percent%", "Under_score", date(1971, 1, 2)),
]


@pytest.fixture
def people(clinic: Clinic) -> None:
    for mrn, family, given_names, born in PEOPLE:
        make_patient(clinic, mrn, family_name=family, given_names=given_names, birth_date=born)


FOUND = {
    "angstrom": {"A-1"},
    "ÅNG": {"A-1"},
    "ngstrom": set(),
    "angstrom, ida": {"A-1"},
    "Ida Angs": {"A-1"},
    "obrien": {"A-2"},
    "o'b": {"A-2"},
    "O\u2019Brien": {"A-2"},
    "sean o": {"A-2"},
    "lukasik weiss": {"B-3"},
    "Łukasik-W": {"B-3"},
    "de la c": {"B-4"},
    "maria jose de": {"B-4"},
    "A-": {"A-1", "A-2"},
    "B-4": {"B-4"},
    "b-4": set(),
    "percent%": {"1988-A"},
    "%": set(),
    "under_": {"1988-A"},
    "_": set(),
    "\\": set(),
    "04-Mar-1988": {"A-1"},
    "1988-03-04": {"A-1"},
    "4 march 1988": {"A-1"},
    "Mar 4, 1988": {"A-1"},
    "04/03/1988": {"A-1", "A-2"},
    "4.3.1988": {"A-1", "A-2"},
    "19880304": {"A-1"},
    "31121990": {"B-3", "B-4"},
    "1988": {"1988-A"},
    "nobody": set(),
    "  ": {mrn for mrn, *_rest in PEOPLE},
    "\x00": {mrn for mrn, *_rest in PEOPLE},
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("typed", FOUND)
def test_what_is_typed_finds_who_is_meant(typed: str, find: Callable[..., PatientPage]) -> None:
    assert {line.mrn for line in find(typed).lines} == FOUND[typed]


@pytest.mark.usefixtures("people")
def test_the_list_is_in_the_order_of_the_alphabet(find: Callable[..., PatientPage]) -> None:
    assert [line.mrn for line in find().lines] == ["A-1", "B-4", "B-3", "A-2", "1988-A"]


def test_pages_follow_each_other_without_gap_or_repeat(
    clinic: Clinic, find: Callable[..., PatientPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "PAGE_SIZE", 4)
    for number in range(11):
        # Several of the same name: the id decides between them.
        make_patient(clinic, f"M{number:02}", family_name=f"Doe{number // 5}", given_names="")
    seen: list[str] = []
    after: UUID | None = None
    pages = 0

    while True:
        page = find(after=after)
        seen += [line.mrn for line in page.lines]
        pages, after = pages + 1, page.cursor
        if after is None:
            break

    assert pages == 3
    assert sorted(seen) == [f"M{number:02}" for number in range(11)]


def test_only_those_shown_are_in_the_ledger(
    clinic: Clinic, find: Callable[..., PatientPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    for number in range(3):
        make_patient(clinic, f"M{number}", family_name=f"Doe{number}")

    page = find()

    entry = AuditEntry.objects.get()
    assert entry.action == "records.listed"
    assert set(entry.details["patients"]) == {str(line.id) for line in page.lines}
    assert len(page.lines) == 2


@pytest.mark.usefixtures("people")
def test_another_clinics_patients_are_never_found(clinic: Clinic) -> None:
    south = make_clinic("south")
    stranger = make_actor(south, "nurse")

    page = search(actor=stranger, clinic=south, typed="ang", after=None, now=MONDAY_NINE)

    assert page.lines == []
    theirs = Patient.objects.get(mrn="A-1")
    for key in (theirs.pk, uuid4()):
        with pytest.raises(NotFound) as refusal:
            open_record(actor=stranger, patient_id=key, now=MONDAY_NINE, page="safety")
        assert refusal.value.message == NotFound().message


def test_a_cursor_of_another_clinic_leads_nowhere(clinic: Clinic, find: Callable[..., Any]) -> None:
    make_patient(clinic)
    theirs = make_patient(make_clinic("south"), family_name="Aaa")

    assert find(after=theirs.pk).lines == []


def test_opening_a_record_is_written_down(clinic: Clinic, nurse: Actor) -> None:
    patient = make_patient(clinic)

    open_record(actor=nurse, patient_id=patient.pk, now=MONDAY_NINE, page="safety")

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.patient_id, entry.details) == (
        "record.read", patient.pk, {"page": "safety"},
    )  # fmt: skip


def test_without_the_permission_nothing_is_read(clinic: Clinic) -> None:
    nobody = Actor(kind=make_actor(clinic).kind, clinic_id=clinic.pk, user_id=uuid4())

    with pytest.raises(Forbidden):
        search(actor=nobody, clinic=clinic, typed="", after=None, now=MONDAY_NINE)
    with pytest.raises(Forbidden):
        open_record(actor=nobody, patient_id=uuid4(), now=MONDAY_NINE, page="safety")


@pytest.mark.parametrize("many", [1, 60])
@pytest.mark.parametrize("typed", ["", "doe", "1988-03-04"])
def test_a_search_is_one_statement(
    many: int, typed: str, clinic: Clinic, find: Callable[..., Any],
    django_assert_num_queries: Callable[..., Any],
) -> None:  # fmt: skip
    for number in range(many):
        make_patient(clinic, f"M{number}")

    with django_assert_num_queries(1):
        find(typed)


@pytest.fixture
def crowd(clinic: Clinic) -> None:
    """Enough patients that reading all of them would be the slower plan."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO patients_patient (id, clinic_id, mrn, family_name, given_names, title,
                birth_date, sex, language, telephone, email, channel, allergy_status,
                deceased_undated, version, updated_at)
            SELECT gen_random_uuid(), %s, 'MRN' || n, 'Family' || md5(n::text),
                'Given' || md5((n * 7)::text), '', date '1930-01-01' + (n %% 30000), 'female',
                'en', '', '', 'none', 'not_recorded', false, 1, now()
            FROM generate_series(1, 20000) AS n
            """,
            [clinic.pk],
        )
        cursor.execute("ANALYZE patients_patient")


def plan_of(actor: Actor, typed: str, after: UUID | None) -> str:
    rows = selectors.wanted_rows(actor, typed, after).values_list("id", "search_family")[:51]
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("typed", "index"),
    [
        ("", "patient_search_family"),
        ("familya1", "patient_search_family"),
        ("givenb2", "patient_search_given"),
        # In the C collation the unique index serves as well as the pattern one.
        ("MRN123", "patient_mrn_once|patient_search_mrn"),
        ("04-Mar-1988", "patient_by_birth"),
    ],
)
def test_no_search_reads_every_patient(typed: str, index: str, nurse: Actor) -> None:
    plan = plan_of(nurse, typed, None)

    assert re.search(index, plan)
    assert "Seq Scan" not in plan


@pytest.mark.usefixtures("crowd")
def test_a_later_page_starts_where_the_last_one_ended(nurse: Actor) -> None:
    last = Patient.objects.order_by("search_family")[9_000]

    plan = plan_of(nurse, "", last.pk)

    conditions = [line for line in plan.splitlines() if "Index Cond" in line]
    assert any("search_family >=" in line for line in conditions)


@given(day=st.dates(min_value=date(1850, 1, 1), max_value=date(2100, 1, 1)))
def test_every_notation_of_a_day_is_read_as_that_day(day: date) -> None:
    notations = ("%d-%b-%Y", "%d %B %Y", "%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d%m%Y")
    for notation in notations:
        assert day in birth_dates(day.strftime(notation))


@given(typed=st.text(max_size=300))
def test_anything_typed_is_read_as_something(typed: str) -> None:
    birth_dates(typed)
    kept = cleaned(typed)
    assert len(kept) <= 100
    assert kept.isprintable()


@pytest.mark.parametrize(
    ("today", "born", "adult"),
    [
        (date(2026, 3, 2), date(2008, 3, 2), True),
        (date(2026, 3, 2), date(2008, 3, 3), False),
        (date(2026, 2, 28), date(2008, 2, 29), False),
        (date(2026, 3, 1), date(2008, 2, 29), True),
        (date(2028, 2, 29), date(2010, 2, 28), True),
        (date(2028, 2, 29), date(2010, 3, 1), False),
    ],
)
def test_one_is_of_age_on_the_birthday(today: date, born: date, *, adult: bool) -> None:
    assert (born <= latest_adult_birthday(today)) is adult


def test_of_age_by_the_clinics_own_calendar(db: None) -> None:
    # 23:30 UTC on the 1st is the 2nd in Berlin and still the 1st in New York.
    evening = MONDAY_NINE.replace(day=1, hour=23, minute=30)
    east, west = make_clinic("east"), make_clinic("west", time_zone="America/New_York")
    for clinic, adult in ((east, True), (west, False)):
        make_patient(clinic, birth_date=date(2008, 3, 2))
        page = search(
            actor=make_actor(clinic, "nurse"), clinic=clinic, typed="", after=None, now=evening
        )
        assert page.under_age(page.lines[0]) is not adult


def test_the_filter_and_the_reason_agree(clinic: Clinic, nurse: Actor) -> None:
    today = MONDAY_NINE.date()
    make_patient(clinic, "adult")
    make_patient(clinic, "child", birth_date=today - timedelta(days=10))
    make_patient(clinic, "dead", deceased_on=today)
    make_patient(clinic, "dead-undated", deceased_undated=True)
    make_patient(make_clinic("south"), "adult")

    assert [one.mrn for one in bookable_patients(nurse, today)] == ["adult"]
    for patient in Patient.objects.filter(clinic=clinic):
        offered = Patient.objects.filter(bookable(today), pk=patient.pk).exists()
        assert offered is (why_not_bookable(patient, today) is None)
