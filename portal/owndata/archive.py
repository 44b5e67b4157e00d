"""All that is a dealer's, in one archive that is written while it is sent.

Spreadsheets of its lists, statements as PDF, and every file of its documents. Nothing of it is ever
whole in memory, and no transaction is open while somebody downloads.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import IO, Any, NamedTuple

from sqlalchemy import and_, exists, or_, select

from portal.claims import paper as claim_paper
from portal.claims.models import Claim
from portal.claims.policy import visible_claims
from portal.core.db import reading, session, snapshot
from portal.core.documents import kind_named, kinds
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.files.models import INSIDE, Attachment
from portal.files.storage import storage
from portal.ledger import paper as ledger_paper
from portal.ledger import statements
from portal.ledger.models import AccountStatement
from portal.owndata import lines
from portal.people.models import Dealer
from portal.web import exports
from portal.web.paper import Paper, pdf
from portal.web.routes import now

CHUNK = 1 << 18
SHARE = 500
"""So many files' names are asked for together."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Entry(NamedTuple):
    """A file of the archive: its name, and what opens it. ``open`` may say that it is gone."""

    name: str
    open: Callable[[], IO[bytes]]


class _Pipe(io.RawIOBase):
    """What is written to it can be taken out again; so much an archive needs of a file."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self.held += content
        return len(content)

    def taken(self) -> bytes:
        """What was written since the last time."""
        content, self.held = bytes(self.held), bytearray()
        return content


def whole(who: Actor) -> Iterator[bytes]:
    """The archive of a dealer's person's company, piece by piece, in the request's language.

    A file whose bytes are gone is named in ``missing.txt`` instead.
    """
    pipe, missing = _Pipe(), []
    with zipfile.ZipFile(pipe, "w") as archive:
        for entry in _entries(who):
            try:
                source = entry.open()
            except FileNotFoundError:
                missing.append(entry.name)
                continue
            with source, archive.open(_info(entry.name), "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    yield pipe.taken()
            yield pipe.taken()
        if missing:
            archive.writestr(_info("missing.txt"), "\n".join(missing))
    yield pipe.taken()


def _info(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _EPOCH)


def _entries(who: Actor) -> Iterator[Entry]:
    yield from _sheets(who)
    yield from _account_statements(who)
    yield from _claim_statements(who)
    yield from _files(who)


# --- Lists --------------------------------------------------------------------------------------


def _sheets(who: Actor) -> Iterator[Entry]:
    beside = (partial(made, who) for made in (lines.asked, lines.shipped))
    tables: list[Callable[[], exports.Table]] = [*exports.whole(who), *beside]
    for number, table in enumerate(tables, start=1):
        with snapshot():
            made = table()
            file = exports.written(made, "xlsx")
        yield Entry(f"{number:02} {_safe(made.title)}.xlsx", lambda: file)  # noqa: B023


# --- Statements ---------------------------------------------------------------------------------


def _account_statements(who: Actor) -> Iterator[Entry]:
    with reading():
        name = session.get_one(Dealer, who.dealer_id).public_id
        mine = AccountStatement.dealer_id == who.dealer_id
        months = session.scalars(
            select(AccountStatement.month).where(mine).order_by(AccountStatement.month)
        ).all()

    def prepare(month: str) -> Paper:
        account, statement = statements.of_month(who, name, month, now())
        return ledger_paper.account_statement(who, account, statement)

    for month in months:
        yield _printed(_("Account statement"), month, lambda: prepare(month))  # noqa: B023


def _claim_statements(who: Actor) -> Iterator[Entry]:
    with reading():
        mine = visible_claims(who), Claim.status == "settled"
        rows = session.execute(select(Claim.id, Claim.number).where(*mine).order_by(Claim.id)).all()
    for row in rows:
        yield _printed(
            _("Reimbursement statement"),
            row.number,
            lambda: claim_paper.statement(session.get_one(Claim, row.id)),  # noqa: B023
        )


def _printed(title: str, number: str, prepare: Callable[[], Paper]) -> Entry:
    return Entry(f"{_safe(title)}/{_safe(number)}.pdf", lambda: io.BytesIO(pdf(prepare)))


# --- Files --------------------------------------------------------------------------------------


def _files(who: Actor) -> Iterator[Entry]:
    """The files of the documents that the dealer sees, each in a folder of its document."""
    last = 0
    while True:
        with reading():
            rows = session.execute(
                select(Attachment)
                .where(Attachment.id > last, Attachment.dealer_id == who.dealer_id, _visible(who))
                .order_by(Attachment.id)
                .limit(SHARE)
            ).scalars().all()  # fmt: skip
            folders = _folders(rows)
            found = [(one.storage_key, _place_of(one, folders)) for one in rows]
            last = rows[-1].id if rows else last
        if not found:
            return
        for key, name in found:
            yield Entry(name, lambda: storage().open(key))  # noqa: B023


def _visible(who: Actor) -> Any:
    return and_(
        Attachment.place.is_distinct_from(INSIDE),
        or_(
            *(
                (Attachment.document_kind == kind.name)
                & exists().where(kind.model.id == Attachment.document_id, kind.visible(who))
                for kind in kinds()
            )
        ),
    )


Folders = dict[tuple[str | None, int | None], str]
"""What documents are called, by their kind and key."""


def _folders(files: Sequence[Attachment]) -> Folders:
    found: Folders = {}
    for kind in {one.document_kind for one in files}:
        assert kind is not None  # those of no document are not asked for
        model = kind_named(kind).model
        keys = {one.document_id for one in files if one.document_kind == kind}
        for document in session.scalars(select(model).where(model.id.in_(keys))):
            found[kind, document.id] = _safe(document.title) or document.public_id
    return found


def _place_of(one: Attachment, folders: Folders) -> str:
    folder = folders[one.document_kind, one.document_id]
    return f"{_('Files')}/{folder}/{one.id} {_safe(one.name)}"


def _safe(name: str) -> str:
    """A name that every system takes for a file."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", name).strip(" .")[:120]
