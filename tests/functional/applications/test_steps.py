"""Steps that are refused: who may not is told so first, and a form opens only where it leads on."""

from dataclasses import replace

import pytest

from portal.applications.models import Application
from portal.applications.workflow import APPLICATION
from portal.core.db import session
from portal.core.permissions import Role
from portal.people import services as people
from portal.people.models import User
from tests.functional.world import fingerprint
from tests.support import story
from tests.support.portal import Client, Portal

BAD = {"seen": "x", "reason": "y" * 5000}
"""A form that is refused for its shape, before anything is done."""


@pytest.mark.parametrize(
    ("step", "at"),
    [
        ("withdraw", "submitted"),
        ("return", "submitted"),
        ("reject", "submitted"),
        ("requote", "quoted"),
        ("cancel", "confirmed"),
        ("release", "confirmed"),
    ],
)
def test_step_is_denied_before_the_form_is_looked_at_when_the_role_may_not(
    portal: Portal, step: str, at: str
) -> None:
    """P3: whoever reads an application but may not take a step gets 403, whatever they sent."""
    make = {"submitted": story.submitted, "quoted": story.quoted, "confirmed": story.confirmed}[at]
    url = f"/applications/{make(portal).public_id}/steps/{step}"
    transition = APPLICATION.find(step, at)
    assert transition is not None
    clients = {
        who: (actor, portal.client(actor))
        for who, actor in portal.cast.items()
        if not who.startswith("other_") and who not in ("warehouse", "administrator")
    }
    before = fingerprint(portal)
    for who, (actor, client) in clients.items():
        expected = 422 if actor.can(transition.capability) else 403
        answer = client.post(url, BAD)
        assert answer.status_code == expected, who
        if expected == 403:
            assert "y" * 100 not in answer.text
    assert fingerprint(portal) == before


def desk_and_warehouse(portal: Portal) -> Client:
    """Somebody with both roles: sees what is not released yet, and ships what is."""
    with portal.transaction():
        user = session.get_one(User, portal.desk.id)
        people.change_user(
            user,
            name=user.name,
            roles=[Role.DESK, Role.WAREHOUSE],
            by=portal.administrator,
            now=portal.now,
        )
    return portal.client(replace(portal.desk, roles=frozenset({Role.DESK, Role.WAREHOUSE})))


@pytest.mark.parametrize("form", ["ship", "cancel-lines"])
def test_form_leads_back_when_there_is_nothing_to_send(portal: Portal, form: str) -> None:
    """A6, A7: neither before the release nor when all is sent; the document says why."""
    client = desk_and_warehouse(portal)
    before = story.confirmed(portal)
    with portal.transaction():
        sent = session.get_one(Application, story.shipped(portal).application_id)
    for application in (before, sent):
        url = f"/applications/{application.public_id}"
        answer = client.get(f"{url}/{form}")
        assert (answer.status_code, answer.location) == (303, url)
        assert "has already been taken, or is not possible" in client.get(url).text
        assert client.post(f"{url}/{form}", {"seen": "1"}).status_code in (409, 422)
    released = story.released(portal, story.line(portal, serial="SN-9"))
    assert client.get(f"/applications/{released.public_id}/{form}").status_code == 200


def test_quote_leads_back_when_it_was_confirmed_already(portal: Portal) -> None:
    """A3: what both have confirmed has no form any more."""
    url = f"/applications/{story.confirmed(portal).public_id}"
    client = portal.client(portal.desk)
    assert client.get(f"{url}/quote").location == url
    assert "has already been taken, or is not possible" in client.get(url).text
