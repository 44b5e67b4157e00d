"""Money by the million: an account's page, a long file of the bank, and ``ledger verify``.

Each is compared with the bare driver in the same run: the page with the same rows and a plain
template, the bank's file with the very rows that the portal wrote, written into a copy of the same
database, and the check of the books with one aggregate over all entries.
"""

import argparse
import gc
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from portal.banking import services
from portal.banking.columns import merit
from portal.banking.models import BankFile
from portal.banking.rows import Money
from portal.catalogue.uploads import Upload
from portal.core import jobs
from portal.core.db import PAUSE, db, reading, session, snapshot
from portal.files.storage import new_key, storage
from portal.ledger.verify import verify
from portal.sheets.table import read_table
from portal.sheets.writing import write_csv
from portal.web import logs
from tests.bench.__main__ import filled, timed
from tests.bench.bare import TEMPLATES, WHO
from tests.bench.database import Database
from tests.bench.month import Clerk, apart, bare, names
from tests.bench.pages import Visitor
from tests.bench.rows import DEALERS, INSTANT, SERIES, TWO_YEARS
from tests.bench.sheets import cost
from tests.support import postgres
from tests.support.portal import START, Portal

APPLICATIONS, AT_ONCE = 100, 500_000
FEW, GROWTH, WRITTEN, SLOWER, WAIT, MORE = 1000, 1.3, 8.0, 25.0, 1000, 150
"""The aims: the page against that of an account of few entries, the bank's file against bare SQL,
the check against one aggregate, the milliseconds that a dealer waits at most, and the megabytes
that a check takes more (SQLite's own cache of pages has 64)."""
QUIET, CALLS = 4, 45
EARLIER = 3 * (DEALERS - 2)
"""A reversal puts the entry right that stands so many before it."""
KEYED = ("bank_file", "bank_line", "event", "transfer", "notice")
"""What a bank's file adds to."""
UNTRUE = "application"
"""What the bench's applications are in the books."""
HEADINGS = ("Booking date", "Amount", "Bank reference", "Remitter", "Purpose")
ENTRIES = """
    SELECT t.id, t.at, t.public_id, t.kind, t.amount, t.actor_name, t.document_title,
        t.document_name, a.purpose, b.public_id AS back
    FROM transfer t JOIN account a ON a.id = t.to_account_id
    LEFT JOIN transfer b ON b.reverses_id = t.id
    WHERE t.dealer_id = :dealer ORDER BY t.at DESC, t.id DESC LIMIT 51"""
ACCOUNT = """
    SELECT a.*, d.name,
        (SELECT count(*) FROM (SELECT 1 FROM transfer WHERE dealer_id = :dealer LIMIT 1001) AS y)
        AS entries, (SELECT count(*) FROM (SELECT 1 FROM reservation r
        LEFT JOIN reservation_end e ON e.reservation_id = r.id
        WHERE r.dealer_id = :dealer AND e.reservation_id IS NULL LIMIT 1001) AS x) AS open
    FROM account a JOIN dealer d ON d.id = a.dealer_id WHERE a.dealer_id = :dealer"""
LIST = """<h1>{{ account.code }} {{ account.name }}</h1><p>{{ account.posted }}</p><table>
{% for row in rows %}<tr><td>{{ row.at }}</td><td><a href="/entries/{{ row.public_id }}">
{{ row.kind }}</a></td><td>{{ row.document_title or "" }}</td><td>{{ row.actor_name }}</td>
<td>{{ row.amount if row.purpose == "dealer" else -row.amount }}</td></tr>{% endfor %}</table>"""


# --- The rows ---------------------------------------------------------------------------------


def open_accounts(database: Database) -> None:
    """Each dealer that has come by the bench has its account."""
    database.script(
        """
        INSERT INTO account (public_id, status, version, event_count, event_hash, created_at,
            dealer_id, code, purpose, posted, reserved, credit_limit)
        SELECT 'account' || id, 'active', 1, 0, '', created_at, id, code, 'dealer', 0, 0, 0
        FROM dealer WHERE id NOT IN (SELECT dealer_id FROM account WHERE dealer_id IS NOT NULL)
        """
    )


def fill(database: Database, count: int, *, dealer: str) -> None:
    """So many entries more, in two years: a deposit, and two deductions that a document caused.

    One deposit of some hundreds is reversed. ``dealer`` is the SQL of whose they are, of the
    entry's number ``i``; it is the same every ``EARLIER`` entries.
    """
    (row,) = database.all("SELECT coalesce(max(id), 0) FROM transfer")
    at = f"{START.timestamp():.0f} - {TWO_YEARS} + i % {TWO_YEARS}"
    instant = INSTANT[database.kind].format(at)
    back = f"i % {10 * EARLIER} = 0 AND i > {row[0] + EARLIER}"
    for first in range(row[0] + 1, row[0] + count + 1, AT_ONCE):
        last = min(first + AT_ONCE - 1, row[0] + count)
        database.script(
            f"""
            INSERT INTO transfer (id, public_id, dealer_id, from_account_id, to_account_id, amount,
                kind, cause, document_kind, document_id, document_name, document_title,
                reverses_id, actor_name, at, "values")
            {SERIES.format(first, last)} SELECT i, 'entry' || i, d.dealer_id,
                CASE WHEN i % 3 = 0 AND NOT ({back}) THEN bank.id ELSE d.id END,
                CASE WHEN i % 3 > 0 THEN sales.id WHEN {back} THEN bank.id ELSE d.id END,
                CASE WHEN i % 3 = 0 THEN 300 ELSE 100 END,
                CASE WHEN i % 3 > 0 THEN 'parts_deduction' WHEN {back} THEN 'reversal'
                    ELSE 'deposit' END, 'bench/' || i,
                CASE WHEN i % 3 > 0 THEN 'account' END, CASE WHEN i % 3 > 0 THEN d.id END,
                CASE WHEN i % 3 > 0 THEN d.public_id END, CASE WHEN i % 3 > 0 THEN d.code END,
                CASE WHEN {back} THEN i - {EARLIER} END, 'Finance', {instant}, '{{}}'
            FROM s JOIN account d ON d.dealer_id = {dealer}
            JOIN account bank ON bank.purpose = 'bank'
            JOIN account sales ON sales.purpose = 'parts_sales'
            """
        )
    if database.kind == "postgresql":  # its triggers rested meanwhile
        database.all(
            """
            UPDATE account SET posted = x.posted FROM (
                SELECT a.id, sum(CASE WHEN t.to_account_id = a.id THEN amount ELSE -amount END)
                    AS posted
                FROM account a JOIN transfer t ON t.dealer_id = a.dealer_id
                WHERE a.dealer_id IS NOT NULL GROUP BY a.id) AS x
            WHERE x.id = account.id
            """
        )
    database.finish(("account", "transfer"))


def bank_file(lines: int) -> bytes:
    """A bank's file: nine lines of ten name one of five hundred dealers."""
    return write_csv(
        HEADINGS,
        (
            (
                "2026-10-09",
                f"{100 + number % 900}.50",
                f"H2610{number:08}",
                f"卫浴服务 {number % 600}",
                f"PA D{3 + number % (DEALERS * 10 // 9):04} 货款",
            )
            for number in range(lines)
        ),
    )


# --- The account's page -----------------------------------------------------------------------


def page_times(portal: Portal, database: Database) -> tuple[float, float]:
    """What the first page of an account's entries takes, and a bare page of them; in ms."""
    manager = Visitor(portal, portal.manager)
    page, template = manager.page("/account"), TEMPLATES.from_string(LIST)
    who = {"token": sha256(manager.token.encode()).hexdigest(), "now": database.instant(portal.now)}

    def by_hand() -> str:
        database.all(WHO, **who)
        account = database.all(ACCOUNT, dealer=portal.clerk.dealer_id)[0]
        rows = database.all(ENTRIES, dealer=portal.clerk.dealer_id)[:50]
        return template.render(account=account, rows=rows)

    page(), by_hand()
    gc.collect()
    taken = [(timed(page), timed(by_hand)) for _call in range(CALLS)]
    return median(one[0] for one in taken), median(one[1] for one in taken)


def tell_page(few: tuple[float, float], many: tuple[float, float], entries: int) -> None:
    """How the page has grown with its account."""
    growth = many[0] / few[0]
    print(
        f"  account of {entries:,} entries: {many[0]:.1f} ms, of {FEW:,} {few[0]:.1f}: "
        f"{growth:.2f}{'!' if growth > GROWTH else ''} (≤ {GROWTH}); a bare page of the same rows "
        f"{many[1]:.1f} ms",
        flush=True,
    )


# --- The bank's file --------------------------------------------------------------------------


def _sent(portal: Portal, content: bytes) -> BankFile:
    key = new_key()
    with portal.app.app_context():
        storage().put(key, content)
    table = read_table(content, "bank.csv", merit)
    received = Upload("bank.csv", key, sha256(content).hexdigest(), table)
    with portal.transaction():
        return services.upload(received, by=portal.finance, now=portal.now)


def _promise(portal: Portal, made: BankFile) -> None:
    money = Money("CNY", 2)
    with portal.app.app_context(), reading():
        file = session.get_one(BankFile, made.id)
        found = services.preview(file, services.table_of(file), money, now=portal.now)
    with portal.transaction():
        file, seen = session.get_one(BankFile, made.id), made.version
        services.import_all(file, found, money, seen=seen, by=portal.finance, now=portal.now)


def _last(database: Database) -> dict[str, int]:
    return {name: database.all(f"SELECT coalesce(max(id), 0) FROM {name}")[0][0] for name in KEYED}


def _added(database: Database, before: dict[str, int]) -> list[tuple[str, list[Any]]]:
    """The statements by which the same rows are written by hand."""
    mark, made = "?" if database.kind == "sqlite" else "%s", []
    for name, last in before.items():
        rows = database.all(f"SELECT * FROM {name} WHERE id > {last} ORDER BY id")
        if rows:
            columns = ", ".join(f'"{one}"' for one in names(database, name))
            marks = ", ".join([mark] * len(rows[0]))
            made.append((f"INSERT INTO {name} ({columns}) VALUES ({marks})", rows))
    return made


def tell_bank(portal: Portal, database: Database, twin: Database, lines: int) -> None:
    """A file of the bank from its preview to its last line, while a dealer goes on working."""
    clerk = Clerk(portal, database)
    clerk.work()
    clerk.told()
    apart(portal, lambda: time.sleep(QUIET), clerk.work)
    _p99, quiet = clerk.told()
    before = _last(database)
    made = _sent(portal, bank_file(lines))
    page = Visitor(portal, portal.finance).page(f"/accounts/bank/files/{made.public_id}")
    page()
    shown = median(timed(page) for _time in range(3))
    _promise(portal, made)
    ours = apart(portal, lambda: jobs.drain(portal.clock), clerk.work)
    _p99, longest = clerk.told()
    rests = PAUSE * lines / services.SOME if database.kind == "sqlite" else 0
    theirs = bare(twin, _added(database, before))
    ratio = (ours - rests) / theirs
    print(
        f"  bank file of {lines:,} lines: preview {shown:.0f} ms; booked in {ours:.1f} s, of which "
        f"it lets others write for {rests:.0f} s; bare {theirs:.2f} s: {ratio:.1f}"
        f"{'!' if ratio > WRITTEN else ''} (≤ {WRITTEN}); a dealer waits {longest:.0f}"
        f"{'!' if longest > WAIT else ''} ms at most (≤ {WAIT}; {quiet:.0f} when all is quiet)",
        flush=True,
    )


# --- The check of the books -------------------------------------------------------------------


def tell_verify(portal: Portal, database: Database) -> None:
    """All checks, in a process of their own, against one aggregate over the entries."""
    (count,) = database.all("SELECT count(*) FROM transfer")
    began = time.perf_counter()
    database.all("SELECT to_account_id, sum(amount) FROM transfer GROUP BY to_account_id")
    theirs = time.perf_counter() - began

    def check() -> None:
        with portal.app.app_context(), snapshot():
            found = [one for one in verify() if not one.startswith(UNTRUE)]
        assert not found, found[:3]

    spent = cost(portal.app, check)
    ratio = spent.passed / theirs
    print(
        f"  ledger verify of {count[0]:,} entries: {spent.passed:.1f} s, "
        f"{count[0] / spent.passed:,.0f} a second; one aggregate {theirs:.2f} s, "
        f"{count[0] / theirs:,.0f} a second: {ratio:.1f}{'!' if ratio > SLOWER else ''} "
        f"(≤ {SLOWER}); {spent.megabytes:+.0f}{'!' if spent.megabytes > MORE else ''} MB "
        f"(≤ +{MORE})",
        flush=True,
    )


# --- Side by side -----------------------------------------------------------------------------


@contextmanager
def _twin(kind: str, url: str, server: str, stack: ExitStack) -> Iterator[Database]:
    """A copy of the database as it is now, for the bare driver."""
    if server:
        import psycopg

        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("CREATE DATABASE twin TEMPLATE money")
        twin = Database(url.replace("/money", "/twin"))
    else:
        path = Path(url.removeprefix("sqlite:///"))
        shutil.copy(path, path.with_name("twin.sqlite"))
        twin = Database(f"sqlite:///{path.with_name('twin.sqlite')}")
    yield twin
    twin.connection.close()


def measure(kind: str, entries: int, lines: int, transfers: int) -> None:
    """One database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="partloop-")))
        url, server = f"sqlite:///{folder / 'portal.sqlite'}", ""
        if kind == "postgresql":
            server = stack.enter_context(postgres.server())
            url = stack.enter_context(postgres.database(server, "money"))
        portal, database = filled(url, APPLICATIONS, folder)
        stack.callback(_forget, portal)
        open_accounts(database)
        began = time.perf_counter()
        own = str(portal.clerk.dealer_id)
        fill(database, FEW, dealer=own)
        few = page_times(portal, database)
        fill(database, entries - FEW, dealer=own)
        _forget(portal)  # a connection of SQLite keeps what it once knew of a table's length
        print(f"\n{kind}: {entries:,} entries in {time.perf_counter() - began:.0f} s", flush=True)
        tell_page(few, page_times(portal, database), entries)
        database.connection.close()
        _forget(portal)
        with _twin(kind, url, server, stack) as twin:
            database = Database(url)
            tell_bank(portal, database, twin, lines)
        (count,) = database.all("SELECT count(*) FROM transfer")
        if transfers > count[0]:
            fill(database, transfers - count[0], dealer=f"3 + i % {DEALERS - 2}")
        tell_verify(portal, database)
        database.connection.close()


def _forget(portal: Portal) -> None:
    with portal.app.app_context():
        session.remove()
        db.engine.dispose()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.money", description=__doc__)
    parser.add_argument("--on", nargs="+", default=("sqlite", "postgresql"))
    parser.add_argument("--entries", type=int, default=1_000_000, help="of one account")
    parser.add_argument("--lines", type=int, default=20_000, help="of a bank's file")
    parser.add_argument("--transfers", type=int, default=2_000_000, help="to verify")
    options = parser.parse_args()
    logs.configure("WARNING")
    for kind in options.on:
        measure(kind, options.entries, options.lines, options.transfers)


if __name__ == "__main__":
    main()
