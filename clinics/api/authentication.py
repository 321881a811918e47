"""API clients prove who they are with a bearer token; only its SHA-256 is stored."""

from hashlib import sha256
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from clinics.models import ApiClient
from clinics.permissions import permissions_of_scopes
from core import clock
from core.actor import Actor, ActorKind


class ApiClientAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; request.auth becomes the Actor, request.user the client.

    One query, which brings the clinic along. Nothing is remembered between requests, so a token
    that is revoked stops working with the next one.
    """

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        digest = sha256(token.strip().encode()).hexdigest()
        client = (
            ApiClient.objects.select_related("clinic")
            .filter(secret_sha256=digest, revoked_at__isnull=True, expires_at__gt=clock.now())
            .first()
        )
        if client is None:
            raise AuthenticationFailed("This token is not valid, or not any more.")
        return client, Actor(
            kind=ActorKind.API_CLIENT,
            clinic_id=client.clinic_id,
            permissions=permissions_of_scopes(client.scopes),
            api_client_id=client.pk,
            request_id=request.META.get("REQUEST_ID", ""),
        )

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
