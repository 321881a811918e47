"""In the demonstration mail goes into files. This reads them back, for one clinic at a time.

Which clinic a letter belongs to is not believed from the file: its Message-ID must be one that a
sent reminder of that clinic carries.
"""

import email
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from django.conf import settings

from clinics.permissions import REMINDERS_VIEW
from core.actor import Actor
from reminders.models import Reminder

NEWEST = 50
FILES_READ = 200
LARGEST_FILE = 1_000_000  # bytes
_SEPARATOR = "\n" + "-" * 79 + "\n"  # what Django's file backend writes after each message


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it was written. `sent` is its own Date header."""

    to: str
    subject: str
    sent: str
    body: str


def letters(actor: Actor) -> list[Letter]:
    """Return the newest letters of the actor's clinic; none where mail is really sent."""
    actor.require(REMINDERS_VIEW)
    folder = Path(getattr(settings, "EMAIL_FILE_PATH", None) or "")
    if not settings.DEMO or not folder.is_dir():
        return []
    sent = Reminder.objects.filter(
        clinic_id=actor.clinic_id, state=Reminder.State.SENT, channel=Reminder.Channel.EMAIL
    )
    ids = list(sent.order_by("-due_at").values_list("provider_id", flat=True)[:NEWEST])
    return _find(folder, set(ids))


def _find(folder: Path, ids: set[str]) -> list[Letter]:
    found: list[Letter] = []
    for path in _newest_files(folder):
        for message in reversed(_messages(path)):
            if message["Message-ID"] in ids:
                found.append(_letter(message))
                ids.discard(message["Message-ID"])
        if not ids:
            break
    return found


def _newest_files(folder: Path) -> list[Path]:
    files = [
        path for path in folder.glob("*.log")
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST_FILE
    ]  # fmt: skip
    return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[:FILES_READ]


def _messages(path: Path) -> list[EmailMessage]:
    text = path.read_text(encoding="utf-8", errors="replace")
    parts = [part.lstrip("\n") for part in text.split(_SEPARATOR) if part.strip()]
    return [email.message_from_string(part, _class=EmailMessage, policy=default) for part in parts]


def _letter(message: EmailMessage) -> Letter:
    body = message.get_body(("plain",))
    return Letter(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        sent=str(message["Date"]),
        body=body.get_content() if body else "",
    )
