"""The pages of old parts, as people use them."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import insert, select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, stream_encode_multipart

from portal.applications.models import (
    Application,
    ApplicationLine,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.core.db import public_id, session
from portal.files.models import Attachment
from portal.oldparts import queries, services
from portal.oldparts.charge_models import OwedLine
from portal.oldparts.models import OldPart
from tests.support import story
from tests.support.portal import Client, Portal
from tests.support.queries import counted

REAL = Path(__file__).parents[4] / "shared/data/awkward/images"
needs_photos = pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not here")
DENIED = ("desk", "finance", "warehouse", "reviewer", "administrator", "auditor")

TYPED = {
    "seen": "1",
    "customer_name": "Grażyna Żółć",
    "customer_phone": "+48 12 555 01 02",
    "product_model": "WC-9",
    "product_serial": "ＳＮ－９ ０１",
    "purchase_date": "1.03.2026",
    "failed_on": "2026/10/02",
    "replaced_on": "2026年10月12日",
    "fault_code": "L-07",
    "complaint": "Water runs <all> the time",
    "cause": "The seal is torn",
    "remedy": "Valve replaced",
    "old_serial": "fv 88-12",
}


def picture(size: tuple[int, int] = (60, 40)) -> bytes:
    """A small PNG."""
    content = io.BytesIO()
    Image.new("RGB", size, "teal").save(content, "PNG")
    return content.getvalue()


def upload(content: bytes, name: str = "photo.png") -> tuple[io.BytesIO, str]:
    """A file as a form sends it."""
    return io.BytesIO(content), name


def form_url(shipment: Shipment, position: int = 1) -> str:
    """The registration form of a line."""
    return f"/old-parts/register/{shipment.public_id}/{position}"


def post(client: Client, url: str, typed: dict[str, Any]) -> TestResponse:
    """Send a form, the whole of it in memory: the test's own client leaves a large file open."""
    fields = MultiDict([("csrf_token", client.token)])
    for name, value in typed.items():
        for one in value if isinstance(value, list) else [value]:
            fields.add(name, FileStorage(*one, name=name) if isinstance(one, tuple) else one)
    stream, length, boundary = stream_encode_multipart(fields, threshold=2**27)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.http.post(url, data=stream.read(length), content_type=kind)


def send(client: Client, shipment: Shipment, **change: Any) -> TestResponse:
    """Send the registration form, with a photo unless told otherwise."""
    typed = {**TYPED, "photos": upload(picture()), **change}
    given = {name: value for name, value in typed.items() if value is not None}
    return post(client, form_url(shipment), given)


def pieces(portal: Portal) -> list[OldPart]:
    """Every old part there is."""
    with portal.transaction():
        return list(session.scalars(select(OldPart).order_by(OldPart.id)))


def kept(page: TestResponse) -> list[str]:
    """The photos that a refused form has kept."""
    return re.findall(r'name="photos_kept" value="([^"]+)" checked', page.text)


def test_piece_is_registered_from_a_phone(portal: Portal) -> None:
    """O1, O2: camera's file and messy dates in, a number, a page and a label out."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    form = client.get(form_url(shipment)).text
    assert 'capture="environment"' in form
    assert "1 of 2" in form
    for known in ("WC-9", "2026-03-01", "Leaks at the base", "PA-2026-D0001-00001"):
        assert known in form
    done = send(client, shipment)
    assert done.status_code == 303
    old_part = pieces(portal)[0]
    assert old_part.product_serial_key == "SN-901"
    assert (old_part.failed_on.isoformat(), old_part.replaced_on.isoformat()) == (
        "2026-10-02",
        "2026-10-12",
    )
    page = client.get(done.location).text
    for shown in ("OP-2026-D0001-000001", "Grażyna Żółć", "Water runs &lt;all&gt; the time"):
        assert shown in page
    assert "Registered as OP-2026-D0001-000001." in page
    assert "1 more piece of this line is to be registered." in page
    photo = re.search(r'src="(/files/[^"]+/thumbnail)"', page)
    assert photo
    assert client.get(photo[1], buffered=True).mimetype == "image/jpeg"


BAD = [
    ({"failed_on": "1901-05-05"}, "before 1990"),
    ({"replaced_on": "2099-01-01"}, "in the future"),
    ({"purchase_date": "yesterday"}, "Enter a date, for example"),
    ({"failed_on": "2026-02-30"}, "Enter a date, for example"),
    ({"customer_name": "  "}, "Enter the customer&#39;s name."),
    ({"product_serial": "", "purchase_date": ""}, "or its purchase date"),
    ({"complaint": "x" * 5000}, "At most 4000 characters"),
    ({"photos": None}, "Add a photo of the old part."),
    ({"photos": upload(b"%PDF-1.7 no photo", "photo.jpg")}, "is not a photo"),
    ({"photos": upload(b"<svg xmlns='x'/>", "valve.svg")}, "is not a photo"),
    ({"photos": upload(b"\xff\xd8\xff\xe0 no picture", "photo.jpg")}, "damaged or incomplete"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD, ids=[words for _change, words in BAD])
def test_input_stays_when_something_is_wrong(
    portal: Portal, change: dict[str, Any], sentence: str
) -> None:
    """O2: 422, the sentence, everything typed as it was typed, and nothing registered."""
    shipment = story.received(portal)
    if isinstance(change.get("photos"), tuple):
        stream, name = change["photos"]
        change = {"photos": upload(stream.getvalue(), name)}
    page = send(portal.client(portal.clerk), shipment, **change)
    assert page.status_code == 422
    assert sentence in page.text
    for name, value in {**TYPED, **change}.items():
        if (
            isinstance(value, str)
            and value.strip()
            and "<" not in value
            and name != "purchase_date"
        ):
            assert value in page.text or name in ("failed_on", "replaced_on")
    assert pieces(portal) == []


def test_everything_wrong_is_said_at_once(portal: Portal) -> None:
    """O2: an unreadable date does not hide what else is missing."""
    page = send(
        portal.client(portal.clerk),
        story.received(portal),
        failed_on="soon",
        customer_name="",
        replaced_on="2099-01-01",
    )
    assert page.status_code == 422
    for sentence in ("for example 2026-11-22", "Enter the customer", "This day is in the future."):
        assert sentence in page.text
    assert 'value="soon"' in page.text


def test_good_photos_stay_when_the_form_is_refused(portal: Portal) -> None:
    """O2: what was uploaded is kept and can be sent again without JavaScript; a bad file is not."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    files = [upload(picture(), "one.png"), upload(b"<svg/>", "two.svg"), upload(picture(), "3.png")]
    page = send(client, shipment, customer_name="", photos=files)
    assert page.status_code == 422
    names = kept(page)
    assert len(names) == 2
    again = send(client, shipment, photos=None, photos_kept=names)
    assert again.status_code == 303
    with portal.transaction():
        claimed = session.scalars(select(Attachment.document_id)).all()
    assert claimed == [pieces(portal)[0].id] * 2


def test_second_registration_names_the_first_only_to_its_dealer(portal: Portal) -> None:
    """O4, P1: full-width letters and blanks do not help; a foreign number is not told."""
    mine = story.received(portal)
    assert send(portal.client(portal.clerk), mine).status_code == 303
    page = send(portal.client(portal.manager), mine, seen="2", old_serial="ＦＶ　８８－１２")
    assert page.status_code == 422
    assert "was registered before as OP-2026-D0001-000001." in page.text
    assert "ＦＶ　８８－１２" in page.text
    foreign = story.received(portal, by="other_clerk")
    page = send(portal.client(portal.other_clerk), foreign)
    assert page.status_code == 422
    assert "was registered before by somebody else." in page.text
    assert "D0001" not in page.text


def test_form_that_is_sent_twice_registers_once(portal: Portal) -> None:
    """O2: the second sending is 409, keeps what was typed, and offers the next piece."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    other = {"old_serial": "", "product_serial": ""}
    assert send(client, shipment, **other).status_code == 303
    page = send(client, shipment, **other)
    assert page.status_code == 409
    assert "Piece 1 of this line was registered in the meantime." in page.text
    assert "Grażyna Żółć" in page.text
    assert re.search(r'name="seen"[^>]*value="2"', page.text)
    assert len(kept(page)) == 1
    assert len(pieces(portal)) == 1
    again = send(client, shipment, **other, seen="2", photos=None, photos_kept=kept(page))
    assert again.status_code == 303
    full = send(client, shipment, **other, seen="2")
    assert full.status_code == 409
    assert "All 2 pieces of this line are registered already." in full.text
    assert client.get(form_url(shipment)).location == "/old-parts/to-register"


def test_form_is_there_only_for_what_can_be_registered(portal: Portal) -> None:
    """P1, O2: a foreign, missing, unreceived or stock line has no form."""
    shipment = story.received(portal, story.line(portal), story.line(portal, purpose="stock"))
    for who, url, status in (
        ("clerk", form_url(shipment), 200),
        ("manager", form_url(shipment), 200),
        ("other_clerk", form_url(shipment), 404),
        ("clerk", form_url(shipment, 2), 404),
        ("clerk", form_url(shipment, 3), 404),
        ("clerk", form_url(shipment, 0), 404),
        ("clerk", "/old-parts/register/nothing/1", 404),
        *((name, form_url(shipment), 403) for name in DENIED),
    ):
        assert portal.client(portal.cast[who]).get(url).status_code == status, (who, url)
    on_its_way = story.shipped(portal)
    client = portal.client(portal.clerk)
    assert client.get(form_url(on_its_way)).location.endswith(on_its_way.public_id)
    page = send(client, on_its_way)
    assert page.status_code == 409
    assert "First confirm that shipment" in page.text
    for name in DENIED:
        assert send(portal.client(portal.cast[name]), shipment).status_code == 403
    assert send(portal.client(portal.other_clerk), shipment).status_code == 404
    assert pieces(portal) == []


@needs_photos
def test_phone_photo_loses_its_place_and_stands_upright(portal: Portal) -> None:
    """O2: a real photo with GPS and one that lies on its side, as a phone sends them."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    names = ("exif/jpg__gps__DSCN0010.jpg", "exif/jpg__orientation__landscape_6.jpg")
    files = [upload((REAL / name).read_bytes(), Path(name).name) for name in names]
    done = send(client, shipment, photos=files)
    assert done.status_code == 303
    page = client.get(done.location).text
    shown = re.findall(r'href="(/files/[^"]+)" data-photo', page)
    assert len(shown) == 2
    sizes = []
    for url in shown:
        served = client.get(url, buffered=True)
        assert served.status_code == 200
        image = Image.open(io.BytesIO(served.data))
        assert not image.getexif()
        assert b"GPS" not in served.data
        assert b"Exif" not in served.data
        sizes.append(image.size)
    assert sizes == [(640, 480), (600, 450)], "the second one came as 450 × 600, to be turned"
    foreign = portal.client(portal.other_clerk)
    assert [foreign.get(url).status_code for url in shown] == [404, 404]


@needs_photos
@pytest.mark.parametrize("name", ["heif/zPug_3.heic", "pillow/chi.gif", "pillow/iss634.webp"])
def test_kinds_that_phones_send_are_taken(portal: Portal, name: str) -> None:
    """O2: HEIC, GIF and WebP are photos."""
    file = upload((REAL / name).read_bytes(), Path(name).name)
    answer = send(portal.client(portal.clerk), story.received(portal), photos=file)
    assert answer.status_code == 303


@needs_photos
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pillow/decompression_bomb.gif", "too many pixels"),
        ("pillow/truncated_jpeg.jpg", "damaged"),
        ("valid_document.pdf", "is not a photo"),
        ("valid_archive.zip", "is not a photo"),
        ("pillow/multipage.tiff", "is not a photo"),
    ],
)
def test_real_file_is_refused_with_its_sentence(portal: Portal, name: str, words: str) -> None:
    """O2: a bomb, a torn photo and files that are none, all named .jpg."""
    file = upload((REAL / name).read_bytes(), "photo.jpg")
    page = send(portal.client(portal.clerk), story.received(portal), photos=file)
    assert page.status_code == 422
    assert words in page.text
    assert "Grażyna Żółć" in page.text


def test_file_of_21_megabytes_is_413(portal: Portal) -> None:
    """O2: too large says so, and keeps what was typed."""
    huge = upload(b"\xff\xd8\xff" + bytes(21 * 2**20), "huge.jpg")
    page = send(portal.client(portal.clerk), story.received(portal), photos=huge)
    assert page.status_code == 413
    assert "is larger than 20 MB" in page.text
    assert "Grażyna Żółć" in page.text


def test_list_shows_ones_own_with_tabs_and_search(portal: Portal) -> None:
    """P1, O1: a dealer sees only its own; headquarters all, with the dealer; search finds parts."""
    mine = story.registered(portal, old_serial="ab 77", customer_name="Zażółć Gęślą")
    story.accepted(portal)
    story.registered(portal, by="other_clerk", customer_name="Marek")
    own = portal.client(portal.clerk).get("/old-parts").text
    assert own.count('class="row"') == 2
    assert "D0002" not in own
    assert "Marek" not in own
    assert "北方卫浴服务有限公司</td>" not in own
    assert own.count("/thumbnail") == 2
    desk = portal.client(portal.desk)
    everything = desk.get("/old-parts").text
    assert everything.count('class="row"') == 3
    assert "Łazienki Południe" in everything
    assert desk.get("/old-parts?tab=accepted").text.count('class="row"') == 1
    for text in (mine.number, "d0001-000001", "ab77", "zażółć", "ZAŻÓŁĆ gęślą"):
        found = desk.get("/old-parts", query_string={"q": text}).text
        assert found.count('class="row"') == 1, text
        assert mine.number in found
    assert desk.get("/old-parts?q=fill+valve").text.count('class="row"') == 3
    assert desk.get("/old-parts?q=Nothing%25").text.count('class="row"') == 0
    part = desk.get("/old-parts", headers={"HX-Request": "true", "HX-Target": "div#results"}).text
    assert part.count('class="row"') == 3
    assert "<html" not in part
    assert portal.client(portal.administrator).get("/old-parts").status_code == 403


def test_search_at_the_top_finds_within_what_one_sees(portal: Portal) -> None:
    """P1: by number, serial and customer; never another dealer's."""
    story.registered(portal, old_serial="ab 77", customer_name="Zażółć Gęślą")
    for text in ("OP-2026-D0001-000001", "ab77", "zażółć"):
        query = {"q": text}
        found = (
            portal.client(portal.clerk)
            .get("/search", query_string=query, follow_redirects=True)
            .text
        )
        assert "OP-2026-D0001-000001" in found
        other = portal.client(portal.other_clerk).get("/search", query_string=query).text
        assert "Zażółć Gęślą" not in other
        assert "/old-parts/" not in other


def _thousand(portal: Portal, old_part: OldPart, count: int) -> None:
    """Make copies of an old part until there are so many, each with its photo."""
    columns = {
        column.name: getattr(old_part, column.name)
        for column in OldPart.__table__.columns
        if column.name != "id"
    }
    with portal.transaction():
        photo = session.scalars(select(Attachment)).first()
        assert photo is not None
        attached = {
            column.name: getattr(photo, column.name)
            for column in Attachment.__table__.columns
            if column.name != "id"
        }
        session.execute(
            insert(OldPart),
            [
                columns | {"piece": n, "public_id": public_id(), "number": f"OP-X-{n:06d}"}
                for n in range(2, count + 1)
            ],
        )
        made = session.scalars(select(OldPart.id).where(OldPart.id != old_part.id))
        session.execute(
            insert(Attachment),
            [attached | {"document_id": key, "public_id": public_id()} for key in made],
        )


@pytest.mark.parametrize("count", [10, 1000])
def test_list_costs_three_queries_whatever_its_length(portal: Portal, count: int) -> None:
    """House: the person, the rows with their thumbnails, the tabs' counts."""
    shipment = story.received(portal, story.line(portal, "FP-200", quantity=count))
    _thousand(portal, story.registered(portal, shipment), count)
    for who in (portal.clerk, portal.desk):
        client = portal.client(who)
        for url in ("/old-parts", "/old-parts?tab=registered&q=flapper"):
            with counted(portal.app) as statements:
                page = client.get(url)
            assert page.text.count("/thumbnail") >= min(count, 50) - 1
            assert len(statements) <= 3, statements


def test_pages_of_a_list_follow_each_other_without_gap(portal: Portal) -> None:
    """House: keyset paging, newest first; the review queue oldest first."""
    shipment = story.received(portal, story.line(portal, "FP-200", quantity=120))
    _thousand(portal, story.registered(portal, shipment), 120)
    client = portal.client(portal.desk)
    for url, first in (("/old-parts", "OP-X-000120"), ("/old-parts?tab=registered", None)):
        seen: list[str] = []
        while url:
            page = client.get(url).text
            seen += re.findall(r'class="row"[^>]*>([^<]+)<', page)
            following = re.search(r'rel="next" href="([^"]+)"', page)
            url = following[1].replace("&amp;", "&") if following else ""
        assert len(seen) == len(set(seen)) == 120
        assert seen[0] == first or seen[0] == "OP-2026-D0001-000001"


def _many_lines(portal: Portal, shipment: Shipment, count: int) -> None:
    """Give a received shipment so many lines."""
    with portal.transaction():
        line = session.scalars(select(ShipmentLine)).one()
        quoted = session.get_one(QuoteLine, line.quote_line_id)
        asked = session.get_one(ApplicationLine, quoted.application_line_id)

        def copies(model: Any, one: Any, **change: list[Any]) -> list[int]:
            columns = {
                column.name: getattr(one, column.name)
                for column in model.__table__.columns
                if column.name != "id"
            }
            rows = [
                columns | {name: values[n] for name, values in change.items()}
                for n in range(count - 1)
            ]
            session.execute(insert(model), rows)
            return list(session.scalars(select(model.id).where(model.id != one.id)))

        lines = copies(ApplicationLine, asked, position=list(range(2, count + 1)))
        quotes = copies(QuoteLine, quoted, application_line_id=lines)
        sent = copies(ShipmentLine, line, quote_line_id=quotes)
        owed = session.get_one(OwedLine, line.id)
        columns = {column.key: getattr(owed, column.key) for column in OwedLine.__table__.columns}
        session.execute(insert(OwedLine), [columns | {"shipment_line_id": key} for key in sent])


@pytest.mark.parametrize("count", [10, 1000])
def test_work_list_costs_three_queries_whatever_its_length(portal: Portal, count: int) -> None:
    """House, O6: the person, the lines with their deadlines, the tabs' counts."""
    shipment = story.received(portal)
    _many_lines(portal, shipment, count)
    client = portal.client(portal.clerk)
    with counted(portal.app) as statements:
        page = client.get("/old-parts/to-register")
    assert page.text.count('class="row"') == min(count, 50)
    assert len(statements) <= 3, statements
    shown = "1000" if count == 1000 else "10"
    assert re.search(rf'<span class="n">{shown}</span>', page.text)


def test_work_list_holds_ones_own_unregistered_pieces_first_due_first(portal: Portal) -> None:
    """O6, P1: pieces left by line; what need not be returned stands apart; others' is unseen."""
    first = story.received(portal, story.line(portal, quantity=3), story.line(portal, "TH-300"))
    portal.clock.advance(days=14)
    story.received(portal, story.line(portal, "FP-200", quantity=1))
    story.received(portal, story.line(portal, purpose="stock"))
    story.shipped(portal)
    story.registered(portal, first)
    client = portal.client(portal.clerk)
    page = client.get("/old-parts/to-register").text
    rows = re.findall(r'class="row" href="[^"]+">([^<]+)</a>', page)
    assert rows == ["FV-100", "TH-300", "FP-200"]
    assert "2 of 3" in page
    assert "in 2 days" in page
    portal.clock.advance(days=2)
    client = portal.client(portal.clerk)
    assert client.get("/old-parts/to-register").text.count('class="due over"') == 2
    assert client.get("/old-parts/to-register?q=fp-200").text.count('class="row"') == 1
    story.want_back(portal, "FP-200", False)
    page = client.get("/old-parts/to-register").text
    assert "FP-200" not in page
    assert "FP-200" in client.get("/old-parts/to-register?tab=voluntary").text
    other = portal.client(portal.other_clerk).get("/old-parts/to-register").text
    assert 'class="row"' not in other
    assert "Nothing to register" in other
    for name in DENIED:
        denied = portal.client(portal.cast[name]).get("/old-parts/to-register")
        assert denied.status_code == 403


def test_home_tells_what_waits_for_whom(portal: Portal) -> None:
    """Look: the clerk sees what to register and correct, the desk what to review."""
    story.registered(portal)
    returned = story.registered(portal)
    with portal.transaction():
        services.review(
            session.get_one(OldPart, returned.id),
            "return",
            reason="Another photo, please",
            seen=None,
            by=portal.desk,
            now=portal.now,
        )
    portal.clock.advance(days=13)
    clerk = portal.client(portal.clerk).get("/").text
    assert "Old parts to register" in clerk
    assert "/old-parts?tab=returned" in clerk
    assert "Old parts to review" not in clerk
    desk = portal.client(portal.desk).get("/").text
    assert 'href="/old-parts/review"' in desk
    assert "Old parts to register" not in desk
    assert "Old parts" not in portal.client(portal.other_clerk).get("/").text.split("<main")[1]


def test_page_of_a_piece_leads_to_where_it_came_from(portal: Portal) -> None:
    """O2, O9, P1: application, shipment, what was deducted; payment is a status of its own."""
    old_part = story.registered(portal)
    url = f"/old-parts/{old_part.public_id}"
    page = portal.client(portal.clerk).get(url).text
    for shown in ("/applications/", "PA-2026-D0001-00001", "SH-2026-D0001-00001", "CN¥12.50"):
        assert shown in page
    assert "Return and payment" in page
    assert "Not claimed" in page
    for name in ("manager", "desk", "finance", "warehouse", "reviewer", "auditor"):
        assert portal.client(portal.cast[name]).get(url).status_code == 200
    assert portal.client(portal.other_clerk).get(url).status_code == 404
    assert portal.client(portal.administrator).get(url).status_code == 403
    assert portal.client(portal.clerk).get("/old-parts/nothing").status_code == 404
    assert portal.client(portal.auditor).get(url).text.count("<textarea") == 0


def step(portal: Portal, who: str, old_part: OldPart, name: str, **data: str) -> TestResponse:
    """Press a button of the piece's page."""
    code = "photo" if name == "return" else "user_damage"
    given = {"seen": "1", "reason": "Look again", "code": code, **data}
    place = f"/old-parts/{old_part.public_id}/steps/{name}"
    return portal.client(portal.cast[who]).post(place, given)


@pytest.mark.parametrize(
    ("name", "status"), [("accept", "accepted"), ("return", "returned"), ("reject", "rejected")]
)
def test_review_is_the_desks_and_happens_once(portal: Portal, name: str, status: str) -> None:
    """O5, P1: 303 once, then 409; 403 for other roles at HQ and dealers; nothing else changes."""
    old_part = story.registered(portal)
    for who in ("finance", "warehouse", "reviewer", "administrator", "auditor", "clerk"):
        assert step(portal, who, old_part, name).status_code == 403
    assert step(portal, "other_clerk", old_part, name).status_code == 403
    assert pieces(portal)[0].status == "registered"
    assert step(portal, "desk", old_part, name, seen="7").status_code == 409
    assert step(portal, "desk", old_part, name, seen="x").status_code == 409
    assert step(portal, "desk", old_part, name).status_code == 303
    assert pieces(portal)[0].status == status
    again = step(portal, "desk", old_part, name)
    assert again.status_code == 409
    assert pieces(portal)[0].version == 2
    page = portal.client(portal.clerk).get(f"/old-parts/{old_part.public_id}").text
    assert ("Look again" in page) == (name != "accept")
    assert ("Rejected: Damaged by the user" in page) == (name == "reject")


def test_reason_is_asked_for_in_place(portal: Portal) -> None:
    """O5: 422 at the box, which stays open with what was typed."""
    old_part = story.registered(portal)
    page = step(portal, "desk", old_part, "return", code="", reason=" ")
    assert page.status_code == 422
    assert "Choose why." in page.text
    assert re.search(r'<details class="menu refused" open>.*?Return', page.text, re.DOTALL)
    page = step(portal, "desk", old_part, "reject", code="", reason="Broken by force")
    assert page.status_code == 422
    assert "Choose why." in page.text
    assert "Broken by force</textarea>" in page.text
    page = step(portal, "desk", old_part, "reject", code="made_up")
    assert page.status_code == 422
    page = step(portal, "desk", old_part, "reject", code="other", reason="")
    assert page.status_code == 422
    assert '<option value="other" selected>' in page.text
    assert pieces(portal)[0].status == "registered"


def test_desk_goes_on_to_the_next_in_the_queue(portal: Portal) -> None:
    """Look: oldest first; after a piece the one behind it, at the end the first again."""
    made = []
    for _ in range(3):
        made.append(story.registered(portal))
        portal.clock.advance(minutes=5)
    desk = portal.client(portal.desk)

    def following(url: str) -> str:
        return desk.get(url).location.rpartition("/")[2]

    names = [one.public_id for one in made]
    assert following("/old-parts/review/next") == names[0]
    assert following(f"/old-parts/review/next?after={names[0]}") == names[1]
    assert following(f"/old-parts/review/next?after={names[2]}") == names[0]
    assert desk.get("/old-parts/review/next?after=nothing").status_code == 404
    for one in made:
        assert step(portal, "desk", one, "accept").status_code == 303
    assert following("/old-parts/review/next") == "old-parts"
    assert portal.client(portal.clerk).get("/old-parts/review").status_code == 403


def test_returned_registration_is_corrected_on_its_page(portal: Portal) -> None:
    """O5: the reason above, the form as it was left, one sending, then review again."""
    old_part = story.registered(portal, old_serial="FV 1", customer_name="陈伟")
    url = f"/old-parts/{old_part.public_id}/correct"
    client = portal.client(portal.clerk)
    assert client.get(url).location == f"/old-parts/{old_part.public_id}"
    assert step(portal, "desk", old_part, "return").status_code == 303
    page = client.get(url).text
    for shown in ("Look again", "陈伟", "FV 1", "Water runs all the time", 'value="2026-10-02"'):
        assert shown in page
    assert portal.client(portal.other_clerk).get(url).status_code == 404
    assert portal.client(portal.desk).get(url).status_code == 403

    def correct(**change: Any) -> TestResponse:
        given = {**TYPED, "seen": "2", "old_serial": "FV 1", **change}
        return post(client, url, given)

    refused = correct(failed_on="1901-01-01", photos=upload(picture()))
    assert refused.status_code == 422
    assert "before 1990" in refused.text
    assert len(kept(refused)) == 1
    stale = correct(seen="1", customer_name="Someone")
    assert stale.status_code == 409
    assert "Someone" in stale.text
    assert re.search(r'name="seen"[^>]*value="2"', stale.text)
    assert portal.client(portal.other_clerk).post(url, TYPED).status_code == 404
    assert portal.client(portal.desk).post(url, TYPED).status_code == 403
    assert correct(photos_kept=kept(refused)).status_code == 303
    assert correct(seen="3").status_code == 409
    after = pieces(portal)[0]
    assert (after.status, after.customer_name) == ("registered", "Grażyna Żółć")
    timeline = client.get(f"/old-parts/{old_part.public_id}").text
    assert "corrected the registration" in timeline
    assert timeline.count("data-photo>") == 2


def test_photos_are_added_on_the_page(portal: Portal) -> None:
    """O2: by the dealer, while it is not decided; with a sentence where it fails."""
    old_part = story.registered(portal)
    url = f"/old-parts/{old_part.public_id}/photos"

    def add(who: str, **data: Any) -> TestResponse:
        return post(portal.client(portal.cast[who]), url, data)

    assert add("clerk", photos=upload(picture())).status_code == 303
    empty = add("clerk")
    assert empty.status_code == 422
    assert "Choose at least one photo." in empty.text
    assert add("clerk", photos=upload(b"<svg/>", "x.svg")).status_code == 422
    assert add("other_clerk", photos=upload(picture())).status_code == 404
    assert add("desk", photos=upload(picture())).status_code == 403
    page = portal.client(portal.clerk).get(f"/old-parts/{old_part.public_id}").text
    assert page.count("data-photo>") == 2
    assert step(portal, "desk", old_part, "accept").status_code == 303
    late = add("clerk", photos=upload(picture()))
    assert late.status_code == 409
    page = portal.client(portal.clerk).get(f"/old-parts/{old_part.public_id}").text
    assert "Add photos" not in page


def test_deadline_is_shown_in_the_form(portal: Portal) -> None:
    """O6: the dealer sees until when; overdue in words, after the last day's end."""
    shipment = story.received(portal)
    portal.clock.advance(days=16)
    page = portal.client(portal.clerk).get(form_url(shipment)).text
    assert "due over" in page
    portal.clock.at -= timedelta(days=10)
    assert "due over" not in portal.client(portal.clerk).get(form_url(shipment)).text


def at_once(*calls: Any) -> list[int]:
    """Do several things at the same time; the statuses of their answers."""
    start = Barrier(len(calls))

    def go(call: Any) -> int:
        start.wait()
        answer: TestResponse = call()
        return answer.status_code

    with ThreadPoolExecutor(len(calls)) as pool:
        return sorted(pool.map(go, calls))


def test_one_wins_when_several_register_the_same_piece_at_once(portal: Portal) -> None:
    """O2: of six who send the form of one piece at the same moment, one registers it."""
    shipment = story.received(portal, story.line(portal, quantity=1))
    clients = [portal.client(portal.clerk) for _ in range(6)]
    other = {"old_serial": "", "product_serial": ""}
    calls = [partial(send, client, shipment, **other) for client in clients]
    assert at_once(*calls) == [303] + [409] * 5
    assert [one.number for one in pieces(portal)] == ["OP-2026-D0001-000001"]


def test_one_wins_when_two_dealers_register_the_same_serial_at_once(portal: Portal) -> None:
    """O4, P1: on different lines no lock is shared; the unique key decides, the loser is told."""
    calls = [
        partial(send, portal.client(portal.cast[by]), story.received(portal, by=by))
        for by in ("clerk", "other_clerk")
    ]
    assert at_once(*calls) == [303, 422]
    assert len(pieces(portal)) == 1


def test_application_leads_to_its_old_parts_and_back(portal: Portal) -> None:
    """O2: both ways, for whoever sees both; another dealer's is not named."""
    shipment = story.received(portal)
    old_part = story.registered(portal, shipment)
    with portal.transaction():
        application = session.get_one(Application, shipment.application_id)
    page = f"/applications/{application.public_id}"
    for who in (portal.clerk, portal.desk):
        client = portal.client(who)
        assert f'href="/old-parts/{old_part.public_id}"' in client.get(page).text
        assert f'href="{page}"' in client.get(f"/old-parts/{old_part.public_id}").text
    with portal.transaction():
        assert queries.registered_for(application, portal.other_clerk) == []
