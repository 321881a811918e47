"""A reaction at the chair, and the end before the bag is empty."""

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from infusion.board import Act
from infusion.chart import Charted
from infusion.services import reacting, stopping
from infusion.web.forms.reacting import AssessForm, ReactionForm, StopForm, TapForm
from infusion.web.pages.page import Call, Page


def _reaction(call: Call) -> Charted:
    return reacting.chart_reaction(infusion_id=call.infusion_id(), **call.tap())


def _assess(call: Call) -> Charted:
    standing = call.bed.reaction
    reaction_id = call["reaction_id"] or (standing.event.pk if standing else None)
    if reaction_id is None:
        raise Conflict("No reaction is charted.")
    return reacting.assess_reaction(
        reaction_id=reaction_id,
        event_id=call["event_id"],
        assessment=call["assessment"],
        actor=call.actor,
        now=call.now,
    )


def _resolved(call: Call) -> Charted:
    return reacting.chart_symptoms_resolved(infusion_id=call.infusion_id(), **call.tap())


def _stop(call: Call) -> Charted:
    return stopping.stop_infusion(
        infusion_id=call.infusion_id(), volume_ml=call["volume_ml"], reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


PAGES: dict[Act, Page] = {
    Act.REACTION: Page(
        form=ReactionForm,
        title=_("Reaction"),
        confirm=_("Reaction now"),
        charted=_("Reaction charted. Stop or slow the pump now"),
        run=_reaction,
        about="infusion/about/reaction.html",
        more=_("It began earlier"),
        to_chair=True,
    ),
    Act.ASSESS: Page(
        form=AssessForm,
        title=_("Assess the reaction"),
        confirm=_("Save"),
        charted=_("Reaction assessed"),
        run=_assess,
        about="infusion/about/assess.html",
        more=_("Add a note"),
        undo=False,
        to_chair=True,
    ),
    Act.RESOLVED: Page(
        form=TapForm,
        title=_("Symptoms resolved"),
        confirm=_("All symptoms gone"),
        charted=_("Symptoms resolved"),
        run=_resolved,
        more=_("Another time"),
    ),
    Act.STOP: Page(
        form=StopForm,
        title=_("Stop for good"),
        confirm=_("End the infusion"),
        charted=_("End charted"),
        run=_stop,
        about="infusion/about/stop.html",
        more=_("Another time"),
        undo=False,
    ),
}
