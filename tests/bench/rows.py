"""Applications by the million, written into the tables by the database itself.

500 dealers, every state, two years; parts, lines, quotes, events and search texts. Every 50th
application is that of the cast's own dealer, so that its lists are full at any size. Behind them
come drafts of that dealer, as old as the oldest, which the bench will submit.
"""

import json

from tests.bench.database import Database
from tests.support.portal import START, Portal

DEALERS, PARTS, DRAFTS = 500, 300, 700
TWO_YEARS = 2 * 365 * 24 * 3600
AT_ONCE = 100_000
"""So many applications are made in one go."""

LINE = {"quantity": "2", "purpose": "warranty", "product_model": "WC-9", "fault": "Leaks"}
FORM = {
    "contact": "王坤",
    "phone": "010-5555 0101",
    "delivery_address": "朝阳路 1 号, 北京",
    "remark": "",
} | {
    f"lines-{index}-{name}": value
    for index in range(5)
    for name, value in (LINE | {"part": f"BP-0{index + 107}", "serial": f"S-{index}"}).items()
}
"""An application of five lines, as it is typed."""

# How many of a hundred applications are in a state, and after how many events.
STATES = {
    "draft": (5, 1),
    "submitted": (5, 2),
    "returned": (2, 2),
    "quoted": (5, 3),
    "confirmed": (3, 4),
    "released": (4, 5),
    "part_shipped": (2, 5),
    "shipped": (5, 5),
    "received": (2, 5),
    "closed": (55, 5),
    "rejected": (3, 2),
    "withdrawn": (3, 2),
    "expired": (3, 3),
    "cancelled": (3, 4),
}
STEPS = (
    (1, "create", "", "draft"),
    (2, "submit", "draft", "submitted"),
    (3, "quote", "submitted", "quoted"),
    (4, "confirm", "quoted", "confirmed"),
    (5, "release", "confirmed", "released"),
)
INSTANT = {
    "sqlite": "datetime({}, 'unixepoch') || '.000000'",
    "postgresql": "to_timestamp({})",
}
SERIES = "WITH RECURSIVE s(i) AS (SELECT {} UNION ALL SELECT i + 1 FROM s WHERE i < {})"


def prepare(database: Database, portal: Portal) -> None:
    """The dealers with a clerk each, the parts with their prices, and the words of each state."""
    series = SERIES.format(3, DEALERS)
    database.script(
        f"""
        INSERT INTO dealer (id, public_id, status, version, event_count, event_hash, created_at,
            code, name, country, region, city, address, contact, phone, zone, search_text)
        {series} SELECT i, 'dealer' || i, status, version, event_count, event_hash, created_at,
            'D' || substr(CAST(10000 + i AS text), 2), '卫浴服务 ' || i, country, region, city,
            address, contact, phone, zone, 'dealer ' || i
        FROM s, dealer WHERE dealer.id = {portal.clerk.dealer_id};
        INSERT INTO user_account (id, public_id, status, version, event_count, event_hash,
            created_at, dealer_id, side, email, name, password_hash, roles, theme, search_text)
        {series} SELECT 1000 + i, 'clerk' || i, status, version, event_count, event_hash,
            created_at, i, side, 'clerk' || i, name, password_hash, roles, theme, 'clerk ' || i
        FROM s, user_account u WHERE u.id = {portal.clerk.id};
        INSERT INTO part (id, public_id, status, version, event_count, event_hash, created_at,
            number, number_key, name, name_zh, name_pl, unit, category, return_required,
            search_text)
        {SERIES.format(101, 100 + PARTS)} SELECT i, 'part' || i, 'active', 1, 0, '', created_at,
            'BP-0' || i, 'BP-0' || i, 'Fill valve ' || i, '进水阀', 'Zawór', 'pcs', '', true,
            'bp-0' || i
        FROM s, part p WHERE p.number = 'FV-100';
        INSERT INTO price (part_id, price_list_id, effective_from, cost, retail)
        SELECT p.id, old.price_list_id, old.effective_from, 100 + p.id, 200 + p.id
        FROM part p, price old WHERE p.id > 100 AND old.part_id = {portal.parts["FV-100"]};
        CREATE TEMP TABLE seed (i bigint, at timestamptz, due timestamptz, status text,
            events integer, dealer_id bigint, code text, user_id bigint, number text, serial text,
            lines integer, total bigint);
        CREATE TEMP TABLE state (status text, low integer, high integer, events integer);
        CREATE TEMP TABLE step (seq integer, name text, from_status text, to_status text)
        """
    )
    low = 0
    for status, (share, events) in STATES.items():
        database.all(f"INSERT INTO state VALUES ('{status}', {low}, {low + share}, {events})")
        low += share
    for step in STEPS:
        database.all(f"INSERT INTO step VALUES {step}")


def fill(database: Database, portal: Portal, rows: int) -> None:
    """So many applications, and the drafts behind them."""
    for first in range(1, rows + 1, AT_ONCE):
        _insert(database, portal, rows, first, min(first + AT_ONCE - 1, rows), "")
    _insert(database, portal, rows, rows + 1, rows + DRAFTS, "draft")
    database.finish(("application", "application_line", "quote", "quote_line", "event", "part"))


def _insert(
    database: Database, portal: Portal, rows: int, first: int, last: int, only: str
) -> None:
    instant = INSTANT[database.kind]
    age = f"{TWO_YEARS} * (1 - i * 1.0 / {rows})" if not only else TWO_YEARS
    at = f"CAST({START.timestamp():.0f} - {age} AS bigint)"
    own = f"{'true' if only else 'i % 50 = 0'}"
    typed = json.dumps(FORM, ensure_ascii=False)
    head = "public_id, status, version, event_count, event_hash, created_at"
    mark = "substr(CAST(10000000000 + i * 2654435761 % 4294967296 AS text), 2)"
    database.script(
        f"""
        DELETE FROM seed;
        INSERT INTO seed {SERIES.format(first, last)}
        SELECT i, {instant.format(at)}, {instant.format(f"{at} + 86400")}, state.status,
            state.events, d.id, d.code,
            CASE WHEN d.id = {portal.clerk.dealer_id} THEN {portal.clerk.id} ELSE 1000 + d.id END,
            CASE WHEN events > 1 THEN 'PA-2026-' || d.code || '-' || ({10**7} + i) END,
            {mark}, 1 + i % 3, (1 + i % 3) * (200 + i % {PARTS}) * 2
        FROM s JOIN dealer d
            ON d.id = CASE WHEN {own} THEN {portal.clerk.dealer_id} ELSE 3 + i % {DEALERS - 2} END
        JOIN state ON {f"state.status = '{only}'" if only else "(i / 50 * 7 + i * 37) % 100 >= low"}
            AND {"true" if only else "(i / 50 * 7 + i * 37) % 100 < high"};
        INSERT INTO application (id, {head}, dealer_id, number, created_by_id, typed, revision,
            contact, phone, delivery_address, remark, line_count, total, quote_version,
            submitted_at, due_at, search_text)
        SELECT i, 'bench_' || {mark}, status, events, events, {mark}, at, dealer_id, number,
            user_id, '{typed}', CASE WHEN events > 1 THEN 1 ELSE 0 END, '王坤', '010-5555 0101',
            '朝阳路 1 号, 北京', '', CASE WHEN events > 1 THEN lines ELSE 0 END,
            CASE WHEN events > 2 THEN total ELSE 0 END, CASE WHEN events > 2 THEN 1 ELSE 0 END,
            CASE WHEN events > 1 THEN at END, CASE WHEN events > 1 THEN due END,
            CASE WHEN events > 1 THEN lower(number) || ' ' || lower(code) || ' 卫浴服务 王坤 bp-0'
                || (101 + i % {PARTS}) || ' ' || serial ELSE '' END
        FROM seed;
        INSERT INTO application_line (id, dealer_id, application_id, revision, position, part_id,
            quantity, purpose, product_model, serial, fault)
        SELECT i * 4 + seq, dealer_id, i, 1, seq, 101 + i % {PARTS}, 2, 'warranty', 'WC-9', serial,
            'Leaks at the base'
        FROM seed JOIN step ON seq <= lines WHERE events > 1;
        INSERT INTO quote (id, dealer_id, application_id, version, freight, packing, total,
            promised_on, expires_at, remark, made_by_id, made_at)
        SELECT i, dealer_id, i, 1, 0, 0, total, '2026-10-20', due, '', {portal.desk.id}, at
        FROM seed WHERE events > 2;
        INSERT INTO quote_line (id, dealer_id, quote_id, application_line_id, part_id, quantity,
            unit_price, amount, remark, shipped, cancelled)
        SELECT i * 4 + seq, dealer_id, i, i * 4 + seq, 101 + i % {PARTS}, 2, 200 + i % {PARTS},
            2 * (200 + i % {PARTS}), '', 0, 0
        FROM seed JOIN step ON seq <= lines WHERE events > 2;
        INSERT INTO event (dealer_id, document_kind, document_id, seq, at, actor_id, actor_name,
            actor_side, name, from_status, to_status, reason, "values", hash)
        SELECT dealer_id, 'application', i, seq, at, user_id, 'Clerk', 'dealer', name,
            from_status, to_status, '', '{{"version": 1}}', {mark}
        FROM seed JOIN step ON seq <= events
        """
    )
