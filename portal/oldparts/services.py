"""Everything that changes an old part: register, correct, review (O1, O2, O4, O5)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.applications.models import (
    WARRANTY,
    ApplicationLine,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.catalogue.fault_code_queries import as_written
from portal.catalogue.models import Part
from portal.catalogue.queries import AT_ONCE
from portal.catalogue.serials import serial_key
from portal.core import workflow
from portal.core.db import LINE, AnyRow, session
from portal.core.documents import Document, relock
from portal.core.errors import Conflict, Invalid, NotFound, Stale, WrongState
from portal.core.events import record
from portal.core.i18n import _, ngettext
from portal.core.numbering import next_number
from portal.core.permissions import Actor
from portal.core.personal import NEUTRAL
from portal.core.search import normal
from portal.files.queries import of_document, unclaimed
from portal.files.services import claim
from portal.oldparts import owed, policy
from portal.oldparts.commands import RegisterCommand
from portal.oldparts.keys import keys_of
from portal.oldparts.models import OldPart
from portal.oldparts.same_photos import note_same_photos
from portal.oldparts.workflow import OTHER
from portal.people.models import Dealer
from portal.terms.values import value

EARLIEST = date(1990, 1, 1)
"""No product that is still under warranty is older, and no date before it is meant."""


ADDING = ("registered", "returned")
"""The states in which a dealer may add photos: headquarters has not decided yet."""


@dataclass(frozen=True)
class _Origin:
    """The shipped line that a new part came from, with its row locked."""

    line: ShipmentLine
    shipment_number: str
    is_received: bool
    asked_part_id: int


def _origin(shipment_line_id: int, by: Actor) -> _Origin:
    """NotFound for another dealer's line (P1)."""
    line = session.scalars(
        select(ShipmentLine)
        .where(ShipmentLine.id == shipment_line_id, ShipmentLine.dealer_id == by.dealer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        raise NotFound()
    shipment = session.execute(
        select(Shipment.number, Shipment.status).where(Shipment.id == line.shipment_id)
    ).one()
    asked = session.scalars(
        select(ApplicationLine.part_id)
        .join(QuoteLine, QuoteLine.application_line_id == ApplicationLine.id)
        .where(QuoteLine.id == line.quote_line_id)
    ).one()
    return _Origin(line, shipment.number, shipment.status == "received", asked)


def register(
    shipment_line_id: int,
    command: RegisterCommand,
    photo_ids: Collection[str],
    *,
    by: Actor,
    now: datetime,
    piece: int | None = None,
    photos_of: Document | None = None,
) -> OldPart:
    """Register one physical old part under its own number (O1, O2).

    ``piece`` is the piece of the shipped line that the page offered: Stale if it is not the next
    one any more, so a form that is sent twice registers once. The photos are the actor's own
    unclaimed ones, or those of the document ``photos_of``. NotFound for a foreign line,
    Invalid at the fields for what is wrong or missing, for too few photos, and for a piece that
    was registered before (O4); Conflict if the line is not received, or all of it is registered.
    """
    by.must(policy.REGISTER)
    origin = _origin(shipment_line_id, by)
    line = origin.line
    free = _free_piece(origin)
    if piece is not None and piece != free:
        raise Stale(
            _(
                "Piece %(piece)d of this line was registered in the meantime. Send this again "
                "only if you mean another piece: it would be piece %(free)d.",
                piece=piece,
                free=free,
            )
        )
    part = _replaced(command, origin)
    _check(command, part, photos=len(set(photo_ids)), by=by, now=now)
    dealer = session.get_one(Dealer, line.dealer_id)
    old_part = OldPart(
        status="registered",
        created_at=now,
        dealer_id=line.dealer_id,
        number=next_number("OP", dealer.code, now, digits=6),
        shipment_line_id=line.id,
        line_quantity=line.quantity,
        piece=free,
        unit_price=line.unit_price,
        registered_by_id=by.id,
        **_columns(command, part, line.dealer_id),
    )
    _index(old_part, part)
    session.add(old_part)
    session.flush()
    owed.register_one(line.id)
    claim(photo_ids, old_part, by=by, held_by=photos_of)
    note_same_photos(old_part)
    workflow.begin(
        old_part,
        by=by,
        now=now,
        shipment=origin.shipment_number,
        piece=f"{free} / {line.quantity}",
        photos=len(set(photo_ids)),
    )
    return old_part


def _free_piece(origin: _Origin) -> int:
    """The lowest piece of the line that is not registered; the database allows none beyond."""
    line = origin.line
    if line.purpose != WARRANTY:
        raise Invalid(_("Only a part for a warranty repair has an old part to register."))
    if not origin.is_received:
        raise Conflict(
            _("First confirm that shipment %(number)s arrived.", number=origin.shipment_number)
        )
    taken = set(session.scalars(select(OldPart.piece).where(OldPart.shipment_line_id == line.id)))
    free = next((n for n in range(1, line.quantity + 1) if n not in taken), None)
    if free is None:
        raise Conflict(
            ngettext(
                "The one piece of this line is registered already.",
                "All %(num)d pieces of this line are registered already.",
                line.quantity,
            )
        )
    return free


def _replaced(command: RegisterCommand, origin: _Origin) -> Part:
    """The part that was replaced: as asked for, or as shipped (A3)."""
    part_id = command.part_id or origin.asked_part_id
    if part_id not in (origin.asked_part_id, origin.line.part_id):
        raise Invalid(
            _("The old part is the one that was asked for, or the one that was shipped."),
            field="part",
        )
    return session.get_one(Part, part_id)


def _columns(command: RegisterCommand, part: Part, dealer_id: int) -> dict[str, Any]:
    own = {"part_id": part.id, "fault_code": as_written(command.fault_code)}
    return asdict(command) | own | keys_of(command, dealer_id)


def _index(old_part: OldPart, part: Part) -> None:
    old_part.search_text = normal(
        old_part.number,
        part.number,
        part.name,
        part.name_zh,
        part.name_pl,
        old_part.customer_name,
        old_part.customer_phone,
        old_part.product_model,
        old_part.product_serial,
        old_part.product_serial_key,
        old_part.old_serial,
        old_part.old_serial_key,
    )


def problems(command: RegisterCommand, *, today: date) -> dict[str, Any]:
    """What is wrong or missing in what was said (O2), a sentence by field; ``today`` is HQ's."""
    found = {
        name: sentence
        for name, sentence in (
            ("customer_name", _("Enter the customer's name.")),
            ("product_model", _("Enter the product's model.")),
            ("failed_on", _("Enter the day on which the part failed.")),
            ("replaced_on", _("Enter the day on which the part was replaced.")),
            ("complaint", _("Say what the customer complained about.")),
            ("cause", _("Say what caused the fault.")),
            ("remedy", _("Say what was done about it.")),
        )
        if not getattr(command, name)
    }
    for name in ("product_serial", "old_serial"):
        if len(serial_key(getattr(command, name))) > LINE:
            found[name] = _("This serial is too long.")
    if not serial_key(command.product_serial) and command.purchase_date is None:
        found["product_serial"] = _("Enter the product's serial, or its purchase date below.")
    return found | _wrong_order(command) | _impossible_days(command, today)


def _wrong_order(command: RegisterCommand) -> dict[str, Any]:
    found = {}
    failed, replaced, bought = command.failed_on, command.replaced_on, command.purchase_date
    if failed and replaced and replaced < failed:
        found["replaced_on"] = _("A part is replaced on or after the day on which it failed.")
    if failed and bought and bought > failed:
        found["purchase_date"] = _("A product is bought on or before the day on which it failed.")
    return found


def _impossible_days(command: RegisterCommand, today: date) -> dict[str, Any]:
    found = {}
    for name in ("purchase_date", "failed_on", "replaced_on"):
        day: date | None = getattr(command, name)
        if day is not None and day > today:
            found[name] = _("This day is in the future.")
        elif day is not None and day < EARLIEST:
            found[name] = _("A day before %(year)d cannot be right.", year=EARLIEST.year)
    return found


def _check(
    command: RegisterCommand,
    part: Part,
    *,
    photos: int,
    by: Actor,
    now: datetime,
    but: int | None = None,
) -> None:
    """Invalid, with a sentence at each field, if this cannot be registered (O2)."""
    found = wrong(
        command,
        part.id,
        photos=photos,
        least=value("oldpart.photos", on=now.date()),
        before=registered_before([(command, part.id)]),
        dealer_id=by.dealer_id,
        today=now.date(),
        but=but,
    )
    if found:
        raise Invalid(fields=found)


@dataclass(frozen=True)
class Before:
    """What was registered before: by its old serial, and by product serial, part and day (O4).

    Rows of ``id``, ``number`` and ``dealer_id``; the keys are ``serial_key``s.
    """

    serials: Mapping[str, AnyRow] = field(default_factory=dict)
    products: Mapping[tuple[str, int, date], AnyRow] = field(default_factory=dict)


def registered_before(pieces: Iterable[tuple[RegisterCommand, int]]) -> Before:
    """What may be registered already of some pieces, each with its part's key. Two queries."""
    pieces = list(pieces)
    serials = {key for command, _part in pieces if (key := serial_key(command.old_serial))}
    products = {key for command, _part in pieces if (key := serial_key(command.product_serial))}
    columns = (OldPart.id, OldPart.number, OldPart.dealer_id)
    return Before(
        {
            row.old_serial_key: row
            for some in _some(serials)
            for row in session.execute(
                select(*columns, OldPart.old_serial_key).where(OldPart.old_serial_key.in_(some))
            )
        },
        {
            (row.product_serial_key, row.part_id, row.failed_on): row
            for some in _some(products)
            for row in session.execute(
                select(
                    *columns, OldPart.product_serial_key, OldPart.part_id, OldPart.failed_on
                ).where(OldPart.product_serial_key.in_(some))
            )
        },
    )


def _some(keys: Collection[str]) -> Iterable[list[str]]:
    ordered = sorted(keys)
    return (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))


def wrong(
    command: RegisterCommand,
    part_id: int,
    *,
    photos: int,
    least: int,
    before: Before,
    dealer_id: int | None,
    today: date,
    but: int | None = None,
) -> dict[str, Any]:
    """Why a piece cannot be registered, a sentence by field (O2, O4); nothing if it can.

    ``photos`` of the ``least`` that are needed; ``but`` is the old part that is being corrected.
    """
    found = problems(command, today=today)
    if photos < least:
        found["photos"] = ngettext(
            "Add a photo of the old part.",
            "Add at least %(num)d photos of the old part.",
            least,
        )
    return _repeated(command, part_id, before, dealer_id, but) | found


def _repeated(
    command: RegisterCommand, part_id: int, before: Before, dealer_id: int | None, but: int | None
) -> dict[str, Any]:
    """The same piece cannot be registered twice, by anyone; only its own dealer is told which
    number it has (O4, P1)."""
    found = {}
    key, product_key = serial_key(command.old_serial), serial_key(command.product_serial)
    first = before.serials.get(key) if key else None
    if first and first.id != but:
        found["old_serial"] = (
            _("This old serial was registered before as %(number)s.", number=first.number)
            if first.dealer_id == dealer_id
            else _("This old serial was registered before by somebody else.")
        )
    if product_key and command.failed_on:
        first = before.products.get((product_key, part_id, command.failed_on))
        if first and first.id != but:
            found["product_serial"] = (
                _(
                    "This product's part that failed on this day was registered before as "
                    "%(number)s.",
                    number=first.number,
                )
                if first.dealer_id == dealer_id
                else _(
                    "This product's part that failed on this day was registered before by "
                    "somebody else."
                )
            )
    return found


def correct(
    old_part: OldPart,
    command: RegisterCommand,
    photo_ids: Collection[str],
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Send a returned registration again, corrected, perhaps with more photos (O5).

    Raises what ``register`` raises of the contents; each change is on the timeline.
    """
    old_part = relock(old_part)
    workflow.check(old_part, "correct", by=by, seen=seen)
    origin = _origin(old_part.shipment_line_id, by)
    part = _replaced(command, origin)
    photos = len(set(photo_ids)) + _photos_of(old_part)
    _check(command, part, photos=photos, by=by, now=now, but=old_part.id)
    before = session.get_one(Part, old_part.part_id)
    changes = _change(old_part, _columns(command, part, old_part.dealer_id))
    _index(old_part, part)
    claim(photo_ids, old_part, by=by)
    note_same_photos(old_part)
    if part is not before:
        changes["part"] = [before.number, part.number]
    if photo_ids:
        changes["photos"] = len(set(photo_ids))
    workflow.apply(old_part, "correct", by=by, now=now, seen=seen, values=changes)


def _change(old_part: OldPart, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Set the columns; returns what changed, from and to, as an event can hold it."""
    changes: dict[str, Any] = {}
    for name, new in columns.items():
        old = getattr(old_part, name)
        if old != new:
            setattr(old_part, name, new)
            if not name.endswith(("_key", "_look", "_id")):
                changes[name] = ["–" if side in (None, "") else str(side) for side in (old, new)]
    return changes


def forget_customer(old_part: OldPart) -> None:
    """Remove who the customer is from a locked piece; it is no piece of a known customer then."""
    old_part.customer_name, old_part.customer_phone, old_part.customer_key = NEUTRAL, "", None
    _index(old_part, session.get_one(Part, old_part.part_id))


def _photos_of(old_part: OldPart) -> int:
    return sum(row.purpose == "photo" for row in of_document(old_part))


def add_photos(old_part: OldPart, photo_ids: Collection[str], *, by: Actor, now: datetime) -> None:
    """Add photos while headquarters has not decided yet; WrongState afterwards."""
    by.must(policy.REGISTER)
    old_part = relock(old_part)
    if old_part.dealer_id != by.dealer_id:
        raise NotFound()
    if old_part.status not in ADDING:
        raise WrongState()
    if not photo_ids:
        raise Invalid(_("Choose at least one photo."), field="photos")
    added = [[photo.public_id, photo.name] for photo in unclaimed(photo_ids, by)]
    claim(photo_ids, old_part, by=by)
    note_same_photos(old_part)
    record(old_part, "attach", by=by, now=now, values={"files": added})


def review(
    old_part: OldPart,
    name: str,
    *,
    code: str = "",
    reason: str = "",
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Accept an old part, return it for correction, or reject it for good (O5).

    Only an accepted one can be claimed (R1). A rejection has a code of ``REJECTION_REASONS``, a
    return one of ``RETURN_REASONS``, or words alone; ``other`` says nothing without words.
    """
    if name not in ("accept", "return", "reject"):
        raise WrongState()
    old_part = relock(old_part)
    if name == "accept":  # says all by itself
        reason = ""
    elif name == "return" and reason.strip():
        code = code or OTHER
    workflow.check(old_part, name, by=by, seen=seen, reason=reason, code=code)
    if code == OTHER and not reason.strip():
        raise Invalid(fields={"reason": _("Please say why: the other side will read it.")})
    workflow.apply(old_part, name, by=by, now=now, seen=seen, reason=reason, code=code)
    if name == "accept":
        old_part.accepted_at = now
    elif name == "reject":
        old_part.rejection_code = code
