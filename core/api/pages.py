"""Pages of a list by keyset: the next page begins after a row, not at a count of rows.

A cursor names the last row that was shown and the question it belongs to, signed, so that it
cannot be made up or carried over to other filters. It holds ids and days, never a name.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from django.core import signing
from django.http import QueryDict
from rest_framework.request import Request

from core.api.query import Parameter, a_number
from core.errors import Invalid

LIMIT = a_number("limit", "How many items a page holds.", minimum=1, maximum=200, default=50)
_SIGNER = signing.Signer(salt="api.cursor")
LONGEST_CURSOR = 600


def _plain(text: str) -> str:
    if not text or len(text) > LONGEST_CURSOR:
        raise ValueError("Must be the cursor of a `next` address.")
    return text


CURSOR = Parameter(
    "cursor",
    "Where the page begins. Take it from `next`, never make one; it belongs to the same filters.",
    _plain,
    {"type": "string", "maxLength": LONGEST_CURSOR},
)
PAGING = (LIMIT, CURSOR)


def start_after(request: Request) -> list[Any] | None:
    """Return the position the request's cursor stands for; None at the beginning of a list.

    Raises Invalid for a cursor this endpoint did not give for this very question.
    """
    text = request.query_params.get(CURSOR.name)
    if text is None:
        return None
    try:
        held = _SIGNER.unsign_object(text)
    except signing.BadSignature:
        held = None
    if held is None or held["for"] != _question(request):
        problem = "Not a cursor of this list with these filters. Begin without one."
        raise Invalid("The request is not valid.", {CURSOR.name: [problem]})
    position: list[Any] = held["after"]
    return position


def next_address(request: Request, position: Sequence[Any]) -> str:
    """Return the absolute address of the page after `position` (text and numbers only)."""
    query: QueryDict = request.query_params.copy()
    query[CURSOR.name] = _SIGNER.sign_object({"after": list(position), "for": _question(request)})
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _question(request: Request) -> str:
    """A digest of the path and filters; the page size may change on the way."""
    asked = sorted(
        (name, value)
        for name, value in request.query_params.items()
        if name not in {CURSOR.name, LIMIT.name}
    )
    return sha256(repr((request.path, asked)).encode()).hexdigest()[:16]
