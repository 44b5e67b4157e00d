"""The reviewer's desk: from one line that has to be looked at to the next (R5, R6, P1, P2)."""

from collections.abc import Sequence

import pytest
from sqlalchemy import insert, select, text, update

from portal.claims import desk, services
from portal.claims.commands import Decision
from portal.claims.models import Assignment, Claim, ClaimFinding, ClaimLine, Run
from portal.core.db import session
from portal.core.permissions import Actor
from tests.functional.claims.test_board import second_reviewer
from tests.support import claims as story
from tests.support.portal import Client, Portal
from tests.support.queries import counted

REJECTED = {"was": "open", "step": "reject", "reason": "user_damage"}


def waiting_claims(portal: Portal, **remarked: Sequence[int]) -> dict[str, Claim]:
    """Each dealer's claim under review, of six lines; the dealer remarked on some of them."""
    made = {}
    for dealer, by in (("north", "manager"), ("south", "other_manager")):
        story.pieces(portal, 6, dealer=dealer)
        made[dealer] = story.submitted(portal, by=by)
        with portal.transaction():
            session.execute(
                update(ClaimLine)
                .where(
                    ClaimLine.claim_id == made[dealer].id,
                    ClaimLine.position.in_(remarked.get(dealer, ())),
                )
                .values(remark="Second repair")
            )
    story.opened(portal)
    return made


def run_of(portal: Portal) -> Run:
    with portal.transaction():
        return session.scalars(select(Run).where(Run.month == "2026-10")).one()


def way(portal: Portal, claim: Claim | None = None, *, back: bool = False) -> list[tuple[str, int]]:
    """Dealer and position of the lines that come one after the other, until the first again."""
    run, seen, position = run_of(portal), [], 0
    with portal.transaction():
        names = dict(session.execute(select(Claim.public_id, Claim.dealer_id)).all())
        dealers = {key: name for name, key in portal.dealers.items()}
        while spot := desk.beside(run, portal.reviewer, claim, position, back=back):
            place = dealers[names[spot.claim]], spot.position
            if place in seen:
                break
            seen.append(place)
            claim = session.scalars(select(Claim).where(Claim.public_id == spot.claim)).one()
            position = spot.position
    return seen


def assign(portal: Portal, dealer: str, to: Actor) -> None:
    run = run_of(portal)
    key = {"run_id": run.id, "dealer_id": portal.dealers[dealer]}
    with portal.transaction():
        session.execute(insert(Assignment).values(**key, reviewer_id=to.id))


def test_exceptions_come_by_dealer_claim_and_position_when_next_is_asked(portal: Portal) -> None:
    """R5: lines with a finding or a remark come one by one, first to last and round; not others."""
    claims = waiting_claims(portal, north=(2, 5), south=(1,))
    assert way(portal) == [("north", 2), ("north", 5), ("south", 1)]
    assert way(portal, back=True) == [("south", 1), ("north", 5), ("north", 2)]
    assert way(portal, claims["south"])[0] == ("south", 1)
    run = run_of(portal)
    with portal.transaction():
        assert desk.waiting(run, portal.reviewer) == "3"


def test_mine_first_and_no_other_reviewers_when_dealers_are_assigned(portal: Portal) -> None:
    """R6: a reviewer is offered their dealers' lines, then nobody's; never another's."""
    waiting_claims(portal, north=(2,), south=(1,))
    assign(portal, "south", portal.reviewer)
    assert way(portal) == [("south", 1), ("north", 2)]
    second_reviewer(portal)
    assign(portal, "north", portal.second)
    assert way(portal) == [("south", 1)]


def test_own_claim_not_offered_when_reviewer_submitted_it(portal: Portal) -> None:
    """P2: nobody is offered a claim that they submitted themselves."""
    claims = waiting_claims(portal, north=(2,), south=(1,))
    with portal.transaction():
        session.get_one(Claim, claims["north"].id).submitted_by_id = portal.reviewer.id
    assert way(portal) == [("south", 1)]


def test_returned_line_is_apart_no_more_when_claim_goes_back(portal: Portal) -> None:
    """R5: what was found is forgotten as a claim is returned, and looked for again."""
    claims = waiting_claims(portal, north=(2,))
    with portal.transaction():
        claim = session.get_one(Claim, claims["north"].id)
        services.give_back(claim, seen=None, reason="Wrong", by=portal.reviewer, now=portal.now)
    assert not any(line.alone for line in story.lines(portal, claims["north"]))


def follow(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 303
    return str(answer.location)


def test_next_exception_opens_when_one_is_decided(portal: Portal) -> None:
    """R6: after a decision the next one comes; after the last, the run with a sentence."""
    claims = waiting_claims(portal, north=(2, 5))
    run, client = run_of(portal), portal.client(portal.reviewer)
    url = follow(client, f"/runs/{run.public_id}/next")
    assert url == f"/claims/{claims['north'].public_id}/review/2"
    page = client.get(url).text
    assert "Second repair" in page
    assert "2 lines wait for you" in page
    refused = client.post(f"{url}/decide", {"was": "open", "step": "reject"})
    assert refused.status_code == 422
    assert "Choose a reason" in refused.text
    answer = client.post(f"{url}/decide", REJECTED)
    assert answer.location == f"/claims/{claims['north'].public_id}/review/5"
    answer = client.post(f"{answer.location}/decide", {"was": "open", "step": "approve"})
    assert answer.location == f"/runs/{run.public_id}"
    assert "No line is left here" in client.get(answer.location).text
    assert [line.status for line in story.lines(portal, claims["north"])] == [
        "open", "rejected", "open", "open", "approved", "open",
    ]  # fmt: skip


def test_claim_gone_through_when_it_is_named_though_another_reviews_it(portal: Portal) -> None:
    """R6, P2: who chooses a claim gets its lines; of the run none is theirs, and they are told."""
    claims, run = waiting_claims(portal, north=(2, 5)), run_of(portal)
    second_reviewer(portal)
    assign(portal, "north", portal.second)
    client, north = portal.client(portal.reviewer), claims["north"]
    for_all, for_one = (
        f"/runs/{run.public_id}/next{of}" for of in ("", f"?claim={north.public_id}")
    )
    url = follow(client, for_one)
    assert url == f"/claims/{north.public_id}/review/2"
    answer = client.post(f"{url}/decide", REJECTED)
    assert answer.location == f"/claims/{north.public_id}/review/5"
    assert follow(client, for_all) == f"/runs/{run.public_id}"
    assert "No line of yours is left here." in client.get(f"/runs/{run.public_id}").text
    with portal.transaction():
        session.get_one(Claim, north.id).submitted_by_id = portal.reviewer.id
    assert follow(client, for_one) == f"/runs/{run.public_id}"


def test_told_when_another_reviewer_was_faster(portal: Portal) -> None:
    """R6: who decides a line that another has just decided is told, and nothing is changed."""
    claims = waiting_claims(portal, north=(2, 5))
    with portal.transaction():
        claim = session.get_one(Claim, claims["north"].id)
        services.decide_line(
            claim, 2, Decision("approve"), was="open", by=portal.reviewer, now=portal.now
        )
    url = f"/claims/{claims['north'].public_id}/review/2"
    answer = portal.client(portal.reviewer).post(f"{url}/decide", REJECTED)
    assert answer.status_code == 409
    assert "Approved by Reviewer" in answer.text
    assert story.lines(portal, claims["north"])[1].status == "approved"


def test_led_to_the_claim_when_it_is_not_in_review(portal: Portal) -> None:
    """R6: the desk is for claims under review; of others it shows the claim."""
    claims = waiting_claims(portal, north=(2,))
    with portal.transaction():
        claim = session.get_one(Claim, claims["north"].id)
        services.give_back(claim, seen=None, reason="Wrong", by=portal.reviewer, now=portal.now)
    client, url = portal.client(portal.reviewer), f"/claims/{claims['north'].public_id}"
    assert follow(client, f"{url}/review/2") == url
    assert client.post(f"{url}/review/2/decide", REJECTED).location == url
    assert client.get(f"/claims/{claims['south'].public_id}/review/99").status_code == 404


@pytest.mark.parametrize("who", ["manager", "clerk", "other_manager", "finance", "auditor"])
def test_refused_when_not_a_reviewer(portal: Portal, who: str) -> None:
    """P1, P3: the desk is the reviewers' alone."""
    claims = waiting_claims(portal, north=(2,))
    client, url = portal.client(portal.cast[who]), f"/claims/{claims['north'].public_id}/review/2"
    assert client.get(url).status_code == 403
    assert client.post(f"{url}/decide", REJECTED).status_code in (403, 404)
    assert client.get(f"/runs/{run_of(portal).public_id}/next").status_code == 403


def test_same_queries_when_there_are_more_exceptions(portal: Portal) -> None:
    """The desk's page costs the same number of queries whatever waits."""
    claims = waiting_claims(portal, north=(2, 3), south=(1,))
    url = f"/claims/{claims['north'].public_id}/review/2"
    client = portal.client(portal.reviewer)
    client.get(url)
    with counted(portal.app) as few:
        client.get(url)
    with portal.transaction():
        session.execute(update(ClaimLine).values(alone=True))
        line = session.scalars(select(ClaimLine).where(ClaimLine.position == 2).limit(1)).one()
        session.add(
            ClaimFinding(line_id=line.id, rule="amount", figures={"claimed": 1250, "limit": 1000})
        )
    with counted(portal.app) as more:
        assert client.get(url).status_code == 200
    assert len(more) <= len(few), "one less where it is not the last"


def test_index_found_when_next_is_asked(portal: Portal) -> None:
    """The next line is found by the index of what is open, not by reading the claim's lines."""
    waiting_claims(portal, north=(60,))
    sqlite = portal.app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    asked = (
        "SELECT min(position) FROM claim_line"
        f" WHERE claim_id = 1 AND status = 'open' AND alone{' = 1' if sqlite else ''}"
    )
    with portal.transaction():
        decided = update(ClaimLine).where(ClaimLine.position > 1)
        session.execute(decided.values(status="approved", approved=ClaimLine.claimed))
        if not sqlite:
            session.execute(text("ANALYZE claim_line"))
            session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.execute(text(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{asked}")).all()
    assert "ix_claim_line_open" in str(plan)
