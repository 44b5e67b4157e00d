"""What a price list's columns and rows mean (C1–C3), without a database."""

from datetime import date

import pytest

from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import PricePreview, judge
from portal.catalogue.queries import Known
from portal.catalogue.uploads import proposed
from portal.sheets.table import Table, read_table

DAY = date(2026, 10, 12)
FV = Known(1, "FV-100", "Fill valve", 1250, 2500, date(2026, 1, 1))
NP = Known(2, "NP-400", "Trim ring", 0, 0, DAY)
CATALOGUE = {"FV-100": FV, "NP-400": NP}


def table(text: str) -> Table:
    """A table as it comes out of a file."""
    return read_table(text.encode(), "prices.csv")


def judged(text: str, currency: str = "CNY", digits: int = 2) -> PricePreview:
    """The rows of a file under the headings that it has."""
    read = table(text)
    mapping = proposed(COLUMNS, read.headings)
    return judge(read, mapping, CATALOGUE, DAY, currency=currency, digits=digits)


def said(preview: PricePreview, level: str = "error") -> list[tuple[int, str | None, str]]:
    """The issues of one level, as plain values."""
    return [(i.number, i.column, i.sentence) for i in preview.issues if i.level == level]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        ("ProductNumber,Name,StandardCost,ListPrice", "number name cost retail"),
        ("备件条码,备件名称,计量单位,适用品类,入库价格,零售价格,返还旧件",
         "number name_zh unit category cost retail return_required"),
        ("Nr części,Nazwa,J.m.,Grupa,Cena zakupu,Cena detaliczna",
         "number name_pl unit category cost retail"),
        ("SKU,part_name,description,unit,break_qty,unit_price,currency",
         "number name - unit quantity cost currency"),
    ],
)  # fmt: skip
def test_columns_are_proposed_when_headings_are_those_of_other_programs(
    headings: str, expected: str
) -> None:
    """C3: any heading; the usual ones of three languages are known."""
    mapping = proposed(COLUMNS, headings.split(","))
    found = {index: key for key, index in mapping.items() if index is not None}
    assert " ".join(found.get(index, "-") for index in range(len(headings.split(",")))) == expected


def test_choice_is_remembered_when_headings_were_in_the_list_before() -> None:
    """C3: a heading that was given a meaning, or none, keeps it; a new one is proposed."""
    earlier = {"headings": ["Code", "Price", "Our price"], "columns": {"number": 0, "cost": 2}}
    mapping = proposed(COLUMNS, ["Our price", "Price", "Name", "Code"], earlier)
    assert (mapping["number"], mapping["cost"], mapping["name"]) == (3, 0, 2)
    assert mapping["retail"] is None


def test_rows_are_new_changed_or_unchanged_when_they_are_good() -> None:
    """C3: the preview counts what an import would do."""
    preview = judged(
        "Part number,Name,Cost price,Out-of-warranty price\n"
        "NW-1,Sieve,1.50,3\nFV-100,,13,25\nNP-400,,0,\n"
    )
    assert [row.kind for row in preview.rows] == ["new", "changed", "unchanged"]
    assert preview.counts == {
        "total": 3, "new": 1, "changed": 1, "unchanged": 1, "without_price": 1, "noted": 1,
        "wrong": 0,
    }  # fmt: skip
    assert [row.number for row in preview.to_write] == ["NW-1", "FV-100"], "the third is said"


def test_retail_price_stays_when_the_list_has_none() -> None:
    """C3: what a list does not say it does not change; a new part has none."""
    preview = judged("Part number,Name,Cost price\nFV-100,,13\nNW-1,Sieve,1\n")
    assert [(row.cost, row.retail) for row in preview.rows] == [(1300, 2500), (100, 0)]


def test_row_is_refused_when_its_number_stands_above_in_any_spelling() -> None:
    """C3: a repeated number is an error that names the first row."""
    preview = judged("Part number,Name,Cost price\nAB-1,x,1\nab- 1,y,2\nＡＢ－１,z,3\n")
    assert said(preview) == [
        (3, "number", "“ab- 1” stands in row 2 already. One price for each part, please."),
        (4, "number", "“ＡＢ－１” stands in row 2 already. One price for each part, please."),
    ]
    assert preview.wrong == 2


@pytest.mark.parametrize(
    ("row", "column", "sentence"),
    [
        (",Sieve,1,2,,", "number", "Part number is missing."),
        ("NULL,Sieve,1,2,,", "number", "Part number is missing."),
        ("N" * 61 + ",Sieve,1,2,,", "number",
         "This text has 61 characters; at most 60 are possible."),
        ("㌖" * 30 + ",Sieve,1,2,,", "number", "This part number is too long."),
        ("NW-1,,1,2,,", "name", "This part is new and needs a name."),
        ("NW-1,NULL,1,2,,", "name", "This part is new and needs a name."),
        ("NW-1," + "x" * 201 + ",1,2,,", "name",
         "This text has 201 characters; at most 200 are possible."),
        ("NW-1,Sieve,,2,,", "cost", "Cost price is missing."),
        ("NW-1,Sieve,cheap,2,,", "cost", "“cheap” is not an amount of money."),
        ("NW-1,Sieve,-1,2,,", "cost", "An amount cannot be negative."),
        ("NW-1,Sieve,1e9,2,,", "cost", "“1e9” is not an amount of money."),
        ("NW-1,Sieve,999999999999,2,,", "cost", "This amount is too large."),
        ("NW-1,Sieve,$5,2,,", "cost", "“$5” is not an amount in CNY."),
        ("NW-1,Sieve,1,#N/A,,", "retail", "“#N/A” is not an amount of money."),
        ("NW-1,Sieve,1,2,USD,", "currency", "This price is in USD; here every price is in CNY."),
        ("NW-1,Sieve,1,2,,100", "quantity",
         "This price counts from 100 pieces on. The price of a single piece is needed."),
        ("NW-1,Sieve,1,2,,some", "quantity", "“some” is not a whole number."),
    ],
)  # fmt: skip
def test_row_is_refused_with_a_sentence_when_a_cell_cannot_be(
    row: str, column: str, sentence: str
) -> None:
    """C3: each row's error in words, at its column."""
    headings = "Part number,Name,Cost price,Out-of-warranty price,Currency,From quantity"
    preview = judged(f"{headings}\n{row}\n")
    assert said(preview) == [(2, column, sentence)]
    assert preview.rows == []


def test_row_says_that_old_parts_stay_when_it_says_no() -> None:
    """C1: whether the old part must be returned; yes where nothing is said."""
    preview = judged(
        "Part number,Name,Cost price,返还旧件\nA,x,1,否\nB,x,1,是\nC,x,1,\nD,x,1,maybe\n"
    )
    assert [row.return_required for row in preview.rows] == [False, True, True]
    assert said(preview) == [(5, "return_required", "“maybe” is neither yes nor no.")]


def test_notes_tell_what_a_person_should_know_when_rows_are_good() -> None:
    """C3: rounding, no price, a price taken away, another spelling, another name, odd prices."""
    preview = judged(
        "Part number,Name,Cost price,Out-of-warranty price\n"
        "A,x,1.005,2\nB,x,0,0\nfv-100,Valve,0,25\nC,x,3,2\n"
    )
    assert said(preview, "note") == [
        (2, "cost", "Rounded from 1.005 to 1.01."),
        (3, None, "Without a price: the part is kept, but cannot be ordered until it has one."),
        (4, "number", "The catalogue writes this number FV-100."),
        (4, "name",
         "The catalogue calls this part “Fill valve”. A price list does not change that."),
        (4, None, "Takes the price away: the part cannot be ordered until it has one again."),
        (5, "retail", "The out-of-warranty price is lower than the cost price."),
    ]  # fmt: skip
    assert [row.number for row in preview.rows] == ["A", "B", "FV-100", "C"]


def test_amounts_are_whole_when_the_currency_has_no_decimals() -> None:
    """L1: minor units of the installation's currency, rounded half-up."""
    preview = judged("Part number,Name,Cost price\nA,x,100.5\n", currency="JPY", digits=0)
    assert preview.rows[0].cost == 101


def test_part_has_an_english_name_when_the_list_has_only_others() -> None:
    """C1: the first name that there is stands in for the English one."""
    preview = judged("零件号,名称,成本价\nA,进水阀,1\n")
    assert (preview.rows[0].name, preview.rows[0].name_zh) == ("进水阀", "进水阀")


def test_every_required_column_is_among_those_that_can_be_chosen() -> None:
    """C3: a price list needs numbers and cost prices, all else may be absent."""
    assert [column.key for column in COLUMNS if column.required] == ["number", "cost"]
