"""What nobody should send, and what becomes of it: a sentence, what was typed, and no effect."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.applications import services
from portal.applications.models import Application, ApplicationLine, QuoteLine
from portal.core.db import session
from portal.people.models import Dealer, User
from tests.support import story
from tests.support.portal import Portal

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Form = tuple[str, str, dict[str, Any], Any]
"""Who sends it, where, what, and the document whose version it names."""


def _submitting(portal: Portal) -> Form:
    made = story.drafted(portal)
    typed = {
        "do": "submit", "contact": "Typed by hand", "delivery_address": "Here",
        "lines-0-part": "FV-100", "lines-0-quantity": "1", "lines-0-purpose": "stock",
    }  # fmt: skip
    return "clerk", f"/applications/{made.public_id}/edit", typed, made


def _quoting(portal: Portal) -> Form:
    made = story.submitted(portal)
    with portal.transaction():
        line = session.scalars(
            select(ApplicationLine).where(ApplicationLine.application_id == made.id)
        ).one()
    typed = {
        "lines-0-line_id": line.id, "lines-0-part": line.part_id, "lines-0-quantity": "2",
        "lines-0-remark": "", "promised_on": "2026-10-20", "remark": "Typed by hand",
    }  # fmt: skip
    return "desk", f"/applications/{made.public_id}/quote", typed, made


def _shipping(portal: Portal) -> Form:
    made = story.released(portal)
    with portal.transaction():
        line_id = session.scalars(select(QuoteLine.id)).one()
    typed = {
        f"pieces-{line_id}": "2", "carrier": "Typed by hand", "tracking_number": "7",
        "shipped_on": "2026-10-12",
    }  # fmt: skip
    return "warehouse", f"/applications/{made.public_id}/ship", typed, made


def _cancelling(portal: Portal) -> Form:
    _who, url, typed, made = _shipping(portal)
    pieces = {name: value for name, value in typed.items() if name.startswith("pieces")}
    return (
        "warehouse",
        url.replace("/ship", "/cancel-lines"),
        pieces | {"reason": "Typed by hand"},
        made,
    )


def _a_dealer(portal: Portal) -> Form:
    with portal.transaction():
        made = session.get_one(Dealer, portal.dealers["north"])
    names = ("name", "country", "region", "city", "address", "contact", "phone", "zone")
    typed = {name: getattr(made, name) for name in names} | {"contact": "Typed by hand"}
    return "administrator", f"/dealers/{made.public_id}/edit", typed, made


def _a_user(portal: Portal) -> Form:
    with portal.transaction():
        made = session.get_one(User, portal.clerk.id)
    typed = {"name": "Typed by hand", "roles": "clerk"}
    return "manager", f"/users/{made.public_id}/edit", typed, made


@sqlite_only
@pytest.mark.parametrize(
    "form", [_submitting, _quoting, _shipping, _cancelling, _a_dealer, _a_user]
)
def test_form_is_kept_and_can_be_sent_again_when_somebody_was_faster(
    portal: Portal, form: Callable[[Portal], Form]
) -> None:
    """A page that is answered after somebody else acted: 409 with what was typed, nothing done;
    the page then names the present version, so that sending it again is a decision."""
    who, url, typed, made = form(portal)
    client = portal.client(portal.cast[who])
    stale = made.version
    with portal.transaction():
        session.execute(
            update(type(made)).where(type(made).id == made.id).values(version=stale + 3)
        )
    answer = client.post(url, {**typed, "seen": stale})
    assert answer.status_code == 409, answer.text
    assert "Typed by hand" in answer.text
    versions = re.findall(r'<input[^>]*name="seen"[^>]*value="([^"]*)"', answer.text)
    assert versions == [str(stale + 3)]
    assert client.post(url, {**typed, "seen": versions[0]}).status_code == 303
    assert client.post(url, {**typed, "seen": versions[0]}).status_code in (404, 409)


@sqlite_only
def test_quote_is_shown_anew_when_the_lines_changed_meanwhile(portal: Portal) -> None:
    """A3: the desk answers a page of one line; the dealer has corrected it to two: 409, both."""
    who, url, typed, made = _quoting(portal)
    desk = portal.client(portal.cast[who])
    with portal.transaction():
        application = session.get_one(Application, made.id)
        services.step(
            application, "return", seen=None, by=portal.desk, now=portal.now, reason="Two, please"
        )
        services.submit(
            application,
            story.request(portal, story.line(portal), story.line(portal, "FP-200")),
            seen=None,
            by=portal.clerk,
            now=portal.now,
        )
    answer = desk.post(url, {**typed, "seen": made.version})
    assert answer.status_code == 409
    assert "Typed by hand" in answer.text
    assert "FP-200" in answer.text
    fields = dict(
        re.findall(r'<input[^>]*name="(lines-\d-line_id|seen)"[^>]*value="([^"]*)"', answer.text)
    )
    assert len(fields) == 3
    rest = {
        f"lines-{row}-{name}": value
        for row, part in enumerate(("FV-100", "FP-200"))
        for name, value in (("part", portal.parts[part]), ("quantity", 1), ("remark", ""))
    }
    sent = desk.post(url, fields | rest | {"promised_on": "2026-10-20"})
    assert sent.status_code == 303, sent.text


@sqlite_only
def test_quote_is_refused_in_words_when_its_lines_are_missing(portal: Portal) -> None:
    """A form without its rows, as a broken client sends it."""
    who, url, _typed, made = _quoting(portal)
    client = portal.client(portal.cast[who])
    for seen in ("", str(made.version + 1), "9" * 5000):
        assert client.post(url, {"seen": seen}).status_code in (409, 422)


@sqlite_only
@pytest.mark.parametrize("form", [_a_dealer, _a_user])
def test_version_that_was_seen_stays_when_something_else_is_wrong(
    portal: Portal, form: Callable[[Portal], Form]
) -> None:
    """A slip of the pen (422) does not turn a page of an old version into one of the present:
    what somebody else changed meanwhile is still not overwritten unseen."""
    who, url, typed, made = form(portal)
    client = portal.client(portal.cast[who])
    with portal.transaction():
        session.execute(update(type(made)).where(type(made).id == made.id).values(version=7))
    answer = client.post(url, {**typed, "name": "", "seen": made.version})
    assert answer.status_code == 422
    (seen,) = re.findall(r'<input[^>]*name="seen"[^>]*value="([^"]*)"', answer.text)
    assert client.post(url, {**typed, "seen": seen}).status_code == 409


HUGE = ("9" * 20, "9" * 400, "9" * 5000, "-" + "9" * 30, "٩٩٩٩٩", "0x10", "1_000", "NaN")


def _with_numbers(portal: Portal) -> list[tuple[str, str, dict[str, Any]]]:
    """Forms with a place for a number that a person does not type: who, where, what."""
    found = []
    for form in (_submitting, _quoting):
        who, url, typed, made = form(portal)
        found.append((who, url, typed | {"seen": made.version}))
    quoted = story.quoted(portal)
    confirm = {"seen": quoted.version, "quote_version": "1"}
    found.append(("manager", f"/applications/{quoted.public_id}/confirm", confirm))
    return found


def test_number_is_refused_in_words_when_no_column_could_hold_it(portal: Portal) -> None:
    """Bad input: whatever digits a hidden field holds, the answer is a page."""
    forms = _with_numbers(portal)
    fields = ("seen", "quote_version", "lines-0-line_id", "lines-0-part", "lines-0-quantity")
    for who, url, typed in forms:
        client = portal.client(portal.cast[who])
        for name in fields:
            for number in HUGE if name in typed else ():
                answer = client.post(url, {**typed, name: number})
                assert answer.status_code in (409, 422), f"{url} {name}={number[:30]}"
    clerk = portal.client(portal.clerk)
    url = forms[0][1]
    for number in (*HUGE, "²"):
        for odd in (
            {"do": f"remove-{number}"},
            {f"lines-{number}-part": "FV-100", "do": "save"},
            {"lines-0-quantity": number, "lines-0-part": "FV-100", "do": "save"},
        ):
            assert clerk.post(url, odd).status_code == 303, odd
            assert clerk.get(url).status_code == 200, odd
