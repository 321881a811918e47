"""Real SMTP servers in this process: one that delivers, and four that do not."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

LOCALHOST = "127.0.0.1"


@dataclass
class PostOffice:
    """Keeps what it is given. The answers may be set to refuse, or to drop after accepting."""

    rcpt_answer: str = "250 OK"
    data_answer: str = "250 OK"
    drops_after_data: bool = False
    connections: int = 0
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    received: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's hook
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.rcpt_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt_answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        self.received.set()
        while not self.may_answer.is_set():
            await asyncio.sleep(0.01)
        if self.drops_after_data:
            server.transport.abort()
        return self.data_answer

    @property
    def ids(self) -> list[str]:
        return [mail["Message-ID"] for mail in self.mails]


@contextmanager
def post_office(**answers: Any) -> Iterator[PostOffice]:
    """Run a server on a free port of this machine."""
    office = PostOffice(**answers)
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        office.port = probe.getsockname()[1]
    controller = Controller(office, hostname=LOCALHOST, port=office.port)
    controller.start()
    try:
        yield office
    finally:
        office.may_answer.set()
        controller.stop()


@contextmanager
def nobody_listens() -> Iterator[int]:
    """A port on which every connection is refused."""
    with socket.socket() as held:
        held.bind((LOCALHOST, 0))  # bound, never listening
        yield held.getsockname()[1]


@contextmanager
def nobody_answers() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind((LOCALHOST, 0))
        silent.listen(16)
        yield silent.getsockname()[1]
