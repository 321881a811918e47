"""The rows of a preview: what somebody chose for each visit, read back from the page and drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.http import QueryDict

from scheduling.change_plans import Way, way_to_tell
from scheduling.disruption.affected import HERE
from scheduling.disruption.elsewhere import Asked, Choice
from scheduling.disruption.offers import Offer
from scheduling.disruption.words import why_words
from scheduling.services.rebooking import Decision

CANCEL, LEAVE = "cancel", "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One entry of a row's list: its value, and a time or nothing but words."""

    value: str
    choice: Choice | None
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RebookRow:
    """One visit of the preview."""

    offer: Offer
    why: str
    options: tuple[Option, ...]
    act: str  # the value chosen
    is_here: bool
    way: Way
    not_before: date | None
    problem: str

    @property
    def key(self) -> str:
        """What the names of its fields end in."""
        return str(self.offer.booking.pk)


def decisions(posted: QueryDict) -> list[Decision]:
    """Return what was chosen for each visit of the page; a row that cannot be read is left."""
    found = []
    for text in posted.getlist("row"):
        booking = _id(text)
        version = posted.get(f"version-{text}", "")
        if booking is None or not version.isdecimal():
            continue
        act = posted.get(f"to-{text}", "")
        start, chair = _place(act)
        found.append(
            Decision(
                booking_id=booking, version=int(version), start=start, chair_id=chair,
                cancel=act == CANCEL,
            )
        )  # fmt: skip
    return found


def asked(posted: QueryDict) -> dict[UUID, Asked]:
    """Return what somebody wants for each visit: the time chosen, or none before a day."""
    found: dict[UUID, Asked] = {}
    for text in posted.getlist("row"):
        booking = _id(text)
        if booking is not None:
            start, chair = _place(posted.get(f"to-{text}", ""))
            day = _day(posted.get(f"after-{text}", ""))
            if day is not None and start is not None and start.date() < day:
                start = chair = None
            found[booking] = Asked(start=start, chair_id=chair, not_before=day)
    return found


def rows_of(
    offers: Sequence[Offer], posted: QueryDict | None, problems: Mapping[str, str]
) -> list[RebookRow]:
    """Return the preview's rows, with what was chosen before still chosen."""
    return [_row(offer, posted, problems.get(str(offer.booking.pk), "")) for offer in offers]


def _row(offer: Offer, posted: QueryDict | None, problem: str) -> RebookRow:
    booking = offer.booking
    here = booking.status == HERE
    values = [_value(choice) for choice in offer.choices]
    before = posted.get(f"to-{booking.pk}", "") if posted is not None else ""
    others = [LEAVE] if here else [CANCEL, LEAVE]
    act = before if before in {*values, *others} else next(iter([*values, *others]))
    options = [
        Option(value=value, choice=choice, chosen=value == act)
        for value, choice in zip(values, offer.choices, strict=True)
    ]
    options += [Option(value=value, choice=None, chosen=value == act) for value in others]
    same_time = any(
        option.chosen and option.choice is not None and booking.period is not None
        and option.choice.start == booking.period.lower for option in options
    )  # fmt: skip
    told = act != LEAVE and not same_time
    return RebookRow(
        offer=offer, why=why_words(offer.affected, booking.chair.label if booking.chair else ""),
        options=tuple(options), act=act, is_here=here, problem=problem,
        way=way_to_tell(offer.patient, booking.status) if told else Way.NOT,
        not_before=_day(posted.get(f"after-{booking.pk}", "")) if posted is not None else None,
    )  # fmt: skip


def _value(choice: Choice) -> str:
    return f"{choice.start.isoformat()} {choice.chair.pk}"


def _place(act: str) -> tuple[datetime | None, UUID | None]:
    text, _, chair = act.partition(" ")
    try:
        start = datetime.fromisoformat(text)
        return (start, UUID(chair)) if start.tzinfo is not None else (None, None)
    except ValueError:
        return None, None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
