"""What a chair shows: who sits there, in which state, what comes next and when. Pure.

A card is a value: two cards that look the same are equal, so `digest` tells whether a viewer's
card is still current. Nothing here ticks; a card changes when what it says changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from uuid import UUID

from clinical.vitals import VitalsWhy

# Something due within this time asks for attention; a minute past it is overdue.
SOON = timedelta(minutes=5)
GRACE = timedelta(minutes=1)
# A step of the rate is offered when it opens, give or take the minute on the wall.
OPENING = timedelta(minutes=1)
ACTS_SHOWN = 3
EXPECTED_WITHIN = timedelta(minutes=30)


class Place(StrEnum):
    """What goes on at a chair."""

    OUT_OF_SERVICE = "out_of_service"
    FREE = "free"
    EXPECTED = "expected"
    LATE = "late"
    ARRIVED = "arrived"
    PREMEDICATION = "premedication"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    OBSERVATION = "observation"
    HOUR_OVER = "hour_over"
    VISITING = "visiting"  # for something that is no dose


class Act(StrEnum):
    """What a nurse does next at a chair."""

    ARRIVE = "arrive"
    PREPARE = "prepare"
    CHECKLIST = "checklist"
    ACCESS = "access"
    BAG = "bag"
    BAG_CHECK = "bag_check"
    PREMEDICATE = "premedicate"
    START = "start"
    RATE = "rate"
    PAUSE = "pause"
    RESUME = "resume"
    VITALS = "vitals"
    REACTION = "reaction"
    ASSESS = "assess"
    RESOLVED = "resolved"
    STOP = "stop"
    NOTE = "note"
    COMPLETE = "complete"
    DISCHARGE = "discharge"
    VISIT_OVER = "visit_over"


# What a patient may do longer than planned without any harm.
UNHURRIED = frozenset({Act.DISCHARGE, Act.VISIT_OVER})
# What a state waits for, however long it takes.
AWAITED = {Place.READY: Act.START, Place.PAUSED: Act.RESUME}
# Where a reaction is one tap away, whatever else is due.
REACTING = frozenset({Place.RUNNING, Place.PAUSED, Place.DONE, Place.OBSERVATION, Place.HOUR_OVER})


class Urgency(StrEnum):
    """How near a due instant is."""

    OVERDUE = "overdue"
    SOON = "due_soon"
    LATER = "on_time"

    @property
    def rank(self) -> int:
        """Position in the order overdue, soon, later."""
        return list(Urgency).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One act and the instant at which it is due. `rate_ml_h` is the pump's next rate, `why` says
    for what vital signs are due."""

    act: Act
    at: datetime
    rate_ml_h: Fraction | None = None
    why: VitalsWhy | None = None

    def urgency(self, now: datetime) -> Urgency:
        """Return how near this is at `now`. Staying longer than planned harms nobody."""
        if now - self.at >= GRACE and self.act not in UNHURRIED:
            return Urgency.OVERDUE
        return Urgency.SOON if self.at - now <= SOON else Urgency.LATER

    def offered(self, now: datetime) -> bool:
        """Return whether it is time to do this: medicines and vital signs are never too early."""
        if self.act is Act.PREMEDICATE:
            return True
        return self.at - now <= (SOON if self.act is Act.VITALS else OPENING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A patient by two identifiers and more, as every card shows them."""

    family_name: str
    given_names: str
    title: str
    birth_date: date
    mrn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What somebody comes for who gets no dose: its code and its words, how long it takes, what
    the nurse is to know."""

    purpose: str
    words: str
    length: timedelta
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """The next booking of a chair: for a dose, unless it has an errand."""

    booking_id: UUID
    visit_id: UUID
    patient: Person
    arrives_at: datetime
    parts_done: int = 0  # of what comes before the start
    parts: int = 0
    errand: Errand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Medicine:
    """The bag: generic name first. Doses in mg, volume in mL."""

    generic: str
    brand: str
    dose_mg: int
    volume_ml: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Seated:
    """Somebody in a chair, and how their infusion stands; or the errand they are here for."""

    booking_id: UUID
    visit_id: UUID
    infusion_id: UUID | None
    patient: Person
    place: Place
    headline: Due | None
    medicine: Medicine | None = None  # of an infusion
    errand: Errand | None = None  # of a visit without one
    others: tuple[Due, ...] = ()
    rate_ml_h: Fraction | None = None
    step: int = 0
    steps: int = 0
    parts_done: int = 0  # of what comes before the start, of none once the line runs
    parts: int = 0
    prepared: bool = False  # all of it but the medicines
    window_open: bool = False  # the medicines let the line start now
    given: tuple[tuple[str, datetime], ...] = ()  # premedication: drug, when
    start_until: datetime | None = None
    ends_at: datetime | None = None  # projected, or real once it has ended
    paused_at: datetime | None = None
    symptoms_open: bool = False
    unassessed: bool = False  # a reaction was tapped, nobody has said yet how bad it is
    since: datetime | None = None  # the arrival of somebody with an errand

    def __post_init__(self) -> None:
        """Raise ValueError for somebody with both a medicine and an errand, or with neither."""
        if (self.medicine is None) == (self.errand is None):
            raise ValueError("Somebody sits here for an infusion or for an errand.")

    def dues(self) -> list[Due]:
        """Return everything due, the earliest first."""
        every = [self.headline, *self.others] if self.headline else list(self.others)
        return sorted(every, key=lambda due: due.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChairCard:
    """One chair at one moment."""

    key: str
    chair_id: UUID
    label: str
    kind: str
    place: Place
    urgency: Urgency | None
    primary: Act | None = None
    acts: tuple[Act, ...] = ()  # besides the primary one
    seated: Seated | None = None
    coming: Coming | None = None
    out_until: datetime | None = None
    out_because: str = ""

    def digest(self) -> str:
        """Return a short fingerprint of everything the card says."""
        return sha256(repr(self).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A reminder to the nurses that has come due and that nobody has acknowledged yet."""

    reminder_id: UUID
    kind: str
    due_at: datetime
    patient: Person
    chair: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One line of the strip above the board."""

    card: ChairCard
    due: Due
    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The whole room at `now`: cards in the order of the chairs."""

    now: datetime
    cards: tuple[ChairCard, ...]
    notices: tuple[Notice, ...] = field(default=())

    def layout(self) -> str:
        """Return a fingerprint of which cards there are, and in which order."""
        return sha256("".join(card.key for card in self.cards).encode()).hexdigest()[:12]

    def prompts(self, *, within: timedelta) -> list[Prompt]:
        """Return what is due at occupied chairs up to `within` from now, most urgent first;
        errands after everything that is about an infusion."""
        found = [
            Prompt(card=card, due=due, urgency=due.urgency(self.now))
            for card in self.cards
            if card.seated is not None
            for due in card.seated.dues()
            if due.at - self.now <= within
        ]
        return sorted(found, key=_by_urgency)

    def strip(self, *, within: timedelta) -> str:
        """Return a fingerprint of the strip: its prompts and its notices."""
        said = [
            (prompt.card.key, prompt.due, prompt.urgency) for prompt in self.prompts(within=within)
        ]
        return sha256(repr((said, self.notices)).encode()).hexdigest()[:12]


def _by_urgency(prompt: Prompt) -> tuple[bool, int, datetime]:
    return prompt.due.act is Act.VISIT_OVER, prompt.urgency.rank, prompt.due.at


def waiting_place(coming: Coming | None, now: datetime) -> Place:
    """Return the state of a chair in which nobody sits."""
    if coming is None or coming.arrives_at - now > EXPECTED_WITHIN:
        return Place.FREE
    return Place.LATE if now - coming.arrives_at >= GRACE else Place.EXPECTED


def urgency_of(
    seated: Seated | None, coming: Coming | None, place: Place, now: datetime
) -> Urgency | None:
    """Return the most urgent of what is due at a chair; None when nothing is. An errand is never
    overdue."""
    if place is Place.LATE:
        return Urgency.SOON if coming is not None and coming.errand else Urgency.OVERDUE
    dues = seated.dues() if seated else []
    return dues[0].urgency(now) if dues else None


def acts_of(place: Place, here: Seated | None, coming: Coming | None, now: datetime) -> list[Act]:
    """Return what may be done at a chair now, the next act first."""
    if here is None:
        arriving = coming is not None and place is not Place.OUT_OF_SERVICE
        return [Act.ARRIVE] if arriving else []
    if here.errand is not None:
        return [Act.VISIT_OVER]
    due = [item.act for item in here.dues() if item.offered(now)]
    if here.parts and not here.prepared:
        due = [Act.PREPARE, *(act for act in due if act is not Act.START), Act.VITALS]
        return list(dict.fromkeys(due))[:ACTS_SHOWN]
    awaited = [AWAITED[place]] if place in AWAITED else []
    assess = [Act.ASSESS] if here.unassessed else []
    vitals = [Act.VITALS] if here.infusion_id else []
    pause = [Act.PAUSE] if place is Place.RUNNING else []
    shown = list(dict.fromkeys([*assess, *awaited, *due, *vitals, *pause]))[:ACTS_SHOWN]
    return [*shown, Act.REACTION] if place in REACTING else shown


def primary_act(
    place: Place, here: Seated | None, acts: Sequence[Act], now: datetime
) -> Act | None:
    """Return the one act that is due now, or that the state waits for; None when nothing is."""
    if not acts:
        return None
    if here is None:
        return acts[0] if place in {Place.EXPECTED, Place.LATE} else None
    due = {item.act for item in here.dues() if item.offered(now)}
    always = {AWAITED.get(place), Act.ASSESS, Act.PREPARE}
    return acts[0] if acts[0] in due | always else None


def by_time(dues: Sequence[Due]) -> tuple[Due, ...]:
    """Return the dues, the earliest first; vital signs before a rate change of the same minute."""
    return tuple(sorted(dues, key=lambda due: (due.at, due.act is not Act.VITALS)))
