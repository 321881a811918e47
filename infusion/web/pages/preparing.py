"""Before the line runs: premedication and the start."""

from django.utils.translation import gettext_lazy as _

from infusion.board import Act
from infusion.chart import Charted
from infusion.services.premedication import give_premedication
from infusion.services.starting import start_infusion
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


PAGES: dict[Act, Page] = {
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
