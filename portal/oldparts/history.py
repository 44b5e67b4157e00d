"""What the events of old parts, and the values that they keep, are called."""

from portal.applications.models import Shipment
from portal.catalogue.models import Part
from portal.core.i18n import _l
from portal.core.personal import ANONYMISE
from portal.oldparts.batch_columns import COLUMNS
from portal.oldparts.batch_rows import COUNTS
from portal.oldparts.inspection_models import PAYERS
from portal.oldparts.models import OldPart
from portal.web.timeline import choice, day, moment, money, number_of, of_a_customer, plain, span

WORDS = {"create": _l("registered the old part"), "attach": _l("added photos")}
VALUES = {
    "shipment": number_of(_l("Shipment"), Shipment.number),
    "piece": plain(_l("Piece")),
    "photos": plain(_l("Photos")),
    "part": number_of(_l("Part"), Part.number),
    "old_serial": plain(_l("Serial of the old part")),
    "customer_name": of_a_customer(plain(_l("Customer's name"))),
    "customer_phone": of_a_customer(plain(_l("Customer's phone"))),
    "product_model": plain(_l("Product model")),
    "product_serial": plain(_l("Product serial")),
    "purchase_date": day(_l("Purchase date")),
    "failed_on": day(_l("Failed on")),
    "replaced_on": day(_l("Replaced on")),
    "fault_code": plain(_l("Fault code")),
    "complaint": plain(_l("Complaint")),
    "cause": plain(_l("Cause")),
    "remedy": plain(_l("Remedy")),
    "pays": choice(_l("Who pays"), PAYERS),
    "object_days": span(_l("To be objected to within"), "day"),
    "keep_years": span(_l("Kept for"), "year"),
}
CHARGE_WORDS = {"create": _l("made out the charge")}
CHARGE_ALONE = {"create": _l("found old parts that were not registered in time")}
CHARGE_VALUES = {
    "shipment": VALUES["shipment"],
    "old_part": number_of(_l("Old part"), OldPart.number),
    "part": VALUES["part"],
    "pieces": plain(_l("Pieces")),
    "register_by": moment(_l("To be registered by")),
    "register_days": span(_l("To be registered within"), "day"),
    "retail": money(_l("Out-of-warranty price")),
    "priced_from": day(_l("Price list from")),
    "cost": money(_l("Deducted for each")),
    "charge_in_full": plain(_l("Charged in full")),
    "amount": money(_l("Amount")),
    "dispute_days": span(_l("To be disputed within"), "day"),
    "photos": VALUES["photos"],
}

BATCH_WORDS = {
    "create": _l("uploaded the file"),
    "edit": _l("chose the columns"),
    ANONYMISE: _l("deleted the file, which names customers"),
}
BATCH_VALUES = (
    {"file": plain(_l("File"))}
    | {column.key: plain(column.label) for column in COLUMNS}
    | {name: plain(label) for name, label in COUNTS.items()}
)
