"""An ad-hoc visit: somebody comes for something that is no dose (adr/0023).

It weighs on chairs and nurses like an infusion of its length: a nurse's hands at its start, a
share while it lasts. The pharmacy makes no bag for it, and no rule about doses applies to it.
"""

from dataclasses import dataclass
from datetime import date

from clinical.findings import Finding
from core.errors import Invalid
from scheduling.in_hand import InHand
from scheduling.models import Visit
from scheduling.stay import Stay
from scheduling.treatment import refuse_deceased

SHORTEST, LONGEST = 15, 12 * 60  # minutes of care
TO_COME = (Visit.Status.PLANNED, Visit.Status.BOOKED)  # nobody is here yet, and it is not dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocInHand(InHand):
    """One ad-hoc visit and its active booking."""

    def findings(self, visit: Visit, on: date) -> list[Finding]:
        """Return nothing: the protocol speaks about doses."""
        del visit, on
        return []

    def stay(self, visit: Visit, *, on: date, wanted: str | None = None) -> Stay:
        """Return the length the visit was asked for; raises Invalid for a rate table."""
        del on
        if wanted:
            raise Invalid("There is no such rate.", {"rate_option": ["This visit runs none."]})
        return stay_ad_hoc(visit.minutes or SHORTEST, isolation=visit.needs_isolation)

    def refuse_unfit(self, on: date) -> None:
        """Raise RuleBroken for a patient who has died."""
        del on
        refuse_deceased(self.patient)

    def after(self, visit: Visit) -> list[Visit]:
        """Return nothing: nothing is counted from such a visit."""
        del visit
        return []


def stay_ad_hoc(minutes: int, *, isolation: bool) -> Stay:
    """Return what a visit of so many minutes takes, whatever it is for."""
    return Stay(
        rate_option="", rates=(), watched_closely=False, isolation=isolation,
        minutes={
            "premedication_minutes": 0, "infusion_minutes": minutes, "observation_minutes": 0,
        },
    )  # fmt: skip
