"""The reviewer's side: lines, claims, returns, and who may not."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from portal.claims import figures, services
from portal.claims.commands import Decision
from portal.claims.models import Claim, ClaimLine
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Refusal, Stale, WrongState
from portal.core.events import Event, verify
from portal.core.permissions import Actor
from tests.support import claims as story
from tests.support.portal import Portal

APPROVE = Decision("approve")
REDUCE = Decision("reduce", 1000, "goodwill_share", "Half of it")
REJECT = Decision("reject", None, "user_damage")


def decide_line(
    portal: Portal,
    claim: Claim,
    position: int,
    decision: Decision,
    was: str = "open",
    by: Actor | None = None,
) -> None:
    """Decide a line as somebody, the reviewer if not told."""
    with portal.transaction():
        services.decide_line(
            session.get_one(Claim, claim.id),
            position,
            decision,
            was=was,
            by=by or portal.reviewer,
            now=portal.now,
        )


def test_each_line_decided_when_reviewer_approves_reduces_and_rejects(portal: Portal) -> None:
    """R6, P4: a line is approved, reduced or rejected; each is an event on the claim."""
    story.pieces(portal, 3)
    claim = story.in_review(portal)
    for position, decision in enumerate((APPROVE, REDUCE, REJECT), start=1):
        decide_line(portal, claim, position, decision)
    lines = story.lines(portal, claim)
    assert [(line.status, line.approved, line.reason_code) for line in lines] == [
        ("approved", 1250, None),
        ("reduced", 1000, "goodwill_share"),
        ("rejected", 0, "user_damage"),
    ]
    assert {line.decided_by_id for line in lines} == {portal.reviewer.id}
    with portal.transaction():
        events = session.scalars(
            select(Event)
            .where(Event.document_kind == "claim", Event.name.like("%\\_line", escape="\\"))
            .order_by(Event.seq)
        ).all()
        assert [event.name for event in events] == ["approve_line", "reduce_line", "reject_line"]
        assert events[1].reason == "Half of it"
        assert events[1].values["approved"] == 1000
        statement = figures.statement_of(session.get_one(Claim, claim.id))
        assert list(verify()) == []
    assert (statement.claimed, statement.approved, statement.reduced, statement.rejected) == (
        3750, 2250, 250, 1250,
    )  # fmt: skip
    assert statement.open == 0
    assert [(why.reason_code, why.off) for why in statement.whys] == [
        ("goodwill_share", 250),
        ("user_damage", 1250),
    ]


def test_decision_changed_when_claim_is_still_in_review(portal: Portal) -> None:
    """R6: until the claim is decided, a line can be decided otherwise."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    decide_line(portal, claim, 1, REJECT)
    decide_line(portal, claim, 1, APPROVE, was="rejected")
    (line,) = story.lines(portal, claim)
    assert (line.status, line.approved, line.reason_code) == ("approved", 1250, None)


@pytest.mark.parametrize(
    ("decision", "field"),
    [
        (Decision("reduce", None, "goodwill_share"), "amount"),
        (Decision("reduce", 0, "goodwill_share"), "amount"),
        (Decision("reduce", -1, "goodwill_share"), "amount"),
        (Decision("reduce", 1250, "goodwill_share"), "amount"),
        (Decision("reduce", 10**12, "goodwill_share"), "amount"),
        (Decision("reduce", 1000, None), "reason"),
        (Decision("reduce", 1000, "no such reason"), "reason"),
        (Decision("reject", None, None), "reason"),
        (Decision("reject", None, "other", " "), "note"),
    ],
)
def test_refused_when_decision_is_incomplete(
    portal: Portal, decision: Decision, field: str
) -> None:
    """R6: a reduction has an amount below the claimed one; less than all has its reason."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    with pytest.raises(Invalid) as refused:
        decide_line(portal, claim, 1, decision)
    assert refused.value.field == field
    (line,) = story.lines(portal, claim)
    assert (line.status, line.approved) == ("open", None)


def test_refused_when_line_was_decided_meanwhile_or_twice(portal: Portal) -> None:
    """R6: who saw another decision is told; the same decision twice is refused."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    decide_line(portal, claim, 1, APPROVE)
    with pytest.raises(Stale):
        decide_line(portal, claim, 1, REJECT)
    with pytest.raises(WrongState):
        decide_line(portal, claim, 1, APPROVE, was="approved")
    with pytest.raises(NotFound):
        decide_line(portal, claim, 2, APPROVE)


def test_open_lines_without_remark_approved_when_taken_together(portal: Portal) -> None:
    """R6: lines without remark can be approved together, the others one by one."""
    story.pieces(portal, 4)
    claim = story.submitted(portal)
    with portal.transaction():
        session.execute(
            update(ClaimLine).where(ClaimLine.position == 2).values(remark="Second repair")
        )
    story.opened(portal)
    decide_line(portal, claim, 1, REJECT)
    with portal.transaction():
        approved = services.approve_open(
            session.get_one(Claim, claim.id), by=portal.reviewer, now=portal.now
        )
    assert (approved.approved, approved.drawn) == (2, 0)
    assert [line.status for line in story.lines(portal, claim)] == [
        "rejected", "open", "approved", "approved",
    ]  # fmt: skip
    with pytest.raises(Invalid, match="has the dealer’s remark"), portal.transaction():
        services.approve_open(session.get_one(Claim, claim.id), by=portal.reviewer, now=portal.now)
    decide_line(portal, claim, 2, REJECT)
    with pytest.raises(WrongState), portal.transaction():
        services.approve_open(session.get_one(Claim, claim.id), by=portal.reviewer, now=portal.now)


def test_total_is_sum_of_lines_when_claim_is_decided(portal: Portal) -> None:
    """R6: a claim is decided when no line is open, for what its lines say."""
    story.pieces(portal, 2)
    claim = story.in_review(portal)
    decide_line(portal, claim, 1, REDUCE)
    with pytest.raises(Invalid, match="1 line is not decided"), portal.transaction():
        services.decide(
            session.get_one(Claim, claim.id), seen=None, by=portal.reviewer, now=portal.now
        )
    story.decide_all(portal, claim)
    kept = story.fresh(portal, claim)
    assert (kept.status, kept.approved) == ("decided", 2250)
    with pytest.raises(WrongState):
        decide_line(portal, claim, 1, REJECT, was="reduced")
    with pytest.raises(WrongState), portal.transaction():
        services.decide(
            session.get_one(Claim, claim.id), seen=None, by=portal.reviewer, now=portal.now
        )


def test_lines_open_again_outside_the_run_when_claim_is_returned(portal: Portal) -> None:
    """R6: a returned claim leaves its run, undecided; handed in again it waits for the next."""
    story.pieces(portal, 2)
    claim = story.in_review(portal)
    decide_line(portal, claim, 1, REJECT)
    with portal.transaction():
        services.give_back(
            session.get_one(Claim, claim.id),
            seen=None,
            reason="The second photo is missing",
            by=portal.reviewer,
            now=portal.now,
        )
    kept = story.fresh(portal, claim)
    assert isinstance(kept, Claim)
    assert (kept.status, kept.run_id) == ("draft", None)
    assert {(line.status, line.approved) for line in story.lines(portal, claim)} == {("open", None)}
    with portal.transaction():
        services.submit(
            session.get_one(Claim, claim.id), seen=None, by=portal.manager, now=portal.now
        )
    assert story.fresh(portal, claim).status == "submitted"


def test_returned_from_submitted_when_run_has_not_opened(portal: Portal) -> None:
    """R6: the reviewer need not wait for the run to send a claim back, but must say why."""
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    for reason, refusal in (("", Invalid), ("Wrong month", None)):
        with portal.transaction():
            work = services.give_back
            arguments = {"seen": None, "reason": reason, "by": portal.reviewer, "now": portal.now}
            one = session.get_one(Claim, claim.id)
            if refusal:
                with pytest.raises(refusal):
                    work(one, **arguments)
            else:
                work(one, **arguments)
    assert story.fresh(portal, claim).status == "draft"


ACTIONS: dict[str, Callable[[Claim, Actor, Portal], object]] = {
    "approve a line": lambda claim, by, portal: services.decide_line(
        claim, 1, APPROVE, was="open", by=by, now=portal.now
    ),
    "approve the open": lambda claim, by, portal: services.approve_open(
        claim, by=by, now=portal.now
    ),
    "decide": lambda claim, by, portal: services.decide(claim, seen=None, by=by, now=portal.now),
    "return": lambda claim, by, portal: services.give_back(
        claim, seen=None, reason="No", by=by, now=portal.now
    ),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_refused_when_anybody_but_another_reviewer_decides(portal: Portal, action: str) -> None:
    """P1, P2, R6: only reviewers decide, never on what they submitted, never outside a review."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    before = story.lines(portal, claim)[0].status

    def refusal_for(who: Actor) -> type[Refusal] | None:
        try:
            with portal.transaction():
                ACTIONS[action](session.get_one(Claim, claim.id), who, portal)
        except Refusal as refusal:
            return type(refusal)
        return None

    for name in ("manager", "clerk", "desk", "finance", "warehouse", "administrator", "auditor"):
        assert refusal_for(portal.cast[name]) is Forbidden, name
    assert refusal_for(portal.other_manager) is NotFound
    with portal.transaction():
        session.execute(update(Claim).values(submitted_by_id=portal.reviewer.id))
    assert refusal_for(portal.reviewer) is Forbidden
    assert story.lines(portal, claim)[0].status == before
    with portal.transaction():
        session.execute(update(Claim).values(submitted_by_id=portal.manager.id, status="settled"))
    assert refusal_for(portal.reviewer) is WrongState
