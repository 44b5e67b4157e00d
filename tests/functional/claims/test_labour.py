"""Labour on a claim: by the approved schedule, once for an old part, with it and never without."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal.claims import checks, discarding, figures, labour, services
from portal.claims.commands import Decision, Draft, Work
from portal.claims.models import LABOUR, OLD_PART, Claim, ClaimLine, Run
from portal.claims.summary import summary_of
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale, WrongState
from portal.fees.models import FeeLine, FeeSchedule
from portal.ledger.models import Transfer
from portal.oldparts.models import OldPart
from portal.sheets.table import read_table
from tests.functional.claims.looking import decree, looked
from tests.functional.claims.test_appeals import received
from tests.support import appealing, fees, inspecting
from tests.support import claims as story
from tests.support.pdf import Paper
from tests.support.portal import Portal
from tests.support.queries import counted

RATE = 8000
SCRIPT = {"HX-Request": "true", "HX-Target": "div#sum"}
VALVE = 1250


def begun(portal: Portal, count: int = 1) -> tuple[Claim, list[str]]:
    """A draft for the present month with so many old parts, at a dealer with approved rates."""
    decree(portal, "claim.labour", 1)
    fees.approved(portal, fees.own(RATE, "Replacing a valve"), fees.own(0, "Advice", 1))
    names = story.pieces(portal, count)
    return story.started(portal, Month.of(portal.now)), names


def put(
    portal: Portal, claim: Claim, *names: str, service: int = 1, times: int = 2, by: str = "clerk"
) -> None:
    """Put the labour of old parts on a draft."""
    works = [Work(name, service, times) for name in names]
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        labour.add(mine, works, by=portal.cast[by], now=portal.now)


def kinds(portal: Portal, claim: Claim) -> list[tuple[str, int, int | None]]:
    """What a claim's lines claim, for how much, and what of it is approved."""
    return [(one.kind, one.claimed, one.approved) for one in story.lines(portal, claim)]


def submit(portal: Portal, claim: Claim) -> Run:
    """Hand it in, and open its run."""
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.submit(mine, seen=None, by=portal.manager, now=portal.now)
    return story.opened(portal, Month.of(portal.now))


def save(portal: Portal, claim: Claim, offered: Sequence[str], chosen: Sequence[str]) -> None:
    draft = Draft(frozenset(offered), frozenset(chosen))
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.save(mine, draft, seen=None, by=portal.clerk, now=portal.now)


def test_labour_is_a_line_by_the_rate_of_the_day_of_the_replacement(portal: Portal) -> None:
    """R1, F1: rate × quantity, never typed; what is in force later does not count."""
    claim, (name,) = begun(portal)
    fees.approved(portal, fees.own(9900, "Replacing a valve"), since=date(2026, 10, 13))
    portal.clock.advance(days=3)
    put(portal, claim, name)
    assert kinds(portal, claim) == [(OLD_PART, VALVE, None), (LABOUR, 2 * RATE, None)]
    fresh = story.fresh(portal, claim)
    assert isinstance(fresh, Claim)
    assert (fresh.line_count, fresh.claimed) == (2, VALVE + 2 * RATE)
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        labour.remove(mine, name, by=portal.clerk, now=portal.now)
        with pytest.raises(Stale):
            labour.remove(mine, name, by=portal.clerk, now=portal.now)
    assert kinds(portal, claim) == [(OLD_PART, VALVE, None)]


def test_labour_is_refused_when_it_is_not_the_dealers_to_claim(portal: Portal) -> None:
    """P1, R1, R3: off by default; by the dealer's own rates, for a piece on this draft, once."""
    claim, (name, left) = begun(portal, 2)
    decree(portal, "claim.labour", 0, date(2026, 2, 1))
    with pytest.raises(Conflict, match="reimburses no labour"):
        put(portal, claim, name)
    decree(portal, "claim.labour", 1, date(2026, 3, 1))
    for service in (0, 2, 3, -1):  # the second is free of charge
        with pytest.raises(Invalid, match="service of the schedule"):
            put(portal, claim, name, service=service)
    with pytest.raises(Invalid, match="at least one"):
        put(portal, claim)
    save(portal, claim, [name, left], [name])
    (theirs,) = story.pieces(portal, 1, dealer="south")
    for other in (left, theirs):
        with pytest.raises(Conflict, match="has changed"):
            put(portal, claim, other)
    for by, refusal in (("other_clerk", NotFound), ("reviewer", Forbidden)):
        with pytest.raises(refusal):
            put(portal, claim, name, by=by)
    put(portal, claim, name)
    with pytest.raises(Conflict, match="has changed"):
        put(portal, claim, name)
    with portal.transaction():
        session.execute(FeeSchedule.__table__.update().values(in_force_from=date(2026, 12, 1)))
    save(portal, claim, [left], [left])
    with pytest.raises(Invalid, match="service of the schedule"):
        put(portal, claim, left)
    submit(portal, claim)
    with pytest.raises(WrongState):
        put(portal, claim, left)


def test_database_refuses_a_second_labour_and_one_without_its_rate(portal: Portal) -> None:
    """R3: not a check before it."""
    claim, (name,) = begun(portal)
    put(portal, claim, name)
    first, its = story.lines(portal, claim)
    with portal.transaction():
        rate = session.scalars(select(FeeLine.id).limit(1)).one()
    known = {
        "dealer_id": first.dealer_id, "claim_id": claim.id, "claimed": 1, "position": 99,
        "kind": LABOUR, "old_part_id": first.old_part_id, "part_id": first.part_id,
        "fee_line_id": rate, "quantity": 1,
    }  # fmt: skip
    with portal.transaction():
        session.delete(session.get_one(ClaimLine, its.id))
        session.flush()
        session.execute(insert(ClaimLine).values(**known))
    for wrong in (
        {},
        {"kind": OLD_PART},
        {"kind": OLD_PART, "fee_line_id": None, "quantity": None},
        {"fee_line_id": None},
        {"quantity": 0},
        {"quantity": None},
    ):
        with pytest.raises(IntegrityError), portal.transaction():
            session.execute(insert(ClaimLine).values(**known | {"position": 100} | wrong))


def test_labour_leaves_the_draft_with_its_old_part(portal: Portal) -> None:
    """R2: left out, it is gone; discarded, both can be claimed again."""
    claim, names = begun(portal, 2)
    put(portal, claim, *names)
    save(portal, claim, names, names[1:])
    assert kinds(portal, claim) == [(OLD_PART, VALVE, None), (LABOUR, 2 * RATE, None)]
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        discarding.discard(mine, seen=None, by=portal.clerk, now=portal.now)
    assert kinds(portal, claim) == []
    again = story.started(portal, Month.of(portal.now))
    put(portal, again, *names)
    assert len(kinds(portal, again)) == 4


def test_labour_goes_from_the_page_at_once_when_its_old_part_does(portal: Portal) -> None:
    """R1, R2: what a script that saves a draft is answered tells of labour as well."""
    claim, names = begun(portal)
    put(portal, claim, *names)
    clerk, url = portal.client(portal.clerk), f"/claims/{claim.public_id}"
    assert "Labour of 1 old part" in clerk.get(url).text
    for ticked, told in (([], ""), (names, "The labour of 1 old part is not claimed yet.")):
        with portal.transaction():
            seen = str(session.get_one(Claim, claim.id).version)
        typed = {"seen": seen, "offered": names, "chosen": ticked, "press": "key-of-one-page-1"}
        answer = clerk.post(f"{url}/save", typed, headers=SCRIPT).text
        its = answer.split('<div id="labour" hx-swap-oob="innerHTML">')[1]
        assert "Labour of 1 old part" not in its
        assert told in its


def test_labour_is_decided_paid_appealed_and_printed_with_its_claim(portal: Portal) -> None:
    """R5–R8: on pages, desk and papers; summed with its part, paid in one entry, to the cent."""
    claim, (name,) = begun(portal)
    put(portal, claim, name)
    run = submit(portal, claim)
    assert set(looked(portal, "amount", limit=2 * RATE - 1)) == {2}
    assert looked(portal, "price") == {}
    reviewer, clerk = portal.client(portal.reviewer), portal.client(portal.clerk)
    url = f"/claims/{claim.public_id}"
    for page in (url, f"{url}/review/2"):
        shown = reviewer.get(page).text
        for word in ("Replacing a valve", "SF-2026-D0001-00001", "80.00"):
            assert word in shown, (page, word)
    assert "Replacing a valve" not in reviewer.get(f"{url}/review/1").text
    appealing.decide(portal, claim, {2: Decision("reduce", 9000, "goodwill_share")})
    story.close(portal, run)
    with portal.transaction(), portal.app.test_request_context():
        run = session.get_one(Run, run.id)
        assert run.approved == VALVE + 9000
        assert figures.agreement(run).holds
        assert [*checks.claims()] == []
        booked = select(Transfer.amount).where(Transfer.kind == "reimbursement")
        assert session.scalars(booked).all() == [VALVE + 9000]
        for share in summary_of(run).shares:
            if share.name in ("part", "model"):
                assert [row.claimed for row in share.rows] == [VALVE + 2 * RATE]
    text = Paper(clerk.get(f"{url}/statement/paper.pdf", buffered=True)).text
    for word in ("SF-2026-D0001-00001", "160.00", "90.00"):
        assert word in text, word
    answer = clerk.get(f"{url}/statement/export/csv", buffered=True)
    *_others, last = list(read_table(answer.data, "list.csv").rows)
    assert {"SF-2026-D0001-00001", "2", "80.00", "160.00", "90.00"} <= set(map(str, last.cells))
    assert f'href="{url}"' in clerk.get(f"/old-parts/{name}").text
    appeal = appealing.file(portal, claim, 2)
    assert "Replacing a valve" in reviewer.get(f"/appeals/{appeal.public_id}").text


def test_labour_leaves_its_claim_when_its_piece_fails(portal: Portal) -> None:
    """O8: both lines are taken out; each is named in the claim's history."""
    claim, (name,) = begun(portal)
    put(portal, claim, name)
    submit(portal, claim)
    received(portal, claim)
    inspecting.inspect(portal, name)
    assert kinds(portal, claim) == []
    fresh = story.fresh(portal, claim)
    assert isinstance(fresh, Claim)
    assert (fresh.line_count, fresh.claimed) == (0, 0)
    page = portal.client(portal.reviewer).get(f"/claims/{claim.public_id}").text
    assert page.count("took out a piece that failed its inspection") == 2


def test_labour_is_charged_back_with_its_piece_and_given_back_with_it(portal: Portal) -> None:
    """O8, R6: one charge of both, reversed if it passes after all; both can be appealed again."""
    claim, (name,) = begun(portal)
    put(portal, claim, name)
    run = submit(portal, claim)
    appealing.decide(portal, claim, {2: Decision("reduce", 9000, "goodwill_share")})
    story.close(portal, run)
    received(portal, claim)
    inspecting.inspect(portal, name)
    with portal.transaction():
        charged = select(Transfer).where(Transfer.kind == "old_part_charge")
        assert session.scalars(charged).one().amount == VALVE + 9000
    with pytest.raises(Conflict, match="it is not paid"):
        appealing.file(portal, claim, 2)
    inspecting.object_to(portal, name)
    portal.clock.advance(days=20)
    inspecting.decide(portal, name, "overturn")
    with portal.transaction():
        reversals = select(Transfer.amount).where(Transfer.reverses_id.is_not(None))
        assert session.scalars(reversals).all() == [VALVE + 9000]
    page = portal.client(portal.clerk).get(f"/claims/{claim.public_id}").text
    assert "its piece passed after all or turned up" in page
    assert appealing.file(portal, claim, 2).status == "filed"


def test_page_of_labour_lets_one_choose_and_take_off(portal: Portal) -> None:
    """R1: what is refused says so at its field; what another day had is not offered."""
    claim, (name, other) = begun(portal, 2)
    with portal.transaction():
        late = session.scalars(select(OldPart).where(OldPart.public_id == other)).one()
        late.replaced_on -= timedelta(days=30)
    clerk, url = portal.client(portal.clerk), f"/claims/{claim.public_id}"
    assert "The labour of 1 old part is not claimed yet." in clerk.get(url).text
    page = clerk.get(f"{url}/labour").text
    assert f'name="service-{name}"' in page
    assert f'name="service-{other}"' not in page
    assert "You had no approved service fees on that day." in page
    assert "Advice" not in page
    for typed, told in (
        ({f"service-{name}": "9"}, "Choose a service of the schedule."),
        ({f"service-{name}": "x" * 99}, "Choose a service of the schedule."),
        ({f"service-{name}": "1", f"quantity-{name}": "0"}, "Enter a whole number"),
        ({f"service-{name}": "1", f"quantity-{name}": "many"}, "Enter a whole number"),
        ({}, "Choose a service for at least one old part."),
    ):
        answer = clerk.post(f"{url}/labour", typed)
        assert (answer.status_code, told in answer.text) == (422, True), typed
    answer = clerk.post(f"{url}/labour", {f"service-{name}": "1", f"quantity-{name}": "3"})
    assert answer.status_code == 303
    assert "240.00" in clerk.get(f"{url}/labour").text
    assert "Labour of 1 old part" in clerk.get(url).text
    assert portal.client(portal.other_clerk).get(f"{url}/labour").status_code == 404
    assert clerk.post(f"{url}/labour/{name}/remove").status_code == 303
    assert len(kinds(portal, claim)) == 2
    submit(portal, claim)
    assert clerk.get(f"{url}/labour").status_code == 303


def test_page_of_labour_costs_the_same_whatever_its_length(portal: Portal) -> None:
    """A page of labour asks a fixed number of questions."""
    claim, names = begun(portal, 12)
    clerk = portal.client(portal.clerk)
    costs = []
    for some in (names[:1], names[1:8]):
        put(portal, claim, *some)
        clerk.get(f"/claims/{claim.public_id}/labour")
        with counted(portal.app) as statements:
            clerk.get(f"/claims/{claim.public_id}/labour")
        costs.append(len(statements))
    assert costs[0] == costs[1]


def test_labour_is_looked_at_with_its_piece_and_never_paid_without_it(portal: Portal) -> None:
    """R1, R5: what rules do not look at is not approved unseen, nor beside a rejected piece."""
    claim, names = begun(portal, 3)
    put(portal, claim, names[0], times=1)
    put(portal, claim, names[1], times=1)
    put(portal, claim, names[2], times=2)
    with portal.transaction():
        remarked = session.get_one(ClaimLine, story.lines(portal, claim)[0].id)
        remarked.remark = "It leaked"
    submit(portal, claim)
    alone = [(one.kind, one.alone) for one in story.lines(portal, claim)]
    assert alone == [
        (OLD_PART, True), (OLD_PART, False), (OLD_PART, False),
        (LABOUR, True), (LABOUR, False), (LABOUR, True),
    ]  # fmt: skip
    page = portal.client(portal.reviewer).get(f"/claims/{claim.public_id}").text
    assert "3 open lines are labour to be looked at" in page
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.approve_open(mine, by=portal.reviewer, now=portal.now)

    def decide(position: int, decision: Decision, was: str = "open") -> None:
        with portal.transaction():
            mine = session.get_one(Claim, claim.id)
            facts = {"was": was, "by": portal.reviewer, "now": portal.now}
            services.decide_line(mine, position, decision, **facts)

    def finish() -> None:
        with portal.transaction():
            mine = session.get_one(Claim, claim.id)
            services.decide(mine, seen=None, by=portal.reviewer, now=portal.now)

    no = Decision("reject", None, "no_evidence")
    decide(1, no)
    decide(4, Decision("reduce", 1, "goodwill_share"))
    decide(6, Decision("approve"))
    with pytest.raises(Invalid, match=r"^Line 4 is labour whose old part is rejected"):
        finish()
    decide(3, no, "approved")
    with pytest.raises(Invalid, match=r"^Lines 4, 6 are labour"):
        finish()
    decide(4, no, "reduced")
    decide(6, no, "approved")
    finish()
    fresh = story.fresh(portal, claim)
    assert isinstance(fresh, Claim)
    assert (fresh.status, fresh.approved) == ("decided", VALVE + RATE)


def test_labour_is_granted_after_its_rejected_piece_not_without_it(portal: Portal) -> None:
    """R1, R6: an appeal pays no labour of a piece that is not paid for."""
    claim, (name,) = begun(portal)
    put(portal, claim, name)
    submit(portal, claim)
    no = Decision("reject", None, "no_evidence")
    appealing.decide(portal, claim, {1: no, 2: no})
    piece, work = appealing.file(portal, claim, 1), appealing.file(portal, claim, 2)
    for granted in (None, 100):
        with pytest.raises(Conflict, match="the old part on line 1, which is rejected"):
            appealing.rule(portal, work, granted)
    appealing.rule(portal, piece, 100)
    assert appealing.rule(portal, work).status == "granted"


def test_labour_is_not_submitted_while_none_is_reimbursed(portal: Portal) -> None:
    """R1: put on a draft before, it is taken off it first."""
    claim, (name,) = begun(portal)
    put(portal, claim, name)
    decree(portal, "claim.labour", 0, date(2026, 2, 1))
    manager, url = portal.client(portal.manager), f"/claims/{claim.public_id}"
    with pytest.raises(Conflict, match="take it off the claim first"):
        submit(portal, claim)
    assert f"{url}/labour" in manager.get(url).text
    assert manager.post(f"{url}/labour/{name}/remove").status_code == 303
    submit(portal, claim)
    assert kinds(portal, claim) == [(OLD_PART, VALVE, None)]
