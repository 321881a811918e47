from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.api.items import ChairList, chair_item
from clinics.api.views import ClinicApiView
from clinics.permissions import CHAIRS_VIEW
from clinics.selectors import all_chairs_of
from core.access import Access, Audience
from core.api.openapi import answers


class ChairListView(ClinicApiView):
    """The clinic's chairs, those out of use included, so that old bookings can be read."""

    access = Access(Audience.CLINIC, CHAIRS_VIEW)

    @extend_schema(
        operation_id="list_chairs",
        summary="All chairs of the clinic",
        tags=["chairs"],
        responses=answers(ChairList, "The chairs."),
    )
    def get(self, request: Request) -> Response:
        chairs = all_chairs_of(self.actor)
        return Response({"items": [chair_item(chair) for chair in chairs], "next": None})
