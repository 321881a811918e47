"""When vital signs are due, in words: why the next set is, and how often altogether."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinical.model import Protocol
from clinical.vitals import VitalsWhy
from core import display

Words = str | Promise
DUE: dict[VitalsWhy, Words] = {
    VitalsWhy.BASELINE: gettext_lazy("Baseline vital signs due"),
    VitalsWhy.RATE_CHANGE: gettext_lazy("Vital signs for the rate change due"),
    VitalsWhy.GAP: gettext_lazy("Vital signs due"),
    VitalsWhy.REACTION: gettext_lazy("Vital signs in the reaction due"),
    VitalsWhy.END: gettext_lazy("Vital signs at the end due"),
    VitalsWhy.AFTER_END: gettext_lazy("Vital signs after the end due"),
}
WITHIN: dict[VitalsWhy, Words] = {
    VitalsWhy.BASELINE: gettext_lazy("baseline vital signs"),
    VitalsWhy.RATE_CHANGE: gettext_lazy("vital signs for the rate change"),
    VitalsWhy.GAP: gettext_lazy("vital signs"),
    VitalsWhy.REACTION: gettext_lazy("vital signs in the reaction"),
    VitalsWhy.END: gettext_lazy("vital signs at the end"),
    VitalsWhy.AFTER_END: gettext_lazy("vital signs after the end"),
}


def due_words(why: VitalsWhy | None) -> Words:
    """Return the words before the time at which a set is due."""
    return DUE[why or VitalsWhy.GAP]


def in_a_sentence(why: VitalsWhy | None) -> Words:
    """Return what is due in the middle of a sentence."""
    return WITHIN[why or VitalsWhy.GAP]


def schedule_words(protocol: Protocol) -> str:
    """Return how often vital signs are asked for, as the clinic has it."""
    rules = protocol.observation
    said = [_("baseline"), _("at most %s apart") % display.duration(rules.vitals_gap)]
    if rules.vitals_at_rate_changes:
        said.append(_("at each change of the rate"))
    said += [
        _("%s after the end") % display.duration(offset) if offset else _("at the end")
        for offset in rules.vitals_after_end
    ]
    said.append(
        _("in a reaction at most %s apart") % display.duration(rules.vitals_gap_in_reaction)
    )
    return ", ".join(said)
