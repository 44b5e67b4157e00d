"""O8: a received piece passes or fails, leaves its claim or is charged back, and is objected to."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from portal.claims import figures, runs, services
from portal.claims.commands import Draft
from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import in_transaction, session, snapshot
from portal.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Stale,
    WrongState,
)
from portal.core.events import verify as verify_events
from portal.core.permissions import Role
from portal.ledger.models import Account, Transfer
from portal.ledger.verify import verify
from portal.oldparts import inspecting
from portal.oldparts.inspecting import Finding
from tests.support import claims, story
from tests.support.inspecting import FAILED, decide, inspect, object_to, piece, status
from tests.support.portal import DEPOSIT, Portal

PASSED = Finding(True)


def posted(portal: Portal) -> int:
    """What stands on the dealer's account beside the deposit."""
    with portal.transaction():
        mine = Account.dealer_id == portal.dealers["north"]
        return session.scalars(select(Account.posted).where(mine)).one() - DEPOSIT


def booked(portal: Portal) -> list[tuple[str, int]]:
    """The entries since the deposit."""
    with portal.transaction():
        rows = session.scalars(
            select(Transfer)
            .where(Transfer.dealer_id == portal.dealers["north"], Transfer.kind != "deposit")
            .order_by(Transfer.id)
        )
        return [(row.kind, row.amount) for row in rows]


def agrees(portal: Portal) -> None:
    """The books and the chains hold (L10, P4)."""
    with portal.app.app_context(), snapshot():
        # The applications are written into the tables, without their reservations.
        assert [one for one in verify() if not one.startswith("application:")] == []
        assert list(verify_events()) == []


def settled(portal: Portal, pieces: int = 2) -> tuple[list[str], Run]:
    """Pieces that were received, and reimbursed by a run that is closed."""
    names = claims.pieces(portal, pieces, status="received")
    claim = claims.in_review(portal)
    claims.decide_all(portal, claim)
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, claim.id).run_id)
    claims.close(portal, run)
    return names, run


def test_piece_passes_and_stays_on_its_claim_when_it_is_good(portal: Portal) -> None:
    """O8: a piece that passed can be claimed as before, and is disposed of with others at once."""
    names = claims.pieces(portal, 2, status="received")
    claim = claims.in_review(portal)
    for name in names:
        inspect(portal, name, PASSED)
    assert len(claims.lines(portal, claim)) == 2
    with portal.transaction():
        done, left = inspecting.dispose_many(
            {names[0]: 2, names[1]: 1}, by=portal.warehouse, now=portal.now
        )
        assert ([one.public_id for one in done], [one.public_id for one in left]) == (
            names[:1],
            names[1:],
        )
    assert [status(portal, name) for name in names] == ["disposed", "passed"]
    agrees(portal)


@pytest.mark.parametrize("state", ["draft", "submitted", "in_review", "decided"])
def test_failed_piece_leaves_its_claim_when_it_is_not_settled(portal: Portal, state: str) -> None:
    """O8: the line is gone, the sums follow, and the claim says why; nothing is booked for it."""
    names = claims.pieces(portal, 2, status="received")
    step = {"draft": claims.started, "submitted": claims.submitted}.get(state, claims.in_review)
    claim = step(portal)
    if state == "decided":
        claims.decide_all(portal, claim)
    inspect(portal, names[0])
    assert [line.claimed for line in claims.lines(portal, claim)] == [1250]
    fresh = claims.fresh(portal, claim)
    assert isinstance(fresh, Claim)
    assert (fresh.line_count, fresh.claimed) == (1, 1250)
    assert fresh.approved == (1250 if state == "decided" else 0)
    page = portal.client(portal.manager).get(f"/claims/{claim.public_id}").text
    if state != "draft":
        assert "took out a piece that failed its inspection" in page
    if state == "decided":
        with portal.transaction():
            run = session.get_one(Run, fresh.run_id)
        claims.close(portal, run)
        assert booked(portal) == [("reimbursement", 1250)]
        with portal.transaction():
            assert figures.agreement(session.get_one(Run, run.id)).holds
    agrees(portal)


def test_failed_piece_cannot_be_claimed_when_it_stood_nowhere(portal: Portal) -> None:
    """O8: a piece that failed is not proposed, and one cannot put it back on a draft."""
    failed, other = claims.pieces(portal, 2, status="received")
    claim = claims.started(portal)
    inspect(portal, failed)
    both = frozenset({failed, other})
    with portal.transaction():
        draft = session.get_one(Claim, claim.id)
        facts: dict[str, Any] = {"seen": None, "by": portal.clerk, "now": portal.now}
        with pytest.raises(Conflict):
            services.save(draft, Draft(both, both), **facts)


def test_failed_piece_is_charged_back_once_when_it_was_reimbursed(portal: Portal) -> None:
    """O8, L4: what was approved for its line, shown with the claim; and given back once."""
    names, run = settled(portal)
    inspect(portal, names[0])
    assert booked(portal) == [("reimbursement", 2500), ("old_part_charge", 1250)]
    with pytest.raises(WrongState):
        inspect(portal, names[0])
    page = portal.client(portal.clerk).get(f"/old-parts/{names[0]}").text
    assert "Charged back" in page
    object_to(portal, names[0])
    decide(portal, names[0], "overturn")
    assert posted(portal) == 2500
    assert booked(portal)[2:] == [("reversal", 1250)]
    with pytest.raises(WrongState):
        decide(portal, names[0], "overturn")
    with portal.transaction():
        assert figures.agreement(session.get_one(Run, run.id)).holds
        entry = session.scalars(select(Transfer).where(Transfer.kind == "old_part_charge")).one()
        assert entry.values["approved"] == 1250
        assert entry.document_name == names[0]
    assert "Reimbursed" in portal.client(portal.clerk).get(f"/old-parts/{names[0]}").text
    agrees(portal)


def test_only_what_was_approved_is_charged_back_when_a_line_was_reduced(portal: Portal) -> None:
    """O8: a rejected line was never paid, a reduced one in part."""
    names = claims.pieces(portal, 3, status="received")
    claim = claims.in_review(portal)
    with portal.transaction():
        one = session.get_one(Claim, claim.id)
        facts: dict[str, Any] = {"was": "open", "by": portal.reviewer, "now": portal.now}
        services.decide_line(one, 1, services.Decision("reduce", 400, "goodwill_share"), **facts)
        services.decide_line(one, 2, services.Decision("reject", None, "user_damage"), **facts)
    claims.decide_all(portal, claim)
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, claim.id).run_id)
    claims.close(portal, run)
    for name in names[:2]:
        inspect(portal, name)
    assert booked(portal) == [("reimbursement", 1650), ("old_part_charge", 400)]
    agrees(portal)


def test_money_stays_when_headquarters_pays_for_a_failed_piece(portal: Portal) -> None:
    """O8: who pays is part of the finding."""
    names, _run = settled(portal, 1)
    inspect(portal, names[0], replace(FAILED, pays="headquarters"))
    assert booked(portal) == [("reimbursement", 1250)]
    with pytest.raises(Conflict):
        object_to(portal, names[0])
    (other,) = claims.pieces(portal, 1, status="received")
    inspect(portal, other, replace(FAILED, pays="headquarters"))
    assert len(claims.lines(portal, claims.started(portal))) == 1


def test_piece_can_be_claimed_again_when_it_passes_after_all(portal: Portal) -> None:
    """O8: what left its claim is proposed for the month in which it passed."""
    (name,) = claims.pieces(portal, 1, status="received")
    claims.in_review(portal)
    inspect(portal, name)
    portal.clock.advance(days=10)
    object_to(portal, name)
    decide(portal, name, "overturn")
    with portal.transaction():
        assert piece(name).accepted_at == portal.now
    assert len(claims.lines(portal, claims.started(portal))) == 1


def test_objection_is_refused_when_it_is_late_or_the_second(portal: Portal) -> None:
    """O8: once, within the days of the policy value, to the last second (T1)."""
    late, twice = claims.pieces(portal, 2, status="received")
    inspect(portal, late)
    inspect(portal, twice)
    begun = portal.now
    portal.clock.at = begun.replace(hour=23, minute=59, second=59) + timedelta(days=14)
    object_to(portal, twice)
    decide(portal, twice, "uphold")
    assert status(portal, twice) == "failed"
    with pytest.raises(Conflict):
        object_to(portal, twice)
    portal.clock.advance(seconds=1)
    with pytest.raises(Conflict):
        object_to(portal, late)


def test_nobody_decides_on_their_own_inspection(portal: Portal) -> None:
    """P2: whoever inspected a piece does not decide on the objection."""
    (name,) = claims.pieces(portal, 1, status="received")
    both = replace(portal.warehouse, roles=frozenset({Role.WAREHOUSE, Role.DESK}))
    inspect(portal, name)
    object_to(portal, name)
    for step in ("uphold", "overturn"):
        with pytest.raises(Forbidden):
            decide(portal, name, step, by=both)
    decide(portal, name, "uphold")


@pytest.mark.parametrize(
    ("finding", "photos", "field"),
    [
        (replace(FAILED, failure_code=""), None, "code"),
        (replace(FAILED, failure_code="made up"), None, "code"),
        (replace(FAILED, pays="nobody"), None, "pays"),
        (replace(FAILED, failure_code="other", words=" "), None, "reason"),
        (FAILED, [], "photos"),
        (FAILED, ["A" * 16], "photos"),
    ],
)
def test_finding_is_refused_when_something_is_missing(
    portal: Portal, finding: Finding, photos: list[str] | None, field: str
) -> None:
    """O8: a reason, who pays, and a photo of what was found."""
    (name,) = claims.pieces(portal, 1, status="received")
    with pytest.raises(Invalid) as refused:
        inspect(portal, name, finding, photos)
    assert field in ({refused.value.field} | set(refused.value.fields))
    assert status(portal, name) == "received"


@pytest.mark.parametrize(
    ("who", "refusal"),
    [("desk", Forbidden), ("clerk", Forbidden), ("reviewer", Forbidden), ("auditor", Forbidden),
     ("other_clerk", NotFound)],
)  # fmt: skip
def test_inspection_is_refused_when_it_is_not_the_warehouse(
    portal: Portal, who: str, refusal: type[Refusal]
) -> None:
    """P1, P3."""
    (name,) = claims.pieces(portal, 1, status="received")
    photo = [story.photo(portal, who)]
    with pytest.raises(refusal):
        inspect(portal, name, photos=photo, by=portal.cast[who])
    inspect(portal, name)
    if who != "clerk":
        with pytest.raises(refusal):
            object_to(portal, name, by=portal.cast[who])
    with pytest.raises(Stale):
        object_to(portal, name, seen=1)


@pytest.mark.parametrize("_round", range(3))
def test_piece_is_paid_once_or_not_at_all_when_it_fails_while_the_run_settles(
    portal: Portal, _round: int
) -> None:
    """O8, R7: at the same second; it left its claim before, or is charged back after."""
    names = claims.pieces(portal, 2, status="received")
    claim = claims.in_review(portal)
    claims.decide_all(portal, claim)
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, claim.id).run_id)
        runs.close(run, seen=None, by=portal.reviewer, now=portal.now)
        run_name = run.public_id
    photo = story.photo(portal, "warehouse")
    together = Barrier(2)

    def fail() -> None:
        with portal.app.app_context():
            together.wait(30)
            in_transaction(
                lambda: inspecting.inspect(
                    piece(names[0]), FAILED, [photo], seen=None, by=portal.warehouse, now=portal.now
                )
            )

    def settle() -> None:
        with portal.app.app_context():
            together.wait(30)
            runs.close_run({"run": run_name}, portal.clock)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(fail), pool.submit(settle)]:
            future.result(60)
    assert posted(portal) == 1250
    with portal.transaction():
        assert figures.agreement(session.get_one(Run, run.id)).holds
    agrees(portal)


@pytest.mark.parametrize("_round", range(3))
def test_failed_piece_is_on_no_claim_when_it_fails_while_its_dealer_begins_one(
    portal: Portal, _round: int
) -> None:
    """O8, R1: whichever comes first, in the end it cannot be reimbursed."""
    names = claims.pieces(portal, 2, status="received")
    photo = story.photo(portal, "warehouse")
    together = Barrier(2)

    def fail() -> None:
        with portal.app.app_context():
            together.wait(30)
            in_transaction(
                lambda: inspecting.inspect(
                    piece(names[0]), FAILED, [photo], seen=None, by=portal.warehouse, now=portal.now
                )
            )

    def start() -> None:
        with portal.app.app_context():
            together.wait(30)
            in_transaction(lambda: services.start(claims.OCTOBER, by=portal.clerk, now=portal.now))

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(fail), pool.submit(start)]:
            future.result(60)
    with portal.transaction():
        held = session.scalars(select(ClaimLine.old_part_id)).all()
        assert held == [piece(names[1]).id]
