"""What the five calculator endpoints share: their door, fields and shapes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, TypedDict
from zoneinfo import ZoneInfo

from clinical.findings import Finding
from clinical.protocol import Protocol, RateOption, load
from clinics.api.views import ClinicApiView
from clinics.permissions import CALCULATOR_USE
from core.access import Access, Audience
from core.api.query import Parameter, body_schema
from reference.api.reading import a_choice, a_moment, a_whole, an_amount
from reference.bounds import LEAST_VOLUME_ML, MOST_DOSE_MG, MOST_VOLUME_ML
from reference.questions.titration import Bag

EDITION = a_choice(
    "edition",
    "Which edition of the ocrelizumab protocol answers.",
    load().editions(),
    default="default",
)
DOSE = a_whole("dose_mg", "Milligrams in the bag.", minimum=1, maximum=MOST_DOSE_MG, required=True)
BAG = (
    EDITION,
    DOSE,
    a_choice("option", "Which rate table.", RateOption, required=True),
    an_amount(
        "volume_ml",
        "Millilitres in the bag, drug included. The table's own when not given.",
        minimum=LEAST_VOLUME_ML,
        maximum=MOST_VOLUME_ML,
    ),
)
START = a_moment("start", "When the infusion starts; with it the answer carries instants.")


class FindingItem(TypedDict):
    """What one rule said."""

    id: str
    severity: Annotated[str, "caution, hold or block."]
    words: str
    source: Annotated[list[str], "References of the protocol's source list."]
    grade: Annotated[str, "How strong the source is: -, A, B, C, P or M."]
    needs_sign_off: Annotated[bool, "A pharmacist has to confirm the rule before it is relied on."]
    clears_when: str
    override_by: Annotated[list[str], "Roles that may go past it with a reason; empty: nobody."]


class Answered(TypedDict):
    """Which protocol answered."""

    protocol: str
    edition: str
    protocol_version: str


class CalculatorView(ClinicApiView):
    """A what-if question: nothing is stored, nobody's record is read."""

    access = Access(Audience.CLINIC, CALCULATOR_USE)
    http_method_names = ["post"]


def described(fields: Iterable[Parameter], example: dict[str, Any]) -> dict[str, Any]:
    """Return a question's JSON schema with an example, for `extend_schema(request=...)`."""
    found = body_schema(fields)
    found["application/json"]["examples"] = [example]
    return found


def bag_of(asked: dict[str, Any]) -> Bag:
    """Return the bag a question names."""
    return Bag(
        edition=asked["edition"],
        dose_mg=asked["dose_mg"],
        option=asked["option"],
        volume_ml=asked["volume_ml"],
    )


def answered(protocol: Protocol) -> Answered:
    """Say which protocol answered."""
    return {
        "protocol": protocol.name,
        "edition": protocol.edition,
        "protocol_version": protocol.version,
    }


def finding_item(found: Finding) -> FindingItem:
    """Build a finding's item."""
    return {
        "id": found.id,
        "severity": str(found.severity),
        "words": found.words,
        "source": list(found.source),
        "grade": str(found.grade),
        "needs_sign_off": found.needs_sign_off,
        "clears_when": found.clears_when,
        "override_by": list(found.override_by),
    }


def finding_items(found: Sequence[Finding]) -> list[FindingItem]:
    """Build the items of several findings."""
    return [finding_item(each) for each in found]


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return `moment` with the offset of `zone`; None for None."""
    return None if moment is None else moment.astimezone(zone)
