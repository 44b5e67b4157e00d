"""The settings of an installation, read from ``PORTAL_*`` variables.

Each has a default that runs the embedded portal: a SQLite file and a folder below ``instance/``.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, list_currencies

_PACKED = Path(__file__).parent / "_resources"
RESOURCES = _PACKED if _PACKED.is_dir() else Path(__file__).parent.parent
"""Where ``templates``, ``static`` and ``migrations`` are: packed in the wheel, or the checkout."""


class SettingError(ValueError):
    """A setting that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Settings:
    """What an installation decides.

    ``folder`` holds the embedded database, the files and the secret key; ``zone`` is
    headquarters' time zone (T1); ``currency`` the one currency of all money (L1).
    """

    folder: Path = Path("instance")
    database_url: str = ""
    secret_key: str = field(default="", repr=False)
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"
    host: str = "127.0.0.1"
    port: int = 8000
    secure_cookies: bool = False
    log_level: str = "INFO"

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
        return self

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
