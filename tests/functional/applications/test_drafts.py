"""Drafts that two people, or two pages of one, type on: nothing is overwritten unawares (A1)."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.applications.models import Application
from portal.core.db import session
from tests.support import story
from tests.support.portal import Client, Portal

LINE = {
    "lines-0-part": "FV-100", "lines-0-quantity": "2", "lines-0-purpose": "stock",
    "contact": "王坤", "delivery_address": "朝阳路 1 号",
}  # fmt: skip
ONE, OTHER = "key-of-one-page-1", "key-of-other-page"


def _send(client: Client, draft: Application, page: str, seen: int, **more: Any) -> TestResponse:
    """Save from a page natively, or as a script does."""
    headers = {"HX-Request": "true", "HX-Target": "div#estimate"} if more.pop("hx", 0) else {}
    typed = LINE | {"press": page, "seen": str(seen), "do": "save"} | more
    return client.post(f"/applications/{draft.public_id}/edit", typed, headers=headers)


def _kept(portal: Portal, draft: Application) -> Application:
    with portal.transaction():
        return session.get_one(Application, draft.id)


@pytest.mark.parametrize("hx", [False, True])
def test_save_is_refused_when_somebody_else_saved_meanwhile(portal: Portal, hx: bool) -> None:
    """A1: the second of two clerks is told who saved and when; what they typed stays theirs."""
    draft = story.drafted(portal)
    clerk, manager = portal.client(portal.clerk), portal.client(portal.manager)
    assert _send(manager, draft, OTHER, 1, contact="Manager's", hx=True).status_code == 200
    refused = _send(clerk, draft, ONE, 1, contact="Clerk's", hx=hx)
    assert refused.status_code == 409
    assert "Manager saved this draft in the meantime." in refused.text
    assert "2026-10-12T" in refused.text, "the moment"
    assert hx or "Clerk&#39;s" in refused.text
    assert hx or "hx-post=" not in refused.text.split("data-guard")[1].split(">")[0]
    assert 'name="over" value="2"' in refused.text
    assert _kept(portal, draft).typed["contact"] == "Manager's"
    again = _send(clerk, draft, ONE, 1, contact="Clerk's", hx=True)
    assert again.status_code == 409, "as long as nobody says so"
    over = _send(clerk, draft, ONE, 1, contact="Clerk's", over="2")
    assert over.status_code == 303
    assert _kept(portal, draft).typed["contact"] == "Clerk's"
    assert _send(manager, draft, OTHER, 1, contact="Manager's", hx=True).status_code == 409


def test_save_is_refused_when_the_same_person_saved_on_another_page(portal: Portal) -> None:
    """A1: two windows of one person are two pages."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    assert _send(clerk, draft, OTHER, 1, contact="Other window", hx=True).status_code == 200
    refused = _send(clerk, draft, ONE, 1, contact="This window")
    assert refused.status_code == 409
    assert "You saved this draft on another page in the meantime." in refused.text


def test_saves_of_one_page_are_kept_when_they_name_the_version_of_its_beginning(
    portal: Portal,
) -> None:
    """A1: who types fast, or did not get an answer, is not refused; neither is the submission."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    for words in ("W", "Wa", "Wan", "Wa", "W", "Wang"):
        assert _send(clerk, draft, ONE, 1, contact=words, hx=True).status_code == 200
        assert _kept(portal, draft).typed["contact"] == words
    assert _send(clerk, draft, ONE, 1, do="submit").status_code == 303
    assert _kept(portal, draft).status == "submitted"


def test_late_save_is_refused_when_its_page_was_left_with_another(portal: Portal) -> None:
    """A1: what a script sent before the press does not undo the press."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    assert _send(clerk, draft, ONE, 1, hx=True).status_code == 200
    assert _send(clerk, draft, ONE, 1, do="add").status_code == 303
    assert _send(clerk, draft, ONE, 1, hx=True).status_code == 409
    assert "lines-1-part" in _kept(portal, draft).typed


def test_page_is_stale_when_the_application_went_to_headquarters_and_back(portal: Portal) -> None:
    """A1, A3: an old page of one's own is no newer for having been the last to save."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    assert _send(clerk, draft, ONE, 1, hx=True).status_code == 200
    assert _send(clerk, draft, OTHER, 2, do="submit").status_code == 303
    back = {"seen": "3", "reason": "Which model?", "code": "evidence"}
    desk = portal.client(portal.desk)
    assert desk.post(f"/applications/{draft.public_id}/steps/return", back).status_code == 303
    assert _send(clerk, draft, ONE, 1, contact="Old", hx=True).status_code == 409
    assert _kept(portal, draft).typed["contact"] == "王坤"


def test_nothing_is_new_when_a_save_changes_nothing(portal: Portal) -> None:
    """A1: who looks at a draft and keeps it as it is does not make others' pages stale."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    manager = portal.client(portal.manager)
    assert _send(clerk, draft, ONE, 1).status_code == 303
    assert _send(manager, draft, OTHER, 1).status_code == 303
    assert _kept(portal, draft).version == 2


def test_sentence_says_so_when_the_application_was_submitted_meanwhile(portal: Portal) -> None:
    """A1: a save that comes after the submission is refused in the page, with the way to it."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    assert _send(clerk, draft, OTHER, 1, do="submit").status_code == 303
    refused = _send(clerk, draft, ONE, 1, contact="Late", hx=True)
    assert refused.status_code == 409
    assert "already been taken" in refused.text
    assert "<html" not in refused.text
    assert 'name="over"' not in refused.text


@pytest.mark.parametrize(
    "wrong", [{"lines-0-quantity": "0"}, {"lines-0-part": "NO-SUCH"}], ids=["shape", "rule"]
)
def test_typed_text_is_kept_when_the_submission_is_refused(
    portal: Portal, wrong: dict[str, str]
) -> None:
    """A1: saved as typed: what was typed is kept like any draft, and only not submitted."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    refused = _send(clerk, draft, ONE, 1, do="submit", remark="Typed just now", **wrong)
    assert refused.status_code == 422
    assert "Typed just now" in refused.text
    kept = _kept(portal, draft)
    assert (kept.status, kept.number, kept.typed["remark"]) == ("draft", None, "Typed just now")
    assert kept.typed | wrong == kept.typed
    assert "Typed just now" in clerk.get(f"/applications/{draft.public_id}/edit").text
    assert _send(clerk, draft, ONE, 1, do="submit", remark="Now right").status_code == 303


def test_nothing_is_kept_when_a_stale_page_is_submitted(portal: Portal) -> None:
    """A1: neither by a submission is what another page saved overwritten."""
    draft = story.drafted(portal)
    clerk, manager = portal.client(portal.clerk), portal.client(portal.manager)
    assert _send(manager, draft, OTHER, 1, contact="Manager's", hx=True).status_code == 200
    for quantity in ("2", "0"):
        refused = _send(clerk, draft, ONE, 1, do="submit", **{"lines-0-quantity": quantity})
        assert refused.status_code == 409
        assert "Manager saved this draft in the meantime." in refused.text
        kept = _kept(portal, draft)
        assert (kept.status, kept.typed["contact"]) == ("draft", "Manager's")


def test_foreign_draft_is_not_found_when_its_page_is_sent(portal: Portal) -> None:
    """P1: also with the key of the page that saved it."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    assert _send(clerk, draft, ONE, 1, hx=True).status_code == 200
    other = portal.client(portal.other_clerk)
    assert _send(other, draft, ONE, 1, contact="Foreign", hx=True).status_code == 404
    assert _kept(portal, draft).typed["contact"] == "王坤"
