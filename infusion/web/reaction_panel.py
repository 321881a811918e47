"""The open reaction on the chair's page: what is done, what comes next, whom to call."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import display
from core.clinical_words import SIGNS
from infusion.bedside import Bedside
from infusion.board import Act
from infusion.reaction import OpenReaction, Task
from infusion.web.forms.reacting import SEVERITIES

Words = str | Promise
ACT_OF = {
    Task.PUMP: Act.PAUSE,
    Task.VITALS: Act.VITALS,
    Task.ASSESS: Act.ASSESS,
    Task.RESOLVED: Act.RESOLVED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One task: in words, done when, and the act that charts it while it is not."""

    words: Words
    done_at: datetime | None
    act: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Everything the panel says."""

    began_at: datetime
    title: Words
    signs: str
    lines: tuple[Line, ...]
    recheck_at: datetime | None
    prescriber: str
    telephone: str
    over_for_good: bool


def panel(bed: Bedside) -> Panel:
    """Return the panel of the open reaction of `bed`, which must have one."""
    open_one = bed.reaction
    assert open_one is not None
    prescriber = bed.visit.own_course.prescriber
    return Panel(
        began_at=open_one.event.occurred_at,
        title=SEVERITIES[open_one.severity] if open_one.assessed else gettext_lazy("Not assessed"),
        signs=", ".join(
            str(SIGNS.get(sign, sign)) for sign in open_one.event.values.get("signs", ())
        ),
        lines=tuple(
            Line(
                words=_task(step.task, open_one), done_at=step.done_at, act=ACT_OF[step.task].value
            )
            for step in open_one.steps
        ),
        recheck_at=bed.run.vitals_due if bed.run else None,
        prescriber=prescriber.full_name if prescriber else "",
        telephone=bed.clinic.telephone,
        over_for_good=open_one.for_good,
    )


def _task(task: Task, reaction: OpenReaction) -> Words:
    if task is Task.PUMP:
        return _pump(reaction)
    return {
        Task.VITALS: _("Vital signs since it began"),
        Task.ASSESS: _("Signs, grade and severity"),
        Task.RESOLVED: _("Every symptom has gone"),
    }[task]


def _pump(reaction: OpenReaction) -> Words:
    if reaction.for_good:
        return _("Pump stopped, never to start again")
    if reaction.severe:
        return _("Pump stopped until every symptom has gone")
    if reaction.rate_ml_h is None:
        return _("Pump looked at")
    rate = display.rate(reaction.rate_ml_h)
    return _("Pump slowed to %(rate)s at most, or stopped") % {"rate": rate}
