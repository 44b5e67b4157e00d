"""The settings of an installation, read from ``PORTAL_*`` variables.

Each has a default that runs the embedded portal: a SQLite file and a folder below ``instance/``.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, list_currencies

_PACKED = Path(__file__).parent / "_resources"
RESOURCES = _PACKED if _PACKED.is_dir() else Path(__file__).parent.parent
"""Where ``templates``, ``static`` and ``migrations`` are: packed in the wheel, or the checkout."""


MOST_PROXIES = 10
MOST_SERVING = {"workers": 64, "threads": 64}
SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""The usual port for each way to reach a mail server."""
LAST_PORT = 65_535
_MAILBOX = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.-]+")


class SettingError(ValueError):
    """A setting that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Settings:
    """What an installation decides.

    ``folder`` holds the embedded database, the files and the secret key; ``zone`` is
    headquarters' time zone (T1); ``currency`` the one currency of all money (L1). ``proxies`` is
    how many stand before the portal, whose word for the visitor's address then counts;
    ``public_url`` is what the portal is called outside, without a slash at its end.

    Mail goes out through ``smtp_host``; without one there is none. ``smtp_tls`` is ``starttls``,
    ``tls`` from the first byte on, or ``none``; the port, unless given, is the usual one for it.
    Each night's seal of all events goes to ``seal_address``, if there is one.

    Files lie in the folder, or, if one is named, in the bucket ``s3_bucket`` at ``s3_endpoint``
    (Amazon's own by default); without keys, those are used that the machine is given.

    ``portal serve`` has so many ``workers`` (processes) of so many ``threads`` each, and listens
    on ``socket``, a path, instead of ``host`` and ``port`` if there is one. Who shows
    ``metrics_token`` may read the metrics; without one, nobody may.

    ``second_factor`` is ``required`` of who moves money or manages people at headquarters, or
    ``optional`` for everybody.

    ``bank_details`` say, in one or several lines, where dealers transfer their deposits to.
    """

    folder: Path = Path("instance")
    database_url: str = ""
    secret_key: str = field(default="", repr=False)
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    host: str = "127.0.0.1"
    port: int = 8000
    socket: str = ""
    workers: int = 2
    threads: int = 8
    metrics_token: str = field(default="", repr=False)
    secure_cookies: bool = False
    proxies: int = 0
    public_url: str = ""
    log_level: str = "INFO"
    smtp_host: str = ""
    smtp_port: int = 0
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    smtp_tls: str = "starttls"
    smtp_sender: str = ""
    seal_address: str = ""
    s3_bucket: str = ""
    s3_endpoint: str = ""
    s3_region: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = field(default="", repr=False)
    bank_details: str = ""
    second_factor: str = "optional"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The settings that the environment gives; SettingError names one that is wrong."""
        given: dict[str, object] = {}
        for item in fields(cls):
            raw = environment.get(f"PORTAL_{item.name.upper()}")
            if raw:
                given[item.name] = _convert(item.name, item.type, raw)
        return cls(**given)._checked()  # type: ignore[arg-type]

    def _checked(self) -> Self:
        try:
            ZoneInfo(self.zone)
        except Exception:
            raise SettingError(f"PORTAL_ZONE: there is no time zone {self.zone!r}") from None
        if self.currency not in list_currencies():
            raise SettingError(f"PORTAL_CURRENCY: there is no currency {self.currency!r}")
        if not 0 <= self.proxies <= MOST_PROXIES:
            raise SettingError(
                f"PORTAL_PROXIES: {self.proxies} is no number of proxies; 0 to {MOST_PROXIES} is"
            )
        for name, most in MOST_SERVING.items():
            if not 1 <= getattr(self, name) <= most:
                raise SettingError(f"PORTAL_{name.upper()}: 1 to {most} of them can serve")
        if self.second_factor not in ("optional", "required"):
            raise SettingError(
                f"PORTAL_SECOND_FACTOR: {self.second_factor!r} is none of optional, required"
            )
        self._check_mail()
        return replace(self, public_url=_origin(self.public_url))

    def _check_mail(self) -> None:
        if self.smtp_tls not in SMTP_PORTS:
            raise SettingError(f"PORTAL_SMTP_TLS: {self.smtp_tls!r} is none of starttls, tls, none")
        if not 0 <= self.smtp_port <= LAST_PORT:
            raise SettingError(f"PORTAL_SMTP_PORT: there is no port {self.smtp_port}")
        for name in ("smtp_sender", "seal_address"):
            address = getattr(self, name)
            if address and not _MAILBOX.fullmatch(address):
                raise SettingError(
                    f"PORTAL_{name.upper()}: {address!r} is no address such as parts@example.com"
                )
        if self.smtp_password and self.smtp_tls == "none":
            raise SettingError(
                "PORTAL_SMTP_TLS: with none, anybody on the way could read PORTAL_SMTP_PASSWORD"
            )

    @cached_property
    def _hosts(self) -> frozenset[str]:
        own = _without_port(self.public_url.partition("://")[2])
        return frozenset({own, "localhost", "127.0.0.1", "[::1]"})

    def answers_to(self, host: str) -> bool:
        """Whether a request may ask for a host, with or without its port.

        Any will do unless there is a public address: then that one, and this machine's own names
        for whoever watches over it.
        """
        return not self.public_url or _without_port(host) in self._hosts

    @property
    def origin(self) -> str:
        """What the portal's addresses begin with, where no request says it: in a mail."""
        host = "localhost" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def hq_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def exponent(self) -> int:
        """How many digits the currency has after the decimal sign."""
        return get_currency_precision(self.currency)

    @property
    def url(self) -> str:
        """The database's address: PostgreSQL if one is set, else the embedded SQLite."""
        return self.database_url or f"sqlite:///{self.folder.resolve() / 'portal.sqlite'}"

    @property
    def files_folder(self) -> Path:
        return self.folder.resolve() / "files"

    def key(self) -> str:
        """The secret key; the embedded portal makes one on first start and keeps it."""
        if self.secret_key:
            return self.secret_key
        path = self.folder / "secret-key"
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
                new.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return path.read_text()


_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?")


def _without_port(host: str) -> str:
    """The name or number of a host, in small letters."""
    return re.sub(r":[0-9]+$", "", host.lower())


def _origin(raw: str) -> str:
    """An address's scheme and host, in the one way to write them; SettingError if it has more."""
    text = raw.strip().lower()
    if not text:
        return ""
    scheme, _mark, host = text.removesuffix("/").partition("://")
    try:
        fits = _HOST.fullmatch(host) and urlsplit(text).port != 0
    except ValueError:
        fits = False
    if scheme not in ("http", "https") or not fits:
        raise SettingError(
            f"PORTAL_PUBLIC_URL: {raw!r} is no address such as https://parts.example.com"
        )
    return f"{scheme}://{host}"


def _convert(name: str, kind: object, raw: str) -> object:
    try:
        if kind is bool or kind == "bool":
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[
                raw.lower()
            ]
        if kind is int or kind == "int":
            return int(raw)
        return Path(raw) if kind is Path or kind == "Path" else raw
    except (KeyError, ValueError):
        raise SettingError(f"PORTAL_{name.upper()}: {raw!r} cannot be read") from None
