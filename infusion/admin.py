"""Infusions in the back office: facts, to be looked at only; and the list of product numbers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from core.admin_site import AuditedAdmin, RecordAdmin
from core.errors import Invalid
from infusion.gs1 import read_code
from infusion.models import Infusion, InfusionEvent, ProductCode


class ProductCodeForm(forms.ModelForm):  # type: ignore[type-arg]  # a class without [] at run time
    """One product number: its check digit must fit, so that a slip is not taken for a product."""

    def clean_gtin(self) -> Any:
        """Return the 14 digits. Raises ValidationError for anything else."""
        gtin = self.cleaned_data["gtin"].strip().zfill(14)
        try:
            return read_code(f"(01){gtin}").gtin
        except Invalid:
            raise ValidationError("This is not a product number: check its digits.") from None


@admin.register(ProductCode)
class ProductCodeAdmin(AuditedAdmin):
    form = ProductCodeForm
    list_display = ["gtin", "clinic", "product", "name", "verified_by", "verified_at"]
    list_filter = ["clinic", "product"]


@admin.register(Infusion)
class InfusionAdmin(RecordAdmin):
    list_display = ["id", "clinic", "status", "started_at", "ended_at"]
    list_filter = ["clinic", "status"]


@admin.register(InfusionEvent)
class InfusionEventAdmin(RecordAdmin):
    list_display = ["infusion", "kind", "occurred_at", "recorded_at", "recorded_by"]
