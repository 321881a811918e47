"""FHIR bulk export: one resource a line."""

from pathlib import Path

import orjson

from patients.fhir.lines import lines
from patients.fhir.reading import UNREADABLE, read_resource
from patients.fhir.records import Items, Place, Refused


def read_ndjson(path: Path) -> Items:
    """Yield what each line of the file ends as. A line that is not JSON is one refusal."""
    for number, line in lines(path):
        place = Place(path.name, number)
        if line is None:
            yield Refused(place, UNREADABLE, "the line is too long")
            continue
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as exc:
            yield Refused(place, UNREADABLE, f"not JSON, from column {exc.colno}")
            continue
        yield read_resource(value, place)
