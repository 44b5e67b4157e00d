"""The photos of a batch (O3): taken in as they come, read by a job, held until a piece has them."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import IO, Any

from sqlalchemy import delete, func, insert, select, update

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import AnyRow, in_transaction, reading, session
from portal.core.errors import Invalid, Refusal
from portal.core.i18n import _l, ngettext
from portal.core.permissions import Actor
from portal.files import services as files
from portal.files.archives import is_archive, unpacked
from portal.files.images import PictureRefused, refusal
from portal.files.kinds import kind_of
from portal.files.models import Attachment
from portal.files.storage import new_key, storage
from portal.oldparts.batch_models import BatchPhoto, OldPartBatch
from portal.people import queries as people

MOST_PHOTOS = 10_000
LANE = "bulk"
"""What takes minutes waits for itself alone."""
AT_ONCE = 40
"""How many photos a job reads; then it lets the next uploads have their turn."""
LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo as it came, in the storage; ``refused`` says why it is not."""

    name: str
    sha256: str
    raw_key: str = ""
    refused: str = ""


def take(sent: Iterable[tuple[str, IO[bytes]]]) -> tuple[list[Taken], list[Refusal]]:
    """Store photos as they came, and those in archives; a sentence for what cannot be opened.

    Outside a transaction: there may be thousands.
    """
    taken: list[Taken] = []
    refusals: list[Refusal] = []
    for name, stream in sent:
        try:
            if is_archive(stream.read(8)):
                found = unpacked(stream, files.clean_name(name), MOST_PHOTOS)
                taken.extend(
                    _kept(one.content, _with_folder(one.name), one.refused) for one in found
                )
            else:
                stream.seek(0)
                taken.append(_kept(stream.read(files.MAX_BYTES + 1), files.clean_name(name)))
        except Refusal as refused:
            refusals.append(refused)
    return taken, refusals


def _with_folder(name: str) -> str:
    """The last folder and the name: a folder may be called like a row."""
    *folders, last = name.replace("\\", "/").split("/")
    folder = files.clean_name(folders[-1]) if folders and folders[-1].strip(".") else ""
    return "/".join(filter(None, (folder[:90], files.clean_name(last)[-200:])))


def _kept(content: bytes, name: str, refused: str = "") -> Taken:
    digest = sha256(content).hexdigest()
    kind = kind_of(content)
    if len(content) > files.MAX_BYTES:
        refused = "bytes"
    elif not refused and (kind is None or not kind.is_picture):
        refused = "kind"
    if refused:
        return Taken(name, digest, refused=refused)
    key = new_key()
    storage().put(key, content)
    return Taken(name, digest, key)


def add(batch: OldPartBatch, taken: Sequence[Taken], *, by: Actor, now: datetime) -> int:
    """Give stored photos to a locked batch, each name and content once; how many are new.

    Invalid if they would be too many.
    """
    there = select(BatchPhoto.sha256, BatchPhoto.name).where(BatchPhoto.batch_id == batch.id)
    known = {(row.sha256, row.name) for row in session.execute(there)}
    fresh: dict[tuple[str, str], Taken] = {}
    for one in taken:
        if (one.sha256, one.name) not in known:
            fresh.setdefault((one.sha256, one.name), one)
    if len(known) + len(fresh) > MOST_PHOTOS:
        raise Invalid(
            ngettext("At most %(num)d photo.", "At most %(num)d photos.", MOST_PHOTOS), "photos"
        )
    kept = {one.raw_key for one in fresh.values()}
    files.drop([one.raw_key for one in taken if one.raw_key not in kept], now=now)
    if not fresh:
        return 0
    session.execute(
        insert(BatchPhoto),
        [
            {
                "batch_id": batch.id,
                "name": one.name[-LONGEST_NAME:],
                "sha256": one.sha256,
                "raw_key": one.raw_key,
                "photo": "",
                "refused": one.refused,
            }
            for one in fresh.values()
        ],
    )
    _promise(batch.id, by.id, _last_waiting(batch.id), 0, now)
    return len(fresh)


def _last_waiting(batch_id: int) -> int | None:
    waits = (BatchPhoto.batch_id == batch_id, BatchPhoto.raw_key != "")
    return session.scalar(select(func.max(BatchPhoto.id)).where(*waits))


def _promise(batch_id: int, by: int | None, last: int | None, after: int, now: datetime) -> None:
    """Have the photos up to the ``last`` one read that come after another."""
    if last is not None and last > after:
        jobs.enqueue(
            "oldparts.photos",
            {"batch": batch_id, "by": by, "last": last, "after": after},
            key=f"oldparts.photos/{batch_id}/{last}/{after}",
            now=now,
        )


@jobs.handler("oldparts.photos", label=_l("Reading photos of old parts"), lane=LANE)
def read_photos(payload: dict[str, Any], clock: Clock) -> None:
    """Re-encode some photos of a batch, and promise the rest.

    Killed at any point and started again, it goes on where it was.
    """
    batch_id, last = payload["batch"], payload["last"]
    with reading():
        waiting = session.execute(
            select(BatchPhoto.id, BatchPhoto.name, BatchPhoto.raw_key)
            .where(
                BatchPhoto.batch_id == batch_id,
                BatchPhoto.id > payload["after"],
                BatchPhoto.id <= last,
                BatchPhoto.raw_key != "",
            )
            .order_by(BatchPhoto.id)
            .limit(AT_ONCE)
        ).all()
        by = people.acting(payload["by"])
    # The pictures are opened in child processes: two threads keep two processors at work.
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(_prepared, waiting))

    def keep_all() -> None:
        for photo, one in zip(waiting, made, strict=True):
            _keep(photo, one, by, clock.now())
        if len(waiting) == AT_ONCE:
            _promise(batch_id, by.id, last, waiting[-1].id, clock.now())

    in_transaction(keep_all)


def _prepared(photo: AnyRow) -> files.Prepared | str:
    """The photo re-encoded, or why it is refused."""
    try:
        with storage().open(photo.raw_key) as file:
            content = file.read()
        return files.prepare(content, photo.name)
    except FileNotFoundError:
        return "damaged"
    except PictureRefused as refused:
        return refused.reason


def _keep(photo: AnyRow, made: files.Prepared | str, by: Actor, now: datetime) -> None:
    """Make a photo an attachment of its batch; what came is forgotten.

    Nothing if the batch gave it up, or another worker was faster.
    """
    row = session.scalars(
        select(BatchPhoto)
        .where(BatchPhoto.id == photo.id, BatchPhoto.raw_key == photo.raw_key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        if isinstance(made, files.Prepared):
            files.drop([made.storage_key, made.thumbnail_key or made.storage_key], now=now)
        return
    if isinstance(made, str):
        row.refused = made
    else:
        batch = session.get_one(OldPartBatch, row.batch_id)
        row.photo = files.keep(made, by=by, now=now).public_id
        files.claim([row.photo], batch, by=by)
    row.raw_key = ""
    files.drop([photo.raw_key], now=now)


def why(photo: AnyRow) -> Any:
    """Why a photo is refused, in a sentence."""
    if photo.refused == "bytes":
        return files.too_large(photo.name).sentence
    if photo.refused == "kind":
        return files.wrong_kind(photo.name, "photo")
    return refusal(photo.refused, photo.name)


def of(batch: OldPartBatch) -> Sequence[AnyRow]:
    """The photos that a batch still has, in the order in which they came."""
    return session.execute(
        select(
            BatchPhoto.id, BatchPhoto.name, BatchPhoto.raw_key, BatchPhoto.photo, BatchPhoto.refused
        )
        .outerjoin(Attachment, Attachment.public_id == BatchPhoto.photo)
        .where(
            BatchPhoto.batch_id == batch.id,
            (BatchPhoto.photo == "")
            | ((Attachment.document_kind == batch.kind) & (Attachment.document_id == batch.id)),
        )
        .order_by(BatchPhoto.id)
    ).all()


def waiting(batch: OldPartBatch) -> tuple[int, int]:
    """How many photos wait to be read, of how many."""
    some = select(func.count()).select_from(BatchPhoto).where(BatchPhoto.batch_id == batch.id)
    return (
        session.scalars(some.where(BatchPhoto.raw_key != "")).one(),
        session.scalars(some).one(),
    )


def hand_over(source: OldPartBatch, target: OldPartBatch, *, by: Actor, now: datetime) -> None:
    """Give the photos that no piece has to the batch of the corrected spreadsheet."""
    files.hand_over(source, target)
    mine = select(Attachment.public_id).where(
        Attachment.document_kind == target.kind, Attachment.document_id == target.id
    )
    session.execute(
        update(BatchPhoto)
        .where(
            BatchPhoto.batch_id == source.id,
            BatchPhoto.photo.in_(mine) | (BatchPhoto.raw_key != ""),
        )
        .values(batch_id=target.id)
    )
    _promise(target.id, by.id, _last_waiting(target.id), 0, now)


def forget(batch: OldPartBatch, *, now: datetime) -> None:
    """Delete the photos that no piece has."""
    keys = session.scalars(
        delete(BatchPhoto).where(BatchPhoto.batch_id == batch.id).returning(BatchPhoto.raw_key)
    ).all()
    files.drop([key for key in keys if key], now=now)
    files.discard_all(batch, now=now)
