"""What the events of the catalogue's documents, and the values that they keep, are called."""

from portal.catalogue import dealer_rows, fault_code_rows, fit_rows, successor_rows, unit_rows
from portal.catalogue.models import Part
from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import COUNTS as PRICE_COUNTS
from portal.catalogue.sheet_preview import COUNTS
from portal.core.i18n import _l
from portal.web.timeline import day, number_of, plain, span

_COLUMNS = {column.key: plain(column.label) for column in COLUMNS}
PART_WORDS = {"create": _l("added the part"), "edit": _l("changed the part")}
PART_VALUES = _COLUMNS | {
    "successor": number_of(_l("Replaced by"), Part.number),
    "picture": plain(_l("Picture")),
    "price_list": plain(_l("Price list")),
}
LIST_WORDS = {"create": _l("uploaded the price list"), "edit": _l("chose the columns")}
LIST_VALUES = (
    {"file": plain(_l("File"))}
    | _COLUMNS
    | {name: plain(label) for name, label in PRICE_COUNTS.items()}
)
MODEL_WORDS = {
    "create": _l("added the model"),
    "edit": _l("changed the model"),
    "policy": _l("set the warranty"),
    "fit": _l("added parts"),
    "unfit": _l("removed a part"),
}
MODEL_VALUES = {
    "number": plain(_l("Number")),
    "name": plain(_l("Name")),
    "name_zh": plain(_l("Name in Chinese")),
    "name_pl": plain(_l("Name in Polish")),
    "category": plain(_l("Category")),
    "months": span(_l("Warranty"), "month"),
    "effective_from": day(_l("Sold from")),
    "part": number_of(_l("Part"), Part.number),
    "parts": plain(_l("Parts")),
    "file": plain(_l("File")),
}
FAULT_CODE_WORDS = {
    "create": _l("added the fault code"),
    "edit": _l("changed the fault code"),
}
FAULT_CODE_VALUES = {
    "code": plain(_l("Fault code")),
    "name": plain(_l("Name")),
    "name_zh": plain(_l("Name in Chinese")),
    "name_pl": plain(_l("Name in Polish")),
    "file": plain(_l("File")),
}
IMPORT_WORDS = {"create": _l("uploaded the file"), "edit": _l("chose the columns")}
IMPORT_VALUES = (
    {"file": plain(_l("File"))}
    | {
        column.key: plain(column.label)
        for columns in (
            dealer_rows.COLUMNS,
            unit_rows.COLUMNS,
            fit_rows.COLUMNS,
            successor_rows.COLUMNS,
            fault_code_rows.COLUMNS,
        )
        for column in columns
    }
    | {name: plain(label) for name, label in COUNTS.items()}
    | {"corrected": plain(_l("Corrected"))}
)
