"""How the token and its scopes are said in the API's description."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from clinics.permissions import SCOPE_PERMISSIONS
from core.access import access_of


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A bearer token; every operation names the scopes that open it."""

    target_class = "clinics.api.authentication.ApiClientAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme, once for the whole document."""
        words = "Made by `manage.py create_api_client`, for one clinic, until a day."
        return {"type": "http", "scheme": "bearer", "description": words}

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Return the scopes of which one is needed for the operation being described."""
        access = access_of(auto_schema.view)
        needed = access.permission if access else ""
        return {self.name: [scope for scope, may in SCOPE_PERMISSIONS.items() if needed in may]}


class PersonScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A person's own session: for what only people may do."""

    target_class = "clinics.api.people.PersonAuthentication"
    name = "person"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme, once for the whole document."""
        words = "The session cookie of a member of staff, with X-Clinic (the clinic's short name) "
        words += "and, for a POST, X-CSRFToken."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": words}
