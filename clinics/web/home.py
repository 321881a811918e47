from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clinics.models import User
from clinics.selectors import clinics_of
from clinics.web.access import signed_in


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """Where a person lands: their clinic's first page, or a choice when there are several."""
    assert isinstance(request.user, User)
    clinics = clinics_of(request.user)
    if len(clinics) == 1:
        return redirect("clinic", clinics[0].slug)
    return render(request, "clinics/home.html", {"clinics": clinics})
