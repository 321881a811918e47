"""The end of the infusion, and the door."""

from django.utils.translation import gettext_lazy as _

from infusion.board import Act
from infusion.chart import Charted
from infusion.services import ending
from infusion.web.forms.ending import CompleteForm, DischargeForm
from infusion.web.pages.page import Call, Page


def _complete(call: Call) -> Charted:
    return ending.complete_infusion(
        infusion_id=call.infusion_id(), volume_ml=call["volume_ml"], reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


def _discharge(call: Call) -> Charted:
    return ending.discharge(
        infusion_id=call.infusion_id(), leaving=call.form.leaving(), reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


PAGES: dict[Act, Page] = {
    Act.COMPLETE: Page(
        form=CompleteForm,
        title=_("Infusion complete"),
        confirm=_("Infusion complete"),
        charted=_("End charted"),
        run=_complete,
        undo=False,
        about="infusion/about/complete.html",
    ),
    Act.DISCHARGE: Page(
        form=DischargeForm,
        title=_("Discharge"),
        confirm=_("Discharge"),
        charted=_("Discharged"),
        run=_discharge,
        undo=False,
        about="infusion/about/discharge.html",
    ),
}
