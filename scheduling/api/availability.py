"""Times for a visit, one of them held for some minutes, then confirmed, released or moved."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import BOOKINGS_CHANGE, BOOKINGS_VIEW
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.query import (
    a_day,
    a_number,
    a_wall_time,
    an_id,
    an_instant,
    body_schema,
    documented,
    read_body,
    some_of,
)
from core.api.writing import answer_of, keyed, respond, seen_version
from core.errors import Invalid
from core.idempotency import Answer, command_once
from scheduling.ad_hoc import LONGEST
from scheduling.api.bookings import KEY, PLACE, VERSION
from scheduling.api.items import Availability, BookingWithVisit, availability, booking_of_visit
from scheduling.models import Booking
from scheduling.selectors_api import booking_row
from scheduling.services.bookings import book, confirm, move
from scheduling.services.releasing import release_hold
from scheduling.slots import Asked, find_room, find_slots

HOLD_MINUTES = 10
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOVE = (
    an_id("chair", "The chair to hold.", required=True),
    an_instant("start", "When the patient arrives.", required=True),
)


class AvailabilityView(ClinicApiView):
    """Up to five different times with their reasons, or what stops the nearest ones.

    Name a visit to have its length, its window and its minimum interval kept; or a length in
    minutes for anything else.
    """

    access = Access(Audience.CLINIC, BOOKINGS_VIEW)
    parameters = (
        an_id("visit", "The visit to place."),
        a_number("minutes", "How long, without a visit; 0 when one is named.", minimum=0,
                 maximum=LONGEST, default=0),
        a_day("from", "First day; the visit's window, or today, when not given."),
        a_day("to", "Last day, itself included."),
        some_of("weekday", WEEKDAYS, "Only on these, separated by commas."),
        some_of("half", ("morning", "afternoon"), "Arrival before noon, or from noon on."),
        a_wall_time("arrive_from", "Whoever comes along cannot come sooner."),
        a_wall_time("leave_by", "Whoever comes along must leave by then."),
        an_id("nurse", "A nurse who is to start the infusion."),
        some_of("needs", ("isolation",), "What the chair must be."),
    )  # fmt: skip

    @extend_schema(
        operation_id="find_availability",
        summary="Times for a visit",
        tags=["bookings"],
        parameters=documented(parameters),
        responses=answers(Availability, "What was found."),
    )
    def get(self, request: Request) -> Response:
        del request
        given, now = self.query, clock.now()
        if (given["visit"] is None) == (given["minutes"] == 0):
            words = ["Name a visit or a length, one of them."]
            raise Invalid("The request is not valid.", {"visit": words})
        if given["visit"] is None:
            found = find_room(self.actor, given["minutes"], _asked(given), now=now)
        else:
            found = find_slots(self.actor, given["visit"], _asked(given), now=now)
        return Response(availability(found, self.zone))


def _asked(given: dict[str, Any]) -> Asked:
    halves: tuple[str, ...] = given["half"] or ()
    return Asked(
        first=given["from"],
        last=given["to"],
        weekdays=frozenset(WEEKDAYS.index(day) for day in given["weekday"] or ()),
        half=halves[0] if len(halves) == 1 else "",
        arrives_from=given["arrive_from"],
        leaves_by=given["leave_by"],
        nurse_id=given["nurse"],
        isolation=given["needs"] is not None,
    )


class BookingChangeView(ClinicApiView):
    """A change of a booking, once per key; the answer is the booking as it then stands."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    def change(
        self, request: Request, raw: bytes, service: Callable[..., Booking], **named: Any
    ) -> Answer:
        """Run `service` once for the request's key."""
        return command_once(
            request=keyed(request, self.actor, raw), service=service, answer=self._changed,
            now=clock.now(), actor=self.actor, **named,
        )  # fmt: skip

    def _changed(self, booking: Booking) -> Answer:
        return answer_of(200, booking_of_visit(booking_row(booking.pk, self.actor), self.zone))


class HoldListView(BookingChangeView):
    """Hold a time while the patient is asked. Confirm it in time, or it is free again."""

    @extend_schema(
        operation_id="hold_time",
        summary="Hold a time",
        tags=["bookings"],
        parameters=[KEY],
        request=body_schema(PLACE),
        responses=answers(BookingWithVisit, "Held.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body
        place = read_body(PLACE, request.data)
        answer = self.change(
            request, raw, book, visit_id=place["visit"], chair_id=place["chair"],
            start=place["start"], status=Booking.Status.PROPOSED, hold_minutes=HOLD_MINUTES,
        )  # fmt: skip
        path = reverse("api-booking", args=[answer.body["id"]])
        return respond(answer, location=request.build_absolute_uri(path))

    def _changed(self, booking: Booking) -> Answer:
        return answer_of(201, booking_of_visit(booking_row(booking.pk, self.actor), self.zone))


class BookingConfirmView(BookingChangeView):
    """A proposed or held time becomes a promise."""

    @extend_schema(
        operation_id="confirm_booking",
        summary="Confirm a time",
        tags=["bookings"],
        parameters=[KEY, VERSION],
        request=None,
        responses=answers(BookingWithVisit, "Confirmed."),
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        version = seen_version(request)
        return respond(
            self.change(request, request.body, confirm, booking_id=booking_id, version=version)
        )


class BookingReleaseView(BookingChangeView):
    """Give a held time back before its hold expires."""

    @extend_schema(
        operation_id="release_hold",
        summary="Release a held time",
        tags=["bookings"],
        parameters=[KEY],
        request=None,
        responses=answers(BookingWithVisit, "Released."),
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        return respond(self.change(request, request.body, release_hold, booking_id=booking_id))


class BookingMoveView(BookingChangeView):
    """Give a booking another time or chair, or a held day its first time."""

    @extend_schema(
        operation_id="move_booking",
        summary="Move a booking",
        tags=["bookings"],
        parameters=[KEY, VERSION],
        request=body_schema(MOVE),
        responses=answers(BookingWithVisit, "Moved."),
    )
    def post(self, request: Request, booking_id: UUID) -> Response:
        raw = request.body
        place = read_body(MOVE, request.data)
        answer = self.change(
            request, raw, move, booking_id=booking_id, chair_id=place["chair"],
            start=place["start"], version=seen_version(request),
        )  # fmt: skip
        return respond(answer)
