"""The pages of claims and runs, as a browser without scripts and as htmx sees them."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import public_id, session
from tests.support import claims as story
from tests.support.claims import NOVEMBER
from tests.support.portal import START, Client, Portal
from tests.support.queries import counted


def url(document: Claim | Run) -> str:
    """The page of a document."""
    return f"/{document.kind}s/{document.public_id}"


def decision(step: str, was: str = "open", **other: str) -> dict[str, str]:
    """What the reviewer's form of a line sends."""
    return {"step": step, "was": was, "amount": "", "reason": "", "note": "", **other}


def fragment(name: str) -> dict[str, Any]:
    """The headers with which htmx asks for a block."""
    return {"headers": {"HX-Request": "true", "HX-Target": f"div#{name}"}}


def test_dealer_claims_and_sees_the_decision_when_scripts_are_off(portal: Portal) -> None:
    """R2, R6, R7: the whole loop by plain forms, from the task at home to the credit."""
    first, _second, third = story.pieces(portal, 3)
    portal.clock.at = START.replace(month=11, day=2)
    manager, reviewer = portal.client(portal.manager), portal.client(portal.reviewer)
    home = manager.get("/").text
    assert "Claim to file for October 2026: 3 pieces, CN¥37.50" in home
    claim_url = manager.post("/claims/new", {"month": "2026-10"}).location
    page = manager.get(claim_url).text
    assert page.count('name="chosen"') == 3
    answer = manager.post(
        f"{claim_url}/submit",
        {
            "seen": "1", "offered": [first, third], "chosen": [first],
            f"remark-{first}": "Cracked", "remark": "October",
        },
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    assert "The claim is submitted: 2 lines, CN¥25.00." in manager.get(claim_url).text
    run_url = _open_october(reviewer)
    lines_url = f"{claim_url}/lines"
    assert reviewer.post(f"{claim_url}/approve-open", {"seen": "3"}).status_code == 303
    answer = reviewer.post(
        f"{lines_url}/1", decision("reduce", amount="¥10.00", reason="goodwill_share", note="Half")
    )
    assert answer.status_code == 303
    seen = manager.get(claim_url).text
    assert "Only a share is paid as goodwill." in seen
    assert "CN¥10.00" in seen
    assert reviewer.post(f"{claim_url}/decide", {"seen": "4"}).status_code == 303
    assert "1 of 1 claims decided" in reviewer.get("/").text
    assert reviewer.post(f"{run_url}/close", {"seen": "1"}).status_code == 303
    assert story.work(portal) == 1
    assert "They agree to the cent." in reviewer.get(run_url).text
    assert "Credited to the account" in manager.get(claim_url).text
    assert "CN¥22.50" in manager.get("/account").text


def _open_october(reviewer: Client) -> str:
    assert reviewer.post("/runs/open", {"month": "2026-10"}).status_code == 303
    page = reviewer.get("/runs").text
    return "/runs/" + page.split('href="/runs/')[1].split('"')[0]


def test_draft_answers_its_sum_when_htmx_saves_it(portal: Portal) -> None:
    """R2: saved as one types; the server says what the claim comes to."""
    first, second = story.pieces(portal, 2)
    claim = story.started(portal)
    clerk = portal.client(portal.clerk)
    answer = clerk.post(
        f"{url(claim)}/save",
        {"seen": "1", "offered": [first, second], "chosen": [second], "remark": ""},
        headers={"HX-Request": "true", "HX-Target": "p#sum"},
    )
    assert answer.status_code == 200
    assert "1 line · " in answer.text
    assert "CN¥12.50" in answer.text
    assert "<html" not in answer.text
    page = clerk.get(url(claim)).text
    assert page.count("checked") == 1
    assert "Submit claim" not in page


def test_typed_kept_when_draft_is_refused(portal: Portal) -> None:
    """R2: a remark that is too long is refused with what was typed; nothing changes."""
    (piece,) = story.pieces(portal, 1)
    claim = story.started(portal)
    long = "x" * 201
    answer = portal.client(portal.clerk).post(
        f"{url(claim)}/save",
        {"seen": "1", "offered": [piece], f"remark-{piece}": long, "remark": "kept"},
    )
    assert answer.status_code == 422
    assert long in answer.text
    assert "kept</textarea>" in answer.text
    assert "at most 200 characters" in answer.text
    assert len(story.lines(portal, claim)) == 1


@pytest.mark.parametrize(
    "month", ["", "2026-13", "October", "2026-10-01", "9999-99", "２０２６-１０"]
)
def test_sentence_when_month_is_none(portal: Portal, month: str) -> None:
    """R1: what is no month is answered beside the field."""
    story.pieces(portal, 1)
    answer = portal.client(portal.clerk).post("/claims/new", {"month": month})
    assert answer.status_code == 422
    assert 'id="month-error"' in answer.text


def test_conflict_named_when_month_is_begun_twice(portal: Portal) -> None:
    """R1: the second claim of a month names the first, which is still there to change."""
    story.pieces(portal, 2)
    clerk = portal.client(portal.clerk)
    assert clerk.post("/claims/new", {"month": "2026-10"}).status_code == 303
    answer = clerk.post("/claims/new", {"month": "2026-10"})
    assert answer.status_code == 409
    assert "RC-2026-10-D0001" in answer.text


def test_line_decided_in_place_when_htmx_asks(portal: Portal) -> None:
    """R6: htmx follows the redirect and gets the claim's block, with the line decided."""
    story.pieces(portal, 2)
    claim = story.in_review(portal)
    reviewer = portal.client(portal.reviewer)
    answer = reviewer.post(
        f"{url(claim)}/lines/1?lines=open",
        decision("approve"),
        follow_redirects=True,
        **fragment("claim"),
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="line-2"' in answer.text
    assert 'id="line-1"' not in answer.text


def test_panel_open_with_typed_text_when_decision_is_refused(portal: Portal) -> None:
    """R6: a refused decision keeps its line's form open, with the error at its field."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    reviewer = portal.client(portal.reviewer)
    for typed, sentence in (
        ({"amount": "12.50", "reason": "repeat"}, "lies between zero and what is claimed"),
        ({"amount": "3.005", "reason": "repeat"}, "at most 2 digits"),
        ({"amount": "lots", "reason": "repeat"}, "is not an amount of money"),
        ({"amount": "", "reason": "repeat"}, "Enter the amount"),
        ({"amount": "5", "reason": "nonsense"}, "Choose a reason"),
        ({"amount": "5", "reason": "other"}, "Explain the reason"),
    ):
        answer = reviewer.post(f"{url(claim)}/lines/1", decision("reduce", **typed))
        assert answer.status_code == 422, typed
        assert sentence in answer.text, typed
        assert '<details class="menu" open>' in answer.text
        assert f'value="{typed["amount"]}"' in answer.text
    stale = reviewer.post(f"{url(claim)}/lines/1", decision("approve", was="rejected"))
    assert stale.status_code == 409
    for path in ("lines/2", "lines/999999999999999999999", "lines/-1"):
        assert reviewer.post(f"{url(claim)}/{path}", decision("approve")).status_code == 404
    assert reviewer.post(f"{url(claim)}/lines/1", decision("shred")).status_code == 422
    assert story.lines(portal, claim)[0].status == "open"


def test_return_keeps_its_reason_away_from_nobody(portal: Portal) -> None:
    """R6: the dealer reads why the claim came back, on the draft and as a task at home."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    reviewer = portal.client(portal.reviewer)
    assert reviewer.post(f"{url(claim)}/return", {"seen": "3", "reason": ""}).status_code == 422
    answer = reviewer.post(f"{url(claim)}/return", {"seen": "3", "reason": "Second photo missing"})
    assert answer.status_code == 303
    assert reviewer.get(url(claim)).status_code == 200
    clerk = portal.client(portal.clerk)
    assert "Second photo missing" in clerk.get(url(claim)).text
    assert "Claims returned for correction" in clerk.get("/").text
    again = reviewer.post(f"{url(claim)}/return", {"seen": "4", "reason": "Again"})
    assert again.status_code == 409


def test_foreign_claim_is_as_missing_when_others_ask(portal: Portal) -> None:
    """P1: a foreign claim, a draft that headquarters may not see yet, and a missing one are 404."""
    story.pieces(portal, 1)
    claim = story.started(portal)
    for who in (portal.other_manager, portal.reviewer, portal.auditor):
        client = portal.client(who)
        assert client.get(url(claim)).status_code == 404
        assert claim.number not in client.get("/claims?q=RC").text
        assert claim.number not in client.get("/search?q=RC-2026").text
    other = portal.client(portal.other_manager)
    for path in ("save", "submit"):
        assert other.post(f"{url(claim)}/{path}", {"seen": "1"}).status_code == 404
        assert other.post(f"/claims/{'x' * 16}/{path}", {"seen": "1"}).status_code == 404
    assert claim.number in portal.client(portal.clerk).get("/search?q=rc-2026").text


def test_forbidden_when_role_has_no_such_capability(portal: Portal) -> None:
    """P3: a dealer decides nothing and sees no run; an auditor changes nothing."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    with portal.transaction():
        run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
    forbidden = {
        portal.manager: ("return", "decide", "approve-open", "lines/1"),
        portal.auditor: ("return", "decide", "approve-open", "lines/1", "save", "submit"),
        portal.reviewer: ("save", "submit"),
    }
    for who, paths in forbidden.items():
        client = portal.client(who)
        for path in paths:
            assert client.post(f"{url(claim)}/{path}", {"seen": "3"}).status_code == 403, path
    for who in (portal.manager, portal.desk, portal.warehouse):
        client = portal.client(who)
        assert client.get(url(run)).status_code == 403
        assert client.get("/runs").status_code == 403
    auditor = portal.client(portal.auditor)
    assert auditor.get(url(run)).status_code == 200
    for path in ("start", "close", "close-again"):
        assert auditor.post(f"{url(run)}/{path}", {"seen": "1"}).status_code == 403


def test_progress_asked_again_when_run_is_closing(portal: Portal) -> None:
    """R7: the page of a closing run looks again by itself, and stops when it is closed."""
    run = story.opened(portal)
    story.decided(portal, run, 2)
    reviewer = portal.client(portal.reviewer)
    assert reviewer.post(f"{url(run)}/close", {"seen": "1"}).status_code == 303
    page = reviewer.get(url(run)).text
    assert 'hx-trigger="every 2s"' in page
    assert "Look again" in page
    again = reviewer.post(f"{url(run)}/close-again", {"seen": "2"})
    assert again.status_code == 303
    story.work(portal)
    block = reviewer.get(url(run), **fragment("run"))
    assert "every 2s" not in block.text
    assert "They agree to the cent." in block.text
    assert reviewer.post(f"{url(run)}/close-again", {"seen": "3"}).status_code == 409
    assert reviewer.post(f"{url(run)}/close", {"seen": "3"}).status_code == 409


def test_undecided_named_when_run_is_closed_too_early(portal: Portal) -> None:
    """R7: the refusal says how many claims are missing."""
    story.pieces(portal, 1)
    story.in_review(portal)
    with portal.transaction():
        run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
    answer = portal.client(portal.reviewer).post(f"{url(run)}/close", {"seen": "1"})
    assert answer.status_code == 422
    assert "1 claim is not decided yet." in answer.text


def test_old_part_says_how_it_was_paid(portal: Portal) -> None:
    """O9: the payment status of an old part is that of its claim's line."""
    (piece,) = story.pieces(portal, 1)
    clerk = portal.client(portal.clerk)
    page = f"/old-parts/{piece}"
    assert "Not claimed" in clerk.get(page).text
    claim = story.submitted(portal)
    claimed = clerk.get(page).text
    assert "On a claim" in claimed
    assert claim.number in claimed
    run = story.opened(portal)
    story.decide_all(portal, claim)
    story.close(portal, run)
    assert "Reimbursed" in clerk.get(page).text


def _many_claims(portal: Portal, count: int) -> None:
    with portal.transaction():
        rows = [
            {
                "public_id": public_id(), "status": "settled", "version": 1, "event_count": 0,
                "event_hash": "", "created_at": START, "dealer_id": portal.dealers["north"],
                "month": "2026-08", "ordinal": 5000 + number, "number": f"RC-many-{number}",
                "created_by_id": portal.clerk.id, "submitted_at": START, "line_count": 1,
                "claimed": 100, "approved": 100, "remark": "",
            }
            for number in range(count)
        ]  # fmt: skip
        session.execute(insert(Claim), rows)


@pytest.mark.parametrize("count", [10, 1000])
def test_three_queries_when_list_is_long(portal: Portal, count: int) -> None:
    """A list costs at most three queries, whoever asks and however long it is."""
    _many_claims(portal, count)
    for who in (portal.clerk, portal.reviewer):
        client = portal.client(who)
        for path in ("/claims", "/claims?tab=settled&q=many", "/runs"):
            with counted(portal.app) as statements:
                answer = client.get(path)
            if path == "/runs" and who is portal.clerk:
                assert answer.status_code == 403
                continue
            assert answer.status_code == 200
            spent = [one for one in statements if not one.startswith(("BEGIN", "COMMIT"))]
            assert len(spent) <= 3, (path, spent)


def test_same_queries_when_claim_has_many_lines(portal: Portal) -> None:
    """A claim's page costs the same number of queries whatever it holds."""
    story.pieces(portal, 2)
    small = story.in_review(portal)
    portal.clock.at = START.replace(month=11, day=2)
    story.pieces(portal, 250)
    large = story.in_review(portal, NOVEMBER)
    reviewer = portal.client(portal.reviewer)
    spent = []
    for claim in (small, large):
        with counted(portal.app) as statements:
            page = reviewer.get(url(claim))
        assert page.status_code == 200
        spent.append(len([one for one in statements if not one.startswith("BEGIN")]))
    assert spent[0] == spent[1] <= 9
    assert page.text.count('id="line-') == 100
    rest = reviewer.get(f"{url(large)}?after=200").text
    assert rest.count('id="line-') == 50
    assert reviewer.get(f"{url(large)}?after=99999999999999999999").status_code == 200
    with portal.transaction():
        assert len(session.scalars(select(ClaimLine.id)).all()) == 252


def test_late_pieces_ticked_and_sent_when_draft_is_opened_again(portal: Portal) -> None:
    """R2: the figures are those of the ticks; pieces of other pages are sent along."""
    story.pieces(portal, 100)
    claim = story.started(portal)
    (late,) = story.pieces(portal, 1)
    manager = portal.client(portal.manager)
    page = manager.get(url(claim)).text
    assert "1 part was accepted after this draft was begun" in page
    assert f'<input type="hidden" name="chosen" value="{late}">' in page
    assert "101 lines · " in page
    assert "CN¥1,262.50" in page
    last = manager.get(f"{url(claim)}?after={story.lines(portal, claim)[98].old_part_id}").text
    assert last.count("checked") == 2
    answer = manager.post(
        f"{url(claim)}/submit", {"seen": "1", "offered": [late], "chosen": [late]}
    )
    assert answer.status_code == 303
    assert "The claim is submitted: 101 lines, CN¥1,262.50." in manager.get(url(claim)).text


def test_figures_follow_the_ticks_when_a_draft_is_refused(portal: Portal) -> None:
    """R2: what is typed stays, and the sum above the button is that of the ticks."""
    first, second = story.pieces(portal, 2)
    claim = story.started(portal)
    answer = portal.client(portal.clerk).post(
        f"{url(claim)}/save",
        {"seen": "1", "offered": [first, second], "chosen": [second], "remark": "x" * 4001},
    )
    assert answer.status_code == 422
    assert "1 line · " in answer.text
    assert story.lines(portal, claim)[1:]


def test_sentence_and_no_button_when_each_open_line_has_a_remark(portal: Portal) -> None:
    """R5: lines with a remark are decided one by one, and the page says so."""
    first, second = story.pieces(portal, 2)
    claim = story.started(portal)
    manager, reviewer = portal.client(portal.manager), portal.client(portal.reviewer)
    manager.post(
        f"{url(claim)}/submit",
        {
            "seen": "1", "offered": [first, second], "chosen": [first, second],
            f"remark-{first}": "Cracked",
        },
    )  # fmt: skip
    story.opened(portal)
    sentence = "1 open line has the dealer’s remark: decide it by itself."
    page = reviewer.get(url(claim)).text
    assert sentence in page
    assert "/approve-open" in page
    assert reviewer.post(f"{url(claim)}/approve-open").status_code == 303
    page = reviewer.get(url(claim)).text
    assert sentence in page
    assert "/approve-open" not in page
    answer = reviewer.post(f"{url(claim)}/approve-open")
    assert answer.status_code == 422
    assert sentence in answer.text


def test_closing_says_what_it_does_when_it_is_asked_for(portal: Portal) -> None:
    """R7, R8: how many claims and how much, and that there is no way back; sums named apart."""
    story.pieces(portal, 2)
    claim = story.in_review(portal)
    reviewer = portal.client(portal.reviewer)
    run = "/runs/" + reviewer.get("/runs").text.split('href="/runs/')[1].split('"')[0]
    assert reviewer.post(f"{url(claim)}/lines/1", decision("approve")).status_code == 303
    page = reviewer.get(run).text
    assert "Approved so far" in page
    assert "Lines of decided claims" in page
    assert "-CN¥" not in page.replace("−", "-")
    assert "CN¥12.50" in reviewer.get("/runs").text
    reviewer.post(f"{url(claim)}/approve-open")
    version = str(story.fresh(portal, claim).version)
    assert reviewer.post(f"{url(claim)}/decide", {"seen": version}).status_code == 303
    assert "The claim is decided: CN¥25.00 of CN¥25.00 approved." in reviewer.get(url(claim)).text
    page = reviewer.get(run).text
    assert "1 claim is settled and CN¥25.00 credited." in page
    assert "A closed month is not opened again." in page
    assert reviewer.post(f"{run}/close", {"seen": "1"}).status_code == 303
    assert "The closing of the month has begun." in reviewer.get(run).text
