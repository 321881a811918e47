"""Booking and cancelling for other systems, through the very services the pages use."""

from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import BOOKINGS_CHANGE, BOOKINGS_VIEW
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.query import an_id, an_instant, body_schema, read_body, some_text
from core.api.views import versioned
from core.api.writing import answer_of, keyed, respond, seen_version
from core.idempotency import Answer, command_once
from scheduling.api.items import BookingWithVisit, booking_of_visit
from scheduling.models import Booking
from scheduling.selectors_api import booking_row
from scheduling.services.bookings import book, cancel

PLACE = (
    an_id("visit", "The visit to book.", required=True),
    an_id("chair", "The chair to hold.", required=True),
    an_instant("start", "When the patient arrives.", required=True),
)
REASON = (some_text("reason", "Why, for the record. No names.", longest=200, required=True),)
KEY = OpenApiParameter(
    "Idempotency-Key",
    type={"type": "string", "minLength": 1, "maxLength": 255},
    location=OpenApiParameter.HEADER,
    required=True,
    description="Made by the client, one per intent. A repeat within 24 hours gets the first "
    "answer again, with Idempotency-Replayed: true.",
)
VERSION = OpenApiParameter(
    "If-Match",
    type={"type": "string", "pattern": r'^"\d{1,9}"$'},
    location=OpenApiParameter.HEADER,
    required=True,
    description="The booking's version as last seen, in quotes.",
)


class BookingListView(ClinicApiView):
    """Book a chair for a visit, for as long as the protocol and the patient's history say."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="make_booking",
        summary="Book a visit",
        tags=["bookings"],
        parameters=[KEY],
        request=body_schema(PLACE),
        responses=answers(BookingWithVisit, "Booked.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body  # before it is parsed: the key belongs to these very bytes
        place = read_body(PLACE, request.data)
        answer = command_once(
            request=keyed(request, self.actor, raw),
            service=book,
            answer=self._made,
            now=clock.now(),
            visit_id=place["visit"],
            chair_id=place["chair"],
            start=place["start"],
            actor=self.actor,
        )
        path = reverse("api-booking", args=[answer.body["id"]])
        return respond(answer, location=request.build_absolute_uri(path))

    def _made(self, booking: Booking) -> Answer:
        return answer_of(201, booking_of_visit(booking_row(booking.pk, self.actor), self.zone))


class BookingView(ClinicApiView):
    """One booking. Its ETag is its version, to be sent as If-Match by whoever changes it."""

    access = Access(Audience.CLINIC, BOOKINGS_VIEW)

    @extend_schema(
        operation_id="get_booking",
        summary="One booking",
        tags=["bookings"],
        responses=answers(BookingWithVisit, "The booking.", tagged=True),
    )
    def get(self, request: Request, booking_id: UUID) -> Response:
        row = booking_row(booking_id, self.actor)
        return versioned(request, booking_of_visit(row, self.zone), str(row.version))


class BookingCancelView(ClinicApiView):
    """Free a booking; its visit waits to be booked again."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="cancel_booking",
        summary="Cancel a booking",
        tags=["bookings"],
        parameters=[KEY, VERSION],
        request=body_schema(REASON),
        responses=answers(BookingWithVisit, "Cancelled."),
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        raw = request.body
        answer = command_once(
            request=keyed(request, self.actor, raw),
            service=cancel,
            answer=self._freed,
            now=clock.now(),
            booking_id=booking_id,
            version=seen_version(request),
            reason=read_body(REASON, request.data)["reason"],
            actor=self.actor,
        )
        return respond(answer)

    def _freed(self, booking: Booking) -> Answer:
        return answer_of(200, booking_of_visit(booking_row(booking.pk, self.actor), self.zone))
