"""What one act at the chair is made of: a form, its words, and the service it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import Conflict
from infusion.bedside import Bedside
from infusion.chart import Charted
from infusion.web.forms.base import ActForm

Words = str | Promise
OTHERWISE = _("Another time, or a reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A form that was filled in, ready for its service."""

    bed: Bedside
    form: Any
    actor: Actor
    now: datetime

    def tap(self) -> dict[str, Any]:
        """Return what every charting service takes."""
        return {
            "event_id": self.form.cleaned_data["event_id"],
            "occurred_at": self.form.occurred_at(self.now),
            "actor": self.actor,
            "now": self.now,
        }

    def infusion_id(self) -> UUID:
        """Return the infusion; Conflict before the first premedication."""
        if self.bed.infusion is None:
            raise Conflict("Nothing is charted for this visit yet.")
        return self.bed.infusion.pk

    def __getitem__(self, name: str) -> Any:
        return self.form.cleaned_data[name]


def _nothing(call: Call) -> Words:
    del call
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One act: its form, its words and its service. `confirm` names what the button does, `about`
    the template of what is checked before it, `more` opens the fields that are seldom needed.
    `note` adds a word to what was charted. `to_chair` leads to the chair's own page afterwards,
    wherever it was tapped."""

    form: type[ActForm]
    title: Words
    confirm: Words
    charted: Words
    run: Callable[[Call], Charted]
    note: Callable[[Call], Words] = _nothing
    undo: bool = True
    to_chair: bool = False
    about: str = ""
    more: Words = OTHERWISE
