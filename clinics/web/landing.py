from django.http import HttpResponse
from django.shortcuts import redirect, render

from clinics.access import standing_of
from clinics.web.access import signed_in
from clinics.web.context import PAGES


@signed_in
def landing(request: object, slug: str) -> HttpResponse:
    """A clinic's own address: go to the first page this person's roles allow."""
    standing = standing_of(request.user, slug)  # type: ignore[attr-defined]
    for name, _label, _icon, permission in PAGES:
        if standing.actor.may(permission):
            return redirect(name, slug)
    return render(request, "clinics/nothing_here.html", status=403)  # type: ignore[arg-type]
