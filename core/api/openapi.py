"""Every operation can be refused: say so in the schema, once, for all of them."""

from typing import Any

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
ALWAYS = {
    "400": "The request is not valid.",
    "401": "No token, or one that is not valid any more.",
    "403": "The token's scopes do not allow this.",
    "404": "There is nothing at this address.",
    "405": "This method is not offered here.",
    "406": "Only JSON is offered.",
    "429": "Too many requests; Retry-After says how many seconds to wait.",
    "503": "Busy; Retry-After says how many seconds to wait.",
}


def declare_problem_responses(result: Any, **_: Any) -> Any:
    """A drf-spectacular hook: add the shared problem responses to every operation."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, words in ALWAYS.items():
                answer = {"description": words, "content": content}
                operation["responses"].setdefault(status, answer)
    return result
