"""Old parts by the million, behind the applications: shipped lines, what is owed, and pieces.

Every closed application has a shipment of two pieces. Of one in eight a piece is not registered. A
customer has some six pieces. Three shipments of the cast's own dealer are large: there the bench
registers, and receives.
"""

from tests.bench.database import Database
from tests.bench.rows import PARTS
from tests.support.portal import Portal

LARGE = 20_000
SENT = 400
"""So many pieces are on their way in the consignment that the bench receives."""
PHOTOS = 1000
"""So many photos lie ready for the portal, and for what it is compared with."""
STATUSES = (
    (1, "registered"),
    (2, "rejected"),
    (4, "called"),
    (6, "sent"),
    (16, "received"),
    (26, "passed"),
    (50, "accepted"),
)
"""Below which of fifty an application's pieces are in a state."""
HEAD = "public_id, status, version, event_count, event_hash, created_at, dealer_id"


def fill(database: Database, portal: Portal) -> list[int]:
    """Make them; returns the three large lines: two to register, one that was sent in."""
    large = [
        row.id
        for row in database.all(
            "SELECT q.id FROM quote_line q JOIN application a ON a.id = q.quote_id "
            "WHERE a.dealer_id = :dealer AND a.status = 'closed' AND q.id % 4 = 1 "
            "ORDER BY q.id DESC LIMIT 3",
            dealer=portal.clerk.dealer_id,
        )
    ]
    keys = ", ".join(map(str, large))
    state = " ".join(f"WHEN line.id / 4 % 50 < {low} THEN '{name}'" for low, name in STATUSES)
    day = {"sqlite": "date({})", "postgresql": "CAST({} AS date)"}[database.kind]
    later = {
        "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', {}, '+15 days')",
        "postgresql": "{} + interval '15 days'",
    }[database.kind]
    database.script(
        f"""
        INSERT INTO shipment (id, {HEAD}, application_id, number, carrier, tracking_number,
            shipped_on, received_at, search_text)
        SELECT id, 'ship' || id, 'received', 2, 2, event_hash, created_at, dealer_id, id,
            'SH-' || id, 'SF', 'SF' || id, {day.format("created_at")}, created_at, ''
        FROM application WHERE status = 'closed';
        INSERT INTO shipment_line (id, dealer_id, shipment_id, quote_line_id, part_id, purpose,
            sent, again, quantity, short, damaged, resent, refunded, unit_price)
        SELECT q.id, s.dealer_id, s.id, q.id, q.part_id, 'warranty', n, 0, n, 0, 0, 0, 0,
            q.unit_price
        FROM (SELECT id, quote_id, part_id, unit_price,
            CASE WHEN id IN ({keys}) THEN {LARGE} ELSE 2 END AS n FROM quote_line) q
            JOIN shipment s ON s.id = q.quote_id WHERE q.id % 4 = 1;
        INSERT INTO old_part (id, {HEAD}, number, part_id, shipment_line_id, line_quantity, piece,
            unit_price, customer_name, customer_phone, product_model, product_serial,
            product_serial_key, failed_on, replaced_on, fault_code, complaint, cause, remedy,
            old_serial, customer_key, registered_by_id, accepted_at, search_text)
        SELECT line.id + piece - 1, 'old' || line.id || '-' || piece, CASE {state} END, 2, 2,
            a.event_hash, a.created_at, a.dealer_id, 'OP-' || line.id || '-' || piece,
            line.part_id, line.id, line.quantity, piece, line.unit_price, '李秀英', '', 'WC-9',
            'SN-' || line.id || piece, 'SN-' || line.id || piece, {day.format("a.created_at")},
            {day.format("a.created_at")}, 'F1', 'Leaks', 'Torn seal', 'Replaced', '',
            'C' || (line.id / 4 % (SELECT count(*) / 3 + 1 FROM shipment_line)),
            {portal.clerk.id}, a.created_at, 'op-' || line.id
        FROM shipment_line line JOIN application a ON a.id = line.shipment_id
            JOIN (SELECT 1 AS piece UNION SELECT 2) pieces ON piece < 2 OR line.id / 4 % 8 > 0
        WHERE line.id NOT IN ({keys});
        INSERT INTO owed_line (shipment_line_id, dealer_id, shipment_id, part_id, quantity, pieces,
            unit_price, state, days, register_by)
        SELECT line.id, line.dealer_id, line.shipment_id, line.part_id, line.quantity,
            CASE WHEN line.id IN ({keys}) THEN {LARGE} WHEN line.id / 4 % 8 > 0 THEN 0 ELSE 1 END,
            line.unit_price,
            CASE WHEN line.id IN ({keys}) OR line.id / 4 % 8 = 0 THEN 'owed'
                ELSE 'registered' END, 15, {later.format("s.received_at")}
        FROM shipment_line line JOIN shipment s ON s.id = line.shipment_id
        """
    )
    _sent(database, portal, large[2])
    database.finish(("shipment", "shipment_line", "old_part", "attachment"))
    return large


def _sent(database: Database, portal: Portal, line: int) -> None:
    """The consignment on its way, and photos that the clerk has sent ahead."""
    first = 10**10
    now = "(SELECT max(created_at) FROM shipment)"
    series = "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {})"
    day = {"sqlite": f"date({now})", "postgresql": f"CAST({now} AS date)"}[database.kind]
    mark = {
        "sqlite": "abs(random()) % 4611686018427387904",
        "postgresql": "CAST(random() * 4611686018427387904 AS bigint)",
    }[database.kind]
    dealer, clerk = portal.clerk.dealer_id, portal.clerk.id
    database.script(
        f"""
        INSERT INTO collection (id, number, created_at, called_by_id, deliver_to, remark)
        VALUES (1, 'CO-1', {now}, {portal.desk.id}, 'Suzhou', '');
        INSERT INTO consignment (id, {HEAD}, collection_id, number, due_at, carrier,
            tracking_number, sent_at, search_text)
        VALUES (1, 'consignment', 'sent', 2, 2, '', {now}, {dealer}, 1, 'CN-1', {now}, 'SF',
            'SF1', {now}, '');
        INSERT INTO old_part (id, {HEAD}, number, part_id, shipment_line_id, line_quantity, piece,
            unit_price, customer_name, customer_phone, product_model, product_serial, failed_on,
            replaced_on, fault_code, complaint, cause, remedy, old_serial, registered_by_id,
            accepted_at, search_text)
        {series.format(SENT)} SELECT {first} + i, 'sent' || i, 'sent', 2, 2, '', {now}, {dealer},
            'OP-SENT-' || i, {101 + PARTS // 2}, {line}, {LARGE}, i, 200, '李秀英', '', 'WC-9', '',
            {day}, {day}, '', 'Leaks', 'Torn', 'Replaced', '', {clerk}, {now}, '' FROM s;
        INSERT INTO consignment_piece (old_part_id, dealer_id, consignment_id, box, place,
            unexpected)
        SELECT id, dealer_id, 1, 1, '', false FROM old_part WHERE id > {first};
        INSERT INTO attachment (public_id, dealer_id, uploaded_by, purpose, name, media_type, size,
            width, height, look, sha256, original_sha256, storage_key, thumbnail_key, created_at)
        {series.format(2 * PHOTOS)} SELECT 'photo' || (10000000000 + i), {dealer}, {clerk},
            'photo', 'a.jpg', 'image/jpeg', 1000, 10, 10, {mark}, 's' || i, 'o' || i,
            'k' || i, 't' || i, {now} FROM s
        """
    )
