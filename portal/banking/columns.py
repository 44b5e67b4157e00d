"""The columns of a bank's file, and the headings that banks give them (L7)."""

from collections.abc import Sequence

from portal.core.i18n import _l
from portal.sheets.columns import Column, normalised

COLUMNS = (
    Column(
        "day",
        _l("Booking date"),
        required=True,
        names=(
            "Date", "Transaction date", "Value date", "Posting date", "记账日期", "入账日期",
            "交易日期", "交易日", "交易时间", "日期", "记账日", "起息日期", "Data księgowania",
            "Data operacji", "Data transakcji", "Data waluty", "Data",
        ),
    ),
    Column(
        "amount",
        _l("Amount that came in"),
        required=True,
        names=(
            "Amount", "Credit amount", "Credit", "Paid in", "Money in", "Transaction amount",
            "贷方发生额", "贷方金额", "收入金额", "收入", "贷方", "转入金额", "交易金额", "发生额",
            "金额", "Kwota operacji", "Kwota transakcji", "Kwota w walucie rachunku", "Kwota",
            "Uznania", "Uznanie", "Wpływy", "Ma",
        ),
    ),
    Column(
        "debit",
        _l("Amount that went out"),
        names=(
            "Debit amount", "Debit", "Paid out", "Money out", "Withdrawals", "借方发生额",
            "借方金额", "支出金额", "支出", "借方", "转出金额", "Obciążenia", "Obciążenie",
            "Wydatki", "Wn",
        ),
    ),
    Column(
        "direction",
        _l("In or out"),
        names=(
            "Debit/Credit", "Dr/Cr", "D/C", "DC", "Direction", "借贷标志", "借贷标识", "借贷方向",
            "借贷", "借贷标记", "收支方向", "收支标志", "收支类型", "收/支", "收支", "收付标志",
            "收付标识", "收付方向", "收付", "发生方向", "交易方向", "资金流向", "Debit or credit",
            "Credit/Debit", "Cr/Dr", "C/D", "Strona", "Wn/Ma",
        ),
    ),
    Column(
        "reference",
        _l("Bank reference"),
        names=(
            "Reference", "Transaction ID", "Transaction number", "Reference number", "Entry number",
            "交易流水号", "流水号", "银行流水号", "凭证号", "凭证号码", "交易序号", "业务编号",
            "回单编号", "参考号", "Numer referencyjny", "Nr referencyjny", "Numer transakcji",
            "Nr transakcji", "Identyfikator transakcji", "Referencje", "ID operacji",
        ),
    ),
    Column(
        "remitter",
        _l("Remitter"),
        names=(
            "Payer", "Sender", "Counterparty", "Ordering party", "Name", "对方户名", "对方单位名称",
            "对方名称", "对方账户名称", "付款人名称", "付款人户名", "付款人", "汇款人", "对手户名",
            "Nadawca", "Zleceniodawca", "Kontrahent", "Nazwa kontrahenta", "Nazwa nadawcy",
            "Nadawca / Odbiorca", "Nadawca/Odbiorca", "Dane kontrahenta",
        ),
    ),
    Column(
        "purpose",
        _l("Payment purpose"),
        names=(
            "Purpose text", "Description", "Details", "Payment details", "Remittance information",
            "Narrative", "摘要", "用途", "附言", "备注", "交易摘要", "摘要说明", "交易附言",
            "Tytuł", "Tytuł operacji", "Tytułem", "Tytuł przelewu", "Opis operacji",
            "Opis transakcji", "Opis",
        ),
    ),
)  # fmt: skip

_NAMES = {normalised(name) for column in COLUMNS for name in (column.key, *column.names)}


def merit(cells: Sequence[str]) -> int:
    """How many of the cells of a row are headings that banks use."""
    return len({name for cell in cells if (name := normalised(cell)) in _NAMES})
