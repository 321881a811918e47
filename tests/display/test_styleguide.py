"""The style guide shows everything, and the frame holds when there is nothing to show."""

import re
from types import SimpleNamespace

import pytest
from django.http import HttpRequest
from django.template import engines
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from core.errors import Conflict, RuleBroken
from core.web.styleguide import ExampleForm, examples, icons
from core.web.styleguide_cast import NOW
from tests.architecture.tree import ROOT

COMPONENTS = sorted(path.name for path in (ROOT / "templates/_components").glob("*.html"))
ON_REAL_PAGES_ONLY = {
    "error_summary.html": "takes the focus; the guide shows its body",
    "field_help_below.html": "the sign-in page",
    "live_region.html": "asks the server",
    "dialog_head.html": "inside a fragment",
    "messages.html": "after an action",
    "record_tabs.html": "on one patient's pages",
    "patient_banner.html": "the guide shows its body four times",
    "undo_bar.html": "leaves after ten seconds; the guide shows it standing still",
}
ERRORS = ["400.html", "403.html", "403_csrf.html", "404.html", "503.html"]


def page() -> str:
    response = Client().get("/styleguide/")
    assert response.status_code == 200
    return response.content.decode()


def request() -> HttpRequest:
    return RequestFactory().get("/")


def included(name: str, seen: set[str]) -> set[str]:
    """Every component that a template reaches."""
    source = (ROOT / "templates" / name).read_text()
    for wanted in re.findall(r'{% (?:include|extends) "([^"]+)"', source):
        if wanted not in seen:
            seen |= {wanted} | included(wanted, seen | {wanted})
    return seen


def test_every_component_is_shown() -> None:
    shown = {name.removeprefix("_components/") for name in included("styleguide/index.html", set())}
    shown |= {"badge.html"}  # through its tags
    assert set(COMPONENTS) - shown - set(ON_REAL_PAGES_ONLY) == set()


def test_every_state_and_every_icon_is_shown() -> None:
    html = page()
    assert all(f"#{name}" in html for name in icons())
    assert len(icons()) > 40


def test_it_asks_no_database_and_forbids_inline_code() -> None:
    response = Client().get("/styleguide/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_identity_is_told_by_two_identifiers_on_every_card() -> None:
    html = page()
    cards = re.findall(r'<article class="chair-card.*?</article>', html, re.S)
    assert len(cards) == 6
    for card in cards:
        if "chair-card__name" in card:
            assert "Born" in card
            assert "NHS No." in card


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_nothing_but_a_request(name: str) -> None:
    html = engines["django"].get_template(name).render({"shell": None}, request())
    assert name[:3] in html
    assert 'href="/"' in html


def test_the_page_for_our_own_faults_needs_nothing_at_all() -> None:
    html = render_to_string("500.html")
    assert "Something broke on our side" in html
    assert "css/tokens.css" in html


def test_a_refusal_is_told_in_its_own_words() -> None:
    finding = SimpleNamespace(id="INTERVAL-MINIMUM", words="Earliest date is 2026-06-15")
    refusal = RuleBroken("Too early for dose 3", [finding])
    html = render_to_string("errors/refused.html", {"refusal": refusal}, request())
    assert "Too early for dose 3" in html
    assert "INTERVAL-MINIMUM" in html
    assert "Earliest date is 15-Jun-2026" in html


def test_a_refusal_without_findings_has_no_empty_list() -> None:
    html = render_to_string(
        "errors/refused.html", {"refusal": Conflict("Changed meanwhile")}, request()
    )
    assert "Changed meanwhile" in html
    assert "<ul" not in html


class TestForms:
    def test_a_field_has_a_label_and_says_when_it_may_be_left_out(self) -> None:
        html = str(ExampleForm()["reason"].as_field_group())
        assert '<label class="field__label" for="id_reason">Reason' in html
        assert "(optional)" in html
        assert "(optional)" not in str(ExampleForm()["volume"].as_field_group())

    def test_an_error_is_tied_to_its_field_and_the_typed_value_stays(self) -> None:
        form = ExampleForm({"volume": "640"})
        html = str(form["volume"].as_field_group())
        assert 'aria-invalid="true"' in html
        assert 'id="id_volume_error"' in html
        assert re.search(r'aria-describedby="[^"]*id_volume_error', html)
        assert 'value="640"' in html

    def test_help_is_tied_to_its_field(self) -> None:
        html = str(ExampleForm()["day"].as_field_group())
        assert 'id="id_day_helptext"' in html
        assert 'aria-describedby="id_day_helptext"' in html

    def test_choices_are_a_group_with_a_legend(self) -> None:
        html = str(ExampleForm()["route"].as_field_group())
        assert "<fieldset" in html
        assert '<legend class="field__label">Told by' in html

    def test_the_summary_leads_to_each_field(self) -> None:
        form = ExampleForm({"volume": "640"})
        html = render_to_string("_components/error_summary.html", {"form": form})
        assert html.count("<li>") == len(form.errors)
        assert 'href="#id_volume"' in html
        assert 'tabindex="-1"' in html

    def test_no_error_no_summary(self) -> None:
        assert (
            render_to_string("_components/error_summary.html", {"form": ExampleForm()}).strip()
            == ""
        )


def test_the_frame_of_a_signed_out_page_shows_no_clinic_and_no_navigation() -> None:
    html = render_to_string("base.html", {"shell": SimpleNamespace(now=NOW)}, request())
    assert "connection-state" not in html
    assert 'class="rail"' not in html
    assert "live-poll.js" not in html


def test_the_frame_of_a_clinic_page_names_clinic_zone_and_person() -> None:
    html = render_to_string("base.html", examples(), request())
    for wanted in ("Northgate MS Day Unit", "Europe/London", "Amara Osei", 'aria-current="page"'):
        assert wanted in html


def test_htmx_may_not_evaluate_or_keep_copies_and_settles_at_once() -> None:
    html = page()
    for setting in ('"allowEval": false', '"includeIndicatorStyles": false',
                    '"allowScriptTags": false', '"historyCacheSize": 0',
                    '"defaultSettleDelay": 0'):  # fmt: skip
        assert setting in html
