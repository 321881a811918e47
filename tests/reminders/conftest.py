"""A kind that always has something to say, kinds that do not, and mail over real SMTP."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.test import override_settings

from reminders import kinds
from reminders.kinds import Context, Kind, Message
from reminders.letters import letter
from tests.reminders.post_offices import LOCALHOST, PostOffice, post_office

SmtpOn = Callable[[int], AbstractContextManager[None]]


def _raise(_: Context) -> Message | None:
    raise ZeroDivisionError("Jane Doe, MRN-1")


def smtp_on(port: int) -> override_settings:
    """Settings as in production, with the server at `port`."""
    return override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST=LOCALHOST,
        EMAIL_PORT=port,
        EMAIL_TIMEOUT=1,
        PUBLIC_URL="https://clinic.example",
    )


@pytest.fixture(autouse=True)
def _test_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    for name, compose in {
        "test.plain": lambda context: letter(context.clinic, ["we would like to see you."]),
        "test.untrue": lambda context: None,
        "test.raising": _raise,
        "test.telling": lambda context: Message("Hello", "Your infusion is on Monday."),
    }.items():
        kinds.register(Kind(name=name, label=f"A {name}", compose=compose))


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as running, smtp_on(running.port):
        yield running
