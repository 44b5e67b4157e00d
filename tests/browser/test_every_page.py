"""Every page there is: axe, its colours in both themes, room at both widths, valid HTML, no errors.

The pages are the rows of the authorisation matrix, so a new page is tried here as well.
"""

from collections.abc import Iterator

import pytest
from flask import url_for
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from portal.core.db import session
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.people.models import User
from portal.web.routes import needs_of
from tests.functional import world as worlds
from tests.functional.test_authorisation import TABLE, Row
from tests.support.axe import SEEN, axe_violations
from tests.support.browser import DESKTOP, PHONE, window
from tests.support.html import html_errors
from tests.support.portal import Client, Portal
from tests.support.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

NOT_PAGES = {
    "static",
    "home.healthz",
    "watch.figures",
    "watch.readyz",
    "files.show",
    "files.thumbnail",
    "pricelists.errors",
    "pricelists.original",
    "imports.errors",
    "imports.original",
    "imports.template",
    "labels.part",
    "oldpartbatches.errors",
    "oldpartbatches.original",
    "oldpartbatches.template",
    "phone.alike",
    "oldpartlabels.one_paper",
    "oldpartlabels.many_paper",
    "packing.packing_list",
    "paper.application",
    "paper.packing_slip",
    "picking.paper_list",
    "sheets.template",
    "worklist.export",
    "shipments.export",
    "compensations.export",
    "oldpartlists.export",
    "oldpartlists.export_to_register",
    "oldpartlists.export_owed",
    "oldpartlists.export_charges",
    "collectionlists.export",
    "claimlists.export",
    "audit.export",
    "corrections.export",
    "bank.export",
    "moneyreports.export_days",
    "moneyreports.export_owed",
    "moneyreports.export_postings",
    "bankfiles.errors",
    "bankfiles.original",
    "fees.export",
    "invoices.export",
    "owndata.take",
    "fees.board",
    "feedrafts.template",
    "appeals.export",
    "advances.export",
    "claimpapers.export_of_appeal",
    "claimpapers.statement_of_appeal",
    "claimpapers.form",
    "claimpapers.statement",
    "claimpapers.export",
    "runboards.export",
    "runsummaries.printed",
    "runsummaries.export",
    "ledgerlists.own",
    "ledgerlists.of_all",
    "ledgerlists.of_dealer",
    "statements.printed",
    "statements.export",
    "catalogue.suggest",
}
ORDER = (
    "manager",
    "clerk",
    "administrator",
    "desk",
    "finance",
    "reviewer",
    "warehouse",
    "other_manager",
    "other_clerk",
    "auditor",
)


def _pages(portal: Portal, world: worlds.World) -> Iterator[tuple[str, str]]:
    """Each page with one person who may open it."""
    gets = {
        rule.endpoint for rule in portal.app.url_map.iter_rules() if "GET" in (rule.methods or ())
    }
    for endpoint in sorted(gets & set(TABLE) - NOT_PAGES):
        for row in TABLE[endpoint]:
            if row.gives == 200:
                yield from _opened(portal, world, endpoint, row)
    yield from _opened(portal, world, "rates.show", Row("dealer"))  # anybody's, named by its dealer


def _opened(
    portal: Portal, world: worlds.World, endpoint: str, row: Row
) -> Iterator[tuple[str, str]]:
    needs = needs_of(endpoint)
    for who in ORDER:
        thing = world.own(row.kind, who) if row.kind else None
        allowed = needs in (PUBLIC, SIGNED_IN) or portal.cast[who].can(needs)
        if allowed and (row.kind is None or thing):
            values = row.also | ({row.argument: thing.name} if thing else {})
            with portal.app.test_request_context():
                yield who, url_for(endpoint, **values)
            return


def _wider_than_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def _faults(page: Page, address: str, url: str) -> Iterator[str]:
    page.set_viewport_size({"width": DESKTOP, "height": 800})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(address + url)
    if _wider_than_the_window(page):
        yield f"{url} is wider than {DESKTOP} px"
    yield from (f"{url} light: {fault}" for fault in axe_violations(page))
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size({"width": PHONE, "height": 800})
    yield from (f"{url} dark: {fault}" for fault in axe_violations(page, SEEN))
    if _wider_than_the_window(page):
        yield f"{url} is wider than {PHONE} px"


def _too_wide(page: Page, address: str, url: str) -> Iterator[str]:
    page.goto(address + url)
    for width in (DESKTOP, PHONE):
        page.set_viewport_size({"width": width, "height": 800})
        if _wider_than_the_window(page):
            yield f"{url} is wider than {width} px"


def _sign_in(page: Page, address: str, client: Client) -> None:
    cookie = client.http.get_cookie("partloop")
    assert cookie is not None
    page.context.add_cookies([{"name": "partloop", "value": cookie.value, "url": address}])


def test_pages_hold_up_when_everybody_opens_theirs(portal: Portal, browser: Browser) -> None:
    """WCAG 2.2 AA in both themes, no sideways scrolling on a phone, valid HTML, no errors."""
    world = worlds.build(portal)
    pages = list(_pages(portal, world))
    faults: list[str] = []
    sources: dict[str, str] = {}
    with serve(portal.app) as address:
        for who in dict.fromkeys(who for who, _url in pages):
            client = portal.client(portal.cast[who])
            with window(browser, address) as page:
                _sign_in(page, address, client)
                for url in (url for person, url in pages if person == who):
                    sources[f"{who} {url}"] = client.get(url).text
                    faults += _faults(page, address, url)
    assert len(pages) > 40
    assert faults + html_errors(sources) == []


@pytest.mark.parametrize("language", ["pl", "zh-Hans"])
def test_pages_have_room_when_they_are_read_in_other_languages(
    portal: Portal, browser: Browser, language: str
) -> None:
    """No page scrolls sideways where words are longer, nor where one has no end."""
    world = worlds.build(portal)
    pages = list(_pages(portal, world))
    pages += [(who, "/search?q=" + "x" * 100) for who in ("clerk", "auditor")]
    with portal.transaction():
        session.execute(update(User).values(language=language))
    faults: list[str] = []
    with serve(portal.app) as address:
        for who in dict.fromkeys(who for who, _url in pages):
            with window(browser, address, language=language) as page:
                _sign_in(page, address, portal.client(portal.cast[who]))
                for url in (url for person, url in pages if person == who):
                    faults += _too_wide(page, address, url)
    assert faults == []
