"""What changes if: the preview says what the services would do, and taking back undoes it."""

from datetime import date, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest
from django.core import signing

from clinics.models import Closure, Shift
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken, Stale
from core.models import AuditEntry
from scheduling.daybook.what_if import Effect, Wish, what_if
from scheduling.models import Booking, ClinicDay, Course, Visit
from scheduling.services import bookings
from scheduling.services.undoing import MOMENT, restore
from scheduling.web.undo import SALT, seal, take_back
from tests.people import make_actor, make_clinic
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def ask(
    desk: Desk,
    booking: Booking,
    shown: str = "09:00",
    chair: int = 0,
    day: date = MONDAY,
    **changes: object,
) -> Effect:
    now = changes.pop("now", NOW)
    assert isinstance(now, datetime)
    wish = Wish(
        chair_id=desk.chairs[chair], start=at(day, shown),
        **{"version": booking.version, **changes},  # type: ignore[arg-type]
    )  # fmt: skip
    return what_if(desk.actor, booking.visit_id, wish, now=now)


def test_a_move_that_fits_says_what_it_does_and_saves_nothing(desk: Desk) -> None:
    booking = desk.book(desk.visit(), shown="08:00")
    desk.book(desk.visit("NEXT"), shown="08:00", chair=1)
    effect = ask(desk, booking, "13:00", 1)
    assert effect.refused == ()
    assert effect.chair.label == "Chair 2"
    assert effect.shifted == timedelta(hours=5)
    assert effect.leaves_at == effect.planned.period.upper - timedelta(minutes=15)
    assert effect.free_from is not None
    assert effect.free_from < effect.planned.period.lower
    assert effect.free_until is None
    assert (effect.days_from_due, effect.days_from_due_before) == (0, 0)
    booking.refresh_from_db()
    assert (booking.chair_id, booking.period.lower) == (desk.chairs[0], at(MONDAY, "08:00"))
    assert booking.version == 1


def test_the_nurses_load_is_told_before_and_after(desk: Desk) -> None:
    booking = desk.book(desk.visit(), shown="08:00")
    desk.book(desk.visit("OTHER"), shown="12:30", chair=1)
    load = ask(desk, booking, "12:30").load
    assert load is not None
    assert (load.points, load.points_before, load.point_limit) == (4, 2, 16)
    assert (load.starts, load.start_limit) == (2, 4)
    assert load.begins == "13:30"


def test_another_day_is_counted_from_the_due_date(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    effect = ask(desk, booking, "08:00", day=TUESDAY)
    assert effect.refused == ()
    assert (effect.days_from_due, effect.days_from_due_before) == (1, 0)
    assert effect.shifted is None


@pytest.mark.parametrize(
    ("shown", "chair", "words"),
    [
        ("08:30", 1, "That chair is taken from 08:30"),
        ("17:00", 0, "Open 08:00 to 18:00"),
        ("06:00", 0, "Open 08:00 to 18:00"),
    ],
)
def test_a_place_that_will_not_do_is_refused_in_words(
    desk: Desk, shown: str, chair: int, words: str
) -> None:
    booking = desk.book(desk.visit())
    desk.book(desk.visit("OTHER"), chair=1)
    [refusal] = ask(desk, booking, shown, chair).refused
    assert words in refusal.message


def test_every_reason_is_told_at_once(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    Course.objects.update(status="stopped", ended_on=MONDAY)
    Closure.objects.create(clinic=desk.clinic, date=TUESDAY, reason="flood")
    effect = ask(desk, booking, day=TUESDAY, version=7)
    words = [refusal.message for refusal in effect.refused]
    assert [type(refusal) for refusal in effect.refused] == [Stale, RuleBroken, RuleBroken]
    assert "flood" in words[2]
    assert effect.load is None


def test_a_dose_somebody_else_has_booked_is_stale(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    [refusal, *_] = ask(desk, booking, "13:00", 1, version=None).refused
    assert isinstance(refusal, Stale)
    assert "booked this visit in the meantime" in refusal.message


def test_an_arrived_patient_may_change_chairs_only(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    now = at(MONDAY, "08:05")
    booking = bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=now)
    assert ask(desk, booking, "08:00", 2, now=at(MONDAY, "08:40")).refused == ()
    [refusal] = ask(desk, booking, "09:00", now=now).refused
    assert "only the chair can change" in refusal.message


def test_a_time_that_is_over_is_refused(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    [refusal] = ask(desk, booking, "08:15", 1, now=at(MONDAY, "09:00")).refused
    assert refusal.message == "That time has passed."


def test_a_length_the_protocol_does_not_know_is_refused_with_those_it_does(desk: Desk) -> None:
    booking = desk.book(desk.visit(), shown="09:00")
    [refusal] = ask(desk, booking, until=at(MONDAY, "12:00")).refused
    assert refusal.message == (
        "How long this visit takes follows from its rate table: it can end at 14:00 (initial rate)."
    )
    assert ask(desk, booking, until=at(MONDAY, "14:00")).refused == ()


def test_a_length_of_another_rate_chooses_that_rate(desk: Desk) -> None:
    course = desk.course()
    visits = list(Visit.objects.filter(course=course).order_by("dose_number"))
    for visit, days in zip(visits, (200, 186), strict=False):
        given = MONDAY - timedelta(days=days)
        Visit.objects.filter(pk=visit.pk).update(status="completed", given_on=given)
    third = visits[2]
    Visit.objects.filter(pk=third.pk).update(
        due_on=MONDAY, earliest_on=MONDAY, latest_on=MONDAY + timedelta(days=14)
    )
    booking = desk.book(third, shown="09:00")
    short = ask(desk, booking, until=at(MONDAY, "12:00")).refused[0]
    ends = [word.strip(".") for word in short.message.split() if ":" in word and word[0].isdigit()]
    assert len(ends) == 2
    options = {end: ask(desk, booking, until=at(MONDAY, end)).planned.rate_option for end in ends}
    assert set(options.values()) == {"standard", "short"}


def test_another_clinics_visit_or_chair_is_not_found(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    stranger = make_desk("south")
    with pytest.raises(NotFound):
        ask(Desk(desk.clinic, stranger.actor, desk.chairs), booking)
    with pytest.raises(NotFound):
        ask(Desk(desk.clinic, desk.actor, stranger.chairs), booking)
    with pytest.raises(NotFound):
        what_if(desk.actor, uuid4(), Wish(chair_id=desk.chairs[0], start=NOW), now=NOW)
    with pytest.raises(Invalid):
        ask(desk, booking, "09:05")


def attempt(desk: Desk, booking: Booking, shown: str, chair: int) -> str:
    """Move for real; return what the service said against it."""
    try:
        bookings.move(
            booking_id=booking.pk, chair_id=desk.chairs[chair], start=at(MONDAY, shown),
            version=booking.version, actor=desk.actor, now=NOW,
        )  # fmt: skip
    except Refusal as refusal:
        return refusal.message
    return ""


PLACES = list(product(("07:30", "08:00", "09:15", "12:45", "13:30", "15:00"), (0, 1, 2)))


@pytest.mark.parametrize("nurses", [1, 4])
def test_the_preview_and_the_service_always_agree(desk: Desk, nurses: int) -> None:
    """Whatever the preview allows is saved, whatever it refuses is refused in the same words."""
    booking = desk.book(desk.visit("MOVED"), shown="08:00")
    desk.book(desk.visit("IN THE WAY"), shown="08:00", chair=1)
    bookings.hold_day(visit_id=desk.visit("HELD").pk, day=MONDAY, actor=desk.actor, now=NOW)
    Shift.objects.filter(date=MONDAY).update(nurses=nurses)
    ClinicDay.objects.all().update(opens_at=None, closes_at=None)
    verdicts = {}
    for shown, chair in PLACES:
        effect = ask(desk, booking, shown, chair)
        said = attempt(desk, booking, shown, chair)
        booking.refresh_from_db()
        verdicts[shown, chair] = said
        if said:
            assert said in [refusal.message for refusal in effect.refused]
        else:
            assert effect.refused == (), (shown, chair)
            assert booking.period == effect.planned.period
    assert "" in verdicts.values()
    assert len(set(verdicts.values())) > 2


def test_a_cancellation_is_taken_back_as_it_was(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    cancelled = bookings.cancel(
        booking_id=booking.pk, reason="wrong row", actor=desk.actor, now=NOW
    )
    token = seal("ended", cancelled, was="confirmed")
    take_back(token, actor=desk.actor, now=NOW + timedelta(seconds=9))
    booking.refresh_from_db()
    assert (booking.status, booking.ended_at, booking.end_reason) == ("confirmed", None, "")
    assert Visit.objects.get(pk=booking.visit_id).status == Visit.Status.BOOKED
    day = ClinicDay.objects.get(date=MONDAY)
    assert sum(day.points) > 0
    assert AuditEntry.objects.filter(action="booking.restored").count() == 1


def test_a_no_show_taken_back_is_not_counted(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    now = at(MONDAY, "09:00")
    missed = bookings.mark_no_show(booking_id=booking.pk, actor=desk.actor, now=now)
    restore(
        booking_id=booking.pk, version=missed.version, was="confirmed", actor=desk.actor, now=now
    )
    visit = Visit.objects.get(pk=booking.visit_id)
    assert (visit.no_shows, visit.status) == (0, "booked")


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ("late", Conflict, "too late"),
        ("version", Stale, "Somebody changed"),
        ("stands", Conflict, "nothing to take back"),
        ("chair", Conflict, "That chair is taken"),
        ("rebooked", Conflict, "booked again"),
        ("status", Invalid, "held, proposed or confirmed"),
    ],
)
def test_what_has_changed_since_is_not_taken_back(
    desk: Desk, changed: str, kind: type[Refusal], words: str
) -> None:
    booking = desk.book(desk.visit())
    asked = {"version": booking.version + 1, "was": "confirmed", "now": NOW}
    if changed != "stands":
        bookings.cancel(booking_id=booking.pk, reason="x", actor=desk.actor, now=NOW)
    if changed == "late":
        asked["now"] = NOW + MOMENT + timedelta(seconds=1)
    elif changed == "version":
        asked["version"] = 1
    elif changed == "stands":
        asked["version"] = booking.version
    elif changed == "chair":
        desk.book(desk.visit("FASTER"))
    elif changed == "rebooked":
        desk.book(Visit.objects.get(pk=booking.visit_id), chair=2)
    else:
        asked["was"] = "completed"
    with pytest.raises(kind, match=words):
        restore(booking_id=booking.pk, actor=desk.actor, **asked)  # type: ignore[arg-type]


def test_only_who_may_change_bookings_takes_them_back(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    nurse = make_actor(desk.clinic, "nurse")
    with pytest.raises(Forbidden):
        restore(booking_id=booking.pk, version=1, was="confirmed", actor=nurse, now=NOW)
    stranger = make_actor(make_clinic("south"))
    with pytest.raises(NotFound):
        restore(booking_id=booking.pk, version=1, was="confirmed", actor=stranger, now=NOW)


def test_a_move_is_taken_back_unless_somebody_moved_it_again(desk: Desk) -> None:
    booking = desk.book(desk.visit())

    def moved(shown: str, chair: int) -> Booking:
        booking.refresh_from_db()
        return bookings.move(
            booking_id=booking.pk, chair_id=desk.chairs[chair], start=at(MONDAY, shown),
            version=booking.version, actor=desk.actor, now=NOW,
        )  # fmt: skip

    before = {"chair": str(desk.chairs[0]), "start": at(MONDAY).isoformat(), "rate": "initial"}
    token = seal("move", moved("10:00", 1), **before)
    stale = seal("move", moved("11:00", 2), **before)
    with pytest.raises(Stale):
        take_back(token, actor=desk.actor, now=NOW)
    take_back(stale, actor=desk.actor, now=NOW)
    booking.refresh_from_db()
    assert (booking.chair_id, booking.period.lower) == (desk.chairs[0], at(MONDAY))


def test_a_booking_and_an_arrival_are_taken_back(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    now = at(MONDAY, "08:00")
    arrived = bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=now)
    take_back(seal("arrived", arrived), actor=desk.actor, now=now)
    booking.refresh_from_db()
    assert booking.status == "confirmed"
    take_back(seal("book", booking), actor=desk.actor, now=now)
    booking.refresh_from_db()
    assert booking.status == "cancelled"


def test_a_token_is_sealed_and_lives_for_a_moment(desk: Desk) -> None:
    booking = desk.book(desk.visit())
    forged = signing.dumps({"what": "book", "booking": str(booking.pk), "version": 1}, salt="other")
    for token in ("", "nonsense", forged, seal("book", booking)[:-1]):
        with pytest.raises(Conflict, match="too late"):
            take_back(token, actor=desk.actor, now=NOW)
    assert signing.loads(seal("book", booking), salt=SALT)["version"] == booking.version
