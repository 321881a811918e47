"""The API's description: every endpoint, its shapes, and the ways it can be refused."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiResponse

from core.api.shapes import components, schema_of

PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is stable for programs, `detail` is for people.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "description": "A URN that repeats `code`."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "fields": {
            "type": "object",
            "description": "What is wrong with which parameter, header or field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "current": {
            "type": "object",
            "description": "With a 409, where there is one to show: what stands now.",
        },
        "findings": {
            "type": "array",
            "description": "The rules that said no.",
            "items": {
                "type": "object",
                "required": ["id", "severity", "words"],
                "properties": {
                    "id": {"type": "string"},
                    "severity": {"type": "string"},
                    "words": {"type": "string"},
                },
            },
        },
    },
}
READING = {
    "400": "The request is not valid; `fields` names what is wrong.",
    "401": "No token, or one that is not valid, or not any more.",
    "403": "The token's scopes do not allow this.",
    "404": "There is nothing at this address, or it is another clinic's.",
    "405": "This method is not offered here.",
    "406": "Only JSON is offered.",
    "429": "Too many requests; Retry-After says how many seconds to wait.",
    "503": "Busy; Retry-After says how many seconds to wait.",
}
WRITING = {
    "409": "Somebody else got there first, or the first request with this key still runs.",
    "412": "It changed since the version in If-Match.",
    "413": "The body is too large.",
    "415": "Only a JSON body is taken.",
    "428": "A change needs If-Match.",
    "422": "A rule says no; `findings` names it.",
}
RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
}

ETAG = {
    "ETag": {
        "description": "Send it as If-None-Match, to be answered 304 while nothing changed.",
        "schema": {"type": "string"},
    }
}


def answers(shape: Any, words: str, *, status: int = 200, tagged: bool = False) -> dict[int, Any]:
    """Return an endpoint's good answers for `extend_schema(responses=...)`.

    `tagged` adds 304: the client sent the ETag of the very answer it would get.
    """
    found: dict[int, Any] = {status: OpenApiResponse(schema_of(shape), description=words)}
    if tagged:
        found[304] = OpenApiResponse(description="Not changed since the ETag in If-None-Match.")
    return found


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document. It never changes while the process lives."""
    generator: Any = SchemaGenerator  # untyped in its library
    document: dict[str, Any] = generator().get_schema(request=None, public=True)
    return document


def declare_problem_responses(result: Any, **_: Any) -> Any:
    """A drf-spectacular hook: add the shapes and the ways to be refused, once, for all of it."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas |= components() | {"Problem": PROBLEM}
    for method, _path, operation in operations(result):
        refusals = READING | WRITING if method == "post" else READING
        operation["responses"] |= {
            status: _refusal(status, words)
            for status, words in refusals.items()
            if status not in operation["responses"]
        }
        for status, answer in operation["responses"].items():
            if "304" in operation["responses"] and status in {"200", "304"}:
                answer["headers"] = ETAG
    return result


def _refusal(status: str, words: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {"headers": RETRY_AFTER} if status in {"429", "503"} else {}
    return {"description": words, "content": content, **headers}


def operations(document: Mapping[str, Any]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Yield (method, path, operation) of a description, in its order."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation
