"""Before the line runs: questions, access, bag, second check, premedication and the start."""

from django.utils.translation import gettext_lazy as _

from core.errors import Conflict
from infusion.board import Act
from infusion.chart import Charted
from infusion.services import preparing
from infusion.services.premedication import give_premedication
from infusion.services.starting import start_infusion
from infusion.web.forms.bag import BagCheckForm, BagForm
from infusion.web.forms.checklist import AccessForm, ChecklistForm
from infusion.web.forms.preparing import OTHER, PremedicationForm, StartForm
from infusion.web.pages.page import Call, Page


def _premedicate(call: Call) -> Charted:
    other = call["drug"] == OTHER
    return give_premedication(
        visit_id=call.bed.visit.pk,
        drug=call["other_drug"] if other else call["drug"],
        purpose=(call["other_purpose"] or None) if other else None,
        dose_mg=call["dose_mg"],
        route=call["route"],
        **call.tap(),
    )


def _start(call: Call) -> Charted:
    return start_infusion(
        visit_id=call.bed.visit.pk,
        two_identifiers_checked=call["two_identifiers_checked"],
        rate_option=call["rate_option"],
        reason=call["reason"],
        **call.tap(),
    )


def _ask(call: Call) -> Charted:
    return preparing.answer_questions(
        visit_id=call.bed.visit.pk, answers=call.form.answers(), notes=call.form.notes(),
        **call.tap(),
    )  # fmt: skip


def _access(call: Call) -> Charted:
    return preparing.chart_access(
        visit_id=call.bed.visit.pk, access=call.form.access(), **call.tap()
    )


def _bag(call: Call) -> Charted:
    return preparing.chart_bag(
        visit_id=call.bed.visit.pk, bag=call.form.bag(), replaces=call["replaces"], **call.tap()
    )


def _check(call: Call) -> Charted:
    if call["bag_id"] is None:
        raise Conflict("No bag is charted for this visit yet.")
    return preparing.check_bag(
        visit_id=call.bed.visit.pk, bag_id=call["bag_id"], all_match=call["all_match"],
        **call.tap(),
    )  # fmt: skip


PAGES: dict[Act, Page] = {
    Act.CHECKLIST: Page(
        form=ChecklistForm,
        title=_("Safety questions"),
        confirm=_("Save answers"),
        charted=_("Answers charted"),
        run=_ask,
        more=_("Another time"),
    ),
    Act.ACCESS: Page(
        form=AccessForm,
        title=_("IV access"),
        confirm=_("Save access"),
        charted=_("IV access charted"),
        run=_access,
        more=_("Another time"),
    ),
    Act.BAG: Page(
        form=BagForm,
        title=_("Bag at the chair"),
        confirm=_("Save bag"),
        charted=_("Bag charted"),
        run=_bag,
        about="infusion/about/bag.html",
        more=_("More of its storage, another time"),
    ),
    Act.BAG_CHECK: Page(
        form=BagCheckForm,
        title=_("Second check of the bag"),
        confirm=_("All of it matches"),
        charted=_("Second check charted"),
        run=_check,
        about="infusion/about/bag_check.html",
        more=_("Another time"),
    ),
    Act.PREMEDICATE: Page(
        form=PremedicationForm,
        title=_("Premedication"),
        confirm=_("Given"),
        charted=_("Premedication charted"),
        run=_premedicate,
        about="infusion/about/premedicate.html",
        more=_("Another medicine, another time"),
    ),
    Act.START: Page(
        form=StartForm,
        title=_("Start infusion"),
        confirm=_("Start infusion"),
        charted=_("Infusion started"),
        run=_start,
        undo=False,
        about="infusion/about/start.html",
    ),
}
