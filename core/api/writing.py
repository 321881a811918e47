"""What a write over the API must bring: a key, so that it can be repeated; a version, to change."""

import re
from typing import Any

import orjson
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from core import idempotency
from core.actor import Actor
from core.errors import Invalid

_ONE_VERSION = re.compile(r'"(\d{1,9})"', re.ASCII)


class VersionRequired(APIException):
    """A change that does not say what it changes from (RFC 6585)."""

    status_code = 428
    default_detail = "Send If-Match with the version you saw."
    default_code = "version_required"


def keyed(request: Request, actor: Actor, body: bytes) -> idempotency.Request:
    """Return the request as its sender may repeat it. `body` is what came over the wire."""
    assert actor.api_client_id is not None
    return idempotency.Request(
        owner_id=actor.api_client_id,
        route=f"{request.method} {request.path}",
        key=request.headers.get("Idempotency-Key", ""),
        body=body,
    )


def seen_version(request: Request) -> int:
    """Return the version in If-Match.

    Raises VersionRequired without one, Invalid for anything but a single version.
    """
    given = request.headers.get("If-Match")
    if given is None:
        raise VersionRequired
    match = _ONE_VERSION.fullmatch(given.strip())
    if match is None:
        raise Invalid("The request is not valid.", {"If-Match": ['Must be a version such as "3".']})
    return int(match[1])


def answer_of(status: int, body: Any) -> idempotency.Answer:
    """Return an answer that can be kept and given again; `body` holds ids, days and instants."""
    return idempotency.Answer(status, orjson.loads(orjson.dumps(body)))


def respond(answer: idempotency.Answer, *, location: str = "") -> Response:
    """Send an answer with the version it names; a repeated one is the same, and says what it is."""
    # A kept answer comes back in the database's order of keys: both are sent in one order.
    body = orjson.loads(orjson.dumps(answer.body, option=orjson.OPT_SORT_KEYS))
    headers = {"ETag": f'"{answer.body["version"]}"'}
    if location:
        headers["Location"] = location
    if answer.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(body, answer.status, headers=headers)
