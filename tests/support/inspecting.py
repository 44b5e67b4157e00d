"""Inspections in steps, from pieces that were received (O8)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from portal.core.db import session
from portal.oldparts import inspecting
from portal.oldparts.inspecting import Finding
from portal.oldparts.models import OldPart
from tests.support import story
from tests.support.portal import Portal

FAILED = Finding(False, "user_damage", "dealer", "Burst by frost")


def piece(name: str) -> OldPart:
    """An old part by its public id; call it inside a transaction."""
    return session.scalars(select(OldPart).where(OldPart.public_id == name)).one()


def inspect(
    portal: Portal,
    name: str,
    finding: Finding = FAILED,
    photos: Sequence[str] | None = None,
    **other: Any,
) -> None:
    """Let a piece fail, unless told otherwise; a failed one with a photo."""
    if photos is None:
        photos = [] if finding.passed else [story.photo(portal, "warehouse")]
    facts: dict[str, Any] = {"seen": None, "by": portal.warehouse, "now": portal.now} | other
    with portal.transaction():
        inspecting.inspect(piece(name), finding, photos, **facts)


def object_to(portal: Portal, name: str, **other: Any) -> None:
    """Object to an inspection."""
    facts: dict[str, Any] = {"seen": None, "by": portal.clerk, "now": portal.now} | other
    with portal.transaction():
        inspecting.object_to(piece(name), "It was whole when we sent it", [], **facts)


def decide(portal: Portal, name: str, step: str, **other: Any) -> None:
    """Decide on an objection as the desk."""
    facts: dict[str, Any] = {
        "seen": None,
        "reason": "Looked again",
        "by": portal.desk,
        "now": portal.now,
    } | other
    with portal.transaction():
        inspecting.decide(piece(name), step, **facts)


def status(portal: Portal, name: str) -> str:
    """Where a piece is."""
    with portal.transaction():
        return piece(name).status
