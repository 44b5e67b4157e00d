"""What the events of parts and price lists, and the values that they keep, are called."""

from portal.catalogue.models import Part
from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import COUNTS
from portal.core.i18n import _l
from portal.web.timeline import number_of, plain

_COLUMNS = {column.key: plain(column.label) for column in COLUMNS}
PART_WORDS = {"create": _l("added the part"), "edit": _l("changed the part")}
PART_VALUES = _COLUMNS | {
    "successor": number_of(_l("Replaced by"), Part.number),
    "picture": plain(_l("Picture")),
    "price_list": plain(_l("Price list")),
}
LIST_WORDS = {"create": _l("uploaded the price list"), "edit": _l("chose the columns")}
LIST_VALUES = (
    {"file": plain(_l("File"))} | _COLUMNS | {name: plain(label) for name, label in COUNTS.items()}
)
