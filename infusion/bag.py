"""The bag at the chair: what is in it, where it was kept, until when it may run. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Self

from clinical import preparation
from clinical.beyond_use import Kept, Place, beyond_use
from clinical.findings import Finding
from clinical.model import Protocol
from core import display


@dataclass(frozen=True, slots=True, kw_only=True)
class Vial:
    """One vial as its label reads. `gtin` is empty when it was not scanned."""

    lot: str
    expires_on: date
    gtin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bag:
    """One bag. Doses in mg, volume in mL; `storage` begins when the bag was prepared.

    `drug`, `route` and `labelled_mg` are read from the vial, not from the plan: that is how the
    wrong product is seen.
    """

    drug: str
    route: str
    labelled_mg: int
    dose_mg: int
    volume_ml: Fraction
    vials: tuple[Vial, ...]
    prepared_at: datetime
    storage: tuple[Kept, ...]
    filter_micron: str
    dedicated_line: bool
    discoloured: bool = False
    foreign_particles: bool = False
    codes_checked: bool = False  # vials with an unknown code were read by eye

    def values(self) -> dict[str, Any]:
        """Return the bag as an event carries it."""
        return {
            "drug": self.drug,
            "route": self.route,
            "labelled_mg": self.labelled_mg,
            "dose_mg": self.dose_mg,
            "volume_ml": str(display.exact_decimal(self.volume_ml)),
            "vials": [
                {"lot": vial.lot, "expires_on": vial.expires_on.isoformat(), "gtin": vial.gtin}
                for vial in self.vials
            ],
            "prepared_at": self.prepared_at.isoformat(),
            "storage": [
                {"place": kept.place.value, "since": kept.since.isoformat()}
                for kept in self.storage
            ],
            "filter_micron": self.filter_micron,
            "dedicated_line": self.dedicated_line,
            "discoloured": self.discoloured,
            "foreign_particles": self.foreign_particles,
            "codes_checked": self.codes_checked,
        }

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Return the bag of an event; KeyError, TypeError or ValueError when it is none."""
        plain = ("drug", "route", "labelled_mg", "dose_mg", "filter_micron", "dedicated_line",
                 "discoloured", "foreign_particles")  # fmt: skip
        return cls(
            **{name: values[name] for name in plain},
            codes_checked=bool(values.get("codes_checked", False)),
            volume_ml=Fraction(values["volume_ml"]),
            vials=tuple(
                Vial(
                    lot=row["lot"],
                    expires_on=date.fromisoformat(row["expires_on"]),
                    gtin=row["gtin"],
                )
                for row in values["vials"]
            ),
            prepared_at=datetime.fromisoformat(values["prepared_at"]),
            storage=tuple(
                Kept(place=Place(row["place"]), since=datetime.fromisoformat(row["since"]))
                for row in values["storage"]
            ),
        )

    @property
    def mg_per_ml(self) -> Fraction:
        """The concentration, exact."""
        return self.dose_mg / self.volume_ml

    def use_by(self, protocol: Protocol) -> datetime:
        """Return by when the infusion must be over; ValueError for a storage that cannot be."""
        kept = beyond_use(protocol, prepared_at=self.prepared_at, storage=self.storage)
        return kept.must_finish_by


def bag_findings(protocol: Protocol, bag: Bag, *, on: date, at: datetime) -> list[Finding]:
    """Return what is wrong with a bag at the chair on the day `on`, at the instant `at`.

    The product (H17), its concentration, vials and look, and whether its time is over (H15).
    """
    vials: Sequence[preparation.Vial] = [
        preparation.Vial(lot=vial.lot, expires_on=vial.expires_on) for vial in bag.vials
    ]
    findings = preparation.product_findings(protocol, route=bag.route, labelled_mg=bag.labelled_mg)
    findings += preparation.concentration_findings(
        protocol, dose_mg=bag.dose_mg, mg_per_ml=bag.mg_per_ml
    )
    findings += preparation.vial_findings(protocol, dose_mg=bag.dose_mg, vials=vials, on=on)
    findings += preparation.appearance_findings(
        protocol, discoloured=bag.discoloured, foreign_particles=bag.foreign_particles
    )
    use_by = bag.use_by(protocol)
    if use_by <= at:
        words = f"This bag could be used until {use_by.isoformat()}."
        findings.append(protocol.finding("BAG-BEYOND-USE", words))
    return findings
