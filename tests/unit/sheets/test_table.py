"""Reading tables: kinds, encodings, delimiters, limits, and the real and the hostile files."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from portal.sheets import reader, table
from portal.sheets.columns import Column, propose
from portal.sheets.table import SheetRefused, Table, read_table
from portal.sheets.writing import write_xlsx

SHARED = Path(__file__).parents[4] / "shared" / "data"
NO_SHARED = not SHARED.exists()
AWKWARD = [] if NO_SHARED else sorted((SHARED / "awkward" / "spreadsheets").iterdir())
needs_shared = pytest.mark.skipif(NO_SHARED, reason="the shared data is not here")


def cells(read: Table) -> list[tuple[str, ...]]:
    """The cells of all rows."""
    return [row.cells for row in read.rows]


def refusal(content: bytes, filename: str) -> str:
    """The sentence that a file is refused with."""
    with pytest.raises(SheetRefused) as caught:
        read_table(content, filename)
    return str(caught.value)


# Text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_is_read_when_delimiter_and_encoding_vary(
    delimiter: str, encoding: str, end: str
) -> None:
    """C3: any of , ; TAB |, in any encoding that a dealer's Excel writes."""
    lines = ["零件号,名称,价格", "A-1,面盆龙头,12.50", "A-2,角阀,3"]
    content = end.join(line.replace(",", delimiter) for line in lines).encode(encoding)
    read = read_table(content, "parts.csv")
    assert read.headings == ("零件号", "名称", "价格")
    assert cells(read) == [("A-1", "面盆龙头", "12.50"), ("A-2", "角阀", "3")]
    assert bool(read.notes) == (encoding == "gb18030")


def test_text_is_read_when_polish_excel_wrote_it() -> None:
    """Windows-1250 is not mistaken for Chinese, and a note says that it was a guess."""
    content = "Nazwa części;Cena\nGłowica ceramiczna żółta;1,50\nWąż;2,30\n".encode("cp1250")
    read = read_table(content, "cennik.csv")
    assert read.headings == ("Nazwa części", "Cena")
    assert cells(read)[1] == ("Wąż", "2,30")
    assert "Windows-1250" in read.notes[0]


def test_rows_keep_their_numbers_when_some_are_blank_or_have_several_lines() -> None:
    """C3: the number is the one that Excel shows; quotes may hold delimiters and line ends."""
    content = b'Price list\n\nNo,Name,Price\n1,"two\nlines, ""quoted""",5\n,,\n2,b,6,extra\n'
    read = read_table(content, "a.csv")
    assert read.headings == ("No", "Name", "Price", "Column D")
    assert [row.number for row in read.rows] == [4, 6]
    assert cells(read) == [("1", 'two\nlines, "quoted"', "5", ""), ("2", "b", "6", "extra")]


def test_delimiter_is_right_when_prices_have_commas() -> None:
    """A decimal comma in each row is no column."""
    read = read_table(b"Nr;Cena\nA;1,50\nB;2,30\n", "a.csv")
    assert read.headings == ("Nr", "Cena")
    assert read_table(b"sep=|\r\nNr|a,b\r\n1|2\r\n", "a.csv").rows[0].number == 2


def test_note_is_given_when_a_heading_is_repeated() -> None:
    """Which of two prices is meant is for the person to say."""
    assert read_table(b"No,Price,Price\n1,2,3\n", "a.csv").notes == (
        "More than one column is called “Price”.",
    )


@pytest.mark.parametrize(
    ("content", "filename", "sentence"),
    [
        (b"", "a.csv", "empty"),
        (b" \r\n\r\n", "a.csv", "empty"),
        (b"a,b\n1,\x002\n", "a.csv", "known encoding"),
        ("a,b\n1,2\n".encode("utf-16-le"), "a.csv", "known encoding"),
        (b"a,b\n\x81,\x81\n", "a.csv", "known encoding"),
        (b'a,b\n1,"2\n3,4\n', "a.csv", "quotation marks of row 2"),
        (b"1,2\n3,4\n", "a.csv", "No row with headings"),
        (b"a,b\n1,2\n", "a.xlsx", "ends in .xlsx, but it is a text file"),
        (b"a,b\n1,2\n", "a.pdf", "ends in .pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.png", "neither a spreadsheet nor a CSV file"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a.xlsx", "neither a spreadsheet nor a CSV file"),
        (b"<html><table><tr><td>a", "a.xls", "web page"),
        (b"%PDF-1.4 a,b", "a.csv", "not a spreadsheet"),
        (b"PK\x03\x04 no archive", "a.xlsx", "damaged"),
        (b"\xd0\xcf\x11\xe0 no document", "a.xls", "damaged"),
        (b"a," * 201 + b"b\n", "a.csv", "200 columns"),
        (b"a,b\n" + b"1,2\n" * 50_001, "a.csv", "50,000 rows"),
        (b"a," * 50 + b"b\n" + (b"1," * 50 + b"1\n") * 40_000, "a.csv", "too large"),
    ],
)
def test_file_is_refused_with_a_sentence_when_no_table(
    content: bytes, filename: str, sentence: str
) -> None:
    """Each limit and each lie has its own sentence."""
    assert sentence in refusal(content, filename)


def test_file_is_refused_when_larger_than_40_mb(tmp_path: Path) -> None:
    """Its size is looked at before its content."""
    large = tmp_path / "a.csv"
    with large.open("wb") as file:
        file.truncate(table.LARGEST + 1)
    with pytest.raises(SheetRefused, match="larger than 40 MB"):
        read_table(large, "a.csv")


def test_text_is_read_when_it_is_as_large_as_can_be() -> None:
    """50,000 rows are read."""
    read = read_table(b"no,name\n" + b"123,abcdefghijklmnopqrstuvwxyz\n" * 50_000, "a.csv")
    assert len(read.rows) == 50_000


# Workbooks


def workbook(*, sheets: int = 1) -> bytes:
    """A workbook with an empty first sheet if it has several, and awkward cells."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    for _number in range(sheets - 1):
        book.add_worksheet()
    page = book.add_worksheet("Parts")
    page.write_row("B3", ["No", "Price", "Sold"])
    page.write_row("B5", ["A-1", 12, True])
    page.write_formula("C6", "=1/0", None, "#DIV/0!")
    page.write_formula("B6", "=1+1", None, 2)
    page.write_number("C7", 0.1 + 0.2)
    page.write_datetime("D7", date(2025, 3, 5), book.add_format({"num_format": "d.m.yy"}))
    book.close()
    return file.getvalue()


def test_workbook_is_read_as_a_person_sees_it() -> None:
    """12 not 12.0, the values of formulas, errors as text, days as ISO, numbers of rows kept."""
    read = read_table(workbook(sheets=2), "Parts.XLSX")
    assert read.headings == ("No", "Price", "Sold")
    assert [row.number for row in read.rows] == [5, 6, 7]
    assert cells(read) == [("A-1", "12", "TRUE"), ("2", "#DIV/0!", ""), ("", "0.3", "2025-03-05")]
    assert read.notes == ("This workbook has 2 sheets; “Parts” was read.",)


@pytest.mark.parametrize("name", ["a.csv", "a.xls", "a.ods", "a.png"])
def test_workbook_is_refused_when_its_name_lies(name: str) -> None:
    """The kind is what is inside."""
    assert "but it is Excel (.xlsx)" in refusal(workbook(), name)


def test_numbers_are_plain_when_floats_are_large_or_small() -> None:
    """No exponent where a person would see none."""
    shown = [
        reader.as_text(value) for value in (12.0, -0.0, 1.8567, 1e-7, 1234567890123456.0, 1e300)
    ]
    assert shown == ["12", "0", "1.8567", "0.0000001", "1234567890123456", "1e+300"]


def bomb(spaces: int) -> bytes:
    """A real workbook whose sheet unpacks to that many blanks."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook())) as honest,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in honest.namelist():
            blanks = b" " * spaces if name.endswith("sheet1.xml") else b""
            made.writestr(name, honest.read(name) + blanks)
    return file.getvalue()


def test_workbook_is_refused_when_it_unpacks_to_too_much() -> None:
    """Both the size and the ratio, before anything is unpacked."""
    assert "50 MB" in refusal(bomb(51 << 20), "a.xlsx")
    assert "50 MB" in refusal(bomb(30 << 20), "a.xlsx")


def forged_bomb() -> bytes:
    """A workbook whose directory says 1 kB for a sheet of 200 MB."""
    content = bomb(200 << 20)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    return content.replace(real.to_bytes(4, "little"), (1000).to_bytes(4, "little"))


def far_cell() -> bytes:
    """A workbook with a used area of 17 thousand million cells."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    page = book.add_worksheet()
    page.write_row(0, 0, ["a", "b"])
    page.write(1_048_575, 16_383, "x")
    book.close()
    return file.getvalue()


def shared_text() -> bytes:
    """A text of 32 kB that 5,000 cells share: 160 MB."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    page = book.add_worksheet()
    for line in range(5000):
        page.write_row(line, 0, ["x" * 32_000, "b"])
    book.close()
    return file.getvalue()


@pytest.mark.parametrize("hostile", [far_cell, shared_text])
def test_workbook_is_refused_when_it_needs_too_much_memory(hostile: Callable[[], bytes]) -> None:
    """The child is stopped, the portal goes on."""
    assert "too large" in refusal(hostile(), "a.xlsx")


def test_workbook_is_refused_when_its_directory_lies() -> None:
    """It costs neither memory nor time."""
    assert refusal(forged_bomb(), "a.xlsx")


def test_workbook_is_refused_when_it_has_too_many_parts_but_not_for_its_pictures() -> None:
    """A list with a picture for each part is a usual thing."""

    def with_parts(folder: str) -> bytes:
        file = io.BytesIO(workbook())
        with zipfile.ZipFile(file, "a") as archive:
            for number in range(150):
                archive.writestr(f"xl/{folder}/image{number}.png", b"x")
        return file.getvalue()

    assert "too many parts" in refusal(with_parts("other"), "a.xlsx")
    assert read_table(with_parts("media"), "a.xlsx").rows


def test_workbook_is_refused_when_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child is ended when its time is over."""
    monkeypatch.setattr(reader, "SECONDS", 0.001)
    assert "too long" in refusal(workbook(), "a.xlsx")


def test_workbook_is_read_when_it_is_as_large_as_can_be() -> None:
    """50,000 rows of eight columns, within the limits."""
    content = write_xlsx(
        ["No", "Name"], ([n, f"Part {n}", 2, 3, 4, 5, 6, 7] for n in range(50_000))
    )
    assert len(read_table(content, "a.xlsx").rows) == 50_000


# Real files


@needs_shared
@pytest.mark.parametrize("path", AWKWARD, ids=lambda path: path.name)
def test_awkward_spreadsheet_is_a_table_or_refused(path: Path) -> None:
    """Every one is accepted as a table or refused with a sentence."""
    read, sentence = None, ""
    try:
        read = read_table(path, path.name)
    except SheetRefused as refused:
        sentence = str(refused)
    assert read or sentence.endswith(".")
    for row in read.rows if read else ():
        assert len(row.cells) == len(read.headings if read else ())
        assert not any("\0" in cell for cell in row.cells)


MEASURE = """
import resource, sys
from pathlib import Path
from portal.sheets.table import SheetRefused, read_table
for path in map(Path, sys.argv[1:]):
    try:
        read_table(path, path.name)
    except SheetRefused:
        pass
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def test_reader_stays_below_512_mb_whatever_it_reads(tmp_path: Path) -> None:
    """Measured from a small process, for the children of a large one begin with its size."""
    hostile = {"forged.xlsx": forged_bomb(), "far.xlsx": far_cell(), "shared.xlsx": shared_text()}
    for name, content in hostile.items():
        (tmp_path / name).write_bytes(content)
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *AWKWARD, *sorted(tmp_path.iterdir())],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(table.__file__).parents[2],
    )
    assert int(measured.stdout) < 512 << 10


@needs_shared
@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("bicycle_parts_adventureworks.csv", 504, 25),
        ("appliance_parts_no_price.csv", 370, 4),
        ("inventree_supplier_prices_A.csv", 628, 8),
    ],
)
def test_price_file_is_read_whole(name: str, rows: int, columns: int) -> None:
    """C3: the real price files, as they are."""
    read = read_table(SHARED / "parts_price" / name, name)
    assert (len(read.rows), len(read.headings)) == (rows, columns)
    assert read.notes == ()
    assert [row.number for row in read.rows] == list(range(2, rows + 2))


@needs_shared
def test_headings_of_the_real_forms_are_found() -> None:
    """O3: the forms that dealers use today, in three languages."""
    columns = (
        Column(
            "part",
            "Part",
            names=("旧件名称", "备件名称", "Part number", "Nr katalogowy i nazwa części"),
        ),
        Column("quantity", "Quantity", names=("登记数量", "入库数量", "Ilość")),
    )
    found = {}
    for path in sorted((SHARED / "forms").glob("*.csv")):
        read = read_table(path, path.name)
        assert read.rows == ()
        found[path.stem] = list(propose(columns, read.headings).values())
    assert found["zh_appliance_old_part_register"] == [1, 4]
    assert found["zh_appliance_spare_part_stock_import"] == [0, 11]
    assert found["en_core_failed_part_return_tag"] == [0, None]
    assert found["pl_parts_complaint_form"] == [5, None]
