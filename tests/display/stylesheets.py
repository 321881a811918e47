"""Reads the style sheets for the tests that hold them: tokens in both themes, and contrast."""

import re

from tests.architecture.tree import ROOT

SHEETS = sorted((ROOT / "static/css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
TOKENS = (ROOT / "static/css/tokens.css").read_text()


def colour(name: str, theme: str) -> str:
    """The six hex digits of a token in `light` or `dark`. Raises KeyError for no such colour."""
    pair = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", TOKENS)
    if pair:
        return pair[1] if theme == "light" else pair[2]
    single = re.search(rf"--{name}: (#\w{{6}});", TOKENS)
    if not single:
        raise KeyError(name)
    return single[1]


def luminance(hexadecimal: str) -> float:
    """Relative luminance as WCAG 2.2 defines it, 0 to 1."""
    channels = [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def rules(css: str) -> str:
    """The sheet without its comments."""
    return re.sub(r"/\*.*?\*/", "", css, flags=re.S)
