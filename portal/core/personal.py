"""What is known of customers: sealed in the events, so that it can be removed and the chain stays.

An event's ``values`` are hashed for ever. Of a personal one they hold only a commitment, the hash
of a salt and the value; both stand beside it in ``personal``, which is in no hash and may be
removed. As long as they are there, anybody can see that they are what was written.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped

from portal.core.db import Line
from portal.core.i18n import _l

ANONYMISE = "anonymise"
"""The step that removes what is personal of a document."""
NEUTRAL = "–"
"""What stands in a row instead of a name."""
REMOVED = _l("removed: personal data is not kept for ever")
"""What is read instead of a personal value that is gone."""
_SEALED = "sealed"


class Personal:
    """A document that names a customer, and when that was removed."""

    customer_name: Mapped[Line]
    anonymised_at: Mapped[datetime | None]

    @property
    def customer(self) -> Any:
        """The customer's name as people read it."""
        return REMOVED if self.anonymised_at else self.customer_name


def seal(
    values: Mapping[str, Any], keys: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The values of an event with those of ``keys`` sealed, and what opens them, if any is."""
    sealed, personal = dict(values), {}
    for key in keys & values.keys():
        personal[key] = {"salt": secrets.token_hex(16), "value": values[key]}
        sealed[key] = {_SEALED: _commitment(personal[key])}
    return sealed, personal or None


def in_clear(
    values: Mapping[str, Any], personal: Mapping[str, Any] | None, removed: Collection[str]
) -> dict[str, Any]:
    """What an event keeps, as people read it: ``REMOVED`` stands for what is gone.

    ``removed`` are the keys that nobody reads any more: an event may be older than the sealing.
    """
    known = personal or {}

    def read(key: str, value: Any) -> Any:
        if key in removed:
            return REMOVED
        if not _is_sealed(value):
            return value
        return known[key]["value"] if key in known else REMOVED

    return {key: read(key, value) for key, value in values.items()}


def keeps_clear(values: Mapping[str, Any], keys: Collection[str]) -> bool:
    """Whether an event is older than the sealing: one of ``keys`` is in it for ever."""
    return any(not _is_sealed(values[key]) for key in keys & values.keys())


def has_gone(values: Mapping[str, Any], personal: Mapping[str, Any] | None) -> bool:
    """Whether something was sealed that cannot be read any more."""
    return personal is None and any(map(_is_sealed, values.values()))


def is_whole(values: Mapping[str, Any], personal: Mapping[str, Any] | None) -> bool:
    """Whether the personal values that are there are those that were sealed, all of them."""
    if personal is None:
        return True
    sealed = {key: value[_SEALED] for key, value in values.items() if _is_sealed(value)}
    try:
        return sealed == {key: _commitment(opening) for key, opening in personal.items()}
    except (AttributeError, KeyError, TypeError):  # somebody else wrote it
        return False


def _is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {_SEALED}


def _commitment(opening: Mapping[str, Any]) -> str:
    text = json.dumps(opening["value"], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(f"{opening['salt']}{text}".encode()).hexdigest()
