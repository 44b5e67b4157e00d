"""Writing an application: what the form says while one types, and ways to fill its lines (A1)."""

import re
from datetime import date
from io import BytesIO
from typing import Any

import pytest
import segno
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.applications import queries
from portal.applications.commands import LineRequest
from portal.applications.estimate import estimated
from portal.applications.models import Application
from portal.catalogue.models import Fit, Part, ProductModel
from portal.core.db import session
from portal.files.models import Attachment
from tests.functional.catalogue import products
from tests.support import story
from tests.support.html import html_errors
from tests.support.portal import Client, Portal
from tests.support.queries import counted

DELIVERY = {"contact": "王坤", "delivery_address": "朝阳路 1 号"}
WARRANTY = {
    "part": "FV-100", "quantity": "2", "purpose": "warranty", "product_model": "WC-9",
    "serial": "SN-1", "fault": "Leaks", "key": "first",
}  # fmt: skip
STOCK = {"part": "FP-200", "quantity": "5", "purpose": "stock", "key": "second"}


def typed(*rows: dict[str, str]) -> dict[str, Any]:
    """A form as it is sent."""
    return DELIVERY | {
        f"lines-{number}-{name}": value
        for number, row in enumerate(rows)
        for name, value in row.items()
    }


def press(client: Client, draft: Application, do: str, form: dict[str, Any]) -> TestResponse:
    """Press a button of the form."""
    seen = form.get("seen", "1")
    url = f"/applications/{draft.public_id}/edit"
    return client.post(url, form | {"do": do, "seen": seen, "press": f"key-of-the-page-{do}"})


def kept(portal: Portal, draft: Application) -> dict[str, str]:
    """What is kept of the form."""
    with portal.transaction():
        found: dict[str, str] = session.get_one(Application, draft.id).typed
        return found


def column(portal: Portal, draft: Application, name: str) -> list[str]:
    """What stands in a field, line by line."""
    form = kept(portal, draft)
    lines = sum(key.endswith("-part") for key in form)
    return [form.get(f"lines-{number}-{name}", "") for number in range(lines)]


def withdraw(portal: Portal, number: str, successor: str | None = None) -> None:
    """A part that is no more made, and what comes instead."""
    with portal.transaction():
        part = session.get_one(Part, portal.parts[number])
        part.status = "withdrawn"
        part.successor_id = portal.parts[successor] if successor else None


@pytest.mark.parametrize("size", [1, 40])
def test_estimate_asks_a_fixed_number_of_queries_when_there_are_many_lines(
    portal: Portal, size: int
) -> None:
    """A1, C5: parts, prices, a successor and the warranty, however many lines."""
    withdraw(portal, "FP-200", "FV-100")
    row = dict.fromkeys(("product_model", "serial", "purchase_date"), "") | WARRANTY
    rows = [row, row | {"part": "FP-200"}] * size
    with portal.transaction(), counted(portal.app) as asked:
        made = estimated(rows, portal.now)
    assert len(asked) <= 9, asked
    assert made.total == size * 2 * 1250
    assert [line.amount for line in made.lines[:2]] == [2500, None]


def test_warranty_is_told_while_typing(portal: Portal) -> None:
    """C5: each warranty line has its verdict with the reason, in its place as well."""
    model = products.model(portal, "WC-9")
    products.policy(portal, model, 24)
    products.sold(portal, model, "SN-1", date(2026, 3, 1))
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    headers = {"HX-Request": "true", "HX-Target": "div#estimate"}
    url = f"/applications/{draft.public_id}/edit"
    form = typed(WARRANTY, WARRANTY | {"serial": "", "purchase_date": "2020-01-01"}, STOCK)
    told = clerk.post(url, form | {"seen": "1", "press": "key-of-one-page-1"}, headers=headers)
    assert told.status_code == 200
    first, second, third = (
        told.text.split(f'id="told-{at}"')[1].split("</div>")[0] for at in range(3)
    )
    assert "In warranty until" in first
    assert "Out of warranty since" in second
    assert "arranty" not in third
    page = clerk.get(url).text
    assert "In warranty until" in page


def test_models_are_offered_and_those_that_have_the_part_come_first(portal: Portal) -> None:
    """A1, C4: active models by name; whatever else is typed is kept."""
    for number, name in (("WC-1", "Alba"), ("WC-9", "Zoe")):
        products.model(portal, number, name)
    gone, fitting = products.model(portal, "WC-0", "Old"), products.model(portal, "WC-5", "Mira")
    with portal.transaction():
        session.get_one(ProductModel, gone).status = "withdrawn"
        session.add(Fit(model_id=fitting, part_id=portal.parts["FV-100"]))
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    form = typed(WARRANTY | {"product_model": "My own words"})
    assert press(clerk, draft, "save", form).status_code == 303
    page = clerk.get(f"/applications/{draft.public_id}/edit").text
    offered = page.split('<datalist id="models">')[1].split("</datalist>")[0]
    assert re.findall(r'value="([^"]+)"', offered) == ["WC-5", "WC-1", "WC-9"]
    assert "My own words" in page


def test_withdrawn_part_gives_way_when_its_successor_is_taken(portal: Portal) -> None:
    """A1, C1: the form offers what replaces a part, and says that it cannot be ordered."""
    withdraw(portal, "FP-200", "FV-100")
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    refused = press(clerk, draft, "submit", typed(STOCK))
    assert refused.status_code == 422
    assert "This part is withdrawn. FV-100 replaces it: order that." in refused.text
    assert 'value="replace-0"' in refused.text
    assert press(clerk, draft, "replace-0", typed(STOCK) | {"seen": "2"}).status_code == 303
    assert column(portal, draft, "part") == ["FV-100"]


@pytest.mark.parametrize(
    ("do", "parts"),
    [
        ("add", ["FV-100", "FP-200", ""]),
        ("remove-0", ["FP-200"]),
        ("up-1", ["FP-200", "FV-100"]),
        ("down-0", ["FP-200", "FV-100"]),
        ("up-0", ["FV-100", "FP-200"]),
        ("copy-0", ["FV-100", "FV-100", "FP-200"]),
        ("remove-7", ["FV-100", "FP-200"]),
        ("replace-9", ["FV-100", "FP-200"]),
        ("nonsense", ["FV-100", "FP-200"]),
    ],
)
def test_lines_change_when_a_button_is_pressed(portal: Portal, do: str, parts: list[str]) -> None:
    """A1: lines are added, removed, moved and duplicated without a script."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    assert press(clerk, draft, do, typed(WARRANTY, STOCK)).status_code == 303
    assert column(portal, draft, "part") == parts
    assert len(set(column(portal, draft, "key"))) == len(parts), "each line has its own key"


def test_next_line_is_for_the_same_repair_when_one_is_added(portal: Portal) -> None:
    """A1: one repair takes several parts: what is the same need not be typed again."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    press(clerk, draft, "add", typed(WARRANTY))
    for name in ("purpose", "product_model", "serial", "fault"):
        assert column(portal, draft, name) == [WARRANTY[name]] * 2
    assert column(portal, draft, "quantity") == ["2", "1"]


def test_pasted_rows_become_lines_and_nothing_is_lost(portal: Portal) -> None:
    """A1: two columns from a spreadsheet; what cannot be read is kept and marked."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    rows = 'FV-100\t3\nfp-200\t1,5\nNO-SUCH 12"\tmany\tfor Mr. Li\n\n'
    pasted = typed(STOCK | {"part": ""}) | {"pasted": rows}
    assert press(clerk, draft, "paste", pasted).status_code == 303
    assert column(portal, draft, "part") == ["FV-100", "FP-200", 'NO-SUCH 12"']
    assert column(portal, draft, "quantity") == ["3", "1,5", "many"]
    assert "for Mr. Li" in column(portal, draft, "remark")[2]
    assert not kept(portal, draft).get("pasted")
    page = clerk.get(f"/applications/{draft.public_id}/edit").text
    assert "2 lines have something to put right" in page
    assert "There is no such part." in page
    assert html_errors({"form": page}) == []


def test_headings_are_understood_when_they_are_pasted_too(portal: Portal) -> None:
    """A1, A11: the same headings as of a file."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    rows = "数量\t配件编号\t产品型号\t序列号\t故障描述\n2\tFV-100\tWC-9\tSN-7\t漏水\n"
    press(clerk, draft, "paste", typed(STOCK) | {"pasted": rows})
    assert column(portal, draft, "part") == ["FP-200", "FV-100"]
    assert column(portal, draft, "serial") == ["", "SN-7"]
    assert column(portal, draft, "purpose") == ["stock", "warranty"]


@pytest.mark.parametrize(
    ("rows", "parts", "quantities"),
    [
        ("FV-100 4", ["FV-100"], ["4"]),
        ("FV-100 4\nFP-200\t2\nTH-300", ["FV-100", "FP-200", "TH-300"], ["4", "2", ""]),
        ("NO SUCH 12", ["NO SUCH"], ["12"]),
        ("fv- 100", ["FV-100"], ["1"]),
        ("FV-100 12345", ["FV-100"], ["12345"]),
    ],
)
def test_count_is_the_quantity_when_a_mere_blank_parts_it(
    portal: Portal, rows: str, parts: list[str], quantities: list[str]
) -> None:
    """A1: the last word after a part is how many, unless all of it is a part's number."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    press(clerk, draft, "paste", typed(STOCK | {"part": ""}) | {"pasted": rows})
    assert column(portal, draft, "part") == parts
    assert column(portal, draft, "quantity") == quantities
    assert "".join(column(portal, draft, "remark")) == ""


def test_rows_stay_pasted_when_there_is_no_room(portal: Portal) -> None:
    """A1: an application has at most 200 lines; the rest is not lost."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    rows = "\n".join(f"FV-100\t{number + 1}" for number in range(203))
    press(clerk, draft, "paste", typed(STOCK) | {"pasted": rows})
    assert len(column(portal, draft, "part")) == 200
    assert kept(portal, draft)["pasted"].split("\n") == [
        f"FV-100\t{one}" for one in range(200, 204)
    ]
    full = kept(portal, draft) | {"seen": "2"}
    assert press(clerk, draft, "add", full).status_code == 422


AWKWARD = (
    "\t\t\n", '"', "=1+1\t=2", "<b>\t<script>", "\x00\x01\t1", "𝟘\t٣",
    "a" * 5000 + "\t" + "9" * 5000,
    "\n".join("\t" * 250 for _ in range(3)), "FV-100\t" + "x\t" * 250, "；,|\t;\n,;|",
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(AWKWARD)))
def test_draft_is_shown_when_what_is_pasted_is_awkward(portal: Portal, number: int) -> None:
    """A1: whatever is pasted, it is kept, and the form is shown with it."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    sent = press(clerk, draft, "paste", typed(STOCK) | {"pasted": AWKWARD[number]})
    assert sent.status_code == 303
    page = clerk.get(f"/applications/{draft.public_id}/edit")
    assert page.status_code == 200
    assert "<script>" not in page.text.split("<main")[1].split("</main>")[0]
    assert press(clerk, draft, "submit", kept(portal, draft) | {"seen": "2"}).status_code in (
        303, 422,
    )  # fmt: skip


def picture(*texts: str) -> BytesIO:
    """A photo of labels."""
    from PIL import Image

    photo = Image.new("RGB", (900, 500), "white")
    for number, text in enumerate(texts):
        label = BytesIO()
        segno.make(text, micro=False).save(label, kind="png", scale=6)
        photo.paste(Image.open(label).convert("RGB"), (40 + 420 * number, 60))
    content = BytesIO()
    photo.save(content, "JPEG")
    content.seek(0)
    return content


def test_parts_are_added_when_their_labels_are_scanned(portal: Portal) -> None:
    """A1: a label holds the part's page or its number; what names no part is said."""
    with portal.transaction():
        name = session.get_one(Part, portal.parts["TH-300"]).public_id
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    photo = picture(f"https://portal.example/parts/{name}", "fv-100")
    scan = typed(STOCK | {"part": ""}) | {"scan": (photo, "label.jpg")}
    assert press(clerk, draft, "scan", scan).status_code == 303
    assert sorted(column(portal, draft, "part")) == ["FV-100", "TH-300"]
    other = typed(STOCK) | {"scan": (picture("https://evil.example/x"), "x.jpg"), "seen": "2"}
    assert press(clerk, draft, "scan", other).status_code in (303, 409)
    for sent, sentence in (
        ((picture("NO-SUCH"), "x.jpg"), "“NO-SUCH” is no part of the catalogue."),
        ((picture(), "empty.jpg"), "No code was found in “empty.jpg”."),
        ((BytesIO(b"no picture"), "evil.jpg"), "“evil.jpg” is damaged or incomplete."),
    ):
        draft = story.drafted(portal)
        assert press(clerk, draft, "scan", typed(STOCK) | {"scan": sent}).status_code == 303
        assert sentence in clerk.get(f"/applications/{draft.public_id}/edit").text
        assert column(portal, draft, "part") == ["FP-200"]


def _photos(portal: Portal, draft: Application) -> list[tuple[str | None, int | None]]:
    with portal.transaction():
        rows = session.execute(
            select(Attachment.place, Attachment.document_id).order_by(Attachment.id)
        )
        return [(place, of) for place, of in rows]


def test_photos_stay_with_their_line_from_draft_to_headquarters(portal: Portal) -> None:
    """A1: they survive leaving, a colleague sees them, HQ sees them at the line."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    headers = {"HX-Request": "true", "HX-Target": "div#photos-first"}
    url = f"/applications/{draft.public_id}/lines/first/photos"
    answer = clerk.post(url, {"photos-first": (picture(), "valve.jpg")}, headers=headers)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    bad = clerk.post(url, {"photos-first": (BytesIO(b"no"), "bad.jpg")}, headers=headers)
    assert bad.status_code == 422
    assert "bad.jpg" in bad.text
    more = typed(STOCK, WARRANTY) | {"photos-second": (picture("x"), "other.jpg")}
    assert press(clerk, draft, "up-1", more).status_code == 303
    assert _photos(portal, draft) == [("first", draft.id), ("second", draft.id)]
    page = portal.client(portal.manager).get(f"/applications/{draft.public_id}/edit").text
    assert page.index("valve.jpg") < page.index("other.jpg"), "they move with their lines"
    foreign = portal.client(portal.other_clerk)
    assert foreign.post(url, {}).status_code == 404
    assert press(clerk, draft, "remove-1", kept(portal, draft) | {"seen": "2"}).status_code == 303
    assert _photos(portal, draft) == [("first", draft.id)], "a removed line takes its own along"
    sent = press(clerk, draft, "submit", kept(portal, draft) | {"seen": "3"})
    assert sent.status_code == 303, sent.text
    shown = portal.client(portal.desk).get(f"/applications/{draft.public_id}").text
    assert "valve.jpg" in shown
    late = clerk.post(url, {"photos-first": (picture(), "late.jpg")}, headers=headers)
    assert late.status_code == 409


def test_photo_is_removed_when_it_is_one_of_the_lines(portal: Portal) -> None:
    """A1: and no other file of the document."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    url = f"/applications/{draft.public_id}/lines/first/photos"
    assert clerk.post(url, {"photos-first": (picture(), "valve.jpg")}).status_code == 303
    with portal.transaction():
        name = session.scalars(select(Attachment.public_id)).one()
    assert press(clerk, draft, "photo-nothing", typed(WARRANTY)).status_code == 303
    assert len(_photos(portal, draft)) == 1
    gone = press(clerk, draft, f"photo-{name}", typed(WARRANTY) | {"seen": "2"})
    assert gone.status_code == 303
    assert _photos(portal, draft) == []


def test_own_number_is_shown_and_found_when_it_is_given(portal: Portal) -> None:
    """A1: the dealer's own reference number, for dealer and HQ."""
    draft, clerk = story.drafted(portal), portal.client(portal.clerk)
    press(clerk, draft, "submit", typed(STOCK) | {"reference": "Job 77/B"})
    for who in (portal.clerk, portal.desk):
        client = portal.client(who)
        assert "Job 77/B" in client.get(f"/applications/{draft.public_id}").text
        assert "Job 77/B" in client.get("/applications?q=77/b").text
        printed = client.get(f"/applications/{draft.public_id}/paper.pdf")
        assert printed.data.startswith(b"%PDF")


def test_order_again_asks_for_the_same_parts_but_not_for_the_old_repair(portal: Portal) -> None:
    """A1: successors instead of withdrawn parts, noted; serial and fault are another repair's."""
    lines = (
        story.line(portal, "FV-100", 2),
        LineRequest(portal.parts["FP-200"], 3, purpose="stock"),
    )
    earlier = story.submitted(portal, *lines)
    withdraw(portal, "FP-200", "TH-300")
    clerk = portal.client(portal.clerk)
    url = f"/applications/{earlier.public_id}"
    assert "Order again" in clerk.get(url).text
    assert f'formaction="{url}/again"' in clerk.get("/applications").text
    made = clerk.post(f"{url}/again")
    assert made.status_code == 303
    page = clerk.get(made.location)
    assert "FP-200 is withdrawn; TH-300 replaces it." in page.text
    with portal.transaction():
        draft = session.scalars(select(Application).order_by(Application.id.desc())).first()
        assert draft is not None
        assert not queries.asked_lines(draft)
    assert column(portal, draft, "part") == ["FV-100", "TH-300"]
    assert column(portal, draft, "quantity") == ["2", "3"]
    assert column(portal, draft, "purpose") == ["warranty", "stock"]
    assert column(portal, draft, "product_model") == ["WC-9", ""]
    for name in ("serial", "fault", "purchase_date"):
        assert column(portal, draft, name) == ["", ""]
    assert portal.client(portal.other_clerk).post(f"{url}/again").status_code == 404
    assert portal.client(portal.desk).post(f"{url}/again").status_code == 403
