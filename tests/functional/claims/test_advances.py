"""Approved compensation on a claim: at most what was approved, once, settled to the cent (R1)."""

from datetime import datetime

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.advances.models import Advance
from portal.claims import figures, outlay_queries, outlays, services
from portal.claims.commands import Decision, Paid
from portal.claims.models import ADVANCE, Claim, ClaimLine, Run
from portal.claims.summary import summary_of
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Invalid, NotFound
from portal.ledger.models import Transfer
from portal.sheets.table import read_table
from tests.functional.claims.looking import kept, looked
from tests.support import advances, appealing
from tests.support import claims as story
from tests.support.pdf import Paper
from tests.support.portal import HQ, Portal
from tests.support.story import photo

AT_MOST = 36000


def add(portal: Portal, claim: Claim, name: str, amount: int = 35000, by: str = "clerk") -> None:
    """Put a compensation on a draft, with a receipt."""
    paid = Paid(ADVANCE, name, amount, [photo(portal, by)])
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        outlays.add(claim, paid, by=portal.cast[by], now=portal.now)


def take_off(portal: Portal, claim: Claim, name: str) -> None:
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        outlays.remove(claim, ADVANCE, name, by=portal.clerk, now=portal.now)


def submit(portal: Portal, claim: Claim) -> None:
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        services.submit(claim, seen=None, by=portal.manager, now=portal.now)


def begun(portal: Portal) -> tuple[Claim, Advance]:
    """A draft for November with an old part, and a compensation that is not on it."""
    advance = advances.approved(portal, AT_MOST)
    story.pieces(portal, 1)
    return story.started(portal, Month.of(portal.now)), advance


def test_compensation_is_a_line_when_at_most_what_was_approved_is_claimed(portal: Portal) -> None:
    """R1, R3: never more than approved, on one line; taken off with its receipt, it is free."""
    claim, advance = begun(portal)
    with pytest.raises(Invalid, match=r"At most .*360\.00 was approved"):
        add(portal, claim, advance.public_id, AT_MOST + 1)
    add(portal, claim, advance.public_id, AT_MOST)
    last = story.lines(portal, claim)[-1]
    assert (last.kind, last.advance_id, last.claimed) == (ADVANCE, advance.id, AT_MOST)
    with pytest.raises(Invalid, match="on a claim already"):
        add(portal, claim, advance.public_id)
    other = {"dealer_id": last.dealer_id, "claim_id": claim.id, "claimed": 1, "position": 99}
    for wrong in (
        {"kind": ADVANCE, "advance_id": advance.id},
        {"kind": ADVANCE, "advance_id": None},
        {"kind": "freight", "advance_id": advance.id},
    ):
        with pytest.raises(IntegrityError), portal.transaction():
            session.execute(insert(ClaimLine).values(**other, **wrong))
    take_off(portal, claim, advance.public_id)
    with portal.transaction():
        again = session.get_one(Claim, claim.id)
        assert again.line_count == 1
        assert len(outlay_queries.claimable(again, ADVANCE, portal.now)) == 1
    add(portal, claim, advance.public_id)


def test_refused_when_it_is_not_approved_foreign_or_has_lapsed(portal: Portal) -> None:
    """P1, R2, S4: approved by the end of the month, at most six months before it, one's own."""
    claim, advance = begun(portal)
    theirs = advances.approved(portal, by="other_clerk")
    waiting = advances.requested(portal)
    with pytest.raises(Invalid, match="Choose a compensation"):
        add(portal, claim, theirs.public_id)
    with pytest.raises(Invalid, match="cannot be claimed for this month"):
        add(portal, claim, waiting.public_id)
    with pytest.raises(NotFound):
        add(portal, claim, theirs.public_id, by="other_clerk")
    month = Month.parse(claim.month)
    for decided_at, could in (
        (month.plus(1).start(HQ), False),
        (month.plus(-6).start(HQ), True),
        (datetime(2026, 1, 1, tzinfo=HQ), False),
    ):
        with portal.transaction():
            session.execute(update(Advance).values(decided_at=decided_at))
        with portal.transaction():
            found = outlay_queries.claimable(claim, ADVANCE, portal.now)
            assert bool(found) is could, decided_at
    with pytest.raises(Invalid, match="cannot be claimed for this month"):
        add(portal, claim, advance.public_id)


def test_one_credit_when_compensation_is_claimed_decided_and_appealed(portal: Portal) -> None:
    """R6–R8, P1: on pages, desk and papers; summed, paid with its claim in one entry."""
    claim, advance = begun(portal)
    clerk, url = portal.client(portal.clerk), f"/claims/{claim.public_id}"
    assert "1 approved compensation is not claimed yet." in clerk.get(url).text
    assert "Approved compensations to claim" not in clerk.get("/").text  # it is this month's
    paid = {"document": advance.public_id, "amount": "350", "files_kept": photo(portal)}
    refused = clerk.post(f"{url}/advance", paid | {"amount": "360.01"})
    assert refused.status_code == 422
    assert "360.01" in refused.text
    assert clerk.post(f"{url}/advance", paid).status_code == 303
    draft = portal.client(portal.desk).get(f"/advances/{advance.public_id}").text
    assert claim.number not in draft, "a draft is its dealer's"
    assert claim.number in clerk.get(f"/advances/{advance.public_id}").text
    submit(portal, claim)
    run = story.opened(portal, Month.of(portal.now))
    assert 2 in looked(portal, "amount", limit=100)
    reviewer = portal.client(portal.reviewer)
    for page in (url, f"{url}/review/2"):
        assert advance.number in reviewer.get(page).text, page
    with portal.transaction():
        now = session.get_one(Claim, claim.id)
    appealing.decide(portal, now, {2: Decision("reduce", 30000, "not_as_deducted")})
    story.close(portal, run)
    piece = story.lines(portal, claim)[0].claimed
    with portal.transaction(), portal.app.test_request_context():
        run = session.get_one(Run, run.id)
        assert run.approved == piece + 30000
        assert figures.agreement(run).holds
        booked = select(Transfer.amount).where(Transfer.kind == "reimbursement")
        assert session.scalars(booked).all() == [piece + 30000]
        for share in summary_of(run).shares:
            if share.name in ("part", "model"):
                same = [row.claimed for row in share.rows if row.label == "Advance compensation"]
                assert same == [35000]
    text = Paper(clerk.get(f"{url}/statement/paper.pdf", buffered=True)).text
    for word in (advance.number, "350.00", "300.00"):
        assert word in text, word
    answer = clerk.get(f"{url}/statement/export/csv", buffered=True)
    *_others, last = list(read_table(answer.data, "list.csv").rows)
    assert {advance.number, "SN-77", "350.00", "300.00"} <= set(map(str, last.cells))
    page = clerk.get(f"/advances/{advance.public_id}").text
    for word in (claim.number, "350.00", "300.00", "Reimbursed"):
        assert word in page, word
    appeal = appealing.file(portal, claim, 2)
    assert advance.number in reviewer.get(f"/appeals/{appeal.public_id}").text


def test_receipt_of_a_compensation_is_looked_at_by_itself(portal: Portal) -> None:
    """R5: however little it is, unless headquarters sets a limit, or switches the rule off."""
    claim, advance = begun(portal)
    add(portal, claim, advance.public_id, 100)
    submit(portal, claim)
    told = "The dealer says that it paid CN¥1.00; at most CN¥360.00 was approved."
    assert looked(portal, "advance")[2].startswith(told)
    assert looked(portal, "advance", on=0) == {}
    assert looked(portal, "advance", limit=100) == {}
    assert 2 in looked(portal, "advance", limit=99)
    story.opened(portal, Month.of(portal.now))
    assert [one.alone for one in story.lines(portal, claim)] == [False, True]
    assert kept(portal, claim)[2]["advance"] == {"claimed": 100, "approved": AT_MOST, "limit": 0}
