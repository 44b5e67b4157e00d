"""A part as a document: made by hand, changed, withdrawn, pictured, and its events (C1, P4)."""

import io
import re
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.catalogue import queries, services
from portal.catalogue.models import Part
from portal.core import events
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, Stale, WrongState
from portal.core.events import Event
from portal.files.models import Attachment
from tests.functional.catalogue.lists import csv, preview, take_in
from tests.functional.catalogue.test_parts import address, save, seen
from tests.support.portal import Client, Portal
from tests.support.queries import counted

NEW = {
    "number": "GS-500", "name": "Glass seal", "name_zh": "玻璃密封条", "name_pl": "Uszczelka szyby",
    "unit": "m", "category": "Seals", "return_required": "y", "successor": "",
}  # fmt: skip
FACTS = services.PartFacts("Fill valve", "进水阀", "Zawór napełniający", "pcs", "", True, "")


def picture(colour: str = "teal", name: str = "seal.jpg") -> tuple[io.BytesIO, str]:
    """A photo to send, with a place of its own on the earth and lying on its side."""
    target = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (600, 400), colour).save(target, "JPEG", exif=exif)
    return io.BytesIO(target.getvalue()), name


def add(client: Client, **typed: Any) -> TestResponse:
    """Send the form of a new part."""
    fields = {name: value for name, value in (NEW | typed).items() if value is not None}
    return client.post("/parts/new", fields, content_type="multipart/form-data")


def bytes_of(client: Client, url: str) -> bytes:
    """A file as it is served."""
    answer = client.get(url, buffered=True)
    assert answer.status_code == 200
    return answer.data


def story_of(portal: Portal, number: str) -> list[Event]:
    """The events of a part, as they were chained."""
    with portal.transaction():
        part = queries.find_part(number)
        assert part
        assert list(events.verify()) == []
        found = session.scalars(
            select(Event)
            .where(Event.document_kind == "part", Event.document_id == part.id)
            .order_by(Event.seq)
        )
        return list(found)


def rows(portal: Portal, model: Any) -> int:
    """How many there are."""
    with portal.transaction():
        return session.scalar(select(func.count()).select_from(model)) or 0


# --- Made by hand ----------------------------------------------------------------------------


def test_part_is_added_when_the_administrator_fills_in_the_form(portal: Portal) -> None:
    """C1, P4: everything of it stands on its page, in the list and in its first event."""
    client = portal.client(portal.administrator)
    assert "/parts/new" in client.get("/parts").text
    answer = add(client, successor="fv-100", photos=picture())
    assert answer.status_code == 303
    page = client.get(answer.location).text
    for text in (
        "GS-500",
        "Glass seal",
        "玻璃密封条",
        "Uszczelka szyby",
        "Seals",
        "FV-100",
        "must be returned",
        "This part has no price yet",
        "Picture of Glass seal",
    ):
        assert text in page, text
    (made,) = story_of(portal, "GS-500")
    assert (made.name, made.actor_id, made.from_status, made.to_status) == (
        "create", portal.administrator.id, "", "active",
    )  # fmt: skip
    assert made.values == {
        "number": "GS-500", "name": "Glass seal", "name_zh": "玻璃密封条",
        "name_pl": "Uszczelka szyby", "unit": "m", "category": "Seals", "return_required": True,
        "successor": "FV-100", "picture": "seal.jpg",
    }  # fmt: skip
    assert "GS-500" in client.get("/parts?q=szyby").text


@pytest.mark.parametrize("number", ["FV-100", "fv-100", " FV - 100", "ＦＶ－１００"])
def test_part_is_refused_when_its_number_is_there_in_any_spelling(
    portal: Portal, number: str
) -> None:
    """C1: as the import takes them for the same; said at the field, what was typed stays."""
    answer = add(portal.client(portal.administrator), number=number)
    assert answer.status_code == 422
    assert 'id="number-error"' in answer.text
    assert "There is this part already: FV-100." in answer.text
    assert 'value="Glass seal"' in answer.text
    assert rows(portal, Part) == 4


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"number": " "}, "number"),
        ({"number": "x" * 61}, "number"),
        ({"number": "㎯" * 30}, "number"),
        ({"name": ""}, "name"),
        ({"unit": "x" * 21}, "unit"),
        ({"successor": "GS-500"}, "successor"),
        ({"photos": b"%PDF-1.7"}, "photos"),
    ],
    ids=["blank", "long", "long once it is spelled out", "no name", "unit", "itself", "no photo"],
)
def test_part_is_refused_at_its_field_when_something_is_wrong(
    portal: Portal, typed: dict[str, Any], field: str
) -> None:
    """C1: a part has a number and an English name; texts have an end."""
    if "photos" in typed:
        typed = {"photos": (io.BytesIO(typed["photos"]), "paper.pdf")}
    answer = add(portal.client(portal.administrator), **typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert rows(portal, Part) == 4


def test_photo_stays_when_the_rest_of_the_form_is_refused(portal: Portal) -> None:
    """It is sent once, and the corrected form has it."""
    client = portal.client(portal.administrator)
    refused = add(client, name="", photos=picture())
    assert refused.status_code == 422
    kept = re.findall(r'name="photos_kept" value="([^"]+)"', refused.text)
    assert len(kept) == 1
    made = add(client, photos_kept=kept[0])
    assert made.status_code == 303
    with portal.transaction():
        part = queries.find_part("GS-500")
        assert part
        assert part.picture == kept[0]


def test_part_is_only_the_administrators_to_add_and_withdraw(portal: Portal) -> None:
    """C1, P3: in the service as well."""
    for who in (portal.clerk, portal.desk, portal.auditor):
        client = portal.client(who)
        assert client.get("/parts/new").status_code == 403
        assert add(client).status_code == 403
        assert "/parts/new" not in client.get("/parts").text
        with portal.transaction(), pytest.raises(Forbidden):
            services.create_part("GS-500", FACTS, by=who, now=portal.now)
    assert rows(portal, Part) == 4


# --- Changed ---------------------------------------------------------------------------------


def test_edit_leaves_an_event_with_what_changed(portal: Portal) -> None:
    """C1, P4: each value before and after, and no other; nothing for an edit that changes none."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    whole = {"name_pl": "Zawór napełniający"}
    assert save(client, url, **whole).status_code == 303
    assert len(story_of(portal, "FV-100")) == 1, "nothing changed"
    typed = {"name": "Inlet valve", "unit": "set", "return_required": None, "successor": "fp-200"}
    assert save(client, url, **whole, **typed).status_code == 303
    _made, edit = story_of(portal, "FV-100")
    assert (edit.name, edit.actor_id, edit.to_status) == (
        "edit", portal.administrator.id, "active",
    )  # fmt: skip
    assert edit.values == {
        "name": ["Fill valve", "Inlet valve"], "unit": ["pcs", "set"],
        "return_required": [True, False], "successor": ["", "FP-200"],
    }  # fmt: skip
    page = client.get(url).text
    for text in ("Fill valve → Inlet valve", "pcs → set", "yes → no", ">FP-200</a>"):
        assert text in page, text


def test_successor_is_refused_when_it_closes_a_long_loop(portal: Portal) -> None:
    """C1: over any number of parts, by hand or when a part is made; nothing is written."""
    with portal.transaction():
        chain = [
            services.create_part(
                f"LP-{n}", services.PartFacts(f"Link {n}", "", "", "", "", True, ""),
                by=portal.administrator, now=portal.now,
            )
            for n in range(12)
        ]  # fmt: skip
        for older, newer in pairwise(chain):
            facts = services.PartFacts(older.name, "", "", "", "", True, newer.number)
            services.edit_part(older, facts, seen=1, by=portal.administrator, now=portal.now)
    for end in (chain[0], chain[5], chain[11]):
        with portal.transaction():
            last = session.get_one(Part, chain[-1].id)
            facts = services.PartFacts(last.name, "", "", "", "", True, end.number)
            with pytest.raises(Invalid) as refused:
                services.edit_part(last, facts, seen=1, by=portal.administrator, now=portal.now)
            assert refused.value.field == "successor"
    assert len(story_of(portal, "LP-11")) == 1
    with portal.transaction():
        assert session.get_one(Part, chain[-1].id).successor_id is None


def test_page_is_stale_when_the_part_was_withdrawn_meanwhile(portal: Portal) -> None:
    """C1: a withdrawal counts as a change too; the photo and the text that were sent stay."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    old = seen(client.get(f"{url}/edit").text)
    assert (
        client.post(f"{url}/steps/withdraw", {"seen": old, "reason": "Cracks"}).status_code == 303
    )
    answer = save(client, url, name="Typed", seen=old, photos=picture())
    assert answer.status_code == 409
    assert 'value="Typed"' in answer.text
    assert 'name="photos_kept"' in answer.text
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
        assert (part.name, part.picture) == ("Fill valve", None)
        with pytest.raises(Stale):
            services.edit_part(part, FACTS, seen=1, by=portal.administrator, now=portal.now)


# --- Withdrawn and restored ------------------------------------------------------------------


def test_part_is_withdrawn_with_a_reason_and_restored(portal: Portal) -> None:
    """C1, P4: it says why to everybody, and cannot be ordered until it is restored."""
    client, clerk = portal.client(portal.administrator), portal.client(portal.clerk)
    url = address(client, "FV-100")
    refused = client.post(f"{url}/steps/withdraw", {"seen": "1", "reason": " "})
    assert refused.status_code == 422
    assert "Please say why" in refused.text
    typed = {"seen": "1", "reason": "The casing cracks"}
    assert client.post(f"{url}/steps/withdraw", typed).status_code == 303
    assert client.post(f"{url}/steps/withdraw", typed).status_code == 409
    assert "The casing cracks" in clerk.get(url).text
    assert "FV-100" not in clerk.get("/parts/suggest?q=FV").text.partition("<datalist")[2]
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
        with pytest.raises(WrongState):
            services.step_part(
                part, "withdraw", seen=None, reason="Again", by=portal.administrator,
                now=portal.now,
            )  # fmt: skip
    assert client.post(f"{url}/steps/restore", {"seen": "2"}).status_code == 303
    assert client.post(f"{url}/steps/melt", {"seen": "3"}).status_code == 404
    assert "The casing cracks" not in clerk.get(url).text
    moves = [(one.name, one.from_status, one.to_status, one.reason)
             for one in story_of(portal, "FV-100")[1:]]  # fmt: skip
    assert moves == [
        ("withdraw", "active", "withdrawn", "The casing cracks"),
        ("restore", "withdrawn", "active", ""),
    ]


# --- Imported --------------------------------------------------------------------------------


def test_imported_part_has_a_first_event_when_the_list_made_it(portal: Portal) -> None:
    """C1, C3, P4: of the administrator who imported, with the list's name; none for known ones."""
    client = portal.client(portal.administrator)
    listed = csv([("NW-1", "Sieve", "pcs", "Sieves", "1", "2"), ("FV-100", "", "", "", "9", "")])
    take_in(client, preview(client, listed))
    (made,) = story_of(portal, "NW-1")
    assert (made.actor_id, made.to_status) == (portal.administrator.id, "active")
    assert made.values == {
        "number": "NW-1", "name": "Sieve", "unit": "pcs", "category": "Sieves",
        "return_required": True, "price_list": "prices",
    }  # fmt: skip
    assert len(story_of(portal, "FV-100")) == 1
    assert add(client, number="nw-1").status_code == 422


# --- Pictured --------------------------------------------------------------------------------


def shown(portal: Portal, number: str = "FV-100") -> str:
    """The public id of a part's picture."""
    with portal.transaction():
        part = queries.find_part(number)
        assert part
        assert part.picture
        return part.picture


def test_picture_is_upright_and_without_its_place_when_it_is_served(portal: Portal) -> None:
    """C1: re-encoded, turned, without EXIF; a thumbnail; seen by everybody who reads parts."""
    administrator, clerk = portal.client(portal.administrator), portal.client(portal.other_clerk)
    url = address(administrator, "FV-100")
    assert save(administrator, url, photos=picture()).status_code == 303
    name = shown(portal)
    for who in (clerk, portal.client(portal.warehouse), portal.client(portal.auditor)):
        assert f"/files/{name}/thumbnail" in who.get(url).text
        served = Image.open(io.BytesIO(bytes_of(who, f"/files/{name}")))
        assert (served.format, served.size, dict(served.getexif())) == ("JPEG", (400, 600), {})
        small = Image.open(io.BytesIO(bytes_of(who, f"/files/{name}/thumbnail")))
        assert max(small.size) == 320
    assert f"/files/{name}/thumbnail" in clerk.get("/parts").text
    assert f"/files/{name}/thumbnail" in clerk.get("/parts/suggest?q=FV").text
    assert portal.client().get(f"/files/{name}").status_code == 303, "to the sign-in"
    assert clerk.post(f"/files/{name}/remove").status_code == 404
    assert administrator.post(f"/files/{name}/remove").status_code == 404, "not past its event"


def test_picture_is_replaced_and_removed_with_an_event_each(portal: Portal) -> None:
    """C1, P4: one picture at a time; what it had before is gone, its name stands in the event."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    whole = {"name_pl": "Zawór napełniający"}
    assert save(client, url, **whole, photos=picture("teal", "one.jpg")).status_code == 303
    first = shown(portal)
    assert save(client, url, **whole, photos=picture("teal", "again.jpg")).status_code == 303
    assert shown(portal) == first, "the very same photo changes nothing"
    assert save(client, url, **whole, photos=picture("red", "two.jpg")).status_code == 303
    second = shown(portal)
    assert client.get(f"/files/{first}").status_code == 404
    assert bytes_of(client, f"/files/{second}")
    assert "Remove this picture" in client.get(f"{url}/edit").text
    assert save(client, url, **whole, drop_picture="y").status_code == 303
    assert client.get(f"/files/{second}").status_code == 404
    assert "/files/" not in client.get(url).text
    assert "Remove this picture" not in client.get(f"{url}/edit").text
    assert save(client, url, **whole, drop_picture="y").status_code == 303, "there is none"
    told = [one.values for one in story_of(portal, "FV-100")[1:]]
    assert told == [
        {"picture": ["", "one.jpg"]},
        {"picture": ["one.jpg", "two.jpg"]},
        {"picture": ["two.jpg", ""]},
    ]
    with portal.transaction():
        claimed = select(func.count()).where(Attachment.document_kind == "part")
        assert session.scalar(claimed) == 0


def test_last_picture_counts_when_several_are_sent(portal: Portal) -> None:
    """C1: a part has one picture."""
    client = portal.client(portal.administrator)
    page = client.post(
        "/files?single=1",
        {"photos": [picture("red", "one.jpg"), picture("blue", "two.jpg")]},
        content_type="multipart/form-data",
    ).text
    assert page.count('name="photos_kept"') == 1
    photos = [picture("red", "one.jpg"), picture("blue", "two.jpg")]
    assert add(client, photos=photos).status_code == 303
    (made,) = story_of(portal, "GS-500")
    assert made.values["picture"] == "two.jpg"


def test_picture_is_refused_when_it_is_not_ones_own_photo(portal: Portal) -> None:
    """P1: somebody else's unclaimed photo, another document's, or a paper are no picture."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    sent = portal.client(portal.clerk).post(
        "/files", {"photos": picture()}, content_type="multipart/form-data"
    )
    (foreign,) = re.findall(r'name="photos_kept" value="([^"]+)"', sent.text)
    assert save(client, url, photos_kept=foreign).status_code == 303
    paper = client.post(
        "/files",
        {"files": (io.BytesIO(b"%PDF-1.7\n"), "a.pdf")},
        content_type="multipart/form-data",
    )
    (own,) = re.findall(r'name="files_kept" value="([^"]+)"', paper.text)
    answer = save(client, url, photos_kept=own)
    assert answer.status_code == 422
    assert "“a.pdf” is not a photo." in answer.text
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
        assert part.picture is None
        with pytest.raises(Invalid):
            services.edit_part(
                part, FACTS, picture=foreign, seen=None, by=portal.administrator, now=portal.now
            )


# --- Who reads what --------------------------------------------------------------------------


def test_nothing_goes_from_dealer_to_dealer_by_way_of_a_part(portal: Portal) -> None:
    """P1: everybody sees the same parts, so nobody comments on them, and no dealer attaches; the
    history is headquarters' alone.
    """
    url = address(portal.client(portal.clerk), "FV-100")
    name = url.rpartition("/")[2]
    for who in (portal.clerk, portal.manager, portal.desk, portal.administrator):
        client = portal.client(who)
        said = client.post(f"/comments/part/{name}", {"text": "Call me: 555"})
        assert said.status_code == 404
        assert client.post(f"/comments/part/{name}", {"text": ""}).status_code == 404
        page = client.get(url).text
        assert "/comments/" not in page
        assert ('id="timeline"' in page) == (who.side == "hq")
    assert len(story_of(portal, "FV-100")) == 1


def test_part_page_costs_the_same_whatever_its_history(portal: Portal) -> None:
    """The house: person, part, chain, models, pieces, prices, and headquarters' events."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    for n in range(5):
        save(client, url, name=f"Valve {n}")
    with counted(portal.app) as statements:
        client.get(url)
    assert len(statements) <= 7, statements
