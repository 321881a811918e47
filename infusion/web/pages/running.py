"""While the line runs: rate, pause, resume, vital signs."""

from django.utils.translation import gettext_lazy as _

from infusion.board import Act
from infusion.chart import Charted
from infusion.services import running
from infusion.services.preparing import chart_baseline
from infusion.vitals import out_of_range
from infusion.web.forms.running import PauseForm, RateForm, VitalsForm
from infusion.web.pages.page import Call, Page


def _rate(call: Call) -> Charted:
    return running.change_rate(
        infusion_id=call.infusion_id(), rate_ml_h=call.form.rate(), reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


def _pause(call: Call) -> Charted:
    return running.pause(infusion_id=call.infusion_id(), reason=call["reason"], **call.tap())


def _resume(call: Call) -> Charted:
    return running.resume(
        infusion_id=call.infusion_id(), rate_ml_h=call.form.rate(), reason=call["reason"],
        **call.tap(),
    )  # fmt: skip


def _vitals(call: Call) -> Charted:
    if call.bed.infusion is None:
        return chart_baseline(visit_id=call.bed.visit.pk, vitals=call.form.taken(), **call.tap())
    return running.chart_vitals(
        infusion_id=call.infusion_id(), vitals=call.form.taken(), **call.tap()
    )


def _unusual(call: Call) -> str:
    """Say at once what the protocol does not expect: charted all the same."""
    taken = {name: value for name, value in call.form.taken().items() if value is not None}
    found = out_of_range(call.bed.protocol, taken)
    return _("Look again: %(signs)s") % {"signs": "; ".join(found)} if found else ""


PAGES: dict[Act, Page] = {
    Act.RATE: Page(
        form=RateForm,
        title=_("Change the rate"),
        confirm=_("Confirm rate"),
        charted=_("Rate charted"),
        run=_rate,
        about="infusion/about/rate.html",
        more=_("Another rate, another time"),
    ),
    Act.PAUSE: Page(
        form=PauseForm,
        title=_("Pause"),
        confirm=_("Paused"),
        charted=_("Pause charted"),
        run=_pause,
        more=_("Another time"),
    ),
    Act.RESUME: Page(
        form=RateForm,
        title=_("Resume"),
        confirm=_("Resume"),
        charted=_("Infusion runs again"),
        run=_resume,
        about="infusion/about/rate.html",
        more=_("Another rate, another time"),
    ),
    Act.VITALS: Page(
        form=VitalsForm,
        title=_("Vital signs"),
        confirm=_("Save"),
        charted=_("Vital signs charted"),
        run=_vitals,
        note=_unusual,
        about="infusion/about/vitals.html",
        more=_("Another time"),
    ),
}
