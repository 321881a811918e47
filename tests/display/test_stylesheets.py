"""What the style sheets and scripts must keep, in both themes."""

import re
from pathlib import Path

import pytest

from tests.display.stylesheets import SCRIPTS, SHEETS, TOKENS, colour, contrast, rules
from tests.display.templates import PATHS

THEMES = pytest.mark.parametrize("theme", ["light", "dark"])
GROUNDS = ["canvas", "surface", "raised", "sunken", "rail", "hover", "pressed"]
MEANINGS = ["success", "warning", "danger", "neutral"]
READ = [
    *[(ink, ground) for ground in GROUNDS for ink in ("text", "muted")],
    *[("accent-text", ground) for ground in ("canvas", "surface", "raised", "accent-soft")],
    *[
        (meaning, ground)
        for meaning in MEANINGS
        for ground in (f"{meaning}-soft", "surface", "canvas")
    ],
    *[("text", f"{meaning}-soft") for meaning in MEANINGS],
    ("danger", "hover"),
    ("muted", "neutral-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("on-accent", "danger-solid"),
    ("on-accent", "danger-solid-hover"),
    ("on-toast", "toast"),
]
SEEN = [(line, ground) for line in ("edge", "focus") for ground in ("canvas", "surface", "raised")]


@THEMES
@pytest.mark.parametrize(("ink", "ground"), READ)
def test_words_can_be_read(theme: str, ink: str, ground: str) -> None:
    assert contrast(colour(ink, theme), colour(ground, theme)) >= 4.5


@THEMES
@pytest.mark.parametrize(("line", "ground"), SEEN)
def test_edges_and_focus_can_be_seen(theme: str, line: str, ground: str) -> None:
    assert contrast(colour(line, theme), colour(ground, theme)) >= 3


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
class TestEverySheet:
    def test_it_stands_in_a_layer(self, sheet: Path) -> None:
        assert re.search(
            r"@layer (tokens|base|shell|components|clinical|page|print)\b", sheet.read_text()
        )

    def test_only_the_tokens_name_a_colour(self, sheet: Path) -> None:
        if sheet.name != "tokens.css":
            css = re.sub(r'url\("data:[^"]*"\)', "", rules(sheet.read_text()))
            assert (
                re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[\s;,)])|\brgb\(|\bhsl\(|\boklch\(", css) == []
            )

    def test_it_has_no_left_and_right(self, sheet: Path) -> None:
        css = rules(sheet.read_text())
        assert re.findall(r"(?<![\w-])(?:(?:margin|padding|border)-)?(?:left|right):", css) == []
        assert re.findall(r"text-align: (?:left|right)", css) == []

    def test_every_token_it_uses_exists(self, sheet: Path) -> None:
        made = set(re.findall(r"(--[\w-]+):", TOKENS))
        assert set(re.findall(r"var\((--[\w-]+)", sheet.read_text())) - made == set()

    def test_bare_elements_never_win(self, sheet: Path) -> None:
        """A library's own <section> or <header> must not inherit our looks by its name."""
        selectors = re.findall(
            r"(?:^|[},])\s*((?:header|section|article|table|nav|main|h[1-6]))\s*[{,]",
            re.sub(r":where\([^)]*\)", "", rules(sheet.read_text())),
        )
        assert selectors == []


def test_the_sheets_stay_light() -> None:
    """What every page loads; a page's own sheet is its own matter."""
    shared = [sheet for sheet in SHEETS if "@layer page {" not in sheet.read_text()]
    assert sum(len(sheet.read_bytes()) for sheet in shared) <= 52_000


def test_motion_rests_when_asked() -> None:
    assert "prefers-reduced-motion: reduce" in (SHEETS[0].parent / "base.css").read_text()


def test_nothing_flashes_forever_but_the_spinner() -> None:
    endless = [
        line for sheet in SHEETS for line in sheet.read_text().splitlines() if "infinite" in line
    ]
    assert len(endless) == 1
    assert ".spinner" in endless[0]


def test_classes_used_by_templates_exist() -> None:
    printed = (SHEETS[0].parents[1] / "pdf").glob("*.css")
    css = " ".join(sheet.read_text() for sheet in (*SHEETS, *printed))
    known = set(re.findall(r"\.([a-z][\w-]*)", css))
    known |= {name.split("__")[0] for name in known}  # a block may have rules for its parts only
    used: set[str] = set()
    for path in PATHS:
        html = re.sub(r"{%.*?%}|{{.*?}}", "§", path.read_text())
        for value in re.findall(r'\bclass="([^"]*)"', html):
            used |= {name for name in value.split() if "§" not in name}
    assert used - known == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
class TestEveryScript:
    def test_it_stands_alone(self, script: Path) -> None:
        assert not re.search(r"^\s*(import|export)\b|\bimport\(", script.read_text(), re.M)

    def test_it_writes_text_and_no_markup(self, script: Path) -> None:
        markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write"
        code = r"\beval\b|new Function|\.style\b"
        assert not re.search(f"{markup}|{code}", script.read_text())

    def test_it_keeps_nothing_about_patients(self, script: Path) -> None:
        kept = set(
            re.findall(r"(?:localStorage|sessionStorage)\.\w+\(([^,)]+)", script.read_text())
        )
        assert kept <= {'"theme"', "SWITCH"}

    def test_it_says_what_it_is_for(self, script: Path) -> None:
        assert script.read_text().startswith("// ")
