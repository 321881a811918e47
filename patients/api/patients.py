"""Patients over the API. Names and record numbers are asked for in a body, never in an address."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.views import ClinicApiView
from clinics.permissions import PATIENTS_VIEW
from core import clock
from core.access import Access, Audience
from core.api.openapi import answers
from core.api.pages import PAGING, next_address, start_after
from core.api.query import (
    a_day,
    an_instant,
    body_schema,
    documented,
    read_body,
    some_text,
)
from core.api.views import versioned
from patients.api.items import PatientDetail, PatientPage, patient_detail, patient_item
from patients.selectors_api import PatientsAsked, page_of_patients, patient_record

SEARCHED = (
    some_text("mrn", "The whole medical record number.", longest=64),
    some_text("family_name", "How the family name begins, in any case.", longest=120),
    some_text("given_names", "How the given names begin, in any case.", longest=120),
    a_day("birth_date", "Born on this day."),
)


class PatientListView(ClinicApiView):
    """The clinic's patients in the order of their names."""

    access = Access(Audience.CLINIC, PATIENTS_VIEW)
    parameters = (an_instant("updated_since", "Only those that changed since then."), *PAGING)

    @extend_schema(
        operation_id="list_patients",
        summary="Patients",
        tags=["patients"],
        parameters=documented(parameters),
        responses=answers(PatientPage, "One page of patients."),
    )
    def get(self, request: Request) -> Response:
        asked = PatientsAsked(updated_since=self.query["updated_since"])
        return _page(self, request, asked)


class PatientSearchView(ClinicApiView):
    """Patients by record number, name or birth date.

    The question is a body because addresses are written into logs. To read on, send the same
    body to the address in `next`.
    """

    access = Access(Audience.CLINIC, PATIENTS_VIEW)
    parameters = PAGING
    http_method_names = ["post"]

    @extend_schema(
        operation_id="search_patients",
        summary="Find patients",
        tags=["patients"],
        parameters=documented(PAGING),
        request=body_schema(SEARCHED),
        responses=answers(PatientPage, "One page of patients."),
    )
    def post(self, request: Request) -> Response:
        return _page(self, request, PatientsAsked(**read_body(SEARCHED, request.data)))


class PatientView(ClinicApiView):
    """One patient, with what is needed to reach them."""

    access = Access(Audience.CLINIC, PATIENTS_VIEW)

    @extend_schema(
        operation_id="get_patient",
        summary="One patient",
        tags=["patients"],
        responses=answers(PatientDetail, "The patient.", tagged=True),
    )
    def get(self, request: Request, patient_id: UUID) -> Response:
        patient = patient_record(patient_id, actor=self.actor, now=clock.now())
        return versioned(request, patient_detail(patient))


def _page(view: ClinicApiView, request: Request, asked: PatientsAsked) -> Response:
    held: list[Any] | None = start_after(request)
    rows, more = page_of_patients(
        asked,
        after=UUID(held[0]) if held else None,
        limit=view.query["limit"],
        actor=view.actor,
        now=clock.now(),
    )
    after = (str(rows[-1].id),) if more else None
    items = [patient_item(row) for row in rows]
    return Response({"items": items, "next": after and next_address(request, after)})
