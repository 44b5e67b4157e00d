"""Drafts of claims that two people, or two pages of one, work on (R2)."""

from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.claims.models import Claim
from portal.core.db import session
from portal.oldparts.models import OldPart
from tests.support import claims
from tests.support.portal import Client, Portal

ONE, OTHER = "key-of-one-page-1", "key-of-other-page"


def _send(
    client: Client, claim: Claim, page: str, seen: int, step: str = "save", **more: Any
) -> TestResponse:
    """Save from a page natively, or as a script does; or submit."""
    headers = {"HX-Request": "true", "HX-Target": "div#sum"} if more.pop("hx", 0) else {}
    typed = {"press": page, "seen": str(seen)} | more
    return client.post(f"/claims/{claim.public_id}/{step}", typed, headers=headers)


def _kept(portal: Portal, claim: Claim) -> Claim:
    with portal.transaction():
        return session.get_one(Claim, claim.id)


def _drafted(portal: Portal) -> tuple[Claim, str]:
    """A draft with one piece, and the piece's name."""
    claims.pieces(portal, 1)
    claim = claims.started(portal)
    with portal.transaction():
        return claim, session.scalars(select(OldPart.public_id)).one()


@pytest.mark.parametrize("hx", [False, True])
def test_save_is_refused_when_somebody_else_saved_meanwhile(portal: Portal, hx: bool) -> None:
    """R2: the second of two people is told who saved and when; what they typed stays theirs."""
    claim, piece = _drafted(portal)
    clerk, manager = portal.client(portal.clerk), portal.client(portal.manager)
    assert _send(manager, claim, OTHER, 1, offered=piece, hx=True).status_code == 200
    mine = {"offered": piece, "chosen": piece, "remark": "Clerk's"}
    refused = _send(clerk, claim, ONE, 1, hx=hx, **mine)
    assert refused.status_code == 409
    assert "Manager saved this draft in the meantime." in refused.text
    assert "2026-10-12T" in refused.text, "the moment"
    assert hx or "Clerk&#39;s" in refused.text
    assert 'name="over" value="2"' in refused.text
    assert (_kept(portal, claim).line_count, _kept(portal, claim).remark) == (0, "")
    assert _send(clerk, claim, ONE, 1, hx=True, **mine).status_code == 409
    assert _send(clerk, claim, ONE, 1, over="2", **mine).status_code == 303
    assert (_kept(portal, claim).line_count, _kept(portal, claim).remark) == (1, "Clerk's")
    assert _send(manager, claim, OTHER, 1, offered=piece, hx=True).status_code == 409


def test_saves_of_one_page_are_kept_when_they_name_the_version_of_its_beginning(
    portal: Portal,
) -> None:
    """R2: who types fast is not refused; neither is the submission."""
    claim, piece = _drafted(portal)
    manager = portal.client(portal.manager)
    mine = {"offered": piece, "chosen": piece}
    for words in ("W", "Wa", "W"):
        assert _send(manager, claim, ONE, 1, remark=words, hx=True, **mine).status_code == 200
    assert _send(manager, claim, ONE, 1, "submit", remark="Wang", **mine).status_code == 303
    assert (_kept(portal, claim).status, _kept(portal, claim).remark) == ("submitted", "Wang")


def test_late_save_is_refused_when_its_page_was_left_with_another(portal: Portal) -> None:
    """R2: what a script sent before the press does not undo the press."""
    claim, piece = _drafted(portal)
    clerk = portal.client(portal.clerk)
    assert _send(clerk, claim, ONE, 1, offered=piece, chosen=piece, hx=True).status_code == 200
    assert _send(clerk, claim, ONE, 1, offered=piece).status_code == 303
    late = _send(clerk, claim, ONE, 1, offered=piece, chosen=piece, hx=True)
    assert late.status_code == 409
    assert _kept(portal, claim).line_count == 0


def test_draft_is_kept_when_its_submission_is_refused(portal: Portal) -> None:
    """R2: without a line there is no claim; what was left out and typed stays so."""
    claim, piece = _drafted(portal)
    manager = portal.client(portal.manager)
    refused = _send(manager, claim, ONE, 1, "submit", offered=piece, remark="Nothing yet")
    assert refused.status_code == 422
    kept = _kept(portal, claim)
    assert (kept.status, kept.line_count, kept.remark) == ("draft", 0, "Nothing yet")


def test_nothing_is_kept_when_a_stale_page_is_submitted(portal: Portal) -> None:
    """R2: neither by a submission is what another page saved overwritten."""
    claim, piece = _drafted(portal)
    clerk, manager = portal.client(portal.clerk), portal.client(portal.manager)
    assert _send(clerk, claim, OTHER, 1, offered=piece, hx=True).status_code == 200
    mine = {"offered": piece, "chosen": piece}
    assert _send(manager, claim, ONE, 1, "submit", **mine).status_code == 409
    assert _send(manager, claim, ONE, 1, "submit").status_code == 409
    assert (_kept(portal, claim).status, _kept(portal, claim).line_count) == ("draft", 0)
