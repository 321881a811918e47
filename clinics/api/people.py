"""People at the API: their browser's session, a clinic named in a header, and the CSRF token.

For what only a person may do. A token stands for a system, and a system charts nothing.
"""

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from clinics.access import standing_of
from core.actor import Actor
from core.errors import Invalid

CLINIC = "X-Clinic"


class PersonAuthentication(SessionAuthentication):
    """The session of somebody signed in; request.auth becomes their Actor in the clinic named.

    Raises Invalid without the header, NotFound for a clinic in which they have no role.
    """

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        if request.headers.get("Authorization"):
            return None
        signed_in = super().authenticate(request)  # asks for the CSRF token
        if signed_in is None:
            return None
        slug = request.headers.get(CLINIC, "")
        if not slug:
            raise Invalid("Name the clinic.", {CLINIC: ["Required: the clinic's short name."]})
        user = signed_in[0]
        request_id = request.META.get("REQUEST_ID", "")
        return user, standing_of(user, slug, request_id=request_id).actor
