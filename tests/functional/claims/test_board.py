"""The progress board of a run, and whose dealers are whose (R5, R6, P1, P3, P4)."""

import pytest
from sqlalchemy import select, update

from portal.claims import assigning, board, desk, opening
from portal.claims.models import Assignment, Claim, ClaimLine, Run
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from portal.core.events import Event, verify
from portal.core.permissions import Role
from portal.people import services as people
from portal.people.models import Dealer, User
from tests.support import claims as story
from tests.support.portal import PASSWORD, Portal
from tests.support.queries import counted


def second_reviewer(portal: Portal) -> int:
    """Another person who decides claims."""
    with portal.transaction():
        user = people.add_user(
            email="second@example.com", name="Second", password=PASSWORD, roles=[Role.REVIEWER],
            dealer=None, by=portal.administrator, now=portal.now,
        )  # fmt: skip
        portal.cast["second"] = user.actor
        return user.id


def reviewed(portal: Portal, north: int = 4, south: int = 2) -> Run:
    """A run with a claim of each dealer, of so many lines."""
    for dealer, by, count in (("north", "manager", north), ("south", "other_manager", south)):
        story.pieces(portal, count, dealer=dealer)
        claim = story.submitted(portal, by=by)
        with portal.transaction():
            session.execute(
                update(ClaimLine)
                .where(ClaimLine.claim_id == claim.id, ClaimLine.position == 1)
                .values(remark="Second repair")
            )
    return story.opened(portal)


def name_of(portal: Portal, model: type[Dealer] | type[User], key: int) -> str:
    with portal.transaction():
        return str(session.get_one(model, key).public_id)


def given(portal: Portal) -> dict[str, int]:
    """Whose each dealer is, by the dealer's name in the cast."""
    dealers = {key: name for name, key in portal.dealers.items()}
    with portal.transaction():
        rows = session.execute(select(Assignment.dealer_id, Assignment.reviewer_id)).all()
    return {dealers[dealer]: reviewer for dealer, reviewer in rows}


def test_dealers_given_and_taken_back_when_reviewer_chooses(portal: Portal) -> None:
    """R6, P4: a dealer is given to a reviewer, to another, and to nobody; each is an event."""
    second, run = second_reviewer(portal), reviewed(portal)
    north = name_of(portal, Dealer, portal.dealers["north"])
    me, other = (name_of(portal, User, key) for key in (portal.reviewer.id, second))
    for was, to in (("", me), (me, other), (other, "")):
        with portal.transaction():
            found = session.get_one(Run, run.id)
            assigning.assign(found, {north: was}, to, by=portal.reviewer, now=portal.now)
    assert given(portal) == {}
    with portal.transaction():
        events = session.scalars(
            select(Event).where(Event.name.like("%assign")).order_by(Event.seq)
        ).all()
        assert [(one.name, one.values) for one in events] == [
            ("assign", {"reviewer": "Reviewer", "dealers": "D0001"}),
            ("assign", {"reviewer": "Second", "dealers": "D0001"}),
            ("unassign", {"dealers": "D0001"}),
        ]
        assert list(verify()) == []


def test_shared_out_by_lines_when_pressed(portal: Portal) -> None:
    """R6: what is nobody's goes to who has the fewest open lines; what is given stays."""
    second, run = second_reviewer(portal), reviewed(portal, north=4, south=2)
    me, other = (name_of(portal, User, key) for key in (portal.reviewer.id, second))

    def share() -> int:
        with portal.transaction():
            found = session.get_one(Run, run.id)
            return assigning.share_out(found, [me, other], by=portal.reviewer, now=portal.now)

    assert share() == 2
    assert given(portal) == {"north": portal.reviewer.id, "south": second}
    with pytest.raises(Invalid, match="has a reviewer already"):
        share()


def test_everybodys_again_when_the_reviewer_has_left(portal: Portal) -> None:
    """P5, R6: what was given to who is deactivated, or decides no more, can be taken and shared."""
    second, run = second_reviewer(portal), reviewed(portal)
    me = name_of(portal, User, portal.reviewer.id)
    with portal.transaction():
        for dealer in portal.dealers.values():
            session.add(Assignment(run_id=run.id, dealer_id=dealer, reviewer_id=second))

    def waiting() -> str:
        with portal.transaction():
            return desk.waiting(run, portal.reviewer)

    assert waiting() == "0"
    for column, value in (("status", "inactive"), ("roles", frozenset({Role.FINANCE}))):
        with portal.transaction():
            kept = getattr(session.get_one(User, second), column)
            session.execute(update(User).where(User.id == second).values({column: value}))
        assert waiting() == "2", column
        with portal.transaction():
            session.execute(update(User).where(User.id == second).values({column: kept}))
    with portal.transaction():
        session.execute(update(User).where(User.id == second).values(status="inactive"))
        found = session.get_one(Run, run.id)
        assert assigning.share_out(found, [me], by=portal.reviewer, now=portal.now) == 2
    assert given(portal) == dict.fromkeys(("north", "south"), portal.reviewer.id)


def test_refused_when_assignment_is_not_possible(portal: Portal) -> None:
    """P3, R6: only to active reviewers, of dealers in the run, as the page showed them."""
    run = reviewed(portal, south=1)
    north = name_of(portal, Dealer, portal.dealers["north"])
    me, desk = (name_of(portal, User, one.id) for one in (portal.reviewer, portal.desk))

    def assign(was: dict[str, str], to: str, by: str = "reviewer") -> None:
        with portal.transaction():
            found = session.get_one(Run, run.id)
            assigning.assign(found, was, to, by=portal.cast[by], now=portal.now)

    for was, to, refusal in (
        ({}, me, Invalid),
        ({north: ""}, desk, Invalid),
        ({"AAAAAAAAAAAAAAAA": ""}, me, NotFound),
        ({north: me}, me, Stale),
    ):
        with pytest.raises(refusal):
            assign(was, to)
    with pytest.raises(Forbidden):
        assign({north: ""}, me, by="auditor")
    with portal.transaction():
        session.execute(update(User).where(User.id == portal.reviewer.id).values(status="inactive"))
    with pytest.raises(Invalid):
        assign({north: ""}, me)
    with portal.transaction():
        session.execute(update(Run).values(status="closed"))
    with pytest.raises(WrongState):
        assign({north: ""}, "")
    assert given(portal) == {}


def test_sums_filters_and_order_hold_when_board_is_asked(portal: Portal) -> None:
    """R5: dealers × claims × amount × findings × lines, mine first, filtered and sorted."""
    run = reviewed(portal, north=4, south=2)
    with portal.transaction():
        session.add(
            Assignment(
                run_id=run.id, dealer_id=portal.dealers["south"], reviewer_id=portal.reviewer.id
            )
        )
        session.execute(
            update(Claim).where(Claim.dealer_id == portal.dealers["north"]).values(suspicious=3)
        )

    def codes(share: str = "all", sort: str = "", down: bool = False) -> list[str]:
        with portal.transaction():
            found = board.statement(run, portal.reviewer, share, sort, down)
            return [row.code for row in board.rows_of(found)]

    assert codes() == ["D0002", "D0001"]
    assert codes(sort="dealer") == codes(sort="open", down=True) == ["D0001", "D0002"]
    assert codes(sort="claimed") == ["D0002", "D0001"]
    assert codes("mine") == ["D0002"]
    assert codes("findings") == ["D0001"]
    assert codes("open") == ["D0002", "D0001"]
    with portal.transaction():
        sums = board.sums(board.rows_of(board.statement(run, portal.reviewer)))
    assert (sums.claims, sums.lines, sums.open, sums.alone, sums.plain) == (2, 6, 6, 2, 4)
    assert (sums.claimed, sums.suspicious, sums.decided) == (7500, 3, 0)


def test_lines_are_not_decided_until_rules_have_looked(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: while the rules have yet to look, every line is open, and none can be approved."""
    monkeypatch.setattr(opening, "AT_ONCE", 1)
    run = reviewed(portal, north=4, south=2)
    counted = []
    for _when in ("before", "after"):
        with portal.transaction():
            sums = board.sums(board.rows_of(board.statement(run, portal.reviewer)))
        counted.append((sums.lines, sums.open, sums.alone, sums.plain, sums.decided))
        story.work(portal)
    assert counted == [(6, 6, 0, 0, 0), (6, 6, 2, 4, 0)]


def test_dealer_stays_to_decide_when_no_line_of_its_claim_is_open(portal: Portal) -> None:
    """R6: with its last lines decided, or gone with their pieces, the claim still waits."""
    run = reviewed(portal)
    client, url = portal.client(portal.reviewer), f"/runs/{run.public_id}/board?tab=open"
    for status, shown in (("in_review", True), ("decided", False)):
        with portal.transaction():
            mine = ClaimLine.dealer_id == portal.dealers["north"]
            session.execute(
                update(ClaimLine).where(mine).values(status="approved", approved=ClaimLine.claimed)
            )
            session.execute(
                update(Claim)
                .where(Claim.dealer_id == portal.dealers["north"])
                .values(status=status)
            )
        rows = client.get(url).text.partition("<tbody>")[2].partition("</tbody>")[0]
        assert ("D0001" in rows) is shown
        assert ("to finish" in rows) is shown
        assert "D0002" in rows


def test_board_shown_exported_and_changed_when_reviewer_works_at_it(portal: Portal) -> None:
    """R6: the page gives, refuses in words with its ticks kept, shares out, and is taken along."""
    run, client = reviewed(portal), portal.client(portal.reviewer)
    url = f"/runs/{run.public_id}"
    north = name_of(portal, Dealer, portal.dealers["north"])
    me = name_of(portal, User, portal.reviewer.id)
    refused = client.post(f"{url}/board", {"pick": north, f"was-{north}": me, "reviewer": me})
    assert refused.status_code == 409
    assert f'value="{north}" aria-label="D0001" checked' in refused.text
    given_to_me = client.post(
        f"{url}/board?sort=-open", {"pick": north, f"was-{north}": "", "reviewer": me}
    )
    assert given_to_me.location == f"{url}/board?sort=-open"
    page = client.get(f"{url}/board?tab=mine").text
    assert "D0001" in page
    assert "D0002" not in page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert client.post(f"{url}/share-out", {"among": "nobody"}).status_code == 422
    assert client.post(f"{url}/share-out", {"among": me}).location == f"{url}/board"
    assert given(portal) == dict.fromkeys(("north", "south"), portal.reviewer.id)
    sheet = client.get(f"{url}/board/export/csv?sort=dealer", buffered=True).text.splitlines()
    assert sheet[1].startswith("D0001,北方卫浴服务有限公司,1,50.00,0,4,0,4,1,Reviewer")
    assert "gave dealers to a reviewer" in client.get(url).text


def test_same_queries_when_there_are_more_dealers(portal: Portal) -> None:
    """The board costs the same number of queries whatever the run holds."""
    run, client = reviewed(portal, south=1), portal.client(portal.reviewer)
    url = f"/runs/{run.public_id}/board"
    client.get(url)
    with counted(portal.app) as all_of_them:
        client.get(url)
    with counted(portal.app) as fewer:
        client.get(f"{url}?tab=mine")
    assert len(all_of_them) == len(fewer)
