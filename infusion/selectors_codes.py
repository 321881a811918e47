"""What a vial's product number says, by the clinic's own list of them. Nothing here writes.

No product number is built in: the list is the clinic's, each entry checked by somebody named
against the pack.
"""

from collections.abc import Mapping
from uuid import UUID

from clinical.findings import Finding
from infusion.bag import Bag
from infusion.before_start import own_finding
from infusion.models import ProductCode

OTHER = "VIAL-CODE-OTHER-PRODUCT"
Known = Mapping[str, ProductCode]


def known_codes(clinic_id: UUID, bag: Bag | None) -> Known:
    """Return the clinic's entries for the vials of a bag, by product number; one query."""
    wanted = {vial.gtin for vial in bag.vials if vial.gtin} if bag else set()
    if not wanted:
        return {}
    rows = ProductCode.objects.filter(clinic_id=clinic_id, gtin__in=wanted)
    return {row.gtin: row for row in rows}


def code_findings(known: Known, bag: Bag | None) -> list[Finding]:
    """Return a block for each vial whose number is known as another product's (H17)."""
    if bag is None:
        return []
    found = {}
    for position, vial in enumerate(bag.vials, start=1):
        row = known.get(vial.gtin)
        if row is not None and row.product == ProductCode.Product.OTHER:
            words = f"Vial {position}: its code is that of {row.name}. It must not be infused."
            found[vial.gtin] = own_finding(OTHER, words, "the bag is made from the right vials")
    return list(found.values())


def unknown_vials(known: Known, bag: Bag) -> list[int]:
    """Return which vials carry a number that is not on the clinic's list, counted from 1."""
    return [
        position
        for position, vial in enumerate(bag.vials, start=1)
        if vial.gtin and vial.gtin not in known
    ]
