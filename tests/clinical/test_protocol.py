"""The protocol file is checked to the last key, and everything the core knows comes from it."""

import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

import clinical.protocol
from clinical.findings import Grade, Severity
from clinical.protocol import ClimbPolicy, Protocol, ProtocolError, load, names, parse

TOML = Path(clinical.protocol.__file__).parent / "protocols" / "ocrelizumab.toml"
TEXT = TOML.read_text(encoding="utf-8")


def swapped(old: str, new: str, edition: str = "default") -> Protocol:
    """The shipped protocol with one piece of its text replaced."""
    assert TEXT.count(old) >= 1, f"{old!r} is not in the protocol file"
    return parse(TEXT.replace(old, new, 1), edition)


def leaf(protocol: Protocol, path: str) -> clinical.protocol.SourcedValue:
    (found,) = [value for value in protocol.values if value.path == path]
    return found


def test_load_gives_the_same_object_each_time() -> None:
    assert load() is load("ocrelizumab", "default") or load() == load()
    assert load("ocrelizumab", "us") is load("ocrelizumab", "us")


def test_the_shipped_names_and_editions() -> None:
    assert names() == ("ocrelizumab",)
    assert load().editions() == ("default", "us", "eu")
    assert (load().drug, load().brand) == ("ocrelizumab", "Ocrevus")


@pytest.mark.parametrize(
    ("name", "edition", "words"),
    [
        ("rituximab", "default", "unknown protocol 'rituximab', expected one of ocrelizumab"),
        ("../ocrelizumab", "default", "unknown protocol"),
        ("ocrelizumab", "fr", "unknown edition 'fr', expected one of default, us, eu"),
    ],
)
def test_an_unknown_name_or_edition_is_named(name: str, edition: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        load(name, edition)


@pytest.mark.parametrize("edition", load().editions())
def test_every_value_has_a_known_source_and_a_grade(edition: str) -> None:
    protocol = load("ocrelizumab", edition)
    assert len(protocol.values) > 100
    for value in protocol.values:
        assert value.source, value.path
        assert set(value.source) <= set(protocol.sources), value.path
        assert value.grade in Grade, value.path


@pytest.mark.parametrize("edition", load().editions())
def test_every_rule_has_words_source_and_what_clears_it(edition: str) -> None:
    for rule in load("ocrelizumab", edition).rules.values():
        assert rule.title, rule.id
        assert rule.clears_when, rule.id
        assert rule.source, rule.id
        assert rule.severity is not Severity.CLEAR, rule.id


@pytest.mark.parametrize("edition", load().editions())
def test_what_needs_sign_off_is_policy_memory_practice_or_one_secondary_source(
    edition: str,
) -> None:
    for value in load("ocrelizumab", edition).values:
        weak = value.grade in {Grade.POLICY, Grade.MEMORY, Grade.PRACTICE}
        single = value.grade is Grade.SECONDARY and len(value.source) == 1
        assert value.needs_sign_off == (weak or single or bool(value.confirm)), value.path
        assert not (value.confirm and (weak or single)), f"{value.path}: the grade says so already"


def test_what_is_weaker_than_its_grade_says_why() -> None:
    """The sources' own list of what was not verified: EU values of 2022, and 150 mg."""
    found = {
        (value.set_by, value.path): value.confirm
        for edition in load().editions()
        for value in load("ocrelizumab", edition).values
        if value.confirm
    }
    assert set(found) == {
        ("default", "preparation.bags"),
        ("default", "titration.initial.doses_mg"),
        ("eu", "eligibility.contraception_months"),
        ("eu", "eligibility.live_vaccine_before"),
        ("eu", "eligibility.nonlive_vaccine_before"),
    }
    assert "inferred for the EU" in found["eu", "eligibility.contraception_months"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("calendar.prolonged_gap_months", True),
        ("calendar.infusion_2_window", True),
        ("dosing.paediatric.initial_mg", True),
        ("premedication.steroid_equivalents", True),
        ("calendar.minimum_interval_months", False),
        ("dosing.initial_mg", False),
        ("eligibility.live_vaccine_before", False),
    ],
)
def test_sign_off_of_named_values(path: str, *, expected: bool) -> None:
    assert leaf(load(), path).needs_sign_off is expected


def test_an_edition_overlays_value_by_value() -> None:
    default, us, eu = (load("ocrelizumab", name) for name in ("default", "us", "eu"))
    assert (default.dosing.paediatric.allowed, us.dosing.paediatric.allowed) == (False, True)
    assert us.dosing.paediatric.initial_mg == default.dosing.paediatric.initial_mg
    assert default.eligibility.contraception_months == 6
    assert eu.eligibility.contraception_months == 4
    assert leaf(eu, "eligibility.contraception_months").source == ("UK-R",)
    assert leaf(eu, "eligibility.contraception_months").set_by == "eu"
    assert leaf(eu, "eligibility.older_age_years").set_by == "default"
    assert eu.titration.initial.climb is ClimbPolicy.RETURN
    assert default.titration.initial.climb is ClimbPolicy.INCREMENT
    assert default.titration.short.climb is ClimbPolicy.LADDER


def test_an_edition_may_change_a_rule() -> None:
    assert load("ocrelizumab", "default").rules["PREGNANT"].severity is Severity.BLOCK
    us = load("ocrelizumab", "us").rules["PREGNANT"]
    assert (us.severity, us.override_by) == (Severity.HOLD, ("prescriber",))
    assert us.title == load().rules["PREGNANT"].title


FAULTS = {
    "calendar: unknown key 'foo'": (
        "[calendar]\n",
        '[calendar]\nfoo = { value = 1, source = ["HCP"], grade = "A" }\n',
    ),
    "calendar.payer_gate: unknown key 'why'": (
        "payer_gate = { value = false,",
        'payer_gate = { value = false, why = "x",',
    ),
    "calendar.payer_gate: unknown source 'NOWHERE'": (
        'payer_gate = { value = false, source = ["POLICY"]',
        'payer_gate = { value = false, source = ["NOWHERE"]',
    ),
    "calendar.payer_gate: source must be a list": (
        'payer_gate = { value = false, source = ["POLICY"]',
        'payer_gate = { value = false, source = "POLICY"',
    ),
    "calendar.payer_gate: missing key 'source'": (
        'payer_gate = { value = false, source = ["POLICY"],',
        "payer_gate = { value = false,",
    ),
    "calendar.payer_gate: unknown grade 'Z'": (
        'payer_gate = { value = false, source = ["POLICY"], grade = "P"',
        'payer_gate = { value = false, source = ["POLICY"], grade = "Z"',
    ),
    "calendar.payer_gate: expected bool, got 0": (
        "payer_gate = { value = false,",
        "payer_gate = { value = 0,",
    ),
    "calendar.payer_gate: expected a table with value": (
        "payer_gate = { value = false,",
        "payer_gate = { valu = false,",
    ),
    "calendar.infusion_2_after: expected a duration such as '30 min', got '14'": (
        'infusion_2_after = { value = "14 d"',
        'infusion_2_after = { value = "14"',
    ),
    "calendar.infusion_2_after: expected a duration such as '30 min', got 14": (
        'infusion_2_after = { value = "14 d"',
        "infusion_2_after = { value = 14",
    ),
    "preparation.vial_ml: expected Fraction, got 10.0": (
        "vial_ml = { value = 10,",
        "vial_ml = { value = 10.0,",
    ),
    "preparation.vial_ml: expected Fraction, got True": (
        "vial_ml = { value = 10,",
        "vial_ml = { value = true,",
    ),
    "preparation.target_mg_per_ml: Invalid literal": (
        'target_mg_per_ml = { value = "1.2"',
        'target_mg_per_ml = { value = "1,2"',
    ),
    "dosing.initial_mg: expected int, got '300'": (
        "initial_mg = { value = 300,",
        'initial_mg = { value = "300",',
    ),
    "dosing.initial_mg: expected int, got True": (
        "initial_mg = { value = 300,",
        "initial_mg = { value = true,",
    ),
    "dosing: missing key 'initial_mg'": ("initial_mg = { value = 300,", "#"),
    "dosing.indications: expected a list": (
        'indications = { value = ["RMS", "RRMS", "PPMS"]',
        'indications = { value = "RMS"',
    ),
    "preparation.bags.1.: unknown key 'bag'": (
        "{ dose_mg = 300, bag_ml = 250, concentration_gate = true }",
        "{ dose_mg = 300, bag_ml = 250, bag = 1, concentration_gate = true }",
    ),
    "preparation.bags.1.: missing key 'bag_ml'": (
        "{ dose_mg = 300, bag_ml = 250, concentration_gate = true }",
        "{ dose_mg = 300, concentration_gate = true }",
    ),
    "preparation.bags.1.: expected a table": (
        "{ dose_mg = 300, bag_ml = 250, concentration_gate = true }",
        "300",
    ),
    "calendar.interval_mode: 'lunar'": ('value = "calendar"', 'value = "lunar"'),
    "rules.PREGNANT: unknown role 'visitor'": (
        '[rules.PREGNANT]\ntitle = "Pregnancy"\nseverity = "block"\noverride = []',
        '[rules.PREGNANT]\ntitle = "Pregnancy"\nseverity = "block"\noverride = ["visitor"]',
    ),
    "rules.PREGNANT.severity: 'fatal'": (
        '[rules.PREGNANT]\ntitle = "Pregnancy"\nseverity = "block"',
        '[rules.PREGNANT]\ntitle = "Pregnancy"\nseverity = "fatal"',
    ),
    "rules.PREGNANT: missing key 'title'": (
        '[rules.PREGNANT]\ntitle = "Pregnancy"\n',
        "[rules.PREGNANT]\n",
    ),
    "protocol: unknown key 'colour'": ("[protocol]\n", '[protocol]\ncolour = "red"\n'),
    "protocol file: unknown key 'observatory'": ("[observation]\n", "[observatory]\n"),
    "not TOML": ("[protocol]", "[protocol"),
}


@pytest.mark.parametrize("words", list(FAULTS))
def test_a_faulty_file_is_refused_and_the_key_named(words: str) -> None:
    with pytest.raises(ProtocolError, match=words.replace("[", r"\[")):
        swapped(*FAULTS[words])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "[editions.eu.eligibility]\n",
            '[editions.eu.eligibility]\nfoo = { value = 1, source = ["HCP"], grade = "A" }\n',
            "editions.eu.eligibility.foo: unknown key",
        ),
        (
            "[editions.eu.eligibility]\n",
            "[editions.eu.eligibility]\nolder_age_years = 5\n",
            "editions.eu.eligibility.older_age_years: expected a table",
        ),
        (
            'contraception_months = { value = 4, source = ["UK-R"], grade = "A",',
            'contraception_months = { value = 4, source = ["UK-R"],',
            "eligibility.contraception_months: missing key 'grade'",
        ),
        (
            "[editions.eu.rules.LACTATION]\n",
            "[editions.eu.rules.BREAST]\n",
            "editions.eu.rules.BREAST: unknown key",
        ),
        (
            "[editions.eu.rules.LACTATION]\n",
            '[editions.eu.rules.LACTATION]\nwords = "x"\n',
            "rules.LACTATION: unknown key 'words'",
        ),
    ],
)
def test_a_faulty_edition_is_refused_and_the_key_named(old: str, new: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        swapped(old, new, "eu")


def test_an_edition_of_any_name_overlays() -> None:
    leaf_text = 'older_age_years = { value = 60, source = ["POLICY"], grade = "P" }'
    text = f"{TEXT}\n[editions.ca.eligibility]\n{leaf_text}\n"
    assert parse(text, "ca").eligibility.older_age_years == 60
    assert parse(text, "ca").editions() == ("default", "us", "eu", "ca")
    assert parse(text).eligibility.older_age_years == 65


def test_of_several_strangers_the_first_is_named() -> None:
    with pytest.raises(ProtocolError, match="protocol: unknown key 'apple'"):
        swapped("[protocol]\n", '[protocol]\npear = "x"\napple = "x"\n')


def test_an_edition_rule_restates_its_source() -> None:
    old = '[editions.eu.rules.LACTATION]\nseverity = "caution"'
    text = TEXT.replace(old, "[editions.eu.rules.LACTATION]\n" + old.split("\n")[1], 1)
    head, tail = text.split("[editions.eu.rules.LACTATION]")
    without = head + "[editions.eu.rules.LACTATION]" + tail.replace('source = ["UK-R"]\n', "", 1)
    with pytest.raises(ProtocolError, match=r"rules.LACTATION: missing key 'source'"):
        parse(without, "eu")


def test_fractions_are_exact() -> None:
    assert load().preparation.minimum_mg_per_ml == Fraction(11, 10)
    assert load().reaction.rate_fraction == Fraction(1, 2)


def test_the_editions_hold_only_what_differs_or_restates_a_source() -> None:
    document = tomllib.loads(TEXT)
    for edition, sections in document["editions"].items():
        assert set(sections) <= {"dosing", "titration", "eligibility", "rules"}, edition
