"""Addresses and forms that no page of ours makes: an answer, never a crash."""

from io import BytesIO

import pytest
from sqlalchemy import select

from portal.applications.models import Application, ApplicationLine
from portal.core.db import session
from tests.support import story
from tests.support.portal import Portal

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ENDLESS = "9" * 5000
"""More digits than Python reads as a number."""


def test_nothing_is_found_when_a_name_in_a_query_string_holds_a_nul(portal: Portal) -> None:
    """PostgreSQL cannot even be asked for such a name."""
    administrator, desk = portal.client(portal.administrator), portal.client(portal.desk)
    assert administrator.get("/users/new?dealer=%00").status_code == 404
    assert desk.get("/old-parts/review/next?after=a%00b").status_code == 404


@sqlite_only
@pytest.mark.parametrize(
    "fields",
    [
        {f"lines-{ENDLESS}-part": "FV-100"},
        {"lines-²-part": "FV-100"},
        {"do": f"remove-{ENDLESS}", "lines-0-part": "FV-100"},
    ],
    ids=["endless", "superscript", "remove"],
)
@pytest.mark.parametrize("wish", ["save", "submit"])
def test_form_is_answered_when_its_rows_have_impossible_numbers(
    portal: Portal, wish: str, fields: dict[str, str]
) -> None:
    """A1: a row whose number is none is no row."""
    draft = story.drafted(portal)
    answer = portal.client(portal.clerk).post(
        f"/applications/{draft.public_id}/edit", {"do": wish, "seen": "1"} | fields
    )
    assert answer.status_code in (303, 422)


@sqlite_only
@pytest.mark.parametrize(
    "change",
    [
        {"lines-0-part": str(10**30)},
        {"lines-0-line_id": ENDLESS},
        {"lines-0-line_id": "²"},
        {"twice": "1"},
    ],
    ids=["part", "line", "superscript", "twice"],
)
def test_quote_is_refused_when_its_lines_are_hand_made(
    portal: Portal, change: dict[str, str]
) -> None:
    """A3: each line is answered once, with a part that can stand for it."""
    made = story.submitted(portal)
    with portal.transaction():
        line = session.scalars(
            select(ApplicationLine).where(ApplicationLine.application_id == made.id)
        ).one()
    row = {"line_id": str(line.id), "part": str(line.part_id), "quantity": "1"}
    typed = {f"lines-0-{name}": value for name, value in row.items()}
    if change.pop("twice", ""):
        typed |= {f"lines-1-{name}": value for name, value in row.items()}
    answer = portal.client(portal.desk).post(
        f"/applications/{made.public_id}/quote",
        typed | {"seen": str(made.version), "promised_on": "2026-10-20"} | change,
    )
    assert answer.status_code in (409, 422)
    with portal.transaction():
        assert session.get_one(Application, made.id).status == "submitted"


@sqlite_only
def test_place_is_not_found_when_its_number_is_endless(portal: Portal) -> None:
    """A number in an address that no row can have leads nowhere."""
    clerk = portal.client(portal.clerk)
    assert clerk.get(f"/inbox/{ENDLESS}").status_code == 404
    assert clerk.get(f"/old-parts/register/x/{ENDLESS}").status_code == 404


@sqlite_only
def test_preview_begins_anew_when_its_page_is_endless(portal: Portal) -> None:
    """C3: a page that is none is the first one."""
    administrator = portal.client(portal.administrator)
    sent = administrator.post(
        "/price-lists/new",
        {
            "effective_from": "2026-10-20",
            "file": (BytesIO(b"Part number,Name,Cost price\nX-1,Thing,2.50\n"), "list.csv"),
        },
        content_type="multipart/form-data",
    )
    page = sent.location.removesuffix("/columns")
    assert "X-1" in administrator.get(f"{page}?page={ENDLESS}").text
