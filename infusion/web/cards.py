"""A chair card in words, icons and addresses. What it says comes from infusion.board."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID, uuid4

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinics.permissions import BAGS_CHECK, BOOKINGS_ARRIVE, INFUSIONS_CHART
from core import display
from core.actor import Actor
from infusion.board import Act, Board, ChairCard, Due, Notice, Place, Prompt, Urgency
from infusion.board import Person as Patient
from infusion.web.vital_times import due_words, in_a_sentence
from reminders import kinds

Words = str | Promise
# How far ahead the strip above the board looks.
STRIP_AHEAD = timedelta(minutes=30)
# The strip shows everything urgent, and what comes later up to this many lines.
STRIP_LINES = 6

BUTTONS: dict[Act, tuple[Words, str]] = {
    Act.ARRIVE: (_("Arrived"), "arrive"),
    Act.PREPARE: (_("Before the start"), "list"),
    Act.CHECKLIST: (_("Checklist"), "check"),
    Act.ACCESS: (_("IV access"), "drop"),
    Act.BAG: (_("Bag"), "drop"),
    Act.BAG_CHECK: (_("Second check"), "check"),
    Act.PREMEDICATE: (_("Premedication"), "pill"),
    Act.START: (_("Start infusion"), "drop"),
    Act.RATE: (_("Rate"), "chart"),
    Act.PAUSE: (_("Pause"), "pause"),
    Act.RESUME: (_("Resume"), "drop"),
    Act.VITALS: (_("Vitals"), "vitals"),
    Act.REACTION: (_("Reaction"), "alert"),
    Act.ASSESS: (_("Assess the reaction"), "alert"),
    Act.RESOLVED: (_("Symptoms resolved"), "check"),
    Act.STOP: (_("Stop for good"), "alert"),
    Act.NOTE: (_("Note"), "chart"),
    Act.COMPLETE: (_("Infusion complete"), "check"),
    Act.DISCHARGE: (_("Discharge"), "arrive"),
    Act.VISIT_OVER: (_("Visit over"), "check"),
}
STATES: dict[Place, tuple[str, Words]] = {
    Place.OUT_OF_SERVICE: ("out_of_service", ""),
    Place.FREE: ("free", ""),
    Place.EXPECTED: ("booked", _("Expected")),
    Place.LATE: ("due_soon", _("Not here yet")),
    Place.ARRIVED: ("arrived", ""),
    Place.PREMEDICATION: ("premedication", ""),
    Place.READY: ("on_time", _("Ready to start")),
    Place.RUNNING: ("running", ""),
    Place.PAUSED: ("paused", ""),
    Place.DONE: ("due_soon", _("Bag empty")),
    Place.OBSERVATION: ("observing", ""),
    Place.HOUR_OVER: ("on_time", _("Hour over")),
    Place.VISITING: ("visiting", ""),
}
# What an act takes; every other one is charted.
PERMISSIONS = {
    Act.ARRIVE: BOOKINGS_ARRIVE, Act.VISIT_OVER: BOOKINGS_ARRIVE, Act.PREPARE: BAGS_CHECK,
    Act.BAG_CHECK: BAGS_CHECK,
}  # fmt: skip
# What is said instead of a countdown, once staying on harms nobody.
PASSED: dict[Act, Words] = {Act.DISCHARGE: _("Hour over"), Act.VISIT_OVER: _("Time is up")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One act on a card. `posts` acts at once, as the event `event_id`; others open a form."""

    label: Words
    icon: str
    url: str
    element_id: str
    primary: bool = False
    posts: bool = False
    leads: bool = False  # to a page of its own
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A card as the template shows it."""

    card: ChairCard
    state: str
    state_label: Words
    chair_word: Words
    chair_number: str
    headline: Words
    also: list[tuple[Words, datetime]]
    buttons: list[Button]
    href: str
    over: Words  # instead of the countdown; empty while one runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the strip: a step at a chair, or a reminder that nobody has seen yet."""

    state: str
    chair: str
    patient: Patient
    what: Words
    due_at: datetime
    href: str = ""
    over: Words = ""
    seen_url: str = ""


def chair_words(label: str, kind: str) -> tuple[Words, str]:
    """Return a chair's word and number: "Chair 4" gives both; a name of its own stands alone."""
    word, _space, number = label.rpartition(" ")
    if number.isdigit():
        return word or _("Chair"), number
    return "", label


def shown(card: ChairCard, slug: str, actor: Actor, now: datetime) -> Shown:
    """Return the card as `actor` sees it: buttons only for what they may do."""
    state, label = _state(card)
    word, number = chair_words(card.label, card.kind)
    here = card.seated
    due = here.headline if here else None
    over = passed(due, now) if due else ""
    return Shown(
        card=card,
        state=state,
        state_label=label,
        chair_word=word,
        chair_number=number,
        headline=_headline(card, over=bool(over)),
        also=[(headline(other), other.at) for other in here.others] if here else [],
        buttons=_buttons(card, slug, actor),
        href=reverse("chair_side", args=[slug, here.visit_id]) if here and here.medicine else "",
        over=over,
    )


def passed(due: Due, now: datetime) -> Words:
    """Return what is said instead of a countdown once the time of what is due has passed; empty
    before, and for what is overdue then."""
    return PASSED.get(due.act, "") if due.at <= now else ""


def _headline(card: ChairCard, *, over: bool) -> Words:
    if card.seated is None or card.seated.headline is None:
        return ""
    if over and card.place is Place.HOUR_OVER:
        return _("Observed until")
    return headline(card.seated.headline, ready=card.seated.window_open)


def _state(card: ChairCard) -> tuple[str, Words]:
    if card.seated is not None and card.seated.symptoms_open:
        return "reaction", ""
    if card.place is Place.VISITING:
        return ("due", PASSED[Act.VISIT_OVER]) if card.primary else STATES[card.place]
    urgent = card.urgency in {Urgency.OVERDUE, Urgency.SOON}
    own_words = card.place in {Place.LATE, Place.PAUSED, Place.HOUR_OVER, Place.READY}
    if urgent and not own_words and card.urgency is not None:
        return card.urgency.value, ""
    return STATES[card.place]


def headline(due: Due, *, ready: bool = False) -> Words:
    """Return the words before the time of what is due."""
    if due.act is Act.START:
        return _("Start by") if ready else _("Start from")
    if due.act is Act.RATE and due.rate_ml_h is not None:
        return _("Rate %(rate)s due") % {"rate": display.rate(due.rate_ml_h)}
    if due.act is Act.VITALS:
        return due_words(due.why)
    return {
        Act.PREMEDICATE: _("Premedication due"),
        Act.COMPLETE: _("Bag empty about"),
        Act.DISCHARGE: _("Observe until"),
        Act.VISIT_OVER: _("Here until about"),
        Act.PAUSE: _("Stop the infusion"),
    }.get(due.act, "")


def button_label(act: Act, rate_ml_h: Fraction | None) -> Words:
    """Return the words on the button of `act`."""
    if act is Act.RATE and rate_ml_h is not None:
        return _("Rate now %(rate)s") % {"rate": display.rate(rate_ml_h)}
    return BUTTONS[act][0]


def _buttons(card: ChairCard, slug: str, actor: Actor) -> list[Button]:
    acts = ([card.primary] if card.primary else []) + list(card.acts)
    return [
        _button(card, act, slug, primary=act is card.primary) for act in acts if may_do(actor, act)
    ]


def may_do(actor: Actor, act: Act) -> bool:
    """Return whether `actor` may do an act: the way to the bag is open to whoever checks one."""
    return actor.may(PERMISSIONS.get(act, INFUSIONS_CHART))


def _button(card: ChairCard, act: Act, slug: str, *, primary: bool) -> Button:
    rates = [due.rate_ml_h for due in (card.seated.dues() if card.seated else []) if due.act is act]
    return Button(
        label=button_label(act, rates[0] if rates else None),
        icon=BUTTONS[act][1],
        url=_url(card, act, slug),
        element_id=f"act-{card.key}-{act.value}",
        primary=primary,
        leads=act is Act.PREPARE,
        posts=act in {Act.ARRIVE, Act.REACTION},
        event_id=uuid4() if act in {Act.ARRIVE, Act.REACTION} else None,
    )


def _url(card: ChairCard, act: Act, slug: str) -> str:
    if act is Act.ARRIVE:
        assert card.coming is not None
        return reverse("board_arrived", args=[slug, card.coming.booking_id])
    assert card.seated is not None
    if act is Act.VISIT_OVER:
        return reverse("board_visit_over", args=[slug, card.seated.booking_id])
    return act_url(act, slug, card.seated.visit_id)


def act_url(act: Act, slug: str, visit_id: UUID) -> str:
    """Return where an act is charted; what comes before the start has a page of its own."""
    if act is Act.PREPARE:
        return reverse("before_start", args=[slug, visit_id])
    return reverse("chair_act", args=[slug, visit_id, act.value])


def lines(board: Board, slug: str, actor: Actor) -> list[Line]:
    """Return the strip: reminders not yet seen first, then what is due, the most urgent first.

    Everything overdue or due soon is there; of what comes later only as much as fits.
    """
    notices = [_notice(notice, slug, actor) for notice in board.notices]
    prompts = board.prompts(within=STRIP_AHEAD)
    urgent = [prompt for prompt in prompts if prompt.urgency is not Urgency.LATER]
    later = [prompt for prompt in prompts if prompt.urgency is Urgency.LATER]
    kept = [*urgent, *later[: max(STRIP_LINES - len(notices) - len(urgent), 0)]]
    return notices + [_prompt(prompt, board.now) for prompt in prompts if prompt in kept]


def _prompt(prompt: Prompt, now: datetime) -> Line:
    assert prompt.card.seated is not None
    return Line(
        state=prompt.urgency.value,
        chair=prompt.card.label,
        patient=prompt.card.seated.patient,
        what=what_is_due(prompt.due),
        due_at=prompt.due.at,
        href=f"#chair-{prompt.card.key}",
        over=passed(prompt.due, now),
    )


def what_is_due(due: Due) -> Words:
    """Return what is due in the middle of a sentence."""
    if due.act is Act.RATE and due.rate_ml_h is not None:
        return _("rate %(rate)s") % {"rate": display.rate(due.rate_ml_h)}
    if due.act is Act.VITALS:
        return in_a_sentence(due.why)
    return {
        Act.PREMEDICATE: _("premedication"),
        Act.START: _("start infusion"),
        Act.COMPLETE: _("bag empty"),
        Act.DISCHARGE: _("end of the observation hour"),
        Act.VISIT_OVER: _("end of the visit"),
        Act.PAUSE: _("stop the infusion"),
    }.get(due.act, "")


def _notice(notice: Notice, slug: str, actor: Actor) -> Line:
    seen = reverse("board_reminder_seen", args=[slug, notice.reminder_id])
    return Line(
        state="due_soon",
        chair=notice.chair,
        patient=notice.patient,
        what=kinds.label_of(notice.kind),
        due_at=notice.due_at,
        seen_url=seen if actor.may(INFUSIONS_CHART) else "",
    )
