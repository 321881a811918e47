"""Driving an import: all of a source, in batches, people before what is known about them."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

from core.actor import Actor
from core.db import command
from core.errors import Busy
from patients.fhir.records import Item, Items, PatientRecord, Record, Refused, Skipped
from patients.fhir.repeats import Repeated, without_repeats
from patients.services.importing import import_batch, write_batch
from patients.services.tally import BatchResult, Outcome, Tally

BATCH = 200
PATIENCE = 5  # times that a batch waits for a locked record before the import stops

logger = logging.getLogger(__name__)

T = TypeVar("T")
ImportBatch = Callable[..., BatchResult]


class Readable(Protocol):
    """Input that can be read from its start more than once."""

    def items(self) -> Items: ...


class Listener(Protocol):
    """Who wants to hear of the import while it runs. Called between batches."""

    def refused(self, refusal: Refused) -> None: ...

    def progressed(self, tally: Tally) -> None: ...


class _TakeItAllBack(Exception):
    def __init__(self, tally: Tally) -> None:
        super().__init__("a rehearsal ends by rolling back")
        self.tally = tally


def import_everything(
    *, source: Readable, actor: Actor, now: datetime, listener: Listener
) -> Tally:
    """Import all of `source`, batch by batch, and return what became of its lines.

    It is read twice, people first, so the order of files and lines does not matter. Raises
    Forbidden without the permission, Unusable when the input as a whole cannot be read, and Busy
    when somebody keeps a record locked; what was imported until then stays.
    """
    return _run(source, _patiently, actor, now, listener)


def rehearse_import(*, source: Readable, actor: Actor, now: datetime, listener: Listener) -> Tally:
    """Do what import_everything does in one transaction, and take all of it back."""
    try:
        _rehearse(source=source, actor=actor, now=now, listener=listener)
    except _TakeItAllBack as done:
        return done.tally
    raise AssertionError("a rehearsal always ends by rolling back")


def _patiently(**batch: Any) -> BatchResult:
    for _attempt in range(PATIENCE - 1):
        try:
            return import_batch(**batch)
        except Busy:
            logger.info("an import batch waits for a record that somebody is changing")
    return import_batch(**batch)


@command
def _rehearse(*, source: Readable, actor: Actor, now: datetime, listener: Listener) -> None:
    raise _TakeItAllBack(_run(source, write_batch, actor, now, listener))


def _run(
    source: Readable, importing: ImportBatch, actor: Actor, now: datetime, listener: Listener
) -> Tally:
    tally = Tally()
    for wanted in (_people, _all_but_people):
        records = wanted(without_repeats(source.items()), tally, listener)
        for batch in _batches(records, BATCH):
            result = importing(records=batch, actor=actor, now=now)
            for (resource, outcome), times in result.counts.items():
                tally.count(resource, outcome, times)
            for refusal in result.refusals:
                _refuse(refusal, tally, listener)
            listener.progressed(tally)
    listener.progressed(tally)
    return tally


def _people(items: Iterable[Item], tally: Tally, listener: Listener) -> Iterator[Record]:
    for item in items:
        if isinstance(item, PatientRecord):
            yield item


def _all_but_people(items: Iterable[Item], tally: Tally, listener: Listener) -> Iterator[Record]:
    for item in items:
        if isinstance(item, Refused):
            _refuse(item, tally, listener)
        elif isinstance(item, Repeated):
            tally.count(item.resource, Outcome.UNCHANGED)
        elif isinstance(item, Skipped):
            tally.skip(item)
        elif not isinstance(item, PatientRecord):
            yield item


def _refuse(refusal: Refused, tally: Tally, listener: Listener) -> None:
    tally.count(refusal.resource, Outcome.REFUSED)
    listener.refused(refusal)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
