"""Writing: no text becomes a formula, and what was written can be read."""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.sheets.table import FORMULA, read_table
from portal.sheets.writing import write_csv, write_xlsx

STRINGS = Path(__file__).parents[4] / "shared" / "data" / "awkward" / "strings"


def naughty() -> list[str]:
    """The real list of naughty strings and of CSV injections."""
    if not STRINGS.exists():
        pytest.skip("the shared data is not here")
    injections = (STRINGS / "csv_injection_A.txt").read_text().splitlines()
    found: list[str] = json.loads((STRINGS / "blns_A.json").read_text())
    return [*found, *injections, "=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "'=1", "＝1"]


def test_no_cell_is_a_formula_when_csv_is_written() -> None:
    """A text that Excel would compute starts with an apostrophe."""
    for line in write_csv(["a"], [[text] for text in naughty()]).decode("utf-8-sig").split("\r\n"):
        assert not line.lstrip('"').startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("text", ["1;=1+1", "a\n=1+1", "a\t@x", "a; -1", "a;＋1", "a\r+1"])
def test_no_cell_is_a_formula_when_cells_are_divided_by_another_sign(text: str) -> None:
    """A program that divides at semicolons begins a new cell within what we quote."""
    written = write_csv(["a", "b"], [["x", text]]).decode("utf-8-sig")
    for cell in re.split(r"[;\t\r\n]", written):
        assert not re.match(r"\s*[=+\-@＝＋－＠]", cell.strip('",')), written


def test_no_cell_is_a_formula_when_xlsx_is_written() -> None:
    """Neither a formula nor a link is in the sheet."""
    written = ZipFile(BytesIO(write_xlsx(["a", "http://x"], [[text, "x"] for text in naughty()])))
    sheet = written.read("xl/worksheets/sheet1.xml")
    assert b"<f" not in sheet.replace(b"<fo", b"")
    assert b"<hyperlink" not in sheet


def test_naughty_strings_come_back_when_read_again() -> None:
    """Both formats keep every text but the blanks around it."""
    texts = [text for text in naughty() if text.strip() and "\0" not in text]
    rows = [[text, "x"] for text in texts]
    csv_table = read_table(write_csv(["text", "x"], rows), "a.csv")
    assert [row.cells[0] for row in csv_table.rows] == [text.strip() for text in texts]
    xlsx_table = read_table(write_xlsx(["text", "x"], rows), "a.xlsx")
    for row, text in zip(xlsx_table.rows, texts, strict=True):
        # XML has no place for this one; Excel's own escape of it is kept as it is.
        assert row.cells[0] == text.replace("\ufffe", "_xFFFE_").strip()


@given(st.lists(st.text(st.sampled_from("=+-@'\" \t\r\n,;a1中"), max_size=6), min_size=1))
def test_csv_comes_back_when_written(texts: list[str]) -> None:
    """The apostrophe is taken back, and only that one."""
    rows = [[text.strip(), "x"] for text in texts]
    table = read_table(write_csv(["text", "x"], rows), "a.csv")
    assert [list(row.cells) for row in table.rows] == rows
    for row in rows:
        assert not FORMULA.match(row[0]) or b"'" in write_csv(["a"], [row])


def test_numbers_and_days_are_real_when_xlsx_is_written() -> None:
    """They can be added up and sorted; money is a Decimal, minor units never leave the portal."""
    when = datetime(2026, 11, 22, 10, 30)  # noqa: DTZ001 - Excel knows no zones
    content = write_xlsx(
        ["What", "Value"],
        [["whole", 12], ["money", Decimal("1234.50")], ["day", date(2026, 11, 22)], ["at", when],
         ["none", None]],
        sheet="Price list: 2026/11 [new]",
    )  # fmt: skip
    assert [row.cells[1] for row in read_table(content, "a.xlsx").rows] == [
        "12",
        "1234.5",
        "2026-11-22",
        "2026-11-22 10:30:00",
        "",
    ]
