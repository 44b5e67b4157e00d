"""Freight of a called collection: claimed once, with its receipt, and settled to the cent."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from io import BytesIO
from threading import Barrier

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from portal.claims import eligibility, figures, outlay_queries, outlays, services
from portal.claims.commands import Decision, Paid
from portal.claims.models import FREIGHT, Claim, ClaimLine, Run
from portal.claims.summary import summary_of
from portal.collections.models import Consignment
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Refusal, Stale, WrongState
from portal.files import services as files
from portal.files.models import Attachment
from portal.ledger.models import Transfer
from portal.oldparts.models import OldPart
from portal.sheets.table import read_table
from tests.functional.claims.looking import decree, kept, looked
from tests.support import appealing, collecting
from tests.support import claims as story
from tests.support.claims import HQ, NOVEMBER, OCTOBER
from tests.support.pdf import Paper
from tests.support.portal import Portal

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
RECEIPT = "freight-receipt.pdf"


def receipt(portal: Portal, by: str = "clerk") -> str:
    """The public id of a receipt that somebody has just sent."""
    with portal.transaction():
        made = files.receive(PDF, RECEIPT, purpose="file", by=portal.cast[by], now=portal.now)
        return made.public_id


def freighted(portal: Portal, dealer: str = "north") -> Consignment:
    """A consignment on its way, of pieces that no claim has."""
    return collecting.sent(portal, 2, dealer=dealer, part="TH-300")


def add(
    portal: Portal,
    claim: Claim,
    name: str,
    amount: int = 8650,
    by: str = "clerk",
    papers: list[str] | None = None,
) -> None:
    """Put the freight of a consignment on a draft."""
    papers = [receipt(portal, by)] if papers is None else papers
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        asked = Paid(FREIGHT, name, amount, papers)
        outlays.add(claim, asked, by=portal.cast[by], now=portal.now)


def take_off(portal: Portal, claim: Claim, name: str) -> None:
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        outlays.remove(claim, FREIGHT, name, by=portal.clerk, now=portal.now)


def claimed(portal: Portal, amount: int = 8650) -> tuple[Claim, Consignment]:
    """A draft with two old parts, two more that are called in, and the freight of these."""
    consignment = freighted(portal)
    story.pieces(portal, 2)
    claim = story.started(portal)
    add(portal, claim, consignment.public_id, amount)
    return claim, consignment


def step(portal: Portal, claim: Claim, verb: str, by: str) -> None:
    more = {"reason": "Another receipt, please"} if verb == "give_back" else {}
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        getattr(services, verb)(claim, seen=None, by=portal.cast[by], now=portal.now, **more)


def test_freight_is_a_line_when_it_is_put_on_a_draft(portal: Portal) -> None:
    """R1: it counts in the claim; R3: it is offered no more; taken off, it is free again."""
    claim, consignment = claimed(portal)
    last = story.lines(portal, claim)[-1]
    assert (last.kind, last.consignment_id, last.claimed, last.part_id) == (
        "freight", consignment.id, 8650, None,
    )  # fmt: skip
    now = story.fresh(portal, claim)
    pieces = sum(line.claimed for line in story.lines(portal, claim)[:-1])
    assert isinstance(now, Claim)
    assert (now.line_count, now.claimed) == (5, 8650 + pieces)
    with portal.transaction():
        assert outlay_queries.claimable(now, FREIGHT, portal.now) == []
        places = session.scalars(
            select(Attachment.place).where(Attachment.document_kind == "claim")
        )
        assert places.all() == [consignment.public_id]
    for _time in range(2):
        with pytest.raises(Invalid, match="on a claim already"):
            add(portal, claim, consignment.public_id)
    take_off(portal, claim, consignment.public_id)
    with pytest.raises(Stale):
        take_off(portal, claim, consignment.public_id)
    with portal.transaction():
        again = session.get_one(Claim, claim.id)
        assert (again.line_count, again.claimed) == (4, pieces)
        kept_files = select(Attachment.id).where(Attachment.document_kind == "claim")
        assert session.scalars(kept_files).all() == []
        assert len(outlay_queries.claimable(again, FREIGHT, portal.now)) == 1


def test_claim_begins_with_freight_only_when_nothing_else_is_eligible(portal: Portal) -> None:
    """R1, R2: who has only freight can claim it; without a line nothing is submitted."""
    consignment = freighted(portal)
    with portal.transaction():
        session.execute(update(OldPart).values(accepted_at=datetime(2025, 1, 1, tzinfo=HQ)))
        proposed = {
            one.month: one for one in eligibility.proposals(portal.dealers["north"], portal.now)
        }
    assert (proposed[OCTOBER].pieces, proposed[OCTOBER].outlays[FREIGHT]) == (0, 1)
    assert proposed[Month(2026, 9)].is_empty
    portal.clock.at = datetime(2026, 11, 2, 9, 0, tzinfo=HQ)
    assert "Freight to claim: 1 consignment" in portal.client(portal.clerk).get("/").text
    assert "Freight to claim" not in portal.client(portal.other_clerk).get("/").text
    claim = story.started(portal)
    with pytest.raises(Invalid, match="at least one line"):
        step(portal, claim, "submit", "manager")
    add(portal, claim, consignment.public_id)
    page = portal.client(portal.clerk).get(f"/claims/{claim.public_id}").text
    assert "Freight on this claim" in page
    assert "Old parts that can be claimed" not in page
    step(portal, claim, "submit", "manager")
    with pytest.raises(Invalid, match="nothing that can be claimed"):
        story.started(portal, Month(2026, 9), by="other_clerk")


def test_freight_lapses_like_a_piece_when_months_pass(portal: Portal) -> None:
    """R2, T1: sent by the end of the month, and at most six months before it."""
    consignment = freighted(portal)
    story.pieces(portal, 1)
    portal.clock.at = datetime(2026, 11, 2, 9, 0, tzinfo=HQ)
    claim = story.started(portal)
    for sent_at, could in (
        (datetime(2026, 11, 1, 0, 0, 0, tzinfo=HQ), False),
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=HQ), True),
        (datetime(2026, 4, 1, 0, 0, 0, tzinfo=HQ), True),
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=HQ), False),
    ):
        with portal.transaction():
            session.execute(update(Consignment).values(sent_at=sent_at))
        with portal.transaction():
            assert bool(outlay_queries.claimable(claim, FREIGHT, portal.now)) is could, sent_at
    with pytest.raises(Invalid, match="cannot be claimed for this month"):
        add(portal, claim, consignment.public_id)


def test_refused_when_consignment_or_receipt_is_foreign_or_missing(portal: Portal) -> None:
    """P1, R1: another dealer's consignment and receipt are as good as none; a receipt is needed."""
    mine, theirs = freighted(portal), freighted(portal, "south")
    waiting = collecting.packed(portal, 2, leave=1, part="FV-100")
    story.pieces(portal, 1)
    claim = story.started(portal)
    for name in (theirs.public_id, "x" * 16, ""):
        with pytest.raises(Invalid, match="Choose a consignment"):
            add(portal, claim, name)
    with pytest.raises(Invalid, match="cannot be claimed"):
        add(portal, claim, waiting.public_id)
    for papers, amount in ([], 1), ([receipt(portal, "other_clerk")], 1), ([receipt(portal)], 0):
        with pytest.raises(Invalid):
            add(portal, claim, mine.public_id, amount, papers=papers)
    for by, refusal in (
        ("other_clerk", NotFound), ("reviewer", Forbidden), ("desk", Forbidden),
    ):  # fmt: skip
        with pytest.raises(refusal):
            add(portal, claim, mine.public_id, by=by)
    assert [line.kind for line in story.lines(portal, claim)] == ["old_part"] * 5
    step(portal, claim, "submit", "manager")
    with pytest.raises(WrongState):
        add(portal, claim, mine.public_id)


def test_one_line_when_two_drafts_want_the_same_freight_at_once(portal: Portal) -> None:
    """R3: of two tabs, for two months, one gets it; the database refuses a second line."""
    consignment = freighted(portal)
    story.pieces(portal, 1)
    drafts = [story.started(portal)]
    portal.clock.at = datetime(2026, 11, 5, 9, 0, tzinfo=HQ)
    story.pieces(portal, 1)
    drafts.append(story.started(portal, NOVEMBER))
    papers = [receipt(portal) for _draft in drafts]
    both = Barrier(2)

    def press(which: int) -> bool:
        both.wait()
        try:
            add(portal, drafts[which], consignment.public_id, papers=[papers[which]])
        except (Refusal, IntegrityError):
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, range(2))) == [False, True]
    found = [line for one in drafts for line in story.lines(portal, one) if line.consignment_id]
    assert len(found) == 1
    other = {"dealer_id": found[0].dealer_id, "claim_id": drafts[0].id, "claimed": 1}
    for wrong in (
        {"kind": "freight", "consignment_id": consignment.id},
        {"kind": "freight", "consignment_id": None},
        {"kind": "old_part", "consignment_id": consignment.id},
        {"kind": "labour", "consignment_id": None},
    ):
        with pytest.raises(IntegrityError), portal.transaction():
            session.execute(insert(ClaimLine).values(**other, **wrong, position=99))


def test_found_when_freight_is_high_or_has_not_arrived(portal: Portal) -> None:
    """R5: above the limit, not received; the other rules pass it over, but for the amount."""
    claim, _consignment = claimed(portal, 60000)
    assert looked(portal, "freight") == {
        5: "The freight of CN¥600.00 is above the limit of CN¥500.00. "
        "The consignment had not arrived when the run was opened."
    }
    with portal.transaction():
        session.execute(update(Consignment).values(status="received"))
    assert looked(portal, "freight", limit=60000) == {}
    assert looked(portal, "freight", on=0) == {}
    assert 5 in looked(portal, "amount", limit=100)
    for rule in ("price", "piece", "photo", "product", "customer", "days", "warranty", "frequency"):
        assert 5 not in looked(portal, rule)
    decree(portal, "rule.freight_limit", 59999)
    step(portal, claim, "submit", "manager")
    story.opened(portal)
    assert kept(portal, claim)[5]["freight"]["limit"] == 59999
    with portal.transaction():
        again = session.get_one(Claim, claim.id)
        services.approve_open(again, by=portal.reviewer, now=portal.now)
    assert [line.status for line in story.lines(portal, claim)][-1] == "open"


def test_totals_agree_when_a_claim_has_lines_of_both_kinds(portal: Portal) -> None:
    """R6, R8: reduced freight; lines, claim, run, papers and ledger agree to the cent."""
    claim, consignment = claimed(portal)
    step(portal, claim, "submit", "manager")
    story.opened(portal)
    step(portal, claim, "give_back", "reviewer")
    assert len(story.lines(portal, claim)) == 5
    step(portal, claim, "submit", "manager")
    portal.clock.at = datetime(2026, 11, 5, 9, 0, tzinfo=HQ)
    run = story.opened(portal, NOVEMBER)
    decision = Decision("reduce", 5000, "not_as_deducted", "The receipt says 50.00.")
    with portal.transaction():
        again = session.get_one(Claim, claim.id)
        facts = {"by": portal.reviewer, "now": portal.now}
        services.decide_line(again, 5, decision, was="open", **facts)
    story.decide_all(portal, claim)
    story.close(portal, run)
    pieces = sum(line.claimed for line in story.lines(portal, claim)[:-1])
    with portal.transaction():
        run = session.get_one(Run, run.id)
        assert run.approved == pieces + 5000
        assert figures.agreement(run).holds
        paid = session.scalars(
            select(Transfer.amount).where(Transfer.kind == "reimbursement")
        ).one()
        assert paid == pieces + 5000
    with portal.transaction(), portal.app.test_request_context():
        for share in summary_of(session.get_one(Run, run.id)).shares:
            assert sum(row.approved for row in share.rows) == run.approved, share.name
            if share.name in ("part", "model"):
                assert [row.claimed for row in share.rows if row.label == "Freight"] == [8650]
    clerk = portal.client(portal.clerk)
    for paper in ("paper.pdf", "statement/paper.pdf"):
        text = Paper(clerk.get(f"/claims/{claim.public_id}/{paper}", buffered=True)).text
        for word in (consignment.number, "FreightSF", "86.50", "50.00", "Thereceiptsays50.00."):
            assert word in text, (paper, word)
    answer = clerk.get(f"/claims/{claim.public_id}/statement/export/csv", buffered=True)
    *_others, last = list(read_table(answer.data, "list.csv").rows)
    assert {"Freight", consignment.number, "86.50", "50.00"} <= set(map(str, last.cells))


def test_receipt_is_beside_the_line_when_the_reviewer_decides(portal: Portal) -> None:
    """R6, P1: the reviewer opens it, the dealer too; for a stranger it is not there."""
    consignment = freighted(portal)
    story.pieces(portal, 1)
    claim = story.started(portal)
    clerk, url = portal.client(portal.clerk), f"/claims/{claim.public_id}"
    assert "The freight of 1 consignment is not claimed yet." in clerk.get(url).text
    assert consignment.number in clerk.get(f"{url}/freight").text
    typed = {"document": consignment.public_id, "amount": "eighty", "remark": "By lorry"}
    refused = clerk.post(f"{url}/freight", typed | {"files": (BytesIO(PDF), RECEIPT)})
    assert refused.status_code == 422
    assert "eighty" in refused.text
    assert "By lorry" in refused.text
    assert RECEIPT in refused.text
    with portal.transaction():
        (name,) = session.scalars(select(Attachment.public_id)).all()
    bare = clerk.post(f"{url}/freight", typed | {"amount": "86.50"})
    assert bare.status_code == 422
    assert "Attach the carrier" in bare.text
    sent = clerk.post(f"{url}/freight", typed | {"amount": "86.50", "files_kept": name})
    assert sent.status_code == 303
    assert f"/files/{name}" in clerk.get(url).text
    assert "No freight to claim" in clerk.get(f"{url}/freight").text
    reviewer, stranger = portal.client(portal.reviewer), portal.client(portal.other_clerk)
    assert reviewer.get(f"/files/{name}", buffered=True).status_code == 404, (
        "a draft is its dealer's"
    )
    step(portal, claim, "submit", "manager")
    assert clerk.get(f"{url}/freight").status_code == 303
    story.opened(portal)
    page = reviewer.get(url).text
    for word in (consignment.number, f"/files/{name}", "By lorry", "had not arrived"):
        assert word in page, word
    assert "had not arrived" not in clerk.get(url).text
    page = reviewer.get(f"{url}/review/{len(story.lines(portal, claim))}").text
    for word in (f"Freight · {consignment.number}", f"/files/{name}", "had not arrived", "SF 77"):
        assert word in page, word
    assert reviewer.get(f"/files/{name}", buffered=True).status_code == 200
    assert stranger.get(f"/files/{name}", buffered=True).status_code == 404


def test_appeal_is_paid_when_it_is_about_freight(portal: Portal) -> None:
    """R6, R8: the dealer answers the cut, and the next run pays the rest on its statement."""
    claim, consignment = claimed(portal)
    step(portal, claim, "submit", "manager")
    run = story.opened(portal)
    with portal.transaction():
        now = session.get_one(Claim, claim.id)
    appealing.decide(portal, now, {5: Decision("reduce", 5000, "not_as_deducted")})
    story.close(portal, run)
    appeal = appealing.rule(portal, appealing.file(portal, claim, 5))
    page = portal.client(portal.cast["reviewer2"]).get(f"/appeals/{appeal.public_id}")
    assert consignment.number in page.text
    portal.clock.at = datetime(2026, 11, 5, 9, 0, tzinfo=HQ)
    later = story.opened(portal, NOVEMBER)
    story.close(portal, later)
    with portal.transaction():
        paid = select(Transfer.amount).where(Transfer.document_kind == "appeal")
        assert session.scalars(paid).all() == [3650]
        assert figures.agreement(session.get_one(Run, later.id)).holds
    url = f"/appeals/{appeal.public_id}/statement/paper.pdf"
    text = Paper(portal.client(portal.clerk).get(url, buffered=True)).text
    assert consignment.number in text
    assert "36.50" in text
