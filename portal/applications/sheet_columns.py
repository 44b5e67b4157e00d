"""The columns that a dealer's own form may have (A11), and how its headings are understood."""

from collections.abc import Mapping, Sequence

from portal.core.i18n import _l
from portal.sheets.columns import Column, Mapped, normalised, propose

COLUMNS = (
    Column(
        "part",
        _l("Part number"),
        required=True,
        names=(
            "Part No.", "Part", "Item number", "Article number", "SKU", "Material number",
            "Ordered part", "零件号", "配件编号", "配件编码", "配件号", "配件条码", "零件编号",
            "零部件编号", "物料编码", "物料号", "备件编码", "备件条码", "旧件条码", "旧件编码",
            "Nr katalogowy i nazwa części", "Numer katalogowy", "Nr katalogowy", "Numer części",
            "Nr części", "Indeks", "Symbol", "Kod części", "Część",
        ),
    ),
    Column(
        "part_name",
        _l("Part name"),
        names=(
            "Description", "Part description", "配件名称", "零件名称", "零部件名称", "备件名称",
            "旧件名称", "名称", "Nazwa części", "Nazwa", "Opis części",
        ),
    ),
    Column(
        "quantity",
        _l("Quantity"),
        names=(
            "Qty", "Pieces", "Pcs", "Amount", "数量", "申请数量", "需求数量", "登记数量",
            "入库数量", "订货数量", "件数", "Ilość: szt./ kpl.", "Ilość", "Ilość szt.", "Szt.",
            "Liczba sztuk", "Liczba",
        ),
    ),
    Column(
        "purpose",
        _l("Purpose"),
        names=("Warranty or stock", "用途", "申请类型", "保修类型", "Cel", "Przeznaczenie"),
    ),
    Column(
        "product_model",
        _l("Product model"),
        names=(
            "Model", "Product", "Vehicle model", "产品型号", "机型", "车型", "整机型号",
            "Model produktu", "Marka / Model / Rok produkcji", "Marka i model", "Produkt",
        ),
    ),
    Column(
        "serial",
        _l("Serial number"),
        names=(
            "Serial", "Serial No.", "S/N", "SN", "VIN", "Vehicle identification number (VIN)",
            "序列号", "机身号", "机号", "产品编号", "出厂编号", "车架号", "Numer seryjny",
            "Nr seryjny", "Nr nadwozia/podwozia", "Nr fabryczny",
        ),
    ),
    Column(
        "purchase_date",
        _l("Purchase date"),
        names=(
            "Bought on", "Date of purchase", "Sold on", "购买日期", "购机日期", "购车日期",
            "销售日期", "Data zakupu", "Data sprzedaży",
        ),
    ),
    Column(
        "fault",
        _l("Fault"),
        names=(
            "Defect", "Complaint", "Fault description", "Description of the fault",
            "Description of the customer complaint", "故障", "故障描述", "故障现象", "故障原因",
            "Usterka", "Opis usterki", "Opis uszkodzenia",
            "Dokładny opis uszkodzenia / usterki produktu",
        ),
    ),
    Column(
        "remark",
        _l("Remark"),
        names=("Remarks", "Note", "Notes", "Comment", "备注", "说明", "Uwagi", "Uwaga"),
    ),
    Column(
        "reference",
        _l("Your own number"),
        names=(
            "Your reference", "Reference", "Order number", "Job number", "Work order",
            "Customer service order (CSO) number", "您的编号", "工单编号", "工单号", "维修工单号",
            "自有编号", "您的自有编号", "Własny numer", "Numer zlecenia", "Nr zlecenia",
            "Numer zamówienia",
        ),
    ),
    Column(
        "contact",
        _l("Contact"),
        names=(
            "Contact person", "联系人", "收货人", "申请人", "Osoba do kontaktu (Imię/Nazwisko)",
            "Osoba do kontaktu", "Osoba kontaktowa", "Kontakt",
        ),
    ),
    Column(
        "phone",
        _l("Phone"),
        names=(
            "Telephone", "Contact phone", "电话", "联系电话", "收货电话", "Telefon kontaktowy",
            "Telefon", "Nr telefonu",
        ),
    ),
    Column(
        "delivery_address",
        _l("Delivery address"),
        names=(
            "Address", "Ship to", "Delivery", "收货地址", "送货地址", "发货地址", "地址",
            "Adres dostawy", "Adres wysyłki", "Adres",
        ),
    ),
)  # fmt: skip
HEAD = ("reference", "contact", "phone", "delivery_address")
"""Columns of what an application has only one of; a form often has them above its table."""

TEMPLATE = tuple(column for column in COLUMNS if column.key != "part_name")
"""The columns of the template that can be downloaded."""
EXAMPLE = "ABC-12345"
"""The part of the template's example; its row is no line."""

_COUNTS = frozenset(map(normalised, ("序号", "No.", "Nr", "Lp.", "Pos.", "Line", "#")))
_NAMES = {
    normalised(name): column.key for column in COLUMNS for name in (column.key, *column.names)
}


def proposed(headings: Sequence[str]) -> Mapped:
    """Which column is which, by their headings."""
    return propose(COLUMNS, headings)


def chosen(headings: Sequence[str], columns: Mapping[str, str]) -> Mapped:
    """The columns as a person chose them: by key the index of a heading, or "" for none.

    Invalid if it is no index of a heading.
    """
    return propose(COLUMNS, headings, {one.key: columns.get(one.key, "") for one in COLUMNS})


def is_template(headings: Sequence[str], mapping: Mapped) -> bool:
    """Whether a table has the very columns of the template: then there is nothing to ask."""
    found = {key for key, index in mapping.items() if index is not None}
    return found == {column.key for column in TEMPLATE} and len(headings) == len(TEMPLATE)


def merit(cells: Sequence[str]) -> int:
    """How many of the cells of a row are headings that are known."""
    return len({_NAMES[name] for cell in cells if (name := normalised(cell)) in _NAMES})


def counts_only(heading: str) -> bool:
    """Whether a column only counts the rows."""
    return normalised(heading) in _COUNTS or not heading


def head_key(label: str) -> str | None:
    """The key of ``HEAD`` that a label is known for."""
    key = _NAMES.get(normalised(label))
    return key if key in HEAD else None
