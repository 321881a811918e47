"""Every value and every rule of the protocol stands on its page, with what backs it."""

import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinical import protocol as clinical_protocol
from clinical.protocol import load
from clinics.models import Clinic, Role
from core.models import AuditEntry
from reference import sheet, wording
from reference.labels import GRADES, LABELS, SECTIONS, WHY_SIGN_OFF
from tests.people import make_clinic, make_user

pytestmark = pytest.mark.django_db
EDITIONS = load().editions()
FILE = Path(clinical_protocol.__file__).parent / "protocols" / "ocrelizumab.toml"
VIEWS = ["", *EDITIONS]


class Rows(HTMLParser):
    """The words of every element that has an id with rows in it, by that id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: dict[str, str] = {}
        self.open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs).get("id")
        if tag in {"tr", "tbody", "dt"} and found:
            self.open.append((tag, found))
            self.words[found] = ""

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for _tag, found in self.open:
            self.words[found] += f" {data.strip()}"


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("-", " ").split()).lower()


def leaves(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, child in node.items():
        here = f"{path}.{key}"
        if "value" in child:
            yield here, child
        else:
            yield from leaves(child, here)


def atoms(value: Any) -> Iterator[str]:
    """The numbers and words of a raw value, as the page must say them."""
    if isinstance(value, dict):
        value = [inner for key, inner in value.items() if key != "concentration_gate"]
    if isinstance(value, list):
        for inner in value:
            yield from atoms(inner)
    elif isinstance(value, bool):
        yield "yes" if value else "no"
    else:
        yield atom(str(value))


def atom(text: str) -> str:
    number, _, unit = text.partition(" ")
    if unit in {"d", "wk"}:
        return f"{number} {'day' if unit == 'd' else 'week'}"
    if text in {"mild_moderate", "temperature_c"}:
        return {"mild_moderate": "mild to moderate"}.get(text, "temperature, °c")
    if "." in text and text.replace(".", "").isdigit():
        return text.rstrip("0").rstrip(".")
    return plain(text.replace("_", " "))


@pytest.fixture
def pharmacist() -> Client:
    client = Client()
    client.force_login(make_user(make_clinic(), Role.PHARMACIST))
    return client


def page(client: Client, edition: str = "") -> str:
    query = {"edition": edition} if edition else {}
    answer = client.get(reverse("protocol", args=["ocrelizumab"]), query)
    assert answer.status_code == 200
    return answer.content.decode()


DOCUMENT = tomllib.loads(FILE.read_text())
SECTIONS_OF_FILE = [
    key for key in DOCUMENT if key not in {"protocol", "sources", "rules", "editions"}
]
VALUES = dict(leaf for section in SECTIONS_OF_FILE for leaf in leaves(DOCUMENT[section], section))


def test_there_is_something_to_look_for() -> None:
    assert len(VALUES) == len(load().values) > 100
    assert list(atoms({"rate_ml_h": 30, "duration": "30 min"})) == ["30", "30 min"]
    assert list(atoms(["1.10", "14 d", True])) == ["1.1", "14 day", "yes"]


@pytest.mark.parametrize("edition", VIEWS)
def test_every_value_of_the_file_is_on_the_page(pharmacist: Client, edition: str) -> None:
    rows = Rows(page(pharmacist, edition)).words
    shown = [edition] if edition else list(EDITIONS)
    for name in shown:
        overlay = DOCUMENT["editions"].get(name, {})
        own = dict(
            leaf
            for section in SECTIONS_OF_FILE
            if section in overlay
            for leaf in leaves(overlay[section], section)
        )
        for path, node in {**VALUES, **own}.items():
            words = plain(rows[path])
            for atom in atoms(node["value"]):
                assert atom in words, (name, path)
            assert all(plain(ref) in words for ref in node["source"]), (name, path)
            assert (
                "article" if node["grade"] == "-" else f"grade {node['grade']}".lower()
            ) in words


@pytest.mark.parametrize("edition", VIEWS)
def test_every_rule_is_on_the_page_once(pharmacist: Client, edition: str) -> None:
    html = page(pharmacist, edition)
    rows = Rows(html).words
    for name in [edition] if edition else EDITIONS:
        for rule in load("ocrelizumab", name).rules.values():
            words = plain(rows[rule.id])
            assert html.count(f'<tbody id="{rule.id}"') == 1
            for said in (rule.title, rule.clears_when, *rule.override_by, *rule.source):
                assert plain(said) in words, (name, rule.id)
            assert "nobody" in words or rule.override_by, rule.id
            severity = {"block": "not allowed"}.get(rule.severity, str(rule.severity))
            assert severity in words


@pytest.mark.parametrize("edition", VIEWS)
def test_what_needs_sign_off_is_marked_and_listed(pharmacist: Client, edition: str) -> None:
    html = page(pharmacist, edition)
    rows = Rows(html).words
    top = html[html.index('id="sign-off"') : html.index('id="dosing"')]
    flagged: set[str] = set()
    for name in [edition] if edition else EDITIONS:
        protocol = load("ocrelizumab", name)
        flagged |= {value.path for value in protocol.values if value.needs_sign_off}
        flagged |= {rule.id for rule in protocol.rules.values() if rule.needs_sign_off}
    assert f"{len(flagged)} entries need" in top
    for target, words in rows.items():
        marked = "Needs sign-off" in words
        assert marked == (target in flagged), target
        assert (f'href="#{target}"' in top) == (target in flagged), target


def test_differences_are_said_in_words(pharmacist: Client) -> None:
    rows = Rows(page(pharmacist)).words
    assert "Editions differ" in rows["eligibility.contraception_months"]
    assert "6\u00a0months" in rows["eligibility.contraception_months"]
    assert "4\u00a0months" in rows["eligibility.contraception_months"]
    assert "Same value, own sources" not in rows["eligibility.contraception_months"]
    assert "Editions differ" in rows["PREGNANT"]
    assert "Editions differ" not in rows["calendar.interval_months"]
    alone = Rows(page(pharmacist, "eu")).words
    assert "Editions differ" not in alone["eligibility.contraception_months"]
    assert "4\u00a0months" in alone["eligibility.contraception_months"]
    assert "6\u00a0months" not in alone["eligibility.contraception_months"]


def test_a_change_of_source_alone_is_said_too() -> None:
    editions = {name: load("ocrelizumab", name) for name in ("default", "us")}
    lines = {line.path: line for part in sheet.sections(editions) for line in part.lines}
    months = lines["eligibility.contraception_months"]
    assert (months.differs, months.own_sources) == (False, True)
    assert [cell.own for cell in months.cells] == [False, True]


def test_the_rate_tables_carry_their_exact_ends(pharmacist: Client) -> None:
    html = page(pharmacist)
    for end in ("2:38:20", "3:30", "2:00"):
        assert f"<strong>{end}</strong>" in html
    assert "8:20" in html


def test_every_source_is_listed_and_every_link_leads_somewhere(pharmacist: Client) -> None:
    html = page(pharmacist)
    ids = {part.split('"')[0] for part in html.split(' id="')[1:]}
    targets = {part.split('"')[0] for part in html.split('href="#')[1:]}
    assert targets <= ids
    for ref, words in load().sources.items():
        assert f"source-{ref}" in ids
        assert words.replace("'", "&#x27;") in html


def test_everything_has_a_name() -> None:
    for value in load().values:
        section, _, key = value.path.rpartition(".")
        assert key in LABELS, value.path
        assert section in SECTIONS, value.path
    assert {path.rpartition(".")[2] for path in VALUES} == set(LABELS), "a label nobody uses"
    grades = {str(value.grade) for value in load().values}
    assert grades <= GRADES.keys()
    assert WHY_SIGN_OFF.keys() == GRADES.keys() - {"-", "A"}


def test_no_rule_is_lost_between_the_groups() -> None:
    editions = {"default": load()}
    ids = [rule.id for group in sheet.rule_groups(editions) for rule in group.rules]
    assert sorted(ids) == sorted(load().rules)
    assert sheet.group_of("REACTION-LIFE-THREATENING") == "Eligibility"
    assert sheet.group_of("REACTION-STOP") == "Reaction"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("x.minimum_mg_per_ml", "1.10", ("1.1\u00a0mg/mL",)),
        ("x.maximum_ml_h", 180, ("180\u00a0mL/h",)),
        ("x.window_before", "1 d", ("1\u00a0day",)),
        ("x.interval_24_weeks", "24 wk", ("24\u00a0weeks",)),
        ("x.fridge_celsius", [2, 8], ("2 to 8 °C",)),
        ("x.strict", False, ("no",)),
        ("x.rate_fraction", "1/2", ("1/2",)),
        ("x.signs", ["throat_pain", "rash"], ("throat pain, rash",)),
        ("x.hold", "30 min", ("30\u00a0min",)),
        ("x.climb", "ladder", ("up the table's ladder",)),
        ("x.interval_mode", "calendar", ("calendar months",)),
        ("x.ig_requirement", "immunology", ("an immunology consultation",)),
    ],
)
def test_values_in_words(path: str, value: Any, words: tuple[str, ...]) -> None:
    assert wording.lines(path, value) == words


def test_who_may_read_it() -> None:
    path = reverse("protocol", args=["ocrelizumab"])
    clinic = make_clinic()
    assert Client().get(path).status_code == 302
    for role in Role:
        client = Client()
        client.force_login(make_user(clinic, role))
        assert client.get(path).status_code == 200, role
        assert client.post(path).status_code == 405
    assert AuditEntry.objects.count() == 0


def test_addresses(pharmacist: Client) -> None:
    assert pharmacist.get("/protocols/")["Location"] == "/protocols/ocrelizumab/"
    for wrong in ("/protocols/natalizumab/", "/protocols/ocrelizumab/?edition=ch",
                  "/protocols/ocrelizumab/?edition=%00"):  # fmt: skip
        assert pharmacist.get(wrong).status_code == 404


def test_who_has_one_clinic_keeps_its_navigation(
    pharmacist: Client, django_assert_num_queries: Any
) -> None:
    assert 'class="rail"' in page(pharmacist)
    both = make_user(Clinic.objects.get(), Role.NURSE)
    south = make_clinic("south")
    south.memberships.create(user=both, role=Role.NURSE)
    client = Client()
    client.force_login(both)
    assert 'class="rail"' not in page(client)
    with django_assert_num_queries(4):  # session, person, clinics, standing
        page(pharmacist)
