"""Making up the bag: vials, drug volume, concentration, the vials themselves, the right product."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from clinical.findings import Finding
from clinical.model import BagRow, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What one dose is made up from. Volumes in mL, concentration in mg/mL, exact."""

    dose_mg: int
    vials: int
    drug_ml: Fraction
    bag_ml: Fraction
    total_ml: Fraction
    mg_per_ml: Fraction
    diluent: str
    filter_micron: tuple[Fraction, ...]
    checklist: tuple[str, ...]
    findings: tuple[Finding, ...]


def bag_for(protocol: Protocol, dose_mg: int) -> BagRow:
    """Return the bag `dose_mg` goes into; ValueError for a dose the protocol has no bag for."""
    for row in protocol.preparation.bags:
        if row.dose_mg == dose_mg:
            return row
    raise ValueError(f"no bag is given for {dose_mg} mg")


def concentration_findings(
    protocol: Protocol, *, dose_mg: int, mg_per_ml: Fraction
) -> list[Finding]:
    """Return BAG-CONCENTRATION outside the gate; the limits themselves pass. Doses the gate does
    not apply to (150 mg in a 250 mL bag) never fail it."""
    rules = protocol.preparation
    if not bag_for(protocol, dose_mg).concentration_gate:
        return []
    if rules.minimum_mg_per_ml <= mg_per_ml <= rules.maximum_mg_per_ml:
        return []
    words = (
        f"{float(mg_per_ml):.3f} mg/mL is outside {float(rules.minimum_mg_per_ml):.2f} to "
        f"{float(rules.maximum_mg_per_ml):.2f} mg/mL."
    )
    return [protocol.finding("BAG-CONCENTRATION", words)]


def prepare(
    protocol: Protocol,
    *,
    dose_mg: int,
    saline_removed: bool = True,
    bag_ml: Fraction | int | None = None,
) -> Preparation:
    """Return how `dose_mg` is made up in a bag of `bag_ml` saline (the label's bag when None).

    With `saline_removed` the drug replaces as much saline and the total is the bag; without, the
    drug is added to it. Source: article S7; EU-PL, GRPH (vials and bags); L26 (150 mg).
    Raises ValueError for a dose without a bag, or a bag the drug does not fit into.
    """
    rules = protocol.preparation
    bag = bag_for(protocol, dose_mg).bag_ml if bag_ml is None else Fraction(bag_ml)
    drug = Fraction(dose_mg) * rules.vial_ml / rules.vial_mg
    if bag <= drug:
        raise ValueError(f"a bag of {bag} mL does not hold {drug} mL of drug")
    total = bag if saline_removed else bag + drug
    concentration = dose_mg / total
    return Preparation(
        dose_mg=dose_mg,
        vials=math.ceil(Fraction(dose_mg, rules.vial_mg)),
        drug_ml=drug,
        bag_ml=bag,
        total_ml=total,
        mg_per_ml=concentration,
        diluent=rules.diluent,
        filter_micron=rules.filter_micron,
        checklist=rules.checklist,
        findings=tuple(concentration_findings(protocol, dose_mg=dose_mg, mg_per_ml=concentration)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vial:
    """One vial as its label reads. It may be used up to and including `expires_on`."""

    lot: str
    expires_on: date


def vial_findings(
    protocol: Protocol, *, dose_mg: int, vials: Sequence[Vial], on: date
) -> list[Finding]:
    """Return what is wrong with the vials a bag is made from on the day `on`: their number, a
    missing lot, an expiry date passed."""
    findings: list[Finding] = []
    needed = math.ceil(Fraction(dose_mg, protocol.preparation.vial_mg))
    if len(vials) != needed:
        words = f"{dose_mg} mg needs {needed} vials, {len(vials)} are on record."
        findings.append(protocol.finding("BAG-VIALS", words))
    if any(not vial.lot.strip() for vial in vials):
        findings.append(protocol.finding("VIAL-LOT", "A vial has no lot number."))
    for vial in vials:
        if vial.expires_on < on:
            words = f"Lot {vial.lot} expired on {vial.expires_on.isoformat()}."
            findings.append(protocol.finding("VIAL-EXPIRED", words))
    return findings


def appearance_findings(
    protocol: Protocol, *, discoloured: bool, foreign_particles: bool
) -> list[Finding]:
    """Return BAG-APPEARANCE for a bag that must not be used (EU-PL)."""
    seen = [
        words
        for words, is_seen in (
            ("discoloured", discoloured),
            ("foreign particles", foreign_particles),
        )
        if is_seen
    ]
    if not seen:
        return []
    return [protocol.finding("BAG-APPEARANCE", f"The bag is not used: {', '.join(seen)}.")]


def product_findings(
    protocol: Protocol, *, route: str, labelled_mg: int | None = None
) -> list[Finding]:
    """Return PRODUCT-SUBCUTANEOUS when what is at hand is the injection under the skin: by its
    route, or by the milligrams on its label."""
    subcutaneous = protocol.preparation.subcutaneous_mg
    if route == protocol.preparation.route and labelled_mg != subcutaneous:
        return []
    words = (
        f"The subcutaneous product ({subcutaneous} mg) is another medicine: it is never put "
        f"into a bag, and this protocol gives {protocol.drug} into a vein."
    )
    return [protocol.finding("PRODUCT-SUBCUTANEOUS", words)]
