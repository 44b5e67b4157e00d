"""Closing a run that is killed at every point on its way."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import func, select

from portal.claims import figures, runs
from portal.claims.models import Claim, Run
from portal.core.db import db, session
from portal.core.events import Event, verify
from portal.ledger.models import Account, Transfer
from tests.support import appealing
from tests.support import claims as story
from tests.support.portal import DEPOSIT, Portal

CLAIMS, APPEALS = 24, 8
ROOT = Path(__file__).parents[3]


def _killed_closing(portal: Portal, url: str) -> int:
    """Let the program close what is to be closed; returns at how many points it was killed."""
    with portal.app.app_context():
        session.remove()
        db.engine.dispose()
        folder = portal.app.instance_path
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.closing", folder, url, portal.now.isoformat()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout)


def test_each_claim_credited_once_when_closing_is_killed_at_30_points(
    portal: Portal, database: str
) -> None:
    """R7, L4: killed before each of its statements, and started again, it credits each once.

    So it does each granted appeal (R6).
    """
    run = story.opened(portal)
    names = story.decided(portal, run, CLAIMS)
    appealed = appealing.granted(portal, run, APPEALS)
    with portal.transaction():
        runs.close(session.get_one(Run, run.id), seen=None, by=portal.reviewer, now=portal.now)
    assert _killed_closing(portal, database) >= 30
    with portal.transaction():
        causes = session.scalars(
            select(Transfer.cause).where(Transfer.kind == "reimbursement").order_by(Transfer.cause)
        ).all()
        assert causes == sorted(
            [
                *(f"claim/{name}/reimbursement" for name in names),
                *(f"appeal/{name}/reimbursement" for name in appealed),
            ]
        )
        amount, granted = 100 * CLAIMS * (CLAIMS + 1) // 2, 100 * APPEALS * (APPEALS + 1) // 2
        posted = select(Account.posted).where(Account.dealer_id == portal.dealers["north"])
        assert session.scalar(posted) == DEPOSIT + amount + granted
        kept = session.get_one(Run, run.id)
        assert (kept.status, kept.approved, kept.claim_count) == ("closed", amount, CLAIMS)
        assert (kept.appeal_count, kept.appealed) == (APPEALS, granted)
        assert figures.agreement(kept).holds
        assert set(session.scalars(select(Claim.status))) == {"settled"}
        settled = select(func.count()).where(Event.name == "settle")
        assert session.scalar(settled) == CLAIMS + APPEALS
        finished = select(func.count()).where(Event.name == "finish")
        assert session.scalar(finished) == 1
        assert list(verify()) == []
