"""The calculator's page: what it answers, what it refuses in words, and that it keeps nothing."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.models import Role, User
from core.models import AuditEntry
from reference.web.calculator import PARTS
from tests.clinical.cases import CASES
from tests.people import make_clinic, make_user
from tests.reference.test_api_refusals import NASTY

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 6, 10, tzinfo=UTC)
CODES = [part.code for part in PARTS]
CALENDAR = {
    "part": "calendar", "edition": "default", "interval_mode": "", "first_infusion": "2026-01-06",
    "years": "1", "given_1": "2026-01-06", "given_2": "2026-01-20", "propose": "2026-06-05",
}  # fmt: skip
TITRATION = {
    "part": "titration", "edition": "eu", "dose_mg": "300", "option": "initial",
    "start": "2026-07-06T09:00", "zone": "Europe/Berlin", "minute": "45",
}  # fmt: skip
REACTION = {
    "part": "reaction", "edition": "default", "dose_mg": "600", "option": "standard",
    "onset_minute": "75", "severity": "mild_moderate", "symptom_free_after": "20",
    "start": "2026-07-06T09:00", "zone": "Europe/Berlin",
}  # fmt: skip
PREPARATION = {
    "part": "preparation", "edition": "default", "dose_mg": "600", "zone": "Europe/Berlin",
    "prepared_at": "2026-07-06T08:00", "first_place": "fridge", "moved_1": "2026-07-06T13:00",
    "moved_to_1": "room", "start": "2026-07-06T18:00",
}  # fmt: skip
ELIGIBILITY = {
    "part": "eligibility", "edition": "default", "occasion": "visit", "on": "2026-07-06",
    "dose_number": "3", "age_years": "35", "indication": "RMS", "hbsag": "negative",
    "anti_hbc": "negative", "active_infection": "no", "pml": "none", "vaccine_1": "yellow fever",
    "vaccine_on_1": "2026-06-20", "vaccine_live_1": "on",
}  # fmt: skip
GOOD = {each["part"]: each for each in (CALENDAR, TITRATION, REACTION, PREPARATION, ELIGIBILITY)}


@pytest.fixture
def nurse() -> Client:
    client = Client()
    client.force_login(make_user(make_clinic(), Role.NURSE))
    return client


def ask(client: Client, query: dict[str, str], status: int = 200, **changes: Any) -> str:
    with time_machine.travel(NOW, tick=False):
        client.force_login(User.objects.get())
        answer = client.get(reverse("calculator"), {**query, **changes})
    html = answer.content.decode()
    assert answer.status_code == status, html
    return " ".join(html.replace("\u00a0", " ").split())


@pytest.mark.parametrize("part", CODES)
def test_it_opens_with_an_example_that_is_answered(nurse: Client, part: str) -> None:
    html = ask(nurse, {"part": part})
    assert "No answer yet" not in html
    assert 'aria-current="page"' in html
    assert "nothing is saved" in html
    assert "the pump governs" in html
    assert f"POST /api/v1/calculator/{part}" in html
    assert f'name="part" value="{part}"' in html
    assert 'name="part" value="calendar"' in ask(nurse, {})


def test_a_calendar(nurse: Client) -> None:
    html = ask(nurse, CALENDAR)
    assert "06-Jul-2026" in html
    assert "06-Jun-2026" in html, "the minimum interval"
    assert "INTERVAL-MINIMUM" in html
    assert "Earliest date is 06-Jun-2026." in html, "the core's sentence in the display form"
    assert "Nobody may override it" not in html
    allowed = ask(nurse, CALENDAR, propose="2026-07-06")
    assert "No rule speaks against this day." in allowed
    assert "INTERVAL-MINIMUM" not in allowed


def test_the_interval_mode_counts(nurse: Client) -> None:
    assert "23-Jun-2026" in ask(nurse, CALENDAR, interval_mode="weeks_24")
    assert "07-Jul-2026" in ask(nurse, CALENDAR, interval_mode="weeks_26")


def test_rows_for_doses_grow_as_they_are_filled(nurse: Client) -> None:
    assert 'name="given_3"' in ask(nurse, CALENDAR)
    assert 'name="given_4"' not in ask(nurse, CALENDAR)
    more = ask(nurse, CALENDAR, given_3="2026-07-06")
    assert 'name="given_4"' in more
    assert "06-Jan-2027" in more
    assert 'name="given_41"' not in ask(nurse, CALENDAR, given_40="2026-08-06")


def test_a_rate_table(nurse: Client) -> None:
    html = ask(nurse, TITRATION)
    assert "2:38:20" in html
    assert "11:38:20" in html
    assert "12:38:20" in html
    assert "In after 45 min" in html
    assert "30 mL" in html
    assert "08:00" in html
    assert "08:30" in html
    bare = ask(nurse, TITRATION, start="", minute="")
    assert "11:38:20" not in bare
    assert "2:38:20" in bare
    assert "Premedication</h3>" in html
    assert "Premedication</h3>" not in bare


def test_a_bag_of_another_volume(nurse: Client) -> None:
    assert "2:41:40" in ask(nurse, TITRATION, volume_ml="260", start="")
    assert "333.33 mL" in ask(nurse, TITRATION, volume_ml="333.333", start="")


def test_a_reaction_is_the_worked_case(nurse: Client) -> None:
    given, expected = CASES["R01"]["input"], CASES["R01"]["expected"]
    option = {"INIT_300_250": ("300", "initial"), "MAINT_600_500_3H5": ("600", "standard")}
    dose, table = option[given["profile"]]
    html = ask(
        nurse, REACTION, dose_mg=dose, option=table, onset_minute=str(given["onset_min"]),
        severity=given["severity"], symptom_free_after=str(given["symptom_free_after_min"] or ""),
    )  # fmt: skip
    assert f"{expected['new_rate']:g} mL/h" in html
    assert f"{expected['volume_at_onset_ml']:g} mL" in html
    assert "Worst case" in html


def test_ways_back_up(nurse: Client) -> None:
    html = ask(nurse, REACTION)
    assert "60 mL/h" in html
    assert "13:06" in html
    assert "17:05" in html
    assert "10:45" in html
    ladder = ask(nurse, REACTION, policy="ladder", start="")
    assert "4:15" in ladder
    assert "13:06" not in ladder


def test_a_severe_reaction_waits_and_a_life_threatening_one_ends(nurse: Client) -> None:
    severe = ask(nurse, REACTION, severity="severe", symptom_free_after="")
    assert "Stopped until every symptom has gone" in severe
    assert "Ends by the way" not in severe
    restarted = ask(nurse, REACTION, severity="severe")
    assert "stopped" in restarted
    last = ask(nurse, REACTION, severity="life_threatening")
    assert "never give it again" in last


def test_a_bag(nurse: Client) -> None:
    html = ask(nurse, PREPARATION)
    assert "21:00" in html
    assert "06-Jul-2026 17:30" in html
    assert "It would end at 06-Jul-2026 21:30, after the beyond-use time 06-Jul-2026 21:00." in html
    assert "1.2 mg/mL" in html
    added = ask(nurse, PREPARATION, saline_added="on")
    assert "1.154 mg/mL" in added
    assert "520 mL" in added
    chilled = ask(nurse, PREPARATION, moved_1="", moved_to_1="", start="")
    assert "Out of the fridge by" in chilled


def test_the_strict_reading(nurse: Client) -> None:
    late = {**PREPARATION, "moved_1": "2026-07-07T06:00", "start": ""}
    assert "07-Jul-2026, by the hours out of the fridge" in ask(nurse, late)
    assert "07-Jul-2026, by the strict reading" in ask(nurse, late, strict="yes")


def test_facts(nurse: Client) -> None:
    html = ask(nurse, ELIGIBILITY)
    assert "VACCINE-LIVE-RECENT" in html
    assert "yellow fever on 20-Jun-2026" in html
    assert "Standard (3.5 h), Short (2 h)" in html
    assert "06-Jan-2027" in html
    clear = ask(nurse, ELIGIBILITY, vaccine_1="", vaccine_on_1="")
    assert "No rule has anything to say." in clear
    child = ask(nurse, ELIGIBILITY, age_years="9")
    assert "AGE-CHILD" in child
    assert "None: there is no regimen." in child


@pytest.mark.parametrize(
    ("query", "changes", "field", "words"),
    [
        (CALENDAR, {"first_infusion": "2026-02-30"}, "first_infusion", "valid date"),
        (CALENDAR, {"first_infusion": "1949-12-31"}, "first_infusion", "1950-01-01"),
        (CALENDAR, {"given_2": "2026-01-05"}, "given_1", "Dose 2 is not later than dose 1."),
        (CALENDAR, {"years": "0"}, "years", "greater than or equal to 1"),
        (TITRATION, {"dose_mg": "600"}, "dose_mg", "The initial table is not for 600 mg."),
        (TITRATION, {"volume_ml": "a lot"}, "volume_ml", "Enter a number"),
        (TITRATION, {"volume_ml": "NaN"}, "volume_ml", "Enter a number"),
        (TITRATION, {"start": "yesterday"}, "start", "a day and a time"),
        (TITRATION, {"start": "2026-03-29T02:30"}, "start", "does not exist on 29-Mar-2026"),
        (TITRATION, {"zone": "Mars/Base"}, "zone", "valid choice"),
        (REACTION, {"onset_minute": "210"}, "onset_minute", "empty after 210 minutes"),
        (REACTION, {"onset_minute": ""}, "onset_minute", "required"),
        (REACTION, {"option": "short", "policy": "increment"}, "policy", "no increment"),
        (PREPARATION, {"moved_1": "2026-07-06T07:00"}, "prepared_at", "not go backwards"),
        (PREPARATION, {"moved_to_1": ""}, "moved_to_1", "where it was moved"),
        (PREPARATION, {"moved_1": ""}, "moved_1", "when it was moved"),
        (PREPARATION, {"bag_ml": "20"}, "bag_ml", "does not hold 20 mL of drug"),
        (PREPARATION, {"prepared_at": ""}, "prepared_at", "required"),
        (ELIGIBILITY, {"pregnant": "maybe"}, "pregnant", "valid choice"),
        (ELIGIBILITY, {"vaccine_on_1": ""}, "vaccine_on_1", "when it was given"),
        (ELIGIBILITY, {"vaccine_1": ""}, "vaccine_1", "which vaccine"),
        (ELIGIBILITY, {"alt_x_uln": "1.2345"}, "alt_x_uln", "3 decimal places"),
    ],
)
def test_what_cannot_be_answered_comes_back_as_typed(
    nurse: Client, query: dict[str, str], changes: dict[str, str], field: str, words: str
) -> None:
    html = ask(nurse, query, status=422, **changes)
    assert f'<a href="#id_{field}">' in html
    assert words in html
    assert f'id="id_{field}_error"' in html
    assert "No answer yet" in html
    for name, typed in {**query, **changes}.items():
        if typed and name not in {"part", "zone"}:
            assert typed in html or name.startswith("vaccine_live"), name


def test_the_clinics_own_zone_is_offered_first_and_any_other_understood(nurse: Client) -> None:
    html = ask(nurse, TITRATION, zone="Asia/Kathmandu")
    assert html.index('value="Europe/Berlin"') < html.index('value="UTC"')
    assert 'value="Asia/Kathmandu" selected' in html
    assert "11:38:20" in html


def test_who_may_ask(nurse: Client) -> None:
    path = reverse("calculator")
    assert Client().get(path).status_code == 302
    assert nurse.post(path, TITRATION).status_code == 405
    assert nurse.get(path, {"part": "dose"}).status_code == 404
    assert AuditEntry.objects.count() == 0


def test_it_asks_the_database_only_who_is_there(
    nurse: Client, django_assert_num_queries: Any
) -> None:
    nurse.get(reverse("calculator"))
    for query in GOOD.values():
        with django_assert_num_queries(4):  # session, person, clinics, standing
            assert nurse.get(reverse("calculator"), query).status_code == 200


names = st.sampled_from(sorted({name for query in GOOD.values() for name in query}))
values = (
    st.sampled_from(NASTY)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.dates().map(str)
    | st.datetimes().map(lambda moment: moment.isoformat("T", "minutes"))
    | st.integers().map(str)
    | st.decimals().map(str)
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # nothing is written
)
@given(part=st.sampled_from(CODES), changed=st.dictionaries(names, values, max_size=4))
def test_whatever_is_in_the_query(nurse: Client, part: str, changed: dict[str, str]) -> None:
    query = urlencode({**GOOD[part], **changed})
    assert nurse.get(f"{reverse('calculator')}?{query}").status_code in {200, 404, 422}
