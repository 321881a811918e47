"""The infusion as it stands, what is charted on it, and the room: for other programs and people."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.authentication import ApiClientAuthentication
from clinics.api.people import PersonAuthentication
from clinics.api.views import ClinicApiView
from clinics.permissions import BAGS_CHECK, BOARD_VIEW, INFUSIONS_VIEW
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.problems import problem
from core.api.query import (
    Parameter,
    a_flag,
    an_id,
    an_instant,
    body_schema,
    one_of,
    read_body,
    some_text,
)
from core.api.shapes import schema_of
from core.api.views import versioned
from core.audit import record_read
from core.errors import Busy, Conflict
from infusion.api.building import board_item, infusion_item
from infusion.api.items import BoardItem, InfusionItem
from infusion.api.kinds import KINDS, Posted, chart, values_of
from infusion.api.nested import shape_of
from infusion.models import Infusion
from infusion.selectors import board as read_board
from infusion.selectors import visit_of
from infusion.selectors_record import whole_record
from infusion.services.reading import record_board_read

ENTRY = (
    an_id("id", "Made by the client, one per act: the same id again is the same act.",
          required=True),
    one_of("kind", KINDS, "What happened.", required=True),
    an_instant("occurred_at", "When it happened; now when not given."),
    some_text("reason", "Why, where the act needs one. No names.", longest=500),
    an_id("amends", "The entry this one corrects: its time, or that it never was; a reaction's "
          "assessment."),
    a_flag("withdrawn", "With `amends`: it never happened."),
)  # fmt: skip
VALUES = Parameter(
    "values",
    "What the kind says; docs/api.md lists the fields of each.",
    lambda given: given,
    {"type": "object", "anyOf": [shape_of(entry.fields) for entry in KINDS.values()]},
    default={},
    whole=True,
)
BOTH = [ApiClientAuthentication, PersonAuthentication]


class _InfusionApiView(ClinicApiView):
    """An endpoint of one infusion; reading it goes to the ledger."""

    authentication_classes = BOTH

    def item(self, infusion_id: UUID, now: datetime, page: str) -> InfusionItem:
        """Return the infusion's item; NotFound for another clinic's."""
        found = whole_record(visit_of(infusion_id, self.actor), self.actor, now)
        record_read(
            subject=found.infusion, patient_id=found.patient.pk, actor=self.actor, now=now,
            page=page,
        )  # fmt: skip
        return infusion_item(found)


class InfusionView(_InfusionApiView):
    """One infusion: where it stands by the charted facts, and every entry."""

    access = Access(Audience.CLINIC, INFUSIONS_VIEW)

    @extend_schema(
        operation_id="get_infusion",
        summary="One infusion",
        tags=["infusions"],
        responses=answers(InfusionItem, "The infusion."),
    )
    def get(self, request: Request, infusion_id: UUID) -> Response:
        return Response(self.item(infusion_id, clock.now(), "api infusion"))


class InfusionEventsView(_InfusionApiView):
    """Charts one act, by the very services the pages use. Only a person charts: a token cannot."""

    # Whoever may only check a bag gets no further than that: each service asks for its own.
    access = Access(Audience.CLINIC, BAGS_CHECK)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="chart_entry",
        summary="Chart an act",
        tags=["infusions"],
        auth=[{"person": []}],  # type: ignore[list-item]  # as OpenAPI writes it
        request=body_schema((*ENTRY, VALUES)),
        responses={
            **answers(InfusionItem, "Charted; the infusion as it stands now.", status=201),
            200: OpenApiResponse(schema_of(InfusionItem), "This id was charted before."),
        },
    )
    def post(self, request: Request, infusion_id: UUID) -> Response:
        now = clock.now()
        said = read_body((*ENTRY, VALUES), request.data)
        posted = self._posted(infusion_id, said, now)
        try:
            charted = chart(said["kind"], posted)
        except Busy:
            raise
        except Conflict as refusal:
            state = self.item(infusion_id, now, "api infusion refused")
            return problem(409, refusal.code, refusal.message, current=state)
        body = self.item(infusion_id, now, "api infusion")
        if charted.repeated:
            return Response(body, 200, headers={"Idempotency-Replayed": "true"})
        return Response(body, 201)

    def _posted(self, infusion_id: UUID, said: dict[str, Any], now: datetime) -> Posted:
        visit_id = visit_of(infusion_id, self.actor)
        corrects = said["amends"] is not None and said["kind"] != "reaction"
        return Posted(
            infusion_id=infusion_id,
            visit_id=visit_id,
            started=Infusion.objects.filter(pk=infusion_id, started_at__isnull=False).exists(),
            event_id=said["id"],
            occurred_at=said["occurred_at"],
            reason=said["reason"] or "",
            amends=said["amends"],
            withdrawn=said["withdrawn"],
            values=read_body((), said["values"]) if corrects
            else values_of(said["kind"], said["values"]),
            actor=self.actor,
            now=now,
        )  # fmt: skip


class BoardView(ClinicApiView):
    """Every chair as it is now; a client asks again, nothing is pushed."""

    access = Access(Audience.CLINIC, BOARD_VIEW)
    authentication_classes = BOTH

    @extend_schema(
        operation_id="get_board",
        summary="The chair board",
        tags=["infusions"],
        responses=answers(BoardItem, "The room.", tagged=True),
    )
    def get(self, request: Request) -> Response:
        now = clock.now()
        room = read_board(self.actor, now)
        shown = {card.seated.visit_id for card in room.cards if card.seated}
        clinic = self.clinic
        record_board_read(clinic=clinic, visits=shown, page="api board", actor=self.actor, now=now)
        said = room.layout() + "".join(card.digest() for card in room.cards)
        tag = sha256(said.encode()).hexdigest()[:32]
        return versioned(request, board_item(room, ZoneInfo(clinic.time_zone)), tag)
