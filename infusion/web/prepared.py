"""What was prepared before the start, in words: for the page, its forms and the event log."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinical.beyond_use import Place
from core import display
from core.zones import current_zone
from infusion.bag import Bag
from infusion.checklist import Answers
from infusion.iv_access import Device, read_access
from infusion.models import InfusionEvent
from infusion.web.forms.checklist import DEVICES, WORRY

Kind = InfusionEvent.Kind
KEPT = {
    Place.FRIDGE: gettext_lazy("in the fridge"),
    Place.ROOM: gettext_lazy("at room temperature"),
}


def checklist_lines(values: Mapping[str, Any]) -> list[str]:
    """Return the worries with their notes, or that there are none."""
    answers = Answers.read(values)
    worries = [
        _("%(what)s: yes. %(note)s") % {"what": WORRY[each], "note": answers.notes.get(each, "")}
        for each in answers.worries()
    ]
    noted = [
        _("%(what)s: no. %(note)s") % {"what": WORRY[each], "note": note}
        for each, note in answers.notes.items()
        if not answers.says(each)
    ]
    return [*worries, *noted] if worries else [_("No to every question."), *noted]


def access_lines(values: Mapping[str, Any]) -> list[str]:
    """Return device, size and site, and how often it was tried when not at once."""
    access = read_access(values)
    what = " ".join(part for part in (str(DEVICES[Device(access.device)]), access.gauge) if part)
    tried = _("%(n)s attempts") % {"n": access.attempts} if access.attempts > 1 else ""
    return [line for line in (f"{what}, {access.site}", tried) if line]


def bag_lines(values: Mapping[str, Any]) -> list[str]:
    """Return what is in the bag, from which vials, and where it was kept."""
    bag = Bag.read(values)
    zone = current_zone()
    dose = display.quantity(bag.dose_mg, "mg")
    vials = [
        _("lot %(lot)s, expires %(day)s")
        % {"lot": vial.lot, "day": display.clinical_date(vial.expires_on, zone)}
        for vial in bag.vials
    ]
    kept = [
        _("%(place)s from %(at)s")
        % {"place": KEPT[span.place], "at": display.clinical_datetime(span.since, zone)}
        for span in bag.storage
    ]
    filtered = _("Filter %(size)s micron, a line of its own") % {"size": bag.filter_micron}
    return [
        _("%(drug)s %(dose)s in %(volume)s")
        % {"drug": bag.drug, "dose": dose, "volume": display.quantity(bag.volume_ml, "mL")},
        *dict.fromkeys(vials),
        *([_("Unknown code; the vial itself was read")] if bag.codes_checked else []),
        ", ".join(kept),
        filtered,
    ]


LINES: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    Kind.CHECKLIST: checklist_lines,
    Kind.ACCESS: access_lines,
    Kind.BAG: bag_lines,
    Kind.BAG_CHECKED: lambda _values: [_("Compared with patient and prescription: all matches.")],
}


def lines_of(event: InfusionEvent) -> list[str]:
    """Return an entry before the start in short lines; none for any other kind."""
    say = LINES.get(event.kind)
    return say(event.values) if say else []
