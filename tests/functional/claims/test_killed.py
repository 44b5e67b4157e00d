"""A month whose opening, deciding in bulk and closing are killed at every point on their way."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from portal.claims import figures, runs, services, together
from portal.claims.commands import Decision
from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import Base, db, session
from portal.core.events import Event, verify
from portal.core.jobs import Job
from portal.ledger.models import Transfer
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from tests.functional.claims.looking import decree
from tests.support import appealing, copies
from tests.support import claims as story
from tests.support.claims import OCTOBER, RUN_DAY
from tests.support.portal import START, Portal

ROOT = Path(__file__).parents[3]
IS_LONG = "PARTLOOP_TEST_STEPS" in os.environ
CLAIMS, APPEALS = (75, 18) if IS_LONG else (5, 2)
POINTS = 100 if IS_LONG else 5
"""At least so many points of each phase at which it is killed."""
OPENING, WORKING = 61, 31
"""An attempt dies within so many statements: of about two portions of the work."""
OF_A_WORKER = {Job.__tablename__: ("attempts", "worker", "leased_until")}
"""What tells of attempts, and not of what came of them."""


class Program:
    """The worker in a program of its own, which has compiled its statements when it is killed."""

    def __init__(self, portal: Portal, url: str) -> None:
        self.portal = portal
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.killing", portal.app.instance_path, url],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def works(self, period: int) -> int:
        """Let it do what is to be done; returns at how many points it was killed."""
        let_go(self.portal)
        assert self.process.stdin
        assert self.process.stdout
        print(self.portal.now.isoformat(), period, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline() or "-1")


@pytest.fixture
def program(portal: Portal, database: str) -> Iterator[Program]:
    """The worker, until the test is over."""
    made = Program(portal, database)
    with made.process:
        yield made
        made.process.stdin.close()  # type: ignore[union-attr]


def let_go(portal: Portal) -> None:
    """Nobody here is connected to the database any more."""
    with portal.app.app_context():
        session.remove()
        db.engine.dispose()


def _submitted(portal: Portal) -> None:
    """Claims of a piece each, every third with a dear one that a rule finds; in time."""
    decree(portal, "rule.amount_limit", 10_000)
    cheap = story.pieces(portal, CLAIMS)
    dear = story.pieces(portal, CLAIMS // 3 + 1, part="TH-300")
    with portal.transaction():
        keys = dict(session.execute(select(OldPart.public_id, OldPart)).all())
        for number, name in enumerate(cheap):
            mine = [keys[name], *([keys[dear[number // 3]]] if number % 3 == 0 else [])]
            claim = Claim(
                status="submitted", created_at=portal.now, dealer_id=portal.dealers["north"],
                month=str(OCTOBER), ordinal=number, number=f"RC-{number}",
                created_by_id=portal.clerk.id, submitted_by_id=portal.manager.id,
                submitted_at=portal.now, line_count=len(mine),
                claimed=sum(piece.unit_price for piece in mine),
            )  # fmt: skip
            session.add(claim)
            session.flush()
            session.execute(
                insert(ClaimLine),
                [
                    {
                        "dealer_id": claim.dealer_id, "claim_id": claim.id, "position": position,
                        "old_part_id": piece.id, "part_id": piece.part_id,
                        "claimed": piece.unit_price, "remark": "", "status": "open", "note": "",
                    }
                    for position, piece in enumerate(mine, start=1)
                ],
            )  # fmt: skip


def _decided(portal: Portal, run: Run) -> None:
    """What was not approved together is decided by itself: of dear pieces every second is cut."""
    by, now = portal.reviewer, portal.now
    with portal.transaction():
        claims = session.scalars(select(Claim).order_by(Claim.id)).all()
        for claim in claims:
            is_open = ClaimLine.claim_id == claim.id, ClaimLine.status == "open"
            for place in session.scalars(select(ClaimLine.position).where(*is_open)).all():
                cut = Decision("reduce", 1, "goodwill_share")
                decision = cut if place == 2 and claim.ordinal % 2 else Decision("approve")
                services.decide_line(claim, place, decision, was="open", by=by, now=now)
            services.decide(claim, seen=None, by=by, now=now)
    appealing.granted(portal, run, APPEALS)


def _month(portal: Portal, program: Program, opening: int, working: int) -> tuple[list[int], Any]:
    """A month from its opening to its closing: at how many points each was killed, and all rows."""
    portal.clock.at = START
    _submitted(portal)
    portal.clock.at = RUN_DAY
    killed = [program.works(opening)]
    with portal.transaction():
        run = session.scalars(select(Run)).one()
        dealers = session.scalars(select(Dealer.public_id)).all()
        assert set(session.scalars(select(Claim.status))) == {"in_review"}
        assert together.approve(run, dealers, by=portal.reviewer, now=portal.now) is None
    killed.append(program.works(working))
    _decided(portal, run)
    with portal.transaction():
        runs.close(session.get_one(Run, run.id), seen=None, by=portal.reviewer, now=portal.now)
    killed.append(program.works(working))
    return killed, _rows(portal)


def _rows(portal: Portal) -> dict[str, list[Any]]:
    """Every row of every table."""
    with portal.transaction():
        return {
            table.name: [tuple(row) for row in session.execute(_all_of(table))]
            for table in Base.metadata.sorted_tables
        }


def _all_of(table: Table) -> Any:
    kept = [one for one in table.columns if one.name not in OF_A_WORKER.get(table.name, ())]
    return select(*kept).order_by(*table.primary_key.columns)


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the names of what is made come in the same sequence, from its beginning."""

    def begin() -> None:
        names = count()
        monkeypatch.setattr(secrets, "token_urlsafe", lambda _length=None: f"made-{next(names)}")

    return begin


def test_month_is_as_if_undisturbed_when_it_is_killed_at_every_point(
    portal: Portal,
    database: str,
    program: Program,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    seeded: Callable[[], None],
) -> None:
    """R4, R5, R7, L4: killed before each of its statements and started again, opening, deciding in
    bulk and closing leave the very same rows as if nothing had happened; each claim and each
    granted appeal is credited once (R6)."""
    monkeypatch.setattr(together, "AT_ONCE", 0)
    seeded()
    none, undisturbed = _month(portal, program, 0, 0)
    assert none == [0, 0, 0]
    let_go(portal)
    name = "postgres_copy" if database.startswith("postgresql") else "sqlite_copy"
    copy: copies.Copy = request.getfixturevalue(name)
    copy.renew()
    seeded()
    killed, disturbed = _month(portal, program, OPENING, WORKING)
    print(f"killed at {killed} points")
    assert all(points >= POINTS for points in killed), killed
    for table, rows in undisturbed.items():
        assert disturbed[table] == rows, table
    with portal.transaction():
        run = session.scalars(select(Run)).one()
        assert (run.status, run.claim_count, run.appeal_count) == ("closed", CLAIMS, APPEALS)
        assert figures.agreement(run).holds
        causes = session.scalars(
            select(Transfer.cause).where(Transfer.kind == "reimbursement")
        ).all()
        assert len(set(causes)) == len(causes) == CLAIMS + APPEALS
        for step in ("take_in", "settle"):
            taken = select(func.count()).where(Event.name == step, Event.document_kind == "claim")
            assert session.scalar(taken) == CLAIMS
        assert list(verify()) == []
