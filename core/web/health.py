from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from core import health
from core.access import public


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Nothing else is asked."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, Redis, migrations and the last reminder sweep are as they must be."""
    problems = health.problems()
    checks = {name: problems.get(name, "ok") for name in health.check_names()}
    status = "unavailable" if problems else "ok"
    return JsonResponse({"status": status, "checks": checks}, status=503 if problems else 200)
