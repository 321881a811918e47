"""The barcode on a vial: GS1 product number, lot and expiry date. Pure."""

from dataclasses import dataclass
from datetime import date

import biip
from biip import ParseConfig
from biip.gs1_messages import GS1Message

from core.errors import Invalid

LONGEST = 200  # a GS1 symbol of a medicine is far shorter
GTIN, LOT, EXPIRY = "01", "10", "17"
# What scanners that cannot type the GS1 separator type in its place.
SEPARATORS = ("\x1d", "~", "|")
SPELT = "<GS>"
UNREADABLE = "This is not the code of a medicine. Scan again, or type lot and expiry by hand."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What a code says; what it does not say is empty."""

    gtin: str
    lot: str
    expires_on: date | None


def read_code(typed: str) -> Scanned:
    """Return product number, lot and expiry of a scanned or typed GS1 code.

    Reads what a scanner types, with or without its symbology prefix, and the form printed beside
    the code with its numbers in brackets. Raises Invalid on `scan` for anything else, and for a
    product number whose check digit is wrong.
    """
    text = typed.strip().replace(SPELT, SEPARATORS[0])
    if not 0 < len(text) <= LONGEST:
        raise _unreadable()
    message = _message(text)
    gtin, lot, expiry = (message.element_strings.get(ai=ai) for ai in (GTIN, LOT, EXPIRY))
    if gtin is None or gtin.gtin is None:
        raise _unreadable()
    return Scanned(
        gtin=gtin.gtin.as_gtin_14(),
        lot=lot.value if lot else "",
        expires_on=expiry.date if expiry else None,
    )


def _message(text: str) -> GS1Message:
    try:
        if text.startswith("("):
            return GS1Message.parse_hri(text)
        config = ParseConfig(separator_chars=SEPARATORS)
        parsed = biip.parse(text, config=config).gs1_message
    except biip.ParseError:
        raise _unreadable() from None
    if parsed is None:
        raise _unreadable()
    return parsed


def _unreadable() -> Invalid:
    return Invalid(UNREADABLE, {"scan": [UNREADABLE]})
