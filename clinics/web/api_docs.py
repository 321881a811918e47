"""The API's description for people and for programs: staff may read it, the world may not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinics.web.access import signed_in
from core.api.openapi import description, operations


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of an endpoint, or one property of a shape."""

    name: str
    type: str
    words: str
    required: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """One way an endpoint can answer."""

    status: str
    words: str
    shape: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation, ready to be shown."""

    id: str
    method: str
    path: str
    summary: str
    words: str
    parameters: list[Field]
    body: list[Field]
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Shape:
    """One named component."""

    name: str
    words: str
    fields: list[Field]


@signed_in
@require_safe
def api_schema(request: HttpRequest) -> HttpResponse:
    """Serve the OpenAPI 3.1 document."""
    return HttpResponse(orjson.dumps(description()), content_type="application/json")


@signed_in
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show the same document as a page: no script runs on it."""
    document = description()
    shapes = document["components"]["schemas"].items()
    context = {
        "info": document["info"],
        "endpoints": [_endpoint(*each) for each in operations(document)],
        "shapes": [
            Shape(name, shape.get("description", ""), list(_properties(shape)))
            for name, shape in shapes
        ],
    }
    return render(request, "api/docs.html", context)


def _endpoint(method: str, path: str, operation: Any) -> Endpoint:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Endpoint(
        operation["operationId"],
        method.upper(),
        path,
        operation.get("summary", ""),
        operation.get("description", ""),
        [_parameter(each) for each in operation.get("parameters", [])],
        list(_properties(body.get("schema", {}))),
        [_answer(status, each) for status, each in sorted(operation["responses"].items())],
    )


def _parameter(given: Any) -> Field:
    words = given.get("description", "")
    return Field(given["name"], type_in_words(given["schema"]), words, given.get("required", False))


def _answer(status: str, given: Any) -> Answer:
    content = given.get("content", {}).get("application/json", {}).get("schema", {})
    return Answer(status, given.get("description", ""), type_in_words(content) if content else "")


def _properties(shape: Any) -> Iterator[Field]:
    required = shape.get("required", [])
    for name, each in shape.get("properties", {}).items():
        yield Field(name, type_in_words(each), each.get("description", ""), name in required)


def type_in_words(schema: Any) -> str:
    """Say a JSON schema's type in one line, such as `VisitItem or null` or `integer 1 to 200`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "oneOf" in schema:
        return " or ".join(type_in_words(each) for each in schema["oneOf"])
    if schema.get("type") == "array":
        return f"list of {type_in_words(schema['items'])}"
    if "enum" in schema:
        return ", ".join("null" if value is None else str(value) for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join([str(schema.get("format", kinds[0])), *kinds[1:]]) + _bounds(schema)


def _bounds(schema: Any) -> str:
    if "minimum" in schema and "maximum" in schema:
        otherwise = f", else {schema['default']}" if "default" in schema else ""
        return f" {schema['minimum']} to {schema['maximum']}{otherwise}"
    if "maxLength" in schema:
        return f" of at most {schema['maxLength']} characters"
    return ""
