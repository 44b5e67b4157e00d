"""The timeline says in words what happened, and shows what was used as people write it (P4)."""

import re

import pytest

from portal.applications import quoting
from portal.applications.models import Application, Shipment
from portal.claims import services as claims
from portal.claims.commands import Decision
from portal.claims.models import Claim
from portal.core.db import session
from portal.core.documents import kinds
from portal.core.events import Event
from portal.core.permissions import Actor
from portal.people import services as people
from portal.people.models import User
from portal.terms import services as terms
from tests.support import claims as claim_story
from tests.support import story
from tests.support.portal import PASSWORD, Portal


def said(portal: Portal, who: Actor, url: str) -> str:
    """The timeline of a page as its reader reads it, tags left out."""
    page = portal.client(who).get(url).text
    found = re.search(r'<ol class="timeline">.*?</ol>', page, re.DOTALL)
    assert found, page
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split())


def test_values_are_written_for_people_when_a_quote_was_confirmed(portal: Portal) -> None:
    """P4: money as money, days as days, each under its name; no key of ours."""
    application = story.released(portal)
    text = said(portal, portal.manager, f"/applications/{application.public_id}")
    assert "Clerk began the application" in text
    assert "Version of the quote 1 Total CN¥40.00" in text
    assert "To be answered within 24 hours" in text
    assert "To be confirmed within 14 days" in text
    assert "_" not in text


def test_shipment_is_a_link_when_the_application_was_shipped(portal: Portal) -> None:
    """P4: a document is named by its number, which leads to it."""
    shipment = story.shipped(portal)
    with portal.transaction():
        application = session.get_one(Application, shipment.application_id)
    page = portal.client(portal.clerk).get(f"/applications/{application.public_id}").text
    values = page.partition('<ol class="timeline">')[2]
    assert f'<a href="/shipments/{shipment.public_id}">{shipment.number}</a>' in values
    assert "Warehouse made the shipment" in said(
        portal, portal.clerk, f"/shipments/{shipment.public_id}"
    )


def test_portal_is_no_person_when_a_quote_expires(portal: Portal) -> None:
    """P4: what nobody did is said in words of its own."""
    application = story.quoted(portal)
    portal.clock.advance(days=20)
    with portal.transaction():
        quoting.expire(session.get_one(Application, application.id), now=portal.now)
    text = said(portal, portal.clerk, f"/applications/{application.public_id}")
    assert "Partloop ended the quote: it was not confirmed in time" in text


def test_run_is_a_link_for_headquarters_alone_when_a_claim_is_in_it(portal: Portal) -> None:
    """P1: the dealer reads the month of the run, and is shown no door that would not open."""
    claim_story.pieces(portal, 2)
    claim = claim_story.in_review(portal)
    with portal.transaction():
        decision = Decision("reduce", amount=100, reason_code="goodwill_share", note="")
        claims.decide_line(
            session.get_one(Claim, claim.id), 1, decision, was="open", by=portal.reviewer,
            now=portal.now,
        )  # fmt: skip
    url = f"/claims/{claim.public_id}"
    text = said(portal, portal.manager, url)
    assert "Run October 2026" in text
    assert "Approved CN¥1.00" in text
    assert "Only a share is paid as goodwill." in text
    assert 'href="/runs/' not in portal.client(portal.manager).get(url).text
    timeline = portal.client(portal.reviewer).get(url).text.partition('<ol class="timeline">')[2]
    assert 'href="/runs/' in timeline
    assert 'href="/old-parts/' in timeline


def test_old_part_begins_in_its_own_words_when_it_is_registered(portal: Portal) -> None:
    """P4: registered, not begun; the shipment that it came from is a link."""
    old_part = story.registered(portal)
    text = said(portal, portal.desk, f"/old-parts/{old_part.public_id}")
    assert "Clerk registered the old part" in text
    assert "Piece 1 / 2" in text


def test_roles_and_passwords_are_words_when_a_person_is_changed(portal: Portal) -> None:
    """P4: nothing of ours stands on a person's page."""
    with portal.transaction():
        user = session.get_one(User, portal.clerk.id)
        people.change_user(
            user, name="Clara", roles=user.roles,
            by=portal.administrator, now=portal.now,
        )  # fmt: skip
        people.set_password(
            user, old=PASSWORD, new="a new password", keep_session=0,
            by=portal.clerk, now=portal.now,
        )  # fmt: skip
        name = user.public_id
    text = said(portal, portal.administrator, f"/users/{name}")
    assert "Partloop added the person" in text
    assert "Roles Service clerk" in text
    assert "Full name Clerk → Clara" in text
    assert "Password changed" in text


@pytest.mark.parametrize(
    ("name", "new", "words"),
    [
        ("application.quote_days", 10, "Value 14 days → 10 days"),
        ("application.release_automatically", 1, "Value no → yes"),
        ("claim.run_day", 5, "Value 3 → 5"),
    ],
)
def test_policy_value_has_its_unit_when_it_is_changed(
    portal: Portal, name: str, new: int, words: str
) -> None:
    """P2: the timeline says what a number means."""
    with portal.transaction():
        change = terms.propose(
            name, new, effective_from=portal.now.date(), reason="Asked for",
            by=portal.administrator, now=portal.now,
        )  # fmt: skip
        url = f"/policy/changes/{change.public_id}"
    assert words in said(portal, portal.administrator, url)


def test_first_event_has_words_when_a_kind_is_registered(portal: Portal) -> None:
    """P4: no kind of document just begins; accounts and the calendar were always there."""
    speechless = {
        kind.name
        for kind in kinds()
        if "create" not in kind.words and not kind.model.workflow.named("create")
    }
    assert speechless == {"account", "calendar"}


def test_event_is_refused_by_the_tests_when_it_has_no_words(portal: Portal) -> None:
    """P4: whoever keeps a new value says what it is called, or some test fails."""
    facts = {"document_kind": Shipment.kind, "name": "create"}
    with pytest.raises(AssertionError, match="has no label"):
        Event(**facts, values={"newly_kept": 1})
    with pytest.raises(AssertionError, match="has no words"):
        Event(**(facts | {"name": "new_step"}), values={})
