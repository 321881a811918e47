"""Whether a plan keeps every rule, asked every five minutes of the day by itself.

Written without the masks, pools and rows the planner works with, so that a slip there is seen
here. Runs on every plan before anybody is shown it.
"""

from collections.abc import Iterator, Mapping, Sequence

from scheduling.planner.values import PlanChair, PlanDay, PlanVisit, Violation

STEP, QUARTER, HANDS = 5, 15, 15


def check(
    starts: Mapping[str, int],
    chairs: Mapping[str, str],
    visits: Sequence[PlanVisit],
    day: PlanDay,
) -> list[Violation]:
    """Return everything in a plan that the day does not allow; empty for a good plan.

    `starts` are minutes from midnight by visit; a visit without one is left out, which only a
    promised visit may not be.
    """
    placed = [visit for visit in visits if visit.id in starts]
    found = list(_about_visits(starts, visits, day))
    found += _about_chairs(starts, chairs, placed, day)
    first = min(starts.values(), default=0) // QUARTER * QUARTER
    last = max((starts[visit.id] + visit.phases.care for visit in placed), default=0)
    for minute in range(max(0, first), min(last, day.slots * QUARTER), STEP):
        found += _about_nurses(starts, placed, day, minute)
        found += _about_pharmacy(starts, placed, day, minute)
    return found


def _about_visits(
    starts: Mapping[str, int], visits: Sequence[PlanVisit], day: PlanDay
) -> Iterator[Violation]:
    for stray in starts.keys() - {visit.id for visit in visits}:
        yield Violation(starts[stray], "Somebody is planned who is not on the list.")
    for visit in visits:
        start = starts.get(visit.id)
        if visit.confirmed is not None and start != visit.confirmed:
            words = f"The time promised for {day.shows(visit.confirmed)} is not kept."
            yield Violation(visit.confirmed, words)
        if start is not None:
            yield from _about_times(visit, start, day)


def _about_times(visit: PlanVisit, start: int, day: PlanDay) -> Iterator[Violation]:
    at = day.shows(start)
    if start % QUARTER:
        yield Violation(start, f"The visit at {at} does not begin on a quarter-hour.")
    if start < day.opens or start + visit.phases.care > day.hard_close:
        yield Violation(start, f"The visit at {at} is not inside the hours.")
    if start < (visit.earliest or 0) or (visit.latest is not None and start > visit.latest):
        yield Violation(start, f"The visit at {at} is outside the patient's own times.")


def _about_chairs(
    starts: Mapping[str, int],
    chairs: Mapping[str, str],
    placed: Sequence[PlanVisit],
    day: PlanDay,
) -> Iterator[Violation]:
    known = {chair.id: chair for chair in day.chairs}
    sitting: dict[str, list[tuple[int, int]]] = {}
    for visit in placed:
        start, chair = starts[visit.id], known.get(chairs.get(visit.id, ""))
        if chair is None or chair.kind not in visit.kinds:
            at = day.shows(start)
            yield Violation(start, f"The visit at {at} has no chair it can use.")
            continue
        sitting.setdefault(chair.id, []).append((start, start + visit.phases.total))
    for name, spans in sitting.items():
        yield from _about_one_chair(known[name], spans, day)


def _about_one_chair(
    chair: PlanChair, spans: list[tuple[int, int]], day: PlanDay
) -> Iterator[Violation]:
    for n, (begins, ends) in enumerate(spans):
        for other_begins, other_ends in [*chair.taken, *spans[n + 1 :]]:
            if begins < other_ends and other_begins < ends:
                at = max(begins, other_begins)
                yield Violation(at, f"A chair is needed twice at {day.shows(at)}.")


def _about_nurses(
    starts: Mapping[str, int], placed: Sequence[PlanVisit], day: PlanDay, minute: int
) -> Iterator[Violation]:
    hands = points = here = 0
    for visit in placed:
        begun = minute - starts[visit.id]
        if not -STEP < begun < visit.phases.care:
            continue
        here += 1
        runs_from = visit.phases.premedication
        hands += runs_from - STEP < begun < runs_from + HANDS
        points += _points(visit, begun)
    quarter, at = minute // QUARTER, day.shows(minute)
    nurses = day.nurses[quarter]
    hands += day.taken_starts[quarter] if day.taken_starts else 0
    points += day.taken_points[quarter] if day.taken_points else 0
    if here and not nurses:
        yield Violation(minute, f"No nurse is on duty at {at}.")
    elif here and hands > nurses * day.starts_per_nurse:
        can = nurses * day.starts_per_nurse
        yield Violation(minute, f"At {at} {hands} infusions would start; the nurses can do {can}.")
    elif here and points > nurses * day.points_per_nurse:
        can = nurses * day.points_per_nurse
        words = f"At {at} there are {points} points to watch; the nurses can carry {can}."
        yield Violation(minute, words)


def _points(visit: PlanVisit, begun: int) -> int:
    """Return what a visit costs in the five minutes from `begun`, at its dearest."""
    runs_from = visit.phases.premedication
    ends = runs_from + visit.phases.infusion
    infusing = runs_from - STEP < begun < ends
    observed = ends - STEP < begun < visit.phases.care
    return max(
        visit.phases.points_infusion if infusing else 0,
        visit.phases.points_observation if observed else 0,
    )


def _about_pharmacy(
    starts: Mapping[str, int], placed: Sequence[PlanVisit], day: PlanDay, minute: int
) -> Iterator[Violation]:
    """Bags are made ready by the quarter-hour; infusions may start off it."""
    if not day.pharmacy_limit or minute % QUARTER:
        return
    bags = 0
    for visit in placed:
        begins = starts[visit.id] + visit.phases.premedication
        begun = min(begins + HANDS, starts[visit.id] + visit.phases.care)
        bags += visit.phases.bag and begins < minute + QUARTER and begun > minute
    taken = day.taken_starts[minute // QUARTER] if day.taken_starts else 0
    taken -= day.bagless[minute // QUARTER] if day.bagless else 0
    if bags and bags + taken > day.pharmacy_limit:
        at = day.shows(minute)
        words = f"At {at} the pharmacy would have {bags + taken} bags to make ready."
        yield Violation(minute, words)
