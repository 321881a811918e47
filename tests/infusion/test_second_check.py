"""The independent check: another person, this very bag, and no way round it for two at once."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from clinics.access import standing_of
from clinics.models import Clinic, Membership, Role, User
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, Refusal, RuleBroken
from infusion.before_start import Part, prepared
from infusion.chart import Charted
from infusion.models import InfusionEvent
from infusion.services import charting, preparing
from infusion.services.amending import amend_event
from scheduling.models import Visit
from tests.infusion.builders import at, bag_at_chair, colleague, good_bag, prepare, seat
from tests.infusion.pages import Tablet, buttons_in
from tests.people import make_actor
from tests.scheduling.racing import lift_locks, meeting, race


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def second(clinic: Clinic) -> Actor:
    return colleague(clinic)


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    lift_locks(monkeypatch, charting)


def check(visit: Visit, actor: Actor, bag: UUID, *, minute: float = 5, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "bag_id": bag, "all_match": True,
        "occurred_at": at(minute), "actor": actor, "now": at(minute),
    }  # fmt: skip
    return preparing.check_bag(**(fields | changes))


def is_checked(visit: Visit) -> bool:
    events = list(InfusionEvent.objects.filter(infusion__visit=visit))
    return prepared(events, since=at(-540)).check is not None


def correct(bag: UUID, actor: Actor, **changes: Any) -> UUID:
    return amend_event(
        event_id=uuid4(), amends=bag, reason="Read again", actor=actor, now=at(8), **changes
    ).event_id


def test_a_second_person_checks_the_bag(visit: Visit, nurse: Actor, second: Actor) -> None:
    bag = bag_at_chair(visit, nurse)
    assert not is_checked(visit)
    charted = check(visit, second, bag)
    event = InfusionEvent.objects.get(pk=charted.event_id)
    assert event.values == {"bag": str(bag), "all_match": True}
    assert (event.kind, event.recorded_by_id) == ("bag_checked", second.user_id)
    assert is_checked(visit)


@pytest.mark.parametrize("role", [Role.PHARMACIST, Role.PRESCRIBER])
def test_a_pharmacist_or_a_prescriber_may_be_the_second_person(
    clinic: Clinic, visit: Visit, nurse: Actor, role: str
) -> None:
    """From the board to the bag, by page; and nothing else of the chart is theirs."""
    bag = bag_at_chair(visit, nurse)
    other = make_actor(clinic, role)
    tablet = Tablet.of(clinic, other)
    board = tablet.get(3, "board").content.decode()
    assert tablet.address("before_start", visit.pk) in board
    assert buttons_in(tablet.get(3, "board")) == {"prepare"}
    page = tablet.get(3, "before_start", visit.pk)
    assert buttons_in(page) == {"check"}  # the end of bag_check
    ready = tablet.address("chair_act_ready", visit.pk, "bag_check")
    assert ready == tablet.address("bag_check_ready", visit.pk)
    assert tablet.get(3, "bag_check_ready", visit.pk).status_code == 200
    answer = tablet.act(4, visit.pk, "bag_check", bag_id=bag, all_match="on", back="before")
    assert answer.status_code == 302, answer.content.decode()
    assert is_checked(visit)
    event = InfusionEvent.objects.get(kind="bag_checked")
    assert event.recorded_by_id == other.user_id
    assert tablet.act(5, visit.pk, "vitals", spo2="98").status_code == 403
    assert tablet.post(5, "chair_undo", visit.pk, event.pk).status_code == 403
    assert InfusionEvent.objects.filter(infusion__visit=visit).count() == 2


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.MANAGER, Role.AUDITOR])
def test_nobody_else_may(clinic: Clinic, visit: Visit, nurse: Actor, role: str) -> None:
    bag = bag_at_chair(visit, nurse)
    with pytest.raises(Forbidden):
        check(visit, make_actor(clinic, role), bag)
    assert not is_checked(visit)


def test_whoever_charted_the_bag_cannot_check_it_in_another_role(
    clinic: Clinic, visit: Visit, nurse: Actor
) -> None:
    bag = bag_at_chair(visit, nurse)
    user = User.objects.get(pk=str(nurse.user_id))
    Membership.objects.create(clinic=clinic, user=user, role=Role.PHARMACIST)
    with pytest.raises(RuleBroken, match="somebody else"):
        check(visit, standing_of(user, clinic.slug).actor, bag)


def test_whoever_charted_the_bag_cannot_check_it(visit: Visit, nurse: Actor) -> None:
    bag = bag_at_chair(visit, nurse)
    with pytest.raises(RuleBroken, match="somebody else"):
        check(visit, nurse, bag)
    assert not is_checked(visit)


def test_whoever_corrected_the_bag_cannot_check_it_either(
    visit: Visit, nurse: Actor, second: Actor
) -> None:
    """Both had a hand in what it says now."""
    bag = correct(bag_at_chair(visit, nurse), second, values={"volume_ml": "510"})
    for actor in (nurse, second):
        with pytest.raises(RuleBroken, match="somebody else"):
            check(visit, actor, bag, minute=9)


def test_a_check_is_of_all_or_of_nothing(visit: Visit, nurse: Actor, second: Actor) -> None:
    bag = bag_at_chair(visit, nurse)
    with pytest.raises(Invalid) as refused:
        check(visit, second, bag, all_match=False)
    assert set(refused.value.fields) == {"all_match"}


def test_a_check_is_of_the_bag_that_hangs_there(visit: Visit, nurse: Actor, second: Actor) -> None:
    old = bag_at_chair(visit, nurse)
    new = bag_at_chair(visit, nurse, minute=3)
    with pytest.raises(Conflict, match="not the bag"):
        check(visit, second, old)
    check(visit, second, new)
    assert is_checked(visit)


def test_another_bag_ends_the_check_of_the_first(visit: Visit, nurse: Actor, second: Actor) -> None:
    check(visit, second, bag_at_chair(visit, nurse))
    bag_at_chair(visit, nurse, minute=6)
    assert not is_checked(visit)


def test_a_correction_ends_the_check(visit: Visit, nurse: Actor, second: Actor) -> None:
    bag = bag_at_chair(visit, nurse)
    check(visit, second, bag)
    correct(bag, nurse, values={"volume_ml": "510"})
    assert not is_checked(visit)


def test_a_check_that_the_first_person_corrected_is_no_longer_independent(
    visit: Visit, nurse: Actor, second: Actor
) -> None:
    charted = check(visit, second, bag_at_chair(visit, nurse))
    corrected = correct(charted.event_id, second, occurred_at=at(6))
    assert is_checked(visit)
    correct(corrected, nurse, occurred_at=at(7))
    assert not is_checked(visit)


def test_a_check_taken_back_is_none(visit: Visit, nurse: Actor, second: Actor) -> None:
    charted = check(visit, second, bag_at_chair(visit, nurse))
    correct(charted.event_id, second, withdrawn=True)
    assert not is_checked(visit)


def test_a_check_does_not_come_before_its_bag(visit: Visit, nurse: Actor, second: Actor) -> None:
    bag = bag_at_chair(visit, nurse, minute=5)
    with pytest.raises(Invalid) as refused:
        check(visit, second, bag, occurred_at=at(4), minute=6)
    assert set(refused.value.fields) == {"occurred_at"}
    assert check(visit, second, bag, occurred_at=at(5), minute=6)


def test_there_is_nothing_to_check_without_a_bag(visit: Visit, second: Actor) -> None:
    with pytest.raises(Conflict, match="not the bag"):
        check(visit, second, uuid4())


def test_the_same_tap_is_the_same_check(visit: Visit, nurse: Actor, second: Actor) -> None:
    bag, tap = bag_at_chair(visit, nurse), uuid4()
    first = check(visit, second, bag, event_id=tap)
    again = check(visit, second, bag, event_id=tap, minute=9)
    assert (first.repeated, again.repeated) == (False, True)
    assert InfusionEvent.objects.filter(kind="bag_checked").count() == 1


def test_yesterdays_entries_prepare_nothing_today(visit: Visit, nurse: Actor) -> None:
    """Sent home and come again: everything is asked, looked at and checked anew."""
    prepare(visit, nurse)
    events = list(InfusionEvent.objects.filter(infusion__visit=visit))
    assert prepared(events, since=at(-540)).todo == ()
    assert prepared(events, since=at(900)).todo == tuple(Part)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Real threads, real commits; each beside its control."""

    @staticmethod
    def two_bags(visit: Visit, nurse: Actor) -> list[Callable[[], object]]:
        def hang(actor: Actor) -> Charted:
            return preparing.chart_bag(
                visit_id=visit.pk, event_id=uuid4(), bag=good_bag(visit), replaces=None,
                occurred_at=at(2), actor=actor, now=at(2),
            )  # fmt: skip

        return [partial(hang, nurse), partial(hang, colleague(visit.clinic))]

    def test_two_people_chart_one_bag(
        self, visit: Visit, nurse: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs = self.two_bags(visit, nurse)
        monkeypatch.setattr(preparing, "preparing_chart", meeting(charting.preparing_chart))
        [loser] = [each for each in race(*jobs) if isinstance(each, Refusal)]
        assert "meanwhile" in loser.message
        assert InfusionEvent.objects.filter(kind="bag").count() == 1

    @pytest.mark.usefixtures("no_locks")
    def test_without_the_lock_two_bags_hang_there(
        self, visit: Visit, nurse: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control: if this fails, the test above proves nothing."""
        prepare(visit, nurse, without={"bag"})
        jobs = self.two_bags(visit, nurse)
        monkeypatch.setattr(preparing, "preparing_chart", meeting(charting.preparing_chart))
        assert not [each for each in race(*jobs) if isinstance(each, Refusal)]
        assert InfusionEvent.objects.filter(kind="bag").count() == 2

    @staticmethod
    def correct_and_check(visit: Visit, nurse: Actor) -> list[Callable[[], object]]:
        """The second person checks while they correct the same bag on another tablet."""
        bag, second = bag_at_chair(visit, nurse), colleague(visit.clinic)
        values = {"volume_ml": "510"}
        return [partial(correct, bag, second, values=values), partial(check, visit, second, bag)]

    def test_a_check_beside_a_correction_never_holds(self, visit: Visit, nurse: Actor) -> None:
        race(*self.correct_and_check(visit, nurse))
        assert not is_checked(visit)
