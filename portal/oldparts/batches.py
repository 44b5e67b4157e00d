"""Old parts registered in bulk (O3): a spreadsheet with photos, a preview, and then a job.

Every row goes through ``services.register``, as a registration by hand does.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from portal.catalogue import uploads
from portal.catalogue.uploads import Upload
from portal.core import jobs, workflow
from portal.core.clock import Clock
from portal.core.db import AnyRow, give_way, in_transaction, reading, session
from portal.core.documents import relock
from portal.core.errors import Conflict, Invalid, Refusal, WrongState
from portal.core.events import record
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import SYSTEM, Actor
from portal.core.personal import ANONYMISE
from portal.oldparts import batch_photos, policy, services
from portal.oldparts.batch_columns import ABOUT, COLUMNS, all_known, merit, own
from portal.oldparts.batch_models import BatchPhoto, BatchRow, OldPartBatch
from portal.oldparts.batch_photos import LANE, Taken
from portal.oldparts.batch_rows import MOST_ROWS, Given, Judged, PieceRow, judge
from portal.oldparts.models import OldPart
from portal.people import queries as people
from portal.sheets import memory
from portal.sheets.columns import missing
from portal.sheets.table import Table, read_table

SOME = 10
"""How many rows are registered in one transaction: others write between two of them."""
KEPT_FOR = timedelta(days=7)
"""How long what nobody registered, and the photos that are left over, are kept."""


def upload(
    sent: Upload, taken: Sequence[Taken], *, instead: OldPartBatch | None = None, by: Actor,
    now: datetime,
) -> OldPartBatch:  # fmt: skip
    """Begin the preview of a spreadsheet with its photos; its columns are proposed (O3).

    ``instead`` is an earlier upload that this one corrects: it takes over the photos that are left,
    and an earlier preview is given up. Invalid if it has more than 5,000 rows.
    """
    by.must(policy.REGISTER)
    if len(sent.table.rows) > MOST_ROWS:
        raise Invalid(
            ngettext(
                "This table has more than %(num)d row. Send it in several files.",
                "This table has more than %(num)d rows. Send it in several files.",
                MOST_ROWS,
            ),
            field="file",
        )
    batch = OldPartBatch(dealer_id=by.dealer_id)
    uploads.begin(batch, sent, COLUMNS, None, by=by, now=now)
    headings = batch.mapping["headings"]
    proposed = batch.mapping["columns"]
    known = memory.remembered(by.dealer_id, own(headings), proposed, about=ABOUT)
    if known is not None:
        number = known["number"] if known["number"] is not None else proposed["number"]
        batch.mapping = {**batch.mapping, "columns": known | {"number": number}}
    if instead is not None and instead.status in ("preview", "imported"):
        batch_photos.hand_over(instead, batch, by=by, now=now)
        if instead.status == "preview":
            discard(instead, seen=None, by=by, now=now)
    batch_photos.add(batch, taken, by=by, now=now)
    return batch


def needs_asking(batch: OldPartBatch) -> bool:
    """Whether its columns have to be looked at: not if all are known, or were confirmed before."""
    headings, mapping = batch.mapping["headings"], batch.mapping["columns"]
    if missing(COLUMNS, mapping):
        return True
    if all_known(headings, mapping):
        return False
    return memory.remembered(batch.dealer_id, own(headings), mapping, about=ABOUT) is None


def choose_columns(
    batch: OldPartBatch, chosen: Mapping[str, str], *, seen: int, by: Actor, now: datetime
) -> None:
    """Say which column is which, and remember it for the dealer. Raises as the catalogue's."""
    uploads.choose_columns(batch, COLUMNS, chosen, seen=seen, by=by, now=now)
    headings = batch.mapping["headings"]
    memory.remember(batch.dealer_id, own(headings), batch.mapping["columns"], about=ABOUT, now=now)


def add_photos(batch: OldPartBatch, taken: Sequence[Taken], *, by: Actor, now: datetime) -> int:
    """Add photos to a preview; how many are new. WrongState once its rows are being registered."""
    by.must(policy.REGISTER)
    batch = relock(batch)
    if batch.status != "preview":
        raise WrongState()
    return batch_photos.add(batch, taken, by=by, now=now)


def table_of(batch: OldPartBatch) -> Table:
    """The rows of its file, read in a child process: outside a transaction."""
    return read_table(uploads.content_of(batch), batch.file_name, merit)


def preview(batch: OldPartBatch, table: Table, *, by: Actor, now: datetime) -> Judged:
    """What each row would register, or why it cannot be."""
    photos = batch_photos.of(batch)
    given = Given(
        {photo.id: photo.name for photo in photos},
        frozenset(photo.id for photo in photos if not photo.refused),
        _done(batch),
    )
    return judge(table, batch.mapping["columns"], given, by=by, now=now)


def _done(batch: OldPartBatch) -> dict[int, AnyRow]:
    """What the rows of this very file have registered, by whichever upload of it."""
    rows = session.execute(
        select(BatchRow.row, OldPart.number, OldPart.public_id)
        .join(OldPart, OldPart.id == BatchRow.old_part_id)
        .where(BatchRow.dealer_id == batch.dealer_id, BatchRow.sha256 == batch.sha256)
    )
    return {row.row: row for row in rows}


def registered(batch: OldPartBatch) -> int:
    """How many pieces this upload has registered so far."""
    return session.scalars(
        select(func.count()).select_from(BatchRow).where(BatchRow.batch_id == batch.id)
    ).one()


def job_key(batch: OldPartBatch) -> str:
    """The key of the job that registers its rows."""
    return f"oldparts.batch/{batch.public_id}"


def register_all(
    batch: OldPartBatch, table: Table | None, *, seen: int | None, by: Actor, now: datetime
) -> None:
    """Promise that a job registers the good rows.

    Invalid if the columns are not chosen or no row is good; Conflict while photos are being read;
    Stale, WrongState.
    """
    batch = relock(batch)
    workflow.check(batch, "import", by=by, seen=seen)
    table = uploads.ready(batch, COLUMNS, table)
    left, _all = batch_photos.waiting(batch)
    if left:
        raise Conflict(_("The photos are still being read. Please try again in a moment."))
    counts = preview(batch, table, by=by, now=now).counts
    if not counts["new"]:
        raise Invalid(_("No row can be registered as it is."))
    batch.mapping = {**batch.mapping, "counts": dict(counts)}
    workflow.apply(batch, "import", by=by, now=now, seen=seen, values={"new": counts["new"]})
    _promise(batch, by, now)


def go_on(batch: OldPartBatch, *, by: Actor, now: datetime) -> None:
    """Set a registration that has given up going again; harmless while it is at work."""
    by.must(policy.REGISTER)
    if batch.status != "importing":
        raise WrongState()
    _promise(batch, by, now)


def _promise(batch: OldPartBatch, by: Actor, now: datetime) -> None:
    jobs.enqueue("oldparts.batch", {"batch": batch.id, "by": by.id}, key=job_key(batch), now=now)


@jobs.handler("oldparts.batch", label=_l("Registration of many old parts"), lane=LANE)
def register_rows(payload: dict[str, Any], clock: Clock) -> None:
    """Register the good rows of a batch, some in each transaction.

    Killed at any point and started again, it goes on where it was: a row and its piece are written
    in one transaction, and of one file no row is registered twice.
    """
    with reading():
        batch = session.get_one(OldPartBatch, payload["batch"])
        by = people.acting(payload["by"])
    table = table_of(batch)
    while True:
        with reading():
            rows = [
                row
                for row in preview(batch, table, by=by, now=clock.now()).rows
                if row.kind == "new"
            ]
            photos = {photo.id: photo.photo for photo in batch_photos.of(batch)}
        done = 0
        for start in range(0, len(rows), SOME):
            some = rows[start : start + SOME]
            work = partial(register_some, batch.id, some, photos, by=by, now=clock.now())
            done += in_transaction(work)
            give_way()
        if not done:  # whatever is left is refused, for a reason that its preview shows
            break
    in_transaction(lambda: finish(batch.id, now=clock.now()))


def register_some(
    batch_id: int,
    rows: Sequence[PieceRow],
    photos: Mapping[int, str],
    *,
    by: Actor,
    now: datetime,
) -> int:
    """Register some rows, each for itself: one that is refused keeps none from it. How many."""
    batch = _locked(batch_id)
    if batch.status != "importing":
        return 0
    numbers = [row.row for row in rows]
    there = set(
        session.scalars(
            select(BatchRow.row).where(
                BatchRow.dealer_id == batch.dealer_id,
                BatchRow.sha256 == batch.sha256,
                BatchRow.row.in_(numbers),
            )
        )
    )
    return sum(
        _register(batch, row, photos, by=by, now=now) for row in rows if row.row not in there
    )


def _register(
    batch: OldPartBatch, row: PieceRow, photos: Mapping[int, str], *, by: Actor, now: datetime
) -> bool:
    assert row.command is not None
    try:
        with session.begin_nested():
            old_part = services.register(
                row.line_id,
                row.command,
                [photos[key] for key in row.photos],
                by=by,
                now=now,
                photos_of=batch,
            )
            session.add(
                BatchRow(
                    dealer_id=batch.dealer_id,
                    sha256=batch.sha256,
                    row=row.row,
                    batch_id=batch.id,
                    old_part_id=old_part.id,
                )
            )
    except Refusal:
        return False
    return True


def _locked(batch_id: int) -> OldPartBatch:
    """The row of a batch is the lock that lets one worker at a time register its rows."""
    return session.scalars(
        select(OldPartBatch)
        .where(OldPartBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def finish(batch_id: int, *, now: datetime) -> None:
    """Say that the rows of a batch are registered, as far as they can be."""
    batch = _locked(batch_id)
    if batch.status != "importing":
        return
    counts = batch.mapping["counts"]
    done = len(_done(batch))
    counts = {"total": counts["total"], "done": done, "wrong": counts["total"] - done}
    batch.mapping = {**batch.mapping, "counts": counts}
    workflow.apply(batch, "finish", by=SYSTEM, now=now, values=counts)


def discard(batch: OldPartBatch, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Give up a preview; its file and its photos go with it. Stale, WrongState."""
    uploads.discard(batch, seen=seen, by=by, now=now)
    batch_photos.forget(batch, now=now)


def brought(old_part_ids: Collection[int]) -> ColumnElement[bool]:
    """The condition of the uploads, also repeated ones, of the files that some pieces came with."""
    return exists().where(
        BatchRow.old_part_id.in_(old_part_ids),
        BatchRow.dealer_id == OldPartBatch.dealer_id,
        BatchRow.sha256 == OldPartBatch.sha256,
    )


def forget_sheets(which: ColumnElement[bool], *, now: datetime) -> int:
    """Keep nothing of spreadsheets whose rows are registered: they name customers.

    What they registered stays. Returns how many there were.
    """
    over = OldPartBatch.status == "imported", OldPartBatch.file_key != ""
    found = session.scalars(
        select(OldPartBatch).where(which, *over).order_by(OldPartBatch.id).with_for_update()
    ).all()
    for batch in found:
        uploads.empty(batch, now=now)
        record(batch, ANONYMISE, by=SYSTEM, now=now)
    return len(found)


@jobs.timer("oldparts.batches.sweep")
def sweep(clock: Clock) -> None:
    """Give up what nobody registered for a week, and the photos that are left over."""
    now = clock.now()
    with reading():
        old = session.scalars(
            select(OldPartBatch.id).where(
                OldPartBatch.created_at < now - KEPT_FOR,
                (OldPartBatch.status == "preview")
                | (
                    OldPartBatch.status.in_(("imported", "discarded"))
                    & select(BatchPhoto.id).where(BatchPhoto.batch_id == OldPartBatch.id).exists()
                ),
            )
        ).all()
    for batch_id in old:
        in_transaction(partial(_give_up, batch_id, now=now))


def _give_up(batch_id: int, *, now: datetime) -> None:
    batch = _locked(batch_id)
    if batch.status == "preview":
        discard(batch, seen=None, by=SYSTEM, now=now)
    elif batch.status != "importing":
        batch_photos.forget(batch, now=now)
