"""A month at a glance: booked against capacity per day, closures, and what is overdue."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dates import WEEKDAYS
from django.views.decorators.http import require_safe

from clinics.permissions import BOOKINGS_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock, display
from core.zones import local_date
from scheduling.monthbook import read_month


@allow(BOOKINGS_VIEW)
@require_safe
def month(request: ClinicRequest, day: date) -> HttpResponse:
    """Show the month that `day` lies in; each day leads to its own page."""
    today = local_date(clock.now(), request.clinic.time_zone)
    found = read_month(request.clinic, day, today=today)
    context = {
        "month": found,
        "title": f"{display.MONTHS[found.first.month - 1]} {found.first.year}",
        "today": today,
        "weekdays": [WEEKDAYS[n] for n in range(7)],
    }
    return render(request, "scheduling/month.html", context)
