"""Claims and runs in a browser: saved as one types, decided in place, closed while one watches."""

import pytest
from playwright.sync_api import Browser, Page, expect

from portal.claims.models import Claim, Run
from portal.core.permissions import Actor
from tests.support import claims as story
from tests.support.axe import axe_violations
from tests.support.browser import PHONE, window
from tests.support.portal import Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def signed_in(page: Page, portal: Portal, who: Actor, address: str) -> Page:
    """A page of somebody."""
    cookie = portal.client(who).http.get_cookie("partloop")
    assert cookie is not None
    page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])
    return page


def url(document: Claim | Run) -> str:
    """The page of a document."""
    return f"/{document.kind}s/{document.public_id}"


def test_sum_follows_when_pieces_are_left_out(portal: Portal, browser: Browser) -> None:
    """R2: a draft is saved as one ticks, the server's sum follows, and nothing is lost."""
    story.pieces(portal, 3)
    claim = story.started(portal)
    with serve(portal.app) as address, window(browser, address, width=PHONE) as page:
        signed_in(page, portal, portal.manager, address).goto(url(claim))
        expect(page.locator("#sum")).to_contain_text("3 lines · CN¥37.50")
        page.get_by_role("checkbox").first.uncheck()
        expect(page.locator("#sum")).to_contain_text("2 lines · CN¥25.00")
        assert page.locator("#sum strong").is_visible()
        with page.expect_response("**/save"):
            page.get_by_label("Remark on OP-").nth(1).fill("Second repair")
        expect(page.locator("#sum")).to_contain_text("Saved at")
        page.reload()
        expect(page.get_by_role("checkbox").first).not_to_be_checked()
        expect(page.get_by_label("Remark on OP-").nth(1)).to_have_value("Second repair")
        page.get_by_role("checkbox").first.check()
        page.get_by_role("button", name="Submit claim").click()
        expect(page.locator(".head .badge")).to_have_text("Submitted")
        expect(page.get_by_text("The claim is submitted: 3 lines, CN¥37.50.")).to_be_visible()
    assert len(story.lines(portal, claim)) == 3


def test_lines_decided_in_place_when_scripts_run(portal: Portal, browser: Browser) -> None:
    """R6: a decision swaps the claim and not the page; what is refused stays as typed."""
    story.pieces(portal, 3)
    claim = story.in_review(portal)
    with serve(portal.app) as address, window(browser, address, expected=("422",)) as page:
        signed_in(page, portal, portal.reviewer, address).goto(url(claim))
        page.evaluate("window.sameDocument = true")
        first, second = page.locator("#line-1"), page.locator("#line-2")
        first.get_by_role("button", name="Approve").click()
        expect(first.locator(".badge").last).to_have_text("Approved")
        second.locator("summary").click()
        panel = second.locator(".panel")
        panel.get_by_label("Reason").select_option("goodwill_share")
        panel.get_by_label("Approved amount").fill("99")
        panel.get_by_role("button", name="Reduce").click()
        expect(page.locator("#error-summary")).to_contain_text("between zero and what is claimed")
        expect(panel.get_by_label("Approved amount")).to_have_value("99")
        panel.get_by_label("Approved amount").fill("10")
        panel.get_by_label("Approved amount").press("Enter")
        expect(second.locator(".badge").last).to_have_text("Reduced")
        expect(page.locator("#error-summary")).to_have_count(0)
        page.get_by_role("button", name="Approve the lines without finding").click()
        expect(page.locator("#line-3 .badge").last).to_have_text("Approved")
        assert page.evaluate("window.sameDocument")
        assert axe_violations(page) == []
        page.get_by_role("button", name="Finish the decision").click()
        expect(page.locator(".head .badge")).to_have_text("Decided")
    assert [line.approved for line in story.lines(portal, claim)] == [1250, 1000, 1250]


@pytest.mark.parametrize("scripts", [True, False])
def test_page_says_so_when_the_run_is_closed(
    portal: Portal, browser: Browser, scripts: bool
) -> None:
    """R7: who watches the closing sees its end, by itself or by looking again."""
    run = story.opened(portal)
    story.decided(portal, run, 2)
    with serve(portal.app) as address, window(browser, address, javascript=scripts) as page:
        signed_in(page, portal, portal.reviewer, address).goto(url(run))
        page.locator("summary").filter(has_text="Close the month").click()
        expect(page.locator(".actions .panel")).to_contain_text("2 claims are settled and CN¥3.00")
        page.get_by_role("button", name="Close the month").click()
        expect(page.locator(".head .badge")).to_have_text("Closing")
        story.work(portal)
        if not scripts:
            page.get_by_role("link", name="Look again").click()
        expect(page.locator(".head .badge")).to_have_text("Closed")
        expect(page.get_by_text("They agree to the cent.")).to_be_visible()
