from typing import Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.access import access_of
from core.actor import Actor


class HasPermission(BasePermission):
    """Lets in the actor who holds the permission the view declares as `access`; else nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Actor):
            raise NotAuthenticated
        access = access_of(view)
        return access is not None and request.auth.may(access.permission)
