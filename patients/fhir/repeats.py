"""The same thing twice in one import: noticed on disk, so that any size of input fits."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import fields
from hashlib import blake2b

from patients.fhir.records import Item, Items, PatientRecord, Refused, Skipped


class Repeated(Skipped):
    """A record that came before in this import with exactly the same contents."""


def without_repeats(items: Iterable[Item]) -> Items:
    """Pass items on; a record seen before becomes Repeated, or Refused when it says otherwise.

    Taking the later one would make two imports of one file disagree with each other for ever: the
    first stands, and the refusal names where it stood.
    """
    # An empty name is SQLite's private temporary file: it spills to disk and goes with the handle.
    with closing(sqlite3.connect("")) as seen:
        seen.execute(
            "CREATE TABLE seen (key BLOB PRIMARY KEY, contents BLOB, place TEXT) WITHOUT ROWID"
        )
        for item in items:
            yield item if isinstance(item, Refused | Skipped) else _judged(seen, item)


def _judged(seen: sqlite3.Connection, item: Item) -> Item:
    assert not isinstance(item, Refused | Skipped)
    name = item.mrn if isinstance(item, PatientRecord) else f"{item.patient}{item.source_id}"
    key = _digest(item.resource, name)
    contents = _digest(
        *(str(getattr(item, one.name)) for one in fields(item) if one.name != "place")
    )
    first = seen.execute("SELECT contents, place FROM seen WHERE key = ?", (key,)).fetchone()
    if first is None:
        seen.execute("INSERT INTO seen VALUES (?, ?, ?)", (key, contents, str(item.place)))
        return item
    if first[0] == contents:
        return Repeated(item.place, item.resource, f"the same as {first[1]}")
    what = "identifier" if isinstance(item, PatientRecord) else "id"
    return Refused(
        item.place, item.resource, f"{what}: came before with other contents, at {first[1]}"
    )


def _digest(*parts: str) -> bytes:
    return blake2b("\x00".join(parts).encode(errors="surrogatepass"), digest_size=16).digest()
