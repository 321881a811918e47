"""A second engine for a running infusion: slow, one second at a time, written apart from the first.

It knows the rate tables from the TOML text and nothing else of `clinical`. Rates are whole numbers
of 1/1024 mL/h, so that a rate halved a few times stays exact without fractions.
"""

import tomllib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

FINE = 1024
HOUR = 3600
HALF_HOUR = 1800
BANDS = ["mild_moderate", "severe", "life_threatening"]
_TOML = Path(__file__).parents[2] / "clinical" / "protocols" / "ocrelizumab.toml"
_FILE: dict[str, Any] = tomllib.loads(_TOML.read_text(encoding="utf-8"))
_TABLES: dict[str, Any] = _FILE["titration"]
_WATCH: dict[str, Any] = _FILE["observation"]


@dataclass
class Tap:
    """One charted fact at a whole second after the start."""

    second: int
    kind: str
    rate: int | None = None
    band: str | None = None


@dataclass
class Pump:
    """What one table and one bag make of a list of taps."""

    option: str
    bag_ml: int
    policy: str
    status: str = "not_started"
    rate: int = 0
    poured: int = 0
    held: int = 0
    second: int = 0
    open_symptoms: bool = False
    resolved_second: int | None = None
    never_again: bool = False
    ended_second: int | None = None
    emptied: Fraction | None = None
    half: int | None = None
    onset: int = 0
    done_half: bool = True
    rising: bool = False
    long_enough: int | None = None
    sets: list[int] = field(default_factory=list)
    reaction_second: int | None = None
    change_second: int | None = None
    ladder: list[tuple[int, int | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows = _TABLES[self.option]["steps"]["value"]
        self.ladder = [
            (
                row["rate_ml_h"] * FINE,
                int(row["duration"].split()[0]) * 60 if "duration" in row else None,
            )
            for row in rows
        ]
        self.top = self.ladder[-1][0]
        self.increment = _TABLES[self.option].get("increment_ml_h", {}).get("value", 0) * FINE
        self.full = self.bag_ml * FINE * HOUR

    # -- taps --

    def tap(self, what: Tap) -> None:
        getattr(self, "on_" + what.kind)(what)

    def on_start(self, what: Tap) -> None:
        if self.status == "not_started":
            self.status, self.rate = "running", what.rate or self.ladder[0][0]

    def on_vitals(self, what: Tap) -> None:
        self.sets.append(what.second)

    def on_rate_changed(self, what: Tap) -> None:
        if self.status in {"running", "paused"}:
            self.turn(what)

    def turn(self, what: Tap) -> None:
        if what.rate != self.rate:
            self.change_second = what.second
        self.to_rate(what.rate or 0)

    def to_rate(self, rate: int) -> None:
        if rate == self.rate:
            return
        if self.half is not None:
            if self.done_half and rate > self.rate:
                self.rising = True
            self.done_half = self.done_half or rate <= self.half
        self.rate, self.held, self.long_enough = rate, 0, None

    def on_paused(self, what: Tap) -> None:
        if self.status == "running":
            self.status = "paused"

    def on_resumed(self, what: Tap) -> None:
        if self.status in {"paused", "stopped"}:
            if what.rate:
                self.turn(what)
            self.status, self.ended_second = "running", None

    def on_reaction(self, what: Tap) -> None:
        self.reaction_second = what.second
        self.open_symptoms, self.resolved_second = True, None
        self.never_again = self.never_again or what.band == BANDS[2]
        if self.status in {"running", "paused"}:
            self.onset, self.half = self.rate, self.rate // 2
            self.done_half, self.rising, self.held, self.long_enough = False, False, 0, None

    def on_symptoms_resolved(self, what: Tap) -> None:
        if self.open_symptoms:
            self.open_symptoms, self.resolved_second = False, what.second

    def on_stopped(self, what: Tap) -> None:
        if self.status in {"running", "paused"}:
            self.status, self.ended_second = "stopped", what.second

    def on_completed(self, what: Tap) -> None:
        if self.status in {"running", "paused"}:
            self.status, self.ended_second = "completed", what.second

    # -- one second --

    def tick(self) -> None:
        if self.status == "running":
            if self.emptied is None and self.poured + self.rate >= self.full:
                self.emptied = self.second + Fraction(self.full - self.poured, self.rate)
            self.poured += self.rate
            self.held += 1
        self.second += 1
        wanted = self.wanted_hold()
        if wanted is not None and self.long_enough is None and self.held >= wanted:
            self.long_enough = self.second

    # -- what may come next --

    def asked(self) -> int:
        """The rate that should run: half, until that is done."""
        return self.rate if self.done_half or self.half is None else min(self.rate, self.half)

    def following(self, policy: str | None = None) -> int | None:
        rate = self.asked()
        if self.half is None:
            policy = "ladder"
        policy = policy or self.policy
        if policy == "held":
            return None
        if policy == "increment":
            return None if rate >= self.top else min(self.top, rate + self.increment)
        if policy == "return" and min(self.onset, self.top) > rate:
            return min(self.onset, self.top)
        above = [row for row, _ in self.ladder if row > rate]
        return above[0] if above else None

    def wanted_hold(self) -> int | None:
        if self.following() is None:
            return None
        if self.half is not None:
            if not self.rising:
                return HALF_HOUR
            if self.policy == "increment":
                return HALF_HOUR
            if self.policy == "return" and self.rate == min(self.onset, self.top):
                return HALF_HOUR
        lasts = self.ladder[0][1]
        for rate, duration in self.ladder:
            if rate <= self.rate:
                lasts = duration
        return lasts

    # -- from here to the empty bag --

    def end(self, *, held_down: bool = False) -> Fraction | None:
        """The second at which the bag is empty if the rate rises whenever it may (or never)."""
        if self.status in {"not_started", "stopped", "completed"}:
            return None if self.ended_second is None else Fraction(self.ended_second)
        if self.emptied is not None:
            return self.emptied
        if self.never_again:
            return None
        twin = Pump(
            **{name: getattr(self, name) for name in self.__dataclass_fields__ if name != "ladder"}
        )
        twin.status = "running"
        twin.to_rate(twin.asked())
        if held_down:
            while twin.emptied is None:
                twin.tick()
            return twin.emptied
        while twin.emptied is None:
            hold, following = twin.wanted_hold(), twin.following()
            if hold is not None and following is not None and twin.held >= hold:
                twin.to_rate(following)
            twin.tick()
        return twin.emptied

    def runs_out_first(self) -> bool:
        """Whether the bag is empty before the rate could rise, symptoms or not."""
        missing = (self.wanted_hold() or 0) - self.held
        return self.full - self.poured <= max(missing, 0) * self.rate


ORDER = [
    "start", "vitals", "reaction", "symptoms_resolved", "paused", "resumed", "rate_changed",
    "stopped", "completed",
]  # fmt: skip


def run(option: str, bag_ml: int, policy: str, taps: list[Tap], now: int) -> Pump:
    """Return the pump at second `now`, after the taps of that very second."""
    pump = Pump(option, bag_ml, policy)
    waiting = sorted(taps, key=lambda tap: (tap.second, ORDER.index(tap.kind)))
    while True:
        while waiting and waiting[0].second <= pump.second:
            pump.tap(waiting.pop(0))
        if pump.second >= now:
            return pump
        pump.tick()


# -- vital signs: walk on second by second until somebody would ask for them --


def lasting(name: str) -> int:
    return int(_WATCH[name]["value"].split()[0]) * 60


def vitals_asked(pump: Pump, rises: int | None) -> tuple[int, str] | None:
    """Return the second at which a set is due and why; `rises` when the rate may rise next."""
    if pump.status == "not_started":
        return None
    if pump.ended_second is not None:
        return _asked_after_the_end(pump, pump.ended_second)
    second = 0
    while (why := _asked_at(pump, second, rises)) is None:
        second += 1
    return second, why


def _asked_at(pump: Pump, second: int, rises: int | None) -> str | None:
    if not pump.sets:
        return "baseline"
    last = max(pump.sets)
    began = pump.reaction_second
    close = lasting("vitals_gap_in_reaction")
    if pump.open_symptoms and began is not None and second - max(last, began) >= close:
        return "reaction"
    for change in (pump.change_second, rises):
        if change is not None and second >= change and change - last > lasting("vitals_counts_for"):
            return "rate_change"
    return "gap" if second - max(last, 0) >= lasting("vitals_gap") else None


def _asked_after_the_end(pump: Pump, end: int) -> tuple[int, str] | None:
    offsets = [int(text.split()[0]) * 60 for text in _WATCH["vitals_after_end"]["value"]]
    for before, offset in zip([0, *offsets], offsets, strict=False):
        opens = end + (before + offset) // 2 if offset else end - lasting("vitals_counts_for")
        if max(pump.sets, default=opens - 1) < opens:
            return end + offset, "after_end" if offset else "end"
    return None
