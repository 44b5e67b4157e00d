"""The dealer's side: what is proposed, left out, added back and submitted."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal.claims import eligibility, queries, services
from portal.claims.commands import Draft
from portal.claims.models import Claim, ClaimLine, LeftOut
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale, WrongState
from portal.core.events import Event, verify
from portal.notices.models import Notice
from portal.oldparts.models import OldPart
from tests.support import claims as story
from tests.support import story as loop
from tests.support.claims import HQ, NOVEMBER, OCTOBER
from tests.support.portal import Portal


def save(
    portal: Portal, claim: Claim, draft: Draft, by: str = "clerk", seen: int | None = None
) -> None:
    """Keep a draft as somebody."""
    with portal.transaction():
        services.save(
            session.get_one(Claim, claim.id), draft, seen=seen, by=portal.cast[by], now=portal.now
        )


def test_deducted_price_claimed_when_old_part_was_accepted(portal: Portal) -> None:
    """R1: the line is the cost price that was deducted for that very piece."""
    old_part = loop.accepted(portal)
    claim = story.started(portal)
    (line,) = story.lines(portal, claim)
    assert (line.old_part_id, line.claimed, line.status) == (old_part.id, 1250, "open")
    assert (claim.number, claim.line_count, claim.claimed) == ("RC-2026-10-D0001", 1, 1250)


def test_only_accepted_pieces_of_own_dealer_proposed_when_claim_begins(portal: Portal) -> None:
    """R1, P1: another dealer's pieces, and those not accepted, are not proposed."""
    mine = story.pieces(portal, 2)
    story.pieces(portal, 1, dealer="south")
    story.pieces(portal, 1, status="registered")
    story.pieces(portal, 1, status="rejected")
    claim = story.started(portal)
    with portal.transaction():
        names = session.scalars(
            select(OldPart.public_id).join(ClaimLine).where(ClaimLine.claim_id == claim.id)
        ).all()
    assert sorted(names) == sorted(mine)


def test_piece_stays_eligible_until_it_is_lost_when_it_is_called_in(portal: Portal) -> None:
    """R1, O7: a called piece is still accepted; one that went missing is not reimbursed."""
    for status in ("called", "sent", "received", "missing"):
        story.pieces(portal, 1, status=status)
    with portal.transaction():
        found = eligibility.to_file(portal.dealers["north"], OCTOBER, portal.now)
    assert found.pieces == 3


@pytest.mark.parametrize(
    ("accepted_at", "month", "proposed"),
    [
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=HQ), OCTOBER, True),
        (datetime(2026, 11, 1, 0, 0, 0, tzinfo=HQ), OCTOBER, False),
        (datetime(2026, 11, 1, 0, 0, 0, tzinfo=HQ), NOVEMBER, True),
        (datetime(2026, 10, 31, 16, 0, 0, tzinfo=UTC), OCTOBER, False),
    ],
)
def test_month_ends_in_hq_zone_when_pieces_are_proposed(
    portal: Portal, accepted_at: datetime, month: Month, proposed: bool
) -> None:
    """R2, T1: a claim for a month proposes what was accepted by its last second at headquarters."""
    portal.clock.at = datetime(2026, 11, 5, 9, 0, tzinfo=HQ)
    story.pieces(portal, 1, at=accepted_at.astimezone(HQ))
    with portal.transaction():
        found = eligibility.to_file(portal.dealers["north"], month, portal.now)
    assert found.pieces == int(proposed)


@pytest.mark.parametrize(
    ("accepted_at", "proposed"),
    [
        (datetime(2026, 4, 1, 0, 0, 0, tzinfo=HQ), True),
        (datetime(2026, 3, 31, 23, 59, 59, tzinfo=HQ), False),
    ],
)
def test_piece_lapses_when_six_months_have_passed(
    portal: Portal, accepted_at: datetime, proposed: bool
) -> None:
    """R2: what is not claimed stays eligible for six more months, and no longer."""
    portal.clock.at = datetime(2026, 11, 2, 9, 0, tzinfo=HQ)
    story.pieces(portal, 1, at=accepted_at)
    with portal.transaction():
        assert eligibility.to_file(portal.dealers["north"], OCTOBER, portal.now).pieces == proposed


def test_lapsed_piece_not_revived_when_claim_is_for_an_old_month(portal: Portal) -> None:
    """R2: a claim for an old month does not bring back what has lapsed since."""
    story.pieces(portal, 1, at=datetime(2026, 3, 31, 12, 0, tzinfo=HQ))
    portal.clock.at = datetime(2026, 11, 2, 9, 0, tzinfo=HQ)
    with pytest.raises(Invalid), portal.transaction():
        services.start(Month(2026, 5), by=portal.clerk, now=portal.now)


def test_proposals_agree_with_claims_when_months_differ(portal: Portal) -> None:
    """R2: what the page promises for each month is what a claim for it would have."""
    for month, count in ((4, 1), (8, 2), (10, 3), (11, 4)):
        story.pieces(portal, count, at=datetime(2026, month, 9, tzinfo=HQ))
    portal.clock.at = datetime(2026, 11, 20, 9, 0, tzinfo=HQ)
    with portal.transaction():
        dealer = portal.dealers["north"]
        shown = {one.month: one.pieces for one in eligibility.proposals(dealer, portal.now)}
        for month, pieces in shown.items():
            assert pieces == eligibility.to_file(dealer, month, portal.now).pieces
    assert shown[OCTOBER] == 6
    assert shown[NOVEMBER] == 9
    assert shown[Month(2026, 5)] == 1


def test_piece_stays_eligible_when_it_is_left_out(portal: Portal) -> None:
    """R2: a piece that is left out can be added back, and is proposed in the next month."""
    first, second = story.pieces(portal, 2)
    claim = story.started(portal)
    both = frozenset((first, second))
    save(portal, claim, Draft(both, frozenset((first,)), {first: "Leaks"}, "As agreed"))
    (line,) = story.lines(portal, claim)
    assert line.remark == "Leaks"
    kept = story.fresh(portal, claim)
    assert isinstance(kept, Claim)
    assert (kept.line_count, kept.claimed, kept.remark) == (1, 1250, "As agreed")
    with portal.transaction():
        rows = queries.candidates(kept, portal.now, 0)
        assert {row.old_part: row.line_id is not None for row in rows} == {
            first: True,
            second: False,
        }
    save(portal, claim, Draft(both, both))
    assert len(story.lines(portal, claim)) == 2
    save(portal, claim, Draft(both, frozenset((first,))))
    portal.clock.at = datetime(2026, 11, 5, 9, 0, tzinfo=HQ)
    later = story.started(portal, NOVEMBER)
    assert later.line_count == 1


def test_lines_of_other_pages_stay_when_one_page_is_saved(portal: Portal) -> None:
    """R2: what the page did not show is not touched."""
    first, *_rest = story.pieces(portal, 3)
    claim = story.started(portal)
    save(portal, claim, Draft(frozenset((first,)), frozenset()))
    assert len(story.lines(portal, claim)) == 2


def test_refused_when_chosen_piece_is_on_another_claim_or_foreign(portal: Portal) -> None:
    """R3, P1: a piece of another claim, of another dealer or of nobody is refused alike."""
    taken, free = story.pieces(portal, 2)
    (foreign,) = story.pieces(portal, 1, dealer="south")
    claim = story.started(portal)
    save(portal, claim, Draft(frozenset((free,)), frozenset()))
    portal.clock.at = datetime(2026, 11, 5, 9, 0, tzinfo=HQ)
    later = story.started(portal, NOVEMBER)
    for name in (taken, foreign, "x" * 16):
        chosen = frozenset((name,))
        with pytest.raises(Conflict):
            save(portal, later, Draft(chosen, chosen))
    assert len(story.lines(portal, later)) == 1


def test_database_refuses_when_piece_is_put_on_a_second_line(portal: Portal) -> None:
    """R3: the database makes a second reimbursement impossible, not a check before it."""
    story.pieces(portal, 1)
    (line,) = story.lines(portal, story.submitted(portal))
    with pytest.raises(IntegrityError), portal.transaction():
        session.execute(
            insert(ClaimLine).values(
                dealer_id=line.dealer_id, claim_id=line.claim_id, position=99,
                old_part_id=line.old_part_id, part_id=line.part_id, claimed=1,
                remark="", status="open", note="",
            )
        )  # fmt: skip


def test_conflict_when_month_has_an_open_claim(portal: Portal) -> None:
    """R1: one claim per dealer and month, until it is taken into a run."""
    story.pieces(portal, 1)
    story.started(portal)
    story.pieces(portal, 1)
    with pytest.raises(Conflict, match="RC-2026-10-D0001"):
        story.started(portal)
    assert story.pieces(portal, 1, dealer="south")
    assert story.started(portal, by="other_clerk").number == "RC-2026-10-D0002"


def test_supplement_begins_when_month_is_in_its_run(portal: Portal) -> None:
    """R1: a claim for a month that has been taken in is a supplement with a number of its own."""
    story.pieces(portal, 1)
    story.in_review(portal)
    story.pieces(portal, 1)
    first = story.submitted(portal)
    assert (first.number, first.ordinal) == ("RC-2026-10-D0001-S1", 1)
    portal.clock.at = datetime(2026, 11, 2, 9, 0, tzinfo=HQ)
    story.opened(portal, NOVEMBER)
    story.pieces(portal, 1, at=datetime(2026, 10, 31, tzinfo=HQ))
    assert story.started(portal).number == "RC-2026-10-D0001-S2"


def test_refused_when_month_has_not_begun_or_nothing_is_eligible(portal: Portal) -> None:
    """R1, R2: no claim for the future, and none without a piece."""
    with pytest.raises(Invalid):
        story.started(portal, OCTOBER)
    story.pieces(portal, 1)
    with pytest.raises(Invalid):
        story.started(portal, NOVEMBER)
    with portal.transaction():
        assert session.scalars(select(Claim)).all() == []


def test_submitted_once_with_its_total_when_manager_hands_it_in(portal: Portal) -> None:
    """R2, P4: the claim is handed in with its sum; the reviewer is told; twice is refused."""
    story.pieces(portal, 3)
    claim = story.submitted(portal)
    kept = story.fresh(portal, claim)
    assert isinstance(kept, Claim)
    assert (kept.status, kept.claimed, kept.submitted_by_id) == (
        "submitted", 3750, portal.manager.id,
    )  # fmt: skip
    with portal.transaction():
        event = session.scalars(
            select(Event).where(Event.document_kind == "claim", Event.name == "submit")
        ).one()
        assert event.values == {"lines": 3, "claimed": 3750}
        told = session.scalars(select(Notice.user_id).where(Notice.event_id == event.id)).all()
        assert told == [portal.reviewer.id]
        assert list(verify()) == []
    with pytest.raises(WrongState), portal.transaction():
        services.submit(
            session.get_one(Claim, claim.id), seen=None, by=portal.manager, now=portal.now
        )


def test_refused_when_submitted_without_lines_or_by_the_wrong_person(portal: Portal) -> None:
    """P1, R2: a clerk does not submit, a stranger does not find it, an empty claim is refused."""
    names = frozenset(story.pieces(portal, 1))
    claim = story.started(portal)
    save(portal, claim, Draft(names, frozenset()))
    for who, refusal in (
        (portal.manager, Invalid),
        (portal.clerk, Forbidden),
        (portal.reviewer, Forbidden),
        (portal.other_manager, NotFound),
    ):
        with pytest.raises(refusal), portal.transaction():
            services.submit(session.get_one(Claim, claim.id), seen=None, by=who, now=portal.now)
    with pytest.raises(Stale), portal.transaction():
        services.submit(
            session.get_one(Claim, claim.id), seen=99, by=portal.manager, now=portal.now
        )


def test_draft_unchanged_when_saved_by_others_stale_or_too_late(portal: Portal) -> None:
    """P1, R2: only the dealer's own people change a draft, and only while it is one."""
    names = frozenset(story.pieces(portal, 1))
    claim = story.started(portal)
    nothing = Draft(names, frozenset())
    for by, refusal in (
        ("other_clerk", NotFound),
        ("reviewer", Forbidden),
        ("auditor", Forbidden),
        ("desk", Forbidden),
    ):
        with pytest.raises(refusal):
            save(portal, claim, nothing, by)
    with pytest.raises(Stale):
        save(portal, claim, nothing, seen=7)
    with portal.transaction():
        services.submit(
            session.get_one(Claim, claim.id), seen=None, by=portal.manager, now=portal.now
        )
    with pytest.raises(WrongState):
        save(portal, claim, nothing, seen=2)
    assert len(story.lines(portal, claim)) == 1


def test_headquarters_may_not_start_claims(portal: Portal) -> None:
    """P1: a claim is the dealer's."""
    story.pieces(portal, 1)
    for by in ("reviewer", "desk", "finance", "administrator", "auditor", "warehouse"):
        with pytest.raises(Forbidden):
            story.started(portal, by=by)


def _ticked(portal: Portal, claim: Claim) -> set[str]:
    with portal.transaction():
        return {row.old_part for row in queries.candidates(claim, portal.now, 0) if row.chosen}


def test_piece_proposed_when_it_is_accepted_after_the_draft_was_begun(portal: Portal) -> None:
    """R2: all eligible pieces are proposed, whenever they became so, but those left out."""
    first, second = story.pieces(portal, 2)
    claim = story.started(portal)
    both = frozenset((first, second))
    save(portal, claim, Draft(both, frozenset((first,))))
    (late,) = story.pieces(portal, 1)
    assert _ticked(portal, claim) == {first, late}
    with portal.transaction():
        proposed = queries.newly_proposed(claim, portal.now, 9)
    assert [(row.old_part, row.claimed) for row in proposed] == [(late, 1250)]
    everything = both | {late}
    save(portal, claim, Draft(everything, frozenset((first,))))
    save(portal, claim, Draft(everything, frozenset((first,))))
    assert _ticked(portal, claim) == {first}
    save(portal, claim, Draft(everything, everything))
    assert _ticked(portal, claim) == everything
    assert len(story.lines(portal, claim)) == 3


def test_foreign_piece_not_noted_when_it_is_left_out(portal: Portal) -> None:
    """P1: what another dealer has, or nobody, cannot be left out."""
    mine = story.pieces(portal, 1)
    (foreign,) = story.pieces(portal, 1, dealer="south")
    claim = story.started(portal)
    save(portal, claim, Draft(frozenset((*mine, foreign, "x" * 16)), frozenset()))
    with portal.transaction():
        assert len(session.scalars(select(LeftOut.old_part_id)).all()) == 1
