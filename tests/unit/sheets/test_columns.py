"""Columns: proposed from headings in three languages, decided by the person."""

import pytest

from portal.core.errors import Invalid
from portal.sheets.columns import Column, missing, normalised, propose

COLUMNS = (
    Column(
        "number",
        "Part number",
        required=True,
        names=("ProductNumber", "SKU", "零件号", "Nr części"),
    ),
    Column("cost", "Cost price", required=True, names=("StandardCost", "成本价", "Cena zakupu")),
    Column("price", "Out-of-warranty price", names=("ListPrice", "保外价格")),
)


@pytest.mark.parametrize(
    "heading",
    ["ProductNumber", "product number", "PRODUCT_NUMBER", "Product-Number *", "Ｐroduct　Ｎumber",
     "Part number"],
)  # fmt: skip
def test_column_is_found_when_its_heading_is_spelled_otherwise(heading: str) -> None:
    """C3: case, blanks, width and signs make no difference."""
    assert propose(COLUMNS, ["x", heading])["number"] == 1


def test_column_is_found_when_heading_has_accents_or_a_unit() -> None:
    """C3: nr czesci is nr części; a currency in brackets is left out."""
    assert propose(COLUMNS, ["NR CZESCI", "成本价（元）", "保外价格 *"]) == {
        "number": 0,
        "cost": 1,
        "price": 2,
    }
    assert normalised("Łożysko Nr.*") == "lozyskonr"


def test_best_name_wins_and_no_heading_is_proposed_twice() -> None:
    """C3: names are in the order of preference."""
    assert propose(COLUMNS, ["SKU", "ProductNumber", "cost"]) == {
        "number": 1,
        "cost": 2,
        "price": None,
    }
    twice = (Column("a", "A", names=("Price",)), Column("b", "B", names=("Price",)))
    assert propose(twice, ["Price"]) == {"a": 0, "b": None}


def test_choice_overrides_when_the_person_made_one() -> None:
    """C3: any heading can be any column, or none."""
    chosen = {"number": "2", "cost": ""}
    mapping = propose(COLUMNS, ["SKU", "cost", "other"], chosen)
    assert mapping == {"number": 2, "cost": None, "price": None}
    assert [column.key for column in missing(COLUMNS, mapping)] == ["cost"]


@pytest.mark.parametrize("choice", ["3", "-1", "x", "²", "9" * 50])
def test_choice_is_refused_when_there_is_no_such_heading(choice: str) -> None:
    """A forged or outdated form gets its sentence."""
    with pytest.raises(Invalid, match="no such column"):
        propose(COLUMNS, ["a", "b", "c"], {"number": choice})


def test_headings_cost_little_when_hostile() -> None:
    """A heading of brackets only must not take seconds."""
    assert propose(COLUMNS, ["(" * 32_000] * 200)["number"] is None
