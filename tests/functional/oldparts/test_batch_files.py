"""O3: hostile and awkward files sent as spreadsheets and photos of many old parts."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.core.db import session
from portal.oldparts.batch_models import BatchPhoto
from portal.oldparts.models import OldPart
from portal.sheets.table import read_table
from tests.functional.oldparts import many
from tests.support import story
from tests.support.portal import Portal

AWKWARD = Path(__file__).parents[4] / "shared" / "data" / "awkward"
FORMS = Path(__file__).parents[4] / "shared" / "data" / "forms"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
needs_data = pytest.mark.skipif(not AWKWARD.exists(), reason="the shared data is not here")


@needs_data
@sqlite_only
def test_awkward_photos_are_read_or_refused_with_a_sentence(portal: Portal) -> None:
    """O3: all of them in one archive: each becomes a photo, or a sentence; nothing fails."""
    story.received(portal)
    content, names = io.BytesIO(), []
    with zipfile.ZipFile(content, "w") as archive:
        for file in sorted((AWKWARD / "images").rglob("*.*")):
            if file.stat().st_size < 30_000:  # the others are tried one by one, see files
                names.append(file.name)
                archive.write(file, file.name)
    url = many.uploaded(portal, many.table(many.row(1)), {"all.zip": content.getvalue()})
    with portal.transaction():
        photos = session.scalars(select(BatchPhoto)).all()
        assert {one.name for one in photos} == set(names)
        assert all(bool(one.photo) != bool(one.refused) for one in photos)
        refused = {one.name for one in photos if one.refused}
    assert {"broken.png", "multipage.tiff", "decompression_bomb.gif"} <= refused
    page = portal.client(portal.clerk).get(url).text
    assert "“broken.png” is damaged or incomplete." in page
    assert "“multipage.tiff” is not a photo." in page


@needs_data
@sqlite_only
def test_awkward_spreadsheets_are_refused_or_shown(portal: Portal) -> None:
    """O3: whatever the file is, the answer is a page: its sentence, its columns or its preview."""
    client = portal.client(portal.clerk)
    files = sorted((AWKWARD / "spreadsheets").iterdir())
    for file in (file for file in files if file.stat().st_size < 300_000):
        answer = many.send(client, file.read_bytes(), name=file.name)
        assert answer.status_code in (303, 422), file.name
        if answer.status_code == 303:
            assert client.get(answer.location).status_code == 200, file.name


@needs_data
@sqlite_only
@pytest.mark.parametrize(
    ("name", "mapped"),
    [
        ("zh_appliance_old_part_register.csv", {
            "part": "旧件条码", "part_name": "旧件名称 *", "quantity": "登记数量 *",
            "application": "工单编号", "customer_name": "用户姓名", "customer_phone": "联系方式",
        }),
        ("pl_parts_complaint_form.csv", {
            "part": "Nr katalogowy i nazwa części", "quantity": "Ilość: szt./ kpl.",
            "customer_name": "Nazwa klienta", "customer_phone": "Telefon kontaktowy",
            "product_model": "Marka / Model / Rok produkcji",
            "product_serial": "Nr nadwozia/podwozia", "failed_on": "Kiedy wykrył usterkę",
            "replaced_on": "Data demontażu", "cause": "Rzeczywisty powód naprawy",
            "complaint": "Dokładny opis uszkodzenia / usterki produktu",
        }),
        ("en_core_failed_part_return_tag.csv", {
            "part": "Part number", "application": "Customer service order (CSO) number",
            "product_serial": "Vehicle identification number (VIN)",
            "replaced_on": "Date of repair", "fault_code": "Diagnostic Trouble Codes (DTCs)",
            "complaint": "Description of the customer complaint",
        }),
    ],
)  # fmt: skip
def test_headings_of_real_forms_are_understood(
    portal: Portal, name: str, mapped: dict[str, str]
) -> None:
    """O3: a dealer's own form maps without help."""
    headings = (FORMS / name).read_text("utf-8-sig").splitlines()[0]
    width = headings.count(",")
    sheet = f"{headings}\nFV-100 Zawór{',x' * width}\n".encode()
    assert many.send(portal.client(portal.clerk), sheet, name=name).status_code == 303
    mapping = many.latest(portal).mapping
    found = {
        key: mapping["headings"][at] for key, at in mapping["columns"].items() if at is not None
    }
    assert mapped.items() <= found.items()


@needs_data
@sqlite_only
def test_naughty_strings_come_back_dead(portal: Portal) -> None:
    """O3: whatever stands in a cell is shown as text, and is no formula when it is handed back."""
    story.received(portal)
    strings = json.loads((AWKWARD / "strings" / "blns_A.json").read_text("utf-8"))
    usual = [one for one in strings if "\0" not in one][:150]
    texts = [*usual, "=1+1", "@SUM(A1)", "+cmd|' /C'!A0"]
    rows = [
        many.row(n, **{"Customer's name": one, "Cause": one, "Part number": one or "x"})
        for n, one in enumerate(texts, 1)
    ]
    url = many.uploaded(portal, many.table(*rows), {"=1.png": many.photo(1)})
    client = portal.client(portal.clerk)
    page = client.get(f"{url}?show=total")
    assert page.status_code == 200
    assert "<script>alert(" not in page.text
    back = client.get(f"{url}/errors.xlsx", buffered=True)
    found = read_table(back.data, "e.xlsx")
    assert len(found.rows) == len(texts)
    with zipfile.ZipFile(io.BytesIO(back.data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    with portal.transaction():
        assert session.scalars(select(func.count()).select_from(OldPart)).one() == 0
