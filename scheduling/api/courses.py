from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import COURSES_VIEW
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.pages import PAGING, next_address, start_after
from core.api.query import an_id, documented, some_of
from core.api.views import versioned
from scheduling.api.items import CoursePage, CourseWithVisits, course_item, visit_item
from scheduling.models import Course
from scheduling.selectors_api import course_row, page_of_courses


class CourseListView(ClinicApiView):
    """The clinic's courses of treatment, in the order of their id."""

    access = Access(Audience.CLINIC, COURSES_VIEW)
    parameters = (
        some_of("status", Course.Status.values, "Only these, separated by commas."),
        an_id("patient", "Only this patient's."),
        *PAGING,
    )

    @extend_schema(
        operation_id="list_courses",
        summary="Courses",
        tags=["courses"],
        parameters=documented(parameters),
        responses=answers(CoursePage, "One page of courses."),
    )
    def get(self, request: Request) -> Response:
        held = start_after(request)
        rows, more = page_of_courses(
            statuses=self.query["status"],
            patient_id=self.query["patient"],
            after=UUID(held[0]) if held else None,
            limit=self.query["limit"],
            actor=self.actor,
            now=clock.now(),
        )
        after = (str(rows[-1].id),) if more else None
        items = [course_item(row) for row in rows]
        return Response({"items": items, "next": after and next_address(request, after)})


class CourseView(ClinicApiView):
    """One course and its visits, by dose number."""

    access = Access(Audience.CLINIC, COURSES_VIEW)

    @extend_schema(
        operation_id="get_course",
        summary="One course with its visits",
        tags=["courses"],
        responses=answers(CourseWithVisits, "The course.", tagged=True),
    )
    def get(self, request: Request, course_id: UUID) -> Response:
        course, visits = course_row(course_id, actor=self.actor, now=clock.now())
        body = {**course_item(course), "visits": [visit_item(row, self.zone) for row in visits]}
        return versioned(request, body)
