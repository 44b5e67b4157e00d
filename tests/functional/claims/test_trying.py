"""Rules are tried on a run before they are in force (R5): counted as it would, nothing written."""

from typing import Any

import pytest
from sqlalchemy import func, select

from portal.claims import findings, trying
from portal.claims.models import Claim, ClaimFinding, ClaimLine, Run
from portal.core.db import session
from portal.core.events import Event
from portal.terms.models import PolicyValue
from portal.terms.rule_terms import RULE_TERMS
from tests.functional.claims.looking import decree, kept
from tests.support import claims as story
from tests.support.portal import Portal
from tests.support.queries import counted

TABLES = (Claim, ClaimLine, ClaimFinding, Run, PolicyValue, Event)


def a_run(portal: Portal) -> tuple[Run, Claim]:
    """A run with two lines of 12.50 and one of 4.80."""
    story.pieces(portal, 2)
    story.pieces(portal, 1, part="FP-200")
    claim = story.submitted(portal)
    return story.opened(portal), claim


def asked(portal: Portal, run: Run, **changed: Any) -> dict[str, Any]:
    """What the form sends: the values in force, but for those that are changed."""
    with portal.transaction():
        known = findings.in_force(portal.now)
    values: dict[str, Any] = {
        term.name.removeprefix("rule."): known[term.name] for term in RULE_TERMS
    }
    values["frequency_share"] = known["rule.frequency_share"] // 100
    values["amount_limit"] = known["rule.amount_limit"] // 100
    return values | {"run": run.public_id} | changed


def cells(page: str, rule: str) -> list[str]:
    """The figures in the row of a rule."""
    row = page.split('id="found"')[1].split(f'<td class="key">{rule}</td>')[1].split("</tr>")[0]
    return [cell.split(">", 1)[1].split("<")[0] for cell in row.split("<td")[1:]]


def test_changed_rule_is_counted_against_the_one_in_force(portal: Portal) -> None:
    """R5: how many lines, and how much money, before and after, with lines that would be found."""
    run, claim = a_run(portal)
    reviewer = portal.client(portal.reviewer)
    page = reviewer.get("/rules", query_string=asked(portal, run, amount_limit="10.00")).text
    assert cells(page, "High amount") == ["0", "2", "CN¥0.00", "CN¥25.00"]
    assert cells(page, "Same photo") == ["0", "0", "CN¥0.00", "CN¥0.00"]
    assert "Lines with findings, of 3" in page
    assert page.count("which is above the limit of CN¥10.00.") == 2
    assert f'href="/claims/{claim.public_id}"' in page
    off = reviewer.get(
        "/rules", query_string=asked(portal, run, amount_limit="10.00", amount="0")
    ).text
    assert cells(off, "High amount") == ["0", "0", "CN¥0.00", "CN¥0.00"]


def test_nothing_is_written_when_rules_are_tried(portal: Portal) -> None:
    """R5: no finding, no policy value, no event; a settled run can be asked about as well."""
    run, claim = a_run(portal)
    with portal.transaction():
        before = [session.scalar(select(func.count()).select_from(one)) for one in TABLES]
    reviewer = portal.client(portal.reviewer)
    with counted(portal.app) as statements:
        reviewer.get("/rules", query_string=asked(portal, run, amount_limit="1"))
    assert not [one for one in statements if one.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    with portal.transaction():
        after = [session.scalar(select(func.count()).select_from(one)) for one in TABLES]
    assert before == after
    assert kept(portal, claim) == {}
    story.decide_all(portal, claim)
    story.close(portal, run)
    page = reviewer.get("/rules", query_string=asked(portal, run, amount_limit="1")).text
    assert cells(page, "High amount") == ["0", "3", "CN¥0.00", "CN¥29.80"]


def test_trial_counts_what_the_run_found_with_the_same_values(portal: Portal) -> None:
    """R5: tried with what is in force it finds the lines that the run itself found."""
    decree(portal, "rule.amount_limit", 1000)
    decree(portal, "rule.piece_received", 1)
    run, claim = a_run(portal)
    found = kept(portal, claim)
    with portal.transaction():
        run = session.get_one(Run, run.id)
        known = findings.in_force(portal.now)
        trial = trying.tried(run, known, now=portal.now)
    by_rule = {one.rule.name: one for one in trial.outcomes}
    assert all(one.before == one.after for one in trial.outcomes)
    for name, one in by_rule.items():
        assert one.after.lines == sum(name in rules for rules in found.values()), name
    assert trial.after.lines == len(found) == 3
    assert by_rule["amount"].after == (2, 2500)
    assert by_rule["piece"].after == (3, 2980)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("product_days", "0", "Enter a whole number from 1 to 730."),
        ("amount_limit", "0", "An amount must be above zero."),
        ("amount_limit", "99999999999", "Enter an amount from CN¥0.01 to CN¥20,000,000.00."),
        ("frequency_share", "99", "From 100 to 10000 percent"),
        ("run", "nonsense", "Not a valid choice."),
    ],
)
def test_refused_when_a_value_is_out_of_its_bounds(
    portal: Portal, field: str, typed: str, sentence: str
) -> None:
    """R5: what could not be proposed as a policy value cannot be tried; what was typed stays."""
    run, _claim = a_run(portal)
    sent = asked(portal, run) | {field: typed}
    answer = portal.client(portal.administrator).get("/rules", query_string=sent)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'id="found"' not in answer.text


def test_administrator_tries_without_reading_claims(portal: Portal) -> None:
    """R5, P3: who proposes the value sees what it would do, but no link to what is not theirs."""
    run, claim = a_run(portal)
    client = portal.client(portal.administrator)
    page = client.get("/rules", query_string=asked(portal, run, amount_limit="10")).text
    assert cells(page, "High amount")[1] == "2"
    assert claim.number in page
    assert f"/claims/{claim.public_id}" not in page
    for who in ("clerk", "manager", "desk", "finance", "warehouse", "auditor"):
        assert portal.client(portal.cast[who]).get("/rules").status_code == 403, who


def test_page_leads_there_from_policy_values_and_the_run(portal: Portal) -> None:
    """R5: it is found where the values are, and where the run is."""
    reviewer, administrator = portal.client(portal.reviewer), portal.client(portal.administrator)
    assert "No run yet" in reviewer.get("/rules").text
    run, _claim = a_run(portal)
    assert 'href="/rules"' in administrator.get("/policy").text
    assert 'href="/rules"' in administrator.get("/policy/rule.amount_limit").text
    assert 'href="/rules"' not in administrator.get("/policy/claim.run_day").text
    link = f"/rules?of={run.public_id}"
    assert link in reviewer.get(f"/runs/{run.public_id}").text
    page = reviewer.get(link)
    assert page.status_code == 200
    assert 'id="found"' not in page.text


def test_queries_stay_the_same_when_the_run_has_more_lines(portal: Portal) -> None:
    """R5: all rules twice, however many lines there are."""
    story.pieces(portal, 2)
    story.submitted(portal)
    few = story.opened(portal)

    def cost(run: Run) -> int:
        reviewer = portal.client(portal.reviewer)
        sent = asked(portal, run, amount_limit="1", product_days="10")
        reviewer.get("/rules", query_string=sent)
        with counted(portal.app) as statements:
            assert reviewer.get("/rules", query_string=sent).status_code == 200
        return len(statements)

    first = cost(few)
    portal.clock.advance(days=31)
    story.pieces(portal, 40)
    story.submitted(portal, story.NOVEMBER)
    assert cost(story.opened(portal, story.NOVEMBER)) == first
