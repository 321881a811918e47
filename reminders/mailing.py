"""Handing a message to the mail server, one connection for a batch.

Problems are told apart by what they mean for the next try, in words without an address: a
server's own answer often repeats the recipient.
"""

import smtplib
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from reminders.kinds import Message


class Unreachable(Exception):
    """The mail server cannot be spoken to: no message of this batch has a chance."""


class Refused(Exception):
    """The server will never take this message, or never for this address."""


class Undelivered(Exception):
    """This message was not taken, or nobody knows; another try may succeed."""


def message_id(dedupe_key: str) -> str:
    """Return the Message-ID of a reminder: the same at every attempt, and saying nothing."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<{uuid5(NAMESPACE_URL, dedupe_key)}@{host}>"


class Mailer:
    """One conversation with the mail server, opened when first needed."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._down = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def send(self, message: Message, *, to: str, message_id: str) -> None:
        """Hand over one message. Raises Unreachable, Refused or Undelivered."""
        connection = self._open()
        mail = EmailMessage(
            message.subject,
            message.body,
            to=[to],
            headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
            connection=connection,
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as exc:
            self._close()
            codes = [code for code, _ in exc.recipients.values()]
            if min(codes, default=0) >= 500:
                raise Refused("the mail server refused the address") from exc
            raise Undelivered("the mail server put the address off") from exc
        except smtplib.SMTPDataError as exc:
            self._close()
            if exc.smtp_code >= 500:
                raise Refused("the mail server refused the message") from exc
            raise Undelivered("the mail server put the message off") from exc
        except OSError as exc:  # smtplib's own errors are OSErrors too
            self._close()
            # A server that hangs once would hang for every message of the batch.
            self._down = _hung(exc)
            raise Undelivered("the mail server broke off") from exc

    def _open(self) -> Any:
        if self._down:
            raise Unreachable
        if self._connection is None:
            connection = get_connection()
            try:
                connection.open()
            except OSError as exc:
                self._down = True
                raise Unreachable from exc
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError:
                return


def _hung(problem: OSError) -> bool:
    """Whether silence was the problem; smtplib reports it as a disconnection, with its reason."""
    return isinstance(problem, TimeoutError) or isinstance(problem.__context__, TimeoutError)
