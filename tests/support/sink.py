"""A real mail server that keeps what it is sent, and behaves as badly as a test wants."""

import asyncio
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from portal.settings import Settings
from portal.web.mail import SmtpServer
from tests.support.portal import Portal

USER, PASSWORD = "portal", "let me through"
PUBLIC, SENDER = "https://parts.example.com", "parts@example.com"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Sink:
    """What arrived, and how to answer: ``answers`` by recipient, ``pause`` before taking a mail.

    ``on_data`` is called with each mail before it is acknowledged.
    """

    port: int = field(default_factory=_free_port)
    raw: list[bytes] = field(default_factory=list)
    sent_to: list[list[str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    on_data: Callable[[bytes], None] | None = None
    connections: int = 0
    _lock: Lock = field(default_factory=Lock)
    _controller: Controller | None = None
    _before: list[tuple[Portal, dict[str, Any]]] = field(default_factory=list)

    # What aiosmtpd calls.

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str,
        responses: list[str],
    ) -> list[str]:  # fmt: skip
        with self._lock:
            self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str,
        options: list[str],
    ) -> str:  # fmt: skip
        if address in self.answers:
            return self.answers[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str,
        _options: list[str],
    ) -> str:  # fmt: skip
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.original_content
        assert content is not None
        if self.pause:
            await asyncio.sleep(self.pause)
        with self._lock:
            self.raw.append(content)
            self.sent_to.append(list(envelope.rcpt_tos))
        if self.on_data is not None:
            self.on_data(content)
        return "250 OK"

    # What a test does.

    @property
    def mails(self) -> list[EmailMessage]:
        """What arrived, read by a mail program's rules."""
        read = [message_from_bytes(one, policy=policy.default) for one in self.raw]
        return [one for one in read if isinstance(one, EmailMessage)]

    def to(self, who: str) -> list[EmailMessage]:
        """The mails to one of the cast."""
        return [one for one in self.mails if f"{who}@example.com" in str(one["To"])]

    def start(self, **options: Any) -> None:
        """Begin to listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **options)
        self._controller.start()

    def stop(self) -> None:
        """Listen no more: who connects is refused."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def settings(self, **other: Any) -> Settings:
        """An installation's settings that lead here."""
        values = {
            "smtp_host": "localhost",
            "smtp_port": self.port,
            "smtp_tls": "none",
            "smtp_sender": SENDER,
            "public_url": PUBLIC,
        }
        return Settings(**values | other)

    def attach(self, portal: Portal, **other: Any) -> None:
        """Have a portal send its mail here, as long as there is this server."""
        kept = portal.app.extensions
        self._before.append((portal, {name: kept[name] for name in ("mail", "settings")}))
        settings = self.settings(**other)
        kept["mail"] = SmtpServer.of(settings)
        kept["settings"] = replace(
            kept["settings"],
            public_url=settings.public_url,
            seal_address=settings.seal_address,
        )

    def detach(self) -> None:
        """Leave every portal as it was before."""
        for portal, extensions in reversed(self._before):
            portal.app.extensions |= extensions
        self._before.clear()


@contextmanager
def sink(**options: Any) -> Iterator[Sink]:
    """A mail server while the block lasts."""
    made = Sink()
    made.start(**options)
    try:
        yield made
    finally:
        made.detach()
        with suppress(smtplib.SMTPException, OSError):
            made.stop()


def let_in(
    _server: SMTP, _session: Session, _envelope: Envelope, _how: str, who: Any
) -> AuthResult:
    """Let in who knows the password."""
    known = (who.login, who.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known)


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML of a mail."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return str(text.get_content()).replace("\r\n", "\n"), str(html.get_content())
