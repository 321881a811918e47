"""How clinical facts are written on a screen, on paper and in a message: one function per kind.

Pure: values in, words out. The zone and the day are arguments. Clinical dates and numbers are never
localised (a date must read the same to every member of staff); words to patients are.
The spellings follow the NHS Common User Interface guides for dates, times, names and ages and the
ISMP list of error-prone dose expressions.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from django.utils.dates import MONTHS as LOCAL_MONTHS
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

NO_BREAK = "\u00a0"
NOTHING = "\u2013"
_ISO_DAY = re.compile(r"\b(\d{4})-(0[1-9]|1[0-2])-(\d\d)\b")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SPELLINGS = {
    "ml": "mL",
    "ML": "mL",
    "ug": "mcg",
    "\u00b5g": "mcg",
    "\u03bcg": "mcg",
    "MG": "mg",
    "Mg": "mg",
}
"""Units as people type them, and the one spelling that is shown: a bare "l" or "µ" is misread."""

Quantity = int | Decimal | Fraction


class Named(Protocol):
    """Whoever has a name in the record."""

    family_name: str
    given_names: str


@dataclass(frozen=True, slots=True)
class Medicine:
    """What a medicine line says. `brand` and `volume_ml` may be empty."""

    generic: str
    dose_mg: Quantity
    brand: str = ""
    volume_ml: Quantity | None = None


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant on the clinic's wall. Raises ValueError for a naive datetime."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(zone)


def local_date(value: date | datetime, zone: ZoneInfo) -> date:
    """The calendar day a date or an instant falls on in the clinic's zone."""
    return local(value, zone).date() if isinstance(value, datetime) else value


def clinical_date(value: date | datetime, zone: ZoneInfo) -> str:
    """`04-Mar-1988`: day before month, month in letters, so that no two readings are possible."""
    day = local_date(value, zone)
    return f"{day.day:02d}-{MONTHS[day.month - 1]}-{day.year:04d}"


def patient_date(value: date | datetime, zone: ZoneInfo) -> str:
    """`04 March 1988`, the month in the reader's language: for words to patients."""
    day = local_date(value, zone)
    return f"{day.day:02d} {LOCAL_MONTHS[day.month]} {day.year:04d}"


def clinical_time(instant: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """`14:05` on the 24-hour clock of the clinic; `14:05:10` where freshness is the point."""
    return local(instant, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def clinical_datetime(instant: datetime, zone: ZoneInfo) -> str:
    """`04-Mar-1988 14:05` in the clinic's zone."""
    return f"{clinical_date(instant, zone)} {clinical_time(instant, zone)}"


def sentence(words: str) -> str:
    """Return `words` with every day in them as people read it: 2026-06-15 becomes 15-Jun-2026.

    The clinical core writes its sentences for systems too, so its days are ISO; an instant's day
    is left as it is.
    """

    def shown(found: re.Match[str]) -> str:
        year, month, day = found.groups()
        return f"{day}-{MONTHS[int(month) - 1]}-{year}"

    return _ISO_DAY.sub(shown, words)


def duration(length: timedelta) -> str:
    """`1hr 5min`, `45min`, `2hr`: whole minutes, cut off; `-` when negative."""
    minutes = int(abs(length).total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours}hr"] if hours else []
    if rest or not hours:
        parts.append(f"{rest}min")
    sign = "-" if length < timedelta(0) and minutes else ""
    return sign + " ".join(parts)


def person_name(family: str, given: str, title: str = "") -> str:
    """`DOE, Jane (Ms)`. A part that is missing is left out; with neither name says so in words."""
    name = ", ".join(part for part in (family.strip().upper(), given.strip()) if part)
    if not name:
        return _("Name not recorded")
    return f"{name} ({title.strip()})" if title.strip() else name


def whole_months(born: date, today: date) -> int:
    """Completed months between two days."""
    months = (today.year - born.year) * 12 + today.month - born.month
    return months - (today.day < born.day)


def age(born: date, today: date) -> str:
    """`38y`; under 18 `7y 3m`; under two `14m`; under four weeks `12d`.

    Raises ValueError for a day before birth.
    """
    if today < born:
        raise ValueError(f"{today} is before the birth date {born}")
    days, months = (today - born).days, whole_months(born, today)
    if days < 28:
        return f"{days}d"
    if months < 24:
        return f"{months}m" if months else f"{days // 7}w"
    years, rest = divmod(months, 12)
    if years >= 18 or not rest:
        return f"{years}y"
    return f"{years}y {rest}m"


def number(value: Quantity) -> str:
    """Digits without a trailing zero and with a leading one: `40`, `0.5`, never `40.00` or `.5`.

    Raises TypeError for a float (it has already lost the exact value) and ValueError for a fraction
    that has no finite decimal: whoever holds it must round, and say how.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
        raise TypeError(f"{value!r} is not an exact quantity")
    if isinstance(value, Fraction):
        value = exact_decimal(value)
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{value} is not a quantity")
    text = format(Decimal(value), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def exact_decimal(value: Fraction) -> Decimal:
    """The decimal equal to the fraction. Raises ValueError when there is none."""
    left = value.denominator
    places = {2: 0, 5: 0}
    for prime in places:
        while left % prime == 0:
            left //= prime
            places[prime] += 1
    if left != 1:
        raise ValueError(f"{value} has no finite decimal: round it first")
    scale = max(places.values())
    return Decimal(value.numerator * 10**scale // value.denominator).scaleb(-scale)


def quantity(value: Quantity, unit: str) -> str:
    """`600 mg`: number and unit held together by a no-break space, unit in its one spelling."""
    return f"{number(value)}{NO_BREAK}{SPELLINGS.get(unit, unit)}"


def rate(ml_per_hour: Quantity, *, spoken: bool = False) -> str:
    """`40 mL/h` as the pump shows it, or `40 mL per hour` for print and for screen readers."""
    if spoken:
        return f"{quantity(ml_per_hour, 'mL')} {_('per hour')}"
    return quantity(ml_per_hour, "mL/h")


def medicine_line(medicine: Medicine) -> SafeString:
    """`<strong>ocrelizumab</strong> (Ocrevus), DOSE <strong>600 mg</strong> in 500 mL`."""
    brand = f" ({medicine.brand})" if medicine.brand else ""
    diluent = ""
    if medicine.volume_ml is not None:
        diluent = " " + _("in %(volume)s") % {"volume": quantity(medicine.volume_ml, "mL")}
    return format_html(
        "<strong>{}</strong>{}, {} <strong>{}</strong>{}",
        medicine.generic,
        brand,
        _("DOSE"),
        quantity(medicine.dose_mg, "mg"),
        diluent,
    )


@dataclass(frozen=True, slots=True)
class State:
    """How a state is shown: tone (colour), icon and word, always the three together."""

    tone: str
    icon: str
    label: "str | _StrPromise"


ALLERGIES = {
    "known": State("danger", "alert", gettext_lazy("Allergies known")),
    "none_known": State("success", "check", gettext_lazy("No known allergies")),
    "not_recorded": State("warning", "question", gettext_lazy("Allergies not recorded")),
    "unavailable": State("warning", "cloud-off", gettext_lazy("Allergies unavailable")),
}
"""The four answers to "any allergies?": silence is not the same as none."""


def allergy_state(code: str) -> State:
    """The state for an allergy status. An unknown code reads as unavailable, never as none."""
    return ALLERGIES.get(code, ALLERGIES["unavailable"])
