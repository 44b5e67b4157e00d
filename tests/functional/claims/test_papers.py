"""Claims on paper, and what became of them in their run: the same whenever printed (R1, R8)."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from portal.catalogue.models import Part
from portal.claims import figures, paper, services, summary
from portal.claims.commands import Decision
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.statement_models import RunDealer, RunPart
from portal.claims.workflow import REASONS
from portal.core.clock import Month
from portal.core.db import db, session
from portal.people import services as people
from portal.people.models import Dealer
from portal.sheets.table import read_table
from portal.web import languages
from portal.web import paper as printing
from tests.support import claims as story
from tests.support.pdf import A4, Paper
from tests.support.portal import DEALERS, Portal
from tests.support.queries import counted

NOTE = "The photo shows a scratch."


def decide(portal: Portal, claim: Claim, decisions: dict[int, Decision]) -> None:
    """Decide some lines, approve the others, and finish the decision."""
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        open_lines = select(ClaimLine.position).where(
            ClaimLine.claim_id == claim.id, ClaimLine.status == "open"
        )
        for position in session.scalars(open_lines).all():
            decision = decisions.get(position, Decision("approve"))
            services.decide_line(
                claim, position, decision, was="open", by=portal.reviewer, now=portal.now
            )
        services.decide(claim, seen=None, by=portal.reviewer, now=portal.now)


DECISIONS = {
    1: Decision("reduce", 1000, "goodwill_share"),
    2: Decision("reject", None, "other", NOTE),
}


def decided(portal: Portal) -> Claim:
    """A claim of two fill valves and two cartridges, with one line reduced and one rejected."""
    story.pieces(portal, 2)
    story.pieces(portal, 2, part="TH-300")
    claim = story.in_review(portal)
    decide(portal, claim, DECISIONS)
    return claim


def settled(portal: Portal) -> Claim:
    """The same, its month closed."""
    claim = decided(portal)
    close(portal)
    return claim


def close(portal: Portal) -> Run:
    with portal.transaction():
        run = session.scalars(select(Run).order_by(Run.month.desc()).limit(1)).one()
    story.close(portal, run)
    return run


def printed(portal: Portal, who: str, url: str, language: str = "en") -> Paper:
    asked = {"Accept-Language": language}
    return Paper(portal.client(portal.cast[who]).get(url, headers=asked))


def form(claim: Claim) -> str:
    return f"/claims/{claim.public_id}/paper.pdf"


def statement(claim: Claim) -> str:
    return f"/claims/{claim.public_id}/statement/paper.pdf"


def sheet(portal: Portal, who: str, claim: Claim, ending: str) -> Any:
    url = f"/claims/{claim.public_id}/statement/export/{ending}"
    answer = portal.client(portal.cast[who]).get(url, buffered=True)
    assert answer.status_code == 200
    return read_table(answer.data, f"list.{ending}")


def test_form_has_every_line_and_no_decision_when_it_is_not_decided(portal: Portal) -> None:
    """R1: the paper form: code, whose, which month, each piece with what was deducted, signatures;
    a draft is marked as one."""
    story.pieces(portal, 2)
    claim = story.started(portal)
    assert printed(portal, "clerk", form(claim)).text.count("Draft") == 2
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        services.submit(claim, seen=None, by=portal.manager, now=portal.now)
    for who in ("clerk", "reviewer"):
        page = printed(portal, who, form(claim))
        assert (len(page), page.sizes, page.name) == (1, {A4}, f"{claim.number}.pdf")
        assert page.codes == [f"http://localhost/claims/{claim.public_id}"]
        for word in ("Reimbursementclaim", "D0001·北方卫浴服务有限公司", "October2026", "WC-9",
                     "FV-100Fillvalve", f"CN¥{claim.claimed / 200:.2f}",
                     f"CN¥{claim.claimed / 100:.2f}", "SubmittedManager"):  # fmt: skip
            assert word in page.text, word
        assert page.text.count("Signatureandstamp") == 2
        assert page.text.count("Approved") == 1
        assert "Draft" not in page.text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Reduced:Onlyashareispaidasgoodwill.", "Rejected:", "CN¥10.00", "Settled"]),
        ("zh-CN", ["¥10.00", "北方卫浴服务有限公司"]),
        ("pl", ["10,00CNY", "Zawórnapełniający"]),
    ],
)
def test_form_says_what_was_decided_and_why(
    portal: Portal, language: str, words: list[str]
) -> None:
    """R6: reduced and rejected lines each with their reason, and the note for the dealer."""
    claim = settled(portal)
    page = printed(portal, "manager", form(claim), language)
    for word in [*words, "".join(NOTE.split())]:
        assert word in page.text, word


def test_statement_is_not_there_until_the_month_is_closed(portal: Portal) -> None:
    """R8: the closing makes it; until then one is told."""
    claim = decided(portal)
    for path in ("paper.pdf", "export/csv"):
        url = f"/claims/{claim.public_id}/statement/{path}"
        assert portal.client(portal.manager).get(url).status_code == 409
    close(portal)
    assert len(printed(portal, "manager", statement(claim))) == 1


def test_statement_speaks_the_dealers_language_unless_headquarters_chooses(
    portal: Portal,
) -> None:
    """R8: in the reader's own words for a dealer, in the dealer's for headquarters, or as asked."""
    claim = settled(portal)
    reason = {code: translated(portal, code) for code in languages.CODES}
    assert len(set(reason.values())) == 3
    for who, url, spoken, expected in (
        ("manager", statement(claim), "pl", "pl"),
        ("reviewer", statement(claim), "en", "zh-Hans"),
        ("reviewer", statement(claim) + "?language=pl", "en", "pl"),
        ("reviewer", statement(claim) + "?language=xx", "en", "zh-Hans"),
    ):
        assert reason[expected] in printed(portal, who, url, spoken).text, url


def translated(portal: Portal, code: str) -> str:
    with portal.app.test_request_context(), languages.in_language(code):
        return "".join(str(REASONS["goodwill_share"]).split())


def said(app: Flask, name: str, of: Any) -> Any:
    """What a paper says, but for when it was printed."""
    with app.test_request_context():
        claim = session.scalars(select(Claim).where(Claim.public_id == name)).one()
        return json.loads(of(claim).said)["facts"]


def test_papers_say_the_same_when_they_are_printed_years_later(portal: Portal) -> None:
    """R8: also after dealer and part were renamed."""
    claim = settled(portal)
    papers = (paper.form, paper.statement)
    before = [said(portal.app, claim.public_id, of) for of in papers]
    cells = sheet(portal, "manager", claim, "csv")
    portal.clock.advance(days=1500)
    with portal.transaction():
        facts = replace(DEALERS["north"], name="New Name GmbH", address="Elsewhere 9")
        dealer = session.get_one(Dealer, portal.dealers["north"])
        people.change_dealer(dealer, facts, by=portal.administrator, now=portal.now)
        session.execute(update(Part).values(name="Thing", name_zh="东西", name_pl="Rzecz"))
    assert [said(portal.app, claim.public_id, of) for of in papers] == before
    assert sheet(portal, "manager", claim, "csv") == cells
    with portal.transaction():
        assert session.scalars(select(RunDealer.name)).all() == [DEALERS["north"].name]
    for kept in (RunDealer, RunPart):
        for change in (update(kept).values(name="x"), delete(kept)):
            with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
                session.execute(change)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_sheet_has_a_row_for_each_line(portal: Portal, ending: str) -> None:
    """R8: what was claimed, approved and taken off as numbers, and why in words."""
    claim = settled(portal)
    table = sheet(portal, "manager", claim, ending)
    at = table.headings.index
    assert len(table.rows) == 4
    sums = {
        heading: sum(Decimal(row.cells[at(heading)]) for row in table.rows)
        for heading in ("Claimed", "Approved", "Taken off")
    }
    assert sums["Claimed"] == sums["Approved"] + sums["Taken off"]
    first, second = table.rows[:2]
    assert (first.cells[at("Decision")], second.cells[at("Note")]) == ("Reduced", NOTE)
    assert first.cells[at("Reason")] == str(REASONS["goodwill_share"])


def test_papers_are_not_found_when_they_are_anothers(portal: Portal) -> None:
    """P1: a dealer finds its own; headquarters' others have no claims."""
    claim = settled(portal)
    for path in ("paper.pdf", "statement/paper.pdf", "statement/export/csv"):
        for who, status in (
            ("clerk", 200), ("finance", 200), ("auditor", 200), ("other_manager", 404),
            ("warehouse", 403),
        ):  # fmt: skip
            url = f"/claims/{claim.public_id}/{path}"
            answer = portal.client(portal.cast[who]).get(url, buffered=True)
            assert answer.status_code == status, (who, path)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_thousand_lines_are_printed_outside_any_transaction(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1, R8: a long claim is printed whole, while the database is free for others; page, paper
    and sheet ask as much as of a short one."""
    story.pieces(portal, 2000)
    claim = story.in_review(portal)
    story.work(portal)  # so many lines are looked at by a job
    story.decide_all(portal, claim)
    close(portal)
    busy, press = [], printing._printed

    def watched(prepared: printing.Paper) -> bytes:
        busy.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return press(prepared)

    monkeypatch.setattr(printing, "_printed", watched)
    for url in (form(claim), statement(claim)):
        with counted(portal.app) as asked:
            page = printed(portal, "manager", url)
        assert f"CN¥{claim.claimed / 100:,.2f}" in page.text
        assert page.text.count("FV-100") == 2000
        assert len(asked) <= 13
    assert busy == [0, 0]


AMOUNTS = st.lists(
    st.tuples(
        st.integers(2, 90_000),
        st.sampled_from(["approve", "reduce", "reject"]),
        st.sampled_from(["north", "south"]),
    ),
    min_size=1,
    max_size=8,
)


def test_sums_agree_to_the_cent_in_any_month(portal: Portal) -> None:
    """R8: lines, claims, run, ledger, and what the statements say."""
    months = iter(Month(2026, 10).plus(place) for place in range(100))

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(AMOUNTS)
    def agree(lines: list[tuple[int, str, str]]) -> None:
        month = next(months)
        zone = portal.clock.at.tzinfo
        portal.clock.at = month.start(zone) + timedelta(days=14)  # type: ignore[arg-type]
        for price, _step, dealer in lines:
            story.pieces(portal, 1, dealer=dealer, price=price)
        of = {"north": "manager", "south": "other_manager"}
        filed = {dealer: story.submitted(portal, month, of[dealer])
                 for dealer in sorted({dealer for *_, dealer in lines})}  # fmt: skip
        portal.clock.at = month.plus(1).start(zone) + timedelta(days=3)  # type: ignore[arg-type]
        run = story.opened(portal, month)
        for dealer, claim in filed.items():
            its = [(price, step) for price, step, whose in lines if whose == dealer]
            decide(portal, claim, {
                place: Decision("reduce", price // 2, "goodwill_share") if step == "reduce"
                else Decision("reject", None, "repeat") if step == "reject"
                else Decision("approve")
                for place, (price, step) in enumerate(its, 1)
            })  # fmt: skip
        story.close(portal, run)
        with portal.transaction():
            run = session.get_one(Run, run.id)
            assert run.status == "closed"
            assert figures.agreement(run).holds
            whole = figures.statement_of_run(run)
            check_summary(portal, run)
        said_of = [approved(portal, claim) for claim in filed.values()]
        assert sum(said_of) == whole.approved == run.approved

    agree()


def check_summary(portal: Portal, run: Run) -> None:
    """Whatever a run is divided by, its parts are the run, and the month before is that one."""
    with portal.app.test_request_context():
        found = summary.summary_of(run)
        last = found.last
        before = last.approved if last else 0
        off_before = last.claimed - last.approved if last else 0
        for share in found.shares:
            for rows in (share.rows, share.top):
                assert sum(row.lines for row in rows) == found.whole.lines, share.name
                assert sum(row.claimed for row in rows) == run.claimed
                assert sum(row.approved for row in rows) == run.approved
                assert sum(row.taken_off for row in rows) == run.claimed - run.approved
                assert sum(row.before for row in rows) == before
                assert sum(row.off_before for row in rows) == off_before
                like = off_before if share.of == "taken_off" else before
                assert sum(map(share.before, rows)) == like, share.name


def test_summary_is_headquarters_page_paper_and_sheet(portal: Portal) -> None:
    """R8: by reason, dealer, part and model, with few queries; after a new name as before it."""
    settled(portal)
    with portal.transaction():
        run = session.scalars(select(Run).where(Run.status == "closed")).one()
    place = f"/runs/{run.public_id}/summary"
    client = portal.client(portal.reviewer)
    page = client.get(place).text
    for word in ("FV-100 Fill valve", "WC-9", DEALERS["north"].name, "Final"):
        assert word in page, word
    papers = Paper(client.get(f"{place}/paper.pdf"))
    assert (len(papers), papers.sizes) == (1, {A4})
    assert papers.codes == ["http://localhost" + place]
    with counted(portal.app) as asked:
        cells = client.get(f"{place}/export/csv", buffered=True).data
    assert len(asked) <= 13
    with portal.transaction():
        session.execute(update(Part).values(name="Thing"))
    assert client.get(f"{place}/export/csv", buffered=True).data == cells
    table = read_table(client.get(f"{place}/export/xlsx", buffered=True).data, "list.xlsx")
    at = table.headings.index
    for share in ("By dealer", "By part", "By product model"):
        rows = [row.cells for row in table.rows if row.cells[0] == share]
        assert sum(Decimal(row[at("Approved")]) for row in rows) * 100 == run.approved
    assert portal.client(portal.manager).get(place).status_code == 403


def test_long_share_ends_with_what_the_others_come_to(portal: Portal) -> None:
    """R8: a page shows the first ten, and its rows are still the whole run."""
    rows = [summary.Row(str(n), 1, n, n, 0, 2 * n) for n in range(30, 0, -1)]
    share = summary.Share("part", "By part", "approved", rows)
    with portal.app.test_request_context():
        top = share.top
    assert (len(top), top[-1].label, top[-1].lines) == (11, "20 others", 20)
    assert sum(row.approved for row in top) == sum(range(31))


def approved(portal: Portal, claim: Claim) -> int:
    """What a claim's statement sheet adds up to, in minor units."""
    table = sheet(portal, "auditor", claim, "csv")
    at = table.headings.index(heading_of(portal, claim))
    return int(sum(Decimal(row.cells[at]) for row in table.rows) * 100)


def heading_of(portal: Portal, claim: Claim) -> str:
    """The dealer's word for what was approved."""
    north = claim.dealer_id == portal.dealers["north"]
    with portal.app.test_request_context(), languages.in_language("zh-Hans" if north else "pl"):
        return str(languages.messages().gettext("Approved"))
