"""Planning days for other systems: ask, look how far it is, cancel, accept all or some of it."""

from datetime import date, datetime
from typing import Annotated, Any, TypedDict
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import BOOKINGS_CHANGE
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.query import Parameter, body_schema, read_body, read_day, some_of
from core.api.views import versioned
from core.api.writing import answer_of, keyed, respond, seen_version
from core.idempotency import Answer, command_once
from scheduling import plan_jobs
from scheduling.api.bookings import KEY
from scheduling.plan_input import Options
from scheduling.plan_result import MOVES
from scheduling.planner_model import PlannerRun
from scheduling.selectors_plans import run_of
from scheduling.services.planner_accept import accept_plan
from scheduling.services.planner_runs import MOST_OVERTIME, cancel_plan, request_plan

DAY = {"type": "string", "format": "date"}
ALLOW = ("due", "confirmed", "isolation")
VERSION = OpenApiParameter(
    "If-Match",
    type={"type": "string", "pattern": r'^"\d{1,9}"$'},
    location=OpenApiParameter.HEADER,
    required=True,
    description="The run's version as last seen, in quotes.",
)


def _minutes(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MOST_OVERTIME:
        raise ValueError(f'Must be minutes from "0" to "{MOST_OVERTIME}".')
    return int(text)


SPAN = (
    Parameter("first", "First day to plan.", read_day, DAY, required=True),
    Parameter("last", "Last day, itself included.", read_day, DAY, required=True),
    Parameter(
        "overtime", "Minutes after closing that patients may still be there.", _minutes,
        {"type": "string", "pattern": r"^\d{1,3}$"}, 0,
    ),
    some_of("allow", ALLOW, "due: book due doses along; confirmed: confirmed times may move; "
            "isolation: isolation rooms may take anybody."),
)  # fmt: skip


def _ids(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(UUID(one)) for one in text.split(",")))


ROWS = (
    Parameter(
        "rows", "Ids of the changes to accept, separated by commas; all when not given.", _ids,
        {"type": "string"},
    ),
)  # fmt: skip


class TierItem(TypedDict):
    """One aim of the plan, and what no plan can beat."""

    name: Annotated[str, "unplaced (by weight), overtime (minutes), comfort (cost)."]
    value: int
    bound: Annotated[int | None, "No plan is below; null when nothing is proven."]
    proven: Annotated[bool, "Whether value and bound meet."]


class PlanDayItem(TypedDict):
    """What the plan reaches on one day."""

    date: date
    placed: int
    asked: int
    closes: Annotated[str | None, "When the last patient leaves, on the clinic's clock."]
    expected_p90: Annotated[
        int | None, "Minutes after closing, with reactions and delays, nine days in ten."
    ]
    solver: str
    tiers: list[TierItem]
    words: list[str]
    what_if: Annotated[
        list[str], "On a day that is too full: what one more chair, nurse or half hour would bring."
    ]


class PlanChangeItem(TypedDict):
    """One visit whose time or chair the plan changes."""

    id: Annotated[str, "Name it in `rows` to accept it."]
    what: Annotated[str, "new, time (of a held day), moved or chair."]
    visit: UUID
    booking: UUID | None
    start: datetime
    chair: UUID
    was_start: datetime | None
    was_chair: UUID | None


class PlanUnplacedItem(TypedDict):
    """A visit that found no time, and why."""

    visit: UUID
    booking: UUID | None
    words: str


class PlanRunItem(TypedDict):
    """One run of the planner."""

    id: UUID
    version: Annotated[int, "Send it as If-Match to cancel or accept."]
    status: Annotated[str, PlannerRun.Status]
    first: date
    last: date
    progress: Annotated[int, "Percent."]
    problem: Annotated[str, "Why there is no plan; empty otherwise."]
    days: list[PlanDayItem]
    changes: list[PlanChangeItem]
    unplaced: list[PlanUnplacedItem]


def run_item(run: PlannerRun) -> PlanRunItem:
    """Return a run as a client sees it: ids, times and words, no names and no fingerprints."""
    result = run.result
    changes = [_part(row, PlanChangeItem) for row in result.get("rows", []) if row["what"] in MOVES]
    days = [{"what_if": [], **_part(day, PlanDayItem)} for day in result.get("days", [])]
    return {
        "id": run.pk, "version": run.version, "status": run.status, "first": run.first_on,
        "last": run.last_on, "progress": run.progress, "problem": run.problem,
        "days": days, "changes": changes,  # type: ignore[typeddict-item]
        "unplaced": result.get("unplaced", []),
    }  # fmt: skip


def _part(whole: dict[str, Any], shown: type) -> dict[str, Any]:
    return {key: value for key, value in whole.items() if key in shown.__annotations__}


def _answer(status: int, run: PlannerRun) -> Answer:
    return answer_of(status, run_item(run))


class PlannerRunListView(ClinicApiView):
    """Ask for a plan. It is made in the background; nothing changes before it is accepted."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="request_plan",
        summary="Plan days",
        tags=["planning"],
        parameters=[KEY],
        request=body_schema(SPAN),
        responses=answers(PlanRunItem, "Waiting for the planner.", status=201),
    )
    def post(self, request: Request) -> Response:
        raw = request.body
        given = read_body(SPAN, request.data)
        asked: list[PlannerRun] = []

        def made(run: PlannerRun) -> Answer:
            asked.append(run)
            return _answer(201, run)

        answer = command_once(
            request=keyed(request, self.actor, raw), service=request_plan, answer=made,
            now=clock.now(), first_on=given["first"], last_on=given["last"],
            options=_options(given), actor=self.actor,
        )  # fmt: skip
        for run in asked:
            plan_jobs.start(run)
        path = reverse("api-planner-run", args=[answer.body["id"]])
        return respond(answer, location=request.build_absolute_uri(path))


def _options(given: dict[str, Any]) -> Options:
    allowed = given["allow"] or ()
    return Options(
        overtime_minutes=given["overtime"],
        include_due="due" in allowed,
        move_confirmed="confirmed" in allowed,
        isolation_for_all="isolation" in allowed,
    )


class PlannerRunView(ClinicApiView):
    """One run: how far it is, then what it would change and what it could not place."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)

    @extend_schema(
        operation_id="get_planner_run",
        summary="One run of the planner",
        tags=["planning"],
        responses=answers(PlanRunItem, "The run.", tagged=True),
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        return versioned(request, run_item(run_of(self.actor, run_id)))


class PlannerRunCancelView(ClinicApiView):
    """Stop a run that is waiting or running."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="cancel_planner_run",
        summary="Cancel a run",
        tags=["planning"],
        parameters=[KEY],
        request=None,
        responses=answers(PlanRunItem, "Cancelled."),
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        answer = command_once(
            request=keyed(request, self.actor, request.body), service=cancel_plan,
            answer=lambda run: _answer(200, run), now=clock.now(), run_id=run_id,
            actor=self.actor,
        )  # fmt: skip
        return respond(answer)


class PlannerRunAcceptView(ClinicApiView):
    """Give the visits their planned times: all of them, or the rows that are named."""

    access = Access(Audience.CLINIC, BOOKINGS_CHANGE)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="accept_planner_run",
        summary="Accept a plan",
        tags=["planning"],
        parameters=[KEY, VERSION],
        request=body_schema(ROWS),
        responses=answers(PlanRunItem, "Accepted."),
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        raw = request.body
        answer = command_once(
            request=keyed(request, self.actor, raw), service=accept_plan,
            answer=lambda run: _answer(200, run), now=clock.now(), run_id=run_id,
            version=seen_version(request), actor=self.actor,
            chosen=read_body(ROWS, request.data)["rows"],
        )  # fmt: skip
        return respond(answer)
