"""What nobody should send, and what becomes of it: a sentence, what was typed, and no effect."""

import re
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, stream_encode_multipart

from portal.applications import services
from portal.applications.models import Application, ApplicationLine, QuoteLine
from portal.catalogue.models import Part, PriceList
from portal.core.db import session
from portal.files.models import Attachment
from portal.oldparts.models import OldPart
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
        pieces | {"reason": "Typed by hand", "agreed": made.total},
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


def _a_part(portal: Portal) -> Form:
    with portal.transaction():
        made = session.get_one(Part, portal.parts["FV-100"])
    return "administrator", f"/parts/{made.public_id}/edit", {"name": "Typed by hand"}, made


@sqlite_only
@pytest.mark.parametrize(
    "form", [_submitting, _quoting, _shipping, _cancelling, _a_dealer, _a_user, _a_part]
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


WRONG = {
    _quoting: {"promised_on": ""},
    _shipping: {"carrier": ""},
    _cancelling: {"reason": "x" * 4001},
    _a_dealer: {"name": ""},
    _a_user: {"name": ""},
    _a_part: {"name": ""},
}


@sqlite_only
@pytest.mark.parametrize("form", WRONG)
def test_somebody_elses_change_is_not_overwritten_when_the_form_had_to_be_corrected(
    portal: Portal, form: Callable[[Portal], Form]
) -> None:
    """A page that is refused for something else still names the version that was seen."""
    who, url, typed, made = form(portal)
    client = portal.client(portal.cast[who])
    seen = _seen(client.get(url).text)
    _change(portal, made)
    answer = client.post(url, {**typed, **WRONG[form], "seen": seen})
    assert answer.status_code == 422
    assert _seen(answer.text) == seen
    assert client.post(url, {**typed, "seen": seen}).status_code == 409


def _seen(page: str) -> str:
    versions = re.findall(r'<input[^>]*name="seen"[^>]*value="([^"]*)"', page)
    assert len(versions) == 1
    return str(versions[0])


def _change(portal: Portal, made: Any) -> None:
    """Somebody else is faster."""
    model = type(made)
    with portal.transaction():
        session.execute(update(model).where(model.id == made.id).values(version=made.version + 3))


@sqlite_only
def test_quote_is_shown_anew_when_the_lines_changed_meanwhile(portal: Portal) -> None:
    """A3: the desk answers a page of one line; the dealer has corrected it to two: 409, both."""
    who, url, typed, made = _quoting(portal)
    desk = portal.client(portal.cast[who])
    with portal.transaction():
        application = session.get_one(Application, made.id)
        services.step(
            application,
            "return",
            seen=None,
            by=portal.desk,
            now=portal.now,
            reason="Two, please",
            code="other",
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
@pytest.mark.parametrize("form", [_a_dealer, _a_user, _a_part])
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
            assert clerk.post(url, odd).status_code in (303, 409), odd
            assert clerk.get(url).status_code == 200, odd


def _png_of_200_megapixels() -> bytes:
    """25 kB that say they are 20,000 × 10,000, and are."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    row = zlib.compressobj(9)
    pixels = b"".join(row.compress(bytes(2501)) for _row in range(10_000)) + row.flush()
    header = struct.pack(">IIBBBBB", 20_000, 10_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PAGE = b"<!DOCTYPE html><script>alert(1)</script>"
EXE = b"MZ\x90\x00" + bytes(200)
PLAIN_ZIP = b"PK\x05\x06" + bytes(18)


def _multipart(portal: Portal, who: str, url: str, typed: dict[str, Any]) -> TestResponse:
    """Send a form with files, the whole of it in memory."""
    client = portal.client(portal.cast[who])
    fields = MultiDict([("csrf_token", client.token)])
    for name, value in typed.items():
        is_file = isinstance(value, tuple)
        fields.add(name, FileStorage(BytesIO(value[0]), value[1], name) if is_file else value)
    stream, length, boundary = stream_encode_multipart(fields, threshold=2**27)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.http.post(url, data=stream.read(length), content_type=kind)


@sqlite_only
def test_old_part_is_not_registered_when_its_photo_is_none(portal: Portal) -> None:
    """O2: 200 megapixels, 40 MB, drawings, pages and programs: a sentence, the typed text stays."""
    shipment = story.received(portal)
    url = f"/old-parts/register/{shipment.public_id}/1"
    typed = {
        "seen": "1", "customer_name": "Typed by hand", "product_model": "WC-9",
        "product_serial": "SN-2", "failed_on": "2026-10-02", "replaced_on": "2026-10-12",
        "complaint": "Leaks", "cause": "Torn", "remedy": "Replaced",
    }  # fmt: skip
    for content, name, status, sentence in (
        (_png_of_200_megapixels(), "huge.png", 422, "has too many pixels"),
        (bytes(40 * 1024 * 1024), "large.jpg", 413, "is larger than 20 MB"),
        (SVG, "drawing.svg", 422, "is not a photo"),
        (SVG, "drawing.jpg", 422, "is not a photo"),
        (PAGE, "page.png", 422, "is not a photo"),
        (EXE, "program.heic", 422, "is not a photo"),
        (b"\xff\xd8\xff\xe0" + PAGE, "half.jpg", 422, "is damaged"),
        (b"%PDF-1.7\n", "paper.jpg", 422, "is not a photo"),
    ):
        answer = _multipart(portal, "clerk", url, typed | {"photos": (content, name)})
        assert answer.status_code == status, name
        assert f"“{name}” {sentence}" in answer.text
        assert 'value="Typed by hand"' in answer.text
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(OldPart)) == 0
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0


@sqlite_only
@pytest.mark.parametrize("place", ["new", "edit"])
def test_part_has_no_picture_when_its_photo_is_none(portal: Portal, place: str) -> None:
    """C1: the same at a part, new or not: a sentence at the field, the typed text stays."""
    who, url, typed, made = _a_part(portal)
    if place == "new":
        url, typed = "/parts/new", typed | {"number": "GS-500"}
    for content, name, status, sentence in (
        (_png_of_200_megapixels(), "huge.png", 422, "has too many pixels"),
        (bytes(40 * 1024 * 1024), "large.jpg", 413, "is larger than 20 MB"),
        (SVG, "drawing.svg", 422, "is not a photo"),
        (b"\xff\xd8\xff\xe0" + PAGE, "half.jpg", 422, "is damaged"),
        (b"%PDF-1.7\n", "paper.jpg", 422, "is not a photo"),
    ):
        answer = _multipart(
            portal, who, url, typed | {"seen": made.version, "photos": (content, name)}
        )
        assert answer.status_code == status, name
        assert f"“{name}” {sentence}" in answer.text
        assert 'id="photos-error"' in answer.text
        assert 'value="Typed by hand"' in answer.text
    with portal.transaction():
        assert session.scalars(select(Part.name).where(Part.name == "Typed by hand")).all() == []
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0


@sqlite_only
def test_price_list_is_not_kept_when_its_file_is_none(portal: Portal) -> None:
    """C3: a file that lies about its kind, 41 MB, drawings: a sentence, the typed text stays."""
    typed = {"name": "Typed by hand", "effective_from": "2026-10-12"}
    for content, name in (
        (_png_of_200_megapixels(), "prices.xlsx"),
        (_png_of_200_megapixels(), "prices.csv"),
        (SVG, "prices.svg"),
        (SVG, "prices.xlsx"),
        (b"number,name,cost price\n1,2,3\n", "prices.xlsx"),
        (EXE, "prices.csv"),
        (PLAIN_ZIP, "prices.xlsx"),
        (PLAIN_ZIP, "prices.csv"),
        (b"", "prices.csv"),
        (b"a,b\n" * (11 * 1024 * 1024), "prices.csv"),
    ):
        answer = _multipart(
            portal, "administrator", "/price-lists/new", typed | {"file": (content, name)}
        )
        assert answer.status_code in (413, 422), name
        assert "file-error" in answer.text, name
        assert 'value="Typed by hand"' in answer.text
    with portal.transaction():
        assert session.scalars(select(PriceList.name)).all() == ["Start"]


@sqlite_only
def test_request_is_413_when_it_is_larger_than_any_form(portal: Portal) -> None:
    """It is not even read."""
    clerk = portal.client(portal.clerk)
    answer = clerk.post("/files", environ_overrides={"CONTENT_LENGTH": str(65 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "Too large" in answer.text
