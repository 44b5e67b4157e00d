"""The dealer's appeal, its decision by another reviewer, and that the next run pays it once."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.claims import appeals, checks, figures, summary
from portal.claims.appeal_models import Appeal
from portal.claims.commands import Decision, Ruling
from portal.claims.models import Claim, ClaimLine, Run
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, WrongState
from portal.core.events import Event, verify
from portal.ledger.models import Account, Transfer
from portal.notices.models import Notice
from portal.oldparts.models import OldPart
from tests.support import appealing, inspecting
from tests.support import claims as story
from tests.support.appealing import GROUNDS
from tests.support.portal import DEPOSIT, HQ, Portal

SECOND = timedelta(seconds=1)
VALVE, CARTRIDGE = 1250, 15000
REDUCED = {1: Decision("reduce", 1000, "goodwill_share")}


def told(portal: Portal, who: str) -> list[str]:
    """The names of the steps of appeals that are in somebody's inbox, oldest first."""
    with portal.transaction():
        return list(
            session.scalars(
                select(Event.name)
                .join(Notice, Notice.event_id == Event.id)
                .where(Notice.user_id == portal.cast[who].id, Event.document_kind == Appeal.kind)
                .order_by(Notice.id)
            )
        )


def differences() -> list[str]:
    """What the check of the books finds of claims and appeals (L10)."""
    return [*checks.claims(), *checks.appeals()]


def posted(portal: Portal, dealer: str = "north") -> int:
    with portal.transaction():
        mine = Account.dealer_id == portal.dealers[dealer]
        return session.scalars(select(Account.posted).where(mine)).one()


def piece_of(portal: Portal, claim: Claim, position: int = 1) -> str:
    with portal.transaction():
        return session.scalars(
            select(OldPart.public_id)
            .join(ClaimLine, ClaimLine.old_part_id == OldPart.id)
            .where(ClaimLine.claim_id == claim.id, ClaimLine.position == position)
        ).one()


def received(portal: Portal, claim: Claim) -> str:
    """The piece of the first line, in the warehouse."""
    name = piece_of(portal, claim)
    with portal.transaction():
        session.execute(update(OldPart).where(OldPart.public_id == name).values(status="received"))
    return name


def test_reviewers_told_and_value_stored_when_dealer_appeals(portal: Portal) -> None:
    """R6: the last day follows from the policy value, which the decision stores."""
    appealing.colleague(portal)
    claim = appealing.cut(portal)
    last = datetime(2026, 10, 26, 23, 59, 59, tzinfo=HQ)
    assert claim.appeal_by is not None
    assert claim.appeal_by == last
    with portal.transaction():
        decided = select(Event).where(Event.name == "decide", Event.document_kind == "claim")
        assert session.scalars(decided).one().values["appeal_days"] == 14
    portal.clock.at = last
    appeal = appealing.file(portal, claim)
    assert (appeal.number, appeal.status) == ("AP-2026-D0001-00001", "filed")
    assert (appeal.claimed, appeal.approved, appeal.gap) == (VALVE, 0, VALVE)
    assert told(portal, "reviewer") == told(portal, "reviewer2") == ["create"]
    assert told(portal, "clerk") == told(portal, "other_manager") == []


def test_nothing_filed_when_it_may_not_be(portal: Portal) -> None:
    """R6, P1: what was approved, by others, too late, or without anything new."""
    claim = appealing.cut(portal)
    tries: list[tuple[dict[str, Any], type[Refusal]]] = [
        ({"position": 2}, WrongState),
        ({"position": 9}, NotFound),
        ({"grounds": " "}, Invalid),
        ({"grounds": "It is not right"}, Invalid),
        ({"files": ["A" * 16]}, Invalid),
        ({"by": portal.other_manager}, NotFound),
        ({"by": portal.desk}, Forbidden),
        ({"by": portal.reviewer}, Forbidden),
        ({"now": datetime(2026, 10, 27, tzinfo=HQ)}, Conflict),
    ]
    for facts, refusal in tries:
        with pytest.raises(refusal):
            appealing.file(portal, claim, **facts)
    with portal.transaction():
        assert session.scalars(select(Appeal)).all() == []


def test_line_appealed_once_when_it_is_tried_again(portal: Portal) -> None:
    """R6: once per line, also after it was withdrawn; the database makes a second impossible."""
    claim = appealing.cut(portal)
    appeal = appealing.file(portal, claim, grounds="漏水的密封圈在新照片上看得很清楚")
    with portal.transaction():
        kept = session.get_one(Appeal, appeal.id)
        with pytest.raises(NotFound):
            appeals.withdraw(kept, seen=None, by=portal.other_clerk, now=portal.now)
        with pytest.raises(Stale):
            appeals.withdraw(kept, seen=9, by=portal.clerk, now=portal.now)
        appeals.withdraw(kept, seen=1, by=portal.clerk, now=portal.now)
    with pytest.raises(Conflict, match="AP-2026-D0001-00001"):
        appealing.file(portal, claim)
    again = Appeal(
        **{name: getattr(kept, name) for name in ("claim_id", "line_id", "position", "claimed")},
        status="filed",
        created_at=portal.now,
        dealer_id=kept.dealer_id,
        number="AP-X",
        approved=0,
        grounds=GROUNDS,
        filed_by_id=portal.clerk.id,
    )
    with pytest.raises(IntegrityError), portal.transaction():
        session.add(again)


def test_another_reviewer_decides_when_a_line_is_appealed(portal: Portal) -> None:
    """R6, P2: not who decided on the line, nor who filed; the dealer is told, with the reason."""
    appeal = appealing.file(portal, appealing.cut(portal))
    for who, refusal in (("reviewer", Forbidden), ("desk", Forbidden), ("manager", Forbidden)):
        with pytest.raises(refusal):
            appealing.rule(portal, appeal, by=portal.cast[who])
    with pytest.raises(Stale):
        appealing.rule(portal, appeal, seen=2)
    with portal.transaction():
        session.execute(update(Appeal).values(filed_by_id=appealing.colleague(portal).id))
    with pytest.raises(Forbidden):
        appealing.rule(portal, appeal)
    with portal.transaction():
        session.execute(update(Appeal).values(filed_by_id=portal.clerk.id))
    made = appealing.rule(portal, appeal, 500)
    assert (made.status, made.amount, made.reason_code) == ("granted_part", 500, "goodwill_share")
    assert told(portal, "clerk") == told(portal, "manager") == ["grant_part"]
    with pytest.raises(WrongState):
        appealing.rule(portal, appeal)
    assert portal.client(portal.clerk).get(f"/appeals/{made.public_id}").text.count("Looked again")


def test_undecided_when_amount_or_reason_is_wrong(portal: Portal) -> None:
    """R6: above zero, at most what was taken off, and a reason for whatever is not granted."""
    appeal = appealing.file(portal, appealing.cut(portal, REDUCED))
    by = appealing.colleague(portal)
    for ruling in (
        Ruling("grant", None),
        Ruling("grant", 0),
        Ruling("grant", 251),
        Ruling("grant", 250 - 1),
        Ruling("refuse", None, None, "No"),
        Ruling("refuse", None, "other", " "),
        Ruling("refuse", None, "made_up", "No"),
    ):
        with portal.transaction():
            kept = session.get_one(Appeal, appeal.id)
            with pytest.raises(Invalid):
                appeals.decide(kept, ruling, seen=None, by=by, now=portal.now)
    assert appealing.fresh(portal, appeal).status == "filed"


def _november(portal: Portal) -> Run:
    portal.clock.at = datetime(2026, 12, 3, 9, 0, tzinfo=HQ)
    return story.opened(portal, Month(2026, 11))


def test_next_run_pays_when_appeal_was_granted_after_its_claim_was_settled(portal: Portal) -> None:
    """R6, R7, R8: once, also for a dealer without a claim in that run; to the cent everywhere.

    What was settled before stays as it was, in its run and on its statement.
    """
    story.pieces(portal, 2, dealer="south", part="TH-300")
    other = story.submitted(portal, by="other_manager")
    claim = appealing.cut(portal, REDUCED)
    appealing.decide(portal, other)
    october = appealing.run(portal)
    story.close(portal, october)
    before = portal.client(portal.clerk).get(
        f"/claims/{claim.public_id}/statement/export/csv", buffered=True
    )
    assert (posted(portal), posted(portal, "south")) == (
        DEPOSIT + 2 * VALVE - 250, DEPOSIT + CARTRIDGE,
    )  # fmt: skip
    whole = appealing.rule(portal, appealing.file(portal, claim))
    part = appealing.file(portal, other, by=portal.other_clerk)
    part = appealing.rule(portal, part, 4000)
    portal.clock.at = datetime(2026, 11, 20, 9, 0, tzinfo=HQ)
    story.pieces(portal, 1, price=700)
    november = _november_with_claim(portal)
    assert story.close(portal, november) == 1
    assert posted(portal) == DEPOSIT + 2 * VALVE + 700
    assert posted(portal, "south") == DEPOSIT + CARTRIDGE + 4000
    with portal.transaction():
        run = session.get_one(Run, november.id)
        assert (run.approved, run.appeal_count, run.appealed) == (700, 2, 4250)
        agreement = figures.agreement(run)
        assert agreement.holds
        assert (agreement.appeals, agreement.appeals_ledger) == (4250, 4250)
        first = session.get_one(Run, october.id)
        assert (first.appealed, figures.agreement(first).holds) == (0, True)
        entries = session.scalars(select(Transfer).where(Transfer.document_kind == "appeal")).all()
        assert sorted(entry.cause for entry in entries) == sorted(
            f"appeal/{one.public_id}/reimbursement" for one in (whole, part)
        )
        assert {entry.kind for entry in entries} == {"reimbursement"}
        told_of = summary.summary_of(run)
        assert told_of.appeals.granted == 4250
        assert told_of.appeals.taken_off == 250 + CARTRIDGE
        by_dealer = next(share for share in told_of.shares if share.name == "appeals")
        assert [row.approved for row in by_dealer.rows] == [4000, 250]
        assert list(verify()) == differences() == []
    assert {appealing.fresh(portal, one).status for one in (whole, part)} == {"settled"}
    assert told(portal, "other_manager")[-1] == "settle"
    again = portal.client(portal.clerk).get(
        f"/claims/{claim.public_id}/statement/export/csv", buffered=True
    )
    assert again.data == before.data
    _on_statements(portal, november, whole, part)


def _november_with_claim(portal: Portal) -> Run:
    claim = story.submitted(portal, Month(2026, 11))
    run = _november(portal)
    story.decide_all(portal, claim)
    return run


def _on_statements(portal: Portal, run: Run, whole: Appeal, part: Appeal) -> None:
    """Both dealers have the appeal on the run's statement: what was approved is what was paid."""
    with portal.transaction():
        mine = Claim.run_id == run.id
        name = session.scalars(select(Claim.public_id).where(mine)).one()
    clerk, other = portal.client(portal.clerk), portal.client(portal.other_clerk)
    own = clerk.get(f"/claims/{name}/statement/export/csv", buffered=True).text
    assert own == clerk.get(f"/appeals/{whole.public_id}/statement/export/csv", buffered=True).text
    assert f"{whole.number} · Granted" in own
    assert part.number not in own
    theirs = other.get(f"/appeals/{part.public_id}/statement/export/csv", buffered=True).text
    assert f"{part.number} · Granted in part" in theirs
    assert "40.00" in theirs
    for client, url in (
        (clerk, f"/claims/{name}"), (other, f"/appeals/{part.public_id}"),
    ):  # fmt: skip
        paper = client.get(f"{url}/statement/paper.pdf", buffered=True)
        assert (paper.status_code, paper.mimetype) == (200, "application/pdf")
    assert other.get(f"/appeals/{whole.public_id}/statement/paper.pdf").status_code == 404


def test_same_run_pays_both_when_appeal_is_granted_before_it_closes(portal: Portal) -> None:
    """R6: the run that closes next is that of the claim itself; an undecided appeal waits."""
    claim = appealing.cut(portal, {1: REDUCED[1], 2: REDUCED[1]})
    appeal = appealing.rule(portal, appealing.file(portal, claim, 1))
    waits = appealing.file(portal, claim, 2)
    run = appealing.run(portal)
    story.close(portal, run)
    assert posted(portal) == DEPOSIT + VALVE + 1000
    assert appealing.fresh(portal, appeal).run_id == run.id
    assert appealing.fresh(portal, waits).status == "filed"
    with portal.transaction():
        assert figures.agreement(session.get_one(Run, run.id)).holds
        assert differences() == []


def test_all_charged_back_when_piece_fails_after_its_appeal_was_paid(portal: Portal) -> None:
    """O8: what the claim paid and what the appeal paid; passing after all gives both back."""
    claim = appealing.cut(portal, REDUCED)
    appealing.rule(portal, appealing.file(portal, claim), 100)
    story.close(portal, appealing.run(portal))
    assert posted(portal) == DEPOSIT + VALVE + 1100
    name = received(portal, claim)
    inspecting.inspect(portal, name)
    assert posted(portal) == DEPOSIT + VALVE
    inspecting.object_to(portal, name)
    inspecting.decide(portal, name, "overturn")
    assert posted(portal) == DEPOSIT + VALVE + 1100
    with portal.transaction():
        assert differences() == []


def test_appeal_ends_when_its_piece_fails_while_it_is_open(portal: Portal) -> None:
    """O8, R6: nothing is paid for it; it goes on if the piece passes after all."""
    claim = appealing.cut(portal)
    story.close(portal, appealing.run(portal))
    appeal = appealing.rule(portal, appealing.file(portal, claim))
    name = received(portal, claim)
    inspecting.inspect(portal, name)
    ended = appealing.fresh(portal, appeal)
    assert (ended.status, ended.amount, ended.decided_by_id) == ("refused", 0, None)
    assert told(portal, "clerk") == ["grant", "close"]
    inspecting.object_to(portal, name)
    inspecting.decide(portal, name, "overturn")
    assert appealing.fresh(portal, appeal).status == "filed"
    appealing.rule(portal, appeal)
    story.close(portal, _november(portal))
    assert posted(portal) == DEPOSIT + 2 * VALVE


def test_line_leaves_and_appeal_ends_when_piece_fails_before_the_run_closes(portal: Portal) -> None:
    """O8: the line leaves its claim; the appeal is kept, closed, without it."""
    claim = appealing.cut(portal)
    appeal = appealing.rule(portal, appealing.file(portal, claim))
    inspecting.inspect(portal, received(portal, claim))
    ended = appealing.fresh(portal, appeal)
    assert (ended.status, ended.line_id, ended.amount) == ("refused", None, 0)
    page = portal.client(portal.clerk).get(f"/appeals/{appeal.public_id}")
    assert "The line left the claim with its old part." in page.text
    story.close(portal, appealing.run(portal))
    assert posted(portal) == DEPOSIT + VALVE


def test_refused_when_piece_has_failed_before(portal: Portal) -> None:
    """O8: what headquarters does not pay for is objected to, not appealed against."""
    claim = appealing.cut(portal)
    story.close(portal, appealing.run(portal))
    inspecting.inspect(portal, received(portal, claim))
    with pytest.raises(Conflict):
        appealing.file(portal, claim)


def test_time_begins_again_when_piece_passes_after_its_claim_could_be_appealed(
    portal: Portal,
) -> None:
    """R6, O8: while it had failed nobody could appeal; the days count from when it passed."""
    claim = appealing.cut(portal, REDUCED | {2: appealing.REJECTED[1]})
    story.close(portal, appealing.run(portal))
    name = received(portal, claim)
    inspecting.inspect(portal, name)
    inspecting.object_to(portal, name)
    portal.clock.advance(days=20)
    clerk, url = portal.client(portal.clerk), f"/claims/{claim.public_id}"
    button = f"{url}/lines/1/appeal"
    assert button not in clerk.get(url).text
    with pytest.raises(Conflict, match="time to appeal is over"):
        appealing.file(portal, claim, 2)
    inspecting.decide(portal, name, "overturn")
    clerk = portal.client(portal.clerk)
    page = clerk.get(url).text
    assert button in page
    assert f"{url}/lines/2/appeal" not in page
    assert "its piece passed after all or turned up" in page
    told = portal.client(portal.clerk).get("/inbox").text
    assert "its piece passed after all or turned up" in told
    assert "turned up" not in portal.client(portal.reviewer).get("/inbox").text
    assert claim.number in clerk.get("/claims?tab=appealable").text
    last = (portal.now + timedelta(days=14)).replace(hour=23, minute=59)
    portal.clock.advance(seconds=(last - portal.now).total_seconds())
    assert appealing.file(portal, claim).status == "filed"
    with pytest.raises(Conflict, match="time to appeal is over"):
        appealing.file(portal, claim, 2)
