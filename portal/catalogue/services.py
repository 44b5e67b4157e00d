"""Every write of the catalogue: parts by hand or by list (C1), prices by list (C2, C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from portal.catalogue import chains, policy, price_columns, price_rows, queries
from portal.catalogue.models import Part, Price, PriceList
from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import PricePreview, PriceRow
from portal.catalogue.uploads import Upload, begin, last_mapping, ready
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.events import record, record_first
from portal.core.i18n import _, ngettext
from portal.core.permissions import Actor
from portal.core.search import normal
from portal.files.models import Attachment
from portal.files.services import claim, discard
from portal.sheets.columns import Mapped
from portal.sheets.table import Table


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What an administrator says of a part; ``successor`` is a part's number, or ""."""

    name: str
    name_zh: str
    name_pl: str
    unit: str
    category: str
    return_required: bool
    successor: str


def upload_price_list(
    upload: Upload, *, name: str, effective_from: date, by: Actor, now: datetime
) -> PriceList:
    """Begin a price list's preview; its columns are proposed, nothing of it counts yet (C3)."""
    by.must(policy.PRICE_LIST_IMPORT)
    price_list = PriceList(name=name, effective_from=effective_from)
    begin(price_list, upload, COLUMNS, last_mapping(PriceList), by=by, now=now)
    return price_list


def preview(price_list: PriceList, table: Table, *, currency: str, digits: int) -> PricePreview:
    """What the list's import would do to the catalogue as it is now."""
    mapping: Mapped = price_list.mapping["columns"]
    numbers = price_columns.numbers_of(table, mapping)
    known = queries.known_parts(numbers, price_list.effective_from)
    return price_rows.judge(
        table, mapping, known, price_list.effective_from, currency=currency, digits=digits
    )


def import_price_list(
    price_list: PriceList,
    table: Table | None,
    *,
    currency: str,
    digits: int,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> PricePreview:
    """Import a whole list, or nothing of it (C3): new parts, and what it says of prices (C2).

    A price that the catalogue has for that very day already is not written again, so the same
    file twice changes nothing. ``table`` is the file's, if its columns are chosen. Invalid if they
    are not, if a row has an error or there is no row; Stale, WrongState.
    """
    take_turns(PriceList)
    price_list = relock(price_list)
    workflow.check(price_list, "import", by=by, seen=seen)
    table = ready(price_list, COLUMNS, table)
    found = preview(price_list, table, currency=currency, digits=digits)
    if found.wrong:
        raise Invalid(
            ngettext(
                "%(num)d row has an error, so nothing was imported. Correct it in the file and "
                "send that again.",
                "%(num)d rows have errors, so nothing was imported. Correct them in the file and "
                "send that again.",
                found.wrong,
            )
        )
    _write(price_list, found, by, now)
    price_list.mapping = {**price_list.mapping, "counts": dict(found.counts)}
    workflow.apply(price_list, "import", by=by, now=now, seen=seen, values=dict(found.counts))
    return found


def _write(price_list: PriceList, found: PricePreview, by: Actor, now: datetime) -> None:
    """Add the new parts, each with its event (P4), and the prices, set by set."""
    made = [_new_part(row, now) for row in found.rows if row.known is None]
    ids = _add(made)
    values = {part.id: _filled(_said(part)) | {"price_list": price_list.name} for part in made}
    record_first(made, by=by, now=now, values=values)
    said = [
        {
            "part_id": row.known.id if row.known else ids[row.number],
            "price_list_id": price_list.id,
            "effective_from": price_list.effective_from,
            "cost": row.cost,
            "retail": row.retail,
        }
        for row in found.to_write
    ]
    if said:
        session.execute(insert(Price), said)


def _add(parts: Sequence[Part]) -> dict[str, int]:
    """Insert many parts past the session, in one statement; their keys by number."""
    if not parts:
        return {}
    columns = (*_said(parts[0]), "number_key", "search_text", "status", "created_at")
    session.execute(
        insert(Part), [{name: getattr(part, name) for name in columns} for part in parts]
    )
    ids = queries.keys_of([part.number for part in parts])
    for part in parts:
        part.id = ids[part.number]
    return ids


def _new_part(row: PriceRow, now: datetime) -> Part:
    part = Part(number=row.number, status="active", created_at=now)
    names = (field.name for field in fields(PartFacts) if field.name != "successor")
    _set(part, PartFacts(**{name: getattr(row, name) for name in names}, successor=""), None)
    return part


def create_part(
    number: str,
    facts: PartFacts,
    *,
    picture: str | None = None,
    by: Actor,
    now: datetime,
) -> Part:
    """Make a part by hand (C1); ``picture`` names one's own unclaimed photo.

    Invalid for a number that the catalogue has in any spelling, and for an unknown successor.
    """
    by.must(policy.PART_MANAGE)
    take_turns(Part)
    _check_number(number)
    successor = _successor(None, facts.successor)
    part = Part(number=number, status="active", created_at=now)
    _set(part, facts, successor)
    session.add(part)
    pictures = _set_picture(part, picture, drop=False, by=by, now=now)
    said = _said(part) | {"successor": successor.number if successor else ""}
    said |= {"picture": pictures[1] if pictures else ""}
    workflow.begin(part, by=by, now=now, **_filled(said))
    return part


def edit_part(
    part: Part,
    facts: PartFacts,
    *,
    picture: str | None = None,
    drop_picture: bool = False,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> bool:
    """Change a part (C1); the event has each value before and after. False if nothing changes.

    ``picture`` names one's own unclaimed photo that takes the place of the one it has. Stale if
    ``seen`` is not the part's version; Invalid for an impossible successor.
    """
    by.must(policy.PART_MANAGE)
    take_turns(Part)
    part = relock(part)
    if seen is not None and seen != part.version:
        raise Stale()
    before = chains.successor_of(part)
    successor = _successor(part, facts.successor)
    old = _said(part) | {"successor": before.number if before else ""}
    _set(part, facts, successor)
    new = _said(part) | {"successor": successor.number if successor else ""}
    changes = {name: [old[name], new[name]] for name in new if old[name] != new[name]}
    pictures = _set_picture(part, picture, drop=drop_picture, by=by, now=now)
    if pictures:
        changes["picture"] = pictures
    if not changes:
        return False
    part.version += 1
    record(part, "edit", by=by, now=now, values=changes)
    return True


def step_part(
    part: Part, step: str, *, seen: int | None, reason: str = "", by: Actor, now: datetime
) -> None:
    """Withdraw a part, with a reason, so that it cannot be ordered any more; or restore it (C1).

    Stale, WrongState.
    """
    workflow.apply(relock(part), step, by=by, now=now, seen=seen, reason=reason)


def _set(part: Part, facts: PartFacts, successor: Part | None) -> None:
    for name, value in asdict(facts).items():
        if name != "successor":
            setattr(part, name, value)
    part.successor_id = successor.id if successor else None
    part.number_key = queries.number_key(part.number)
    part.search_text = normal(part.number, part.name, part.name_zh, part.name_pl)


def _said(part: Part) -> dict[str, Any]:
    """What an event says of a part; ``successor`` and ``picture`` are added by name."""
    names = ("number", "name", "name_zh", "name_pl", "unit", "category", "return_required")
    return {name: getattr(part, name) for name in names}


def _filled(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value != ""}


def _check_number(number: str) -> None:
    if len(queries.number_key(number)) > price_columns.NUMBER:
        raise Invalid(_("This part number is too long."), field="number")
    known = queries.find_part(number)
    if known is not None:
        raise Invalid(
            _("There is this part already: %(number)s.", number=known.number), field="number"
        )


def _set_picture(
    part: Part, picture: str | None, *, drop: bool, by: Actor, now: datetime
) -> list[str] | None:
    """Give a part its picture, or take it away; the old one's and the new one's names.

    None if it stays as it is: the very same photo again changes nothing.
    """
    old, new = _photo(part.picture), _photo(picture)
    if new is not None and not new.is_picture:
        raise Invalid(_("“%(name)s” is not a photo.", name=new.name), field="photos")
    if picture is None and not (drop and old):
        return None
    if old and new and old.original_sha256 == new.original_sha256:
        return None
    if picture is not None:
        claim([picture], part, by=by)
    part.picture = picture
    if old is not None:
        session.flush()
        discard(old.public_id, part, now=now)
    return [old.name if old else "", new.name if new else ""]


def _photo(public_id: str | None) -> Attachment | None:
    return session.scalar(select(Attachment).where(Attachment.public_id == public_id))


def _successor(part: Part | None, number: str) -> Part | None:
    """The part that a part is to be replaced by; Invalid if that would close a loop (C1)."""
    if not number:
        return None
    successor = queries.find_part(number)
    if successor is None:
        raise Invalid(_("There is no part “%(number)s”.", number=number[:60]), field="successor")
    if part is not None and part.id in chains.chain_from(successor):
        raise Invalid(
            _(
                "%(successor)s is itself replaced by %(part)s in the end: a part cannot replace "
                "itself.",
                successor=successor.number,
                part=part.number,
            )
            if successor.id != part.id
            else _("A part cannot replace itself."),
            field="successor",
        )
    return successor


def take_turns(model: Any) -> None:
    """Wait until nobody else imports, or changes a successor: each looks at more than one row."""
    first = select(model.id).order_by(model.id).limit(1)
    session.execute(first.with_for_update(key_share=True))
