"""Upcoming visits: the list that other systems pull."""

from datetime import date
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import VISITS_VIEW
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.pages import PAGING, next_address, start_after
from core.api.query import a_day, an_id, an_instant, documented, some_of
from core.api.views import versioned
from core.zones import local_date
from scheduling.api.items import VisitItem, VisitPage, visit_item
from scheduling.models import Visit
from scheduling.selectors_api import VisitsAsked, page_of_visits, visit_row

FILTERS = (
    a_day("from", "First day, in the clinic's calendar. Today at the clinic when not given."),
    a_day("to", "Last day, itself included. Without it there is no end."),
    some_of("status", Visit.Status.values, "Only these, separated by commas."),
    an_id("patient", "Only this patient's."),
    an_id("chair", "Only those booked into this chair."),
    an_instant("updated_since", "Only those that changed, or whose booking changed, since then."),
)


class VisitListView(ClinicApiView):
    """The clinic's visits from a day on, in the order of their day.

    A visit stands on the day it was given, else the day it is booked for, else the day it is due.
    Cancelled visits are listed too, so that other systems learn of them.
    """

    access = Access(Audience.CLINIC, VISITS_VIEW)
    parameters = (*FILTERS, *PAGING)

    @extend_schema(
        operation_id="list_visits",
        summary="Upcoming visits",
        tags=["visits"],
        parameters=documented(parameters),
        responses=answers(VisitPage, "One page of visits."),
    )
    def get(self, request: Request) -> Response:
        now, zone, asked = clock.now(), self.zone, self.query
        rows, more = page_of_visits(
            VisitsAsked(
                from_day=asked["from"] or local_date(now, zone.key),
                to_day=asked["to"],
                statuses=asked["status"],
                patient_id=asked["patient"],
                chair_id=asked["chair"],
                updated_since=asked["updated_since"],
            ),
            after=_position(start_after(request)),
            limit=asked["limit"],
            actor=self.actor,
            now=now,
        )
        items = [visit_item(row, zone) for row in rows]
        after = (rows[-1].day.isoformat(), str(rows[-1].id)) if more else None
        return Response({"items": items, "next": after and next_address(request, after)})


class VisitView(ClinicApiView):
    """One visit. Its ETag changes when anything in the answer does."""

    access = Access(Audience.CLINIC, VISITS_VIEW)

    @extend_schema(
        operation_id="get_visit",
        summary="One visit",
        tags=["visits"],
        responses=answers(VisitItem, "The visit.", tagged=True),
    )
    def get(self, request: Request, visit_id: UUID) -> Response:
        row = visit_row(visit_id, actor=self.actor, now=clock.now())
        return versioned(request, visit_item(row, self.zone))


def _position(held: list[Any] | None) -> tuple[date, UUID] | None:
    return None if held is None else (date.fromisoformat(held[0]), UUID(held[1]))
