"""The forms of the bag and of its second check."""

import math
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinical.beyond_use import Kept, Place
from core.errors import Invalid
from core.zones import local_date, local_instant
from infusion.bag import Bag, Vial
from infusion.gs1 import Scanned, read_code
from infusion.web.forms.base import ActForm

OTHER = "other"
ROUTES = [
    ("IV", _("Infusion into a vein (concentrate)")),
    ("SC", _("Injection under the skin")),
]
LOOKS = [
    ("clear", _("Clear to slightly opalescent, nothing in it")),
    ("discoloured", _("Discoloured")),
    ("particles", _("Particles in it")),
]
PLACES = [(Place.ROOM.value, _("At room temperature")), (Place.FRIDGE.value, _("In the fridge"))]


def _time(label: Any, **options: Any) -> forms.TimeField:
    return forms.TimeField(
        label=label, widget=forms.TimeInput(attrs={"type": "time"}), **options
    )  # fmt: skip


class BagForm(ActForm):
    """The bag, read from the vials and the bag themselves."""

    replaces = forms.UUIDField(widget=forms.HiddenInput, required=False)
    drug = forms.ChoiceField(label=_("Medicine on the vial"), widget=forms.RadioSelect)
    route = forms.ChoiceField(label=_("The vial is for"), choices=ROUTES, widget=forms.RadioSelect)
    labelled_mg = forms.IntegerField(
        label=_("Milligrams on the vial"), min_value=1, max_value=5000,
        help_text=_("Read it from the label."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    dose_mg = forms.IntegerField(
        label=_("Dose in this bag (mg)"), min_value=1, max_value=5000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    volume_ml = forms.DecimalField(
        label=_("Volume of the bag (mL)"), max_digits=6, decimal_places=2, min_value=Decimal(1),
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    prepared_on = forms.DateField(
        label=_("Prepared on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    prepared_time = _time(_("Prepared at"))
    storage = forms.ChoiceField(label=_("Kept at first"), choices=PLACES, widget=forms.RadioSelect)
    out_at = _time(_("Taken out of the fridge at"), required=False, help_text=_("Today."))
    look = forms.ChoiceField(label=_("Appearance"), choices=LOOKS, widget=forms.RadioSelect)
    filter_micron = forms.ChoiceField(
        label=_("In-line filter"), widget=forms.RadioSelect,
        choices=[("0.2", _("0.2 micron")), ("0.22", _("0.22 micron")), ("none", _("No filter"))],
    )  # fmt: skip
    dedicated_line = forms.BooleanField(label=_("A line for this bag alone"), required=False)
    codes_checked = forms.BooleanField(
        label=_("I read the vial itself: name, strength and route are those of this bag."),
        required=False,
    )
    back_at = _time(_("Put into the fridge again at"), required=False)
    out_again_at = _time(_("Taken out again at"), required=False)
    extra = ("back_at", "out_again_at", "at")

    def fit(self) -> None:
        """Offer the visit's drug, dose and bag, and one row for each vial the dose needs."""
        del self.fields["reason"]
        bed, rules = self.bed, self.bed.protocol.preparation
        drug = self.fields["drug"]
        assert isinstance(drug, forms.ChoiceField)
        name = f"{bed.protocol.drug} ({bed.protocol.brand})"
        drug.choices = [(bed.protocol.drug, name), (OTHER, _("Another medicine"))]
        volume = bed.plan.volume_ml
        first: dict[str, Any] = {
            "dose_mg": bed.visit.dose_mg,
            "volume_ml": Decimal(volume.numerator) / volume.denominator,
            "prepared_on": local_date(bed.now, bed.clinic.time_zone),
            "replaces": bed.done.bag.pk if bed.done.bag else None,
        }
        self.initial = {**first, **self.initial}
        self.vials = range(1, math.ceil(bed.visit.milligrams / rules.vial_mg) + 1)
        for n in self.vials:
            self._add_vial(n)
        order = ["drug", "route", "labelled_mg", *self._vial_fields(), "codes_checked"]
        self.order_fields([*order, *(each for each in self.fields if each not in order)])

    def main_fields(self) -> list[forms.BoundField]:
        """The word on an unknown code is asked for when there is one."""
        asked = "codes_checked" in self.errors or self.data.get("codes_checked")
        return [each for each in super().main_fields() if asked or each.name != "codes_checked"]

    def _add_vial(self, n: int) -> None:
        # A scanner ends with Enter, which sends a form from an input and not from a text area.
        scan = forms.Textarea(attrs={"rows": 1, "autocomplete": "off", "spellcheck": "false"})
        self.fields[f"vial_{n}_scan"] = forms.CharField(
            label=_("Vial %(n)s: scan") % {"n": n}, required=False, max_length=200, widget=scan,
            help_text=_("Fills in lot and expiry. Or type them."),
        )  # fmt: skip
        self.fields[f"vial_{n}_lot"] = forms.CharField(
            label=_("Vial %(n)s: lot") % {"n": n}, required=False, max_length=20
        )
        self.fields[f"vial_{n}_expires"] = forms.DateField(
            label=_("Vial %(n)s: expiry") % {"n": n}, required=False,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        )  # fmt: skip

    def _vial_fields(self) -> list[str]:
        return [f"vial_{n}_{part}" for n in self.vials for part in ("scan", "lot", "expires")]

    def clean(self) -> dict[str, Any]:
        """Read each vial from its code, from what was typed, or from both when they agree."""
        data = super().clean() or {}
        self._read = [self._vial(n, data) for n in self.vials]
        return data

    def _vial(self, n: int, data: dict[str, Any]) -> Vial | None:
        scanned = self._scanned(n, data)
        lot, expires = data.get(f"vial_{n}_lot", ""), data.get(f"vial_{n}_expires")
        if scanned is not None:
            lot = self._agreed(f"vial_{n}_lot", lot, scanned.lot)
            expires = self._agreed(f"vial_{n}_expires", expires, scanned.expires_on)
        if not lot and f"vial_{n}_lot" not in self.errors:
            self.add_error(f"vial_{n}_lot", _("Scan the vial, or type its lot."))
        if not expires and f"vial_{n}_expires" not in self.errors:
            self.add_error(f"vial_{n}_expires", _("Scan the vial, or type its expiry date."))
        if not lot or not expires:
            return None
        return Vial(lot=lot, expires_on=expires, gtin=scanned.gtin if scanned else "")

    def _scanned(self, n: int, data: dict[str, Any]) -> Scanned | None:
        code = data.get(f"vial_{n}_scan", "")
        if not code:
            return None
        try:
            return read_code(code)
        except Invalid as refusal:
            self.add_error(f"vial_{n}_scan", refusal.message)
            return None

    def _agreed(self, field: str, typed: Any, scanned: Any) -> Any:
        if typed and scanned and typed != scanned:
            self.add_error(field, _("The code of the vial says something else."))
        return scanned or typed

    def bag(self) -> Bag:
        """Return the bag. Raises Invalid for a time its day's clock does not show."""
        data = self.cleaned_data
        storage = self._storage()
        return Bag(
            drug=data["drug"],
            route=data["route"],
            labelled_mg=data["labelled_mg"],
            dose_mg=data["dose_mg"],
            volume_ml=Fraction(data["volume_ml"]),
            vials=tuple(vial for vial in self._read if vial is not None),
            prepared_at=storage[0].since,
            storage=storage,
            filter_micron=data["filter_micron"],
            dedicated_line=data["dedicated_line"],
            discoloured=data["look"] == "discoloured",
            foreign_particles=data["look"] == "particles",
            codes_checked=data["codes_checked"],
        )

    def _storage(self) -> tuple[Kept, ...]:
        data = self.cleaned_data
        first = Place(data["storage"])
        spans = [Kept(place=first, since=self._instant("prepared_time", data["prepared_on"]))]
        if first is Place.FRIDGE and data["out_at"]:
            spans.append(Kept(place=Place.ROOM, since=self._instant("out_at")))
        for name, place in (("back_at", Place.FRIDGE), ("out_again_at", Place.ROOM)):
            if data[name]:
                spans.append(Kept(place=place, since=self._instant(name)))
        return tuple(spans)

    def _instant(self, name: str, day: Any = None) -> datetime:
        today = local_date(self.tapped(self.bed.now), self.zone)
        try:
            return local_instant(day or today, self.cleaned_data[name], self.zone)
        except Invalid as refusal:
            raise Invalid(refusal.message, {name: [refusal.message]}) from None


class BagCheckForm(ActForm):
    """The second person's word on the bag."""

    bag_id = forms.UUIDField(widget=forms.HiddenInput, required=False)
    all_match = forms.BooleanField(
        label=_("I asked the patient for name and date of birth, and compared every line: all of "
                "it matches."),
        required=False,
    )  # fmt: skip
    extra = ("at",)

    def fit(self) -> None:
        """The form is about the bag it shows, whatever is charted before it is sent."""
        del self.fields["reason"]
        if self.bed.done.bag is not None:
            self.initial.setdefault("bag_id", self.bed.done.bag.pk)
