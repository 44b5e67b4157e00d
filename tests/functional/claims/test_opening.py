"""What a run takes in where it is much: its own at once, under review when rules have looked."""

from collections.abc import Sequence

import pytest
from sqlalchemy import delete

from portal.claims import findings, opening, runs, services
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.rules.rule import Lines
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Invalid, WrongState
from tests.functional.claims.looking import decree, kept
from tests.support import claims as story
from tests.support.claims import NOVEMBER, RUN_DAY
from tests.support.portal import Portal


@pytest.fixture
def two_claims(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> list[Claim]:
    """Submitted claims of both dealers, a portion each; the first one's first line is dear."""
    monkeypatch.setattr(opening, "AT_ONCE", 1)
    monkeypatch.setattr(opening, "PORTION", 1)
    decree(portal, "rule.amount_limit", 10_000)
    story.pieces(portal, 1, part="TH-300")
    story.pieces(portal, 2)
    story.pieces(portal, 1, dealer="south")
    return [story.submitted(portal), story.submitted(portal, by="other_manager")]


def seen(portal: Portal, claims: Sequence[Claim]) -> list[tuple[str, int | None]]:
    """The claims' states and runs."""
    found = [story.fresh(portal, claim) for claim in claims]
    return [(one.status, one.run_id) for one in found if isinstance(one, Claim)]


def test_nobody_decides_until_the_rules_have_looked(
    portal: Portal, two_claims: list[Claim]
) -> None:
    """R4, R5: of a large run the claims are its own at once; a job lets the rules look at them."""
    run = story.opened(portal)
    assert seen(portal, two_claims) == [("submitted", run.id)] * 2
    page = portal.client(portal.reviewer).get(f"/runs/{run.public_id}").text
    assert "Claims that the rules have looked at" in page
    assert "Nothing was found" not in page
    act = {"by": portal.reviewer, "now": portal.now}
    with pytest.raises(WrongState), portal.transaction():
        services.approve_open(session.get_one(Claim, two_claims[0].id), **act)
    with pytest.raises(Invalid, match="2 claims are not decided yet"), portal.transaction():
        runs.close(session.get_one(Run, run.id), seen=None, **act)
    portal.clock.at = RUN_DAY
    story.opened(portal, NOVEMBER)
    assert seen(portal, two_claims) == [("submitted", run.id)] * 2, "the next run takes nothing"
    assert story.work(portal) == 1
    assert seen(portal, two_claims) == [("in_review", run.id)] * 2
    assert kept(portal, two_claims[0]) == {1: {"amount": {"claimed": 15000, "limit": 10000}}}
    assert [line.alone for line in story.lines(portal, two_claims[0])] == [True, False, False]
    page = portal.client(portal.reviewer).get(f"/runs/{run.public_id}").text
    assert "Claims that the rules have looked at" not in page


def test_claim_that_goes_back_meanwhile_is_for_the_next_run(
    portal: Portal, two_claims: list[Claim]
) -> None:
    """R4: returned before its turn comes, it leaves the run; nothing is found on it."""
    run = story.opened(portal)
    with portal.transaction():
        claim = session.get_one(Claim, two_claims[0].id)
        services.give_back(
            claim, seen=None, reason="One photo is dark", by=portal.reviewer, now=portal.now
        )
    story.work(portal)
    assert seen(portal, two_claims) == [("draft", None), ("in_review", run.id)]
    assert kept(portal, two_claims[0]) == {}


def test_line_that_leaves_while_rules_look_has_no_finding(
    portal: Portal, two_claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5, O8: what was found on a line that is gone by then is not written; the rest is."""
    look = findings.look

    def slowly(lines: Lines) -> Sequence[findings.Kept]:
        found = look(lines)
        dear = ClaimLine.claim_id == two_claims[0].id, ClaimLine.position == 1
        session.execute(delete(ClaimLine).where(*dear))
        return found

    monkeypatch.setattr(findings, "look", slowly)
    story.opened(portal)
    story.work(portal)
    assert kept(portal, two_claims[0]) == {}
    assert [one for one, _run in seen(portal, two_claims)] == ["in_review"] * 2


def test_given_up_opening_is_told_and_tried_again_with_one_press(
    portal: Portal, two_claims: list[Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: nobody would decide these claims otherwise; what it does not wait for is no step."""
    run = story.opened(portal)
    url, again = f"/runs/{run.public_id}", f"/runs/{run.public_id}/take-in-again"
    with monkeypatch.context() as broken:
        broken.setattr(opening, "_look", lambda *_: 1 / 0)
        for _attempt in range(jobs.MOST_ATTEMPTS):
            story.work(portal)
            portal.clock.advance(hours=12)
    client = portal.client(portal.reviewer)
    page = client.get(url).text
    assert "The rules were interrupted" in page
    assert "every 2s" not in page
    assert f'action="{again}"' in page
    assert f'action="{again}"' not in portal.client(portal.auditor).get(url).text
    assert client.post(again).status_code == 303
    assert story.work(portal) == 1
    assert seen(portal, two_claims) == [("in_review", run.id)] * 2
    assert "were interrupted" not in client.get(url).text
    assert client.post(again).status_code == 409
