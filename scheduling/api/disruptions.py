"""Disruptions and conflicts for other systems: what is written down, and who cannot stay."""

from datetime import date, datetime
from typing import Annotated, Any, TypedDict
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import DISRUPTIONS_RECORD, DISRUPTIONS_VIEW
from clinics.selectors import clinic_by_id
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.query import a_day, a_wall_time, an_id, an_instant, body_schema, read_body, some_text
from core.api.writing import answer_of, keyed, respond
from core.errors import Invalid
from core.idempotency import Answer, command_once
from core.zones import local_date
from scheduling.api.bookings import KEY
from scheduling.disruption.checking import LONGEST_REASON
from scheduling.disruption.recorded import Recorded, recorded, recorded_as
from scheduling.disruption.troubles import Trouble, find
from scheduling.disruption.what import ALL_DAY, ChairOut, Closing, Disruption, NursesAway
from scheduling.services.disruptions import Written, record_disruption

REASON = some_text("reason", "Shown to staff. No names.", longest=LONGEST_REASON, required=True)
CLOSING = (a_day("day", "The day the clinic does not open."), REASON)
OUTAGE = (
    an_id("chair", "The chair that cannot be used.", required=True),
    an_instant("starts", "From when.", required=True),
    an_instant("ends", "Until when, at most 62 days later.", required=True),
    REASON,
)  # fmt: skip
ABSENCE = (
    a_day("day", "The day."),
    an_id("nurse", "Who, by name; without it one of whoever is on duty."),
    a_wall_time("starts", "From when on the clinic's clock. The morning when not given."),
    a_wall_time("ends", "Until when. The evening when not given."),
    REASON,
)  # fmt: skip


class DisruptionItem(TypedDict):
    """One thing that keeps a day from going as planned."""

    id: UUID
    version: Annotated[int, "Always 1: it is taken back, not changed."]
    kind: Annotated[str, "closing, chair or nurses."]
    day: Annotated[date | None, "In the clinic's calendar; null for a chair."]
    starts: Annotated[datetime | None, "Null: from the day's beginning."]
    ends: Annotated[datetime | None, "Null: to the day's end, or until further notice."]
    what: Annotated[str, "The chair's label, or who is away."]
    nurses: Annotated[int, "How many are away; 0 for anything else."]
    reason: str


class DisruptionList(TypedDict):
    """Everything of the kind that is not over."""

    items: list[DisruptionItem]
    next: Annotated[None, "There is one page."]


class ConflictItem(TypedDict):
    """One booking and one reason to look at it: ids only, no person."""

    booking_id: UUID
    kind: Annotated[
        str, "closed, chair, nurses, room, overrun, early: cannot stay; window, hold, proposal."
    ]
    grave: Annotated[bool, "Whether it cannot stay as it is."]
    words: str
    day: date
    start: Annotated[datetime | None, "Arrival; null for a held day."]


class ConflictList(TypedDict):
    """The conflicts of the next six weeks, the soonest first."""

    items: list[ConflictItem]
    next: Annotated[None, "There is one page."]


def disruption_item(row: Recorded) -> DisruptionItem:
    """Return one disruption as a client sees it."""
    return {
        "id": row.row_id, "version": 1, "kind": row.kind, "day": row.day, "starts": row.starts,
        "ends": row.ends, "what": row.what, "nurses": row.nurses, "reason": row.reason,
    }  # fmt: skip


def conflict_item(found: Trouble) -> ConflictItem:
    """Return one conflict as a client sees it."""
    return {
        "booking_id": found.booking_id, "kind": found.kind, "grave": found.is_grave,
        "words": found.words, "day": found.day, "start": found.at,
    }  # fmt: skip


class _WritingView(ClinicApiView):
    """Writes one kind of disruption down; no booking moves by itself."""

    access = Access(Audience.CLINIC, DISRUPTIONS_RECORD)
    http_method_names = ["post"]

    def write(self, request: Request, raw: bytes, what: Disruption) -> Response:
        """Write `what` down once per key."""
        answer = command_once(
            request=keyed(request, self.actor, raw), service=record_disruption,
            answer=self._written, now=clock.now(), what=what, actor=self.actor,
        )  # fmt: skip
        return respond(answer)

    def _written(self, row: Written) -> Answer:
        return answer_of(201, disruption_item(recorded_as(row)))


def _day(given: dict[str, Any]) -> date:
    day = given["day"]
    if not isinstance(day, date):
        raise Invalid("Which day?", {"day": ["A day is needed."]})
    return day


class DisruptionListView(ClinicApiView):
    """Closed days, chairs out of use and absent nurses, from today at the clinic."""

    access = Access(Audience.CLINIC, DISRUPTIONS_VIEW)

    @extend_schema(
        operation_id="list_disruptions",
        summary="Closures, chairs out of use, absences",
        tags=["disruptions"],
        responses=answers(DisruptionList, "What is written down."),
    )
    def get(self, request: Request) -> Response:
        first = local_date(clock.now(), self.zone.key)
        items = [disruption_item(row) for row in recorded(self.actor, first)]
        return Response({"items": items, "next": None})


class ClosureListView(_WritingView):
    """Close a day."""

    @extend_schema(
        operation_id="close_day",
        summary="Close a day",
        tags=["disruptions"],
        parameters=[KEY],
        request=body_schema(CLOSING),
        responses=answers(DisruptionItem, "Closed.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body
        given = read_body(CLOSING, request.data)
        return self.write(request, raw, Closing(day=_day(given), reason=given["reason"]))


class OutageListView(_WritingView):
    """Take a chair out of use."""

    @extend_schema(
        operation_id="take_chair_out",
        summary="A chair out of use",
        tags=["disruptions"],
        parameters=[KEY],
        request=body_schema(OUTAGE),
        responses=answers(DisruptionItem, "Out of use.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body
        given = read_body(OUTAGE, request.data)
        what = ChairOut(
            chair_id=given["chair"], starts=given["starts"], ends=given["ends"],
            reason=given["reason"],
        )  # fmt: skip
        return self.write(request, raw, what)


class AbsenceListView(_WritingView):
    """Write down that a nurse is away."""

    @extend_schema(
        operation_id="nurse_away",
        summary="A nurse away",
        tags=["disruptions"],
        parameters=[KEY],
        request=body_schema(ABSENCE),
        responses=answers(DisruptionItem, "Written down.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body
        given = read_body(ABSENCE, request.data)
        starts, ends = given["starts"] or ALL_DAY[0], given["ends"] or ALL_DAY[1]
        what = NursesAway(
            day=_day(given), nurse_id=given["nurse"], starts=starts, ends=ends,
            reason=given["reason"],
        )  # fmt: skip
        return self.write(request, raw, what)


class ConflictListView(ClinicApiView):
    """Bookings somebody has to look at. Nobody's record is read: ids and words without a name."""

    access = Access(Audience.CLINIC, DISRUPTIONS_VIEW)

    @extend_schema(
        operation_id="list_conflicts",
        summary="Conflicts ahead",
        tags=["disruptions"],
        responses=answers(ConflictList, "The conflicts."),
    )
    def get(self, request: Request) -> Response:
        found = find(clinic_by_id(self.actor.clinic_id), now=clock.now())
        return Response({"items": [conflict_item(each) for each in found], "next": None})
