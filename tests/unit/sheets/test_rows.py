"""Rows: issues in the order of reading, and the file of the refused ones."""

from portal.sheets.cells import text, whole_number
from portal.sheets.columns import Column, propose
from portal.sheets.rows import RowIssue, RowReader, refused_rows
from portal.sheets.table import read_table
from portal.sheets.writing import write_csv, write_xlsx

COLUMNS = (
    Column("number", "Part number", required=True),
    Column("cost", "Cost"),
    Column("quantity", "Quantity"),
)
FILE = b"Part number,Cost,Quantity\nA-1,1.8567,2\n\n,x,1.5\n=B,2.00,3\n"


def issues_of(content: bytes) -> list[RowIssue]:
    """All issues of a file that is read with COLUMNS."""
    table = read_table(content, "parts.csv")
    mapping = propose(COLUMNS, table.headings)
    issues: list[RowIssue] = []
    for row in table.rows:
        reader = RowReader(row, COLUMNS, mapping)
        reader.read("number", text, 20)
        reader.amount("cost")
        reader.read("quantity", whole_number, least=1)
        assert reader.ok == all(issue.level == "note" for issue in reader.issues)
        issues += reader.issues
    return issues


def test_issues_name_row_and_column_when_a_row_is_wrong() -> None:
    """C3: each row's error, by the number that Excel shows; a note keeps nothing out."""
    assert issues_of(FILE) == [
        RowIssue(2, "cost", "Rounded from 1.8567 to 1.86.", "note"),
        RowIssue(4, "number", "Part number is missing.", "error"),
        RowIssue(4, "cost", "“x” is not an amount of money.", "error"),
        RowIssue(4, "quantity", "“1.5” is not a whole number.", "error"),
    ]


def test_refused_rows_come_back_with_one_more_column() -> None:
    """O3: the bad rows as they came, and why; the file can be corrected and sent again."""
    table = read_table(FILE, "parts.csv")
    headings, rows = refused_rows(table, issues_of(FILE))
    assert headings == ["Part number", "Cost", "Quantity", "Error"]
    assert [row[:3] for row in rows] == [("", "x", "1.5")]
    for again in (
        read_table(write_csv(headings, rows), "errors.csv"),
        read_table(write_xlsx(headings, rows), "errors.xlsx"),
    ):
        assert again.headings == tuple(headings)
        assert [row.cells for row in again.rows] == rows
