"""What every template must keep: no raw value, nothing inline, no word untranslated, no giant."""

import re
from pathlib import Path

import pytest
from django.template import engines
from django.template.base import TokenType

from tests.architecture.tree import ROOT
from tests.display import templates
from tests.display.templates import PATHS, Expression, name_of

EVERY = pytest.mark.parametrize("path", PATHS, ids=name_of)
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons/sprite.svg").read_text()))
INLINE = {
    "style attribute": r"<[^>]*\sstyle\s*=",
    "style element": r"<style\b",
    "inline script": r"<script\b(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json)",
    "event attribute": r"<[^>]*\son[a-z]+\s*=",
    "hx-on": r"\bhx-on\b",
    "evaluated value": r"(hx-vals|hx-headers)\s*=\s*[\"']\s*js(?:cript)?:",
    "hx-vars": r"\bhx-vars\b",
    "javascript address": r"javascript:",
    "trigger filter": r"hx-trigger\s*=\s*[\"'][^\"']*\[",
}


@EVERY
def test_no_raw_value_reaches_the_page(path: Path) -> None:
    printed = templates.expressions(path.read_text())
    assert [why for expression in printed if (why := templates.raw_value(expression))] == []


@EVERY
def test_nothing_is_inline(path: Path) -> None:
    html = templates.markup(path.read_text())
    assert [what for what, pattern in INLINE.items() if re.search(pattern, html, re.S | re.I)] == []


@EVERY
def test_a_template_fits_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 150


@EVERY
def test_every_word_can_be_translated(path: Path) -> None:
    if path.name == "500.html":  # rendered when nothing can be trusted to work, not even i18n
        return
    assert templates.untranslated(path.read_text()) == []


@EVERY
def test_it_compiles_and_includes_what_exists(path: Path) -> None:
    source = path.read_text()
    engines["django"].from_string(source)
    for token in templates.tokens(source):
        if token.token_type is TokenType.BLOCK:
            for wanted in re.findall(r'^(?:include|extends) "([^"]+)"', token.contents):
                engines["django"].get_template(wanted)


@EVERY
def test_every_icon_is_in_the_sprite(path: Path) -> None:
    source = path.read_text()
    named = set(re.findall(r"{%\s*icon(?:_href)? \"([^\"]+)\"", source))
    named |= set(re.findall(r"\bicon=\"([^\"]+)\"", source))
    assert named - SPRITE == set()


@EVERY
def test_a_component_says_what_it_takes(path: Path) -> None:
    if path.parent.name == "_components":
        assert "{#" in path.read_text().splitlines()[0]


class TestTheRuleItself:
    """The rule must bite, or it proves nothing."""

    @pytest.mark.parametrize(
        "text",
        [
            "visit.due_on",
            "event.occurred_at",
            "visit.dose_mg",
            "step.rate_ml_per_hour",
            "volume_ml",
            'visit.due_on|default:"x"',
            "visit.given_on|clinical_time",
            "booking.status",
            "card.state",
            "patient.family_name",
            "patient",
            "shell.now",
            "booking.length",
            "patient.weight_kg",
            "patient.allergy_status",
            "note|safe",
            'x|date:"Y-m-d"',
            "value|floatformat:2",
            "patient.birth_date",
            "day",
            "card.rate",
        ],
    )
    def test_a_raw_value_is_found(self, text: str) -> None:
        assert templates.raw_value(templates.parse(text)) != ""

    @pytest.mark.parametrize(
        "text",
        [
            "visit.due_on|clinical_date",
            "now|instant",
            'visit.dose_mg|quantity:"mg"',
            "card.rate|rate",
            "patient|person_name",
            "patient.birth_date|age:patient.deceased_on",
            "clinic.name",
            "patient.get_sex_display",
            "booking.length|duration",
            "patient.mrn",
        ],
    )
    def test_a_filtered_value_passes(self, text: str) -> None:
        assert templates.raw_value(templates.parse(text)) == ""

    def test_a_bar_inside_quotes_is_not_a_filter(self) -> None:
        parsed = templates.parse('visit.due_on|default:"a|b"|clinical_date')
        assert parsed == Expression(
            'visit.due_on|default:"a|b"|clinical_date', "due_on", ("default", "clinical_date")
        )

    def test_a_bound_name_is_free_only_inside_its_block(self) -> None:
        block = "{% blocktranslate with rate=step.rate|rate %}{{ rate }}{% endblocktranslate %}"
        printed = templates.expressions(block + "{{ rate }}")
        found = [templates.raw_value(expression) for expression in printed]
        assert [bool(why) for why in found] == [False, True]

    def test_values_bound_for_translation_are_read_too(self) -> None:
        source = "{% blocktranslate with when=visit.due_at %}At {{ when }}{% endblocktranslate %}"
        found = [templates.raw_value(printed) for printed in templates.expressions(source)]
        assert any("visit.due_at" in why for why in found)

    @pytest.mark.parametrize(
        "html",
        [
            '<p style="color:red">',
            "<script>x()</script>",
            '<a onclick="x()">',
            "<a hx-on:click='x'>",
            "<style>p{}</style>",
            "<b hx-vals='js:{a:1}'>",
            '<a href="javascript:x">',
            '<b hx-trigger="every 5s [visible]">',
        ],
    )
    def test_inline_code_is_found(self, html: str) -> None:
        assert any(re.search(pattern, html, re.S | re.I) for pattern in INLINE.values())

    def test_a_bare_word_is_found(self) -> None:
        assert templates.untranslated("<p>Hello there</p>") == ["Hello there"]
        assert templates.untranslated('<a aria-label="Close it"></a>') == ["Close it"]
        assert templates.untranslated("<p>{% translate 'Hello' %} · {{ name }}</p>") == []
