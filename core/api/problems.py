"""How a refusal looks over HTTP (RFC 9457). The only module that maps one to the other."""

import logging
from collections.abc import Mapping
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.access import public
from core.api.rendering import OrjsonRenderer
from core.db import as_busy
from core.errors import Busy, Invalid, NotFound, Refusal, RuleBroken, Stale
from core.statuses import status_of

MEDIA_TYPE = "application/problem+json"
RETRY_SOON = {"Retry-After": "3"}
log = logging.getLogger(__name__)


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer a refusal or a framework exception as a problem; None for anything unexpected."""
    set_rollback()
    if isinstance(exc, Http404):
        exc = NotFound()
    if isinstance(exc, Refusal):
        return _refused(exc)
    if isinstance(exc, exceptions.ValidationError):
        return problem(400, "invalid", "The request is not valid.", fields=_plain(exc.detail))
    if isinstance(exc, OperationalError) and (busy := as_busy(exc)):
        return _refused(busy)
    if isinstance(exc, OperationalError):
        # Out of reach or restarting. The reason stays in the log: it may quote a row.
        log.error("The database did not answer: %s", type(exc.__cause__).__name__)
        return problem(503, "busy", "The database is not available.", headers=RETRY_SOON)
    framework = _as_framework(exc)
    return None if framework is None else _framework(framework)


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return an RFC 9457 problem. `code` is stable for programs; `detail` is for people."""
    body = _body(status, code, detail, more)
    return Response(body, status, headers=dict(headers or {}), content_type=MEDIA_TYPE)


@public
def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer an address under the API that does not exist, as the API answers everything."""
    refused = NotFound()
    body = OrjsonRenderer().render(_body(404, refused.code, refused.message, {}))
    return HttpResponse(body, status=404, content_type=MEDIA_TYPE)


def _body(status: int, code: str, detail: str, more: Mapping[str, Any]) -> dict[str, Any]:
    title = code.replace("_", " ").capitalize()
    fixed = {"type": f"urn:problem:{code}", "title": title, "status": status}
    return {**fixed, "code": code, "detail": detail, **more}


def _as_framework(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, RequestDataTooBig):
        return _TooLarge()
    if isinstance(exc, SuspiciousOperation):
        return exceptions.ParseError()
    return exc if isinstance(exc, exceptions.APIException) else None


class _TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "The body is too large."
    default_code = "too_large"


def _refused(exc: Refusal) -> Response:
    more: dict[str, Any] = dict(exc.details)
    status = status_of(exc)
    if isinstance(exc, Invalid):
        status, more["fields"] = 400, dict(exc.fields)
    if isinstance(exc, Stale):
        status = 412  # to a program this is a failed If-Match, not a page to show again
    if isinstance(exc, RuleBroken):
        more["findings"] = [
            {"id": finding.id, "severity": str(finding.severity), "words": finding.words}
            for finding in exc.findings
        ]
    headers = RETRY_SOON if isinstance(exc, Busy) else {}
    return problem(status, exc.code, exc.message, headers=headers, **more)


def _framework(exc: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if wait := getattr(exc, "wait", None):  # seconds, on Throttled
        headers["Retry-After"] = str(ceil(wait))
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    detail = exc.detail if isinstance(exc.detail, str) else exc.default_detail
    return problem(exc.status_code, str(exc.default_code), str(detail), headers=headers)


def _plain(detail: Any) -> dict[str, list[str]]:
    if isinstance(detail, Mapping):
        return {
            str(field): [str(line) for line in lines] if isinstance(lines, list) else [str(lines)]
            for field, lines in detail.items()
        }
    return {"body": [str(line) for line in detail]}
