"""Ad-hoc visits for other systems: asked for here, then booked by the visit's id as any other."""

from datetime import date
from typing import Annotated, Any, TypedDict
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import BOOKINGS_CHANGE
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.query import (
    Parameter,
    a_day,
    a_flag,
    an_id,
    body_schema,
    one_of,
    read_body,
    some_text,
)
from core.api.writing import answer_of, keyed, respond
from core.idempotency import Answer, command_once
from scheduling.ad_hoc import LONGEST, SHORTEST
from scheduling.api.bookings import KEY, REASON
from scheduling.models import Visit
from scheduling.services.ad_hoc import NOTE, AskedFor, ask_for_visit, drop_visit


def _read_minutes(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not SHORTEST <= value <= LONGEST:
        raise ValueError(f"Must be a whole number from {SHORTEST} to {LONGEST}.")
    return value


ASKED = (
    an_id("patient", "Who is to come.", required=True),
    one_of("purpose", Visit.Purpose.values, "What for.", required=True),
    Parameter(
        "minutes", "Of care, from arrival until the patient leaves.", _read_minutes,
        {"type": "integer", "minimum": SHORTEST, "maximum": LONGEST}, required=True, whole=True,
    ),
    a_day("first", "Not before this day.", required=True),
    a_day("last", "Not after this day.", required=True),
    some_text("note", "What the nurse is to know. Needed for the purpose `other`.", longest=NOTE),
    a_flag("isolation", "Whether it needs an isolation room."),
)  # fmt: skip


class AdHocVisitItem(TypedDict):
    """A visit that is no dose. It names no person; `GET /visits/{id}` does."""

    id: UUID
    version: int
    status: Annotated[str, Visit.Status]
    purpose: Annotated[str, Visit.Purpose]
    minutes: int
    earliest: date
    latest: date


class AdHocVisitListView(ClinicApiView):
    """Ask for a visit that is no dose. It then waits to be booked by its id."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="ask_for_visit",
        summary="Ask for a visit that is no dose",
        tags=["visits"],
        parameters=[KEY],
        request=body_schema(ASKED),
        responses=answers(AdHocVisitItem, "Asked for.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body
        given = read_body(ASKED, request.data)
        asked = AskedFor(
            purpose=given["purpose"], minutes=given["minutes"], first=given["first"],
            last=given["last"], note=given["note"] or "", needs_isolation=given["isolation"],
        )  # fmt: skip
        answer = command_once(
            request=keyed(request, self.actor, raw), service=ask_for_visit, answer=_asked,
            now=clock.now(), patient_id=given["patient"], asked=asked, actor=self.actor,
        )  # fmt: skip
        path = reverse("api-visit", args=[answer.body["id"]])
        return respond(answer, location=request.build_absolute_uri(path))


class AdHocVisitDropView(ClinicApiView):
    """The visit is not needed any more; its booking, if any, is freed."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="drop_visit",
        summary="Drop a visit that is no dose",
        tags=["visits"],
        parameters=[KEY],
        request=body_schema(REASON),
        responses=answers(AdHocVisitItem, "Cancelled for good."),
    )
    def post(self, request: Request, visit_id: UUID) -> Response:
        raw = request.body
        answer = command_once(
            request=keyed(request, self.actor, raw), service=drop_visit, answer=_dropped,
            now=clock.now(), visit_id=visit_id, actor=self.actor,
            reason=read_body(REASON, request.data)["reason"],
        )  # fmt: skip
        return respond(answer)


def _asked(visit: Visit) -> Answer:
    return answer_of(201, _item(visit))


def _dropped(visit: Visit) -> Answer:
    return answer_of(200, _item(visit))


def _item(visit: Visit) -> AdHocVisitItem:
    return {
        "id": visit.pk,
        "version": visit.version,
        "status": visit.status,
        "purpose": visit.purpose,
        "minutes": visit.minutes or 0,
        "earliest": visit.earliest_on,
        "latest": visit.latest_on,
    }
