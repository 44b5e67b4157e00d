"""What is measured of old parts: their lists, registering, receiving, and photos."""

import hashlib
import io
import time
from collections.abc import Callable
from itertools import count
from statistics import median
from typing import Any

from PIL import Image, ImageOps

from portal.catalogue.uploads import Upload
from portal.core.db import session
from portal.core.permissions import SYSTEM
from portal.files import services as files
from portal.files.storage import new_key, storage
from portal.oldparts import batches
from portal.oldparts.batch_models import OldPartBatch
from portal.sheets.table import read_table
from portal.sheets.writing import write_csv
from portal.terms import services as terms
from tests.bench import pieces
from tests.bench.bare import NUMBER, TEMPLATES, WHO
from tests.bench.database import Database
from tests.bench.many import seconds
from tests.bench.pages import Pair, Visitor
from tests.functional.oldparts import many
from tests.support.portal import Portal

QUEUE = """
    SELECT o.*, p.number AS part, p.name, d.code, d.name AS dealer
    FROM old_part o JOIN part p ON p.id = o.part_id JOIN dealer d ON d.id = o.dealer_id
    WHERE o.status = 'registered' ORDER BY o.created_at, o.id LIMIT 200"""
OWED = """
    SELECT l.shipment_line_id AS id, l.pieces, l.quantity, l.register_by, p.number, p.name, d.code,
        d.name AS dealer, s.number AS shipment, s.received_at, a.number AS application
    FROM owed_line l JOIN part p ON p.id = l.part_id JOIN dealer d ON d.id = l.dealer_id
    JOIN shipment s ON s.id = l.shipment_id JOIN application a ON a.id = s.application_id
    WHERE l.state = 'owed' ORDER BY l.register_by, l.shipment_line_id LIMIT 51"""
SUMS = """
    SELECT sum(pieces), sum(pieces * unit_price) FROM owed_line WHERE state = 'owed'"""
ORIGIN = """
    SELECT l.*, s.number AS shipment, a.number AS application, o.state, o.register_by, d.code,
        (SELECT count(*) FROM old_part WHERE shipment_line_id = l.id) AS registered
    FROM shipment_line l JOIN shipment s ON s.id = l.shipment_id
    JOIN application a ON a.id = s.application_id JOIN owed_line o ON o.shipment_line_id = l.id
    JOIN dealer d ON d.id = l.dealer_id WHERE l.id = :line"""
REGISTER = """
    INSERT INTO old_part (public_id, status, version, event_count, event_hash, created_at,
        dealer_id, number, part_id, shipment_line_id, line_quantity, piece, unit_price,
        customer_name, customer_phone, product_model, product_serial, failed_on, replaced_on,
        fault_code, complaint, cause, remedy, old_serial, registered_by_id, search_text)
    VALUES (:name, 'registered', 1, 1, :hash, :now, :dealer, :number, :part, :line, :quantity,
        :piece, 200, '李秀英', '', 'WC-9', :serial, '2026-10-02', '2026-10-12', 'F1', 'Leaks',
        'Torn seal', 'Replaced', '', :user, :number) RETURNING id"""
OWE = "UPDATE owed_line SET pieces = pieces - 1 WHERE shipment_line_id = :line"
CLAIM = """
    UPDATE attachment SET document_kind = 'oldpart', document_id = :id WHERE public_id = :photo"""
EVENT = """
    INSERT INTO event (dealer_id, document_kind, document_id, seq, at, actor_id, actor_name,
        actor_side, name, from_status, to_status, reason, "values", hash)
    VALUES (:dealer, 'oldpart', :id, :seq, :now, :user, 'Clerk', 'dealer', :step, '', :to, '',
        '{}', :hash)"""
SCANNED = "SELECT * FROM old_part WHERE number = :number"
RECEIVE = """
    UPDATE old_part SET status = 'received', version = 3, event_count = 3, event_hash = :hash
    WHERE id = :id"""
PLACED = """
    UPDATE consignment_piece SET received_at = :now, place = 'A-1' WHERE old_part_id = :id"""
FORM = {
    "customer_name": "李秀英",
    "product_model": "WC-9",
    "failed_on": "2026-10-02",
    "replaced_on": "2026-10-12",
    "complaint": "Leaks",
    "cause": "Torn seal",
    "remedy": "Replaced",
    "fault_code": "F1",
}
PHOTOS, ROWS = 200, 5000


class Bare:
    """The same statements by hand."""

    def __init__(self, portal: Portal, database: Database, who: Visitor) -> None:
        self.portal, self.database = portal, database
        token = hashlib.sha256(who.token.encode()).hexdigest()
        self.session = {"token": token, "now": database.instant(portal.now)}

    def list(self, *statements: str) -> str:
        """The rows of a list."""
        self.database.all(WHO, **self.session)
        rows, *more = [self.database.all(statement) for statement in statements]
        return TEMPLATES.get_template("rows.html").render(rows=rows, more=more)

    def register(self, line: int, at: int) -> None:
        """A piece, in one transaction."""
        ask, now = self.database.all, self.session["now"]
        with self.database.transaction():
            ask(WHO, **self.session)
            origin = ask(ORIGIN, line=line)[0]
            number = ask(NUMBER, prefix="OP-BARE")[0][0]
            mark = hashlib.sha256(str(number).encode()).hexdigest()
            facts = {"dealer": origin.dealer_id, "user": self.portal.clerk.id, "now": now}
            (made,) = ask(
                REGISTER, name=f"bare{number}", hash=mark, number=f"OP-BARE-{number:06}",
                part=origin.part_id, line=line, quantity=origin.quantity,
                piece=origin.registered + 1, serial=f"B{number}", **facts,
            )  # fmt: skip
            ask(OWE, line=line)
            ask(CLAIM, id=made.id, photo=f"photo{10**10 + at}")
            event = {"step": "create", "to": "registered", "seq": 1, "hash": mark}
            ask(EVENT, id=made.id, **event, **facts)

    def receive(self, number: str) -> None:
        """A label that is scanned, in one transaction."""
        ask, now = self.database.all, self.session["now"]
        with self.database.transaction():
            ask(WHO, **self.session)
            piece = ask(SCANNED, number=number)[0]
            mark = hashlib.sha256(number.encode()).hexdigest()
            ask(PLACED, id=piece.id, now=now)
            ask(RECEIVE, id=piece.id, hash=mark)
            event = {"step": "receive", "to": "received", "seq": 3, "hash": mark}
            facts = {"dealer": piece.dealer_id, "user": self.portal.clerk.id, "now": now}
            ask(EVENT, id=piece.id, **event, **facts)


def pairs(portal: Portal, database: Database) -> list[Pair]:
    """The lists, and what is done piece by piece."""
    mine, other, _sent = pieces.fill(database, portal)
    clerk, desk = Visitor(portal, portal.clerk), Visitor(portal, portal.desk)
    warehouse = Visitor(portal, portal.warehouse)
    bare = Bare(portal, database, desk)
    where = "SELECT 'ship' || shipment_id AS name FROM shipment_line WHERE id = :id"
    (place,) = database.all(where, id=mine)
    turns, others = count(1), count(pieces.PHOTOS + 1)
    labels = iter([f"OP-SENT-{number}" for number in range(1, pieces.SENT + 1)])

    def register() -> str:
        turn = next(turns)
        form = FORM | {
            "seen": str(turn),
            "photos_kept": f"photo{10**10 + turn}",
            "product_serial": f"P{turn}",
        }
        return clerk.page(f"/old-parts/register/{place.name}/1", form=form)()

    def receive() -> str:
        form = {"code": next(labels), "place": "A-1"}
        return warehouse.page("/collections/consignment/receive", form=form, target="scans")()

    return [
        Pair("review queue of 200", None, desk.page("/old-parts/review"), lambda: bare.list(QUEUE)),
        Pair("owed list of 50", None, desk.page("/old-parts/owed"), lambda: bare.list(OWED, SUMS)),
        Pair("registration by form", None, register, lambda: bare.register(other, next(others))),
        Pair("scan at receiving", None, receive, lambda: bare.receive(next(labels))),
    ]


def tell_bulk(portal: Portal, database: Database) -> None:
    """Say how registering a spreadsheet compares with inserting its pieces bare."""
    with portal.transaction():
        facts = {"effective_from": portal.now.date(), "reason": "-", "by": portal.administrator}
        change = terms.propose("oldpart.photos", 0, **facts, now=portal.now)
        terms.decide(change, "approve", seen=None, by=SYSTEM, now=portal.now)
    (line,) = database.all(
        "SELECT l.id, l.shipment_id, p.number FROM shipment_line l JOIN part p ON p.id = l.part_id "
        "WHERE l.quantity = :large ORDER BY l.id LIMIT 1",
        large=pieces.LARGE,
    )
    ours = seconds(lambda: _bulk(portal, f"SH-{line.shipment_id}", line.number))
    theirs = seconds(lambda: _insert(portal, database, line))
    print(
        f"{ROWS:,} pieces by spreadsheet: {ours / theirs:.0f} of bare inserts "
        f"({ROWS / ours:.0f} / {ROWS / theirs:.0f} rows a second)"
    )


def _bulk(portal: Portal, shipment: str, part: str) -> None:
    own = {"Shipment": shipment, "Part number": part}
    sheet = write_csv(many.HEADINGS, [many.row(number, **own) for number in range(ROWS)])
    with portal.app.test_request_context():
        key = new_key()
        storage().put(key, sheet)
        table = read_table(sheet, "pieces.csv")
        upload = Upload("pieces.csv", key, hashlib.sha256(sheet).hexdigest(), table)
        with portal.transaction():
            batch = batches.upload(upload, [], by=portal.clerk, now=portal.now)
        with portal.transaction():
            batches.register_all(batch, table, seen=None, by=portal.clerk, now=portal.now)
    many.work(portal)
    with portal.transaction():
        batch = session.get_one(OldPartBatch, batch.id)
        assert batches.registered(batch) == ROWS


def _insert(portal: Portal, database: Database, line: Any) -> None:
    facts = {"dealer": portal.clerk.dealer_id, "user": portal.clerk.id, "line": line.id}
    facts["now"] = database.instant(portal.now)
    with database.transaction():
        for at in range(ROWS):
            mark = hashlib.sha256(str(at).encode()).hexdigest()
            (made,) = database.all(
                REGISTER, name=f"bulk{at}", hash=mark, number=f"OP-BULK-{at}", part=1,
                quantity=pieces.LARGE, piece=pieces.LARGE - at, serial=f"K{at}", **facts,
            )  # fmt: skip
            event = {"step": "create", "to": "registered", "seq": 1, "hash": mark}
            database.all(EVENT, id=made.id, **event, **facts)
        database.all(
            "UPDATE owed_line SET pieces = pieces - :rows WHERE shipment_line_id = :line",
            rows=ROWS,
            line=line.id,
        )


def tell_photos(portal: Portal) -> None:
    """Say how receiving photos compares with what Pillow alone takes for them."""
    shots = [_photo(number) for number in range(PHOTOS)]
    with portal.app.app_context():
        ratio = median(
            _clock(lambda: [files.prepare(shot, "a.jpg") for shot in shots])
            / _clock(lambda: [_pillow(shot) for shot in shots])
            for _turn in range(3)
        )
    missed = "!" if ratio > 1.5 else ""
    print(f"{PHOTOS} photos: {ratio:.2f}{missed} of Pillow alone (≤ 1.5)")


def _clock(work: Callable[[], Any]) -> float:
    """By the clock on the wall: the portal's are read in other processes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _photo(number: int) -> bytes:
    """A photo of a phone's size in bytes; noise does not compress."""
    content = io.BytesIO()
    noise = Image.effect_noise((1600, 1200), 40 + number % 50).convert("RGB")
    noise.save(content, "JPEG", quality=85)
    return content.getvalue()


def _pillow(shot: bytes) -> int:
    """Turned, made smaller, written twice."""
    with Image.open(io.BytesIO(shot)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    large, small = io.BytesIO(), io.BytesIO()
    upright.save(large, "JPEG", quality=85)
    upright.thumbnail((320, 320))
    upright.save(small, "JPEG", quality=80)
    return large.tell() + small.tell()
