"""What is done with many at once: quotes at list price, and sold units by the thousand."""

import csv
import io
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from portal.applications import quoting
from portal.catalogue import unit_rows
from portal.catalogue.names import Names
from portal.catalogue.product_services import create_model
from portal.sheets.columns import propose
from portal.sheets.table import read_table
from portal.sheets.writing import write_csv
from tests.bench.database import Database
from tests.support.portal import Portal

QUOTES, UNITS, TIMES = 50, 20_000, 3
MODELS = 20
AT_ONCE = 10_000
FIRST_DAY = date(2024, 1, 1)


def seconds(work: Callable[[], Any]) -> float:
    """How long the processor works on it."""
    began = time.process_time()
    work()
    return time.process_time() - began


def tell_quotes(portal: Portal, database: Database) -> None:
    """Say how quoting fifty at once compares with quoting them one by one."""
    waiting = database.all(
        "SELECT id FROM application WHERE status = 'submitted' AND id NOT IN "
        "(SELECT application_id FROM quote) ORDER BY id LIMIT :some",
        some=2 * TIMES * QUOTES,
    )
    ids = [row.id for row in waiting]
    batches = [ids[start : start + QUOTES] for start in range(0, len(ids), QUOTES)]
    given = {
        "promised_on": portal.now.date() + timedelta(days=3),
        "by": portal.desk,
        "now": portal.now,
    }

    def together(batch: list[int]) -> None:
        with portal.transaction():
            assert not quoting.quote_at_list(batch, **given).refused

    def alone(batch: list[int]) -> None:
        for one in batch:
            together([one])

    ratios = [
        seconds(lambda own=own: together(own)) / seconds(lambda other=other: alone(other))
        for own, other in zip(batches[::2], batches[1::2], strict=False)
    ]
    print(f"quote of {QUOTES} at once: {median(ratios):.2f} of one by one")


def tell_import(portal: Portal, database: Database) -> None:
    """Say how importing sold units compares with reading, checking and inserting them bare."""
    with portal.transaction():
        for number in range(MODELS):
            facts = Names(f"Model {number}")
            create_model(f"M-{number}", facts, by=portal.administrator, now=portal.now)
    ratios = []
    for turn in range(TIMES):
        own, other = _file(f"A{turn}"), _file(f"B{turn}")
        ratio = seconds(lambda: _portal(portal, own)) / seconds(lambda: _bare(database, other))  # noqa: B023
        ratios.append(ratio)
    missed = "!" if median(ratios) > 1.5 else ""
    print(f"import of {UNITS:,} units: {median(ratios):.2f}{missed} of bare (≤ 1.5)")


def _file(mark: str) -> bytes:
    rows = (
        (f"M-{n % MODELS}", f"{mark}-{n:06}", (FIRST_DAY + timedelta(days=n % 700)).isoformat())
        for n in range(UNITS)
    )
    return write_csv(["Model", "Serial number", "Sold on"], rows)


def _portal(portal: Portal, content: bytes) -> None:
    with portal.app.test_request_context(), portal.transaction():
        table = read_table(content, "units.csv")
        mapping = propose(unit_rows.COLUMNS, table.headings)
        preview = unit_rows.judge(table, mapping, portal.now)
        assert len(preview.rows) == UNITS
        unit_rows.write(preview.rows, now=portal.now)


def _key(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def _bare(database: Database, content: bytes) -> None:
    models = {row.number: row.id for row in database.all("SELECT id, number FROM product_model")}
    seen: set[tuple[int, str]] = set()
    rows = []
    at = database.instant(datetime.now(UTC))
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    next(lines)
    for model, serial, day in lines:
        key = models[_key(model)], _key(serial)
        plain = all(part.strip().isprintable() and len(part) <= 200 for part in (model, serial))
        if key in seen or not plain or not date.fromisoformat(day.strip()) >= FIRST_DAY:
            raise ValueError(serial)
        seen.add(key)
        rows.append((key[0], serial.strip(), key[1], day.strip(), at))
    for start in range(0, len(rows), AT_ONCE):
        known = ", ".join(f"'{row[2]}'" for row in rows[start : start + AT_ONCE])
        if database.all(f"SELECT 1 FROM sold_unit WHERE serial_key IN ({known})"):
            raise ValueError(known)
    mark = "?" if database.kind == "sqlite" else "%s"
    statement = (
        "INSERT INTO sold_unit (model_id, serial, serial_key, sold_on, created_at) "
        f"VALUES ({', '.join([mark] * 5)})"
    )
    with database.transaction():
        database.connection.cursor().executemany(statement, rows)
