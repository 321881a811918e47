"""The waitlist for other systems: who waits, what came free, offers and their answers."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

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
    a_wall_time,
    an_id,
    an_instant,
    body_schema,
    one_of,
    read_body,
    some_of,
    some_text,
)
from core.api.writing import answer_of, keyed, respond
from core.idempotency import Answer, command_once
from scheduling.api.availability import WEEKDAYS
from scheduling.api.bookings import KEY
from scheduling.api.waitlist_items import (
    EntryItem,
    OfferItem,
    WaitlistPage,
    entry_item,
    offer_item,
    waitlist_page,
)
from scheduling.models import Booking, Offer
from scheduling.services.offers import (
    STANDS,
    USUAL,
    accept_offer,
    decline_offer,
    offer_place,
    withdraw_offer,
)
from scheduling.services.waiting import LONGEST_NOTE, Wished, join_waitlist, leave_waitlist
from scheduling.waiting_model import LONGEST_NOTICE
from scheduling.waitlist import read_waitlist

HALVES = ("morning", "afternoon")
ANSWERS: dict[str, Callable[..., Any]] = {
    "accept": accept_offer, "decline": decline_offer, "withdraw": withdraw_offer,
}  # fmt: skip


def _hours(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > LONGEST_NOTICE:
        raise ValueError(f'Must be hours from "0" to "{LONGEST_NOTICE}".')
    return int(text)


NOTICE = Parameter(
    "notice_hours", "How long before a visit they must know.", _hours,
    {"type": "string", "pattern": r"^\d{1,3}$"},
)  # fmt: skip
WISHES = (
    some_of("weekday", WEEKDAYS, "Only on these, separated by commas."),
    one_of("half", HALVES, "Arrival before noon, or from noon on."),
    a_wall_time("arrive_from", "Whoever comes along cannot come sooner."),
    a_wall_time("leave_by", "Whoever comes along must leave by then."),
    NOTICE,
)
JOIN = (
    an_id("visit", "The visit that waits.", required=True),
    a_day("wanted_from", "No day before this one."),
    some_text("note", "For the desk. No names.", longest=LONGEST_NOTE),
    *WISHES,
)
PLACE = (
    an_id("chair", "The chair of the free place.", required=True),
    an_instant("start", "When the patient would arrive.", required=True),
    one_of("minutes", map(str, STANDS), f"How long it stands at most; {USUAL} when not given."),
)
ANSWER = (one_of("answer", ANSWERS, "What the patient said; or taken back.", required=True),)


class WaitlistApiView(ClinicApiView):
    """A change of the waitlist, once per key."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    def once(self, request: Request, service: Callable[..., Any], **named: Any) -> Response:
        """Run `service` once for the request's key, and answer with what it made."""
        answer = command_once(
            request=keyed(request, self.actor, named.pop("raw")), service=service,
            answer=self.answered, now=clock.now(), actor=self.actor, **named,
        )  # fmt: skip
        return respond(answer)

    def answered(self, made: Any) -> Answer:
        """Return the entry as it stands."""
        return answer_of(200, entry_item(made))


class WaitlistView(WaitlistApiView):
    """What came free and whom it fits, who is being asked, everybody who waits."""

    http_method_names = ["get", "post"]

    @extend_schema(
        operation_id="list_waitlist",
        summary="The waitlist and what came free",
        tags=["waitlist"],
        responses=answers(WaitlistPage, "The waitlist."),
    )
    def get(self, request: Request) -> Response:
        del request
        return Response(waitlist_page(read_waitlist(self.actor, now=clock.now()), self.zone))

    @extend_schema(
        operation_id="join_waitlist",
        summary="Put a visit on the waitlist",
        description="With any of the wishes named, the patient's wishes are written anew; with "
        "none of them they stay as they are.",
        tags=["waitlist"],
        parameters=[KEY],
        request=body_schema(JOIN),
        responses=answers(EntryItem, "It waits.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body  # before it is parsed: the key belongs to these very bytes
        given = read_body(JOIN, request.data)
        return self.once(
            request, join_waitlist, raw=raw, visit_id=given["visit"],
            wanted_from=given["wanted_from"], note=given["note"] or "", wished=_wished(given),
        )  # fmt: skip

    def answered(self, made: Any) -> Answer:
        """Return the new entry."""
        return answer_of(201, entry_item(made))


def _wished(given: dict[str, Any]) -> Wished | None:
    if all(given[field.name] is None for field in WISHES):
        return None
    usual = Wished()
    notice = given["notice_hours"]
    return Wished(
        weekdays=frozenset(WEEKDAYS.index(day) for day in given["weekday"] or ()),
        half=given["half"] or "",
        arrives_from=given["arrive_from"],
        leaves_by=given["leave_by"],
        notice_hours=usual.notice_hours if notice is None else notice,
    )


class WaitlistLeaveView(WaitlistApiView):
    """Take a visit off the waitlist; what is booked stays."""

    @extend_schema(
        operation_id="leave_waitlist",
        summary="Take a visit off the waitlist",
        tags=["waitlist"],
        parameters=[KEY],
        request=None,
        responses=answers(EntryItem, "It waits no more."),
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        return self.once(request, leave_waitlist, raw=request.body, entry_id=entry_id)


class WaitlistOfferView(WaitlistApiView):
    """Hold a free place for somebody who waits, until they answer or it expires."""

    @extend_schema(
        operation_id="offer_place",
        summary="Offer a free place",
        tags=["waitlist"],
        parameters=[KEY],
        request=body_schema(PLACE),
        responses=answers(OfferItem, "Held.", status=201),
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        raw = request.body
        place = read_body(PLACE, request.data)
        return self.once(
            request, offer_place, raw=raw, entry_id=entry_id, chair_id=place["chair"],
            start=place["start"], minutes=int(place["minutes"] or USUAL),
        )  # fmt: skip

    def answered(self, made: Any) -> Answer:
        """Return the offer with its place."""
        return answer_of(201, _offer(made, self))


class OfferAnswerView(WaitlistApiView):
    """Write what the patient said: accepted, they are moved or booked there and confirmed."""

    @extend_schema(
        operation_id="answer_offer",
        summary="Answer an offer",
        tags=["waitlist"],
        parameters=[KEY],
        request=body_schema(ANSWER),
        responses=answers(OfferItem, "Answered."),
    )
    def post(self, request: Request, offer_id: UUID) -> Response:
        raw = request.body
        said = read_body(ANSWER, request.data)["answer"]
        self.offer_id = offer_id
        return self.once(request, ANSWERS[said], raw=raw, offer_id=offer_id)

    def answered(self, made: Any) -> Answer:
        """Return the offer as it is answered."""
        del made
        return answer_of(200, _offer(Offer.objects.get(pk=self.offer_id), self))


def _offer(offer: Offer, view: ClinicApiView) -> OfferItem:
    hold = Booking.objects.select_related("chair").get(pk=offer.hold_id)
    return offer_item(offer, hold, view.zone)
