"""Words to patients: what may stand in a message that somebody else may read.

A message says which clinic, when, and whom to call. It names no person, no drug, no diagnosis and
no treatment, in its subject least of all.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urljoin

from django.conf import settings
from django.utils.translation import gettext as _

from clinics.models import Clinic
from patients.models import Patient
from reminders.kinds import Message

# Stems, so that inflected and compound forms (also German, French and Spanish ones) are caught.
_TELLING = re.compile(
    r"infus|perfus|ocreliz|ocrevus|scl[eé]r|skleros|escleros|prednis|steroid|pr[aäeé]+med|"
    r"antihist|antibod|\bdos[ei]s?\b|\bm[gl]\b|on[ck]olog|neuro|chemo|"
    r"medi[ck]a[mt]|medicine|\bdrugs?\b|(?-i:\bMS\b|\bEM\b)",
    re.IGNORECASE,
)
SOURCE_LANGUAGE = "en"


class Indiscreet(ValueError):
    """A message to a patient would have told a reader what the patient is treated for."""


def telling_words(text: str) -> list[str]:
    """Return the words in `text` that would tell a reader about the illness or the treatment."""
    return [match.group() for match in _TELLING.finditer(text)]


def clinic_name(clinic: Clinic) -> str:
    """Return how a message calls the clinic: its name, unless the name itself tells too much."""
    return _("the clinic") if telling_words(clinic.name) else clinic.name


def letter(clinic: Clinic, sentences: Sequence[str]) -> Message:
    """Return a message of `sentences`, with the clinic, a number to call, and no sign-in."""
    name = clinic_name(clinic)
    ask = _("If you cannot come or have a question, please contact us.")
    if clinic.telephone:
        ask = _("If you cannot come or have a question, please call %(telephone)s.") % {
            "telephone": clinic.telephone
        }
    footer = _("This message was sent automatically. Replies to it are not read.")
    parts = [_("Hello,"), *sentences, ask, name, footer]
    return Message(_("Your visit at %(clinic)s") % {"clinic": name}, "\n\n".join(parts) + "\n")


def staff_letter(clinic: Clinic, page: str) -> Message:
    """Return a message to a member of staff: open the app, at the address of `page`. No more.

    What it is about, and whom, is behind the sign-in.
    """
    name = clinic_name(clinic)
    parts = [
        _("Something at %(clinic)s needs you to look at it now.") % {"clinic": name},
        _("Open the app: %(url)s") % {"url": urljoin(settings.PUBLIC_URL, page)},
        _("This message was sent automatically. Replies to it are not read."),
    ]
    return Message(_("Please look now: %(clinic)s") % {"clinic": name}, "\n\n".join(parts) + "\n")


def check_discreet(message: Message) -> None:
    """Raise Indiscreet, without repeating the words, for a message that must not be sent."""
    if telling_words(message.subject) or telling_words(message.body):
        raise Indiscreet


def language_for(patient: Patient | None, clinic: Clinic) -> str:
    """Return the first of the patient's and the clinic's language that we have words in; for staff
    (None) the clinic's.

    Half a message in another language is worse than all of it in English.
    """
    for wanted in (patient.language if patient else clinic.locale, clinic.locale):
        code = wanted.replace("_", "-").lower().split("-")[0]
        if code == SOURCE_LANGUAGE or (code.isalpha() and _has_words(code)):
            return code
    return SOURCE_LANGUAGE


def _has_words(code: str) -> bool:
    return any(
        (Path(folder) / code / "LC_MESSAGES" / "django.mo").is_file()
        for folder in settings.LOCALE_PATHS
    )
