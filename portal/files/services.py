"""Every write of attachments: receive, claim, remove, sweep."""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, update

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, session
from portal.core.documents import Document
from portal.core.errors import Invalid, NotFound, Refusal
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files.images import reencode
from portal.files.kinds import PDF, kind_of
from portal.files.models import Attachment
from portal.files.storage import new_key, storage

Purpose = Literal["photo", "file"]
MAX_BYTES = 20 * 1024 * 1024
UNCLAIMED_FOR = timedelta(days=2)
LONGEST_NAME = 255


class TooLarge(Refusal):
    """The file has more bytes than we take."""

    status = 413


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that passed every check and lies in the storage, but is not yet an attachment."""

    purpose: Purpose
    name: str
    media_type: str
    size: int
    sha256: str
    original_sha256: str
    storage_key: str
    thumbnail_key: str | None = None
    width: int | None = None
    height: int | None = None
    look: int | None = None


def clean_name(name: str) -> str:
    """A file's name without folders, control and invisible characters; at most 255 characters."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip()
    stem, dot, ending = seen.rpartition(".")
    if dot and len(ending) < 10:
        return stem[: LONGEST_NAME - len(ending) - 1] + dot + ending
    return seen[:LONGEST_NAME] or "file"


def too_large(name: str) -> TooLarge:
    """The refusal of a file of more than 20 MB."""
    return TooLarge(
        _("“%(name)s” is larger than %(most)s MB. Please send it smaller.", name=name, most=20)
    )


def prepare(content: bytes, name: str, *, purpose: Purpose = "photo") -> Prepared:
    """Check a file, re-encode it if it is a picture, and put it into the storage.

    Takes up to 20 s: never call it inside a transaction. TooLarge above 20 MB, Invalid for a kind
    that we do not take (photos: JPEG, PNG, WebP, HEIC, GIF; files: PDF as well) or a picture that
    cannot be opened; each sentence names the file.
    """
    name = clean_name(name)
    if len(content) > MAX_BYTES:
        raise too_large(name)
    kind = kind_of(content)
    original = hashlib.sha256(content).hexdigest()
    if kind is not None and kind.is_picture:
        picture = reencode(content, kind, name)
        photo, thumbnail = _put_both(picture.photo, picture.thumbnail)
        return Prepared(
            purpose=purpose,
            name=name,
            media_type="image/jpeg",
            size=len(picture.photo),
            sha256=hashlib.sha256(picture.photo).hexdigest(),
            original_sha256=original,
            storage_key=photo,
            thumbnail_key=thumbnail,
            width=picture.width,
            height=picture.height,
            look=picture.look,
        )
    if kind is PDF and purpose == "file":
        return Prepared(
            purpose, name, kind.media_type, len(content), original, original, _put(content)
        )
    raise Invalid(wrong_kind(name, purpose))


def wrong_kind(name: str, purpose: Purpose) -> Any:
    """Why a file is refused that is none of the kinds that we take, in a sentence."""
    if purpose == "file":
        return _(
            "“%(name)s” cannot be attached. Please send a PDF file, or a photo as JPEG, PNG, "
            "WebP, HEIC or GIF.",
            name=name,
        )
    return _(
        "“%(name)s” is not a photo. Please send a photo as JPEG, PNG, WebP, HEIC or GIF.",
        name=name,
    )


def _put(content: bytes) -> str:
    key = new_key()
    storage().put(key, content)
    return key


def _put_both(photo: bytes, thumbnail: bytes) -> tuple[str, str]:
    """Both, or neither: what one of them leaves behind nobody would ever find."""
    key = _put(photo)
    try:
        return key, _put(thumbnail)
    except Exception:
        with suppress(Exception):
            storage().delete(key)
        raise


def keep(prepared: Prepared, *, by: Actor, now: datetime) -> Attachment:
    """Make a prepared file an unclaimed attachment of the person who sent it."""
    attachment = Attachment(
        **{field: getattr(prepared, field) for field in Prepared.__slots__},
        dealer_id=by.dealer_id,
        uploaded_by=by.id,
        created_at=now,
    )
    session.add(attachment)
    session.flush()
    return attachment


def receive(
    content: bytes, name: str, *, purpose: Purpose = "photo", by: Actor, now: datetime
) -> Attachment:
    """``prepare`` and ``keep`` in one: for commands and the demo, outside a transaction."""
    return keep(prepare(content, name, purpose=purpose), by=by, now=now)


def claim(
    public_ids: Iterable[str],
    document: Document,
    *,
    place: str | None = None,
    by: Actor,
    held_by: Document | None = None,
) -> int:
    """Give one's own unclaimed attachments to a document; returns how many, each counted once.

    From now on whoever may see the document may see them, and the tenant is the document's.
    ``place`` says where in the document they belong. ``held_by`` is another document that hands
    over some of its own instead.
    Invalid, and nothing is claimed, if one of them is not there, not one's own, or claimed.
    """
    wanted = set(public_ids)
    if not wanted:
        return 0
    session.flush()
    claimed = session.scalars(
        update(Attachment)
        .where(
            Attachment.public_id.in_(wanted),
            *(
                (Attachment.document_id.is_(None), Attachment.uploaded_by == by.id)
                if held_by is None
                else _of(held_by)
            ),
        )
        .values(
            document_kind=document.kind,
            document_id=document.id,
            dealer_id=document.tenant_id,
            place=place,
        )
        .returning(Attachment.id)
    ).all()
    if len(claimed) != len(wanted):
        raise Invalid(
            _("A photo or file is no longer there, or was used already. Please add it again."),
            field="photos",
        )
    return len(claimed)


def remove(public_id: str, *, by: Actor, now: datetime) -> None:
    """Take back one's own unclaimed attachment; NotFound for any other."""
    gone = _delete(
        Attachment.public_id == public_id,
        Attachment.document_id.is_(None),
        Attachment.uploaded_by == by.id,
        now=now,
    )
    if not gone:
        raise NotFound()


def sweep_unclaimed(*, older_than: datetime, now: datetime) -> int:
    """Remove what nobody claimed; returns how many there were."""
    return _delete(Attachment.document_id.is_(None), Attachment.created_at < older_than, now=now)


def discard(public_id: str, document: Document, *, now: datetime) -> None:
    """Remove an attachment that a document has no more use for; its events still name it."""
    _delete(Attachment.public_id == public_id, *_of(document), now=now)


def discard_all(document: Document, *, now: datetime) -> None:
    """Remove all attachments that a document still holds."""
    _delete(*_of(document), now=now)


def hand_over(source: Document, target: Document) -> None:
    """Give all attachments of a document to another one of the same dealer."""
    session.flush()
    session.execute(
        update(Attachment)
        .where(*_of(source))
        .values(document_kind=target.kind, document_id=target.id)
    )


def _of(document: Document) -> tuple[ColumnElement[bool], ...]:
    return Attachment.document_kind == document.kind, Attachment.document_id == document.id


def _delete(*conditions: Any, now: datetime) -> int:
    gone = session.execute(
        delete(Attachment)
        .where(*conditions)
        .returning(Attachment.storage_key, Attachment.thumbnail_key)
    ).all()
    drop([key for row in gone for key in row if key], now=now)
    return len(gone)


def drop(keys: Sequence[str], *, now: datetime) -> None:
    """Have bytes deleted that no row names any more: once that is so for good."""
    if keys:
        jobs.enqueue("files.forget", {"keys": keys}, key=f"files.forget/{keys[0]}", now=now)


@jobs.handler("files.forget", label=_l("Deleting files"))
def forget(payload: dict[str, Any], clock: Clock) -> None:
    """Delete the bytes of attachments that are gone."""
    for key in payload["keys"]:
        storage().delete(key)


@jobs.timer("files.sweep")
def sweep(clock: Clock) -> None:
    """Remove what was uploaded two days ago and never claimed."""
    now = clock.now()
    in_transaction(lambda: sweep_unclaimed(older_than=now - UNCLAIMED_FOR, now=now))
