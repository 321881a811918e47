"""The protocol laid out for a reader: editions side by side, and all that still needs sign-off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clinical.findings import Rule
from clinical.protocol import DEFAULT_EDITION, Protocol, SourcedValue
from core.clinical_words import EDITIONS
from reference.labels import ELIGIBILITY, LABELS, OF_THE_PATIENT, RULE_GROUPS, SECTIONS
from reference.labels import WHY_SIGN_OFF as WHY
from reference.wording import lines

Editions = Mapping[str, Protocol]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value and what backs it. It stands for `span` editions; `own` marks an edition's own."""

    edition: str
    span: int
    lines: tuple[str, ...]
    source: tuple[str, ...]
    grade: str
    needs_sign_off: bool
    note: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One value across the editions."""

    path: str
    label: str
    cells: tuple[Cell, ...]
    differs: bool
    own_sources: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and its lines."""

    key: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A rule as some editions have it; `editions` is empty when all do."""

    editions: tuple[str, ...]
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule across the editions."""

    id: str
    title: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules that speak about the same thing."""

    title: str
    rules: tuple[RuleLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Something a pharmacist still has to sign; `editions` is empty when it concerns all shown."""

    target: str
    section: str
    label: str
    said: str
    why: str
    editions: tuple[str, ...]


def edition_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return editions as they are read; one without a name of its own keeps its code."""
    return tuple(str(EDITIONS.get(name, name)) for name in names)


def _cell(edition: str, value: SourcedValue, span: int) -> Cell:
    return Cell(
        edition=edition,
        span=span,
        lines=lines(value.path, value.value),
        source=value.source,
        grade=str(value.grade),
        needs_sign_off=value.needs_sign_off,
        note="; ".join(words for words in (value.note, value.confirm) if words),
        own=value.set_by != DEFAULT_EDITION,
    )


def _line(values: Mapping[str, SourcedValue]) -> Line:
    first = next(iter(values.values()))
    alike = len({value.set_by for value in values.values()}) == 1
    shown = dict(list(values.items())[:1]) if alike else values
    span = len(values) if alike else 1
    said = {lines(value.path, value.value) for value in values.values()}
    return Line(
        path=first.path,
        label=str(LABELS[first.path.rpartition(".")[2]]),
        cells=tuple(_cell(edition, value, span) for edition, value in shown.items()),
        differs=len(said) > 1,
        own_sources=not alike and len(said) == 1,
    )


def sections(editions: Editions) -> tuple[Section, ...]:
    """Return every value of the protocol, section by section."""
    by_path = {
        edition: {value.path: value for value in protocol.values}
        for edition, protocol in editions.items()
    }
    paths = next(iter(by_path.values()))
    rows = [_line({edition: by_path[edition][path] for edition in by_path}) for path in paths]
    return tuple(
        Section(
            key=key,
            title=str(title),
            lines=tuple(row for row in rows if row.path.rpartition(".")[0] == key),
        )
        for key, title in SECTIONS.items()
    )


def _rule(rule_id: str, editions: Editions) -> RuleLine:
    variants: dict[Rule, list[str]] = {}
    for edition, protocol in editions.items():
        variants.setdefault(protocol.rules[rule_id], []).append(edition)
    several = len(variants) > 1
    return RuleLine(
        id=rule_id,
        title=next(iter(variants)).title,
        variants=tuple(
            Variant(editions=edition_names(names) if several else (), rule=rule)
            for rule, names in variants.items()
        ),
    )


def group_of(rule_id: str) -> str:
    """Return the heading a rule stands under."""
    if rule_id not in OF_THE_PATIENT:
        for title, words in RULE_GROUPS:
            if rule_id.partition("-")[0] in words:
                return str(title)
    return str(ELIGIBILITY)


def _group_titles() -> list[str]:
    return [str(ELIGIBILITY), *(str(title) for title, _words in RULE_GROUPS)]


def rule_groups(editions: Editions) -> tuple[RuleGroup, ...]:
    """Return every rule, by what it speaks about, eligibility first."""
    rules = [_rule(rule_id, editions) for rule_id in next(iter(editions.values())).rules]
    return tuple(
        RuleGroup(title=title, rules=tuple(rule for rule in rules if group_of(rule.id) == title))
        for title in _group_titles()
    )


def _where(flagged: Sequence[str], shown: int) -> tuple[str, ...]:
    return () if len(flagged) == shown else edition_names(flagged)


def open_values(editions: Editions) -> tuple[Open, ...]:
    """Return the values that still need sign-off, in the order of the sections."""
    found: dict[str, dict[str, SourcedValue]] = {}
    for edition, protocol in editions.items():
        for value in protocol.values:
            if value.needs_sign_off:
                found.setdefault(value.path, {})[edition] = value
    opened = []
    for path, values in found.items():
        first = next(iter(values.values()))
        opened.append(
            Open(
                target=path,
                section=str(SECTIONS[path.rpartition(".")[0]]),
                label=str(LABELS[path.rpartition(".")[2]]),
                said="; ".join(lines(path, first.value)),
                why=first.confirm or str(WHY[first.grade]),
                editions=_where(list(values), len(editions)),
            )
        )
    return tuple(opened)


def open_rules(editions: Editions) -> tuple[Open, ...]:
    """Return the rules that still need sign-off, in the order of their groups."""
    found: dict[str, dict[str, Rule]] = {}
    for edition, protocol in editions.items():
        for rule_id, rule in protocol.rules.items():
            if rule.needs_sign_off:
                found.setdefault(rule_id, {})[edition] = rule
    opened = [
        Open(
            target=rule_id,
            section=group_of(rule_id),
            label=rule_id,
            said=next(iter(rules.values())).title,
            why=str(WHY[next(iter(rules.values())).grade]),
            editions=_where(list(rules), len(editions)),
        )
        for rule_id, rules in found.items()
    ]
    order = _group_titles()
    return tuple(sorted(opened, key=lambda item: order.index(item.section)))
