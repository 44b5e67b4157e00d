"""What helps while a piece is registered: the next one, fault codes, serials alike."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import or_, select

from portal.applications.models import Application, ShipmentLine
from portal.catalogue import fault_code_queries
from portal.catalogue.fault_code_queries import Offered
from portal.catalogue.models import Part
from portal.catalogue.serials import look_key, serial_key
from portal.core.db import AnyRow, session
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.oldparts.charge_models import OwedLine
from portal.oldparts.models import OldPart
from portal.oldparts.queries import FIRST_DUE, open_lines, open_scope, shipped_lines

MOST_CODES = 500
LOOKED_AT = 200
MOST_ALIKE = 3
SERIALS = ("old_serial", "product_serial")


def next_open(origin: AnyRow, actor: Actor, language: str) -> AnyRow | None:
    """Where the next piece of the same repair comes from: the same shipped line as long as it has
    one, else another line of the application; None if all of it is registered."""
    return session.execute(
        shipped_lines(language)
        .where(*open_scope(actor, ""), Application.public_id == origin.application_public_id)
        .order_by(ShipmentLine.id != origin.id, ShipmentLine.id)
        .limit(1)
    ).one_or_none()


def open_line_of(parts: Iterable[Part], actor: Actor, language: str) -> AnyRow | None:
    """The dealer's own shipped line of one of these parts whose piece is due first, if any."""
    return session.execute(
        shipped_lines(language)
        .where(*open_scope(actor, ""), ShipmentLine.part_id.in_([part.id for part in parts]))
        .order_by(*FIRST_DUE)
        .limit(1)
    ).one_or_none()


def has_other(origin: AnyRow, actor: Actor) -> bool:
    """Whether another line of the application has a piece to register."""
    other = (
        select(OwedLine.shipment_line_id)
        .select_from(open_lines())
        .where(
            *open_scope(actor, ""),
            Application.public_id == origin.application_public_id,
            OwedLine.shipment_line_id != origin.id,
        )
    )
    return session.scalar(other.limit(1)) is not None


def fault_codes(actor: Actor, part_ids: Sequence[int], language: str) -> list[Offered]:
    """The codes to choose from: the catalogue's, then those that a dealer wrote of its own."""
    own = _own_codes(actor, part_ids)
    offered, known = fault_code_queries.offered(language, MOST_CODES, own.keys())
    others = [one for key, one in own.items() if key not in known]
    return [*offered, *others][:MOST_CODES]


def _own_codes(actor: Actor, part_ids: Sequence[int]) -> dict[str, Offered]:
    """The codes that a dealer's own pieces have (P1), each with the cause that was found with it
    last: those of a part first, the newest first."""
    own = OldPart.dealer_id == actor.dealer_id
    found: dict[str, Offered] = {}
    for of_part in ((OldPart.part_id.in_(part_ids),), ()):
        last = (
            select(OldPart.fault_code, OldPart.cause)
            .where(own, *of_part)
            .order_by(OldPart.created_at.desc())
            .limit(LOOKED_AT)
            .subquery()
        )
        for row in session.execute(select(last).where(last.c.fault_code != "")):
            found.setdefault(serial_key(row.fault_code), Offered(row.fault_code, row.cause[:80]))
    return found


class Alike(NamedTuple):
    """What a serial is easily taken for, in a sentence, and the piece that has it."""

    sentence: str
    public_id: str


def look_alikes(
    actor: Actor, *, old_serial: str, product_serial: str, but: int | None = None
) -> list[Alike]:
    """Which of a dealer's own pieces have a serial that is easily taken for one of these (O4, P1).

    Another piece may be meant all the same: it is only a warning. ``but`` is the piece itself.
    """
    return [
        *_alike(actor, old_serial, OldPart.old_serial_look, OldPart.old_serial_key, but),
        *_alike(
            actor, product_serial, OldPart.product_serial_look, OldPart.product_serial_key, but
        ),
    ]


def _alike(
    actor: Actor,
    typed: str,
    look: Any,
    key: Any,
    but: int | None,
) -> list[Alike]:
    if not (wanted := look_key(typed)):
        return []
    rows = session.execute(
        select(OldPart.number, OldPart.public_id, key.label("key"))
        .where(
            look == wanted,
            or_(key != serial_key(typed), key.is_(None)),
            OldPart.dealer_id == actor.dealer_id,
            OldPart.id != (but or 0),
        )
        .order_by(OldPart.id.desc())
        .limit(MOST_ALIKE)
    )
    return [
        Alike(
            _(
                "“%(typed)s” looks like %(serial)s, which is registered as %(number)s.",
                typed=typed,
                serial=row.key,
                number=row.number,
            ),
            row.public_id,
        )
        for row in rows
    ]
