"""The monthly run: when it opens, what it takes in, how it closes, and that the sums agree."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event as Signal
from threading import Thread

import pytest
from sqlalchemy import func, select, text

from portal.claims import figures, queries, run_days, runs, services
from portal.claims.commands import Decision
from portal.claims.models import Claim, Run
from portal.core import jobs
from portal.core.clock import FixedClock, Month
from portal.core.db import in_transaction, session
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale, WrongState
from portal.core.events import Event, verify
from portal.core.permissions import SYSTEM
from portal.ledger.models import Account, Transfer
from portal.notices.models import Notice
from portal.terms.models import PolicyValue
from tests.functional.claims import looking
from tests.support import claims as story
from tests.support.claims import HQ, NOVEMBER, OCTOBER, RUN_DAY
from tests.support.portal import Portal
from tests.support.queries import counted

SECOND = timedelta(seconds=1)


def ring(portal: Portal, at: datetime) -> None:
    """Let the timers look at the clock at a time."""
    portal.clock.at = at
    with portal.app.app_context():
        jobs.ring(portal.clock)


def run_of(portal: Portal, month: Month) -> Run | None:
    """The run for a month, if it is open."""
    with portal.transaction():
        return session.scalars(select(Run).where(Run.month == str(month))).one_or_none()


def status_of(portal: Portal, claim: Claim) -> tuple[str, int | None]:
    """A claim's state and the run that it is in."""
    kept = story.fresh(portal, claim)
    assert isinstance(kept, Claim)
    return kept.status, kept.run_id


def test_run_opens_when_the_third_begins_in_hq_zone(portal: Portal) -> None:
    """R4, T1: the run for the month before opens as the run day begins, not a second before."""
    ring(portal, RUN_DAY - SECOND)
    assert run_of(portal, OCTOBER) is None
    ring(portal, RUN_DAY)
    assert run_of(portal, OCTOBER) is not None
    ring(portal, RUN_DAY + 9 * SECOND)
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(Run)) == 1


def test_claim_in_next_run_when_submitted_as_the_third_begins(portal: Portal) -> None:
    """R4: submitted at 23:59:59 it is in the run, at 00:00:00 it is in the next one."""
    story.pieces(portal, 1, at=RUN_DAY - timedelta(days=9))
    story.pieces(portal, 1, dealer="south", at=RUN_DAY - timedelta(days=9))
    portal.clock.at = RUN_DAY - SECOND
    in_time = story.submitted(portal)
    portal.clock.at = RUN_DAY
    late = story.submitted(portal, by="other_manager")
    ring(portal, RUN_DAY + timedelta(hours=5))
    run = run_of(portal, OCTOBER)
    assert run is not None
    assert status_of(portal, in_time) == ("in_review", run.id)
    assert status_of(portal, late) == ("submitted", None)
    ring(portal, datetime(2026, 12, 3, 0, 0, tzinfo=HQ))
    following = run_of(portal, NOVEMBER)
    assert following is not None
    assert status_of(portal, late) == ("in_review", following.id)


def test_claim_for_a_later_month_waits_when_run_opens(portal: Portal) -> None:
    """R4: a run takes in its own month and what was left over, not the month after."""
    story.pieces(portal, 1, at=RUN_DAY - timedelta(days=1))
    portal.clock.at = RUN_DAY - SECOND
    claim = story.submitted(portal, NOVEMBER)
    ring(portal, RUN_DAY)
    assert status_of(portal, claim) == ("submitted", None)


def test_run_day_follows_policy_value_when_it_was_set(portal: Portal) -> None:
    """R4: the day is a policy value."""
    with portal.transaction():
        session.add(
            PolicyValue(
                status="approved",
                created_at=portal.now,
                name="claim.run_day",
                value=5,
                effective_from=RUN_DAY.date(),
                reason="Holidays",
            )
        )
    ring(portal, RUN_DAY)
    assert run_of(portal, OCTOBER) is None
    ring(portal, RUN_DAY + timedelta(days=2))
    assert run_of(portal, OCTOBER) is not None


def test_run_opens_on_the_next_working_day_when_headquarters_says_so(portal: Portal) -> None:
    """R4, A10: Saturday the 3rd of October 2026 waits for Monday; a claim until then is in it."""
    looking.decree(portal, "claim.run_on_working_day", 1)
    story.pieces(portal, 1, at=datetime(2026, 9, 9, tzinfo=HQ))
    monday = datetime(2026, 10, 5, tzinfo=HQ)
    portal.clock.at = monday - SECOND
    claim = story.submitted(portal, Month(2026, 9))
    ring(portal, monday - SECOND)
    assert run_of(portal, Month(2026, 9)) is None
    with portal.transaction():
        assert run_days.next_cutoff(portal.now) == monday
    ring(portal, monday)
    run = run_of(portal, Month(2026, 9))
    assert run is not None
    assert status_of(portal, claim) == ("in_review", run.id)
    with portal.transaction():
        assert run_days.next_cutoff(monday) == datetime(2026, 11, 3, tzinfo=HQ)


def test_one_run_opens_when_workers_race(portal: Portal) -> None:
    """R4: several workers at once open one run, and each claim is taken in once."""
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    portal.clock.at = RUN_DAY

    def work() -> None:
        with portal.app.app_context():
            jobs.ring(FixedClock(RUN_DAY))

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with portal.transaction():
        (run,) = session.scalars(select(Run)).all()
        taken = session.scalar(
            select(func.count()).where(Event.document_kind == "claim", Event.name == "take_in")
        )
        assert (taken, run.event_count) == (1, 1)
        assert list(verify()) == []
    assert status_of(portal, claim) == ("in_review", run.id)


def test_run_opened_by_hand_takes_in_what_is_there(portal: Portal) -> None:
    """R4: a reviewer can open the next run early, each month in its turn and once."""
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    with pytest.raises(Conflict), portal.transaction():
        runs.open_run(NOVEMBER, by=portal.reviewer, now=portal.now)
    run = story.opened(portal)
    assert status_of(portal, claim) == ("in_review", run.id)
    with pytest.raises(Conflict):
        story.opened(portal)
    ring(portal, RUN_DAY)
    with portal.transaction():
        assert session.scalars(select(Run.month).order_by(Run.id)).all() == ["2026-09", "2026-10"]


def test_dealer_is_told_when_claim_is_taken_in(portal: Portal) -> None:
    """P4: many claims are taken in together; each has its event and its notices."""
    story.pieces(portal, 1)
    story.pieces(portal, 1, dealer="south")
    story.submitted(portal)
    story.submitted(portal, by="other_manager")
    story.opened(portal)
    with portal.transaction():
        told = session.execute(
            select(Event.dealer_id, Notice.user_id)
            .join(Notice, Notice.event_id == Event.id)
            .where(Event.name == "take_in")
        )
        north, south = portal.dealers["north"], portal.dealers["south"]
        assert {tuple(row) for row in told} == {
            (north, portal.clerk.id), (north, portal.manager.id),
            (south, portal.other_clerk.id), (south, portal.other_manager.id),
        }  # fmt: skip


def _two_claims(portal: Portal) -> tuple[Run, Claim, Claim]:
    """A run with a claim of each dealer: 3 × 12.50 and 2 × 150.00."""
    story.pieces(portal, 3)
    story.pieces(portal, 2, dealer="south", part="TH-300")
    north = story.submitted(portal)
    south = story.submitted(portal, by="other_manager")
    return story.opened(portal), north, south


def balance(portal: Portal, dealer: str) -> int:
    """What is posted on a dealer's account."""
    with portal.transaction():
        return session.scalars(
            select(Account.posted).where(Account.dealer_id == portal.dealers[dealer])
        ).one()


def test_each_claim_credited_once_when_run_closes(portal: Portal) -> None:
    """R7, R8, L4: closing credits what was approved; lines, claims, run and ledger agree."""
    run, north, south = _two_claims(portal)
    start = balance(portal, "north"), balance(portal, "south")
    with portal.transaction():
        for position, decision in (
            (1, Decision("reduce", 1001, "goodwill_share")),
            (2, Decision("reject", None, "user_damage")),
        ):
            services.decide_line(
                session.get_one(Claim, north.id), position, decision, was="open",
                by=portal.reviewer, now=portal.now,
            )  # fmt: skip
    story.decide_all(portal, north)
    story.decide_all(portal, south)
    with portal.transaction():
        halfway = figures.agreement(session.get_one(Run, run.id))
    assert halfway.holds
    assert (halfway.lines, halfway.ledger, halfway.run) == (32251, 0, None)
    assert story.close(portal, run) == 1
    assert status_of(portal, north) == ("settled", run.id)
    assert (balance(portal, "north"), balance(portal, "south")) == (
        start[0] + 2251,
        start[1] + 30000,
    )
    with portal.transaction():
        kept = session.get_one(Run, run.id)
        assert (kept.status, kept.claim_count, kept.claimed, kept.approved) == (
            "closed", 2, 33750, 32251,
        )  # fmt: skip
        assert kept.closed_at == portal.now
        agreed = figures.agreement(kept)
        assert agreed.holds
        assert agreed.run == agreed.lines == agreed.claims == agreed.ledger == 32251
        entry = queries.credited(session.get_one(Claim, north.id))
        assert entry is not None
        assert (entry.cause, entry.amount, entry.document_title, entry.kind) == (
            f"claim/{north.public_id}/reimbursement", 2251, north.number, "reimbursement",
        )  # fmt: skip
        statement = figures.statement_of_run(kept)
        assert statement.claimed == (
            statement.approved + statement.reduced + statement.rejected + statement.open
        )
        settled = session.scalars(select(Event).where(Event.name == "settle")).all()
        assert {event.values["approved"] for event in settled} == {2251, 30000}
        assert list(verify()) == []


def test_nothing_booked_when_nothing_was_approved(portal: Portal) -> None:
    """R7: a claim of which all was rejected is settled without an entry."""
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    run = story.opened(portal)
    with portal.transaction():
        services.decide_line(
            session.get_one(Claim, claim.id), 1, Decision("reject", None, "repeat"), was="open",
            by=portal.reviewer, now=portal.now,
        )  # fmt: skip
    story.decide_all(portal, claim)
    story.close(portal, run)
    assert status_of(portal, claim) == ("settled", run.id)
    with portal.transaction():
        assert session.scalars(select(Transfer).where(Transfer.kind == "reimbursement")).all() == []
        assert figures.agreement(session.get_one(Run, run.id)).holds


def test_each_supplement_credited_when_a_dealer_has_several_claims(portal: Portal) -> None:
    """R7: two claims of one dealer in one batch are two entries on one account."""
    story.pieces(portal, 1)
    story.in_review(portal)
    story.pieces(portal, 2)
    supplement = story.submitted(portal)
    portal.clock.at = RUN_DAY - timedelta(hours=1)
    story.pieces(portal, 4, at=portal.now)
    november = story.submitted(portal, NOVEMBER)
    run = story.opened(portal, NOVEMBER)
    before = balance(portal, "north")
    for claim in (supplement, november):
        story.decide_all(portal, claim)
    story.close(portal, run)
    assert balance(portal, "north") == before + 6 * 1250


def test_refused_when_a_claim_is_undecided(portal: Portal) -> None:
    """R7: a run closes when every claim is decided."""
    run, north, south = _two_claims(portal)
    story.decide_all(portal, north)
    with pytest.raises(Invalid, match="1 claim is not decided"):
        story.close(portal, run)
    story.decide_all(portal, south)
    assert story.close(portal, run) == 1


def test_closed_run_stays_closed_when_it_is_closed_again(portal: Portal) -> None:
    """R7: a closed run is never opened again; the job done twice changes nothing."""
    run, north, south = _two_claims(portal)
    story.decide_all(portal, north)
    story.decide_all(portal, south)
    story.close(portal, run)
    before = balance(portal, "north")
    with portal.app.app_context():
        runs.close_run({"run": run.public_id}, portal.clock)
    for action in (runs.close, runs.start_review):
        with pytest.raises(WrongState), portal.transaction():
            action(session.get_one(Run, run.id), seen=None, by=portal.reviewer, now=portal.now)
    with pytest.raises(WrongState), portal.transaction():
        runs.close_again(session.get_one(Run, run.id), by=portal.reviewer, now=portal.now)
    with pytest.raises(Conflict):
        story.opened(portal)
    assert balance(portal, "north") == before


def test_all_settled_when_closing_is_done_in_small_batches(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: the batches follow each other until nothing is left."""
    monkeypatch.setattr(runs, "BATCH", 1)
    run, north, south = _two_claims(portal)
    story.decide_all(portal, north)
    story.decide_all(portal, south)
    story.close(portal, run)
    assert story.fresh(portal, run).status == "closed"
    with portal.transaction():
        assert session.scalar(select(func.sum(Transfer.amount)).where(
            Transfer.kind == "reimbursement"
        )) == 33750  # fmt: skip


def test_each_claim_credited_once_when_two_workers_close(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: a second worker at the same run waits its turn; nobody is paid twice."""
    monkeypatch.setattr(runs, "BATCH", 1)
    run, north, south = _two_claims(portal)
    story.decide_all(portal, north)
    story.decide_all(portal, south)
    with portal.transaction():
        runs.close(session.get_one(Run, run.id), seen=None, by=portal.reviewer, now=portal.now)
    failed: list[Exception] = []

    def work() -> None:
        with portal.app.app_context():
            try:
                runs.close_run({"run": run.public_id}, portal.clock)
            except Exception as error:  # the other thread must not hide it
                failed.append(error)

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    with portal.transaction():
        assert session.get_one(Run, run.id).status == "closed"
        assert figures.agreement(session.get_one(Run, run.id)).holds
        assert list(verify()) == []


def test_review_begins_once_when_reviewer_starts_it(portal: Portal) -> None:
    """R4: the run says that somebody is at it; a stale page is told so."""
    run = story.opened(portal)
    with pytest.raises(Stale), portal.transaction():
        runs.start_review(session.get_one(Run, run.id), seen=9, by=portal.reviewer, now=portal.now)
    with portal.transaction():
        runs.start_review(session.get_one(Run, run.id), seen=1, by=portal.reviewer, now=portal.now)
    with pytest.raises(WrongState), portal.transaction():
        runs.start_review(
            session.get_one(Run, run.id), seen=None, by=portal.reviewer, now=portal.now
        )
    assert story.fresh(portal, run).status == "reviewing"


@pytest.mark.parametrize(
    "who", ["clerk", "manager", "desk", "finance", "warehouse", "administrator", "auditor"]
)
def test_refused_when_somebody_else_runs_the_month(portal: Portal, who: str) -> None:
    """P2, R4, R7: only reviewers open, review and close a run."""
    run = story.opened(portal)
    by = portal.cast[who]
    for action in (runs.close, runs.start_review):
        with pytest.raises((Forbidden, NotFound)), portal.transaction():
            action(session.get_one(Run, run.id), seen=None, by=by, now=portal.now)
    with pytest.raises(Forbidden), portal.transaction():
        runs.close_again(session.get_one(Run, run.id), by=by, now=portal.now)
    portal.clock.at = RUN_DAY
    with pytest.raises(Forbidden), portal.transaction():
        runs.open_run(NOVEMBER, by=by, now=portal.now)
    assert story.fresh(portal, run).status == "open"


def test_closing_goes_on_when_it_had_given_up(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R7: a closing whose job gave up can be set going again."""
    run, north, south = _two_claims(portal)
    story.decide_all(portal, north)
    story.decide_all(portal, south)
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "MOST_ATTEMPTS", 1)
        broken.setattr(runs, "_finish", lambda *_: 1 / 0)
        assert story.close(portal, run) == 0
        with portal.transaction():
            job = jobs.state_of(runs.job_key(run))
            assert job is not None
            assert "division" in job.error
            runs.close_again(session.get_one(Run, run.id), by=portal.reviewer, now=portal.now)
    assert story.work(portal) == 1
    assert story.fresh(portal, run).status == "closed"


CUTOFF = datetime(2026, 11, 3, tzinfo=HQ)
LAST_SECOND = CUTOFF - timedelta(seconds=1)


def _submit(portal: Portal, claim: Claim) -> None:
    claim = session.get_one(Claim, claim.id)
    services.submit(claim, seen=None, by=portal.manager, now=LAST_SECOND)


def _open(portal: Portal) -> None:
    runs.open_run(OCTOBER, by=SYSTEM, now=CUTOFF)


def _meanwhile(portal: Portal, work: Callable[[Portal], None]) -> Future[None]:
    """Another connection at its work: it has come as far as it can before this one is done."""
    began = Signal()

    def at_work() -> None:
        began.set()
        with portal.app.app_context():
            in_transaction(lambda: work(portal))

    pool = ThreadPoolExecutor(1)
    future = pool.submit(at_work)
    pool.shutdown(wait=False)
    assert began.wait(60)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
        " WHERE NOT granted AND datname = current_database()"
    )
    # SQLite lets nobody begin before this transaction ends, wherever the other one has come to.
    while not is_sqlite and not future.done() and not session.scalar(waiting):
        pass
    return future


def _october_claim(portal: Portal) -> Claim:
    """A draft for October, the run before it open."""
    with portal.transaction():
        runs.open_run(OCTOBER.plus(-1), by=portal.reviewer, now=portal.now)
    story.pieces(portal, 1)
    return story.started(portal)


def test_claim_is_in_the_run_when_its_submission_was_under_way_at_the_opening(
    portal: Portal,
) -> None:
    """R4: stamped at 23:59:59 and not yet committed when the run opens at 00:00:00."""
    claim = _october_claim(portal)
    with portal.transaction():
        _submit(portal, claim)
        opening = _meanwhile(portal, _open)
    opening.result(60)
    taken = story.fresh(portal, claim)
    assert isinstance(taken, Claim)
    assert (taken.status, taken.submitted_at) == ("in_review", LAST_SECOND)
    with portal.transaction():
        assert session.get_one(Run, taken.run_id).month == "2026-10"


def test_claim_is_late_and_says_so_when_the_run_opened_before_its_turn_came(
    portal: Portal,
) -> None:
    """R4: pressed at 23:59:59, and its turn came when the run was open: stamped with that time."""
    claim = _october_claim(portal)
    with portal.transaction():
        _open(portal)
        submission = _meanwhile(portal, lambda portal: _submit(portal, claim))
    submission.result(60)
    late = story.fresh(portal, claim)
    assert isinstance(late, Claim)
    assert (late.status, late.run_id, late.submitted_at) == ("submitted", None, CUTOFF)
    portal.clock.at = CUTOFF + timedelta(days=30)
    with portal.transaction():
        run = runs.open_run(NOVEMBER, by=SYSTEM, now=portal.now)
    again = story.fresh(portal, claim)
    assert isinstance(again, Claim)
    assert (again.status, again.run_id) == ("in_review", run.id)


def test_closing_asks_no_more_when_it_settles_more_claims(portal: Portal) -> None:
    """R7: set-based: events and notices of a batch are written together; each is told of once."""
    costs = []
    for month, count in ((OCTOBER, 2), (NOVEMBER, 8)):
        portal.clock.at = month.plus(1).start(HQ) + timedelta(days=4)
        run = story.opened(portal, month)
        names = story.decided(portal, run, count)
        with portal.transaction():
            runs.close(session.get_one(Run, run.id), seen=None, by=portal.reviewer, now=portal.now)
        with counted(portal.app) as statements, portal.transaction():
            assert runs.settle_some(run.public_id, portal.now)
        # SQLite gives the keys of new rows one by one.
        costs.append(sum("INSERT INTO event" not in one for one in statements))
        with portal.transaction():
            told = session.execute(
                select(Notice.user_id, func.count())
                .join(Event, Event.id == Notice.event_id)
                .join(Claim, Claim.id == Event.document_id)
                .where(Event.name == "settle", Claim.public_id.in_(names))
                .group_by(Notice.user_id)
            ).all()
            assert told
            assert {count for _user, count in told} == {len(names)}
    assert costs[0] == costs[1]
