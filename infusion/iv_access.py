"""The way into the vein: with what, where, how often it was tried. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import Invalid

# What a hand can do in one sitting; more is a slip of the finger.
MOST_ATTEMPTS = 9


class Device(StrEnum):
    """What lies in the vein."""

    CANNULA = "cannula"
    MIDLINE = "midline"
    PICC = "picc"
    PORT = "port"


class Gauge(StrEnum):
    """The size of the cannula or of the port's needle."""

    G18 = "18 G"
    G19 = "19 G"
    G20 = "20 G"
    G22 = "22 G"
    G24 = "24 G"


GAUGED = frozenset({Device.CANNULA, Device.PORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One IV access. `gauge` is empty for a line that was there already."""

    device: str
    site: str
    gauge: str
    attempts: int

    def values(self) -> dict[str, Any]:
        """Return the access as an event carries it.

        Raises Invalid, by field, for a device or a size that is none, a cannula or a needle
        without its size, no site, and a number of attempts nobody makes.
        """
        problems: dict[str, list[str]] = {}
        if self.device not in set(Device):
            problems["device"] = ["Choose one of the list."]
        if not self.site.strip():
            problems["site"] = ["Say where."]
        if self.gauge not in {"", *Gauge} or (self.device in GAUGED and not self.gauge):
            problems["gauge"] = ["Choose the size."]
        if not 1 <= self.attempts <= MOST_ATTEMPTS:
            problems["attempts"] = [f"1 to {MOST_ATTEMPTS}."]
        if problems:
            raise Invalid("This access is not complete.", problems)
        return {
            "device": self.device,
            "site": " ".join(self.site.split()),
            "gauge": self.gauge,
            "attempts": self.attempts,
        }


def read_access(values: Mapping[str, Any]) -> Access:
    """Return the access of an event."""
    return Access(
        device=values["device"], site=values["site"], gauge=values["gauge"],
        attempts=values["attempts"],
    )  # fmt: skip
