"""The only doors to a clinic's pages: a view without one of these fails a test."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clinics.access import standing_of
from clinics.models import Clinic, User
from core.access import Access, Audience, declare
from core.actor import Actor

P = ParamSpec("P")


class ClinicRequest(HttpRequest):
    """A request by a member of staff, in one clinic."""

    user: User
    clinic: Clinic
    actor: Actor
    roles: tuple[str, ...]


ClinicView = Callable[Concatenate[ClinicRequest, P], HttpResponse]


def allow(permission: str) -> Callable[[ClinicView[P]], Callable[..., HttpResponse]]:
    """Let in who holds `permission` in the clinic named by the URL's `slug`.

    The view is called without the slug; request.clinic, request.actor and request.roles are set.
    Raises NotFound for a clinic that is not the person's, Forbidden without the permission.
    """

    def decorate(view: ClinicView[P]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def guarded(request: Any, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            standing = standing_of(
                request.user, slug, request_id=request.META.get("REQUEST_ID", "")
            )
            request.clinic, request.roles = standing.clinic, standing.roles
            request.actor = standing.actor
            standing.actor.require(permission)
            # Every time on a clinic's page is the clinic's own wall clock.
            with timezone.override(standing.clinic.time_zone):
                return view(request, *args, **kwargs)

        declare(guarded, Access(Audience.CLINIC, permission))
        return guarded

    return decorate


def signed_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let in anybody who is signed in, whatever their clinic."""
    guarded = login_required(view)
    declare(guarded, Access(Audience.SIGNED_IN))
    return guarded


def polled(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a view that pages call by themselves: it never keeps a session alive."""
    view.polled = True  # type: ignore[attr-defined]
    return view
