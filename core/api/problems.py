"""How a refusal looks over HTTP (RFC 9457). The only module that maps one to the other."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import Busy, Invalid, Refusal, RuleBroken
from core.statuses import status_of

MEDIA_TYPE = "application/problem+json"


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer a refusal or a framework exception as a problem; None for anything unexpected."""
    set_rollback()
    if isinstance(exc, Refusal):
        return _refused(exc)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.ValidationError):
        return problem(400, "invalid", "The request is not valid.", fields=_plain(exc.detail))
    if isinstance(exc, exceptions.APIException):
        return _framework(exc)
    return None


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return an RFC 9457 problem. `code` is stable for programs; `detail` is for people."""
    body = {"type": f"urn:problem:{code}", "title": code.replace("_", " ").capitalize()}
    body |= {"status": status, "code": code, "detail": detail, **more}  # type: ignore[dict-item]
    return Response(body, status, headers=dict(headers or {}), content_type=MEDIA_TYPE)


def _refused(exc: Refusal) -> Response:
    more: dict[str, Any] = dict(exc.details)
    status = status_of(exc)
    if isinstance(exc, Invalid):
        status, more["fields"] = 400, dict(exc.fields)
    if isinstance(exc, RuleBroken):
        more["findings"] = [
            {"id": finding.id, "severity": str(finding.severity), "words": finding.words}
            for finding in exc.findings
        ]
    headers = {"Retry-After": "3"} if isinstance(exc, Busy) else {}
    return problem(status, exc.code, exc.message, headers=headers, **more)


def _framework(exc: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
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
