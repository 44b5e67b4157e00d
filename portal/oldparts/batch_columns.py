"""The columns of a spreadsheet of registrations (O3), and how its headings are understood."""

from collections.abc import Iterable, Sequence

from portal.core.i18n import _l
from portal.sheets.columns import Column, Mapped, normalised

COLUMNS = (
    Column(
        "number",
        _l("No."),
        names=("Number", "#", "Row", "Registration row", "序号", "编号", "行号", "Lp.", "Nr"),
    ),
    Column(
        "part",
        _l("Part number"),
        required=True,
        names=(
            "Part No.", "Part", "Item number", "SKU", "Replaced part", "Old part", "旧件条码",
            "旧件编码", "旧件编号", "配件编号", "配件编码", "配件号", "零件号", "零部件编号",
            "物料编码", "Nr katalogowy i nazwa części", "Numer katalogowy", "Nr katalogowy",
            "Numer części", "Nr części", "Indeks", "Kod części",
        ),
    ),
    Column(
        "part_name",
        _l("Part name"),
        names=("旧件名称", "配件名称", "零件名称", "零部件名称", "Nazwa części"),
    ),
    Column(
        "quantity",
        _l("Quantity"),
        names=(
            "Qty", "Pieces", "Pcs", "数量", "登记数量", "件数", "Ilość: szt./ kpl.", "Ilość",
            "Ilość szt.", "Liczba sztuk",
        ),
    ),
    Column(
        "shipment",
        _l("Shipment"),
        names=(
            "Shipment number", "Delivery", "Delivery note", "发货单", "发货单号", "发货编号",
            "Przesyłka", "Numer przesyłki", "Nr przesyłki", "Wysyłka", "Numer wysyłki",
        ),
    ),
    Column(
        "application",
        _l("Application"),
        names=(
            "Application number", "Customer service order (CSO) number", "Work order",
            "Job number", "Your own number", "申请", "申请单", "申请单号", "工单编号", "工单号",
            "维修工单号", "Wniosek", "Numer wniosku", "Nr wniosku", "Zamówienie", "Numer zlecenia",
            "Nr zlecenia",
        ),
    ),
    Column(
        "old_serial",
        _l("Serial of the old part"),
        names=(
            "Old serial", "Old part serial", "Serial number of the old part", "旧配件序列号",
            "旧件序列号", "旧件的序列号", "Numer seryjny starej części",
            "Nr seryjny starej części", "Numer seryjny części",
        ),
    ),
    Column(
        "customer_name",
        _l("Customer's name"),
        names=(
            "Customer", "Customer name", "Client", "客户姓名", "用户姓名", "客户名称", "顾客姓名",
            "Imię i nazwisko lub nazwa klienta", "Nazwa klienta", "Klient",
            "Imię i nazwisko klienta", "Imię i nazwisko",
        ),
    ),
    Column(
        "customer_phone",
        _l("Customer's phone"),
        names=(
            "Phone", "Customer phone", "Telephone", "客户电话", "联系方式", "联系电话", "用户电话",
            "电话", "Telefon klienta", "Telefon kontaktowy", "Telefon",
        ),
    ),
    Column(
        "product_model",
        _l("Product model"),
        names=(
            "Model", "Product", "产品型号", "机型", "车型", "Model produktu",
            "Marka / Model / Rok produkcji", "Marka i model", "Produkt",
        ),
    ),
    Column(
        "product_serial",
        _l("Product serial"),
        names=(
            "Serial", "Serial number", "Serial No.", "S/N", "SN", "VIN",
            "Vehicle identification number (VIN)", "产品序列号", "序列号", "机身号", "出厂编号",
            "车架号", "Numer seryjny produktu", "Numer seryjny", "Nr seryjny",
            "Nr nadwozia/podwozia", "Nr fabryczny",
        ),
    ),
    Column(
        "purchase_date",
        _l("Purchase date"),
        names=(
            "Bought on", "Date of purchase", "Sold on", "购买日期", "购机日期", "销售日期",
            "Data zakupu", "Data sprzedaży",
        ),
    ),
    Column(
        "failed_on",
        _l("Failed on"),
        names=(
            "Failure date", "Date of failure", "故障日期", "报修日期", "Data awarii",
            "Data usterki", "Kiedy wykrył usterkę", "Uszkodzono",
        ),
    ),
    Column(
        "replaced_on",
        _l("Replaced on"),
        names=(
            "Replacement date", "Date of replacement", "Date of repair", "Repair date", "更换日期",
            "维修日期", "Data wymiany", "Data demontażu", "Data naprawy", "Wymieniono",
        ),
    ),
    Column(
        "complaint",
        _l("Complaint"),
        names=(
            "Customer complaint", "Description of the customer complaint", "Fault", "Defect",
            "客户反映", "客户报修", "客户投诉", "故障描述", "故障现象", "报修内容",
            "Zgłoszenie klienta", "Zgłoszenie", "Reklamacja", "Usterka", "Opis usterki",
            "Dokładny opis uszkodzenia / usterki produktu",
        ),
    ),
    Column(
        "cause",
        _l("Cause"),
        names=("Cause of the fault", "原因", "故障原因", "Przyczyna", "Rzeczywisty powód naprawy"),
    ),
    Column(
        "remedy",
        _l("Remedy"),
        names=(
            "What was done", "Repair", "处理", "处理方法", "处理措施", "维修措施", "Naprawa",
            "Sposób naprawy", "Rozwiązanie",
        ),
    ),
    Column(
        "fault_code",
        _l("Fault code"),
        names=(
            "Error code", "Diagnostic Trouble Codes (DTCs)", "故障代码", "故障码", "Kod usterki",
            "Kod błędu",
        ),
    ),
    Column(
        "photos",
        _l("Photos"),
        names=(
            "Photo", "File", "File name", "File names", "Pictures", "照片", "图片", "照片文件",
            "文件名", "Zdjęcia", "Zdjęcie", "Plik", "Pliki", "Nazwa pliku",
        ),
    ),
)  # fmt: skip
TEMPLATE = tuple(column for column in COLUMNS if column.key != "quantity")
"""The columns of the template: one row is one piece."""

ABOUT = "old parts"
"""What the headings that are remembered are about."""

_NAMES = {normalised(name) for column in COLUMNS for name in (column.key, *column.names)}
_ERROR = frozenset(map(normalised, ("Error", "错误", "Błąd")))
_ADDED = _ERROR | frozenset(map(normalised, ("No.", "序号", "Lp.")))


def merit(cells: Sequence[str]) -> int:
    """How many of the cells of a row are headings that are known."""
    return len({name for cell in cells if (name := normalised(cell)) in _NAMES})


def own(headings: Iterable[str]) -> list[str]:
    """A person's headings, without those that the portal adds when it hands rows back."""
    return [heading for heading in headings if normalised(heading) not in _ADDED]


def all_known(headings: Iterable[str], mapping: Mapped) -> bool:
    """Whether every column is understood, so that there is nothing to ask."""
    taken = set(mapping.values())
    return all(
        index in taken or not heading or normalised(heading) in _ERROR
        for index, heading in enumerate(headings)
    )
