"""What every entry about a patient is held to, whichever form it came from."""

from datetime import date, datetime

from clinics.models import Clinic
from core.actor import Actor
from core.errors import Invalid
from core.zones import local_date


def words(text: str, name: str, limit: int) -> str:
    """Return `text` with single spaces. Raises Invalid on field `name` when it is empty or long."""
    kept = " ".join(text.split())
    if not 0 < len(kept) <= limit:
        raise Invalid("Some words are missing.", {name: [f"1 to {limit} characters."]})
    return kept


def today_of(actor: Actor, now: datetime) -> date:
    """Return the day it is in the actor's clinic."""
    return local_date(now, Clinic.objects.get(pk=actor.clinic_id).time_zone)
