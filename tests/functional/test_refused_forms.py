"""What a refused form says: all of it at once, in the page's order, each beside its field."""

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask_babel.speaklater import LazyString
from sqlalchemy import update
from wtforms import FormField, HiddenField

from portal.applications.models import Shipment
from portal.claims.forms import NamesField
from portal.core.db import session
from portal.web.forms import Form, RowsField, VersionField
from tests.support import story
from tests.support.portal import Portal

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

Sent = tuple[str, str, dict[str, Any]]
"""Who sends a form, where, and what."""


def _proposing(_portal: Portal) -> Sent:
    return "administrator", "/policy/application.reply_hours", {"value": "1,5"}


def _a_model(_portal: Portal) -> Sent:
    return "administrator", "/products/new", {}


def _a_part(_portal: Portal) -> Sent:
    return "administrator", "/parts/new", {"successor": "NO-SUCH", "name": "x" * 999}


def _a_dealer(_portal: Portal) -> Sent:
    return "administrator", "/dealers/new", {}


def _days(_portal: Portal) -> Sent:
    return "administrator", "/calendar", {"seen": "1"}


def _shipping(portal: Portal) -> Sent:
    made = story.released(portal)
    return "warehouse", f"/applications/{made.public_id}/ship", {"seen": made.version}


def _cancelling(portal: Portal) -> Sent:
    made = story.released(portal)
    return "warehouse", f"/applications/{made.public_id}/cancel-lines", {"seen": made.version}


def _reporting(portal: Portal) -> Sent:
    made = story.shipped(portal)
    with portal.transaction():
        line = story.line_ids(made)[0]
    typed = {
        "seen": made.version,
        f"short-{line}": "99",
        f"damaged-{line}": "-1",
        "remark": "x" * 9999,
    }
    return "clerk", f"/shipments/{made.public_id}/report", typed


def _submitting(portal: Portal) -> Sent:
    made = story.drafted(portal)
    typed = {"seen": made.version, "do": "submit", "reference": "x" * 999, "remark": "x" * 9999}
    return "clerk", f"/applications/{made.public_id}/edit", typed


SENT: dict[Callable[[Portal], Sent], int] = {
    _proposing: 3, _a_model: 2, _a_part: 2, _a_dealer: 4, _days: 3, _shipping: 4, _cancelling: 2,
    _reporting: 3, _submitting: 5,
}  # fmt: skip


def _summary(page: str) -> list[tuple[str, str]]:
    """The fields that the summary leads to, and what it says of them."""
    shown = re.search(r'id="error-summary".*?</ul>', page, re.DOTALL)
    assert shown, page
    items = re.findall(r"<li>(.*?)</li>", shown[0], re.DOTALL)
    links = [re.fullmatch(r'<a href="#(.*?)">(.*?)</a>', item, re.DOTALL) for item in items]
    assert all(links), items
    return [(link[1], link[2]) for link in links if link]


@sqlite_only
@pytest.mark.parametrize("sent", SENT)
def test_summary_follows_the_page_when_a_form_is_refused(
    portal: Portal, sent: Callable[[Portal], Sent]
) -> None:
    """All that is wrong stands there once, leads to its field, and in the order of the fields."""
    who, url, typed = sent(portal)
    answer = portal.client(portal.cast[who]).post(url, typed)
    assert answer.status_code == 422
    said = _summary(answer.text)
    places = [answer.text.find(f' id="{field}"') for field, _sentence in said]
    assert -1 not in places, said
    assert places == sorted(places), said
    assert len(said) == len(set(said)) >= SENT[sent], said


@sqlite_only
def test_picker_stays_when_a_day_is_only_out_of_range(portal: Portal) -> None:
    """What is a day can be shown by the date picker; what is none stays as it was typed."""
    made = story.released(portal)
    client = portal.client(portal.warehouse)
    url = f"/applications/{made.public_id}/ship"
    for typed, is_day in (("2030-01-31", True), ("2026-02-31", False), ("tomorrow", False)):
        page = client.post(url, {"seen": made.version, "shipped_on": typed}).text
        shown = re.search(r'<input[^>]* id="shipped_on"[^>]*>', page)
        assert shown
        assert f'value="{typed}"' in shown[0]
        assert ('type="date"' in shown[0]) == is_day


@sqlite_only
def test_nothing_is_said_of_what_was_typed_when_a_stale_press_has_no_fields(portal: Portal) -> None:
    """A8: receipt is confirmed on a stale page: what was typed is not spoken of."""
    made = story.shipped(portal)
    client = portal.client(portal.clerk)
    with portal.transaction():
        session.execute(
            update(Shipment).where(Shipment.id == made.id).values(version=made.version + 1)
        )
    answer = client.post(f"/shipments/{made.public_id}/receive", {"seen": made.version})
    assert answer.status_code == 409
    assert "Somebody changed this while you were looking at it." in answer.text
    assert "what you typed" not in answer.text
    assert "Please correct this" not in answer.text


@sqlite_only
def test_reason_and_words_are_told_apart_when_both_are_missing(portal: Portal) -> None:
    """A3: the chosen reason and the one in words are two fields: the summary names each."""
    made = story.submitted(portal)
    typed = {"seen": made.version, "code": "", "reason": ""}
    answer = portal.client(portal.desk).post(f"/applications/{made.public_id}/steps/return", typed)
    said = dict(_summary(answer.text))
    assert said["code"].startswith("Reason: ")
    assert said["reason"].startswith("In words: ")


def test_labels_are_translated_when_a_form_is_declared() -> None:
    """Every field that people see has a label, and it goes through gettext."""
    unseen = (HiddenField, VersionField, NamesField, RowsField, FormField)
    forms: list[Any] = [Form]
    for form in forms:
        forms += form.__subclasses__()
    declared = [
        form
        for form in forms
        if form.__module__.startswith("portal.")
        and getattr(sys.modules[form.__module__], form.__name__, 0) is form
    ]
    without = [
        f"{form.__name__}.{name}"
        for form in declared
        for name, field in vars(form).items()
        if hasattr(field, "field_class") and not issubclass(field.field_class, unseen)
        if not isinstance(field.args[0] if field.args else field.kwargs.get("label"), LazyString)
    ]
    assert without == []
