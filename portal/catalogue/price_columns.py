"""The columns that a price list may have (C3)."""

from portal.core.i18n import _l
from portal.sheets.columns import Column, Mapped
from portal.sheets.table import Table

NUMBER, UNIT = 60, 20
"""The greatest length of a part's number and of a unit, in characters."""

COLUMNS = (
    Column(
        "number",
        _l("Part number"),
        required=True,
        names=(
            "PartNumber", "Part no", "ProductNumber", "Item number", "Article number", "SKU",
            "Number", "零件号", "零件编号", "配件编号", "配件编码", "零部件编号", "备件条码",
            "物料编码", "编号", "Numer części", "Nr części", "Numer katalogowy", "Indeks",
        ),
    ),
    Column(
        "name",
        _l("Name"),
        names=(
            "PartName", "Name in English", "English name", "Description", "Product name",
            "英文名称", "Nazwa angielska",
        ),
    ),
    Column(
        "name_zh",
        _l("Name in Chinese"),
        names=(
            "Chinese name", "中文名称", "配件名称", "零件名称", "零部件名称", "备件名称", "名称",
        ),
    ),
    Column("name_pl", _l("Name in Polish"), names=("Polish name", "Nazwa polska", "Nazwa", "Opis")),
    Column(
        "unit",
        _l("Unit"),
        names=("Unit of measure", "UoM", "单位", "计量单位", "Jednostka", "J.m."),
    ),
    Column(
        "category",
        _l("Category"),
        names=("Group", "类别", "分类", "适用品类", "Kategoria", "Grupa"),
    ),
    Column(
        "return_required",
        _l("Old part must be returned"),
        names=("Return required", "Core return", "返还旧件", "旧件返还", "Zwrot starej części"),
    ),
    Column(
        "cost",
        _l("Cost price"),
        required=True,
        names=(
            "Cost", "StandardCost", "Dealer price", "Net price", "Unit price", "Price", "成本价",
            "成本价格", "入库价格", "单价", "Cena zakupu", "Cena netto", "Cena",
        ),
    ),
    Column(
        "retail",
        _l("Out-of-warranty price"),
        names=(
            "Retail price", "ListPrice", "RRP", "Sales price", "保外价格", "保外价", "零售价格",
            "零售价", "Cena pogwarancyjna", "Cena detaliczna", "Cena katalogowa",
        ),
    ),
    Column("currency", _l("Currency"), names=("Currency code", "币种", "货币", "Waluta")),
    Column(
        "quantity",
        _l("From quantity"),
        names=("break_qty", "Quantity break", "Minimum quantity", "MOQ", "起订量", "Od ilości"),
    ),
)  # fmt: skip


def numbers_of(table: Table, mapping: Mapped) -> list[str]:
    """The part numbers of a table as they stand in it."""
    index = mapping["number"]
    return [] if index is None else [row.cells[index] for row in table.rows]
