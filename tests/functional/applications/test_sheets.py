"""The old form goes in: a dealer's own spreadsheet becomes a draft (A11)."""

import csv
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.applications import sheet_columns
from portal.applications.models import Application
from portal.applications.sheet_models import ApplicationSheet
from portal.applications.sheets import KEPT_FOR, sweep
from portal.core.db import session
from portal.sheets.memory import SheetHeadings
from portal.sheets.writing import write_xlsx
from portal.web import languages
from tests.functional.applications.test_writing import column, kept
from tests.support.html import html_errors
from tests.support.portal import Client, Portal

DATA = Path(__file__).parents[4] / "shared" / "data"
FORMS = sorted((DATA / "forms").glob("*.csv"))
AWKWARD = sorted((DATA / "awkward" / "spreadsheets").glob("*"))
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PARTS_AND_MORE = {
    "en_core_failed_part_return_tag.csv": {
        "part": "Part number", "serial": "Vehicle identification number (VIN)",
        "fault": "Description of the customer complaint",
        "reference": "Customer service order (CSO) number",
    },
    "pl_parts_complaint_form.csv": {
        "part": "Nr katalogowy i nazwa części", "quantity": "Ilość: szt./ kpl.",
        "contact": "Osoba do kontaktu (Imię/Nazwisko)", "phone": "Telefon kontaktowy",
        "fault": "Dokładny opis uszkodzenia / usterki produktu",
        "product_model": "Marka / Model / Rok produkcji", "serial": "Nr nadwozia/podwozia",
    },
    "zh_appliance_old_part_register.csv": {
        "part": "旧件条码", "part_name": "旧件名称 *", "quantity": "登记数量 *", "remark": "备注",
        "purpose": "保修类型", "reference": "工单编号",
    },
    "zh_appliance_spare_part_stock_import.csv": {
        "part": "备件条码", "part_name": "备件名称", "quantity": "入库数量",
    },
    "zh_dms_claim_tracking_export.csv": {
        "product_model": "车型", "serial": "VIN", "reference": "维修工单号",
    },
}  # fmt: skip


def send(client: Client, content: bytes, name: str = "form.csv") -> TestResponse:
    """Upload a file."""
    return client.post("/applications/upload", {"file": (BytesIO(content), name)})


def lines(*rows: str) -> bytes:
    """A file of text."""
    return "\n".join(rows).encode()


def draft(portal: Portal) -> Application:
    """The draft that was made last."""
    with portal.transaction():
        made = session.scalars(select(Application).order_by(Application.id.desc())).first()
        assert made is not None
        return made


def confirmed(client: Client, sent: TestResponse, **columns: str) -> TestResponse:
    """Confirm the columns as they are proposed, but for some."""
    assert "/applications/upload/" in sent.location, sent.location
    page = client.get(sent.location).text
    proposed: dict[str, Any] = {}
    for column_ in sheet_columns.COLUMNS:
        box = page.split(f'name="{column_.key}"')[1].split("</select>")[0]
        chosen = [part for part in box.split("<option") if " selected" in part]
        proposed[column_.key] = chosen[0].split('value="')[1].split('"')[0] if chosen else ""
    return client.post(sent.location, proposed | columns)


@pytest.mark.parametrize("name", PARTS_AND_MORE)
def test_headings_map_without_help_when_they_are_of_a_real_form(name: str) -> None:
    """A11: the forms that dealers have, as far as they carry fields of an application."""
    path = DATA / "forms" / name
    if not path.exists():
        pytest.skip("the real forms are not beside this checkout")
    headings = next(csv.reader(path.read_text("utf-8-sig").splitlines()))
    mapping = sheet_columns.proposed(headings)
    found = {key: headings[index] for key, index in mapping.items() if index is not None}
    assert found == PARTS_AND_MORE[name]


def test_each_real_form_is_among_those_that_are_tried() -> None:
    """A11: a form that is added is tried, too."""
    assert {path.name for path in FORMS} <= set(PARTS_AND_MORE)


def test_second_file_goes_straight_in_when_its_headings_were_confirmed(portal: Portal) -> None:
    """A11: proposed, confirmed once, remembered for the dealer and nobody else; nothing is lost."""
    file = lines(
        "旧件条码,旧件名称 *,旧件型号,登记数量 *,用户姓名,工单编号,备注",
        "FV-100,进水阀,甲型,2件,李秀英,WO-7,急",
        "NO-1,不知道,,很多,,WO-7,",
    )
    clerk = portal.client(portal.clerk)
    sent = send(clerk, file)
    page = clerk.get(sent.location).text
    assert html_errors({"columns": page}) == []
    assert portal.client(portal.other_clerk).get(sent.location).status_code == 404
    made = confirmed(clerk, sent)
    assert made.status_code == 303
    first = draft(portal)
    assert made.location.endswith(f"{first.public_id}/edit")
    assert column(portal, first, "part") == ["FV-100", "NO-1"]
    assert column(portal, first, "quantity") == ["2", "很多"]
    assert column(portal, first, "remark") == [
        "急\n旧件型号: 甲型\n用户姓名: 李秀英",
        "旧件名称 *: 不知道",
    ]
    assert kept(portal, first)["reference"] == "WO-7"
    page = clerk.get(made.location).text
    assert "There is no such part." in page
    assert "Enter a whole number" in page
    assert clerk.get(sent.location).status_code == 404, "it has become a draft"
    again = send(clerk, file)
    assert again.location.endswith("/edit")
    other = send(portal.client(portal.other_clerk), file)
    assert "/applications/upload/" in other.location
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(SheetHeadings)) == 1


def test_contact_is_taken_when_it_stands_above_the_table(portal: Portal) -> None:
    """A11: a form has its head above its lines; what no field takes becomes the remark."""
    file = lines(
        "Zgłoszenie nr 5;;;;",
        "Osoba do kontaktu:;Jan Nowak;Telefon:;600 100 200;",
        "Adres dostawy: ul. Długa 7;;;;",
        "Lp.;Nr katalogowy i nazwa części;Ilość: szt./ kpl.;Nr seryjny;Opis usterki",
        "1;FV-100 Zawór napełniający;1 szt.;SN 9;Cieknie",
        "2;FP-200, Uszczelka czerwona;2,5;;",
    )
    clerk = portal.client(portal.clerk)
    assert confirmed(clerk, send(clerk, file)).status_code == 303
    made = draft(portal)
    form = kept(portal, made)
    assert (form["contact"], form["phone"]) == ("Jan Nowak", "600 100 200")
    assert form["delivery_address"] == "ul. Długa 7"
    assert form["remark"] == "Zgłoszenie nr 5"
    assert column(portal, made, "part") == ["FV-100", "FP-200"]
    assert column(portal, made, "quantity") == ["1", "2,5"]
    assert column(portal, made, "remark") == [
        "",
        "Nr katalogowy i nazwa części: Uszczelka czerwona",
    ]
    assert column(portal, made, "purpose") == ["warranty", "warranty"]
    page = clerk.get(f"/applications/{made.public_id}/edit").text
    assert "A warranty line has a serial or a purchase date." in page


@pytest.mark.parametrize("language", ["en", "zh-Hans", "pl"])
def test_template_needs_no_columns_when_it_comes_back(portal: Portal, language: str) -> None:
    """A11: in three languages; its example is no line."""
    clerk = portal.client(portal.clerk)
    file = clerk.get(f"/applications/template/{language}.xlsx")
    assert file.status_code == 200
    assert clerk.get("/applications/template/xx.xlsx").status_code == 404
    empty = send(clerk, file.data, "form.xlsx")
    assert empty.location.endswith("/edit")
    assert column(portal, draft(portal), "part") in ([""], [])


@pytest.mark.parametrize("language", languages.CODES)
def test_own_template_is_known_whoever_sends_it(language: str) -> None:
    """A11: whatever the language that it was downloaded in, and that of its sender."""
    speak = languages.catalogue(language).gettext
    headings = [speak(str(column_.label)) for column_ in sheet_columns.TEMPLATE]
    assert sheet_columns.is_template(headings, sheet_columns.proposed(headings))


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "form.csv", "This file is empty."),
        (b"Part,Quantity\n", "form.csv", "no rows under them"),
        (b"Part,Quantity\n" + b"FV-100,1\n" * 201, "form.csv", "This table has 201 rows."),
        (b"%PDF-1.7", "form.pdf", "not a spreadsheet"),
        (b"<html><table>", "form.xls", "This is a web page"),
        (b"PK\x03\x04 broken", "form.xlsx", "damaged"),
    ],
)
def test_sentence_says_why_when_a_file_cannot_be_read(
    portal: Portal, content: bytes, name: str, sentence: str
) -> None:
    """A11: and nothing is made of it."""
    refused = send(portal.client(portal.clerk), content, name)
    assert refused.status_code == 422
    assert sentence in refused.text
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(Application)) == 0


def test_column_is_asked_for_when_none_has_the_parts(portal: Portal) -> None:
    """A11: what was chosen is kept; an index of no heading is refused."""
    clerk = portal.client(portal.clerk)
    sent = send(clerk, lines("车型,VIN,状态", "A7,LSV1,完成"))
    refused = confirmed(clerk, sent)
    assert refused.status_code == 422
    assert "Choose the column with the parts" in refused.text
    assert clerk.post(sent.location, {"part": "77"}).status_code == 422
    assert clerk.post(sent.location, {"part": "2"}).status_code == 303
    assert column(portal, draft(portal), "part") == ["完成"]


def test_table_is_forgotten_when_nobody_confirms_it(portal: Portal) -> None:
    """A11: a week later."""
    clerk = portal.client(portal.clerk)
    sent = send(clerk, lines("Wanted,How many", "FV-100,1"))
    for days, status in ((KEPT_FOR.days - 1, 200), (2, 404)):
        portal.clock.advance(days=days)
        with portal.app.app_context():
            sweep(portal.clock)
        assert portal.client(portal.clerk).get(sent.location).status_code == status
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(ApplicationSheet)) == 0


@sqlite_only
@pytest.mark.skipif(not AWKWARD, reason="the awkward spreadsheets are not beside this checkout")
def test_awkward_spreadsheets_end_in_a_draft_a_question_or_a_sentence(portal: Portal) -> None:
    """A11: nothing is lost and nothing is answered with a fault."""
    clerk = portal.client(portal.clerk)
    ends: dict[str, int] = {}
    for path in AWKWARD:
        sent = send(clerk, path.read_bytes(), path.name)
        assert sent.status_code in (303, 422), path.name
        page = sent.text
        if sent.status_code == 303:
            assert clerk.get(sent.location).status_code == 200, path.name
            if "/upload/" in sent.location:
                made = confirmed(clerk, sent, part="0")
                assert made.status_code == 303, path.name
                page = clerk.get(made.location).text
                assert 'name="lines-0-part"' in page, path.name
                end = "asked"
            else:
                end = "straight"
        else:
            assert 'id="file-error"' in page, path.name
            end = "refused"
        ends[end] = ends.get(end, 0) + 1
    assert ends["asked"] >= 20, ends
    assert ends["refused"] > 5, ends


def test_formulas_are_texts_when_they_come_in(portal: Portal) -> None:
    """A11: what looks like a formula is what somebody typed, in the draft and on its page."""
    content = write_xlsx(["Part number", "Quantity"], [["=1+1", "=2"], ["<b>FV</b>", 1]])
    clerk = portal.client(portal.clerk)
    assert confirmed(clerk, send(clerk, content, "form.xlsx")).status_code == 303
    assert column(portal, draft(portal), "part") == ["=1+1", "<b>FV</b>"]
    assert "<b>FV</b>" not in clerk.get(f"/applications/{draft(portal).public_id}/edit").text
