"""A month's claims, from the run's opening to its closing, by the hundred thousand lines.

Each phase of the portal is done by a process of its own while a dealer goes on working, and then
again by the bare driver in a copy of the same database: it writes the very rows that the portal
wrote, and looks at nothing.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import select

from portal.claims import runs, services, together
from portal.claims.models import Claim, Run
from portal.core import jobs
from portal.core.db import db, session
from portal.people.models import Dealer
from portal.web import logs
from tests.bench import pieces
from tests.bench.__main__ import filled
from tests.bench.database import Database
from tests.bench.pages import Visitor
from tests.bench.rows import DEALERS, FORM
from tests.support import postgres
from tests.support.claims import RUN_DAY
from tests.support.portal import Portal

AIM, CALM = 1.3, 3.0
"""How much longer than bare SQL a month may take, and a dealer's request while it closes."""
FIRST, QUIET, PAUSE = 1000, 6, 0.02
PAPERS, LOOKS = 25, 15
KEYED = ("claim_run", "event", "notice", "transfer", "job")
UNKEYED = ("claim_finding", "claim_run_dealer", "claim_run_part")
"""The tables that a month adds to."""
CLAIM = ("status", "version", "event_count", "event_hash", "run_id", "suspicious", "approved")
BY_HAND = """
    UPDATE claim_line SET status = 'approved', approved = claimed, decided_by_id = 1
    WHERE status = 'open'"""
"""What is decided by people is not measured."""


def _claims(database: Database) -> None:
    """Claims of all pieces, one of each dealer, that wait for their run."""
    instant = database.instant(RUN_DAY.replace(month=10, day=28))
    clerk = "(SELECT min(id) FROM user_account WHERE dealer_id = d.id)"
    database.script(
        f"""
        INSERT INTO account (public_id, status, version, event_count, event_hash, created_at,
            dealer_id, code, purpose, posted, reserved, credit_limit)
        SELECT 'account' || id, 'active', 1, 0, '', created_at, id, code, 'dealer', 0, 0, 0
        FROM dealer WHERE id NOT IN (SELECT dealer_id FROM account WHERE dealer_id IS NOT NULL);
        INSERT INTO claim (id, public_id, status, version, event_count, event_hash, created_at,
            dealer_id, number, month, ordinal, created_by_id, submitted_by_id, submitted_at,
            remark, line_count, claimed, approved, suspicious)
        SELECT {FIRST} + d.id, 'claim' || d.id, 'submitted', 2, 0, '', '{instant}', d.id,
            'RC-2026-10-' || d.code, '2026-10', 0, {clerk}, {clerk}, '{instant}', '',
            count(*), sum(o.unit_price), 0, 0
        FROM dealer d JOIN old_part o ON o.dealer_id = d.id GROUP BY d.id, d.code;
        INSERT INTO claim_line (id, dealer_id, claim_id, position, kind, old_part_id, part_id,
            claimed, remark, alone, drawn, status, note)
        SELECT id, dealer_id, {FIRST} + dealer_id,
            row_number() OVER (PARTITION BY dealer_id ORDER BY id), 'old_part', id, part_id,
            unit_price, '', false, false, 'open', '' FROM old_part
        """
    )
    database.finish(("account", "claim", "claim_line"))


# --- The portal's side ------------------------------------------------------------------------


def _open(portal: Portal) -> None:
    """As the clock has it done, and a worker."""
    runs.open_due_run(portal.clock)
    jobs.drain(portal.clock)


def _approve(portal: Portal) -> None:
    """What no rule found anything on, for all dealers at once; then each claim is decided."""
    with portal.transaction():
        run = session.scalars(select(Run)).one()
        dealers = session.scalars(select(Dealer.public_id)).all()
        together.approve(run, dealers, by=portal.reviewer, now=portal.now)
    jobs.drain(portal.clock)


def _decide(portal: Portal) -> None:
    """Every claim's decision is finished, each with a press."""
    with portal.transaction():
        keys = session.scalars(select(Claim.id).order_by(Claim.id)).all()
    for key in keys:
        with portal.transaction():
            claim = session.get_one(Claim, key)
            services.decide(claim, seen=None, by=portal.reviewer, now=portal.now)


def _close(portal: Portal) -> None:
    """A press, and what the worker does for it."""
    with portal.transaction():
        run = session.scalars(select(Run)).one()
        runs.close(run, seen=None, by=portal.reviewer, now=portal.now)
    jobs.drain(portal.clock)


PHASES = {"opened": _open, "approved": _approve, "decided": _decide, "closed": _close}


def apart(portal: Portal, work: Callable[[], object], meanwhile: Callable[[], object]) -> float:
    """Do some work in a process of its own, and something else until it is done; its seconds."""
    with portal.app.app_context():
        session.remove()
        db.engine.dispose()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            with portal.app.app_context():
                began = time.perf_counter()
                work()
                os.write(writing, str(time.perf_counter() - began).encode())
        finally:
            os._exit(0)
    os.close(writing)
    while not os.waitpid(child, os.WNOHANG)[0]:
        meanwhile()
    with os.fdopen(reading) as answer:
        return float(answer.read())


class Clerk:
    """A dealer at work: how long each of the requests took, in milliseconds."""

    def __init__(self, portal: Portal, database: Database) -> None:
        visitor = Visitor(portal, portal.clerk)
        (draft,) = database.all("SELECT public_id FROM application ORDER BY id DESC LIMIT 1")
        form = FORM | {"seen": "1"}
        self.save = visitor.page(f"/applications/{draft[0]}/edit", target="estimate", form=form)
        self.look = visitor.page("/applications")
        self.took: list[float] = []

    def work(self) -> None:
        """Save as typed, look at a list, think."""
        for request in (self.save, self.look):
            began = time.perf_counter()
            request()
            self.took.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)

    def told(self) -> tuple[float, float]:
        """The 99th percentile of what it took so far, and the longest; from here on anew."""
        times, self.took = sorted(self.took), []
        return times[-(-len(times) * 99 // 100) - 1], times[-1]


# --- The bare side ----------------------------------------------------------------------------


class Written:
    """The rows that the portal adds and changes, read from its database after each phase."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.last = {name: self._last(name) for name in KEYED}
        self.there: set[str] = set()

    def _last(self, name: str) -> int:
        (row,) = self.database.all(f"SELECT coalesce(max(id), 0) FROM {name}")
        return int(row[0])

    def statements(self, phase: str) -> list[tuple[str, list[Any]]]:
        """What is to be executed, with the rows for it, to write the same by hand."""
        ask, mark = self.database.all, "?" if self.database.kind == "sqlite" else "%s"
        made: list[tuple[str, list[Any]]] = []
        for name in (*KEYED, *UNKEYED):
            if name in KEYED:
                rows = ask(f"SELECT * FROM {name} WHERE id > {self.last[name]} ORDER BY id")
                self.last[name] = self._last(name)
            else:
                rows = [] if name in self.there else ask(f"SELECT * FROM {name}")
                self.there |= {name} if rows else set()
            if rows:
                columns = ", ".join(f'"{one}"' for one in names(self.database, name))
                marks = ", ".join([mark] * len(rows[0]))
                made.append((f"INSERT INTO {name} ({columns}) VALUES ({marks})", rows))
        changes = ", ".join(f"{name} = {mark}" for name in CLAIM)
        claims = ask(f"SELECT {', '.join(CLAIM)}, id FROM claim")
        made.append((f"UPDATE claim SET {changes} WHERE id = {mark}", claims))
        if phase == "opened":
            found = ask("SELECT id FROM claim_line WHERE alone")
            made.append((f"UPDATE claim_line SET alone = true WHERE id = {mark}", found))
        if phase == "approved":
            approve = (
                "UPDATE claim_line SET status = 'approved', approved = claimed, decided_by_id = 1, "
                f"decided_at = {mark} WHERE status = 'open' AND NOT alone"
            )
            made.append((approve, [[self.database.instant(RUN_DAY)]]))
        if phase == "closed":
            made.append(("UPDATE claim_run SET status = 'closed', version = version + 2", [[]]))
        return made


def names(database: Database, table: str) -> list[str]:
    cursor = database.connection.cursor()
    cursor.execute(f"SELECT * FROM {table} LIMIT 0")
    return [one[0] for one in cursor.description]


def bare(database: Database, statements: list[tuple[str, list[Any]]]) -> float:
    """Execute statements by hand, in one transaction; the seconds that it takes."""
    plain = [(sql, [_plain(row) for row in rows]) for sql, rows in statements]
    cursor = database.connection.cursor()
    began = time.perf_counter()
    with database.transaction():
        for sql, rows in plain:
            cursor.executemany(sql, rows)
    return time.perf_counter() - began


def _plain(row: Any) -> list[Any]:
    if not any(isinstance(value, dict) for value in row):
        return list(row)
    from psycopg.types.json import Jsonb

    return [Jsonb(value) if isinstance(value, dict) else value for value in row]


# --- Side by side -----------------------------------------------------------------------------


@contextmanager
def _twins(kind: str, size: int) -> Iterator[tuple[Portal, Database, Database]]:
    """A portal with its database, and a copy of that for the bare driver."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="partloop-")))
        url, server = f"sqlite:///{folder / 'portal.sqlite'}", ""
        if kind == "postgresql":
            server = stack.enter_context(postgres.server())
            url = stack.enter_context(postgres.database(server, "month"))
        portal, database = filled(url, size, folder)
        pieces.fill(database, portal)
        _claims(database)
        database.connection.close()
        with portal.app.app_context():
            session.remove()
            db.engine.dispose()
        if server:
            import psycopg

            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute("CREATE DATABASE twin TEMPLATE month")
            twin = url.replace("/month", "/twin")
        else:
            shutil.copy(folder / "portal.sqlite", folder / "twin.sqlite")
            twin = f"sqlite:///{folder / 'twin.sqlite'}"
        databases = [Database(url), Database(twin)]
        yield portal, *databases
        for one in databases:
            one.connection.close()
        with portal.app.app_context():
            session.remove()
            db.engine.dispose()


def measure(kind: str, size: int) -> None:
    """One month on one database."""
    with _twins(kind, size) as (portal, database, twin):
        (lines,) = database.all("SELECT count(*) FROM claim_line")
        print(f"\n{kind}: a month of {lines[0]:,} lines, {DEALERS} dealers", flush=True)
        portal.clock.at = RUN_DAY
        clerk = Clerk(portal, database)
        clerk.work()
        clerk.told()
        apart(portal, lambda: time.sleep(QUIET), clerk.work)
        quiet, longest = clerk.told()
        print(f"  a dealer while all is quiet: p99 {quiet:.0f} ms, at most {longest:.0f} ms")
        written, sums = Written(database), [0.0, 0.0]
        for phase, work in PHASES.items():
            ours = apart(portal, lambda: work(portal), clerk.work)  # noqa: B023
            p99, longest = clerk.told()
            theirs = bare(twin, written.statements(phase))
            sums = [sums[0] + ours, sums[1] + theirs]
            print(
                f"  {phase:9}{ours:7.1f} s, bare {theirs:6.2f} s: {ours / theirs:6.2f}; a dealer "
                f"meanwhile: p99 {p99 / quiet:.1f} of quiet, at most {longest:.0f} ms",
                flush=True,
            )
            if phase == "closed" and p99 > CALM * quiet:
                print(f"  ! the aim is p99 ≤ {CALM} of quiet")
            if phase == "opened":
                _tell_looks(portal, database)
            if phase == "approved":
                for one in (database, twin):
                    one.all(BY_HAND)
        missed = "!" if sums[0] > AIM * sums[1] else ""
        print(f"  in all {sums[0] / sums[1]:.2f}{missed} of bare (≤ {AIM})")
        _tell_papers(portal, database)


def _p50(work: Callable[[], object], times: int = LOOKS) -> float:
    work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def _tell_looks(portal: Portal, database: Database) -> None:
    """The reviewer's pages of a run that has just been opened."""
    reviewer = Visitor(portal, portal.reviewer)
    (run,) = database.all("SELECT public_id FROM claim_run")
    (large,) = database.all("SELECT public_id FROM claim ORDER BY line_count DESC LIMIT 1")
    (alone,) = database.all("SELECT count(*) FROM claim_line WHERE alone")
    spot = database.all(
        "SELECT c.public_id, l.position FROM claim_line l JOIN claim c ON c.id = l.claim_id "
        "WHERE l.alone ORDER BY l.id LIMIT 1"
    )
    pages = {
        "run": f"/runs/{run[0]}",
        "board": f"/runs/{run[0]}/board",
        "largest claim": f"/claims/{large[0]}",
        "next exception": f"/runs/{run[0]}/next",
    }
    if spot:
        pages["its line"] = f"/claims/{spot[0][0]}/review/{spot[0][1]}"
    told = ", ".join(f"{name} {_p50(reviewer.page(url)):.0f} ms" for name, url in pages.items())
    print(f"  {alone[0]:,} lines with findings; p50 of the reviewer's pages: {told}", flush=True)


def _tell_papers(portal: Portal, database: Database) -> None:
    """Statements as PDF, one after the other."""
    clerk = Visitor(portal, portal.reviewer)
    claims = database.all(
        "SELECT public_id, line_count FROM claim ORDER BY id DESC LIMIT :some", some=PAPERS
    )
    began = time.perf_counter()
    size = sum(clerk.drained(f"/claims/{one[0]}/statement/paper.pdf")() for one in claims)
    each = (time.perf_counter() - began) / len(claims)
    lines = sum(one[1] for one in claims) // len(claims)
    print(
        f"  500 statements of {lines} lines as PDF: {500 * each:.0f} s "
        f"({len(claims)} measured, {size // len(claims) // 1000} kB each)"
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.month", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--on", nargs="+", default=("sqlite", "postgresql"))
    options = parser.parse_args()
    logs.configure("WARNING")
    for kind in options.on:
        measure(kind, options.rows)


if __name__ == "__main__":
    main()
