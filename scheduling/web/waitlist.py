"""The waitlist: places that came free, whom they fit, who is being asked, everybody who waits."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from clinics.permissions import BOOKINGS_CHANGE
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.display import sentence
from core.errors import NotFound, Refusal
from core.web.tables import csv_response
from scheduling.models import FreedPlace
from scheduling.services.offers import (
    STANDS,
    USUAL,
    accept_offer,
    decline_offer,
    offer_place,
    withdraw_offer,
)
from scheduling.waitlist import Waitlist, read_waitlist
from scheduling.web.waiting import SAID_MINUTES

CSV_HEADER = (
    "urgency", "days_past_due", "due", "earliest", "latest", "dose", "mg", "booked", "wishes",
    "wanted_from", "waiting_since", "on_offer", "mrn", "family_name", "given_names", "birth_date",
)  # fmt: skip
ANSWERS: dict[str, tuple[Callable[..., Any], str]] = {
    "accept": (
        accept_offer, gettext_noop("Booked and confirmed. What they had before is free again.")
    ),
    "decline": (decline_offer, gettext_noop("The place is free again. They stay on the list.")),
    "withdraw": (withdraw_offer, gettext_noop("Taken back. The place is free again.")),
}  # fmt: skip


class OfferForm(forms.Form):
    """One free place for one who waits, as the button beside their name carries it:
    "entry start"."""

    take = forms.CharField()
    chair = forms.UUIDField()
    minutes = forms.TypedChoiceField(
        choices=[(minutes, minutes) for minutes in STANDS], coerce=int,
        required=False,
    )  # fmt: skip

    def clean_take(self) -> tuple[UUID, datetime]:
        """Take the button's words apart."""
        entry, _space, start = self.cleaned_data["take"].partition(" ")
        try:
            return UUID(entry), datetime.fromisoformat(start)
        except ValueError as problem:
            raise forms.ValidationError(_("Choose somebody for the place.")) from problem


@allow(BOOKINGS_CHANGE)
@require_safe
def waitlist(request: ClinicRequest) -> HttpResponse:
    """Show what came free and who would take it."""
    now = clock.now()
    return _show(request, read_waitlist(request.actor, now=now), now)


def _show(
    request: ClinicRequest, found: Waitlist, now: datetime, *, refused: str = "", status: int = 200
) -> HttpResponse:
    suited = {one.line.row.entry_id for place in found.free for one in place.suited}
    context = {
        "found": found,
        "now": now,
        "suited": len(suited),
        "refused": refused,
        "stands": [(minutes, SAID_MINUTES[minutes]) for minutes in STANDS],
        "usual": USUAL,
        "causes": dict(FreedPlace.Cause.choices),
    }
    return render(request, "scheduling/waitlist.html", context, status=status)


@allow(BOOKINGS_CHANGE)
@require_safe
def as_csv(request: ClinicRequest) -> HttpResponse:
    """Give everybody who waits to a spreadsheet."""
    found = read_waitlist(request.actor, now=clock.now())
    cells = (
        (
            line.urgency.name.lower(), line.days_past_due, line.row.due_on, line.row.earliest_on,
            line.row.latest_on, line.row.dose_number, line.row.dose_mg,
            line.booking and line.booking.clinic_day.date, "; ".join(line.wishes),
            line.row.wanted_from, f"{line.row.joined_at:%Y-%m-%d}", "yes" if line.offered else "",
            line.row.mrn, line.row.family_name, line.row.given_names, line.row.birth_date,
        )
        for line in found.lines
    )  # fmt: skip
    return csv_response("waitlist.csv", CSV_HEADER, cells)


@allow(BOOKINGS_CHANGE)
@require_POST
def offer(request: ClinicRequest) -> HttpResponse:
    """Hold a free place for somebody who waits, and tell them if they agreed to messages.

    Refused, the page comes back as things stand now, with the reason.
    """
    now = clock.now()
    form = OfferForm(request.POST)
    refused = _("Choose somebody for the place.")
    if form.is_valid():
        given = form.cleaned_data
        entry_id, start = given["take"]
        try:
            made = offer_place(
                entry_id=entry_id, chair_id=given["chair"], start=start,
                minutes=given["minutes"] or USUAL, actor=request.actor, now=now,
            )  # fmt: skip
        except NotFound:
            raise
        except Refusal as refusal:
            refused = sentence(refusal.message)
        else:
            until = display.clinical_time(made.expires_at, ZoneInfo(request.clinic.time_zone))
            messages.success(request, _("The place is kept until %s. Ask the patient.") % until)
            return redirect("waitlist", request.clinic.slug)
    found = read_waitlist(request.actor, now=now)
    return _show(request, found, now, refused=refused, status=422)


@allow(BOOKINGS_CHANGE)
@require_POST
def answer(request: ClinicRequest, offer_id: UUID, what: str) -> HttpResponse:
    """Write what the patient answered, or take the offer back."""
    if what not in ANSWERS:
        raise NotFound
    service, words = ANSWERS[what]
    try:
        service(offer_id=offer_id, actor=request.actor, now=clock.now())
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, sentence(refusal.message))
    else:
        messages.success(request, _(words))
    return redirect("waitlist", request.clinic.slug)
