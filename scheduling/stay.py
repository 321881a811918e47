"""How long a visit takes and how closely it is watched: protocol, dose, earlier reactions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from clinical.protocol import Protocol
from clinics.models import Clinic
from patients.models import Patient
from scheduling import history
from scheduling.capacity import Phases
from scheduling.models import Visit
from scheduling.summary import phases_for
from scheduling.treatment import choose_rate, phase_minutes, rates_offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One visit's rate table, its minutes by column of a booking, and whether it is watched
    more closely because of a severe reaction before."""

    rate_option: str
    rates: tuple[str, ...]
    minutes: Mapping[str, int]
    watched_closely: bool
    isolation: bool

    def phases(self, clinic: Clinic) -> Phases:
        """Return the phases of the visit with what they cost in `clinic`."""
        return phases_for(
            self.minutes, self.rate_option, clinic, watched_closely=self.watched_closely,
            isolation=self.isolation,
        )  # fmt: skip


def stay_of(
    protocol: Protocol,
    visit: Visit,
    patient: Patient,
    *,
    on: date,
    wanted: str | None = None,
    known: history.ReactionHistory | None = None,
) -> Stay:
    """Return what `visit` takes on `on`; `known` saves asking for the patient's history again.

    Raises Invalid or RuleBroken for a rate table (`wanted`) this visit may not run.
    """
    known = known if known is not None else history.of(patient.pk)
    offer = rates_offered(protocol, visit, patient, on=on, known=known)
    option = choose_rate(offer, wanted)
    return Stay(
        rate_option=option,
        rates=tuple(offer.options),
        minutes=phase_minutes(protocol, visit, option),
        watched_closely=known.prior_severe or known.prior_serious,
        isolation=visit.needs_isolation,
    )
