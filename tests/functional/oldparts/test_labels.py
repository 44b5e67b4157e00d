"""Labels of old parts, as a reader of PDF and a phone have them (O1)."""

import re
from collections.abc import Sequence

import pypdfium2
import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.catalogue.models import Part
from portal.core.db import session
from portal.core.permissions import Actor
from portal.oldparts import labels
from portal.oldparts.models import OldPart
from tests.functional.test_naughty import FOLDER, strings
from tests.support import story
from tests.support.pdf import A4, Paper
from tests.support.portal import Portal

MM = 72 / 25.4


def get(portal: Portal, url: str, who: Actor | None = None, language: str = "en") -> TestResponse:
    """What the dealer's clerk, or another, gets."""
    client = portal.client(who or portal.clerk)
    return client.get(f"/old-parts/{url}", headers={"Accept-Language": language})


def pieces(portal: Portal, count: int, by: str = "clerk") -> list[OldPart]:
    """So many old parts of one shipment and more, each with its own serial."""
    shipments = [story.received(portal, by=by) for _number in range(count)]
    return [
        story.registered(
            portal, shipment, by, old_serial=f"{by} {at}", product_serial=f"{by}-SN-{at}"
        )
        for at, shipment in enumerate(shipments)
    ]


def picks(found: Sequence[OldPart]) -> str:
    """They, ticked."""
    return "&".join(f"pick={one.public_id}" for one in found)


def corner(answer: TestResponse) -> tuple[int, int]:
    """The place of the first printed point, from the top left, in millimetres."""
    page = pypdfium2.PdfDocument(answer.data)[0]
    left, top, _right, _bottom = page.render(scale=4).to_pil().convert("L").point(
        lambda level: 255 * (level < 128)
    ).getbbox()  # fmt: skip
    return round(left / 4 / MM), round(top / 4 / MM)


def outside(answer: TestResponse, left: int, top: int, width: int, height: int) -> int:
    """How many points of the first page are printed outside a place, given in millimetres."""
    picture = pypdfium2.PdfDocument(answer.data)[0].render(scale=4).to_pil().convert("L")
    box = [round(side * 4 * MM) for side in (left, top, left + width, top + height)]
    picture.paste(255, (box[0], box[1], box[2], box[3]))
    return sum(picture.histogram()[:200])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["SerialFV8812", "RegisteredonOct12,2026", "Fillvalve"]),
        ("zh-CN", ["FV8812", "2026年10月12日", "进水阀"]),
        ("pl", ["NumerseryjnyFV8812", "12paź2026", "Zawórnapełniający"]),
    ],
)
def test_label_says_which_piece_and_opens_it_when_scanned(
    portal: Portal, language: str, words: list[str]
) -> None:
    """O1: number, code of its page, part, serial, day and dealer, in the reader's language."""
    old_part = story.registered(portal, old_serial="FV 8812")
    for size, page in (("70x37", A4), ("105x57", A4), ("62", (176, 113))):
        label = Paper(get(portal, f"{old_part.public_id}/label.pdf?size={size}", language=language))
        assert (len(label), label.sizes, label.name) == (1, {page}, f"{old_part.number}.pdf")
        assert label.codes == [f"http://localhost/old-parts/{old_part.public_id}"]
        for word in [*words, str(old_part.number), "FV-100", "D0001"]:
            assert word in label.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_labels_lie_where_the_sheet_has_them(portal: Portal) -> None:
    """O1: 3 × 8 or 2 × 5 to a sheet, from the first one that is left; a roll has no offset."""
    found = pieces(portal, 12)
    for size, used, pages in (
        ("70x37", "", [12]),
        ("70x37", "12", [12]),
        ("70x37", "13", [11, 1]),
        ("105x57", "0", [10, 2]),
        ("105x57", "9", [1, 10, 1]),
        ("62", "7", [1] * 12),
    ):
        answer = get(portal, f"labels.pdf?{picks(found)}&size={size}&offset={used}")
        printed = Paper(answer)
        assert [page.count("OP-2026-D0001-") for page in printed] == pages, (size, used)
        assert len(set(printed.codes)) == 12
    one = f"{found[0].public_id}/label.pdf"
    for query, (left, top) in (
        ("size=70x37", (5, 5)),
        ("size=70x37&offset=2", (145, 5)),
        ("size=70x37&offset=23", (145, 264)),
        ("size=105x57&offset=9", (110, 240)),
        ("size=62&offset=5", (3, 3)),
    ):
        across, down = corner(get(portal, f"{one}?{query}"))
        assert abs(across - left) <= 1, query
        assert abs(down - top) <= 1, query


def test_labels_are_of_what_the_list_shows_or_of_what_is_ticked(portal: Portal) -> None:
    """O1: under the list's tab and search, or those that are ticked; names that are none pass."""
    first, second, third = pieces(portal, 3)
    with portal.transaction():
        session.get_one(OldPart, second.id).status = "accepted"
    page = portal.client(portal.clerk).get("/old-parts?tab=accepted").text
    link = re.search(r'href="/old-parts/(labels\?[^"]+)"', page)
    assert link
    assert "For 1 old part." in get(portal, link[1]).text
    assert 'type="hidden" name="tab" value="accepted"' in get(portal, link[1]).text
    for query, numbers in (
        ("", [first, second, third]),
        ("tab=accepted", [second]),
        (f"q={third.number}", [third]),
        (picks([first, third]), [first, third]),
        (f"{picks([second])}&pick=nobody&pick=a%00b&pick=", [second]),
    ):
        text = Paper(get(portal, f"labels.pdf?{query}")).text
        assert set(re.findall(r"OP-2026-D0001-\d{6}", text)) == {one.number for one in numbers}
    assert get(portal, "labels?pick=nobody").status_code == 200
    assert "No old parts here" in get(portal, "labels?pick=nobody").text
    assert get(portal, "labels.pdf?pick=nobody").status_code == 404


def test_no_more_labels_are_printed_than_is_quick(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O1: the newest ones, and the page says that these are not all."""
    monkeypatch.setattr(labels, "MOST", 2)
    found = pieces(portal, 3)
    assert "Only the newest 2 are printed." in get(portal, "labels").text
    text = Paper(get(portal, "labels.pdf")).text
    assert str(found[0].number) not in text
    assert len(re.findall(r"OP-2026-D0001-\d{6}", text)) == 2


def test_foreign_pieces_have_no_labels(portal: Portal) -> None:
    """P1: another dealer's is as if it were not there, alone or among one's own; HQ sees all."""
    (own,), (foreign,) = pieces(portal, 1), pieces(portal, 1, by="other_clerk")
    assert get(portal, f"{foreign.public_id}/label").status_code == 404
    assert get(portal, f"{foreign.public_id}/label.pdf").status_code == 404
    assert get(portal, f"{foreign.public_id}/label.pdf?size=x").status_code == 404
    assert get(portal, f"labels.pdf?{picks([foreign])}").status_code == 404
    for query in (picks([own, foreign]), "", f"q={own.number}"):
        printed = Paper(get(portal, f"labels.pdf?{query}"))
        assert printed.codes == [f"http://localhost/old-parts/{own.public_id}"]
    assert len(Paper(get(portal, "labels.pdf", portal.desk)).codes) == 2
    assert get(portal, "labels.pdf", portal.administrator).status_code == 403


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("size=x", "Choose a size."),
        ("size=", "Choose a size."),
        ("offset=-1", "Enter a whole number from 0 to 23."),
        ("offset=999", "Enter a whole number from 0 to 23."),
        ("size=70x37&offset=24", "Enter a whole number from 0 to 23."),
        ("size=105x57&offset=10", "Enter a whole number from 0 to 9."),
        ("offset=two", "Enter a whole number."),
        ("size=62&offset=1e9", "Enter a whole number."),
        ("offset=" + "9" * 5000, "Enter a whole number."),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_bad_size_or_offset_is_said_at_its_field(portal: Portal, query: str, sentence: str) -> None:
    """O1: with a sentence; what was typed, and what was ticked, stays."""
    (old_part,) = pieces(portal, 1)
    for url in (f"{old_part.public_id}/label.pdf?", f"labels.pdf?{picks([old_part])}&tab=all&q=a&"):
        answer = get(portal, url + query)
        assert answer.status_code == 422
        assert sentence in answer.text
        if "offset=" in query:
            assert f'value="{query.partition("offset=")[2]}"' in answer.text
        if "size=105x57" in query:
            assert re.search(r'<input[^>]* checked[^>]* value="105x57"', answer.text)
    assert f'name="pick" value="{old_part.public_id}"' in answer.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_long_texts_end_at_the_labels_edge(portal: Portal) -> None:
    """O1: whatever the catalogue and the dealer write, nothing is printed on the next label."""
    old_part = story.registered(portal, old_serial="W" * 180)
    with portal.transaction():
        part = session.scalars(select(Part).where(Part.number == "FV-100")).one()
        part.number, part.name = "阀" * 60, "Valve with a very long name, " * 40
        session.get_one(OldPart, old_part.id).number = "OP-2026-WWWWWWWWWWWWWWWW-000001"
    url = f"{old_part.public_id}/label.pdf"
    for query, place in (
        ("size=70x37&offset=4", (70, 37, 70, 38)),
        ("size=105x57&offset=4", (0, 120, 105, 57)),
    ):
        answer = get(portal, f"{url}?{query}")
        assert outside(answer, *place) == 0
        assert outside(answer, 0, 0, 0, 0) > 2000
        assert Paper(answer).codes == [f"http://localhost/old-parts/{old_part.public_id}"]
    assert outside(get(portal, f"{url}?size=62"), 3, 3, 56, 34) == 0


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the awkward strings are not here")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_labels_are_printed_when_the_text_is_naughty(portal: Portal) -> None:
    """O1: whatever was typed is printed as text, or as boxes; never run, and never a failure."""
    found = pieces(portal, 10)
    texts = [text for text in strings() if len(text) <= 200]
    for first in range(0, len(texts), 30):
        with portal.transaction():
            part = session.scalars(select(Part).where(Part.number == "FV-100")).one()
            part.name = texts[first]
            for one, text in zip(found, texts[first:], strict=False):
                session.get_one(OldPart, one.id).old_serial = text
        assert len(Paper(get(portal, "labels.pdf", language="pl")).codes) == 10
