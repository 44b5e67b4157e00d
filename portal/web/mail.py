"""Outgoing mail: messages that every reader can show, and the server that takes them (SMTP).

What a person typed stands in subjects and names, so nothing of it may end a header's line.
"""

import smtplib
import ssl
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Protocol, Self
from urllib.parse import urlsplit

from flask import Flask, current_app

from portal.core.jobs import Away, Broken, Hopeless
from portal.settings import SMTP_PORTS, Settings

LANE = "mail"
"""The jobs that send letters have a lane of their own."""
PATIENCE, ANSWER = 10.0, 60.0
"""How long the server may be silent, in seconds: when it is called, and over a letter."""
LONGEST_SUBJECT = 200
_POLICY = SMTP.clone(cte_type="7bit")
"""Every server takes it: the text is encoded where it is not plain ASCII."""


@dataclass(frozen=True)
class Letter:
    """What to tell somebody; ``key`` is its own for ever, and names it to the servers on its way.

    ``settings_url`` is where the reader says what they want to be written, if they have a choice.
    """

    key: str
    name: str
    address: str
    language: str
    subject: str
    text: str
    html: str
    settings_url: str = ""


class Server(Protocol):
    """Takes mail for delivery."""

    def send(self, letter: Letter, *, now: datetime) -> None:
        """Hand a letter over.

        Away if the server cannot be reached or takes nothing now, Broken if it fell silent over
        this letter; Hopeless if it will never take this one; any other error if it may later.
        """


def plain(text: str) -> str:
    """A text as it may stand in a header: one line, with nothing that steers a display."""
    signs = (
        " " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign
        for sign in text
        if sign not in _DIRECTIONS and unicodedata.category(sign) != "Cs"
    )
    return " ".join("".join(signs).split())[:LONGEST_SUBJECT]


_DIRECTIONS = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""The signs that turn a text around."""


def _mailbox(name: str, address: str) -> Address:
    user, _at, domain = address.rpartition("@")
    try:
        return Address(plain(name), user, domain.encode("idna").decode())
    except (UnicodeError, ValueError):
        raise Hopeless(f"{address}: nobody can be written to there") from None


def _domain(settings: Settings) -> str:
    """The name under which an installation sends: its public one, else that of its sender."""
    host = urlsplit(settings.public_url).hostname or ""
    is_name = bool(host.strip("0123456789.")) and ":" not in host
    return host if is_name else settings.smtp_sender.partition("@")[2] or "localhost"


@dataclass(frozen=True)
class SmtpServer:
    """A server that the settings name."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    sender: str
    domain: str

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The server of an installation; None if it sends no mail."""
        if not settings.smtp_host:
            return None
        domain = _domain(settings)
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port or SMTP_PORTS[settings.smtp_tls],
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=settings.smtp_password,
            sender=settings.smtp_sender or f"partloop@{domain}",
            domain=domain,
        )

    def message(self, letter: Letter, *, now: datetime) -> EmailMessage:
        """A letter as it goes out. Sent again, it has the same Message-ID."""
        message = EmailMessage(_POLICY)
        message["From"] = Address("Partloop", addr_spec=self.sender)
        message["To"] = _mailbox(letter.name, letter.address)
        message["Subject"] = plain(letter.subject)
        message["Date"] = format_datetime(now)
        digest = sha256(f"{self.domain}/{letter.key}".encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{digest}@{self.domain}>"
        if letter.settings_url:
            message["List-Unsubscribe"] = f"<{letter.settings_url}>"
        # Nobody's out-of-office reply comes back.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        message["Content-Language"] = letter.language
        return message

    def send(self, letter: Letter, *, now: datetime) -> None:
        message = self.message(letter, now=now)
        (receiver,) = message["To"].addresses
        with self._connected() as smtp:
            try:
                smtp.send_message(message, self.sender, [receiver.addr_spec])
            except smtplib.SMTPRecipientsRefused as refused:
                ((code, said),) = refused.recipients.values()
                raise _refusal(letter, code, said) from None
            except smtplib.SMTPSenderRefused as refused:
                answer = _answer(refused.smtp_code, refused.smtp_error)
                raise Away(f"{self.sender}: {answer}") from None  # the sender of every letter
            except smtplib.SMTPResponseException as refused:
                raise _refusal(letter, refused.smtp_code, refused.smtp_error) from None
            except smtplib.SMTPNotSupportedError:
                raise Hopeless(f"{letter.address}: the server takes ASCII addresses only") from None
            except OSError as error:  # silence, or the end of the connection
                raise Broken(f"{self.host}:{self.port}: {error}") from None

    def knock(self) -> None:
        """See whether the server would take a letter; Away, with what it said, if not."""
        with self._connected():
            pass

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            smtp = self._connect()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            said = str(error)
            if isinstance(error, smtplib.SMTPResponseException):
                said = _answer(error.smtp_code, error.smtp_error)
            raise Away(f"{self.host}:{self.port}: {said}") from None
        try:
            yield smtp
        finally:
            with suppress(OSError):  # it has the letter or has not: its good-bye changes nothing
                smtp.putcmd("quit")
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        """A session that is ready to take letters."""
        smtp: smtplib.SMTP
        if self.tls == "tls":
            context = ssl.create_default_context()
            smtp = smtplib.SMTP_SSL(
                self.host, self.port, self.domain, timeout=PATIENCE, context=context
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, self.domain, timeout=PATIENCE)
        try:
            if self.tls == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if self.user:
                smtp.login(self.user, self.password)
            smtp.ehlo_or_helo_if_needed()
            if smtp.sock:
                smtp.sock.settimeout(ANSWER)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"


def _refusal(letter: Letter, code: int, said: bytes | str) -> Exception:
    """What a server's refusal of one letter comes to: 5xx is for good, 4xx for now."""
    sentence = f"{letter.address}: {_answer(code, said)}"
    if code == CLOSING:
        return Away(sentence)
    return Hopeless(sentence) if code >= FOR_GOOD else OSError(sentence)


CLOSING, FOR_GOOD = 421, 500


def server() -> Server | None:
    """Who takes this installation's mail; None if it sends none."""
    made: Server | None = current_app.extensions["mail"]
    return made


def seal_address() -> str:
    """Where the nightly seals are sent to; empty if nowhere."""
    address: str = current_app.extensions["settings"].seal_address
    return address


def init_app(app: Flask) -> None:
    """Know the server that the settings name; it is not reached before there is a letter."""
    app.extensions["mail"] = SmtpServer.of(app.extensions["settings"])
