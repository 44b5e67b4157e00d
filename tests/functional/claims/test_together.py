"""Approving many lines in one press, with a sample for spot checks (R5, P1, P2)."""

import re
from unittest.mock import patch

import pytest
from sqlalchemy import select, update

from portal.claims import sampling, services, together
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.services import Together
from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid, WrongState
from portal.core.events import Event, verify
from portal.people.models import Dealer, User
from tests.functional.claims.looking import decree
from tests.functional.claims.test_board import reviewed
from tests.support import claims as story
from tests.support.portal import Portal


def names_of(portal: Portal, *dealers: str) -> list[str]:
    with portal.transaction():
        keys = [portal.dealers[one] for one in dealers]
        return list(session.scalars(select(Dealer.public_id).where(Dealer.id.in_(keys))))


def press(portal: Portal, run: Run, *dealers: str, by: str = "reviewer") -> Together | None:
    """Approve together what some dealers have in a run."""
    names = names_of(portal, *dealers)
    with portal.transaction():
        found = session.get_one(Run, run.id)
        return together.approve(found, names, by=portal.cast[by], now=portal.now)


def statuses(portal: Portal) -> dict[str, list[str]]:
    """The lines' statuses by dealer; a drawn one has its mark."""
    found: dict[str, list[str]] = {"north": [], "south": []}
    dealers = {key: name for name, key in portal.dealers.items()}
    with portal.transaction():
        for line in session.scalars(
            select(ClaimLine).order_by(ClaimLine.claim_id, ClaimLine.position)
        ):
            found[dealers[line.dealer_id]].append(line.status + "*" * line.drawn)
    return found


@pytest.mark.parametrize(
    ("lines", "share", "count"),
    [(1, 200, 1), (50, 200, 1), (51, 200, 2), (100, 200, 2), (7, 10_000, 7), (7, 0, 0)],
)
def test_share_drawn_rounded_up_when_lots_fall(lines: int, share: int, count: int) -> None:
    """R5: so many percent of the lines, rounded up; the same however often it is drawn."""
    positions = range(1, lines + 1)
    drawn = sampling.sample("AbCd-1234", positions, share)
    assert len(drawn) == count
    assert set(drawn) <= set(positions)
    assert drawn == sampling.sample("AbCd-1234", list(reversed(positions)), share)


def test_lots_fall_otherwise_when_the_claim_is_another(portal: Portal) -> None:
    """R5: who knows one claim's sample does not know the next one's."""
    drawn = {tuple(sampling.sample(f"claim-{one}", range(1, 101), 200)) for one in range(20)}
    assert len(drawn) > 15


def test_sample_stays_to_be_looked_at_when_a_claim_is_approved(portal: Portal) -> None:
    """R5, P1, P4: of a claim too; told to reviewers on the line, and never to the dealer.

    The share is that with which its run opened, and is kept with it.
    """
    decree(portal, "claim.spot_check", 2500, portal.now.date())
    story.pieces(portal, 4)
    claim = story.in_review(portal)
    decree(portal, "claim.spot_check", 10000, portal.now.date())
    url = f"/claims/{claim.public_id}"
    reviewer, dealer = portal.client(portal.reviewer), portal.client(portal.manager)
    answer = reviewer.post(f"{url}/approve-open", {"seen": "3"}, follow_redirects=True)
    assert "3 lines are approved. 1 line is drawn for a spot check" in answer.text
    drawn = [line for line in story.lines(portal, claim) if line.drawn]
    assert [(line.status, line.alone) for line in drawn] == [("open", True)]
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, claim.id).run_id)
        lot = sampling.name_of(run, claim)
    assert claim.public_id != lot  # which the dealer knows
    assert [line.position for line in drawn] == sampling.sample(lot, range(1, 5), 2500)
    assert "Drawn for a spot check" in reviewer.get(url).text
    page = reviewer.get(f"{url}/review/{drawn[0].position}").text
    assert "Drawn for a spot check" in page
    for address in (url, "/", "/inbox", "/claims"):
        assert "spot check" not in dealer.get(address).text, address
    assert "25%" in reviewer.get(f"/runs/{run.public_id}").text
    with portal.transaction():
        values = session.scalars(select(Event.values).where(Event.name == "approve_open")).one()
    assert values == {"lines": 3, "approved": 3750}
    with pytest.raises(Invalid, match="drawn for a spot check"), portal.transaction():
        services.approve_open(session.get_one(Claim, claim.id), by=portal.reviewer, now=portal.now)


def test_only_plain_lines_of_those_dealers_approved_when_pressed(portal: Portal) -> None:
    """R5: the press is for the dealers that are named; remarks and findings stay."""
    run = reviewed(portal, north=3, south=2)
    assert press(portal, run, "north") == Together(2, 0)
    assert statuses(portal) == {"north": ["open", "approved", "approved"], "south": ["open"] * 2}
    with pytest.raises(Invalid, match="no open line"):
        press(portal, run, "north")
    assert press(portal, run, "north", "south") == Together(1, 0)
    with portal.transaction():
        assert list(verify()) == []


def test_own_claim_left_alone_when_the_run_is_approved(portal: Portal) -> None:
    """P2, P3: not what one submitted; not without the capability; not once the run closes."""
    run = reviewed(portal, north=3, south=2)
    with portal.transaction():
        session.execute(
            update(Claim)
            .where(Claim.dealer_id == portal.dealers["north"])
            .values(submitted_by_id=portal.reviewer.id)
        )
    assert press(portal, run, "north", "south") == Together(1, 0)
    assert statuses(portal)["north"] == ["open"] * 3
    for who in ("auditor", "finance", "manager"):
        with pytest.raises(Forbidden):
            press(portal, run, "north", by=who)
    with portal.transaction():
        session.execute(update(Run).values(status="closing"))
    with pytest.raises(WrongState):
        press(portal, run, "south")


def test_goes_on_where_it_was_when_the_job_is_killed(portal: Portal) -> None:
    """R5: killed between two claims and started again, each line is approved once."""
    decree(portal, "claim.spot_check", 2000, portal.now.date())
    run = reviewed(portal, north=6, south=4)
    with patch.object(together, "AT_ONCE", 1):
        assert press(portal, run, "north", "south") is None
        with pytest.raises(Conflict, match="still under way"):
            press(portal, run, "north", "south")
    with portal.transaction():
        assert together.underway(run, portal.reviewer) == (0, 8, False)
    real, seen = services.approve_open, []

    def dies(claim: Claim, **options: object) -> Together:
        if seen:
            raise SystemExit
        seen.append(claim.id)
        return real(claim, **options)  # type: ignore[arg-type]

    with patch.object(services, "approve_open", dies), pytest.raises(SystemExit):
        story.work(portal)
    assert statuses(portal)["south"] == ["open"] * 4
    portal.clock.advance(minutes=11)
    assert story.work(portal) == 1
    after = statuses(portal)
    assert [names.count("approved") for names in after.values()] == [4, 2]
    assert [names.count("open*") for names in after.values()] == [1, 1]
    with portal.transaction():
        assert together.underway(run, portal.reviewer) is None
        assert len(session.scalars(select(Event).where(Event.name == "approve_open")).all()) == 2
        assert list(verify()) == []


def test_given_up_when_who_pressed_was_deactivated(portal: Portal) -> None:
    """P5: a job decides nothing in the name of somebody who has left."""
    run = reviewed(portal)
    with patch.object(together, "AT_ONCE", 1):
        press(portal, run, "north", "south")
    with portal.transaction():
        session.execute(update(User).where(User.id == portal.reviewer.id).values(status="inactive"))
    assert story.work(portal) == 0
    assert "approved" not in str(statuses(portal))
    with portal.transaction():
        underway = together.underway(run, portal.reviewer)
    assert underway is not None
    assert underway.has_failed


def test_board_approves_ticked_or_shown_dealers(portal: Portal) -> None:
    """R5: ticked, or all that the board shows; what is large shows its progress."""
    run, client = reviewed(portal, north=3, south=3), portal.client(portal.reviewer)
    url = f"/runs/{run.public_id}"
    north, south = (names_of(portal, one)[0] for one in ("north", "south"))
    shown = {f"was-{north}": "", f"was-{south}": ""}
    assert client.post(f"{url}/approve", shown).status_code == 422
    assert client.post(f"{url}/approve", {"pick": "\0', x"}).status_code == 422
    answer = client.post(f"{url}/approve", shown | {"pick": north}, follow_redirects=True)
    assert "2 lines are approved." in answer.text
    with patch.object(together, "AT_ONCE", 1):
        answer = client.post(f"{url}/approve", shown | {"of": "shown"}, follow_redirects=True)
    assert "You may leave this page" in answer.text
    story.work(portal)
    assert "You may leave this page" not in client.get(f"{url}/board").text
    assert statuses(portal)["south"] == ["open", "approved", "approved"]


def test_every_link_leads_on_when_a_press_on_the_board_is_refused(portal: Portal) -> None:
    """R5, R6: tabs, headings and progress are the board's own, also where the press was refused."""
    run, client = reviewed(portal, north=3, south=3), portal.client(portal.reviewer)
    url = f"/runs/{run.public_id}"
    with patch.object(together, "AT_ONCE", 1):
        assert press(portal, run, "north", "south") is None
    for refused in (
        client.post(f"{url}/approve?tab=open&sort=dealer"),
        client.post(f"{url}/share-out", {"among": "nobody"}),
    ):
        assert refused.status_code == 422
        main = refused.text.partition("<main")[2].partition("</main>")[0]
        links = re.findall(r'(?:href|hx-get)="[^"/]*(?://[^/"]+)?(/runs/[^"]+)"', main)
        assert len([link for link in links if link.startswith(f"{url}/board")]) > 8
        for link in set(links):
            assert client.get(link.replace("&amp;", "&"), buffered=True).status_code < 400, link
