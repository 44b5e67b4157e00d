"""What the values that the events of bank files and lines keep are called."""

from portal.banking.columns import COLUMNS
from portal.banking.rows import COUNTS
from portal.core.i18n import _l
from portal.people.models import Dealer
from portal.web.timeline import day, money, number_of, plain

FILE_WORDS = {"create": _l("uploaded the file"), "edit": _l("chose the columns")}
FILE_VALUES = (
    {"file": plain(_l("File"))}
    | {column.key: plain(column.label) for column in COLUMNS}
    | {name: plain(label) for name, label in COUNTS.items()}
)
LINE_WORDS = {"create": _l("read it from the bank's file")}
LINE_VALUES = {
    "file": plain(_l("File")),
    "row": plain(_l("Row")),
    "amount": money(_l("Amount")),
    "day": day(_l("Booking date")),
    "dealer": number_of(_l("Dealer"), Dealer.code),
}
